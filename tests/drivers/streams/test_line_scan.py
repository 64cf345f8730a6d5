"""The line-scan driver against its twin on TCP and a pty, and against scripted bytes."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import numpy as np
import pytest

from drivers.api import (
    DeviceLost,
    DeviceTimeout,
    Flag,
    LineBlock,
    LineKind,
    LineScanEnd,
    ProtocolError,
)
from drivers.codecs import line_scan as wire
from drivers.devices.line_scan import LineScan, LineScanConfig
from drivers.transport import PortLinks
from drivers.twins.line_scan import LineScanTwin
from drivers.twins.ports import PtyPort, TcpPort, WirePort

N_PIXELS = 200
EPOCH_NS = 1_700_000_000 * 10**9
HELLO = wire.LineHello(N_PIXELS, 14, 1, 5000, 4500, bytes(range(16)), "XD1")
RNG = np.random.default_rng(3)


def image(n_lines: int) -> np.ndarray:
    return RNG.integers(0, 2**14, (n_lines, N_PIXELS)).astype(np.uint16)


def ended(readings: list[Any]) -> bool:
    return any(isinstance(reading, LineScanEnd) for reading in readings)


def of_kind(readings: list[Any], kind: LineKind, energy: int = 0) -> list[LineBlock]:
    return [r for r in readings if isinstance(r, LineBlock) and r.kind is kind and r.energy == energy]


def pixels(blocks: list[LineBlock]) -> np.ndarray:
    return np.concatenate([block.pixels for block in blocks])


def line(number: int, scan: int = 1, n_pixels: int = N_PIXELS, **facts: Any) -> bytes:
    known = {"encoder": 0, "device_ns": 0, "kind": 0, "energy": 0, "dose": 32768, "flags": 0} | facts
    return wire.encode(wire.Line(scan, number, pixels=np.full(n_pixels, number, np.uint16), **known))


@pytest.mark.usefixtures("patient_wire")
@pytest.mark.parametrize("port", [TcpPort, PtyPort])
def test_a_passage_arrives_as_it_was_sent(port: type[WirePort], opened, collect) -> None:
    dark, air, data = image(8), image(9), image(120)
    encoder = np.arange(1000, 1000 - 240, -2)
    dose = RNG.integers(30000, 35000, 120).astype(np.uint16)
    flags = np.where(np.arange(120) == 50, 2, 0).astype(np.uint16)
    with LineScanTwin(port(), HELLO, line_rate_hz=1000, epoch_ns=EPOCH_NS) as twin:
        driver = opened(LineScan(LineScanConfig(twin.url), PortLinks()))
        twin.send_scan(41, data, dark=dark, air=air, encoder=encoder, dose=dose, flags=flags)
        readings = collect(driver, ended)
    np.testing.assert_array_equal(pixels(of_kind(readings, LineKind.DARK)), dark)
    np.testing.assert_array_equal(pixels(of_kind(readings, LineKind.AIR)), air)
    blocks = of_kind(readings, LineKind.DATA)
    np.testing.assert_array_equal(pixels(blocks), data)
    np.testing.assert_array_equal(np.concatenate([b.encoder for b in blocks]), encoder)
    np.testing.assert_array_equal(np.concatenate([b.dose for b in blocks]), dose)
    np.testing.assert_array_equal(np.concatenate([b.line_flags for b in blocks]), flags)
    np.testing.assert_array_equal(np.concatenate([b.line_numbers for b in blocks]), np.arange(18, 138))
    assert [bool(b.flags & Flag.SATURATED) for b in blocks] == [bool(b.line_flags.any()) for b in blocks]
    assert not any(b.flags & Flag.GAP_BEFORE for b in blocks)
    assert all(b.flags & Flag.BEAM_OFF for b in of_kind(readings, LineKind.DARK))
    first = blocks[0]
    assert (first.scan, first.bits, first.pixel_pitch_um, first.line_pitch_um) == (41, 14, 5000, 4500)
    assert first.calibration_hash == bytes(range(16)).hex()
    assert first.device_ns == EPOCH_NS + 17 * 1_000_000
    end = readings[-1]
    assert (end.scan, end.lines_sent, end.lines_lost, end.lines_received) == (41, 137, 0, 137)
    assert end.hash_matches
    assert driver.identify().serial == "XD1"


def test_air_lines_after_the_lorry_come_with_their_dose(opened, collect) -> None:
    dark, air, data, after = image(8), image(9), image(40), image(10)
    doses = {
        name: np.arange(n, dtype=np.uint16) + 30_000 for name, n in (("air_dose", 9), ("after_dose", 10))
    }
    with LineScanTwin(TcpPort(), HELLO, line_rate_hz=2000) as twin:
        driver = opened(LineScan(LineScanConfig(twin.url), PortLinks()))
        twin.send_scan(5, data, dark=dark, air=air, after=after, lose=frozenset({60}), **doses)
        readings = collect(driver, ended)
    blocks = of_kind(readings, LineKind.AIR)
    np.testing.assert_array_equal(pixels(blocks), np.concatenate([air, np.delete(after, 2, axis=0)]))
    told = np.concatenate([b.dose for b in blocks])
    np.testing.assert_array_equal(told, np.delete(np.concatenate(list(doses.values())), 11))
    assert int(blocks[-1].line_numbers[-1]) == 67
    assert (readings[-1].lines_sent, readings[-1].lines_lost, readings[-1].hash_matches) == (66, 1, True)
    with pytest.raises(ValueError, match="one value for each"):
        twin.send_scan(6, data, air=air, air_dose=doses["after_dose"])


def test_two_energies_come_apart(opened, collect) -> None:
    hello = wire.LineHello(N_PIXELS, 16, 2, 0, 0)
    low, high = image(60), image(60)
    with LineScanTwin(TcpPort(), hello, line_rate_hz=2000) as twin:
        driver = opened(LineScan(LineScanConfig(twin.url), PortLinks()))
        twin.send_scan(1, np.stack([low, high]))
        readings = collect(driver, ended)
    np.testing.assert_array_equal(pixels(of_kind(readings, LineKind.DATA, 0)), low)
    np.testing.assert_array_equal(pixels(of_kind(readings, LineKind.DATA, 1)), high)
    assert all(not block.flags for block in readings[:-1])
    assert readings[-1].lines_received == 120
    assert readings[0].calibration_hash == ""


def test_lines_the_detector_lost_are_reported_and_not_filled(opened, collect) -> None:
    data = image(100)
    with LineScanTwin(TcpPort(), HELLO, line_rate_hz=5000) as twin:
        driver = opened(LineScan(LineScanConfig(twin.url), PortLinks()))
        twin.send_scan(2, data, lose=frozenset({40, 41, 90}))
        readings = collect(driver, ended)
    blocks = of_kind(readings, LineKind.DATA)
    np.testing.assert_array_equal(pixels(blocks), np.delete(data, [39, 40, 89], axis=0))
    assert [int(b.line_numbers[0]) for b in blocks if b.flags & Flag.GAP_BEFORE] == [42, 91]
    assert all((np.diff(b.line_numbers) == 1).all() for b in blocks)
    assert driver.lines_missing == 3
    end = readings[-1]
    assert (end.lines_sent, end.lines_lost, end.lines_received, end.hash_matches) == (97, 3, 97, True)


def test_lines_lost_on_the_wire_show_in_count_and_hash(opened, collect, scripted) -> None:
    damaged = bytearray(line(2))
    damaged[20] ^= 0x10
    end = wire.encode(wire.LineEnd(1, 3, 0, bytes(32)))
    links = scripted(wire.encode(HELLO), line(1), bytes(damaged), line(3), end)
    readings = collect(opened(LineScan(LineScanConfig("scripted"), links)), ended)
    assert [b.line_numbers.tolist() for b in readings[:-1]] == [[1], [3]]
    assert readings[1].flags & Flag.GAP_BEFORE
    assert (readings[-1].lines_sent, readings[-1].lines_received, readings[-1].hash_matches) == (3, 2, False)


def test_a_gap_is_flagged_for_each_energy(opened, collect, scripted) -> None:
    hello = wire.LineHello(N_PIXELS, 16, 2, 0, 0)
    lines = [line(number, energy=energy) for number in (1, 2, 5, 6) for energy in (0, 1)]
    end = wire.encode(wire.LineEnd(1, 8, 0, bytes(32)))
    links = scripted(wire.encode(hello) + b"".join(lines) + end)
    readings = collect(opened(LineScan(LineScanConfig("scripted"), links)), ended)
    found = [(b.energy, b.line_numbers.tolist(), bool(b.flags & Flag.GAP_BEFORE)) for b in readings[:-1]]
    assert found == [
        (0, [1, 2], False),
        (1, [1, 2], False),
        (0, [5, 6], True),
        (1, [5, 6], True),
    ]


def test_lines_missing_at_the_start_are_a_gap(opened, collect, scripted) -> None:
    links = scripted(wire.encode(HELLO) + line(4))
    driver = opened(LineScan(LineScanConfig("scripted"), links))
    (block,) = collect(driver, lambda got: len(got) == 1)
    assert block.flags & Flag.GAP_BEFORE
    assert driver.lines_missing == 3


def test_lines_without_a_hello_are_not_guessed_at(opened, collect, scripted) -> None:
    end = wire.encode(wire.LineEnd(1, 2, 0, bytes(32)))
    driver = opened(LineScan(LineScanConfig("scripted"), scripted(line(1) + line(2) + end)))
    (reading,) = collect(driver, ended)
    assert (reading.lines_received, reading.hash_matches) == (0, False)
    assert driver.lines_without_hello == 2


def test_a_new_scan_begins_new_counts(opened, collect) -> None:
    with LineScanTwin(TcpPort(), HELLO, line_rate_hz=float("inf")) as twin:
        driver = opened(LineScan(LineScanConfig(twin.url), PortLinks()))
        for scan in (5, 6):
            twin.send_scan(scan, image(30))
            end = collect(driver, ended)[-1]
            assert (end.scan, end.lines_received, end.hash_matches) == (scan, 30, True)


def test_what_comes_twice_is_taken_once(opened, scripted) -> None:
    sha = hashlib.sha256(b"".join(np.full(N_PIXELS, n, "<u2").tobytes() for n in (1, 2))).digest()
    lines = [line(n, device_ns=n) for n in (1, 2)]
    end = wire.encode(wire.LineEnd(1, 2, 0, sha))
    # the last piece of a passage comes again as a whole, its END with it
    links = scripted(wire.encode(HELLO) + lines[0] + lines[1] + end, lines[1] + end + wire.encode(HELLO))
    driver = opened(LineScan(LineScanConfig("scripted"), links))
    readings = [reading for _ in range(3) for reading in driver.read()]
    assert [r.line_numbers.tolist() for r in of_kind(readings, LineKind.DATA)] == [[1, 2]]
    (closed,) = [r for r in readings if isinstance(r, LineScanEnd)]
    assert closed.hash_matches
    assert driver.lines_doubled == 1


def test_a_detector_that_was_switched_on_again_counts_anew(opened, scripted) -> None:
    links = scripted(wire.encode(HELLO) + line(1, device_ns=7), wire.encode(HELLO) + line(1, device_ns=9))
    driver = opened(LineScan(LineScanConfig("scripted"), links))
    readings = [reading for _ in range(3) for reading in driver.read()]
    assert [r.line_numbers.tolist() for r in of_kind(readings, LineKind.DATA)] == [[1], [1]]
    assert driver.lines_doubled == 0


def test_a_line_of_another_length_is_refused(opened, scripted) -> None:
    links = scripted(wire.encode(HELLO), line(1, n_pixels=N_PIXELS - 1))
    with pytest.raises(ProtocolError, match="200 pixels"):
        opened(LineScan(LineScanConfig("scripted"), links)).read()


def test_an_unplugged_detector_is_lost(opened, collect) -> None:
    with LineScanTwin(TcpPort(), HELLO, line_rate_hz=200) as twin:
        driver = opened(LineScan(LineScanConfig(twin.url), PortLinks()))
        twin.send_scan(1, image(10_000))
        collect(driver, lambda got: len(got) >= 2)
        twin.unplug()
        pulled = time.monotonic()
        with pytest.raises(DeviceLost):
            collect(driver, lambda got: False, deadline_s=5)
        assert time.monotonic() - pulled < 2


def test_a_tcp_port_without_a_hello_is_a_timeout() -> None:
    port = TcpPort()
    try:
        driver = LineScan(LineScanConfig(port.url, hello_timeout_s=0.1), PortLinks())
        with pytest.raises(DeviceTimeout, match="no HELLO"):
            driver.open()
    finally:
        port.close()


def test_the_driver_never_says_a_word(opened, collect, scripted) -> None:
    links = scripted(wire.encode(HELLO), line(1))
    collect(opened(LineScan(LineScanConfig("scripted"), links)), lambda got: len(got) == 1)
    assert links.heard == []
