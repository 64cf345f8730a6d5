"""Hand-overs between shifts, signed by both."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "handovers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outgoing", sa.Text(), nullable=False),
        sa.Column("opened_utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("begun_items", sa.Text(), nullable=False),
        sa.Column("incoming", sa.Text(), nullable=False),
        sa.Column("signed_utc_ms", sa.BigInteger(), nullable=True),
        sa.Column("signed_items", sa.Text(), nullable=True),
        sa.Column("signed_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
    )
    op.create_index("ix_handovers_opened_utc_ms", "handovers", ["opened_utc_ms"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("handovers")
