"""A lane process wired to twins that live in the test's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.demo.twins import DemoTwins
from scanner.simulation.sources import LaneSource
from scanner.simulation.stream import demo_stream
from tests.lane.lane_process import LaneProcess


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[DemoTwins]:
    """Give six running twins in front of which the demonstration's second lorry will stand."""
    plan = demo_stream()[1]
    with DemoTwins(LaneSource(plan.spec), tmp_path) as running:
        running.source.arrive(plan.lorry())
        yield running


@pytest.fixture
def lane_file(twins: DemoTwins, tmp_path: Path) -> Path:
    """Write the configuration of a lane wired to the twins."""
    file = tmp_path / "lane.toml"
    file.write_text(twins.lane_toml("test", tmp_path / "data"), encoding="utf-8")
    return file


@pytest.fixture
def start_lane(lane_file: Path) -> Iterator[Callable[[], LaneProcess]]:
    """Give a function that starts a lane on the same configuration, once or again."""
    started: list[LaneProcess] = []

    def start() -> LaneProcess:
        started.append(LaneProcess(lane_file))
        return started[-1]

    yield start
    for process in started:
        if process.child.poll() is None:
            process.kill()


@pytest.fixture
def lane(start_lane: Callable[[], LaneProcess]) -> LaneProcess:
    """Start a lane whose devices are all ready."""
    process = start_lane()
    waiting = {"co2-inside", "co2-outside", "geophones", "shake", "thermal-doors", "xray"}
    while waiting:
        line = process.until(": ready")
        waiting -= {line.split()[1].removesuffix(":")}
    return process
