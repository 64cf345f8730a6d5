"""The newest of each lane, for copies of the service that share a store; on PostgreSQL alone."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; it is not in the code's tables: nothing that must be kept is in it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE UNLOGGED TABLE latest (lane_id TEXT NOT NULL, part TEXT NOT NULL, "
            "number BIGINT NOT NULL, data BYTEA NOT NULL, PRIMARY KEY (lane_id, part))"
        )


def downgrade() -> None:
    """Take it away."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TABLE latest")
