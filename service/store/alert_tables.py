"""Tables beside the alerts: every alarm that was raised. Times are ms since 1970 (UTC)."""

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
