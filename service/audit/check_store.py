"""The check of a store: its audit log, and every row that the log vouches for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from service.audit.note import Checkpoint, PublicKey
from service.audit.verify import Checked, LogCheck, check_rows
from service.store import tables, witness
from service.store.audit_tables import audit_nodes
from service.store.database import Database

CHUNK = 1024

_N = audit_nodes.c


def check_store(
    database: Database,
    checkpoints: Mapping[str, Checkpoint],
    keys: Sequence[PublicKey],
    progress: Callable[[int], None] = lambda _: None,
) -> Checked:
    """Return what is wrong with a store.

    Parameters
    ----------
    checkpoints : by the names that findings call them.
    keys : any of which must have signed each checkpoint; none: signatures are not looked at.
    progress : called with how many more entries are done.
    """
    with database.reading() as c:
        check = LogCheck(
            functools.partial(_StoredNodes(c).sha256),
            wanted=frozenset(checkpoint.size for checkpoint in checkpoints.values()),
        )
        for rows in entries(c):
            for row in rows:
                check.take(row)
            progress(len(rows))
        leaves = c.execute(select(func.coalesce(func.max(_N.position), -1)).where(_N.level == 0)).scalar_one()
        check.end(int(leaves) + 1)
        for name, checkpoint in sorted(checkpoints.items(), key=lambda item: item[1].size):
            check.check_checkpoint(name, checkpoint, keys)
        findings = list(check.findings)
        for table in witness.VOUCHED:
            findings += check_rows(check.witnesses, table, _rows(c, table))
    return Checked(findings, check.size, len(checkpoints))


def entries(c: Connection) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Give all entries as stored, in order, some at a time."""
    sequence, last = tables.audit.c.sequence, 0
    while True:
        query = select(tables.audit).where(sequence > last).order_by(sequence).limit(CHUNK)
        rows = c.execute(query).mappings().all()
        if not rows:
            return
        yield [dict(row) for row in rows]
        last = rows[-1]["sequence"]


def _rows(c: Connection, table: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    column = witness.key_column(table)
    query = select(witness.table(table)).order_by(column).execution_options(yield_per=CHUNK)
    for row in c.execute(query).mappings():
        yield str(row[column.name]), dict(row)


class _StoredNodes:
    """The nodes of the tree as stored, read some at a time: they are asked for in order."""

    def __init__(self, c: Connection) -> None:
        self._c = c
        self._known: dict[int, tuple[int, dict[int, str]]] = {}

    def sha256(self, level: int, position: int) -> str | None:
        begin = position - position % CHUNK
        known = self._known.get(level)
        if known is None or known[0] != begin:
            some = (_N.level == level) & _N.position.between(begin, begin + CHUNK - 1)
            query = select(_N.position, _N.sha256).where(some)
            known = begin, {row.position: row.sha256 for row in self._c.execute(query)}
            self._known[level] = known
        return known[1].get(position)
