"""Devices under their runner: losses seen in time, bad drivers survived, nothing dropped, nothing left."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.api import (
    Capabilities,
    Channel,
    ConfigError,
    ConnectionState,
    Device,
    DeviceLost,
    DeviceState,
    Direction,
    Flag,
    Identity,
    Quality,
    Quantity,
    RawBytes,
    Reading,
    Role,
    Sample,
    WaveformBlock,
)
from drivers.devices.senseair_s8 import S8Config, SenseairS8
from drivers.devices.vaisala_gmp252 import Gmp252Config, VaisalaGmp252
from drivers.runner import DeviceGroup, DeviceRunner, DeviceSpec
from drivers.twins.modbus_probe import Gmp252Twin, S8Twin
from drivers.twins.ports import PtyPort, TcpPort, WirePort

READY, LOST, DEGRADED = ConnectionState.READY, ConnectionState.LOST, ConnectionState.DEGRADED
LIMIT_NS = 1_500_000_000  # the booth must know within 2 s; the lane needs the rest


def rising() -> Callable[[], float]:
    values = itertools.count(500.0, 0.25)
    return lambda: next(values)


@dataclass(frozen=True)
class ScriptConfig:
    read: Callable[[], Sequence[Reading]]
    open: Callable[[], None] = field(default=lambda: None)
    closed: threading.Event = field(default_factory=threading.Event)


class Scripted(Device[ScriptConfig]):
    """A driver whose every step a test writes."""

    Config = ScriptConfig
    capabilities = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,), period_s=0.1)

    def open(self) -> None:
        self.config.open()

    def identify(self) -> Identity:
        return Identity("Test", "Scripted")

    def read(self) -> Sequence[Reading]:
        return self.config.read()

    def close(self) -> None:
        self.config.closed.set()


class Occasional(Scripted):
    """Speaks only when something passes."""

    capabilities = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,), period_s=0.0)


class Board(Scripted):
    """Sends blocks of a waveform."""

    capabilities = Capabilities(reads=("waveform",), period_s=0.1)


def scripted(
    name: str, read: Callable[[], Sequence[Reading]], kind: type[Scripted] = Scripted, **config: Any
) -> DeviceSpec:
    return DeviceSpec(name, Role.INSIDE, kind, ScriptConfig(read, **config))


def good(pace_s: float = 0.02) -> Callable[[], Sequence[Reading]]:
    values = itertools.count(500.0)

    def read() -> Sequence[Reading]:
        time.sleep(pace_s)
        return (Sample(Quantity.CO2_PPM, next(values)),)

    return read


@pytest.fixture
def clean() -> Iterator[None]:
    """Fail when the test leaves a thread or a descriptor behind."""
    threads, descriptors = set(threading.enumerate()), len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert set(threading.enumerate()) - threads == set()
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def probe_spec(kind: str, url: str) -> DeviceSpec:
    if kind == "gmp252":
        return DeviceSpec("co2-inside", Role.INSIDE, VaisalaGmp252, Gmp252Config(url, warm_up_s=0))
    return DeviceSpec("co2-inside", Role.INSIDE, SenseairS8, S8Config(url, warm_up_s=0))


@pytest.mark.parametrize("how", ["unplug", "silence"])
@pytest.mark.parametrize(("kind", "wire"), [("gmp252", "pty"), ("s8", "tcp")])
def test_a_pulled_or_silent_probe_is_lost_in_time_and_comes_back(
    clean: None, lane: Any, until: Any, tmp_path: Path, kind: str, wire: str, how: str
) -> None:
    port: WirePort = PtyPort(tmp_path / "probe") if wire == "pty" else TcpPort()
    twin_class = Gmp252Twin if kind == "gmp252" else S8Twin
    with twin_class(port, rising()) as twin:
        running = lane(probe_spec(kind, twin.url))
        until(lambda: len(running.samples("co2-inside")) >= 1, "first sample")
        assert running.is_in("co2-inside", READY)
        # The worst moment: right after an answer, so that a whole poll period passes unnoticed.
        asked = twin.requests
        until(lambda: twin.requests >= asked + 2, "next poll")
        failed = running.group.metrics()["co2-inside"].failures
        pulled_ns = time.monotonic_ns()
        twin.unplug() if how == "unplug" else twin.silence()
        until(lambda: running.first_after("co2-inside", LOST, pulled_ns), "loss")
        lost = running.first_after("co2-inside", LOST, pulled_ns)
        took_ns = lost.stamp.mono_ns - pulled_ns
        print(f"{kind} over {wire}, {how}: lost after {took_ns / 1e9:.2f} s: {lost.reason}")
        assert took_ns < LIMIT_NS
        assert lost.reason.startswith("co2-inside")
        assert "check" in lost.reason
        # the watchdog may have said it before the driver gave up: an answer now would not open it anew
        until(lambda: running.group.metrics()["co2-inside"].failures > failed, "the driver's giving up")
        before = len(running.samples("co2-inside"))
        twin.replug() if how == "unplug" else twin.speak()
        until(lambda: len(running.samples("co2-inside")) > before, "sample after the return")
        assert running.is_in("co2-inside", READY)
        assert running.group.metrics()["co2-inside"].opens >= 2
        assert running.stop() == []


def test_a_probe_that_is_not_there_at_the_start_is_lost_then_found(
    lane: Any, until: Any, tmp_path: Path
) -> None:
    with Gmp252Twin(PtyPort(tmp_path / "probe"), rising()) as twin:
        twin.unplug()
        running = lane(probe_spec("gmp252", twin.url))
        until(lambda: running.is_in("co2-inside", LOST), "loss", 2.0)
        assert "there is no port" in running.group.states()["co2-inside"].reason
        twin.replug()
        until(lambda: READY in [s.state for s in running.states("co2-inside")], "ready")
        names = [s.state for s in running.states("co2-inside")]
        assert names == [ConnectionState.OPENING, LOST, READY]


def test_raw_bytes_come_before_the_readings_they_led_to(lane: Any, until: Any) -> None:
    with Gmp252Twin(TcpPort(), lambda: 465.66) as twin:
        running = lane(probe_spec("gmp252", twin.url))
        until(lambda: running.samples("co2-inside"), "sample")
        items = list(running.items)
        sample = next(i for i, item in enumerate(items) if isinstance(item, Sample))
        received = b"".join(
            i.data for i in items[:sample] if isinstance(i, RawBytes) and i.direction is Direction.RX
        )
        sent = b"".join(
            i.data for i in items[:sample] if isinstance(i, RawBytes) and i.direction is Direction.TX
        )
        assert bytes.fromhex("F0 03 00 00 00 02 D1 2A") in sent
        assert bytes.fromhex("F0 03 04") + bytes.fromhex("D4 7B 43 E8") in received


def test_stamps_and_sequences(lane: Any, until: Any) -> None:
    running = lane(scripted("nose", good()))
    began_ns = time.monotonic_ns()
    until(lambda: len(running.samples("nose")) >= 5, "five samples")
    stamps = [s.stamp for s in running.samples("nose")]
    assert [s.sequence for s in stamps] == list(range(len(stamps)))
    assert {(s.sensor, s.role) for s in stamps} == {("nose", Role.INSIDE)}
    times = [s.mono_ns for s in stamps]
    assert times == sorted(times)
    assert abs(times[0] - began_ns) < 2e9
    assert running.group.metrics()["nose"].identity == Identity("Test", "Scripted")


@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3), MemoryError("full")])
@pytest.mark.parametrize("where", ["open", "read"])
def test_a_driver_that_raises_anything_is_reported_and_the_others_go_on(
    clean: None, lane: Any, until: Any, error: BaseException, where: str
) -> None:
    def fail() -> Any:
        raise error

    bad = scripted("bad", fail) if where == "read" else scripted("bad", good(), open=fail)
    running = lane(bad, scripted("good", good()))
    until(lambda: running.is_in("bad", LOST), "loss")
    assert type(error).__name__ in running.group.states()["bad"].reason
    until(lambda: running.group.metrics()["bad"].failures >= 2, "second try")
    seen = len(running.samples("good"))
    until(lambda: len(running.samples("good")) > seen + 3, "the other device's samples")
    assert running.is_in("good", READY)
    assert bad.config.closed.is_set()
    running.stop()


@pytest.mark.parametrize("kind", [Scripted, Occasional])
def test_a_driver_that_hangs_in_read_is_reported_from_outside(
    clean: None, lane: Any, until: Any, kind: type[Scripted]
) -> None:
    hang = threading.Event()
    answers = iter([(Sample(Quantity.CO2_PPM, 500.0),)])

    def read() -> Sequence[Reading]:
        first = next(answers, None)
        if first is None:
            hang.wait()
            return ()
        return first

    running = lane(scripted("hung", read, kind), scripted("good", good()))
    until(lambda: running.samples("hung"), "first sample")
    began_ns = time.monotonic_ns()
    until(lambda: running.is_in("hung", LOST), "loss")
    assert running.group.states()["hung"].stamp.mono_ns - began_ns < LIMIT_NS
    until(lambda: running.states("hung")[-1].state is LOST, "published loss")
    seen = len(running.samples("good"))
    until(lambda: len(running.samples("good")) > seen, "the other device's samples")
    hang.set()
    assert running.stop() == []


def test_stop_names_a_driver_that_hangs_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.runner.STOP_LIMIT_S", 0.2)
    hang, hanging = threading.Event(), threading.Event()

    def read() -> Sequence[Reading]:
        hanging.set()
        hang.wait()
        return ()

    group = DeviceGroup([scripted("hung", read)]).start()
    assert hanging.wait(5)
    assert group.stop() == ["hung"]
    hang.set()
    assert group.runners["hung"].join(5)


def test_a_device_that_speaks_only_when_something_passes_is_not_judged_by_silence(
    lane: Any, until: Any
) -> None:
    running = lane(scripted("gate", lambda: time.sleep(0.05) or (), Occasional), scripted("good", good(0.5)))
    until(lambda: running.is_in("gate", READY), "ready without data")
    until(lambda: len(running.samples("good")) >= 5, "two seconds of the other device")
    assert running.is_in("gate", READY)


def test_bytes_without_readings_are_told_from_silence(lane: Any, until: Any) -> None:
    class Stream(Scripted):
        def open(self) -> None:
            self.link = self.links.open(self.config.url)  # type: ignore[attr-defined]

        def read(self) -> Sequence[Reading]:
            self.link.read()
            return ()

        def close(self) -> None:
            if hasattr(self, "link"):
                self.link.close()

    @dataclass(frozen=True)
    class UrlConfig:
        url: str

    class Babble(Gmp252Twin):
        def step(self, received: bytes) -> None:
            self.send(b"?")

    with Babble(TcpPort(), lambda: 0.0) as babble, Gmp252Twin(TcpPort(), lambda: 0.0) as silent:
        running = lane(
            DeviceSpec("babble", Role.INSIDE, Stream, UrlConfig(babble.url)),
            DeviceSpec("silent", Role.INSIDE, Stream, UrlConfig(silent.url)),
        )
        until(lambda: running.is_in("babble", LOST) and running.is_in("silent", LOST), "losses")
        states = running.group.states()
        assert "sends bytes that make no reading" in states["babble"].reason
        assert states["silent"].reason == "silent has sent nothing for 1.2 s: check its cable and power"


def test_nothing_is_dropped_when_nobody_takes_and_the_lag_is_shown(until: Any) -> None:
    group = DeviceGroup([scripted("fast", good(0.001))], queue_size=3)
    with group:
        until(lambda: group.states()["fast"].state is DEGRADED, "lag", 3.0)
        assert "recorder" in group.states()["fast"].reason
        taken = []
        until(lambda: taken.append(group.items.get()) or len(taken) > 50, "items")
        until(
            lambda: (
                [taken.append(group.items.get()) for _ in range(20)] and group.states()["fast"].state is READY
            ),
            "ready",
        )
    while not group.items.empty():
        taken.append(group.items.get())
    numbers = [item.stamp.sequence for item in taken if isinstance(item, Sample)]
    assert numbers == list(range(len(numbers)))
    assert group.metrics()["fast"].readings == len(numbers)
    assert group.metrics()["fast"].lags >= 1
    states = [item.state for item in taken if isinstance(item, DeviceState)]
    assert DEGRADED in states
    assert states[-1] is ConnectionState.CLOSED


def test_warm_up_is_shown_and_flagged(lane: Any, until: Any) -> None:
    class Warming(Scripted):
        capabilities = Capabilities(
            reads=("sample",), quantities=(Quantity.CO2_PPM,), period_s=0.1, warm_up_s=0.4
        )

    running = lane(scripted("nose", good(), Warming))
    until(lambda: running.is_in("nose", READY), "ready")
    seen = [state.state for state in running.states("nose")]
    assert seen == [ConnectionState.OPENING, ConnectionState.WARMING_UP, READY]
    until(lambda: running.samples("nose")[-1].quality is Quality.GOOD, "good sample")
    qualities = [s.quality for s in running.samples("nose")]
    cold = qualities.count(Quality.WARMING_UP)
    assert cold >= 2
    assert set(qualities[:cold]) == {Quality.WARMING_UP}
    assert set(qualities[cold:]) == {Quality.GOOD}


def test_what_a_driver_complains_of_is_shown(lane: Any, until: Any) -> None:
    with Gmp252Twin(TcpPort(), rising()) as twin:
        running = lane(probe_spec("gmp252", twin.url))
        until(lambda: running.is_in("co2-inside", READY), "ready")
        twin.device_status, twin.error_code = 2, 0x2000
        until(lambda: running.is_in("co2-inside", DEGRADED), "degraded")
        assert "co2-inside reports: sensor heater fault" in running.group.states()["co2-inside"].reason
        twin.device_status = 0
        until(lambda: running.is_in("co2-inside", READY), "ready again")


def test_s8_that_keeps_its_self_calibration_never_gets_ready(lane: Any, until: Any) -> None:
    with S8Twin(TcpPort(), rising()) as twin:
        twin.abc_stuck = True
        running = lane(probe_spec("s8", twin.url))
        until(lambda: running.group.metrics()["co2-inside"].failures >= 2, "second refusal")
        assert "self-calibration" in running.group.states()["co2-inside"].reason
        assert READY not in {s.state for s in running.states("co2-inside")}
        assert running.samples("co2-inside") == []


def test_two_devices_with_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match='"nose"'):
        DeviceGroup([scripted("nose", good()), scripted("nose", good())])


def test_silence_is_judged_by_the_injected_clock() -> None:
    now = [0]
    seen: list[Any] = []
    answers = iter([(Sample(Quantity.CO2_PPM, 1.0),)])
    hanging, hang = threading.Event(), threading.Event()

    def read() -> Sequence[Reading]:
        for first in answers:
            return first
        hanging.set()
        hang.wait()
        return ()

    runner = DeviceRunner(scripted("slow", read, Slow), seen.append, clock=lambda: now[0])
    runner.start()
    # not while it passes its reading on: the clock would show a lag
    assert hanging.wait(5)
    assert runner.state.state is READY
    offers: list[Any] = []
    for second in (1, 3, 5, 7):
        now[0] = second * 1_000_000_000
        runner.watch(lambda item: offers.append(item) or True)
        assert (runner.state.state is LOST) == (second > 6), second
    assert [o.state for o in offers] == [LOST]
    assert offers[0].since_mono_ns == 7_000_000_000
    runner.ask_to_stop()
    hang.set()
    assert runner.join(5)


def test_a_driver_that_hangs_in_open_is_reported() -> None:
    now, opening, hang = [0], threading.Event(), threading.Event()

    def open_and_hang() -> None:
        opening.set()
        hang.wait()

    runner = DeviceRunner(
        scripted("stuck", good(), open=open_and_hang), lambda item: None, clock=lambda: now[0]
    )
    runner.start()
    assert opening.wait(5)
    for second, state in ((2, ConnectionState.OPENING), (4, LOST)):
        now[0] = second * 1_000_000_000
        runner.watch(lambda item: True)
        assert runner.state.state is state
    assert "stuck has not come up for 3 s (its driver is in open)" in runner.state.reason
    runner.ask_to_stop()
    hang.set()
    assert runner.join(5)


class Slow(Scripted):
    capabilities = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,), period_s=3.0)


def test_the_first_block_after_a_loss_says_that_something_is_missing(lane: Any, until: Any) -> None:
    channels = (Channel("c1", Role.CHASSIS),)
    reads = 0

    def read() -> Sequence[Reading]:
        nonlocal reads
        reads += 1
        if reads == 3:
            raise DeviceLost("the plug was pulled")
        time.sleep(0.01)
        return (WaveformBlock(np.zeros((1, 5), np.int32), 500.0, channels),)

    running = lane(scripted("geophones", read, Board))
    until(lambda: len(running.of("geophones", WaveformBlock)) >= 5, "five blocks")
    gaps = [Flag.GAP_BEFORE in block.flags for block in running.of("geophones", WaveformBlock)[:5]]
    assert gaps == [False, False, True, False, False]


def test_a_frame_that_comes_in_pieces_waits_for_nothing_but_its_last_piece(lane: Any, until: Any) -> None:
    """A read that took bytes and made no reading of them is followed by the next one at once."""
    chunks = [b"a"] * 40

    class Pieces(Scripted):
        def open(self) -> None:
            self.link = self.links.open("")

        def read(self) -> Sequence[Reading]:
            if not chunks:
                time.sleep(0.05)
                return (Sample(Quantity.CO2_PPM, time.monotonic()),)
            self.link.read()
            return ()

    class Wire:
        def __init__(self, tap: Any) -> None:
            self.tap = tap

        def open(self, url: str) -> Any:
            return self

        def read(self) -> bytes:
            self.tap(Direction.RX, chunks[-1])
            return chunks.pop()

    running = lane(scripted("pieces", good(), Pieces), links=Wire)
    until(lambda: running.samples("pieces"), "sample")
    raws = [item.stamp.mono_ns for item in running.items if isinstance(item, RawBytes)]
    gaps_ms = [(b - a) / 1e6 for a, b in itertools.pairwise(raws)]
    assert len(raws) == 40
    assert sorted(gaps_ms)[len(gaps_ms) // 2] < 4.0
