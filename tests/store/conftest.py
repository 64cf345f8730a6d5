"""A store in a temporary folder, and what a lane tells it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import TypeAdapter
from ulid import ULID

from scanner.lane.wire import Message
from service.config.alerts_table import AlertsTable
from service.resources import AuditEntry
from service.store import alerts, audit, lanes, messages, passwords, scans
from service.store.database import Database
from service.store.postgres_database import PostgresDatabase
from service.store.sqlite_database import SqliteDatabase
from tests.postgres_server import PostgresServer, text_of

MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
NOON_MS = 1_793_620_800_000
Raw = dict[str, Any]


class Lane:
    """Writes the messages of one lane about one scan, and puts them into a store."""

    def __init__(self, database: Database, lane_id: str = "north-quay-2") -> None:
        self.database, self.id, self.scan = database, lane_id, str(ULID())
        self.now_ms = NOON_MS

    def message(self, kind: str, body: Raw, **envelope: object) -> Raw:
        """Return a message as JSON values, under a new key."""
        created = {"key": str(ULID()), "created_utc_ns": self.now_ms * 1_000_000}
        return {"kind": kind, "scan_id": self.scan, "body": body} | created | envelope

    def opened(self, plate: str = "AB12 CDE") -> Raw:
        """Return that the scan was opened."""
        declared = {"vehicle_class": "reefer", "cargo": "boxed", "plate": plate, "laden": True}
        return self.message("scan_opened", {"declaration": declared, "by": "officer.north"})

    def content(self, recommendation: str, visit: int = 1, mono_ns: int = 1, **more: object) -> Raw:
        """Return an assessment."""
        minutes = 12.5 if recommendation == "rescue" else "inf"
        return {
            "scan_id": self.scan,
            "visit": visit,
            "mono_ns": mono_ns,
            "final": False,
            "posterior": 0.5,
            "recommendation": recommendation,
            "reasons": [said(recommendation)],
            "persons": {"low": 1, "likely": 2, "high": 4},
            "life_risk": {"minutes_low": minutes, "minutes_high": None, "reason": said("co2")},
            "evidences": [],
            "digest": f"{visit}-{mono_ns}-{recommendation}",
            "versions": {"lorryscan": "0.1.0"},
        } | more

    def assessed(self, recommendation: str, visit: int = 1, mono_ns: int = 1, **more: object) -> Raw:
        """Return that the recommendation changed."""
        return self.message("assessment", self.content(recommendation, visit, mono_ns, **more))

    def visit_ended(self, recommendation: str, visit: int = 1, mono_ns: int = 1) -> Raw:
        """Return that a visit is over, with its last assessment."""
        last = self.content(recommendation, visit, mono_ns)
        return self.message("visit_ended", {"why": "left", "visit": visit, "assessment": last})

    def interrupted(self, visit: int = 1) -> Raw:
        """Return that a visit was cut off."""
        return self.message("visit_interrupted", {"why": "the lane was cut off", "visit": visit})

    def closed(self) -> Raw:
        """Return that an officer closed the scan."""
        return self.message("scan_closed", {"by": "officer.north"})

    def tell(self, raw: Raw, now_ms: int | None = None, **limits: AlertsTable) -> bool:
        """Have the store take a message."""
        message = MESSAGE.validate_python(raw)
        with self.database.writing() as c:
            return messages.take(c, self.id, message, raw, now_ms or self.now_ms, **limits)

    def kept(self) -> scans.Scan:
        """Return the scan as stored."""
        with self.database.reading() as c:
            return scans.get(c, self.scan)

    def alert(self) -> alerts.Alert:
        """Return the scan's only alert."""
        with self.database.reading() as c:
            [alert] = [a for a in alerts.listed(c, False, None, None) if a.scan_id == self.scan]
        return alert


def said(code: str) -> Raw:
    """Return a reason."""
    return {"code": code, "values": {"n": 1.0}, "text": {"en": "It is so", "fr": "C’est ainsi"}}


@pytest.fixture(params=["sqlite", "postgres"])
def store_kind(request: pytest.FixtureRequest) -> str:
    """Say which store a test gets; files that are about SQLite alone give their own answer."""
    kind: str = request.param
    return kind


@pytest.fixture
def database(tmp_path: Path, store_kind: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Give a store with nothing in it but the lane north-quay-2."""
    made: Database
    if store_kind == "sqlite":
        made = SqliteDatabase(tmp_path / "data")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made = PostgresDatabase(server.new_database(), tmp_path / "data")
    with made.writing() as c:
        lanes.add(c, "north-quay-2", "test", NOON_MS)
    yield made
    made.close()


@pytest.fixture
def lane(database: Database) -> Lane:
    """Give a lane with a scan of its own."""
    return Lane(database)


@pytest.fixture
def handle(lane: Lane) -> Callable[..., alerts.Alert]:
    """Give a function that has an officer do something with the lane's alert."""

    def act(
        function: Callable[..., alerts.Alert],
        *values: object,
        by: str = "anna",
        now_ms: int | None = None,
        **more: object,
    ) -> alerts.Alert:
        with lane.database.writing() as c:
            return function(c, lane.alert().id, *values, by, now_ms or lane.now_ms, **more)

    return act


@pytest.fixture
def audited(database: Database) -> Callable[[str], list[AuditEntry]]:
    """Give a function that reads the audit log's entries about one action."""

    def read(action: str) -> list[AuditEntry]:
        with database.reading() as c:
            return [entry for entry in audit.after(c, 0, 1000) if entry.action == action]

    return read


@pytest.fixture
def new_lane(database: Database) -> Callable[..., Lane]:
    """Give a function that makes another lane, or the same with another scan."""
    return lambda lane_id="north-quay-2": Lane(database, lane_id)


@pytest.fixture
def rows(database: Database) -> Callable[..., list[Any]]:
    """Give a function that asks the database itself, past the code under test."""

    def ask(sql: str, *values: object) -> list[Any]:
        if isinstance(database, SqliteDatabase):
            with closing(sqlite3.connect(database.file)) as db:
                return db.execute(sql, values).fetchall()
        assert isinstance(database, PostgresDatabase)
        with psycopg.connect(text_of(database.url)) as c:
            return c.execute(sql.replace("%", "%%").replace("?", "%s"), values).fetchall()

    return ask


@pytest.fixture(scope="session")
def lane_of() -> Callable[[Database], Lane]:
    """Give a function that makes a lane with a new scan in any store."""
    return Lane


@pytest.fixture
def light_passwords(monkeypatch) -> None:
    """Hash with little work, where hashing is not what the test is about."""
    light = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(passwords, "_ARGON2ID", light)
