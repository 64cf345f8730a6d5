"""The newest of each lane where copies of the service share a store: views and pictures, never the truth.

An unlogged table on PostgreSQL: empty after a crash of the server, and full again within a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from service.store.postgres_database import LIVE_CHANNEL

SHOWED, SPOKE = "showed", "spoke"

_PUT = text(
    "INSERT INTO latest (lane_id, part, number, data) VALUES (:lane_id, :part, :number, :data) "
    "ON CONFLICT (lane_id, part) DO UPDATE SET number = excluded.number, data = excluded.data"
)
_GET = text("SELECT part, number, data FROM latest WHERE lane_id = :lane_id AND part IN :parts").bindparams(
    bindparam("parts", expanding=True)
)
_NOTE = text("SELECT pg_notify(:channel, :note)")


@dataclass(frozen=True, slots=True)
class Value:
    """One newest value; ``number`` rises with each, within one process of the lane."""

    number: int
    data: bytes


def put(c: Connection, run: str, values: Mapping[tuple[str, str], Value | None]) -> None:
    """Keep values by lane and part, and have all copies hear which lanes spoke; None: it only spoke.

    ``run`` is the copy that tells: it need not read what it wrote.
    """
    rows = [
        {"lane_id": lane_id, "part": part, "number": value.number, "data": value.data}
        for (lane_id, part), value in sorted(values.items(), key=lambda item: item[0])
        if value is not None
    ]
    if rows:
        c.execute(_PUT, rows)
    showed = {row["lane_id"] for row in rows}
    for lane_id in sorted({lane_id for lane_id, _ in values}):
        note = f"{run} {SHOWED if lane_id in showed else SPOKE} {lane_id}"
        c.execute(_NOTE, {"channel": LIVE_CHANNEL, "note": note})


def get(c: Connection, lane_id: str, parts: Iterable[str]) -> dict[str, Value]:
    """Return what is there of some parts of a lane."""
    found = c.execute(_GET, {"lane_id": lane_id, "parts": list(parts)})
    return {row.part: Value(row.number, bytes(row.data)) for row in found}
