"""The line for a test: service and lane as processes, and twins in front of which lorries stand."""

from __future__ import annotations

import contextlib
import http
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from scanner.demo.twins import DemoTwins
from scanner.simulation.sources import LaneSource
from scanner.simulation.stream import DemoLorry, demo_stream
from service.config.service_file import CONFIG_VERSION
from service.resources import Role
from service.store import accounts, lanes
from service.store.open_store import open_store
from tests.lane.lane_process import LaneProcess

HOST = "127.0.0.1"
READY_WITHIN_S = 90.0
ANSWER_WITHIN_S = 20.0
ENDED_WITHIN_S = 30.0
LANE, LANE_DATA = "north-quay-2", "lane-data"
PASSWORD = "brass kettle on the quay"


def recordings(folder: Path) -> str:
    """Return the table of the service's file that lets it play what lies in a lane's data folder."""
    return f"[recordings]\nfolders = [{json.dumps(str(folder))}]\n"


def free_port() -> int:
    """Return a port that was free a moment ago, below those that the system gives to clients.

    One of the system's own choice may be some client's a moment later: other tests run beside this one.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port


class ServiceProcess:
    """``lorryscan serve`` as a child on a port of its own, which can be killed and started again.

    Parameters
    ----------
    folder : its data go here, and its own words into ``service.log`` beside them.
    database : URL of a PostgreSQL database; "" = SQLite in the folder.
    program : what takes the place of ``python -m service``.
    settings : tables of the service's file, as TOML.
    """

    def __init__(
        self,
        folder: Path,
        database: str = "",
        program: Sequence[str] = (sys.executable, "-m", "service"),
        settings: str = "",
    ) -> None:
        self.database, self.program = database, program
        self.config = folder / "service.toml"
        self.settings = settings
        self.data, self.log = folder / "service-data", folder / "service.log"
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.child: subprocess.Popen[bytes] | None = None

    def know(self, people: dict[str, Role], lane_ids: tuple[str, ...]) -> dict[str, str]:
        """Add accounts (all with `PASSWORD`) and lanes while the service is stopped; return the tokens."""
        database = open_store(self.data, self.database)
        now_ms = time.time_ns() // 1_000_000
        try:
            with database.writing() as connection:
                for name, role in people.items():
                    accounts.add(connection, name, role, PASSWORD, "test", now_ms)
                return {lane_id: lanes.add(connection, lane_id, "test", now_ms) for lane_id in lane_ids}
        finally:
            database.close()

    def start(self) -> Self:
        """Start it, and wait until it says that it is ready."""
        self.spawn()
        self.wait_until_ready()
        return self

    def spawn(self) -> None:
        """Start it without waiting."""
        self.config.write_text(f"config_version = {CONFIG_VERSION}\n{self.settings}", encoding="utf-8")
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                [
                    *(*self.program, "serve", "--until-eof"),
                    *("--data", str(self.data), "--host", HOST, "--port", str(self.port)),
                    *("--config", str(self.config)),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "LORRYSCAN_DATABASE": self.database},
            )

    def wait_until_ready(self) -> None:
        """Wait until ``/api/health/ready`` says 200.

        Raises
        ------
        AssertionError : it does not in time, or ended; with its own words.
        """
        assert self.child is not None
        deadline = time.monotonic() + READY_WITHIN_S
        with httpx.Client(trust_env=False, timeout=2.0) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if client.get(f"{self.url}/api/health/ready").status_code == http.HTTPStatus.OK:
                        return
                ended = self.child.poll()
                assert ended is None, f"the service ended with {ended}:\n{self.words()}"
                assert time.monotonic() < deadline, f"the service is not ready:\n{self.words()}"
                time.sleep(0.02)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        assert self.child is not None
        self.child.kill()
        self.child.wait()
        self._close()

    def end(self) -> int:
        """Close its input, which ends it, and return its status."""
        assert self.child is not None
        self._close()
        try:
            return self.child.wait(ENDED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise

    def words(self) -> str:
        """Return what it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def _close(self) -> None:
        assert self.child is not None
        assert self.child.stdin is not None
        self.child.stdin.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.child is not None and self.child.poll() is None:
            self.end()


