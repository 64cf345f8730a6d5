"""The table of scans whose personal parts were erased. See `service.store.tables` for how values are kept."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from service.store.tables import metadata, scans

minimised = Table(
    "minimised",
    metadata,
    Column("scan_id", Text, ForeignKey(scans.c.id), primary_key=True),
    Column("utc_ms", BigInteger, nullable=False),
)
