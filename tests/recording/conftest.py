"""One visit with an item of every type, and equality that looks into arrays and NaN."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration.certificates import Certificate
from drivers.api import (
    Channel,
    ClockLock,
    ConnectionState,
    DeviceState,
    Direction,
    Event,
    EventKind,
    Flag,
    Frame,
    GeneratorState,
    LineBlock,
    LineKind,
    LineScanEnd,
    Quality,
    Quantity,
    RawBytes,
    Role,
    Sample,
    Stamp,
    WaveformBlock,
)
from scanner.modality import Sensor
from scanner.recording import RecordedAssessment, RecordingHeader, RecordingWriter, Tick
from scanner.vehicle import CargoClass, Declaration, VehicleClass

UTC_NS = 1_795_437_919_772_913_595
START_NS = 50_000_000_000
SECOND_NS = 1_000_000_000


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if dataclasses.is_dataclass(a):
        return all(_same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


@pytest.fixture(scope="session")
def same() -> Callable[[Any, Any], bool]:
    """Equality of records: types, every field, arrays with dtype and shape, NaN equal to NaN."""
    return _same


@pytest.fixture
def header() -> RecordingHeader:
    certificate = Certificate(
        "PTB-1", dt.date(2026, 1, 1), dt.date(2027, 1, 1), {"offset_ppm": -3.5, "gain": 1.01}, "two gases"
    )
    return RecordingHeader(
        scan_id="01J0000000000000000000TEST",
        visit=2,
        lane="lane-3",
        declaration=Declaration(VehicleClass.REEFER, CargoClass.PRODUCE, "AB-123", True, 35.0),
        sensors=(
            Sensor("co2-in", Role.INSIDE, ("sample",), 0.5, 30.0, certificate),
            Sensor("geo", Role.CHASSIS, ("waveform",), 0.25),
        ),
        config={"decision": {"limits_db": [1, 2.5, math.inf]}, "name": "Straße"},
        calibrations={"co2/all@0123": "ab" * 32},
        models={"thermal": "cd" * 32},
    )


def stamp(sensor: str, role: Role, at_s: float, sequence: int) -> Stamp:
    """Stamp at a time after the start of the visit."""
    return Stamp(sensor, role, START_NS + round(at_s * 1e9), sequence)


@pytest.fixture(scope="session")
def records() -> list[Any]:
    """Twelve seconds of a visit with every type of item, ticks and assessments."""
    rng = np.random.default_rng(4)
    made: list[Any] = [
        Event(EventKind.ANCHOR, START_NS, "S", {"utc_ns": UTC_NS, "boot_id": "b-1"}),
        Event(EventKind.DECLARATION, START_NS, "S", {"vehicle_class": "reefer", "closed_minutes": None}),
        DeviceState(ConnectionState.READY, "", START_NS - 5, stamp("co2-in", Role.INSIDE, 0, 0)),
    ]
    for second in range(12):
        at = float(second)
        made += [
            RawBytes(Direction.TX, b"\x01\x04\x00\x00", stamp("co2-in", Role.INSIDE, at + 0.1, 4 * second)),
            RawBytes(
                Direction.RX,
                rng.bytes(int(rng.integers(1, 60))),
                stamp("co2-in", Role.INSIDE, at + 0.15, 4 * second + 1),
            ),
            Sample(
                Quantity.CO2_PPM,
                430.0 + second / 3,
                Quality.GOOD,
                stamp=stamp("co2-in", Role.INSIDE, at + 0.15, 4 * second + 2),
            ),
            WaveformBlock(
                rng.integers(-(2**31), 2**31, (3, 125), dtype=np.int32),
                500.0,
                (
                    Channel("EHZ", Role.CHASSIS, 28.8, 4.5, 0.56, 419430.0),
                    Channel("EHN", Role.CHASSIS),
                    Channel("EHE", Role.GROUND, counts_per_volt=0.0),
                ),
                UTC_NS + 7 * second,
                ClockLock.GPS,
                second,
                5,
                second % 4,
                Flag.CLIPPED | Flag.GAP_BEFORE,
                stamp("geo", Role.CHASSIS, at + 0.2, second),
            ),
            Frame(
                rng.integers(-2500, 4000, (24, 32)).astype(np.int16),
                "°C",
                0.01,
                0.0,
                None if second % 2 else 21.5,
                None,
                ClockLock.NONE,
                Flag.UNVERIFIED,
                stamp("ir", Role.DOORS, at + 0.3, second),
            ),
            LineBlock(
                rng.integers(0, 65536, (4, 60)).astype(np.uint16),
                7,
                np.arange(4, dtype=np.int64) + 4 * second,
                np.array([-5, 2**40, 0, 1], dtype=np.int64),
                np.array([32768, 0, 65535, 1], dtype=np.uint16),
                np.array([0, 1, 2, 8], dtype=np.uint16),
                LineKind.DATA,
                1,
                16,
                1600,
                2000,
                "ab" * 32,
                -17,
                ClockLock.NTP,
                Flag.SATURATED,
                stamp("xray", Role.PORTAL, at + 0.4, second),
            ),
            GeneratorState("on", 160.0, float("nan"), stamp("tube", Role.GENERATOR, at + 0.5, second)),
            Tick(START_NS + round((at + 0.9) * 1e9)),
            RecordedAssessment(
                START_NS + round((at + 0.9) * 1e9),
                {"digest": f"{second:064x}", "life_risk": {"minutes_high": math.inf}, "llr": [0.5, -2]},
            ),
        ]
        if second == 6:
            step = {"utc_ns": UTC_NS + 3_600 * SECOND_NS, "boot_id": "b-1"}
            made.append(Event(EventKind.ANCHOR, START_NS + 7 * SECOND_NS, "S", step))
    made.append(LineScanEnd(7, 48, 0, "ef" * 32, 48, True, stamp("xray", Role.PORTAL, 12, 12)))
    made.append(Event(EventKind.VISIT_END, START_NS + 12 * SECOND_NS, "S", {"why": "left"}))
    return made


@pytest.fixture
def write_recording(header: RecordingHeader) -> Callable[[Path, list[Any]], Path]:
    """Write records into a file as the lane does."""

    def write(path: Path, records: list[Any]) -> Path:
        with RecordingWriter(path, header) as writer:
            for record in records:
                match record:
                    case Tick():
                        writer.tick(record.mono_ns)
                    case RecordedAssessment():
                        writer.assessment(record.assessment, record.mono_ns)
                    case _:
                        writer.write(record)
        return path

    return write


@pytest.fixture
def recording(tmp_path: Path, write_recording: Callable[[Path, list[Any]], Path], records: list[Any]) -> Path:
    """The visit as a whole recording."""
    return write_recording(tmp_path / "visit.mcap", records)
