"""Keys that clients give their requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "request_keys",
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("claimed_utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("who", "key", name=op.f("pk_request_keys")),
    )
    op.create_index(op.f("ix_request_keys_claimed_utc_ms"), "request_keys", ["claimed_utc_ms"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("request_keys")
