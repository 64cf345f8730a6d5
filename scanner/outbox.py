"""The lane's outbox: what was decided, on disk before anyone is told; and which orders were taken.

SQLite in WAL mode with synchronous=FULL; writes and checkpoints go through the
one connection (the WAL-reset defect of SQLite 3.7.0 to 3.51.2 needs two).
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ulid import ULID

from drivers.api import LorryscanError

_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS outbox (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        scan_id TEXT NOT NULL,
        created_utc_ns INTEGER NOT NULL,
        body TEXT NOT NULL,
        sent_utc_ns INTEGER,
        refused_utc_ns INTEGER,
        refused_why TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS orders_taken (
        command TEXT PRIMARY KEY,
        taken_utc_ns INTEGER NOT NULL,
        answer TEXT
    )
    """,
)
_LATER_COLUMNS = {"refused_utc_ns": "INTEGER", "refused_why": "TEXT NOT NULL DEFAULT ''"}
_WAITING = "sent_utc_ns IS NULL AND refused_utc_ns IS NULL"
_INDEX = f"CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (sequence) WHERE {_WAITING}"
_COLUMNS = "sequence, key, kind, scan_id, created_utc_ns, body, sent_utc_ns, refused_utc_ns, refused_why"


class OutboxError(LorryscanError, OSError):
    """The outbox cannot be opened or written.

    Examples: the disk is full; another lane process holds the same data folder.
    """


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to tell the service; ``key`` is a ULID that makes sending it twice harmless.

    ``refused`` is what the service said when it would not have it, "" where it did not refuse.
    """

    sequence: int
    key: str
    kind: str
    scan_id: str
    created_utc_ns: int
    body: dict[str, Any]
    sent: bool
    refused: str = ""


class Outbox:
    """Append-only store of a lane's messages, and of the orders that it has taken.

    ``fresh`` is set whenever something was put in: whoever sends waits for it.

    Raises
    ------
    OutboxError : from every method, when the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fresh = threading.Event()
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            for statement in _SCHEMA:
                self._db.execute(statement)
            self._add_later_columns()
            self._db.execute(_INDEX)
        except sqlite3.Error as error:
            raise OutboxError(f"outbox {path}: {error}: check the disk and the folder's rights") from error

    def _add_later_columns(self) -> None:
        """Bring the file of an earlier lorryscan up to date; its messages stay as they are."""
        there = {row[1] for row in self._db.execute("PRAGMA table_info(outbox)")}
        for name, kind in _LATER_COLUMNS.items():
            if name not in there:
                self._db.execute(f"ALTER TABLE outbox ADD COLUMN {name} {kind}")

    @contextlib.contextmanager
    def _held(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise OutboxError(f"outbox {self.path}: {error}: free some disk space") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Several changes at once, or none."""
        with self._held() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise

    # -- messages -------------------------------------------------------------

    def put(self, kind: str, scan_id: str, created_utc_ns: int, body: Mapping[str, Any]) -> str:
        """Commit one message to disk and return its key."""
        with self._held() as db:
            key = _insert(db, kind, scan_id, created_utc_ns, body)
        self.fresh.set()
        return key

    def entries(self, after: int = 0, scan_id: str | None = None) -> list[Entry]:
        """Return messages in order, from the one after sequence ``after``."""
        where = "sequence > ? AND (? IS NULL OR scan_id = ?)"
        return self._select(where, (after, scan_id, scan_id))

    def unsent(self, after: int = 0, limit: int = 100) -> list[Entry]:
        """Return the oldest messages that were neither sent nor refused, in order."""
        return self._select(f"sequence > ? AND {_WAITING}", (after,), limit)

    def refused_since(self, utc_ns: int) -> list[Entry]:
        """Return the messages that the service has refused since then, in order."""
        return self._select("refused_utc_ns >= ?", (utc_ns,))

    def waiting(self) -> int:
        """Return how many messages were neither sent nor refused."""
        with self._held() as db:
            (count,) = db.execute(f"SELECT COUNT(*) FROM outbox WHERE {_WAITING}").fetchone()
        return int(count)

    def mark_sent(self, sequence: int, utc_ns: int) -> None:
        """Note that the service has committed a message."""
        with self._held() as db:
            db.execute("UPDATE outbox SET sent_utc_ns = ? WHERE sequence = ?", (utc_ns, sequence))

    def mark_refused(self, sequence: int, utc_ns: int, why: str) -> None:
        """Note in the service's words why it will never take a message; it stays on disk."""
        with self._held() as db:
            db.execute(
                "UPDATE outbox SET refused_utc_ns = ?, refused_why = ? WHERE sequence = ?",
                (utc_ns, why, sequence),
            )

    def _select(self, where: str, values: tuple[object, ...], limit: int = -1) -> list[Entry]:
        query = f"SELECT {_COLUMNS} FROM outbox WHERE {where} ORDER BY sequence LIMIT ?"
        with self._held() as db:
            rows = db.execute(query, (*values, limit)).fetchall()
        return [
            Entry(r[0], r[1], r[2], r[3], r[4], json.loads(r[5]), r[6] is not None, r[8] if r[7] else "")
            for r in rows
        ]

    # -- orders ---------------------------------------------------------------

    def take_order(self, command: str, utc_ns: int) -> bool:
        """Commit that an order is about to be carried out; False when it was taken before."""
        with self._held() as db:
            taken = db.execute(
                "INSERT OR IGNORE INTO orders_taken (command, taken_utc_ns) VALUES (?, ?)", (command, utc_ns)
            )
            return taken.rowcount == 1

    def answer_order(self, command: str, scan_id: str, utc_ns: int, answer: Mapping[str, Any]) -> None:
        """Commit an order's answer and the message that tells it, both or none."""
        with self._writing() as db:
            db.execute(
                "UPDATE orders_taken SET answer = ? WHERE command = ?",
                (json.dumps(answer, allow_nan=False), command),
            )
            _insert(db, "command_answer", scan_id, utc_ns, answer)
        self.fresh.set()

    def unanswered_orders(self) -> list[str]:
        """Return the orders that were taken and not answered, oldest first."""
        query = "SELECT command FROM orders_taken WHERE answer IS NULL ORDER BY taken_utc_ns, command"
        with self._held() as db:
            return [row[0] for row in db.execute(query)]

    def close(self) -> None:
        """Checkpoint and close."""
        with self._lock:
            self._db.close()


def _insert(
    db: sqlite3.Connection, kind: str, scan_id: str, created_utc_ns: int, body: Mapping[str, Any]
) -> str:
    key = str(ULID())
    db.execute(
        "INSERT INTO outbox (key, kind, scan_id, created_utc_ns, body) VALUES (?, ?, ?, ?, ?)",
        (key, kind, scan_id, created_utc_ns, json.dumps(body, allow_nan=False)),
    )
    return key
