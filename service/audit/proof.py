"""The proof that one entry is in the log: it stands by itself, and is checked without the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from service.audit import checkpoints, merkle, note
from service.audit.leaf import commitment, leaf
from service.audit.note import Checkpoint, PublicKey
from service.store import audit, tables
from service.store.errors import NotFound


def proved(c: Connection, sequence: int, size: int) -> dict[str, Any]:
    """Return an entry as stored, with its proof for the first ``size`` entries.

    Raises
    ------
    NotFound : there is no such entry among them.
    """
    row = c.execute(select(tables.audit).where(tables.audit.c.sequence == sequence)).mappings().first()
    if row is None or not 1 <= sequence <= size:
        raise NotFound(f"there is no entry {sequence} among the first {size}: check the numbers")
    path = merkle.inclusion(sequence - 1, size, audit.node_of(c))
    return {"entry": dict(row), "size": size, "path": [each.hex() for each in path]}


def proof(c: Connection, sequences: Sequence[int], private: Ed25519PrivateKey) -> dict[str, Any]:
    """Return entries with their proofs, and the checkpoint that they lead to.

    Raises
    ------
    NotFound : there is no such entry.
    """
    size, checkpoint = checkpoints.newest(c, private)
    return {"checkpoint": checkpoint, "entries": [proved(c, sequence, size) for sequence in sequences]}


def findings(given: Mapping[str, Any], keys: Sequence[PublicKey]) -> list[str]:
    """Return what is wrong with what `proof` gave.

    Raises
    ------
    NoteDamaged : its checkpoint is none.
    """
    checkpoint = note.parse(given["checkpoint"])
    found = []
    if keys and not any(checkpoint.signed_by(key) for key in keys):
        found.append("the checkpoint is not signed with the key")
    for each in given["entries"]:
        found += _wrong(each, checkpoint)
    return found


def _wrong(each: Mapping[str, Any], checkpoint: Checkpoint) -> list[str]:
    entry = each["entry"]
    sequence = entry["sequence"]
    if entry["salt"] is not None:
        salt = bytes.fromhex(entry["salt"])
        if commitment(salt, entry["who"], entry["subject"], entry["detail"]) != entry["personal_sha256"]:
            return [f"entry {sequence}: who, subject or detail is not what was written"]
    elif entry["who"] or entry["subject"] or entry["detail"] != "{}":
        return [f"entry {sequence}: who, subject and detail were erased, and are not what was written"]
    digest = merkle.leaf_hash(leaf(sequence, entry["utc_ms"], entry["action"], entry["personal_sha256"]))
    path = [bytes.fromhex(node) for node in each["path"]]
    if each["size"] != checkpoint.size or not merkle.included(
        sequence - 1, checkpoint.size, digest, path, checkpoint.root
    ):
        return [f"entry {sequence}: its proof does not lead to the checkpoint"]
    return []
