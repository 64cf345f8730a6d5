"""Rows whose contents the audit log vouches for, marked as they are written.

Before a transaction commits, one entry ``rows`` says for each marked row the salted hash of its
contents as they are then, or null where it is gone. So `service.audit.verify` can tell a row that
was changed, added or removed past the service.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Integer, Table, select

from service.audit.leaf import new_salt, row_commitment
from service.store import audit, tables

MARKED = "lorryscan.marked_rows"  # where a writing connection notes which rows it wrote
MOST_IN_ENTRY = 1000
_ASKED_AT_ONCE = 500

VOUCHED = (
    "alarms",
    "alerts",
    "assessments",
    "commands",
    "handovers",
    "lanes",
    "messages",
    "minimised",
    "outcomes",
    "pins",
    "scans",
    "tokens",
    "users",
    "vehicles",
)
"""Tables whose every row is marked when it is written."""

NOT_VOUCHED: Mapping[str, str] = {
    "audit": "is the log",
    "audit_nodes": "is computed from the log",
    "events": "repeats what other tables hold, and is cut short",
    "request_keys": "are forgotten after a day",
    "token_uses": "changes twice a minute for each lane",
    "sessions": "changes with every request; logins and logouts are entries",
}
"""The others, each with why."""

KEYS: Mapping[str, str] = {"commands": "id"}
"""The column that marks name, where it is not the primary key."""


def mark(c: Connection, table: str, key: str) -> None:
    """Note that a row was written, by its table and primary key: its contents go into the audit log."""
    if table not in VOUCHED:
        raise KeyError(f"name the table {table} in service.store.witness.VOUCHED")
    c.info.setdefault(MARKED, {})[table, key] = None


def begin(c: Connection) -> None:
    """Called once at the beginning of each writing transaction: forget what one that failed left."""
    c.info.pop(MARKED, None)
    c.info.pop(audit.PENDING, None)


def seal(c: Connection) -> None:
    """Called once before each commit: vouch for the marked rows, and write the entries."""
    marked: dict[tuple[str, str], None] = c.info.pop(MARKED, {})
    if marked:
        now_ms = audit.newest_pending_ms(c) or time.time_ns() // 1_000_000
        keys = list(marked)
        for first in range(0, len(keys), MOST_IN_ENTRY):
            _vouch(c, keys[first : first + MOST_IN_ENTRY], now_ms)
    audit.write_pending(c)


def mark_all(c: Connection) -> None:
    """Mark every row there is: once, when a store of before comes under the log."""
    for name in VOUCHED:
        for key in c.execute(select(key_column(name))).scalars():
            mark(c, name, str(key))


def say_columns(c: Connection, now_ms: int) -> None:
    """Add which columns are vouched for from here on: they change with the version."""
    said = {name: columns(name) for name in VOUCHED}
    audit.append(c, audit.SERVICE, audit.COLUMNS, "", {"tables": said}, now_ms)


def columns(name: str) -> list[str]:
    """Return the columns of a table, by name."""
    return sorted(column.name for column in table(name).columns)


def table(name: str) -> Table:
    """Return a table."""
    return tables.metadata.tables[name]


def key_column(name: str) -> Column[Any]:
    """Return the column by which a table's rows are marked."""
    if name in KEYS:
        return table(name).c[KEYS[name]]
    [column] = table(name).primary_key.columns
    return column


def contents(c: Connection, name: str, keys: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give key and contents of those rows that are there."""
    column = key_column(name)
    asked: list[Any] = [int(key) for key in keys] if isinstance(column.type, Integer) else list(keys)
    for first in range(0, len(asked), _ASKED_AT_ONCE):
        some = column.in_(asked[first : first + _ASKED_AT_ONCE])
        for row in c.execute(select(table(name)).where(some)).mappings():
            yield str(row[column.name]), dict(row)


def _vouch(c: Connection, keys: list[tuple[str, str]], now_ms: int) -> None:
    salt = new_salt()
    said: dict[str, dict[str, str | None]] = {}
    for name, key in keys:
        said.setdefault(name, {})[key] = None
    for name, hashes in said.items():
        for key, row in contents(c, name, list(hashes)):
            hashes[key] = row_commitment(salt, name, row)
    audit.append(c, audit.SERVICE, audit.ROWS, "", said, now_ms, salt)
