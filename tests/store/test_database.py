"""The database: one connection that writes, readers that cannot, and what a refusing disk does."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from service.store import audit, events, lanes
from service.store.database import Database
from service.store.errors import StoreBusy, StoreUnavailable
from service.store.sqlite_database import FILE, SqliteDatabase


@pytest.fixture
def store_kind() -> str:
    """Say that all of this is about SQLite."""
    return "sqlite"


INGEST_UNTIL_FULL = Path(__file__).with_name("ingest_until_full.py")


def add_event(database: Database, subject: str = "x") -> int:
    with database.writing() as c:
        return events.append(c, "lane", subject, {"id": subject}, 1)


def test_settings_of_the_writing_connection(database):
    with database.writing() as c:
        said = {p: c.execute(text(f"PRAGMA {p}")).scalar() for p in ("journal_mode", "synchronous")}
        assert said == {"journal_mode": "wal", "synchronous": 2}  # 2 is FULL
        assert c.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert database.file.stat().st_mode & 0o077 == 0


def test_foreign_keys_hold(database):
    with pytest.raises(IntegrityError), database.writing() as c:
        c.execute(
            text(
                "INSERT INTO assessments (scan_id, visit, mono_ns, digest, recommendation, final, message) "
                "VALUES ('none', 1, 1, '', '', 0, 1)"
            )
        )


def test_readers_can_neither_write_nor_checkpoint(database):
    add_event(database)
    wal = database.file.with_name(FILE + "-wal")
    size = wal.stat().st_size
    assert size > 0
    with pytest.raises(StoreUnavailable, match="readonly"), database.reading() as c:
        c.execute(text("DELETE FROM events"))
    with database.reading() as c:
        db = c.connection.driver_connection
        c.rollback()
        with pytest.raises(sqlite3.OperationalError):
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        db.execute("PRAGMA query_only=OFF")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("DELETE FROM events")
        with pytest.raises(sqlite3.OperationalError):
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        db.execute("PRAGMA query_only=ON")
    database._readers.dispose()
    assert wal.stat().st_size == size


def test_a_reader_that_closes_last_leaves_the_wal(tmp_path):
    """What `Database` relies on: SQLite's own closing checkpoint needs a connection that may write."""
    file = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE t (x)")
        db.execute("INSERT INTO t VALUES (1)")
        (tmp_path / "copy.sqlite").write_bytes(file.read_bytes())
        wal = (tmp_path / "x.sqlite-wal").read_bytes()
    (tmp_path / "copy.sqlite-wal").write_bytes(wal)
    address = f"{(tmp_path / 'copy.sqlite').as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as reader:
        assert reader.execute("SELECT x FROM t").fetchall() == [(1,)]
    assert (tmp_path / "copy.sqlite-wal").read_bytes() == wal


def test_readers_open_before_anything_is_written_again(tmp_path):
    SqliteDatabase(tmp_path).close()
    assert not (tmp_path / (FILE + "-wal")).exists()
    again = SqliteDatabase(tmp_path)
    with again.reading() as c:
        assert events.newest(c) == 0
    again.close()


def test_close_folds_the_wal_into_the_file(tmp_path):
    database = SqliteDatabase(tmp_path)
    add_event(database)
    with database.reading() as c:
        assert events.newest(c) == 1
    database.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["service.lock", FILE]


def test_a_folder_with_odd_letters_opens(tmp_path):
    odd = SqliteDatabase(tmp_path / "Données du quai #2 ?mode=rw 100%")
    add_event(odd)
    with odd.reading() as c:
        assert events.newest(c) == 1
    odd.close()


def test_reading_sees_one_moment(database):
    add_event(database)
    with database.reading() as c:
        before = events.newest(c)
        assert add_event(database) == before + 1
        assert events.newest(c) == before
    with database.reading() as c:
        assert events.newest(c) == before + 1


def test_listener_is_called_after_the_commit_only(database, rows):
    heard: list[tuple[int, list[tuple[int]]]] = []
    before = rows("SELECT max(sequence) FROM events")
    database.on_events(lambda newest: heard.append((newest, rows("SELECT max(sequence) FROM events"))))
    with database.writing() as c:
        events.append(c, "lane", "x", {}, 1)
        newest = events.append(c, "lane", "y", {}, 1)
        assert rows("SELECT max(sequence) FROM events") == before
        assert heard == []
    assert heard == [(newest, [(newest,)])]
    with database.writing() as c:
        audit.append(c, "x", "no_event", "x", {}, 1)
    assert len(heard) == 1


