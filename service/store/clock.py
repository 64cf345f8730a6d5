"""The clock that all copies of the service share: timers that one sets, another may find run out."""

from __future__ import annotations

import time

from sqlalchemy import Connection, text

_SERVER = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)")


def store_now_ms(c: Connection) -> int:
    """Return UTC, ms since 1970: by PostgreSQL's clock, or on SQLite by this machine's."""
    if c.dialect.name == "postgresql":
        return int(c.execute(_SERVER).scalar_one())
    return time.time_ns() // 1_000_000
