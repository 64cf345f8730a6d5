"""``lorryscan accounts`` and ``lorryscan lanes`` as somebody at the console uses them."""

from __future__ import annotations

import io
import os
import pty
import select
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.cli import main
from service.store import accounts, lanes, tokens
from service.store.sqlite_database import FILE, SqliteDatabase


@pytest.fixture
def store_kind() -> str:
    """Say that all of this is about SQLite."""
    return "sqlite"


WORD = "pferd batterie heftklammer"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give the path of a data folder that is not there yet."""
    return tmp_path / "service-data"


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit status."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def lorryscan(monkeypatch, capsys) -> Callable[..., Done]:
    """Give a function that runs the command in this process, as its entry point does."""

    def run(*words: object, typed: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["lorryscan", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def mend(lorryscan) -> Callable[..., str]:
    """Give a function that returns the one sentence with which a command is refused."""

    def refuse(*words: object, typed: str = "", status: int = 1) -> str:
        done = lorryscan(*words, typed=typed)
        assert (done.returncode, done.stdout) == (status, "")
        [line] = done.stderr.splitlines()
        assert line.startswith("lorryscan: ")
        return line

    return refuse


def test_accounts_from_a_pipe(data, lorryscan):
    done = lorryscan("accounts", "add", "chief", "--role", "supervisor", "--data", data, typed=WORD + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    lorryscan("accounts", "add", "anna", "--role", "officer", "--data", data, typed=WORD + "\n")
    assert lorryscan("accounts", "disable", "anna", "--data", data).returncode == 0
    done = lorryscan("accounts", "list", "--data", data)
    assert done.stdout.splitlines() == ["anna  officer  disabled", "chief  supervisor"]
    new = "another long password"
    assert lorryscan("accounts", "password", "chief", "--data", data, typed=new + "\n").returncode == 0
    database = SqliteDatabase(data)
    with database.reading() as c:
        assert accounts.verify(c, "chief", new) is not None
        assert accounts.verify(c, "chief", WORD) is None
    database.close()
    with closing(sqlite3.connect(data / FILE)) as db:
        who = db.execute("SELECT DISTINCT who FROM audit WHERE action LIKE 'account%'").fetchall()
    assert len(who) == 1
    assert who[0][0].startswith("console")


def test_password_is_asked_for_twice_and_not_shown(data):
    leader, follower = pty.openpty()
    words = [sys.executable, "-m", "service", "accounts", "add", "chief"]
    with subprocess.Popen(
        [*words, "--role", "supervisor", "--data", str(data)],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # makes it the session's terminal
    ) as child:
        os.close(follower)
        shown = _until(leader, "Password: ")
        os.write(leader, f"{WORD}\n".encode())
        shown += _until(leader, "The same again: ")
        os.write(leader, f"{WORD}\n".encode())
        shown += _until(leader, "supervisor.")
        assert child.wait(30) == 0
    os.close(leader)
    assert WORD not in shown
    database = SqliteDatabase(data)
    with database.reading() as c:
        assert accounts.verify(c, "chief", WORD) is not None
    database.close()


def _until(terminal: int, words: str) -> str:
    shown, deadline = "", time.monotonic() + 50
    while words not in shown:
        ready, _, _ = select.select([terminal], [], [], max(deadline - time.monotonic(), 0))
        assert ready, f"{words!r} did not come; shown: {shown!r}"
        shown += os.read(terminal, 1000).decode()
    return shown


def test_lane_gets_a_token_and_the_lines_for_its_file(data, lorryscan, mend):
    done = lorryscan("lanes", "add", "north-quay-2", "--data", data)
    lines = done.stdout.splitlines()
    token = lines[1]
    assert lines[-3:] == ["[service]", 'url = "https://this-machine:8080"', 'token_file = "lane.token"']
    database = SqliteDatabase(data)
    with database.reading() as c:
        assert lanes.lane_of(c, token, 2**52) == "north-quay-2"
    database.close()
    assert "revoke it first" in mend("lanes", "add", "north-quay-2", "--data", data)
    assert lorryscan("lanes", "revoke", "north-quay-2", "--data", data).returncode == 0
    assert lorryscan("lanes", "list", "--data", data).stdout == "north-quay-2  revoked\n"
    assert lorryscan("lanes", "add", "north-quay-2", "--data", data).returncode == 0
    assert lorryscan("lanes", "list", "--data", data).stdout == "north-quay-2\n"


def test_new_token_of_a_lane_has_scopes_an_end_and_an_overlap(data, lorryscan):
    old = lorryscan("lanes", "add", "south", "--data", data).stdout.splitlines()[1]
    words = ("--scope", "messages", "--days", "30", "--overlap-min", "5")
    new = lorryscan("lanes", "token", "south", *words, "--data", data).stdout.splitlines()[1]
    now_ms = time.time_ns() // 1_000_000
    database = SqliteDatabase(data)
    with database.reading() as c:
        given = tokens.bearer(c, new, now_ms)
        assert given.scopes == {"messages"}
        assert given.expires_utc_ms == pytest.approx(now_ms + 30 * 86_400_000, abs=60_000)
        assert lanes.lane_of(c, old, now_ms) == "south"
        assert lanes.lane_of(c, old, now_ms + 300_000) is None
    database.close()


def test_gate_is_added_listed_given_a_new_token_and_revoked(data, lorryscan, mend):
    first = lorryscan("gates", "add", "reader-1", "--data", data).stdout.splitlines()[1]
    assert "revoke it first" in mend("gates", "add", "reader-1", "--data", data)
    second = lorryscan("gates", "token", "reader-1", "--data", data).stdout.splitlines()[1]
    assert first != second
    assert lorryscan("gates", "list", "--data", data).stdout == "reader-1\n"
    assert lorryscan("gates", "revoke", "reader-1", "--data", data).returncode == 0
    assert "There are no gates" in lorryscan("gates", "list", "--data", data).stdout
    assert "no gate south" in mend("gates", "revoke", "south", "--data", data)


def test_refusals_are_one_sentence_with_the_mend(data, lorryscan, mend):
    add = ("accounts", "add", "chief", "--role", "supervisor", "--data", data)
    assert "10 to 200 characters" in mend(*add, typed="short\n", status=2)
    assert lorryscan(*add, typed=WORD + "\n").returncode == 0
    assert "choose another name" in mend(*add, typed=WORD + "\n")
    assert "lower-case" in mend("accounts", "add", "Chief", "--role", "officer", "--data", data, status=2)
    assert "last enabled supervisor" in mend("accounts", "disable", "chief", "--data", data)
    assert "check the name" in mend("accounts", "disable", "anna", "--data", data)
    assert "no lane south" in mend("lanes", "revoke", "south", "--data", data)
    assert "letters, digits" in mend("lanes", "add", "south quay", "--data", data, status=2)
    assert "--data" in mend("lanes", "list", "--data", data / "elsewhere", status=2)
    assert not (data / "elsewhere").exists()


def test_while_the_service_runs(data, mend):
    running = SqliteDatabase(data)
    for words in (("accounts", "list"), ("lanes", "add", "south"), ("accounts", "disable", "anna")):
        assert "running service" in mend(*words, "--data", data)
    running.close()


def test_audit_verify_names_a_row_changed_by_hand(data, lorryscan):
    lorryscan("accounts", "add", "chief", "--role", "supervisor", "--data", data, typed=WORD + "\n")
    done = lorryscan("audit", "verify", "--data", data)
    assert (done.returncode, "nothing was changed" in done.stdout) == (0, True), done.stdout + done.stderr
    with closing(sqlite3.connect(data / FILE)) as db, db:
        db.execute("UPDATE users SET role = 'auditor'")
    done = lorryscan("audit", "verify", "--data", data)
    assert done.returncode == 1
    assert done.stdout.startswith("users chief: its contents are not what entry ")


def test_audit_proof_and_export_are_checked_with_the_key(data, lorryscan, tmp_path):
    lorryscan("accounts", "add", "chief", "--role", "supervisor", "--data", data, typed=WORD + "\n")
    key = lorryscan("audit", "key", "--data", data).stdout.strip()
    assert (data / "audit-key.pem").stat().st_mode & 0o777 == 0o600
    for option, command in (("--proof", ("prove", "2")), ("--export", ("export",))):
        file = tmp_path / option[2:]
        assert lorryscan("audit", *command, file, "--data", data).returncode == 0
        good = lorryscan("audit", "verify", option, file, "--key", key)
        assert (good.returncode, "signed with the key" in good.stdout) == (0, True), good.stdout + good.stderr
        file.write_text(file.read_text().replace("chief", "thief"))
        assert lorryscan("audit", "verify", option, file, "--key", key).returncode == 1


def test_a_plate_is_erased_and_the_scans_file_is_checked(data, lorryscan, lane_of, tmp_path):
    database = SqliteDatabase(data)
    with database.writing() as c:
        lanes.add(c, "north-quay-2", "test", 1)
    lane = lane_of(database)
    for raw in (lane.opened(), lane.assessed("search"), lane.closed()):
        lane.tell(raw)
    database.close()
    file = tmp_path / "scan.zip"
    assert lorryscan("privacy", "file", lane.scan, file, "--reason", "court", "--data", data).returncode == 0
    assert lorryscan("audit", "verify", "--file", file).returncode == 0
    due = lorryscan("privacy", "retention", "--dry-run", "--data", data).stdout
    assert due.startswith("due: ")
    done = lorryscan("privacy", "erase", "--plate", "ab12cde", "--reason", "art. 17", "--data", data)
    assert (
        done.stdout == "1 scans, and 0 vehicles that were never scanned, have no personal parts any more.\n"
    ), done.stderr
    assert lorryscan("audit", "verify", "--data", data).returncode == 0
    with closing(sqlite3.connect(data / FILE)) as db:
        assert db.execute("SELECT plate_key FROM scans").fetchall() == [("",)]
