"""Which scans have no personal parts any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "minimised",
        sa.Column("scan_id", sa.Text(), nullable=False),
        sa.Column("utc_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name="fk_minimised_scan_id_scans"),
        sa.PrimaryKeyConstraint("scan_id", name="pk_minimised"),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("minimised")
