"""What a vendor's driver returns is converted without loss or refused in words: nothing odd is passed on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest

from drivers.api import (
    Capabilities,
    Channel,
    ClockLock,
    ConnectionState,
    Device,
    Event,
    EventKind,
    Flag,
    Frame,
    GeneratorState,
    Identity,
    LineBlock,
    LineKind,
    LineScanEnd,
    ProtocolError,
    Quality,
    Quantity,
    Reading,
    Role,
    Sample,
    Stamp,
    WaveformBlock,
    reading_name,
)
from drivers.reading_check import FIELDS, checked_reading, checked_readings
from drivers.runner import DeviceSpec
from scanner.lane.newest import reading_words
from scanner.recording.anchor import Anchor
from scanner.recording.codec import decode, encode
from scanner.wording import sentence, sentences

EVERYTHING = Capabilities(
    reads=("sample", "waveform", "frame", "lines", "line_scan_end", "generator_state"),
    quantities=(Quantity.CO2_PPM, Quantity.TEMPERATURE_C),
)
CHANNELS = (Channel("c1", Role.CHASSIS, 28.8, 4.5), Channel("g1", Role.GROUND))
SAMPLE = Sample(Quantity.CO2_PPM, 431.5)
BLOCK = WaveformBlock(np.arange(10, dtype=np.int32).reshape(2, 5), 500.0, CHANNELS, device_sequence=3)
FRAME = Frame(np.arange(6, dtype=np.int16).reshape(2, 3), "°C", 0.01, ambient_c=20.5)
LINES = LineBlock(
    np.arange(6, dtype=np.uint16).reshape(2, 3),
    scan=1,
    line_numbers=np.array([4, 5], np.int64),
    encoder=np.array([-7, 8], np.int64),
    dose=np.full(2, 32768, np.uint16),
    line_flags=np.zeros(2, np.uint16),
    kind=LineKind.DATA,
    energy=0,
    bits=16,
)
SCAN_END = LineScanEnd(1, 2, 0, "ab" * 32, 2, True)
SUPPLY = GeneratorState("on", 160.0, 1.2)
GOOD: tuple[Reading, ...] = (SAMPLE, BLOCK, FRAME, LINES, SCAN_END, SUPPLY)


def same(a: Any, b: Any) -> bool:
    """Compare readings by value, type of value and type of array."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.flags.c_contiguous and np.array_equal(a, b)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "__dataclass_fields__"):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return type(a) is type(b) and bool(a == b)


@pytest.mark.parametrize("reading", GOOD, ids=reading_name)
def test_a_good_reading_is_passed_on_as_the_same_object(reading: Reading) -> None:
    assert checked_reading(reading, EVERYTHING) is reading


@pytest.mark.parametrize("kind", FIELDS)
def test_every_field_but_the_stamp_is_checked(kind: type) -> None:
    assert set(FIELDS[kind]) | {"stamp"} == {field.name for field in fields(kind)}


