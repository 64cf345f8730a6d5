"""Three probes on one pair in a running lane: one without power, an echo, a pulled plug."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.api import ConnectionState, Direction, RawBytes, Role
from drivers.devices.senseair_k30 import K33Config, SenseairK33
from drivers.devices.senseair_s8 import S8Config, SenseairS8
from drivers.devices.vaisala_gmp252 import Gmp252Config, VaisalaGmp252
from drivers.freshness import silence_limit_s
from drivers.runner import DeviceSpec
from drivers.twins.modbus_probe import Gmp252Twin, K33Twin, ProbeLine, S8Twin
from drivers.twins.ports import PtyPort

Until = Callable[..., None]
GMP, S8, K33 = 0xF0, 0x68, 0x69
SENT_THEN_HEARD = (Direction.TX, Direction.RX)
NAMES = {GMP: "gmp", S8: "s8", K33: "k33"}


def rising(start: int) -> Callable[[], float]:
    values = itertools.count(start)
    return lambda: float(next(values))


class Pair:
    """A pair with three probes at the far end and their specs at the near one."""

    def __init__(self, link: Path) -> None:
        port = PtyPort(link)
        self.gmp = Gmp252Twin(port, rising(1000), GMP)
        self.s8 = S8Twin(port, rising(2000), S8)
        self.k33 = K33Twin(port, rising(3000), K33)
        self.line = ProbeLine(port, self.gmp, self.s8, self.k33)
        gmp = Gmp252Config(port.url, GMP, baudrate=9600, stopbits=1, warm_up_s=0)
        self.specs = (
            DeviceSpec("gmp", Role.INSIDE, VaisalaGmp252, gmp),
            DeviceSpec("s8", Role.OUTSIDE, SenseairS8, S8Config(port.url, S8, warm_up_s=0)),
            DeviceSpec("k33", Role.INSIDE, SenseairK33, K33Config(port.url, K33, warm_up_s=0)),
        )


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path / "pair")
    with made.line:
        yield made


def all_ready(one: Any, *names: str) -> Callable[[], bool]:
    return lambda: all(one.is_in(name, ConnectionState.READY) for name in names)


def first_heard(raws: list[RawBytes]) -> Counter[int]:
    """Return how often each byte was the first that came after something was sent."""
    directions = itertools.pairwise(raws)
    return Counter(b.data[0] for a, b in directions if (a.direction, b.direction) == SENT_THEN_HEARD)


def test_each_device_has_its_own_bytes_on_an_echoing_line(pair: Pair, lane: Any, until: Until) -> None:
    pair.line.echo = True
    running = lane(*pair.specs)
    until(all_ready(running, *NAMES.values()), "all are ready")
    until(lambda: all(len(running.samples(name)) > 2 for name in NAMES.values()), "all have sent")
    for address, name in NAMES.items():
        first_bytes = {raw.data[0] for raw in running.of(name, RawBytes) if raw.direction is Direction.TX}
        assert first_bytes == {address}
        heard = first_heard(running.of(name, RawBytes))
        # an answer that came too late for its own device may be what the next one hears first
        assert heard[address] > heard.total() / 2
    assert {sample.value // 1000 for sample in running.samples("gmp")} == {1}
    assert {sample.value // 1000 for sample in running.samples("s8")} == {2}


def test_a_pulled_plug_is_lost_to_all_and_found_again_by_all(pair: Pair, lane: Any, until: Until) -> None:
    running = lane(*pair.specs)
    until(all_ready(running, *NAMES.values()), "all are ready")
    pulled_ns = time.monotonic_ns()
    pair.line.unplug()
    for name in NAMES.values():
        until(
            lambda name=name: running.first_after(name, ConnectionState.LOST, pulled_ns),
            f"{name} is lost",
            2.0,
        )
    back_ns = time.monotonic_ns()
    pair.line.replug()
    for name in NAMES.values():
        until(
            lambda name=name: running.first_after(name, ConnectionState.READY, back_ns),
            f"{name} is back",
            12.0,
        )


@pytest.mark.slow
def test_a_probe_without_power_does_not_disturb_the_others(pair: Pair, lane: Any, until: Until) -> None:
    running = lane(*pair.specs)
    until(all_ready(running, *NAMES.values()), "all are ready")
    cut_ns = time.monotonic_ns()
    pair.k33.silence()
    until(lambda: running.first_after("k33", ConnectionState.LOST, cut_ns), "k33 is lost", 5.0)
    until(lambda: time.monotonic_ns() - cut_ns > 10e9, "ten seconds", 11.0)
    for name, driver in (("gmp", VaisalaGmp252), ("s8", SenseairS8)):
        changes = [state.state for state in running.states(name) if state.stamp.mono_ns > cut_ns]
        assert changes == []  # ready all the while
        times = [s.stamp.mono_ns for s in running.samples(name) if s.stamp.mono_ns > cut_ns - 2e9]
        longest_s = max(b - a for a, b in itertools.pairwise(times)) / 1e9
        assert longest_s < silence_limit_s(driver.capabilities.period_s)
        assert time.monotonic_ns() - times[-1] < 1e9 * silence_limit_s(driver.capabilities.period_s)
    back_ns = time.monotonic_ns()
    pair.k33.speak()
    until(lambda: running.first_after("k33", ConnectionState.READY, back_ns), "k33 is back", 12.0)
