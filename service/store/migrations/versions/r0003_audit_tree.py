"""The audit log becomes a Merkle tree: entries get a salt, a commitment and their nodes."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa
from alembic import op

from service.audit import merkle
from service.audit.leaf import commitment, leaf, new_salt

revision = "0003"
down_revision = "0005"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CHUNK = 1000


def upgrade() -> None:
    """Make the tree of the entries there are; their sequences become whole numbers without gaps."""
    nodes = op.create_table(
        "audit_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name="pk_audit_nodes"),
    )
    c = op.get_bind()
    _set_aside()
    audit = _make(
        sa.Column("salt", sa.Text(), nullable=True),
        sa.Column("personal_sha256", sa.Text(), nullable=False),
    )
    known: dict[tuple[int, int], bytes] = {}
    last, sequence = 0, 0
    while found := c.execute(_BEFORE, {"last": last, "most": _CHUNK}).mappings().all():
        rows, grown = [], []
        for row in found:
            salt, last = new_salt(), row["sequence"]
            sequence += 1
            committed = commitment(salt, row["who"], row["subject"], row["detail"])
            rows.append({**row, "sequence": sequence, "salt": salt.hex(), "personal_sha256": committed})
            digest = merkle.leaf_hash(leaf(sequence, row["utc_ms"], row["action"], committed))
            for level, position, node in merkle.grown(sequence - 1, digest, partial(_known, known)):
                known[level, position] = node
                grown.append({"level": level, "position": position, "sha256": node.hex()})
        c.execute(sa.insert(audit), rows)
        c.execute(sa.insert(nodes), grown)
        known = {at: known[at] for at in merkle.right_edge(sequence)}
    op.drop_table("audit_before")


def downgrade() -> None:
    """Go back to plain entries."""
    _set_aside()
    _make()
    c = op.get_bind()
    c.execute(sa.text("INSERT INTO audit SELECT * FROM audit_before ORDER BY sequence"))
    op.drop_table("audit_before")
    op.drop_table("audit_nodes")


_BEFORE = sa.text("SELECT * FROM audit_before WHERE sequence > :last ORDER BY sequence LIMIT :most")


def _known(known: dict[tuple[int, int], bytes], level: int, position: int) -> bytes:
    return known[level, position]


def _set_aside() -> None:
    plain = "sequence, utc_ms, who, action, subject, detail"
    op.get_bind().execute(sa.text(f"CREATE TABLE audit_before AS SELECT {plain} FROM audit"))
    op.drop_table("audit")


def _make(*more: sa.Column[str | None]) -> sa.Table:
    return op.create_table(
        "audit",
        sa.Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("utc_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        *more,
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
        sqlite_autoincrement=True,
    )
