"""The check of the whole audit log: entries, their tree, checkpoints, and the rows it vouches for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.audit import merkle
from service.audit.leaf import commitment, leaf, row_commitment
from service.audit.note import Checkpoint, PublicKey, origin_of
from service.store.audit import COLUMNS, ERASED, ROWS

Entry = Mapping[str, Any]
"""A row of the table ``audit``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: in words, and which entry or row it is about."""

    text: str
    sequence: int | None = None
    table: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, and how much there was to check."""

    findings: list[Finding]
    size: int
    checkpoints: int


@dataclass(frozen=True, slots=True)
class Witness:
    """What the newest entry about a row says; ``sha256`` is None where it says that the row is gone."""

    sequence: int
    salt: bytes
    sha256: str | None
    columns: Sequence[str] | None


@dataclass
class LogCheck:
    """Takes the entries in order, then says what is wrong with them.

    Parameters
    ----------
    nodes : gives the stored hash of a node of the tree, None where it is missing; None: none are stored.
    """

    nodes: Callable[[int, int], str | None] | None = None
    findings: list[Finding] = field(default_factory=list)
    witnesses: dict[tuple[str, str], Witness] = field(default_factory=dict)
    size: int = 0
    roots: dict[int, bytes] = field(default_factory=dict)
    wanted: frozenset[int] = frozenset()
    first_leaf: bytes | None = None
    _edge: dict[tuple[int, int], bytes] = field(default_factory=dict)
    _agreed: set[int] = field(default_factory=set)
    _without_personal: set[int] = field(default_factory=set)
    _said_erased: set[int] = field(default_factory=set)
    _columns: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """Take the next entry."""
        sequence = entry["sequence"]
        if sequence != self.size + 1:
            missing = (
                f"entry {self.size + 1} is"
                if sequence == self.size + 2
                else (f"entries {self.size + 1} to {sequence - 1} are")
            )
            self._find(f"{missing} missing from the log", self.size + 1)
            self._fill(sequence - 1)
        self.take_personal(entry)
        digest = merkle.leaf_hash(leaf(sequence, entry["utc_ms"], entry["action"], entry["personal_sha256"]))
        if self.nodes is not None:
            stored = self.nodes(0, sequence - 1)
            if stored is not None and stored != digest.hex():
                self._find(
                    f"entry {sequence} ({entry['action']}): its time, action or commitment was changed "
                    "after it was written",
                    sequence,
                )
                digest = _bytes(stored)
            elif stored is None:
                self._find(f"entry {sequence} ({entry['action']}) was not added by the service", sequence)
        self._grow(digest)

    def end(self, stored_leaves: int | None = None) -> None:
        """Say what only the whole tells; ``stored_leaves`` is how many leaves the tree has."""
        if stored_leaves is not None and stored_leaves > self.size:
            self._find(
                f"entries {self.size + 1} to {stored_leaves} are missing from the end of the log",
                self.size + 1,
            )
        for sequence in sorted(self._without_personal - self._said_erased):
            self._find(
                f"entry {sequence}: who, subject and detail are gone, and no entry says that they were "
                "erased",
                sequence,
            )

    def root(self) -> bytes:
        """Return the root of the entries taken so far."""
        return merkle.root(self.size, lambda *at: self._edge[at])

    def check_checkpoint(self, name: str, checkpoint: Checkpoint, keys: Sequence[PublicKey]) -> None:
        """Compare with a checkpoint; its size must have been among ``wanted``."""
        if keys and not any(checkpoint.signed_by(key) for key in keys):
            self._find(f"checkpoint {name}: it is not signed with the key")
            return
        if self.first_leaf is None or checkpoint.origin != origin_of(self.first_leaf):
            self._find(f"checkpoint {name}: it is one of another log, or entry 1 was changed", 1)
        elif checkpoint.size > self.size:
            self._find(
                f"checkpoint {name}: it speaks of {checkpoint.size} entries, the log has {self.size}: "
                "its end was cut off",
                self.size + 1,
            )
        elif self.roots.get(checkpoint.size) != checkpoint.root:
            good = max((size for size in self._agreed if size < checkpoint.size), default=0)
            self._find(
                f"checkpoint {name}: entries were changed after it was written: one or more of "
                f"{good + 1} to {checkpoint.size}",
                good + 1,
            )
        else:
            self._agreed.add(checkpoint.size)

    def _grow(self, digest: bytes) -> None:
        level, position = 0, self.size
        self._edge[level, position] = digest
        while position % 2:
            digest = merkle.node_hash(self._edge[level, position - 1], digest)
            level, position = level + 1, position // 2
            stored = self.nodes(level, position) if self.nodes is not None else digest.hex()
            if stored != digest.hex():
                first, last = (position << level) + 1, (position + 1) << level
                self._find(
                    f"entries {first} to {last}: the tree's node over them (level {level}) was changed", first
                )
                digest = _bytes(stored)  # what is above it is right if it fits with this one
            self._edge[level, position] = digest
        if not self.size:
            self.first_leaf = digest
        self.size += 1
        kept = set(merkle.right_edge(self.size))
        self._edge = {at: node for at, node in self._edge.items() if at in kept}
        if self.size in self.wanted:
            self.roots[self.size] = self.root()

    def _fill(self, until: int) -> None:
        """Go on past missing entries with the leaves that the tree has of them."""
        while self.size < until:
            stored = self.nodes(0, self.size) if self.nodes is not None else None
            self._grow(_bytes(stored))

    def take_personal(self, entry: Entry) -> None:
        """Check an entry's personal part, and take what it says of rows."""
        sequence, action = entry["sequence"], entry["action"]
        if entry["salt"] is None:
            self._without_personal.add(sequence)
            return
        salt = _bytes(entry["salt"])
        if commitment(salt, entry["who"], entry["subject"], entry["detail"]) != entry["personal_sha256"]:
            self._find(
                f"entry {sequence} ({action}): who, subject or detail was changed after it was written",
                sequence,
            )
            return
        detail = json.loads(entry["detail"])
        if action == COLUMNS:
            self._columns = detail["tables"]
        elif action == ERASED:
            self._said_erased.update(detail["sequences"])
        elif action == ROWS:
            for table, hashes in detail.items():
                said = self._columns.get(table)
                for key, sha256 in hashes.items():
                    self.witnesses[table, key] = Witness(sequence, salt, sha256, said)

    def _find(self, text: str, sequence: int | None = None) -> None:
        self.findings.append(Finding(text, sequence))


