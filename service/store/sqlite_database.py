"""The store of one copy of the service in a folder: one connection that writes, a few that read.

SQLite in WAL mode with synchronous=FULL. Writes and checkpoints go through the one writing
connection (the WAL-reset defect of SQLite 3.7.0 to 3.51.2 needs two); readers are opened
read-only, so they can do neither. See docs/decisions/0010-one-writing-connection.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import sqlalchemy
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool, StaticPool

from service.store.database import PATIENCE_S, Database
from service.store.errors import StoreBusy, StoreUnavailable
from service.store.upgrade import upgrade

FILE = "service.sqlite"
LOCK = "service.lock"
READERS = 8
_BUSY_MS = 5000
_WAL_LIMIT_BYTES = 64 << 20


class SqliteDatabase(Database):
    """The store in a data folder, held by this process until `close`.

    Parameters
    ----------
    path : the data folder; made if it is not there.

    Raises
    ------
    StoreBusy : another process has the folder.
    StoreUnavailable : the disk refuses, or the file is damaged or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.file = path / FILE
        self._closed = False
        self._hold = _hold(path)
        try:
            self._open()
        except BaseException:
            self._hold.close()
            raise

    @property
    def name(self) -> str:
        return str(self.file)

    @property
    def _slow(self) -> str:
        return "check the disk"

    def _open(self) -> None:
        with self._in_words():
            os.close(os.open(self.file, os.O_CREAT | os.O_RDWR, 0o600))  # password hashes are in it
            self._opened = _identity(self.file)
        self._writer = sqlalchemy.create_engine("sqlite://", creator=self._connect, poolclass=StaticPool)
        event.listen(self._writer, "begin", _begin_immediate)
        self._readers = sqlalchemy.create_engine(
            "sqlite://",
            creator=self._connect_reader,
            poolclass=QueuePool,
            pool_size=READERS,
            max_overflow=0,
            pool_timeout=PATIENCE_S,
        )
        event.listen(self._readers, "begin", _begin)
        try:
            with self.writing() as c:
                upgrade(c)
        except BaseException:
            self._writer.dispose()
            raise

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.file, check_same_thread=False, isolation_level=None)
        for pragma in (
            f"busy_timeout={_BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"journal_size_limit={_WAL_LIMIT_BYTES}",
        ):
            db.execute(f"PRAGMA {pragma}").close()
        [mode] = db.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":  # a network share: it has no memory that processes have in common
            db.close()
            raise StoreUnavailable(f"{self.path} is on a disk without shared memory: choose a local disk")
        return db

    def _connect_reader(self) -> sqlite3.Connection:
        # absolute: a URI has no relative paths; read-only: it can neither write nor checkpoint
        address = f"{self.file.resolve().as_uri()}?mode=ro"
        db = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)
        for pragma in (f"busy_timeout={_BUSY_MS}", "query_only=ON"):
            db.execute(f"PRAGMA {pragma}").close()
        return db

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self._require_open()
        with self._in_words(), self._writer.connect() as c, c.begin():
            yield c

    def _announce(self, c: Connection, newest: int) -> None:
        """Nobody else: one process holds the folder."""

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees the store as it is at its first query, and cannot write.

        Raises
        ------
        StoreUnavailable : the disk refuses, or the store is closed.
        """
        self._require_open()
        with self._in_words(), self._readers.connect() as c, c.begin():
            yield c

    def close(self) -> None:
        """Close all connections, the writing one last (it folds the WAL into the file); let the folder go."""
        with self._lock:
            self._closed = True
            self._readers.dispose()
            self._writer.dispose()
            self._hold.close()

    def _require_open(self) -> None:
        if self._closed:  # an engine would open the file again, without holding the folder
            raise StoreUnavailable(f"{self.file} is closed: the service is stopping")
        if _identity(self.file) != self._opened:
            # what is written would go to a file without a name, and be gone at the next start
            raise StoreUnavailable(
                f"{self.file} was replaced, moved or removed while the service runs: put it back, "
                "and start the service again"
            )

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, ProgrammingError):
            raise  # a defect of ours, not of the disk
        except (DBAPIError, sqlite3.Error) as error:
            raise StoreUnavailable(_words(self.file, error)) from error
        except PoolTimeout as error:
            raise StoreUnavailable(
                f"{self.file}: all {READERS} readers are in use for {PATIENCE_S:.0f} s: check the disk"
            ) from error


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin_immediate(c: Connection) -> None:
    c.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(c: Connection) -> None:
    c.exec_driver_sql("BEGIN")


def _words(file: Path, error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    said = str(cause)
    if "full" in said:
        mend = "make room on the disk"
    elif "malformed" in said or "not a database" in said:
        mend = "the file is damaged: put back a copy of it, and keep the damaged one"
    elif "readonly" in said or "unable to open" in said:
        mend = "check the rights of the folder and its files"
    elif "locked" in said:
        mend = "another program holds the file: end it"
    else:
        mend = "check the disk and its cable"
    return f"{file}: {said}: {mend}"


def _hold(path: Path) -> BinaryIO:
    try:
        path.mkdir(parents=True, exist_ok=True)
        file = (path / LOCK).open("ab")
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror or error}: choose another data folder") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StoreBusy(f"{path} is in use by a running service: use its page, or stop it first") from None
    file.truncate(0)
    file.write(str(os.getpid()).encode())
    file.flush()
    return file