def session_cookie(url: str, name: str) -> str:
    """Log in and return the session as a Cookie header's value."""
    answer = httpx.post(
        f"{url}/api/v1/login",
        json={"name": name, "password": PASSWORD},
        headers={"Origin": url},
        trust_env=False,
        timeout=ANSWER_WITHIN_S,
    )
    answer.raise_for_status()
    return answer.headers["set-cookie"].split(";")[0]


class Line:
    """Service, lane and twins, wired as at a border; everything in one folder.

    ``officer`` and ``second`` are officers, ``chief`` is a supervisor, ``engineer`` and ``auditor`` are
    what they are called, all with `PASSWORD`; ``others`` are tokens of lanes that nothing runs.

    Parameters
    ----------
    policy : keys of ``[policy.reefer]`` in the lane's file; what is text is TOML.
    service : the service, not yet started; None: one on SQLite.
    devices : further ``[[device]]`` tables of the lane's file; the line does not wait for them.
    """

    def __init__(
        self,
        folder: Path,
        policy: Mapping[str, float | str] | None = None,
        others: int = 0,
        devices: str = "",
        service: ServiceProcess | None = None,
    ) -> None:
        self.folder = folder
        self.service = service or ServiceProcess(folder, settings=recordings(folder / LANE_DATA))
        people = {
            **{"officer": Role.OFFICER, "second": Role.OFFICER, "chief": Role.SUPERVISOR},
            **{"engineer": Role.ENGINEER, "auditor": Role.AUDITOR},
        }
        names = tuple(f"other-{n}" for n in range(1, others + 1))
        tokens = self.service.know(people, (LANE, *names))
        self.others = {name: tokens[name] for name in names}
        (folder / "lane.token").write_text(tokens[LANE], encoding="utf-8")
        self.plan = demo_stream()[1]
        self.twins = DemoTwins(LaneSource(self.plan.spec), folder)
        told = {"url": self.service.url, "token_file": "lane.token"}
        text = self.twins.lane_toml(LANE, folder / LANE_DATA, told) + devices
        if policy:
            text += "\n[policy.reefer]\n" + "".join(f"{key} = {value}\n" for key, value in policy.items())
        self.lane_file = folder / "lane.toml"
        self.lane_file.write_text(text, encoding="utf-8")
        self.lane: LaneProcess | None = None
        self._cookies: dict[str, str] = {}

    def arrive(self, number: int = 2) -> DemoLorry:
        """Let a lorry of the demonstration stop in front of the sensors, and return it."""
        plan = demo_stream()[number - 1]
        self.twins.source.settle()
        self.twins.source.arrive(plan.lorry())
        return plan

    def api(self, name: str, path: str) -> Any:
        """Ask the service as somebody, for what stands in it."""
        if name not in self._cookies:
            self._cookies[name] = session_cookie(self.service.url, name)
        headers = {"Cookie": self._cookies[name]}
        url = self.service.url + path
        answer = httpx.get(url, headers=headers, trust_env=False, timeout=ANSWER_WITHIN_S)
        return answer.raise_for_status().json()

    def start_lane(self) -> LaneProcess:
        """Start the lane and wait until its devices are ready."""
        self.lane = LaneProcess(self.lane_file)
        waiting = set(self.twins.by_sensor)
        while waiting:
            words = self.lane.until(": ready", within_s=READY_WITHIN_S).split()
            waiting -= {words[1].removesuffix(":")}
        return self.lane

    def __enter__(self) -> Self:
        self.twins.__enter__()
        try:
            self.service.start()
            self.start_lane()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End lane, service and twins."""
        if self.lane is not None and self.lane.child.poll() is None:
            self.lane.end()
        if self.service.child is not None:
            self.service.end()
        self.twins.__exit__(None, None, None)
