"""Alerts with an owner, an assigned search, due times and a shelf; every alarm on record."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0007"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns; open alerts belong to whoever acknowledged them, the timers begin anew."""
    for column in _alert_columns():
        op.add_column("alerts", column)
    for column in _outcome_columns():
        op.add_column("outcomes", column)
    op.execute("UPDATE alerts SET owner = acknowledged_by")
    op.create_table(
        "alarms",
        sa.Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("utc_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_alarms_alert_id_alerts"),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="fk_alarms_lane_id_lanes"),
        sa.PrimaryKeyConstraint("sequence", name="pk_alarms"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alarms_utc_ms", "alarms", ["utc_ms"])


def downgrade() -> None:
    """Take them away; an assigned alert is an acknowledged one again."""
    op.drop_table("alarms")
    op.execute("UPDATE alerts SET state = 'acknowledged' WHERE state = 'assigned'")
    for column in _outcome_columns():
        op.drop_column("outcomes", column.name)
    for column in _alert_columns():
        op.drop_column("alerts", column.name)


def _words(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def _no(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=True)


def _alert_columns() -> list[sa.Column[Any]]:
    return [
        _words("owner"),
        _words("assigned_to"),
        _no("assigned_is_account"),
        _words("assigned_by"),
        _time("assigned_utc_ms"),
        _time("due_utc_ms"),
        sa.Column("escalation", sa.Integer(), nullable=False, server_default=sa.text("0")),
        _time("shelved_utc_ms"),
        _time("shelved_until_utc_ms"),
        _words("shelved_by"),
        _words("shelved_reason"),
    ]


def _outcome_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("conditions", sa.Text(), nullable=True),
        _no("safeguarding_referral"),
        _words("safeguarding_reference"),
    ]
