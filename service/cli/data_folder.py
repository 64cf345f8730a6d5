"""The service's data folder as commands name it."""

from __future__ import annotations

import contextlib
import getpass
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from drivers.api import ConfigError
from service.store.database import Database
from service.store.open_store import database_url, open_store
from service.store.sqlite_database import FILE

DATA = Annotated[Path, typer.Option("--data", help="the service's data folder")]


@contextlib.contextmanager
def open_existing(data: Path) -> Iterator[Database]:
    """Open the store of a folder that has one, and close it at the end.

    Raises
    ------
    ConfigError : there is none: the folder is mistyped.
    """
    if database_url() is None and not (data / FILE).is_file():
        raise ConfigError(f"{data} holds no data of a service: name its folder with --data")
    database = open_store(data)
    try:
        yield database
    finally:
        database.close()


def now_ms() -> int:
    """Return UTC, ms since 1970."""
    return time.time_ns() // 1_000_000


def console_user() -> str:
    """Return who sits at this machine's console, for the audit log."""
    try:
        return f"console:{getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "console"
