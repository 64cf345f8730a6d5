"""A service's store as everything above it sees it: transactions that read, transactions that write.

One writer at a time, on SQLite by a lock in the process and on PostgreSQL by a lock in the database
that all copies of the service share. So what a writing transaction reads is still true when it
writes, and a sequence that is seen has no smaller one behind it that comes later.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

from sqlalchemy import Connection
from ulid import ULID

from service.store import request_keys, witness
from service.store.errors import StoreUnavailable
from service.store.events import NEWEST_ADDED

PATIENCE_S = 10.0

_log = logging.getLogger(__name__)


class Database(ABC):
    """The store, held until `close`. Any thread may use it.

    Parameters
    ----------
    path : the folder of this copy of the service.

    Attributes
    ----------
    run : a new ULID at each start.
    shared : whether other copies of the service may use the same store.
    """

    shared: ClassVar[bool] = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = str(ULID())
        self._listeners: list[Callable[[int], None]] = []
        self._lock = threading.Lock()
        self._writing_thread: int | None = None

    @property
    @abstractmethod
    def name(self) -> str:
        """What the store is called in messages; no password in it."""

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the writing connection in a transaction: committed at the end, undone on any error.

        One thread at a time; others wait. Listeners are called after the commit, in this thread,
        with the newest event's sequence.

        Raises
        ------
        StoreUnavailable : the store refuses, or is closed; nothing was half done.
        """
        if self._writing_thread == threading.get_ident():
            raise RuntimeError("this thread is writing already: it would wait for itself")
        if not self._lock.acquire(timeout=PATIENCE_S):
            raise StoreUnavailable(f"{self.name}: one write takes over {PATIENCE_S:.0f} s: {self._slow}")
        try:
            self._writing_thread = threading.get_ident()
            with self._transaction() as c:
                c.info.pop(NEWEST_ADDED, None)
                witness.begin(c)
                with request_keys.claimed(c):
                    yield c
                witness.seal(c)
                newest: int | None = c.info.pop(NEWEST_ADDED, None)
                if newest is not None:
                    self._announce(c, newest)
        finally:
            self._writing_thread = None
            self._lock.release()
        if newest is not None:
            self._tell(newest)

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees the store as it is at its first query, and cannot write.

        Raises
        ------
        StoreUnavailable : the store refuses, or is closed.
        """

    def check_writes(self) -> None:
        """Write something that changes nothing: a transaction without a write never meets the disk.

        Raises
        ------
        StoreUnavailable : the store refuses.
        """
        with self.writing() as c:
            c.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")

    def on_events(self, callback: Callable[[int], None]) -> None:
        """Have ``callback(newest sequence)`` called after each commit that added events.

        It is called by the thread that committed, or that heard of another copy's commit, outside
        the lock: two calls may come in either order, and what it raises is logged, since the commit
        stands.
        """
        self._listeners.append(callback)

    @abstractmethod
    def close(self) -> None:
        """Close all connections; a second call does nothing."""

    @property
    @abstractmethod
    def _slow(self) -> str:
        """What to look at when writes take too long."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Connection]:
        """Give the writing connection in a transaction, with errors in words."""

    @abstractmethod
    def _announce(self, c: Connection, newest: int) -> None:
        """Have other copies hear of events when the transaction commits."""

    def _tell(self, newest: int) -> None:
        for callback in list(self._listeners):
            try:
                callback(newest)
            except Exception:
                _log.exception("a listener to events failed")
