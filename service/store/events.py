"""The event table: what the booths' stream sends, and resumes from.

Each event is a whole resource as it became. The truth is in the other tables and in ``audit``, so
only the newest events are kept: a page further behind asks for the state again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, delete, func, insert, select

from service.store import tables

KEPT = 20_000
NEWEST_ADDED = "lorryscan.newest_event"  # where a writing connection notes what it added
_EVERY = 500

_E = tables.events.c


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event; ``data`` is its resource as JSON text."""

    sequence: int
    kind: str
    utc_ms: int
    data: str


def append(c: Connection, kind: str, subject: str, body: BaseModel | Mapping[str, Any], now_ms: int) -> int:
    """Add an event and return its sequence; listeners hear of it after the commit."""
    data = body.model_dump_json() if isinstance(body, BaseModel) else json.dumps(body, ensure_ascii=False)
    row = {"kind": kind, "subject": subject, "utc_ms": now_ms, "data": data}
    sequence: int = c.execute(insert(tables.events).values(row).returning(_E.sequence)).scalar_one()
    if sequence % _EVERY == 0:
        c.execute(delete(tables.events).where(_E.sequence <= sequence - KEPT))
    c.info[NEWEST_ADDED] = sequence
    return sequence


def after(c: Connection, sequence: int, limit: int) -> list[StoredEvent]:
    """Return the events that follow ``sequence``, oldest first."""
    query = select(_E.sequence, _E.kind, _E.utc_ms, _E.data).where(_E.sequence > sequence)
    return [StoredEvent(*row) for row in c.execute(query.order_by(_E.sequence).limit(limit))]


def newest(c: Connection) -> int:
    """Return the newest event's sequence, 0 when there is none."""
    return int(c.execute(select(func.coalesce(func.max(_E.sequence), 0))).scalar_one())
