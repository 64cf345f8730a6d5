"""The facts that ``lorryscan recording info`` prints, and the anchor of this host."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from mcap.writer import Writer

from drivers.api import Event, EventKind, Flag, Quantity, Role, Sample, Stamp, WaveformBlock
from scanner.recording import (
    RecordingHeader,
    RecordingWriter,
    anchor_of,
    read_anchor,
    recording_info,
    source_sha256,
)


def test_facts_of_a_whole_recording(recording: Path, header: RecordingHeader, records: list[Any]) -> None:
    info = recording_info(recording)
    assert info.whole
    assert info.sha256 == hashlib.sha256(recording.read_bytes()).hexdigest()
    assert info.size_bytes == info.readable_bytes == recording.stat().st_size
    assert info.header == header
    assert sum(info.messages.values()) == len(records)
    assert info.messages["/sample/co2-in"] == info.messages["/tick"] == 12
    assert info.duration_s == 12.0
    assert info.clock_steps_ns == (3_600_000_000_000 - 7_000_000_000,)
    assert info.started_utc == "2026-11-23T12:45:19.772913Z"
    assert info.ended_utc == "2026-11-23T13:45:24.772913Z"
    json.dumps(info.to_json(), allow_nan=False)
    text = "\n".join(info.lines())
    for word in ("whole", "lane-3", "AB-123", "/waveform/geo", info.sha256, "+3593"):
        assert word in text


def test_a_cut_recording_says_so(recording: Path) -> None:
    recording.write_bytes(recording.read_bytes()[:-50_000])
    info = recording_info(recording)
    assert not info.whole
    assert info.readable_bytes < info.size_bytes
    assert any("NOT whole" in line and "repair" in line for line in info.lines())


def test_gaps_by_silence_and_by_the_devices_word(tmp_path: Path, header: RecordingHeader) -> None:
    """CO2 twice a second, silent from 4 s to 9 s and from 12 s to the end at 20 s; the geophone loses 40."""
    header = replace(header, config={})
    start_ns = 10**12

    def stamp(sensor: str, at_s: float) -> Stamp:
        return Stamp(sensor, Role.INSIDE, start_ns + round(at_s * 1e9), 0)

    with RecordingWriter(tmp_path / "v.mcap", header) as writer:
        writer.write(Event(EventKind.ANCHOR, start_ns, "", {"utc_ns": 10**18}))
        for half_second in range(41):
            at_s = half_second / 2
            lost = 40 if at_s == 6.0 else 0
            block = WaveformBlock(np.zeros((1, 4), np.int32), 100.0, (), samples_lost=lost)
            writer.write(replace(block, stamp=stamp("geo", at_s)))
            if at_s <= 4 or 9 <= at_s <= 12:
                writer.write(Sample(Quantity.CO2_PPM, 400.0, stamp=stamp("co2-in", at_s)))
    gaps = {(g.sensor, g.from_s, g.to_s): g.why for g in recording_info(tmp_path / "v.mcap").gaps}
    assert set(gaps) == {("co2-in", 4.0, 9.0), ("geo", 5.5, 6.0), ("co2-in", 12.0, 20.0)}
    assert "40 samples lost" in gaps["geo", 5.5, 6.0]
    assert "silent for 8.0 s" in gaps["co2-in", 12.0, 20.0]


def test_a_sensor_that_never_spoke_is_a_gap(
    tmp_path: Path, write_recording: Callable[[Path, list[Any]], Path]
) -> None:
    events = [Event(EventKind.ANCHOR, s * 10**9, "", {"utc_ns": 10**18 + s * 10**9}) for s in (5, 11)]
    info = recording_info(write_recording(tmp_path / "v.mcap", events))
    assert {(g.sensor, g.from_s, g.to_s) for g in info.gaps} == {("co2-in", 0, 6), ("geo", 0, 6)}


def test_flagged_gap(tmp_path: Path, write_recording: Callable[[Path, list[Any]], Path]) -> None:
    stamp = Stamp("geo", Role.CHASSIS, 6 * 10**9, 0)
    block = WaveformBlock(np.zeros((1, 4), np.int32), 100.0, (), flags=Flag.GAP_BEFORE, stamp=stamp)
    anchor = Event(EventKind.ANCHOR, 5 * 10**9, "", {"utc_ns": 10**18})
    info = recording_info(write_recording(tmp_path / "v.mcap", [anchor, block]))
    assert [g.why for g in info.gaps] == ["the device reports a gap"]


def test_topics_of_other_writers_are_counted_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "v.mcap"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start(profile="lorryscan")
        declaration = '{"vehicle_class": "reefer", "cargo": "empty"}'
        header = {"format_version": "1.7", "scan_id": "S", "visit": "1", "lane": "L"}
        writer.add_metadata("lorryscan.recording", header | {"declaration": declaration})
        event = writer.register_channel("/event", "json", 0)
        writer.add_message(event, 9, b'{"kind": "anchor", "mono_ns": 1, "data": {"utc_ns": 9}}', 9)
        for topic in ("/camera/front", "camera", "/", "/tickets", "tick"):
            writer.add_message(writer.register_channel(topic, "jpeg", 0), 10, b"x", 10)
        writer.finish()
    info = recording_info(path)
    assert info.messages == {"/event": 1}
    assert info.foreign_messages == 5
    assert "5  on other topics" in "\n".join(info.lines())


def test_the_anchor_of_this_host_lies_between_its_clocks() -> None:
    before = time.monotonic_ns(), time.time_ns()
    anchor = read_anchor()
    after = time.monotonic_ns(), time.time_ns()
    assert before[0] <= anchor.mono_ns <= after[0]
    assert before[1] <= anchor.utc_ns <= after[1]
    assert anchor_of(anchor.event("S")) == anchor


def test_code_identity_changes_with_the_sources(tmp_path: Path, monkeypatch: Any) -> None:
    package = tmp_path / "lorryscan_probe_package"
    package.mkdir()
    (package / "__init__.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    source_sha256.cache_clear()
    first = source_sha256(("lorryscan_probe_package",))
    source_sha256.cache_clear()
    assert source_sha256(("lorryscan_probe_package",)) == first
    (package / "__init__.py").write_text("x = 2\n")
    source_sha256.cache_clear()
    changed = source_sha256(("lorryscan_probe_package",))
    source_sha256.cache_clear()
    assert changed != first
    assert len(source_sha256()) == 64