CONVERTED = {
    "float32 value": (SAMPLE, {"value": np.float32(431.5)}),
    "float64 value": (SAMPLE, {"value": np.float64(431.5)}),
    "whole value": (replace(SAMPLE, value=431.0), {"value": 431}),
    "value without axes": (SAMPLE, {"value": np.array(431.5)}),
    "quantity as text": (SAMPLE, {"quantity": "co2_ppm"}),
    "quality as text": (SAMPLE, {"quality": "good"}),
    "lock as text": (replace(SAMPLE, clock_lock=ClockLock.GPS), {"clock_lock": "gps"}),
    "int64 time": (replace(SAMPLE, device_ns=7), {"device_ns": np.int64(7)}),
    "int64 counts": (BLOCK, {"counts": BLOCK.counts.astype(np.int64)}),
    "uint8 counts": (BLOCK, {"counts": BLOCK.counts.astype(np.uint8)}),
    "big-endian counts": (BLOCK, {"counts": BLOCK.counts.astype(">i4")}),
    "transposed counts": (BLOCK, {"counts": np.asfortranarray(BLOCK.counts)}),
    "rate as whole number": (BLOCK, {"fs_hz": 500}),
    "channels as list": (BLOCK, {"channels": list(CHANNELS)}),
    "channel role as text": (BLOCK, {"channels": (replace(CHANNELS[0], role="chassis"), CHANNELS[1])}),
    "channel of float32": (
        BLOCK,
        {"channels": (replace(CHANNELS[0], natural_frequency_hz=np.float32(4.5)), CHANNELS[1])},
    ),
    "flags as number": (replace(BLOCK, flags=Flag.CLIPPED), {"flags": np.uint8(16)}),
    "int64 frame": (FRAME, {"pixels": FRAME.pixels.astype(np.int64)}),
    "frame cut from a larger": (FRAME, {"pixels": np.repeat(FRAME.pixels, 2, axis=1)[:, ::2]}),
    "float32 scale": (replace(FRAME, scale=0.5), {"scale": np.float32(0.5)}),
    "int32 pixels of lines": (LINES, {"pixels": LINES.pixels.astype(np.int32)}),
    "int32 line numbers": (LINES, {"line_numbers": LINES.line_numbers.astype(np.int32)}),
    "kind as text": (LINES, {"kind": "data"}),
    "numpy truth": (SCAN_END, {"hash_matches": np.True_, "lines_sent": np.uint32(2)}),
    "numpy text": (SUPPLY, {"state": np.str_("on"), "kv": np.float32(160)}),
}


@pytest.mark.parametrize(("wanted", "odd"), CONVERTED.values(), ids=CONVERTED)
def test_what_loses_nothing_is_converted(wanted: Reading, odd: dict[str, Any]) -> None:
    assert same(checked_reading(replace(wanted, **odd), EVERYTHING), wanted)


