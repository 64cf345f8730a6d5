"""The demonstration: lane, service and logins in one command; nothing of it outlives it."""

from __future__ import annotations

import contextlib
import http.client
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from scanner.demo.director import Director, Plan
from scanner.demo.twins import DemoTwins
from scanner.evidence import Reason
from scanner.lane.agent import LaneAgent
from scanner.lane.commands import End, Start
from scanner.lane.config import load_lane_config
from scanner.methods import load_kit
from scanner.simulation.sources import LaneSource
from scanner.simulation.stream import demo_stream
from tests.e2e.line import ANSWER_WITHIN_S

pytestmark = pytest.mark.timeout(480)

WITHIN_S = 90.0
ENDED_WITHIN_S = 8.0
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
LOGIN = re.compile(r"(officer|supervisor),[^│\n]*?([a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4})")


class Demo:
    """``lorryscan demo`` with its output on a pipe, or with a terminal of its own."""

    def __init__(self, folder: Path, *options: str, terminal: bool = False) -> None:
        self.folder, self.shown = folder, ""
        command = [sys.executable, "-m", "service", "demo", "--data", str(folder), *options]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "TERM": "xterm", "LINES": "50"}
        self._end, far = pty.openpty() if terminal else os.pipe()
        self.child = subprocess.Popen(
            command,
            stdin=far if terminal else subprocess.DEVNULL,
            stdout=far,
            stderr=far,
            env={**environment, "COLUMNS": "150"} if terminal else environment,
            start_new_session=True,
        )
        os.close(far)

    def until(self, condition: Callable[[], object]) -> None:
        """Read what it shows until the condition holds."""
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, f"not within {WITHIN_S} s:\n{self.shown[-3000:]}"
            if not select.select([self._end], [], [], 0.05)[0]:
                continue
            received = b""
            with contextlib.suppress(OSError):  # a terminal whose far end is closed
                received = os.read(self._end, 65536)
            if not received:
                self.child.wait(WITHIN_S)
                assert condition(), f"it ended:\n{self.shown[-3000:]}"
                return
            self.shown += received.decode(errors="replace")

    def until_open(self) -> None:
        """Wait until it has shown where the booth is and both logins."""
        self.until(lambda: ADDRESS.search(self.shown) and len(self.logins) == 2)

    @property
    def url(self) -> str:
        """Where the booth is."""
        found = ADDRESS.search(self.shown)
        assert found
        return found[0]

    @property
    def logins(self) -> dict[str, str]:
        """Return password by name."""
        return dict(LOGIN.findall(self.shown))

    def service_pid(self) -> int:
        """Return the process id of the service, which is the demonstration's only child."""
        tasks = Path(f"/proc/{self.child.pid}/task").glob("*/children")  # any thread may have started it
        children: list[str] = []
        for task in tasks:
            with contextlib.suppress(OSError):  # a thread that ended meanwhile: the one with a child stays
                children += task.read_text().split()
        (pid,) = map(int, children)
        return pid

    def log_in(self, name: str) -> int:
        """Return the status of a login with what is shown."""
        body = {"name": name, "password": self.logins[name]}
        return httpx.post(
            f"{self.url}/api/v1/login",
            json=body,
            headers={"Origin": self.url},
            trust_env=False,
            timeout=ANSWER_WITHIN_S,
        ).status_code

    def close(self) -> None:
        """End it whatever it does."""
        self.child.kill()
        self.child.wait()
        os.close(self._end)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Give a function that starts a demonstration in the test's folder."""
    started: list[Demo] = []

    def start(*options: str, terminal: bool = False) -> Demo:
        started.append(Demo(tmp_path / "data", *options, terminal=terminal))
        return started[-1]

    yield start
    for one in started:
        one.close()


def answers(url: str) -> bool:
    """Tell whether anything listens there."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=2.0)
    try:
        connection.request("GET", "/api/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def gone(pid: int) -> bool:
    """Tell whether a process has ended (a zombie whose parent was killed counts)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def wait_for(condition: Callable[[], object], within_s: float) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)


