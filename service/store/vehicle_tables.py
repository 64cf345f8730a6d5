"""The table of vehicles that a gate announced. See `service.store.tables` for how values are kept."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from service.store.tables import lanes, metadata, scans

vehicles = Table(
    "vehicles",
    metadata,
    Column("id", Text, primary_key=True),
    Column("gate", Text, nullable=False),
    Column("told", Text, nullable=False),  # what the gate told, as JSON
    Column("plate_key", Text, nullable=False),
    Column("lane_id", Text, ForeignKey(lanes.c.id)),
    Column("expected_utc_ms", BigInteger, nullable=False),  # as told, else when it was told
    Column("told_utc_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("scan_id", Text, ForeignKey(scans.c.id), index=True),
    Column("version", Integer, nullable=False),
    Index(None, "state", "expected_utc_ms", "id"),
    Index(None, "state", "plate_key"),
)