REFUSED: dict[str, tuple[Any, str]] = {
    "no value": (replace(SAMPLE, value=None), "value = None .NoneType., a number is wanted"),
    "text value": (replace(SAMPLE, value="400"), "value = '400' .str., a number is wanted"),
    "true value": (replace(SAMPLE, value=True), "value = True"),
    "value beyond floats": (replace(SAMPLE, value=10**400), "value = 1000"),
    "complex value": (replace(SAMPLE, value=400j), "value = 400j"),
    "array value": (replace(SAMPLE, value=np.zeros(2)), "a number is wanted"),
    "unknown quantity": (replace(SAMPLE, quantity="co2"), "quantity = 'co2' .str., one of co2_ppm,"),
    "undeclared quantity": (
        replace(SAMPLE, quantity=Quantity.WIND_M_S),
        "sample of wind_m_s.*declares co2_ppm",
    ),
    "unknown quality": (replace(SAMPLE, quality=None), "quality = None"),
    "time as float": (replace(SAMPLE, device_ns=1.5), "device_ns = 1.5 .float., a whole number is wanted"),
    "time beyond 64 bits": (replace(SAMPLE, device_ns=2**63), "device_ns = 9223372036854775808"),
    "float64 counts": (
        replace(BLOCK, counts=BLOCK.counts.astype(float)),
        "^its driver returned counts of float64, int32 .n_channels, n_samples. is wanted$",
    ),
    "one axis": (replace(BLOCK, counts=np.zeros(5, np.int32)), r"counts of shape \(5,\), int32"),
    "no samples": (replace(BLOCK, counts=np.zeros((2, 0), np.int32)), r"counts of shape \(2, 0\)"),
    "counts beyond int32": (replace(BLOCK, counts=np.full((2, 2), 2**31)), "counts from 2147483648"),
    "counts as list": (replace(BLOCK, counts=[[1, 2], [3, 4]]), "a plain NumPy array of int32"),
    "masked counts": (replace(BLOCK, counts=np.ma.masked_equal(BLOCK.counts, 3)), "MaskedArray"),
    "too many channels": (replace(BLOCK, channels=CHANNELS[:1]), "counts of 2 channels and describes 1"),
    "channels unsaid": (replace(BLOCK, channels=None), "channels = None .NoneType., a tuple of Channel"),
    "channel as text": (replace(BLOCK, channels=("c1", "g1")), "channels entry = 'c1' .str., a Channel"),
    "no rate": (replace(BLOCK, fs_hz=0.0), "fs_hz = 0.0 .float., a number above 0 is wanted"),
    "rate NaN": (replace(BLOCK, fs_hz=float("nan")), "fs_hz = nan"),
    "loss below none": (replace(BLOCK, samples_lost=-1), "samples_lost = -1"),
    "flags below none": (replace(BLOCK, flags=-1), "flags = -1"),
    "float32 frame": (
        replace(FRAME, pixels=FRAME.pixels.astype(np.float32)),
        "pixels of float32, int16 or uint16 or uint8 .h, w. is wanted",
    ),
    "empty frame": (replace(FRAME, pixels=np.zeros((0, 0), np.int16)), r"pixels of shape \(0, 0\)"),
    "colour frame": (replace(FRAME, pixels=np.zeros((2, 2, 3), np.uint8)), r"pixels of shape \(2, 2, 3\)"),
    "no picture": (replace(FRAME, pixels=None), "pixels = None"),
    "frame beyond 16 bits": (replace(FRAME, pixels=np.array([[-1, 40_000]])), "pixels from -1 to 40000"),
    "unit unsaid": (replace(FRAME, unit=None), "unit = None .NoneType., a text is wanted"),
    "unit of half a character": (replace(FRAME, unit="\udcb0C"), "lone surrogates"),
    "scale infinite": (replace(FRAME, scale=float("inf")), "scale = inf .float., a finite number"),
    "encoder too short": (
        replace(LINES, encoder=np.zeros(1, np.int64)),
        "encoder of 1 values for 2 lines, one for each line is wanted",
    ),
    "dose of floats": (replace(LINES, dose=np.ones(2)), "dose of float64, uint16"),
    "no lines": (replace(LINES, pixels=np.zeros((0, 3), np.uint16)), r"pixels of shape \(0, 3\)"),
    "unknown kind": (replace(LINES, kind="gain"), "kind = 'gain' .str., one of data, dark, air is wanted"),
    "count as truth": (replace(SCAN_END, lines_sent=True), "lines_sent = True"),
    "match unsaid": (replace(SCAN_END, hash_matches=None), "True or False is wanted"),
    "hash as bytes": (replace(SCAN_END, pixel_sha256=b"ab"), "pixel_sha256 = b'ab'"),
    "voltage unsaid": (replace(SUPPLY, kv=None), "kv = None"),
    "no reading": (400.0, "returned a float, one of Sample, WaveformBlock"),
    "an event": (Event(EventKind.PROBE_IN, 0), "returned a Event"),
}


