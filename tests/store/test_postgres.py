"""What PostgreSQL brings with it: several copies, a server that goes away, and commits in order."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from drivers.api import ConfigError
from service.store import events
from service.store.database import Database
from service.store.errors import StoreUnavailable
from service.store.open_store import open_store
from service.store.postgres_database import PostgresDatabase
from service.store.sqlite_database import SqliteDatabase
from tests.postgres_server import PostgresServer, text_of

WITHIN_S = 30.0
Opened = Callable[..., PostgresDatabase]


@pytest.fixture
def store_kind() -> str:
    """Say that all of this is about PostgreSQL."""
    return "postgres"


@pytest.fixture
def copy_of(tmp_path: Path) -> Iterator[Callable[[Database], PostgresDatabase]]:
    """Give what opens a store once more, as another copy of the service does."""
    opened: list[PostgresDatabase] = []

    def another(database: Database) -> PostgresDatabase:
        assert isinstance(database, PostgresDatabase)
        opened.append(PostgresDatabase(database.url, tmp_path / f"copy-{len(opened)}"))
        assert opened[-1].listens.wait(WITHIN_S)
        return opened[-1]

    yield another
    for each in opened:
        each.close()


def add_event(database: Database, subject: str = "x") -> int:
    with database.writing() as c:
        return events.append(c, "scan", subject, {}, 1)


def wait_until(what: Callable[[], object], within_s: float = WITHIN_S) -> None:
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)


def test_a_commit_wakes_the_other_copy_with_the_newest_sequence(database, copy_of):
    heard: queue.Queue[int] = queue.Queue()
    other = copy_of(database)
    other.on_events(heard.put)
    sequence = add_event(database)
    wait_until(lambda: sequence in list(heard.queue))
    with other.reading() as c:
        assert events.newest(c) == sequence


def test_a_rollback_wakes_nobody(database, copy_of):
    heard: queue.Queue[int] = queue.Queue()
    other = copy_of(database)
    other.on_events(heard.put)
    with contextlib.suppress(ZeroDivisionError), database.writing() as c:
        events.append(c, "scan", "undone", {}, 1)
        raise ZeroDivisionError
    kept = add_event(database)
    wait_until(lambda: kept in list(heard.queue))
    assert set(heard.queue) <= {0, kept}


def test_no_sequence_appears_behind_one_that_was_seen(database, copy_of):
    """Two copies and eight writers: whoever reads on from the newest misses nothing."""
    copies = [database, copy_of(database)]
    stop, seen, last = threading.Event(), [], 0

    def write(own: Database) -> None:
        while not stop.is_set():
            with own.writing() as c:
                events.append(c, "scan", "x", {}, 1)
                events.append(c, "scan", "x", {}, 1)

    threads = [threading.Thread(target=write, args=(copies[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    try:
        began = time.monotonic()
        # for so long, and until the writers have written enough to show something
        while (elapsed_s := time.monotonic() - began) < 1.5 or len(seen) <= 100:
            assert elapsed_s < 60.0
            with copies[1].reading() as c:
                page = events.after(c, last, 1000)
            seen += [stored.sequence for stored in page]
            last = max([last, *seen[-1:]])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    with database.reading() as c:
        seen += [stored.sequence for stored in events.after(c, last, 10_000)]
        everything = [stored.sequence for stored in events.after(c, 0, 10_000)]
    assert len(everything) > 100
    assert seen == everything


def test_readers_cannot_write(database):
    with pytest.raises(StoreUnavailable, match="read-only"), database.reading() as c:
        c.execute(text("DELETE FROM lanes"))


def test_a_reader_sees_one_moment(database):
    first = add_event(database)
    with database.reading() as c:
        assert events.newest(c) == first
        later = add_event(database)
        assert events.newest(c) == first
    with database.reading() as c:
        assert events.newest(c) == later


def test_a_writer_that_holds_on_is_named(database, copy_of, monkeypatch):
    monkeypatch.setattr("service.store.postgres_database.PATIENCE_S", 1.0)
    other = copy_of(database)
    with (
        database.writing(),
        pytest.raises(StoreUnavailable, match="another copy of the service"),
        other.writing(),
    ):
        pass
    add_event(other)


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory, postgres_server: object) -> Iterator[PostgresServer]:
    """Give a server that a test may stop."""
    made = PostgresServer(tmp_path_factory.mktemp("own") / "data")
    yield made
    made.start()
    made.stop()


def test_a_server_that_goes_away_is_said_in_words_and_found_again(own_server, tmp_path):
    url = own_server.new_database().set(password="secret")
    database = PostgresDatabase(url, tmp_path)
    woken = threading.Event()
    try:
        kept = add_event(database)
        own_server.stop()
        for use in (database.writing, database.reading):
            with pytest.raises(StoreUnavailable, match="check the database server") as said, use():
                pass
            assert "secret" not in str(said.value)
        own_server.start()
        database.on_events(lambda newest: woken.set() if newest == 0 else None)
        assert woken.wait(WITHIN_S)  # it listens again, and has all looked at
        with database.reading() as c:
            assert events.newest(c) == kept
        assert add_event(database) > kept
    finally:
        database.close()


def test_a_connection_cut_in_a_transaction_undoes_it(database):
    kept = add_event(database)

    def is_cut() -> None:
        with database.writing() as c:
            events.append(c, "scan", "cut", {}, 1)
            pid = c.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with psycopg.connect(text_of(database.url), autocommit=True) as owner:
                owner.execute("SELECT pg_terminate_backend(%s)", (pid,))

    with pytest.raises(StoreUnavailable):
        is_cut()
    with database.reading() as c:
        assert events.newest(c) == kept
    assert add_event(database) > kept


INGEST = """
import sys
from pathlib import Path
from service.store import events
from service.store.open_store import open_store
database = open_store(Path(sys.argv[2]), sys.argv[1])
while True:
    with database.writing() as c:
        sequence = events.append(c, "scan", "x", {}, 1)
    print(sequence, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(database, tmp_path):
    arguments = [sys.executable, "-c", INGEST, text_of(database.url), str(tmp_path / "killed")]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(30)]
    os.kill(process.pid, signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split()]
    process.wait()
    process.stdout.close()
    after = add_event(database)  # the writer's lock was let go with the process
    with database.reading() as c:
        kept = [stored.sequence for stored in events.after(c, 0, 100_000)]
    assert set(told) <= set(kept)
    assert kept == sorted(set(kept))
    assert kept[-1] == after


