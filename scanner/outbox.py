"""The lane's outbox: what was decided, on disk before anyone is told.

SQLite in WAL mode with synchronous=FULL; writes and checkpoints go through the
one connection (the WAL-reset defect of SQLite 3.7.0 to 3.51.2 needs two).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ulid import ULID

from drivers.api import LorryscanError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    scan_id TEXT NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    body TEXT NOT NULL,
    sent_utc_ns INTEGER
)
"""


class OutboxError(LorryscanError, OSError):
    """The outbox cannot be opened or written.

    Examples: the disk is full; another lane process holds the same data folder.
    """


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to tell the service; ``key`` is a ULID that makes sending it twice harmless."""

    sequence: int
    key: str
    kind: str
    scan_id: str
    created_utc_ns: int
    body: dict[str, Any]
    sent: bool


class Outbox:
    """Append-only store of a lane's messages.

    Raises
    ------
    OutboxError : from every method, when the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute(_SCHEMA)
        except sqlite3.Error as error:
            raise OutboxError(f"outbox {path}: {error}: check the disk and the folder's rights") from error
        self.path = path

    def put(self, kind: str, scan_id: str, created_utc_ns: int, body: Mapping[str, Any]) -> str:
        """Commit one message to disk and return its key."""
        key = str(ULID())
        with self._lock:
            try:
                self._db.execute(
                    "INSERT INTO outbox (key, kind, scan_id, created_utc_ns, body) VALUES (?, ?, ?, ?, ?)",
                    (key, kind, scan_id, created_utc_ns, json.dumps(body, allow_nan=False)),
                )
            except sqlite3.Error as error:
                raise OutboxError(f"outbox {self.path}: {error}: free some disk space") from error
        return key

    def entries(self, after: int = 0, scan_id: str | None = None) -> list[Entry]:
        """Return messages in order, from the one after sequence ``after``."""
        query = "SELECT sequence, key, kind, scan_id, created_utc_ns, body, sent_utc_ns FROM outbox "
        query += "WHERE sequence > ? AND (? IS NULL OR scan_id = ?) ORDER BY sequence"
        with self._lock:
            try:
                rows = self._db.execute(query, (after, scan_id, scan_id)).fetchall()
            except sqlite3.Error as error:
                raise OutboxError(f"outbox {self.path}: {error}") from error
        return [Entry(r[0], r[1], r[2], r[3], r[4], json.loads(r[5]), r[6] is not None) for r in rows]

    def close(self) -> None:
        """Checkpoint and close."""
        with self._lock:
            self._db.close()
