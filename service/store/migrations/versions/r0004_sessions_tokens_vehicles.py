"""Sessions that lock, PINs, tokens with scopes, and vehicles that gates announce."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; everybody logs in anew, lanes keep their tokens."""
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("opened_utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("acted_utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("fresh_utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("wrong_secrets", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["users.name"], name="fk_sessions_name_users"),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_sessions"),
    )
    op.create_index("ix_sessions_name", "sessions", ["name"])
    op.create_table(
        "pins",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("set_utc_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["users.name"], name="fk_pins_name_users"),
        sa.PrimaryKeyConstraint("name", name="pk_pins"),
    )
    op.create_table(
        "tokens",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_utc_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_tokens"),
    )
    op.create_index("ix_tokens_owner", "tokens", ["owner"])
    op.execute(
        "INSERT INTO tokens (token_sha256, kind, owner, scopes, created_utc_ms) "
        "SELECT token_sha256, 'lane', id, 'messages live commands', created_utc_ms FROM lanes "
        "WHERE token_sha256 IS NOT NULL"
    )
    op.create_table(
        "token_uses",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("used_utc_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_sha256"], ["tokens.token_sha256"], name="fk_token_uses_token_sha256_tokens"
        ),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_token_uses"),
    )
    op.create_table(
        "vehicles",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("plate_key", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.Text(), nullable=True),
        sa.Column("expected_utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("told_utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("scan_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="fk_vehicles_lane_id_lanes"),
        sa.ForeignKeyConstraint(["scan_id"], ["scans.id"], name="fk_vehicles_scan_id_scans"),
        sa.PrimaryKeyConstraint("id", name="pk_vehicles"),
    )
    op.create_index("ix_vehicles_scan_id", "vehicles", ["scan_id"])
    op.create_index("ix_vehicles_state_expected_utc_ms_id", "vehicles", ["state", "expected_utc_ms", "id"])
    op.create_index("ix_vehicles_state_plate_key", "vehicles", ["state", "plate_key"])


def downgrade() -> None:
    """Drop them; sessions are as they were before, and empty."""
    op.drop_table("vehicles")
    op.drop_table("token_uses")
    op.drop_table("tokens")
    op.drop_table("pins")
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("opened_utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_utc_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["users.name"], name="fk_sessions_name_users"),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_sessions"),
    )
    op.create_index("ix_sessions_name", "sessions", ["name"])
