"""Tables of the audit log's Merkle tree. Times are ms since 1970 (UTC), hashes are hex."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from service.store.tables import metadata

# complete subtrees, see service.audit.merkle: only ever added to
audit_nodes = Table(
    "audit_nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("sha256", Text, nullable=False),
)
