"""The waveform stream's driver against its twin on a pty and TCP, and against scripted bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from drivers.api import (
    ClockLock,
    ConfigError,
    DeviceLost,
    DeviceOpenError,
    DeviceTimeout,
    Flag,
    ProtocolError,
    Quantity,
    Role,
    Sample,
    WaveformBlock,
)
from drivers.codecs import wave_stream as wire
from drivers.devices.wave_stream import WaveStream, WaveStreamConfig
from drivers.transport import PortLinks
from drivers.twins.ports import PtyPort, TcpPort, WirePort
from drivers.twins.recorded import RecordedSamples
from drivers.twins.wave_stream import WaveStreamTwin

HELLO = wire.WaveHello(
    500.0,
    24,
    838861,
    (
        wire.WaveChannel(0, 28.8, 4.5, 0.7),
        wire.WaveChannel(1, 28.8, 4.5, 0.7),
        wire.WaveChannel(2, 0.0, 0.0, 0.0),
    ),
    "G7",
)
EPOCH_NS = 1_700_000_000 * 10**9
both_wires = pytest.mark.parametrize("port", [PtyPort, TcpPort])


def counts(n_samples: int, n_channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(-8_000_000, 8_000_000, (n_channels, n_samples), dtype=np.int32)


def waves(readings: list[Any]) -> list[WaveformBlock]:
    return [reading for reading in readings if isinstance(reading, WaveformBlock)]


def samples_in(n: int) -> Callable[[list[Any]], bool]:
    return lambda readings: sum(block.counts.shape[1] for block in waves(readings)) >= n


def block(sequence: int, n_samples: int = 4, channels: int = 3, **facts: Any) -> bytes:
    known = {"clock_locked": True, "overrun": False, "clipped": 0} | facts
    return wire.encode(
        wire.WaveBlock(
            sequence, EPOCH_NS, counts=np.full((channels, n_samples), sequence % 99, np.int32), **known
        )
    )


@pytest.mark.usefixtures("patient_wire")
@both_wires
def test_what_the_board_measures_arrives_unchanged(port: type[WirePort], opened, collect) -> None:
    sent = counts(1030)
    with WaveStreamTwin(port(), HELLO, RecordedSamples(sent), pace=4, epoch_ns=EPOCH_NS) as twin:
        driver = opened(WaveStream(WaveStreamConfig(twin.url), PortLinks()))
        assert driver.identify().serial == "G7"
        readings = collect(driver, samples_in(1030))
        assert twin.commands == [wire.START]
    blocks = waves(readings)
    np.testing.assert_array_equal(np.concatenate([b.counts for b in blocks], axis=1), sent)
    assert [b.device_sequence for b in blocks] == list(range(len(blocks)))
    assert [b.device_ns - EPOCH_NS for b in blocks[:3]] == [0, 100_000_000, 200_000_000]
    assert {b.flags for b in blocks} == {Flag.NONE}
    assert {b.clock_lock for b in blocks} == {ClockLock.GPS}
    first = blocks[0]
    assert first.fs_hz == 500.0
    assert [channel.role for channel in first.channels] == [Role.CHASSIS, Role.GROUND, Role.AIR]
    geophone, _, air = first.channels
    assert (geophone.sensitivity_v_per_m_s, geophone.natural_frequency_hz, geophone.damping) == (
        28.8,
        4.5,
        0.7,
    )
    assert geophone.counts_per_volt == 838861
    assert (air.sensitivity_v_per_m_s, air.natural_frequency_hz, air.damping) == (None, None, None)


@both_wires
def test_the_boards_temperature_comes_with_its_state(port: type[WirePort], opened, collect) -> None:
    source = RecordedSamples(counts(500), loop=True)
    with WaveStreamTwin(port(), HELLO, source, temperature_c=-18.5, lock=1, pace=20) as twin:
        driver = opened(WaveStream(WaveStreamConfig(twin.url), PortLinks()))
        readings = collect(driver, lambda got: sum(isinstance(r, Sample) for r in got) >= 2)
        samples = [reading for reading in readings if isinstance(reading, Sample)]
        assert {(s.quantity, s.value, s.clock_lock) for s in samples} == {
            (Quantity.TEMPERATURE_C, -18.5, ClockLock.NTP)
        }
        assert driver.state.supply_mv == 12000
        driver.self_test()
        collect(driver, lambda got: driver.state.self_test == 1)


def test_lost_blocks_are_reported_and_not_filled(opened, collect) -> None:
    sent = counts(1000)
    with WaveStreamTwin(TcpPort(), HELLO, RecordedSamples(sent), pace=2, epoch_ns=EPOCH_NS) as twin:
        driver = opened(WaveStream(WaveStreamConfig(twin.url), PortLinks()))
        readings = collect(driver, samples_in(200))
        before = sum(b.counts.shape[1] for b in waves(readings))
        twin.lose_blocks(3)
        readings = collect(driver, samples_in(1000 - before - 150))
    blocks = waves(readings)
    gaps = [b for b in blocks if b.flags & Flag.GAP_BEFORE]
    assert [b.samples_lost for b in gaps] == [150]
    assert gaps[0].flags & Flag.OVERRUN
    assert gaps[0].device_ns == EPOCH_NS + gaps[0].device_sequence * 100_000_000
    place = gaps[0].device_sequence * 50
    after = np.concatenate([b.counts for b in blocks[blocks.index(gaps[0]) :]], axis=1)
    np.testing.assert_array_equal(after, sent[:, place:])


def test_a_damaged_block_is_a_gap(opened, collect, scripted) -> None:
    damaged = bytearray(block(1))
    damaged[9] ^= 0x40
    links = scripted(wire.encode(HELLO), block(0), bytes(damaged), block(2), block(3))
    driver = opened(WaveStream(WaveStreamConfig("scripted"), links))
    blocks = waves(collect(driver, lambda got: len(got) == 3))
    assert [b.device_sequence for b in blocks] == [0, 2, 3]
    assert [b.samples_lost for b in blocks] == [0, 4, 0]
    assert [bool(b.flags & Flag.GAP_BEFORE) for b in blocks] == [False, True, False]
    assert driver.counters.dropped == {"crc": 1}


def test_the_sequence_wraps_without_a_gap(opened, collect, scripted) -> None:
    links = scripted(wire.encode(HELLO), block(2**32 - 1), block(0), block(2))
    blocks = waves(
        collect(opened(WaveStream(WaveStreamConfig("scripted"), links)), lambda got: len(got) == 3)
    )
    assert [b.samples_lost for b in blocks] == [0, 0, 4]


def test_a_board_that_was_switched_off_and_on_is_started_again(opened, collect, scripted) -> None:
    links = scripted(wire.encode(HELLO), block(7), wire.encode(HELLO))
    driver = opened(WaveStream(WaveStreamConfig("scripted"), links))
    collect(driver, lambda got: len(got) == 1)
    start = wire.encode(wire.WaveCommand(wire.START))
    assert links.heard == [start]
    collect(driver, lambda got: links.heard == [start, start])
    links.says = [block(0)]
    (first,) = collect(driver, lambda got: len(got) == 1)
    assert first.flags & Flag.GAP_BEFORE
    assert first.samples_lost == 0


def test_clipping_and_overrun_are_flagged(opened, collect, scripted) -> None:
    links = scripted(wire.encode(HELLO), block(0, clipped=0b101), block(1, overrun=True, clock_locked=False))
    driver = opened(WaveStream(WaveStreamConfig("scripted"), links))
    first, second = collect(driver, lambda got: len(got) == 2)
    assert (first.clipped, first.flags) == (0b101, Flag.CLIPPED)
    assert first.clock_lock is ClockLock.NTP  # locked, and no STATE yet that says to what
    assert (second.flags, second.clock_lock) == (Flag.OVERRUN, ClockLock.NONE)


def test_the_twin_clips_like_its_converter(opened, collect) -> None:
    loud = np.array([[9_000_000] * 50, [5] * 50, [-9_000_000] * 50], np.int32)
    with WaveStreamTwin(TcpPort(), HELLO, RecordedSamples(loud)) as twin:
        driver = opened(WaveStream(WaveStreamConfig(twin.url), PortLinks()))
        (clipped,) = waves(collect(driver, samples_in(50)))
    assert clipped.clipped == 0b101
    assert (clipped.counts.max(), clipped.counts.min()) == (2**23 - 1, -(2**23))


@both_wires
def test_a_pulled_plug_is_a_lost_device_and_a_replug_a_gap(
    port: type[WirePort], opened, collect, tmp_path
) -> None:
    wire_end = PtyPort(tmp_path / "board") if port is PtyPort else TcpPort()
    source = RecordedSamples(counts(500), loop=True)
    with WaveStreamTwin(wire_end, HELLO, source) as twin:
        driver = opened(WaveStream(WaveStreamConfig(twin.url), PortLinks()))
        collect(driver, samples_in(100))
        twin.unplug()
        pulled = time.monotonic()
        with pytest.raises(DeviceLost):
            collect(driver, lambda got: False, deadline_s=5)
        assert time.monotonic() - pulled < 2
        with pytest.raises(DeviceOpenError):
            driver.open()
        twin.replug()
        driver.open()
        first = waves(collect(driver, samples_in(1)))[0]
        assert first.flags & Flag.GAP_BEFORE


def test_a_silent_board_is_a_timeout(scripted) -> None:
    driver = WaveStream(WaveStreamConfig("scripted", hello_timeout_s=0.05), scripted())
    with pytest.raises(DeviceTimeout, match="power and cable"):
        driver.open()
    assert driver.links.closed


def test_another_device_is_a_protocol_error(scripted) -> None:
    driver = WaveStream(
        WaveStreamConfig("scripted", hello_timeout_s=0.05), scripted(b"$GPGGA,1234*00\r\n" * 4)
    )
    with pytest.raises(ProtocolError, match="no waveform stream"):
        driver.open()


@pytest.mark.parametrize(
    "hello",
    [
        wire.WaveHello(500.0, 24, 1, ()),
        wire.WaveHello(0.0, 24, 1, HELLO.channels),
        wire.WaveHello(500.0, 24, 1, (wire.WaveChannel(9, 1.0, 1.0, 1.0),)),
    ],
)
def test_a_hello_that_cannot_be_used_is_refused(hello: wire.WaveHello, scripted) -> None:
    driver = WaveStream(WaveStreamConfig("scripted"), scripted(wire.encode(hello)))
    with pytest.raises(ProtocolError, match="settings"):
        driver.open()


def test_blocks_of_another_width_than_declared_are_refused(opened, scripted) -> None:
    driver = opened(
        WaveStream(WaveStreamConfig("scripted"), scripted(wire.encode(HELLO), block(0, channels=2)))
    )
    with pytest.raises(ProtocolError, match="2 channels after declaring 3"):
        driver.read()


def test_channel_names_must_fit_the_board(scripted) -> None:
    config = WaveStreamConfig("scripted", channel_names=("axle", "yard"))
    with pytest.raises(ConfigError, match="has 3 channels, the configuration names 2"):
        WaveStream(config, scripted(wire.encode(HELLO))).open()


def test_a_failed_self_test_is_complained_about(opened, collect, scripted) -> None:
    states = [wire.encode(wire.WaveState(1, 20.0, 12000, 0, result, 0)) for result in (1, 2)]
    driver = opened(WaveStream(WaveStreamConfig("scripted"), scripted(wire.encode(HELLO), states[0])))
    collect(driver, lambda got: len(got) == 1)
    assert driver.complaint() == ""
    driver.links.says = [states[1]]
    collect(driver, lambda got: len(got) == 1)
    assert "self-test" in driver.complaint()


def test_closing_stops_the_board(collect, opened) -> None:
    with WaveStreamTwin(PtyPort(), HELLO, RecordedSamples(counts(500), loop=True)) as twin:
        driver = opened(WaveStream(WaveStreamConfig(twin.url), PortLinks()))
        collect(driver, samples_in(50))
        driver.close()
        driver.close()
        end = time.monotonic() + 5
        while twin.commands[-1] != wire.STOP:
            assert time.monotonic() < end
