"""The audit log: who did what and when. Entries are only ever added."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import Connection, insert, select

from service.resources import AuditEntry
from service.store import tables

SERVICE = "(service)"
"""Who, where the service itself did it (a command grew too old); no account can have this name."""

NOBODY = "(nobody)"
"""Who, where nobody was logged in."""


def lane_who(lane_id: str) -> str:
    """Return how a lane is named among those who do things.

    Examples
    --------
    >>> lane_who("north-quay-2")
    'lane:north-quay-2'
    """
    return f"lane:{lane_id}"


def append(
    c: Connection, who: str, action: str, subject: str, detail: Mapping[str, object], now_ms: int
) -> None:
    """Add an entry."""
    words = json.dumps(detail, ensure_ascii=False, allow_nan=False)
    row = {"utc_ms": now_ms, "who": who, "action": action, "subject": subject, "detail": words}
    c.execute(insert(tables.audit).values(row))


def after(c: Connection, sequence: int, limit: int) -> list[AuditEntry]:
    """Return the entries that follow ``sequence``, oldest first."""
    a = tables.audit.c
    query = select(tables.audit).where(a.sequence > sequence).order_by(a.sequence).limit(limit)
    return [
        AuditEntry(
            sequence=row.sequence,
            utc_ms=row.utc_ms,
            who=row.who,
            action=row.action,
            subject=row.subject,
            detail=json.loads(row.detail),
        )
        for row in c.execute(query)
    ]
