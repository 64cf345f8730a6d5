"""The audit log: who did what and when. Entries are only ever added, as leaves of a Merkle tree.

What a transaction appends is written once, before it commits: the entries get the sequences that
follow, so that sequence ``n`` is leaf ``n - 1``. See docs/decisions/0019-audit-is-a-merkle-log.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from service.audit import merkle
from service.audit.leaf import commitment, leaf, new_salt
from service.resources import AuditEntry
from service.store import tables
from service.store.audit_tables import audit_nodes

SERVICE = "(service)"
"""Who, where the service itself did it (a command grew too old); no account can have this name."""

NOBODY = "(nobody)"
"""Who, where nobody was logged in."""

ROWS = "rows"
"""The action of entries that vouch for rows; see `service.store.witness`."""

COLUMNS = "columns"
"""The action of entries that say which columns the following entries vouch for."""

ERASED = "entries_erased"
"""The action of entries that say whose personal parts were erased."""

LOOKED = ("accessed", "disclosed")
"""The actions of entries that say who was shown what."""

PENDING = "lorryscan.pending_entries"  # where a writing connection keeps what it will append

_A, _N = tables.audit.c, audit_nodes.c


def lane_who(lane_id: str) -> str:
    """Return how a lane is named among those who do things.

    Examples
    --------
    >>> lane_who("north-quay-2")
    'lane:north-quay-2'
    """
    return f"lane:{lane_id}"


def append(
    c: Connection,
    who: str,
    action: str,
    subject: str,
    detail: Mapping[str, object],
    now_ms: int,
    salt: bytes | None = None,
) -> None:
    """Add an entry; it is written at the latest before the transaction commits.

    Parameters
    ----------
    salt : 32 random bytes; None: new ones.
    """
    salt = salt or new_salt()
    words = json.dumps(detail, ensure_ascii=False, allow_nan=False)
    row = {"utc_ms": now_ms, "who": who, "action": action, "subject": subject, "detail": words}
    committed = commitment(salt, who, subject, words)
    c.info.setdefault(PENDING, []).append({**row, "salt": salt.hex(), "personal_sha256": committed})


def newest_pending_ms(c: Connection) -> int | None:
    """Return the latest time among the entries that are not written yet."""
    return max((row["utc_ms"] for row in c.info.get(PENDING, ())), default=None)


def write_pending(c: Connection) -> None:
    """Write what this transaction has appended so far."""
    pending: list[dict[str, Any]] = c.info.pop(PENDING, [])
    if not pending:
        return
    before = size(c)
    known = _nodes(c, merkle.right_edge(before))
    made: list[dict[str, Any]] = []
    for sequence, row in enumerate(pending, before + 1):
        row["sequence"] = sequence
        digest = merkle.leaf_hash(leaf(sequence, row["utc_ms"], row["action"], row["personal_sha256"]))
        for level, position, sha256 in merkle.grown(sequence - 1, digest, lambda *at: known[at]):
            known[level, position] = sha256
            made.append({"level": level, "position": position, "sha256": sha256.hex()})
    c.execute(insert(tables.audit), pending)
    c.execute(insert(audit_nodes), made)


def size(c: Connection) -> int:
    """Return how many entries there are: the newest one's sequence."""
    write_pending(c)
    return int(c.execute(select(func.coalesce(func.max(_A.sequence), 0))).scalar_one())


def node_of(c: Connection) -> merkle.Node:
    """Return what gives the nodes of the tree, as stored.

    Raises
    ------
    LookupError : when it is asked for one that is not there.
    """
    known: dict[tuple[int, int], bytes] = {}

    def node(level: int, position: int) -> bytes:
        at = level, position
        if at not in known:
            known.update(_nodes(c, [at]))
        return known[at]

    return node


def after(c: Connection, sequence: int, limit: int, *, rows: bool = False) -> list[AuditEntry]:
    """Return the entries that follow ``sequence``, oldest first.

    Parameters
    ----------
    rows : also those that only vouch for rows.
    """
    write_pending(c)
    query = select(tables.audit).where(_A.sequence > sequence).order_by(_A.sequence).limit(limit)
    if not rows:
        query = query.where(_A.action.not_in((ROWS, COLUMNS)))
    return [
        AuditEntry(
            sequence=row.sequence,
            utc_ms=row.utc_ms,
            who=row.who,
            action=row.action,
            subject=row.subject,
            detail=json.loads(row.detail),
        )
        for row in c.execute(query)
    ]


def erase_personal(c: Connection, sequences: Iterable[int], by: str, reason: str, now_ms: int) -> int:
    """Erase who, subject, detail and salt of entries; their leaves stand. Return how many had any."""
    write_pending(c)
    asked = sorted(set(sequences))
    erased: list[int] = []
    for begin in range(0, len(asked), 500):
        some = _A.sequence.in_(asked[begin : begin + 500]) & _A.salt.is_not(None)
        erased += c.execute(select(_A.sequence).where(some).order_by(_A.sequence)).scalars().all()
        c.execute(update(tables.audit).where(some).values(who="", subject="", detail="{}", salt=None))
    if erased:
        append(c, by, ERASED, "", {"sequences": erased, "reason": reason}, now_ms)
    return len(erased)


def _nodes(c: Connection, at: list[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    if not at:
        return {}
    wanted = or_(*(and_(_N.level == level, _N.position == position) for level, position in at))
    query = select(_N.level, _N.position, _N.sha256).where(wanted)
    return {(row.level, row.position): bytes.fromhex(row.sha256) for row in c.execute(query)}