def check_rows(
    witnesses: Mapping[tuple[str, str], Witness],
    table: str,
    rows: Iterable[tuple[str, Mapping[str, Any]]],
) -> Iterator[Finding]:
    """Compare a table's rows, by key, with what the log says of them."""
    there = set()
    for key, row in rows:
        there.add(key)
        said = witnesses.get((table, key))
        if said is None:
            yield Finding(
                f"{table} {key}: no entry speaks of it: it was added past the service", None, table, key
            )
        elif said.sha256 is None:
            yield Finding(
                f"{table} {key}: entry {said.sequence} says that it was removed: it was put back past "
                "the service",
                said.sequence,
                table,
                key,
            )
        else:
            names = row if said.columns is None else said.columns
            vouched = {name: row.get(name) for name in names}
            if row_commitment(said.salt, table, vouched) != said.sha256:
                yield Finding(
                    f"{table} {key}: its contents are not what entry {said.sequence} says",
                    said.sequence,
                    table,
                    key,
                )
    for (of, key), said in witnesses.items():
        if of == table and said.sha256 is not None and key not in there:
            yield Finding(
                f"{table} {key}: it is gone; entry {said.sequence} says what it was",
                said.sequence,
                table,
                key,
            )


def _bytes(text: str | None) -> bytes:
    """Return the bytes of hex that somebody may have changed."""
    try:
        return bytes.fromhex(text or "")
    except ValueError:
        return b""
