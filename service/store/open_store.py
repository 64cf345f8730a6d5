"""Opens the store that a data folder or a URL names."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from drivers.api import ConfigError
from service.store.database import Database
from service.store.postgres_database import PostgresDatabase
from service.store.sqlite_database import SqliteDatabase

URL_VARIABLE = "LORRYSCAN_DATABASE"
_MEND = "write postgresql://user:password@host:port/database, or leave it out for SQLite in the data folder"


def open_store(path: Path, url: str = "") -> Database:
    """Open the store: PostgreSQL where ``url``, or else ``LORRYSCAN_DATABASE``, names one; else SQLite.

    Raises
    ------
    ConfigError : the URL is none of PostgreSQL.
    StoreBusy, StoreUnavailable : see `SqliteDatabase` and `PostgresDatabase`.
    """
    named = database_url(url)
    return SqliteDatabase(path) if named is None else PostgresDatabase(named, path)


def database_url(url: str = "") -> URL | None:
    """Return the URL of the database; None: SQLite.

    Raises
    ------
    ConfigError : it is none of PostgreSQL; what it says is not repeated, a password may be in it.
    """
    given = url or os.environ.get(URL_VARIABLE, "")
    if not given:
        return None
    try:
        parsed = make_url(given)
    except ArgumentError:
        raise ConfigError(f"the database's URL cannot be read: {_MEND}") from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ConfigError(f"a store on {parsed.get_backend_name()} is not known: {_MEND}")
    return parsed