@pytest.mark.parametrize("url", ["mysql://somebody:secret@host/x", "postgresql//typo:secret@x", "nonsense"])
def test_a_url_that_is_none_is_refused_without_its_password(url, tmp_path):
    with pytest.raises(ConfigError, match="postgresql://") as said:
        open_store(tmp_path, url)
    assert "secret" not in str(said.value)


def test_the_environment_names_the_store(database, tmp_path, monkeypatch):
    monkeypatch.setenv("LORRYSCAN_DATABASE", text_of(database.url))
    opened = open_store(tmp_path / "other")
    assert isinstance(opened, PostgresDatabase)
    opened.close()
    monkeypatch.delenv("LORRYSCAN_DATABASE")
    on_disk = open_store(tmp_path / "other")
    assert isinstance(on_disk, SqliteDatabase)
    on_disk.close()


def test_nobody_there(tmp_path):
    with pytest.raises(StoreUnavailable, match="check the database server"):
        open_store(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing")


def test_a_newer_schema_is_left_alone(database, copy_of):
    with psycopg.connect(text_of(database.url)) as c:
        c.execute("UPDATE alembic_version SET version_num = 'r9999'")
    with pytest.raises(StoreUnavailable, match="newer lorryscan"):
        copy_of(database)


def test_every_table_is_as_the_code_says(database):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from service.store import tables

    def ours(thing: Any, name: str | None, kind: str, *_: Any) -> bool:
        return not (kind == "table" and name == "latest")  # telemetry: never the truth, and in no model

    with database.reading() as c:
        found = MigrationContext.configure(c, opts={"compare_type": True, "include_object": ours})
        assert compare_metadata(found, tables.metadata) == []