def test_it_shows_a_booth_that_lets_both_in_and_ends_with_its_lorry(demo):
    running = demo("--first", "2", "--lorries", "1")
    running.until_open()
    assert httpx.get(f"{running.url}/", trust_env=False, timeout=ANSWER_WITHIN_S).status_code == 200
    assert [running.log_in(name) for name in ("officer", "supervisor")] == [200, 200]
    service = running.service_pid()
    running.until(lambda: "(final): search" in running.shown)
    running.until(lambda: running.child.poll() is not None)
    assert running.child.returncode == 0, running.shown
    assert "people inside" in running.shown
    assert gone(service)
    assert not answers(running.url)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_it(demo, how: signal.Signals):
    running = demo()
    running.until_open()
    service = running.service_pid()
    running.child.send_signal(how)
    wait_for(lambda: gone(service), ENDED_WITHIN_S)
    assert not answers(running.url)
    assert running.child.wait(ENDED_WITHIN_S) == (-signal.SIGKILL if how is signal.SIGKILL else 0)


def test_passwords_are_new_each_start_and_what_was_kept_stays(demo):
    first = demo()
    first.until_open()
    first.child.send_signal(signal.SIGKILL)
    second = demo()  # at once: it waits for the service of the one that was killed
    second.until_open()
    assert set(first.logins.values()).isdisjoint(second.logins.values())
    assert second.log_in("officer") == 200


def test_a_service_that_dies_is_started_again_once_and_the_lane_goes_on(demo):
    running = demo("--first", "2", "--language", "fr")
    running.until_open()
    assert "Ouvrez http://127.0.0.1" in running.shown
    os.kill(running.service_pid(), signal.SIGKILL)
    running.until(lambda: "a été relancé" in running.shown)
    wait_for(lambda: answers(running.url), WITHIN_S)
    assert running.log_in("officer") == 200
    os.kill(running.service_pid(), signal.SIGKILL)
    running.until(lambda: "s’est de nouveau arrêté" in running.shown)
    running.until(lambda: "(final)\u00a0: fouille" in running.shown)
    assert running.child.poll() is None


def test_the_live_view_shows_address_and_login(demo):
    running = demo(terminal=True)
    running.until_open()
    running.shown = ""  # what was printed before the live view began
    running.until(lambda: "lorryscan lane demo" in running.shown)
    running.until_open()
    assert running.log_in("supervisor") == 200


def test_two_at_once_have_services_of_their_own(tmp_path: Path):
    pair = [Demo(tmp_path / str(n)) for n in (1, 2)]
    try:
        for one in pair:
            one.until_open()
        assert pair[0].url != pair[1].url
        assert [one.log_in("officer") for one in pair] == [200, 200]
    finally:
        for one in pair:
            one.close()


@pytest.fixture
def lane_agent(tmp_path: Path) -> Iterator[tuple[LaneAgent, DemoTwins]]:
    """Give a lane of twins in this process."""
    with DemoTwins(LaneSource(demo_stream()[1].spec), tmp_path) as twins:
        file = tmp_path / "lane.toml"
        file.write_text(twins.lane_toml("demo", tmp_path / "data"), encoding="utf-8")
        yield LaneAgent(load_lane_config(file), load_kit()), twins


def test_an_officer_who_has_begun_a_scan_is_waited_for(lane_agent):
    agent, twins = lane_agent
    theirs: list[str] = []
    said: list[Reason] = []
    plan = demo_stream()[1]

    def lorries() -> Iterator[Plan]:
        theirs.append(agent.command(Start(plan.spec.declaration), by="officer"))
        yield plan

    director = Director(agent, twins, lorries(), said.append)
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        director.start()
        wait_for(lambda: said, WITHIN_S)
        assert agent.snapshot().scan_id == theirs[0]
        assert twins.source.lorry is None  # it does not come in front of another's scan
        agent.command(End(theirs[0]), by="officer")
        wait_for(lambda: agent.snapshot().scan_id not in ("", theirs[0]), WITHIN_S)
        assert twins.source.lorry is not None
        # and one who ends the play's own scan from the booth does not end the play
        agent.command(End(agent.snapshot().scan_id), by="officer")
        wait_for(lambda: director.finished, WITHIN_S)
        assert director.failure is None
        assert len(director.played) == 1
    finally:
        agent.stop()
        thread.join()