@pytest.mark.parametrize(("reading", "words"), REFUSED.values(), ids=REFUSED)
def test_the_rest_is_refused_with_what_is_wanted(reading: Any, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        checked_reading(reading, EVERYTHING)


@pytest.mark.parametrize("reading", GOOD, ids=reading_name)
def test_a_reading_that_the_driver_does_not_declare_is_refused(reading: Reading) -> None:
    name = reading_name(reading)
    others = tuple(one for one in EVERYTHING.reads if one != name)
    with pytest.raises(ProtocolError, match=f'"{name}" reading, its capabilities.reads declares {others[0]}'):
        checked_reading(reading, replace(EVERYTHING, reads=others))


@pytest.mark.parametrize("readings", [None, SAMPLE, iter([SAMPLE])])
def test_what_is_no_list_of_readings_is_refused(readings: Any) -> None:
    with pytest.raises(ProtocolError, match="a list of readings is wanted, empty when there is none"):
        checked_readings(readings, EVERYTHING)


@pytest.mark.parametrize(("wanted", "odd"), CONVERTED.values(), ids=CONVERTED)
def test_what_was_converted_can_be_shown_recorded_and_read_back(wanted: Reading, odd: dict[str, Any]) -> None:
    checked = checked_reading(replace(wanted, **odd), EVERYTHING)
    stamped: Any = replace(checked, stamp=Stamp("s", Role.INSIDE, 5, 0))
    anchor = Anchor(utc_ns=10**18, mono_ns=0)
    assert same(decode(encode(stamped, anchor), anchor), stamped)
    words = reading_words(stamped)
    assert words is None or all(sentences(words).values())


def test_the_loudest_count_and_an_empty_picture_have_words() -> None:
    loudest = np.array([[np.iinfo(np.int32).min, 5]], np.int32)
    words = reading_words(WaveformBlock(loudest, 500.0, CHANNELS[:1]))
    assert words is not None
    assert sentence(words) == "1 channel at 500 Hz, peak 2147483648 counts"
    assert reading_words(replace(FRAME, pixels=np.zeros((0, 0), np.int16))) is None


def test_a_check_costs_microseconds() -> None:
    def cost_s(reading: Reading) -> float:
        began = time.perf_counter()
        for _ in range(500):
            checked_reading(reading, EVERYTHING)
        return (time.perf_counter() - began) / 500

    for reading in GOOD:
        best_s = min(cost_s(reading) for _ in range(5))
        print(f"{reading_name(reading)}: {best_s * 1e6:.1f} µs")
        assert best_s < 100e-6  # 50 blocks a second on a slow computer: below 1 %


# Under the runner


@dataclass(frozen=True)
class VendorConfig:
    read: Callable[[], Sequence[Reading]]


class Vendor(Device[VendorConfig]):
    """Returns what the test says."""

    Config = VendorConfig
    capabilities = replace(EVERYTHING, period_s=0.1)

    def open(self) -> None:
        pass

    def identify(self) -> Identity:
        return Identity("Test", "Vendor")

    def read(self) -> Sequence[Reading]:
        time.sleep(0.01)
        return self.config.read()

    def close(self) -> None:
        pass


def test_a_vendors_numpy_value_is_a_sample_like_any_other(lane: Any, until: Any) -> None:
    values = itertools.count(400)
    spec = DeviceSpec(
        "nose",
        Role.INSIDE,
        Vendor,
        VendorConfig(lambda: [Sample(Quantity.CO2_PPM, np.float32(next(values)))]),  # type: ignore[arg-type]
    )
    running = lane(spec)
    until(lambda: len(running.samples("nose")) >= 3, "three samples")
    assert [type(s.value) for s in running.samples("nose")[:3]] == [float] * 3
    assert running.samples("nose")[0].quality is Quality.GOOD
    assert running.is_in("nose", ConnectionState.READY)


@pytest.mark.parametrize(
    "odd", ["float64 counts", "no value", "empty frame", "encoder too short", "an event"]
)
def test_an_odd_reading_is_the_drivers_fault_and_is_not_passed_on(lane: Any, until: Any, odd: str) -> None:
    reading, _ = REFUSED[odd]
    bad = DeviceSpec("odd", Role.INSIDE, Vendor, VendorConfig(lambda: [SAMPLE, reading]))
    running = lane(bad, DeviceSpec("good", Role.INSIDE, Vendor, VendorConfig(lambda: [SAMPLE])))
    until(lambda: running.group.metrics()["odd"].failures >= 3, "third try")
    lost = [state for state in running.states("odd") if state.state is ConnectionState.LOST]
    assert lost[0].reason.startswith("odd: its driver returned ")
    assert "wanted" in lost[0].reason
    # back-off: 0.25 s, then 0.5 s between the first three openings
    assert ConnectionState.READY not in {state.state for state in running.states("odd")}
    assert {type(item) for item in running.of("odd", object)} == {type(lost[0])}
    assert running.is_in("good", ConnectionState.READY)
