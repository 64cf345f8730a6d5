"""A device that brings nothing is given up in words, tried slowly, and opened anew when somebody asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from drivers.api import (
    Capabilities,
    ConnectionState,
    Device,
    DeviceLost,
    DeviceOpenError,
    Identity,
    Quantity,
    Reading,
    Role,
    Sample,
)
from drivers.retries import Retries, RetryPlan
from drivers.runner import DeviceGroup, DeviceRunner, DeviceSpec

READY, LOST, OPENING = ConnectionState.READY, ConnectionState.LOST, ConnectionState.OPENING
QUICK = RetryPlan(first_s=0.001, longest_s=0.002, tries=4, crashes=2, slow_s=300.0)


@dataclass(frozen=True)
class PlugConfig:
    """A device behind a plug that a test pulls, by what opening and reading raise."""

    open_error: list[BaseException] = field(default_factory=list)
    read_error: list[BaseException] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)


class Plugged(Device[PlugConfig]):
    Config = PlugConfig
    capabilities = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,), period_s=0.1)

    def open(self) -> None:
        self.config.opened.append(1)
        if self.config.open_error:
            raise self.config.open_error[0]

    def identify(self) -> Identity:
        return Identity("Test", "Plugged")

    def read(self) -> Sequence[Reading]:
        if self.config.read_error:
            raise self.config.read_error[0]
        time.sleep(0.005)
        return (Sample(Quantity.CO2_PPM, time.monotonic()),)

    def close(self) -> None:
        pass


class Gate(Plugged):
    """Speaks only when something passes."""

    capabilities = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,), period_s=0.0)


NO_PORT = DeviceOpenError("there is no port /dev/x: check that the adapter is plugged in")


def spec(kind: type[Plugged] = Plugged, **config: Any) -> DeviceSpec:
    return DeviceSpec("nose", Role.INSIDE, kind, PlugConfig(**config))


# the plan, on a made-up clock


def minutes_until_given_up(plan: RetryPlan, crashed: bool, opening_s: float) -> float:
    retries = Retries("nose", plan, 0)
    took_s = 0.0
    while not retries.given_up:
        retries.begin()
        retries.failed(0, crashed)
        took_s += opening_s + retries.pause_s * (not retries.given_up)
    return took_s / 60


@pytest.mark.parametrize(
    ("crashed", "opening_s", "low", "high"),
    [(False, 0.0, 4.0, 6.0), (False, 1.2, 4.0, 7.0), (True, 0.0, 0.3, 1.5)],
)
def test_the_shipped_plan_gives_up_after_about_five_minutes_a_crash_sooner(
    crashed: bool, opening_s: float, low: float, high: float
) -> None:
    assert low < minutes_until_given_up(RetryPlan(), crashed, opening_s) < high


def test_pauses_double_up_to_the_longest_then_go_slow() -> None:
    retries = Retries("nose", RetryPlan(tries=8), 0)
    pauses = []
    for _ in range(8):
        retries.begin()
        retries.failed(0, False)
        pauses.append(retries.pause_s)
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 60.0]


def test_a_reading_sets_everything_back() -> None:
    retries = Retries("nose", RetryPlan(tries=3), 0)
    for _ in range(5):
        retries.begin()
        retries.failed(0, False)
    retries.begin()
    retries.brought(1)
    retries.failed(0, False)  # the opening that brought readings ends: a loss, not a try in vain
    assert (retries.tries, retries.given_up, retries.pause_s) == (0, False, 0.25)


def test_the_words_say_since_when_how_often_why_and_what_to_do() -> None:
    noon = time.mktime((2026, 3, 1, 12, 0, 0, 0, 0, -1))
    retries = Retries("nose", RetryPlan(tries=1), 0, wall=lambda: noon + 300.0)
    retries.begin()
    retries.failed(0, False)
    assert retries.words(300_000_000_000, "there is no port: plug it in") == (
        "nose has given no reading since 2026-03-01 12:00:00, 1 tries failed, the last with: "
        "there is no port: plug it in. It is now tried only every 60 s: mend it, then order its reopening "
        "(reopen nose), or restart the lane"
    )


# under the runner


def test_a_device_that_is_never_there_is_given_up_and_said_so(lane: Any, until: Any) -> None:
    one = spec(open_error=[NO_PORT])
    running = lane(one, plan=QUICK)
    until(lambda: running.group.metrics()["nose"].given_up, "giving up")
    until(lambda: "4 tries failed" in running.group.states()["nose"].reason, "its words")
    state = running.group.states()["nose"]
    assert state.state is LOST
    assert NO_PORT.args[0] in state.reason
    assert "reopen nose" in state.reason
    metrics = running.group.metrics()["nose"]
    assert (metrics.tries_since_reading, metrics.opens, metrics.last_error) == (4, 0, str(NO_PORT))


@pytest.mark.parametrize("where", ["open_error", "read_error"])
def test_a_driver_that_crashes_is_given_up_sooner(lane: Any, until: Any, where: str) -> None:
    running = lane(spec(**{where: [ZeroDivisionError("odd")]}), plan=QUICK)
    until(lambda: running.group.metrics()["nose"].given_up, "giving up")
    until(lambda: "2 tries failed" in running.group.states()["nose"].reason, "its words")
    reason = running.group.states()["nose"].reason
    assert "its driver failed (ZeroDivisionError: odd): tell the driver's maker" in reason


def test_what_was_given_up_is_still_tried_and_comes_back_by_itself(lane: Any, until: Any) -> None:
    one = spec(open_error=[NO_PORT])
    running = lane(one, plan=RetryPlan(first_s=0.001, longest_s=0.002, tries=3, slow_s=0.05))
    until(lambda: running.group.metrics()["nose"].tries_since_reading >= 6, "slow tries")
    assert running.group.metrics()["nose"].given_up
    one.config.open_error.clear()
    until(lambda: running.is_in("nose", READY), "ready")
    metrics = running.group.metrics()["nose"]
    assert (metrics.given_up, metrics.tries_since_reading) == (False, 0)


def test_reopening_tries_at_once(lane: Any, until: Any) -> None:
    one = spec(open_error=[NO_PORT])
    running = lane(one, plan=QUICK)  # which would try again in five minutes
    until(lambda: running.group.metrics()["nose"].given_up, "giving up")
    one.config.open_error.clear()
    assert running.group.reopen("nose")
    until(lambda: running.is_in("nose", READY), "ready")
    seen = [state.state for state in running.states("nose")]
    assert seen[-2:] == [OPENING, READY]


def test_reopening_what_is_still_broken_counts_anew(lane: Any, until: Any) -> None:
    running = lane(spec(open_error=[NO_PORT]), plan=QUICK)
    until(lambda: running.group.metrics()["nose"].given_up, "giving up")
    before = running.group.metrics()["nose"].failures
    running.group.reopen("nose")
    until(lambda: running.group.metrics()["nose"].failures == before + 4, "four more tries")
    until(lambda: running.group.metrics()["nose"].given_up, "giving up again")


def test_a_live_device_can_be_made_to_open_anew(lane: Any, until: Any) -> None:
    one = spec()
    running = lane(one)
    until(lambda: running.is_in("nose", READY), "ready")
    assert running.group.reopen("nose")
    until(lambda: len(one.config.opened) == 2, "second opening")
    # the group knows its state a moment before the item has come through the queue
    until(lambda: len(running.states("nose")) >= 4, "ready again")
    assert [state.state for state in running.states("nose")] == [OPENING, READY, OPENING, READY]
    assert running.group.metrics()["nose"].failures == 0


def test_a_lane_stops_while_a_device_is_given_up(lane: Any, until: Any) -> None:
    running = lane(spec(open_error=[NO_PORT]), plan=QUICK)
    until(lambda: running.group.metrics()["nose"].given_up, "giving up")
    began = time.monotonic()
    assert running.stop() == []
    assert time.monotonic() - began < 2.0


def test_reopening_an_unknown_device_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        DeviceGroup([spec()]).reopen("ear")


def test_a_gate_that_holds_its_wire_is_no_failure_and_one_that_does_not_is() -> None:
    now = [0]
    reads: list[BaseException | None] = []
    turn, done = threading.Semaphore(0), threading.Semaphore(0)

    class Turns(Gate):
        def open(self) -> None:
            pass

        def read(self) -> Sequence[Reading]:
            done.release()
            turn.acquire()
            if (error := reads.pop()) is not None:
                raise error
            return ()

    runner = DeviceRunner(spec(Turns), lambda item: None, clock=lambda: now[0], plan=QUICK)
    runner.start()

    def read(error: BaseException | None) -> None:
        assert done.acquire(timeout=5)
        reads.append(error)
        turn.release()

    read(DeviceLost("hung up"))
    read(DeviceLost("hung up"))
    assert done.acquire(timeout=5)
    assert runner.metrics().tries_since_reading == 2
    done.release()
    now[0] = 3_000_000_000  # its wire has held for three seconds
    read(None)
    assert done.acquire(timeout=5)
    assert runner.metrics().tries_since_reading == 0
    runner.ask_to_stop()
    reads.append(None)
    turn.release()
    assert runner.join(5)


def test_reopening_a_hanging_driver_says_that_it_hangs() -> None:
    now, reading, hang = [0], threading.Event(), threading.Event()

    class Hanging(Plugged):
        def read(self) -> Sequence[Reading]:
            reading.set()
            hang.wait()
            return ()

    runner = DeviceRunner(spec(Hanging), lambda item: None, clock=lambda: now[0])
    runner.start()
    assert reading.wait(5)
    assert runner.reopen()
    now[0] = 10_000_000_000
    assert not runner.reopen()
    runner.ask_to_stop()
    hang.set()
    assert runner.join(5)


def test_the_watchdog_leaves_the_words_of_what_was_given_up_until_a_try_hangs() -> None:
    now, tries, hanging, hang = [0], iter([NO_PORT]), threading.Event(), threading.Event()

    class Hanging(Plugged):
        def open(self) -> None:
            for error in tries:
                raise error
            hanging.set()
            hang.wait()

    plan = RetryPlan(tries=1, slow_s=0.001)
    runner = DeviceRunner(spec(Hanging), lambda item: None, clock=lambda: now[0], plan=plan)
    runner.start()
    assert hanging.wait(5)
    now[0] = 10_000_000_000
    runner.watch(lambda item: True)
    assert "1 tries failed" in runner.state.reason
    now[0] = 40_000_000_000
    runner.watch(lambda item: True)
    assert "has not come up for 30 s (its driver is in open)" in runner.state.reason
    runner.ask_to_stop()
    hang.set()
    assert runner.join(5)


def test_crashes_between_readings_are_counted_too():
    retries = Retries("probe", QUICK, 0)
    for number in range(2):
        retries.begin()
        retries.brought(number)
        retries.failed(number, True)
    assert retries.given_up
    assert "fails again and again, 2 times by now" in retries.words(2, "its driver failed")
    retries.ordered(3)
    assert not retries.given_up


def test_crashes_long_apart_are_not():
    retries = Retries("probe", QUICK, 0)
    for hour in range(4):
        retries.begin()
        retries.brought(hour * 3600 * 10**9)
        retries.failed(hour * 3600 * 10**9, True)
        assert not retries.given_up
