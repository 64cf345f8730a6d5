"""Brings a database to this version's tables, by the migrations that the package carries."""

from __future__ import annotations

import time

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, select

from service.store import audit, tables, witness
from service.store.errors import StoreUnavailable


def upgrade(c: Connection) -> None:
    """Run all migrations that are missing, in the transaction of ``c``.

    Raises
    ------
    StoreUnavailable : the database was made by a newer version.
    """
    before = MigrationContext.configure(c).get_current_heads()
    try:
        command.upgrade(alembic_config(c), "head")
    except CommandError as error:
        raise StoreUnavailable(
            f"the data were written by a newer lorryscan ({error}): start that version, or a copy from before"
        ) from error
    if MigrationContext.configure(c).get_current_heads() != before:
        _bring_under_the_log(c)


def _bring_under_the_log(c: Connection) -> None:
    """Say which columns are vouched for from here on, and vouch for rows from before there was a log."""
    action = tables.audit.c.action
    if c.execute(select(action).where(action == audit.COLUMNS).limit(1)).first() is None:
        witness.mark_all(c)
    witness.say_columns(c, time.time_ns() // 1_000_000)


def alembic_config(c: Connection) -> Config:
    """Return the settings of Alembic for this connection."""
    config = Config()
    config.set_main_option("script_location", "service.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = c
    return config
