"""Scans are found by class, recommendation and lane."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FOUND_BY = ("vehicle_class", "recommendation")
INDEXED = ("lane_id", *FOUND_BY)
_CHUNK = 500


def upgrade() -> None:
    """Add the columns, fill them from what was told, and index them."""
    for name in FOUND_BY:
        op.add_column("scans", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    c, last = op.get_bind(), ""
    while found := c.execute(_SOME, {"last": last, "most": _CHUNK}).mappings().all():
        last = found[-1]["id"]
        for row in found:
            c.execute(
                _FILL,
                {
                    "id": row["id"],
                    "vehicle_class": _word(row["declaration"], "vehicle_class"),
                    "recommendation": _word(row["assessment"], "recommendation"),
                },
            )
    for name in INDEXED:
        op.create_index(f"ix_scans_{name}_opened_utc_ms_id", "scans", [name, "opened_utc_ms", "id"])


def downgrade() -> None:
    """Take them away."""
    for name in INDEXED:
        op.drop_index(f"ix_scans_{name}_opened_utc_ms_id", "scans")
    for name in FOUND_BY:
        op.drop_column("scans", name)


_SOME = sa.text("SELECT id, declaration, assessment FROM scans WHERE id > :last ORDER BY id LIMIT :most")
_FILL = sa.text(
    "UPDATE scans SET vehicle_class = :vehicle_class, recommendation = :recommendation WHERE id = :id"
)


def _word(told: str | None, name: str) -> str:
    whole: dict[str, Any] = json.loads(told) if told else {}
    return str(whole.get(name, ""))
