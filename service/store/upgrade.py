"""Brings a database to this version's tables, by the migrations that the package carries."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from service.store.errors import StoreUnavailable


def upgrade(c: Connection) -> None:
    """Run all migrations that are missing, in the transaction of ``c``.

    Raises
    ------
    StoreUnavailable : the database was made by a newer version.
    """
    try:
        command.upgrade(alembic_config(c), "head")
    except CommandError as error:
        raise StoreUnavailable(
            f"the data were written by a newer lorryscan ({error}): start that version, or a copy from before"
        ) from error


def alembic_config(c: Connection) -> Config:
    """Return the settings of Alembic for this connection."""
    config = Config()
    config.set_main_option("script_location", "service.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = c
    return config
