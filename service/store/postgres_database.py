"""The store in a PostgreSQL database, which several copies of the service share.

Each writing transaction takes one advisory lock that is let go after its commit can be seen: sequences
appear in order, as on SQLite, and no reader passes a smaller one that comes later. Commits that added
events wake all copies by NOTIFY; it carries the newest sequence alone. See
docs/decisions/0017-one-writer-on-postgresql.md.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import sqlalchemy
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.store.database import PATIENCE_S, Database
from service.store.errors import StoreUnavailable
from service.store.upgrade import upgrade

EVENTS_CHANNEL = "lorryscan_events"
LIVE_CHANNEL = "lorryscan_live"
READERS = 8
WRITER_LOCK = 0x6C6F727279  # "lorry"; advisory locks are a database's own
OLDEST_SERVER = 14
_LISTEN_AGAIN_S = 0.5
_LOOK_S = 0.2
# a cable that is pulled is noticed in seconds and not in hours
_CONNECT: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8000,
    "application_name": "lorryscan",
}

_log = logging.getLogger(__name__)


class PostgresDatabase(Database):
    """The store at a URL, until `close`.

    Parameters
    ----------
    url : ``postgresql://user:password@host:port/database``, with parameters of libpq.
    path : the folder of this copy (certificate, keys); made if it is not there.

    Attributes
    ----------
    url : where the store is, as libpq takes it; a password may be in it.
    listens : set while news of other copies come in.

    Raises
    ------
    StoreUnavailable : the server cannot be reached, refuses, is too old, or the data are of a newer version.
    """

    shared: ClassVar[bool] = True

    def __init__(self, url: URL, path: Path) -> None:
        super().__init__(path)
        self.url = url.set(drivername="postgresql")
        self.listens = threading.Event()
        self._closed = threading.Event()
        self._live_listeners: list[Callable[[str], None]] = []
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(
                f"{path}: {error.strerror or error}: choose another data folder"
            ) from error
        self._writer = self._engine(1)
        self._readers = self._engine(READERS).execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._telemetry = self._engine(1)
        event.listen(self._writer, "begin", _take_the_turn)
        try:
            with self.writing() as c:
                _require_version(c)
                upgrade(c)
        except BaseException:
            self._dispose()
            raise
        self._listening = threading.Thread(target=self._listen, name="postgres-listen", daemon=True)
        self._listening.start()

    @property
    def name(self) -> str:
        of = self.url
        return URL.create("postgresql", of.username, None, of.host, of.port, of.database).render_as_string()

    @property
    def _slow(self) -> str:
        return "check the database server, and what else locks its tables"

    def _engine(self, connections: int) -> sqlalchemy.Engine:
        return sqlalchemy.create_engine(
            self.url.set(drivername="postgresql+psycopg"),
            connect_args=_CONNECT,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=PATIENCE_S,
            pool_pre_ping=True,
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self._require_open()
        with self._in_words(), self._writer.connect() as c, c.begin():
            yield c

    def _announce(self, c: Connection, newest: int) -> None:
        c.execute(
            text("SELECT pg_notify(:channel, :newest)"), {"channel": EVENTS_CHANNEL, "newest": str(newest)}
        )

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        self._require_open()
        with self._in_words(), self._readers.connect() as c, c.begin():
            yield c

    @contextlib.contextmanager
    def telemetry(self) -> Iterator[Connection]:
        """Give a connection for what may be lost: it waits for no writer, and no writer waits for it.

        Raises
        ------
        StoreUnavailable : the store refuses, or is closed.
        """
        self._require_open()
        with self._in_words(), self._telemetry.connect() as c, c.begin():
            c.execute(text("SET LOCAL synchronous_commit = off"))
            yield c

    def on_live(self, callback: Callable[[str], None]) -> None:
        """Have ``callback(what)`` called for each notification on the live channel, ours too."""
        self._live_listeners.append(callback)

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            self._dispose()
        if hasattr(self, "_listening"):
            self._listening.join(_LOOK_S + _LISTEN_AGAIN_S)

    def _dispose(self) -> None:
        for engine in (self._readers, self._telemetry, self._writer):
            engine.dispose()

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise StoreUnavailable(f"{self.name} is closed: the service is stopping")

    def _listen(self) -> None:
        """Hear of commits until closed; a lost connection is made again, and all is looked at then."""
        address = self.url.render_as_string(hide_password=False)
        told = False
        while not self._closed.is_set():
            try:
                with psycopg.connect(address, autocommit=True, **_CONNECT) as listening:
                    for channel in (EVENTS_CHANNEL, LIVE_CHANNEL):
                        listening.execute(f"LISTEN {channel}")  # type: ignore[arg-type,unused-ignore]
                    told = False
                    self.listens.set()
                    self._tell(0)  # what was committed while nobody listened
                    while not self._closed.is_set():
                        for note in listening.notifies(timeout=_LOOK_S):
                            self._heard(note)
            except psycopg.Error as error:
                if not told:
                    _log.error("%s: no news of other copies: %s", self.name, str(error).strip())
                told = True
                self.listens.clear()
                self._closed.wait(_LISTEN_AGAIN_S)

    def _heard(self, note: psycopg.Notify) -> None:
        if note.channel == EVENTS_CHANNEL:
            self._tell(int(note.payload) if note.payload.isdigit() else 0)
            return
        for callback in list(self._live_listeners):
            try:
                callback(note.payload)
            except Exception:
                _log.exception("a listener to live views failed")

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, ProgrammingError) as error:
            if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                raise StoreUnavailable(_words(self.name, error)) from error
            raise  # a defect of ours, not of the server
        except (DBAPIError, psycopg.Error) as error:
            raise StoreUnavailable(_words(self.name, error)) from error
        except PoolTimeout as error:
            raise StoreUnavailable(
                f"{self.name}: all {READERS} readers are in use for {PATIENCE_S:.0f} s: check the server"
            ) from error


def _take_the_turn(c: Connection) -> None:
    c.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE_S:.0f}s'")
    c.exec_driver_sql("SET LOCAL synchronous_commit = on")
    c.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")


def _require_version(c: Connection) -> None:
    found = int(c.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    if found < OLDEST_SERVER:
        raise StoreUnavailable(f"PostgreSQL {found} is too old: take {OLDEST_SERVER} or newer")


def _words(name: str, error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    said = str(cause).strip().partition("\n")[0] or type(cause).__name__
    state = getattr(cause, "sqlstate", None) or ""
    if isinstance(cause, psycopg.errors.LockNotAvailable):
        mend = "another copy of the service, or a person at the database, holds the writer's lock: look there"
    elif state.startswith("53"):  # insufficient resources
        mend = "make room on the database server"
    elif state.startswith("28") or "password" in said:
        mend = "check user and password in the URL, and the server's pg_hba.conf"
    elif state.startswith(("25006", "42501")):
        mend = "the server is a standby, or the user may not write: check the URL and the user's rights"
    elif isinstance(error, OperationalError | psycopg.OperationalError):
        mend = "check the database server and the network to it; it is tried again by itself"
    else:
        mend = "look into the database server's log"
    return f"{name}: {said}: {mend}"
