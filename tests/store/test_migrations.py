"""Migrations: they make exactly the tables that the code uses, and come back."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from service.store import alerts, tables
from service.store.errors import StoreUnavailable
from service.store.sqlite_database import FILE, SqliteDatabase
from service.store.upgrade import alembic_config


@pytest.fixture
def store_kind() -> str:
    """Say that all of this is about SQLite."""
    return "sqlite"


def test_migrated_schema_is_the_tables(database):
    with database.reading() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_same_sql_as_the_tables_would_make(tmp_path):
    """What comparing does not see: keys that count up and never come again."""
    SqliteDatabase(tmp_path).close()
    made = create_engine("sqlite://")
    tables.metadata.create_all(made)
    with made.connect() as c:
        wanted = {t: c.exec_driver_sql(_SQL, (t,)).scalar_one() for t in tables.metadata.tables}
    made.dispose()
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        found = {t: db.execute(_SQL, (t,)).fetchone()[0] for t in wanted}
    assert {t: sorted(_parts(s)) for t, s in found.items()} == {
        t: sorted(_parts(s)) for t, s in wanted.items()
    }


_SQL = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"


def _parts(sql: str) -> list[str]:
    """Return columns and constraints; a column that was added later stands at the end of the last line."""
    inside = sql[sql.index("(") + 1 : sql.rindex(")")]
    return sorted(" ".join(part.split()) for part in re.split(r",(?![^()]*\))", inside))


def test_down_and_up_again():
    engine = create_engine("sqlite://")
    with engine.begin() as c:
        config = alembic_config(c)
        command.upgrade(config, "head")
        command.downgrade(config, "base")
        assert inspect(c).get_table_names() == ["alembic_version"]
        command.upgrade(config, "head")
        assert set(tables.metadata.tables) < set(inspect(c).get_table_names())
    engine.dispose()


def test_open_alerts_of_before_keep_their_officer():
    engine = create_engine("sqlite://")
    with engine.begin() as c:
        config = alembic_config(c)
        command.upgrade(config, "0007")
        c.exec_driver_sql("INSERT INTO lanes (id, created_utc_ms) VALUES ('quay', 1)")
        c.exec_driver_sql(
            "INSERT INTO scans (id, lane_id, state, plate_key, opened_utc_ms, opened_by, closed_by, visits, "
            "ended_visit, interrupted, version) VALUES ('s', 'quay', 'open', '', 1, '', '', 1, 0, 0, 1)"
        )
        c.exec_driver_sql(
            "INSERT INTO alerts (id, scan_id, level, state, raised_utc_ms, raised_by, reasons, "
            "assessed_visit, assessed_mono_ns, acknowledged_utc_ms, acknowledged_by, closed_by, version) "
            "VALUES ('a', 's', 'search', 'acknowledged', 1, 'lane:quay', '[]', 1, 1, 2, 'anna', '', 2)"
        )
        command.upgrade(config, "head")
        alert = alerts.get(c, "a")
        assert (alert.owner, alert.assigned_to, alert.escalation, alert.due_utc_ms) == ("anna", "", 0, None)
    engine.dispose()


def test_migration_that_fails_leaves_nothing_behind(tmp_path):
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("CREATE TABLE outcomes (of_something_else TEXT)")  # one of the last to be made
        db.commit()
    with pytest.raises(StoreUnavailable, match="already exists"):
        SqliteDatabase(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("outcomes",)]
        db.execute("DROP TABLE outcomes")
        db.commit()
    SqliteDatabase(tmp_path).close()


def test_store_of_a_newer_version_is_left_alone(tmp_path):
    SqliteDatabase(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreUnavailable, match="newer lorryscan"):
        SqliteDatabase(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