def test_rollback_leaves_nothing_and_tells_nobody(database, rows):
    heard: list[int] = []
    database.on_events(heard.append)
    before = rows("SELECT * FROM events"), rows("SELECT * FROM audit"), rows("SELECT * FROM lanes")

    def fail_late() -> None:
        with database.writing() as c:
            lanes.add(c, "south", "test", 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_late()
    assert heard == []
    assert (rows("SELECT * FROM events"), rows("SELECT * FROM audit"), rows("SELECT * FROM lanes")) == before
    with database.writing() as c:
        audit.append(c, "x", "after_the_rollback", "x", {}, 1)
    assert heard == []  # nothing of what was undone is told with the next commit


def test_failing_listener_does_not_undo_or_silence(database, caplog):
    heard: list[int] = []
    database.on_events(lambda newest: 1 // 0)
    database.on_events(heard.append)
    newest = add_event(database)
    assert heard == [newest]
    assert "listener" in caplog.text


def test_listener_may_write(database, rows):
    def note(newest: int) -> None:
        with database.writing() as c:
            audit.append(c, "x", "heard", str(newest), {}, 1)

    database.on_events(note)
    newest = add_event(database)
    assert rows("SELECT subject FROM audit WHERE action = 'heard'") == [(str(newest),)]


def test_writing_inside_writing_is_said_at_once(database):
    with database.writing(), pytest.raises(RuntimeError, match="writing already"), database.writing():
        pass
    add_event(database)


def test_events_are_kept_up_to_a_limit_and_never_numbered_twice(database, rows, monkeypatch):
    monkeypatch.setattr(events, "KEPT", 600)
    with database.writing() as c:
        for _ in range(2100):
            last = events.append(c, "lane", "x", {}, 1)
    [(oldest, newest, kept)] = rows("SELECT min(sequence), max(sequence), count(*) FROM events")
    assert newest == last
    assert 600 <= kept <= 1100
    assert newest - oldest == kept - 1
    with database.writing() as c:
        c.execute(text("DELETE FROM events"))
    assert add_event(database) == last + 1


def test_closed_store_stays_closed(tmp_path):
    database = SqliteDatabase(tmp_path)
    database.close()
    database.close()
    for use in (database.writing, database.reading):
        with pytest.raises(StoreUnavailable, match="closed"), use():
            pass
    SqliteDatabase(tmp_path).close()  # the folder is free
    assert sorted(p.name for p in tmp_path.iterdir()) == ["service.lock", FILE]


def test_foreign_program_that_holds_the_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("service.store.sqlite_database._BUSY_MS", 20)
    database = SqliteDatabase(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another program holds the file"):
            add_event(database)
        with database.reading() as c:
            assert events.newest(c) == 0
    assert add_event(database) == 1
    database.close()


def test_second_process_is_refused_until_the_first_ends(tmp_path):
    code = (
        "import sys; from pathlib import Path; from service.store.sqlite_database import SqliteDatabase\n"
        "d = SqliteDatabase(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        assert child.stdout.readline() == "held\n"
        with pytest.raises(StoreBusy, match="running service"):
            SqliteDatabase(tmp_path)
        child.kill()
    SqliteDatabase(tmp_path).close()


def test_same_process_cannot_hold_a_folder_twice(database):
    with pytest.raises(StoreBusy):
        SqliteDatabase(database.path)


@pytest.mark.parametrize("contents", [b"no database at all, but long enough to be one" * 100, None])
def test_damaged_file_is_said_in_words(tmp_path, contents):
    SqliteDatabase(tmp_path).close()
    file = tmp_path / FILE
    whole = file.read_bytes()
    file.write_bytes(contents or whole[:5000] + bytes(len(whole) - 5000))
    with pytest.raises(StoreUnavailable, match="damaged: put back a copy"):
        SqliteDatabase(tmp_path)
    file.write_bytes(whole)
    SqliteDatabase(tmp_path).close()  # the folder was let go


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreUnavailable, match="choose another data folder"):
        SqliteDatabase(tmp_path / "data")


def test_full_database_refuses_whole_and_goes_on_after(lane, rows):
    lane.tell(lane.opened())
    with lane.database.writing() as c:
        pages = c.execute(text("PRAGMA page_count")).scalar_one()
        c.execute(text(f"PRAGMA max_page_count={pages}"))
    heard: list[int] = []
    lane.database.on_events(heard.append)
    before = rows("SELECT count(*) FROM messages"), rows("SELECT count(*) FROM events")
    big = lane.assessed("search", notes="x" * 200_000)
    with pytest.raises(StoreUnavailable, match="make room on the disk"):
        lane.tell(big)
    assert (rows("SELECT count(*) FROM messages"), rows("SELECT count(*) FROM events")) == before
    assert rows("SELECT count(*) FROM alerts") == [(0,)]
    assert heard == []
    with lane.database.writing() as c:
        c.execute(text("PRAGMA max_page_count=1000000"))
    assert lane.tell(big)
    assert lane.alert().level.value == "search"
    assert len(heard) == 1


def test_disk_that_refuses_in_the_middle_loses_nothing_acknowledged(tmp_path):
    """The system itself refuses to let the files grow: what was acknowledged stays, the rest is whole."""
    done = subprocess.run(
        [sys.executable, str(INGEST_UNTIL_FULL), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )
    lines = done.stdout.split("\n")
    refused = [line for line in lines if line.startswith("refused ")]
    taken = {line.split()[1] for line in lines if line.startswith("taken ")}
    assert len(refused) == 3
    assert all("make room" in line or "check the disk" in line for line in refused)
    assert len(taken) > 10
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert {key for (key,) in db.execute("SELECT key FROM messages")} == taken
        assert db.execute("SELECT count(*) FROM alerts").fetchone() == (len(taken),)
        audited = db.execute("SELECT count(*) FROM audit WHERE action = 'assessment'").fetchone()
        assert audited == (len(taken),)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _opened(file: Path) -> list[str]:
    """Return how this process has opened a file, as the kernel says."""
    modes = {0: "read", 1: "write", 2: "read and write"}
    found = []
    for opened in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            if opened.readlink() == file:
                info = Path(f"/proc/self/fdinfo/{opened.name}").read_text()
                flags = int(next(x.split()[1] for x in info.splitlines() if x.startswith("flags:")), 8)
                found.append(modes[flags & 3])
    return found


def test_writers_and_readers_at_once(lane, new_lane):
    """What a reader sees is always whole: as many audit entries and alerts as messages."""
    each, writers = 15, 6
    errors: list[BaseException] = []
    stop = threading.Event()
    looks = [0] * 4

    def write() -> None:
        try:
            for _ in range(each):
                mine = new_lane()
                assert mine.tell(mine.assessed("search"))
        except BaseException as error:
            errors.append(error)

    def read(number: int) -> None:
        newest = 0
        try:
            while not stop.is_set():
                with lane.database.reading() as c:
                    told = c.execute(text("SELECT count(*) FROM messages")).scalar_one()
                    raised = c.execute(text("SELECT count(*) FROM alerts")).scalar_one()
                    query = "SELECT count(*) FROM audit WHERE action = 'assessment'"
                    assert told == raised == c.execute(text(query)).scalar_one()
                    assert events.newest(c) >= newest
                    newest = events.newest(c)
                looks[number] += 1
        except BaseException as error:
            errors.append(error)

    def loud(target, *values):
        thread = threading.Thread(target=target, args=values, daemon=True)
        thread.start()
        return thread

    readers = [loud(read, number) for number in range(4)]
    for thread in [loud(write) for _ in range(writers)]:
        thread.join(120)
        assert not thread.is_alive()
    stop.set()
    for thread in readers:
        thread.join(30)
    assert errors == []
    assert min(looks) > 0
    assert _opened(lane.database.file).count("read and write") == 1
    assert _opened(lane.database.file).count("read") > 0
    with lane.database.reading() as c:
        assert c.execute(text("SELECT count(*) FROM messages")).scalar_one() == each * writers
        seen = [e.sequence for e in events.after(c, 0, 10_000)]
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("instead", ["nothing", "a copy"])
def test_file_that_was_replaced_under_the_service_takes_nothing(tmp_path, instead):
    database = SqliteDatabase(tmp_path)
    add_event(database)
    aside = tmp_path / "aside"
    database.file.rename(aside)
    if instead == "a copy":
        database.file.write_bytes(aside.read_bytes())
    with pytest.raises(StoreUnavailable, match="was replaced, moved or removed"):
        add_event(database)
    with pytest.raises(StoreUnavailable, match="start the service again"), database.reading():
        pass
    aside.rename(database.file)
    assert add_event(database) == 2, "put back, it goes on"
    database.close()


def test_check_of_writes_meets_the_disk(tmp_path):
    """Ask another process whose files may not grow: the WAL is as long as it may be."""
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from service.store.errors import StoreUnavailable\n"
        "from service.store.sqlite_database import SqliteDatabase\n"
        "d = SqliteDatabase(Path(sys.argv[1])); d.check_writes()\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "size = d.file.with_name(d.file.name + '-wal').stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "try: d.check_writes()\n"
        "except StoreUnavailable: print('refused')\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert said.stdout == "refused\n", said.stderr
