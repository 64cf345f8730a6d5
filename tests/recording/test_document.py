"""The format's page: its program writes a recording that we read, its tables name what exists."""

from __future__ import annotations

import ast
import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2
from mcap.reader import make_reader

from drivers.api import (
    ClockLock,
    ConnectionState,
    DeviceState,
    Direction,
    Event,
    EventKind,
    Flag,
    Quality,
    Quantity,
    RawBytes,
    Role,
    Sample,
    WaveformBlock,
)
from scanner.recording import Tick, read_header, read_recording, recording_info
from scanner.recording.schemas import schema
from scanner.vehicle import CargoClass, Declaration, VehicleClass

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "recording-format.md").read_text(encoding="utf-8")
START_NS = 5_000 * 10**9


def blocks(language: str) -> list[str]:
    """Code blocks of the page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def program() -> str:
    """The one program of the page."""
    (text,) = blocks("python")
    return text


@pytest.fixture(scope="module")
def written(program: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the program writes, run away from the project's folder."""
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "program.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "-W", "error", "program.py", "visit.mcap"]
    subprocess.run(command, cwd=folder, check=True, timeout=150)
    return folder / "visit.mcap"


def test_the_program_needs_public_libraries_alone(program: str) -> None:
    imported = set()
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"numpy", "google", "mcap"}


def test_the_programs_recording_is_whole_and_complete(written: Path) -> None:
    info = recording_info(written)
    assert info.whole
    assert info.gaps == ()
    assert info.foreign_messages == 0
    assert info.messages == {
        "/event": 6,
        "/tick": 10,
        "/device_state/co2-outside": 1,
        "/device_state/co2-inside": 1,
        "/device_state/geophone-1": 1,
        "/raw/co2-inside/rx": 10,
        "/sample/co2-inside": 10,
        "/sample/co2-outside": 10,
        "/waveform/geophone-1": 10,
    }
    assert info.started_utc == "2026-11-23T12:45:00.000000Z"
    assert info.duration_s == 10.0


def test_the_programs_header(written: Path) -> None:
    header = read_header(written)
    assert (header.scan_id, header.visit, header.lane) == ("01JDEXAMPLE0000000000000000", 1, "example")
    assert header.declaration == Declaration(
        VehicleClass.REEFER, CargoClass.BOXED, "B-XY 123", laden=True, closed_minutes=90
    )
    outside, inside, geophone = header.sensors
    assert outside.role is Role.OUTSIDE
    assert outside.certificate is not None
    assert outside.certificate.expires == dt.date(2027, 3, 1)
    assert outside.certificate.parameters["offset_ppm"] == -4.0
    assert inside.certificate is None
    assert geophone.reads == ("waveform",)


def test_the_programs_readings(written: Path) -> None:
    records = list(read_recording(written))
    events = [r for r in records if isinstance(r, Event)]
    assert [e.kind for e in events] == [
        EventKind.ANCHOR,
        EventKind.DECLARATION,
        EventKind.VISIT_START,
        EventKind.PROBE_IN,
        EventKind.PROBE_OUT,
        EventKind.VISIT_END,
    ]
    assert events[3].mono_ns == START_NS + 3 * 10**9
    states = [r for r in records if isinstance(r, DeviceState)]
    assert {s.state for s in states} == {ConnectionState.READY}

    def co2(role: Role) -> list[Sample]:
        return [r for r in records if isinstance(r, Sample) and r.stamp.role is role]

    assert [s.value for s in co2(Role.INSIDE)] == [430.0] * 3 + [1250.0] * 7
    assert [s.value for s in co2(Role.OUTSIDE)] == [428.5] * 10
    assert {(s.quantity, s.quality) for s in co2(Role.INSIDE)} == {(Quantity.CO2_PPM, Quality.GOOD)}
    raw = [r for r in records if isinstance(r, RawBytes)]
    assert [r.stamp.mono_ns for r in raw] == [START_NS + n * 10**9 + 40_000_000 for n in range(10)]
    assert {(r.direction, r.stamp.sensor, r.stamp.role) for r in raw} == {
        (Direction.RX, "co2-inside", Role.INSIDE)
    }
    assert raw[0].data[:5] == bytes([0xF0, 0x04, 0x02, 0x01, 0xAE])
    # the bytes stand right before the reading that was made of them
    assert records.index(raw[4]) + 1 == records.index(co2(Role.INSIDE)[4])
    assert [r.mono_ns for r in records if isinstance(r, Tick)] == [
        START_NS + n * 10**9 + 900_000_000 for n in range(10)
    ]


def test_the_programs_waveform(written: Path) -> None:
    waves = [r for r in read_recording(written) if isinstance(r, WaveformBlock)]
    assert {(w.fs_hz, w.counts.shape, w.clock_lock, w.flags) for w in waves} == {
        (500.0, (1, 500), ClockLock.GPS, Flag.NONE)
    }
    (channel,) = waves[0].channels
    assert (channel.name, channel.role) == ("EHZ", Role.CHASSIS)
    assert (channel.sensitivity_v_per_m_s, channel.counts_per_volt) == (28.8, 1e6)
    assert [w.device_sequence for w in waves] == list(range(1, 11))
    assert waves[0].device_ns == 1_795_437_899 * 10**9
    trace = np.concatenate([w.counts[0] for w in waves]).astype(float)
    spectrum = np.abs(np.fft.rfft(trace)) / (len(trace) / 2)
    assert np.fft.rfftfreq(len(trace), 1 / 500)[spectrum.argmax()] == 6.0
    assert abs(spectrum.max() - 2000) < 20


def test_the_programs_descriptors_are_ours(written: Path) -> None:
    """Field by field: name, number, type, label and presence."""

    def shape(data: bytes) -> list[tuple[Any, ...]]:
        file = descriptor_pb2.FileDescriptorSet.FromString(data).file[-1]
        return [
            (m.name, f.name, f.number, f.type, f.type_name, f.label, f.proto3_optional)
            for m in file.message_type
            for f in m.field
        ]

    with written.open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    theirs = {s.name: s.data for s in summary.schemas.values()}["lorryscan.WaveformBlock"]
    assert shape(theirs) == shape(schema("lorryscan.WaveformBlock")[1])


@pytest.mark.parametrize("name", ["waveform_block", "raw_image"])
def test_the_pages_protobuf_text_is_ours(name: str) -> None:
    source = (ROOT / "scanner" / "recording" / "proto" / f"{name}.proto").read_text(encoding="utf-8")
    assert source in blocks("proto")


def test_the_page_names_every_value() -> None:
    for kind in (VehicleClass, CargoClass, Role, Quantity, Quality, ConnectionState, EventKind, ClockLock):
        for entry in kind:
            assert f"`{entry.value}`" in PAGE, entry
    for name in ("Sample", "DeviceState", "LineScanEnd", "GeneratorState", "Event", "Tick", "Assessment"):
        assert f"`lorryscan.{name}`" in PAGE


def test_the_page_marks_what_may_be_left_out() -> None:
    """Each field of each JSON Schema is on the page, with ° exactly where it is not required."""
    for name in ("Sample", "DeviceState", "LineScanEnd", "GeneratorState", "Event"):
        rule = json.loads(schema(f"lorryscan.{name}")[1])
        (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", PAGE, re.MULTILINE)
        for field in rule["properties"].keys() - {"sensor", "role", "mono_ns", "sequence"}:
            assert f"`{field}`" in row, (name, field)
            assert (f"`{field}`°" in row) == (field not in rule["required"]), (name, field)
