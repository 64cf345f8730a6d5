"""A service on a free port in a thread of the test, people and lanes that talk to it over HTTP."""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from sqlalchemy.engine import URL
from ulid import ULID

from service.api.app import create_app
from service.api.context import Service
from service.api.server import BoothServer
from service.config.accounts_table import AccountsTable
from service.config.service_file import ServiceConfig
from service.resources import Role
from service.store import accounts, gates, lanes
from service.store.passwords import hash_password
from service.store.postgres_database import PostgresDatabase
from service.store.sqlite_database import SqliteDatabase

HOST = "127.0.0.1"
COOKIE = "__Host-lorryscan"
PASSWORD = "brass kettle on the quay"
WITHIN_S = 30.0  # against hanging: a busy machine takes its time
Raw = dict[str, Any]


def now_ms() -> int:
    """Return UTC, ms since 1970."""
    return time.time_ns() // 1_000_000


def said(code: str) -> Raw:
    """Return a reason."""
    return {"code": code, "values": {"n": 1.0}, "text": {"en": "It is so", "fr": "C’est ainsi"}}


class LaneClient(httpx.Client):
    """A lane that speaks to the service, with a scan of its own."""

    def __init__(self, url: str, lane_id: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        super().__init__(base_url=url, headers=headers, trust_env=False, timeout=20, verify=False)
        self.id, self.token, self.run, self.scan = lane_id, token, str(ULID()), str(ULID())
        self._views = 0

    def message(self, kind: str, body: Raw, **envelope: object) -> Raw:
        """Return a message under a new key."""
        fresh = {"key": str(ULID()), "created_utc_ns": time.time_ns()}
        return {"kind": kind, "scan_id": self.scan, "body": body} | fresh | envelope

    def opened(self) -> Raw:
        """Return that the scan was opened."""
        declared = {"vehicle_class": "reefer", "cargo": "boxed", "plate": "AB12 CDE", "laden": True}
        return self.message("scan_opened", {"declaration": declared, "by": "officer"})

    def assessed(self, recommendation: str, mono_ns: int = 1, **more: object) -> Raw:
        """Return that the recommendation changed."""
        body = {
            "scan_id": self.scan,
            "visit": 1,
            "mono_ns": mono_ns,
            "final": False,
            "posterior": 0.5,
            "recommendation": recommendation,
            "reasons": [said(recommendation)],
            "persons": None,
            "life_risk": {"minutes_low": None, "minutes_high": None, "reason": said("co2")},
            "evidences": [],
            "digest": f"{mono_ns}-{recommendation}",
        }
        return self.message("assessment", body | more)

    def tell(self, raw: Raw) -> httpx.Response:
        """Post a message."""
        return self.post("/api/v1/lane/messages", json=raw)

    def raises_alert(self) -> str:
        """Open a scan that calls for a search, and return its alert's id as booths see it."""
        self.scan = str(ULID())
        for raw in (self.opened(), self.assessed("search")):
            assert self.tell(raw).status_code == 201
        return self.scan

    def view(self, **more: object) -> Raw:
        """Return the lane's next live view."""
        self._views += 1
        whole = {"run": self.run, "sequence": self._views, "utc_ms": now_ms(), "devices": []}
        return whole | more

    def show(self, **more: object) -> httpx.Response:
        """Post a live view."""
        return self.post("/api/v1/lane/live", json=self.view(**more))


@dataclass
class Told:
    """One server-sent event."""

    name: str
    id: int | None
    data: Raw
    at_s: float


@dataclass
class Reading:
    """An event stream that a thread reads."""

    events: list[Told] = field(default_factory=list)
    ended: bool = False
    status: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, what: Callable[[list[Told]], bool], within_s: float = WITHIN_S) -> list[Told]:
        """Return the events once they are as awaited."""
        with self.changed:
            ok = self.changed.wait_for(lambda: what(self.events), within_s)
            seen = [(told.name, told.id) for told in self.events]
            assert ok, f"not within {within_s} s: {seen}, ended {self.ended}"
            return list(self.events)

    def first(self, name: str, within_s: float = WITHIN_S) -> Told:
        """Return the first event of this name."""
        events = self.wait(lambda all_: any(told.name == name for told in all_), within_s)
        return next(told for told in events if told.name == name)

    def wait_end(self, within_s: float = WITHIN_S) -> None:
        """Wait until the service ended it."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.ended, within_s), "the stream goes on"

    def take(self, response: httpx.Response) -> None:
        """Read to the end."""
        name, number, data = "", None, ""
        with contextlib.suppress(httpx.TransportError, httpx.StreamError):
            for line in response.iter_lines():
                if line:
                    kind, _, value = line.partition(": ")
                    name, number, data = (
                        value if kind == "event" else name,
                        int(value) if kind == "id" else number,
                        value if kind == "data" else data,
                    )
                    continue
                with self.changed:
                    self.events.append(Told(name, number, json.loads(data), time.monotonic()))
                    self.changed.notify_all()
                name, number, data = "", None, ""
        with self.changed:
            self.ended = True
            self.changed.notify_all()


@contextlib.contextmanager
def reading(client: httpx.Client, path: str, **options: Any) -> Iterator[Reading]:
    """Read an event stream in a thread while the block runs."""
    stream = Reading()
    with client.stream("GET", path, timeout=30, **options) as response:
        stream.status = response.status_code
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        thread = threading.Thread(target=stream.take, args=(response,))
        thread.start()
        try:
            yield stream
        finally:
            # the reader sits in recv: only the socket itself wakes it
            raw = response.extensions["network_stream"].get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)
            thread.join(WITHIN_S)


@functools.cache
def _password_hash() -> str:
    """Return one hash for all: Argon2 takes its time on purpose."""
    return hash_password(PASSWORD)


class RunningService:
    """The real application in the real server, in a thread."""

    def __init__(
        self, data: Path, url: URL | None = None, accounts_table: Raw | None = None, **options: Any
    ) -> None:
        self.database = SqliteDatabase(data) if url is None else PostgresDatabase(url, data)
        config = ServiceConfig(accounts=AccountsTable(**(accounts_table or {})))
        self.app = create_app(self.database, config)
        self.service: Service = self.app.state.service
        self._listener = socket.create_server((HOST, 0))
        self.url = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self.server = BoothServer(self.app, self.service.shut_down, **options)
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()
        deadline = time.monotonic() + WITHIN_S
        while not self.server.started:
            assert time.monotonic() < deadline
            assert self._thread.is_alive()
            time.sleep(0.005)
        self._clients: list[httpx.Client] = []
        with self.database.reading() as c:
            known = {user.name for user in accounts.users(c)}
        for role in Role:
            if role.value not in known:
                self.add(role, role.value)

    def add(self, role: Role, name: str = "") -> str:
        """Add an account and return its name."""
        name = name or f"{role.value}-{str(ULID()).lower()}"
        hashed = patch("service.store.accounts.hash_password", return_value=_password_hash())
        with hashed, self.database.writing() as c:
            accounts.add(c, name, role, PASSWORD, "test", now_ms())
        return name

    def session(self, name: str) -> str:
        """Return the token of a new session."""
        with self.database.writing() as c:
            return accounts.open_session(c, name, now_ms())

    def client(self, token: str = "", origin: str | None = None) -> httpx.Client:
        """Return somebody at a booth."""
        headers = {"Origin": origin or self.url}
        if token:
            headers["Cookie"] = f"{COOKIE}={token}"
        made = httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=20, verify=False)
        self._clients.append(made)
        return made

    def booth(self, name: str = "officer") -> httpx.Client:
        """Return somebody who is logged in; accounts are called as their role."""
        return self.client(self.session(name))

    def lane(self, lane_id: str = "") -> LaneClient:
        """Return a new lane."""
        lane_id = lane_id or f"lane-{ULID()}"
        with self.database.writing() as c:
            token = lanes.add(c, lane_id, "test", now_ms())
        made = LaneClient(self.url, lane_id, token)
        self._clients.append(made)
        return made

    def gate(self, name: str = "") -> httpx.Client:
        """Return a new gate."""
        name = name or f"gate-{ULID()}"
        with self.database.writing() as c:
            token = gates.add(c, name, "test", now_ms())
        headers = {"Authorization": f"Bearer {token}"}
        made = httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=20, verify=False)
        self._clients.append(made)
        return made

    def stop(self) -> None:
        """End it, as SIGTERM would."""
        for client in self._clients:
            client.close()
        self.server.should_exit = True
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()
        self._listener.close()
        self.database.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """Give one service to all tests of a file; each makes its own lane and sessions."""
    made = RunningService(tmp_path_factory.mktemp("service"))
    yield made
    made.stop()


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[RunningService]:
    """Give a service to one test alone."""
    made = RunningService(tmp_path / "data")
    yield made
    made.stop()


@pytest.fixture
def read_stream() -> Callable[..., contextlib.AbstractContextManager[Reading]]:
    """Give a function that reads an event stream while a block runs."""
    return reading


@pytest.fixture
def make_service(tmp_path: Path) -> Callable[..., RunningService]:
    """Give what starts a service with options of its own; the test stops it."""
    return RunningService
