"""Tables beside the alerts: every alarm raised, and hand-overs. Times are ms since 1970 (UTC)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from service.store.tables import SEQUENCE, alerts, lanes, metadata

# only ever added to: an alert is one a scan, and may alarm several times
alarms = Table(
    "alarms",
    metadata,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
    Column("alert_id", Text, ForeignKey(alerts.c.id), nullable=False),
    Column("lane_id", Text, ForeignKey(lanes.c.id), nullable=False),
    Column("level", Text, nullable=False),
    Column("utc_ms", BigInteger, nullable=False, index=True),
    sqlite_autoincrement=True,
)

handovers = Table(
    "handovers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("outgoing", Text, nullable=False),
    Column("opened_utc_ms", BigInteger, nullable=False, index=True),
    Column("note", Text, nullable=False),
    Column("begun_items", Text, nullable=False),  # JSON, as the outgoing officer signed
    Column("incoming", Text, nullable=False),
    Column("signed_utc_ms", BigInteger),
    Column("signed_items", Text),  # JSON, as the incoming officer signed
    Column("signed_digest", Text, nullable=False),
)
