"""Others read our files with the public libraries and what the file itself carries."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc_tools
import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mcap.reader import make_reader

from drivers.api import (
    ClockLock,
    ConnectionState,
    EventKind,
    Frame,
    LineBlock,
    Quality,
    Quantity,
    RawBytes,
    Role,
    Sample,
    WaveformBlock,
)
from scanner.recording.schemas import schema

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "scanner" / "recording" / "proto"


def by_topic(path: Path) -> dict[str, list[tuple[Any, Any, Any]]]:
    """Messages of a file by topic, read through its index by the public library."""
    found: dict[str, list[tuple[Any, Any, Any]]] = {}
    with path.open("rb") as file:
        for entry in make_reader(file, validate_crcs=True).iter_messages(log_time_order=False):
            found.setdefault(entry[1].topic, []).append(entry)
    return found


def decoded(schema_record: Any, data: bytes) -> Any:
    """Decode a Protobuf message by the descriptors in the file alone."""
    files = descriptor_pb2.FileDescriptorSet.FromString(schema_record.data)
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(schema_record.name))
    return kind.FromString(data)


def test_topics_schemas_and_counts(recording: Path) -> None:
    found = by_topic(recording)
    kinds = {
        topic: (entries[0][0].name if entries[0][0] else "", entries[0][1].message_encoding)
        for topic, entries in found.items()
    }
    assert kinds == {
        "/event": ("lorryscan.Event", "json"),
        "/tick": ("lorryscan.Tick", "json"),
        "/assessment": ("lorryscan.Assessment", "json"),
        "/device_state/co2-in": ("lorryscan.DeviceState", "json"),
        "/raw/co2-in/tx": ("", "x-raw"),
        "/raw/co2-in/rx": ("", "x-raw"),
        "/sample/co2-in": ("lorryscan.Sample", "json"),
        "/waveform/geo": ("lorryscan.WaveformBlock", "protobuf"),
        "/frame/ir": ("foxglove.RawImage", "protobuf"),
        "/lines/xray": ("foxglove.RawImage", "protobuf"),
        "/line_scan_end/xray": ("lorryscan.LineScanEnd", "json"),
        "/generator_state/tube": ("lorryscan.GeneratorState", "json"),
    }
    assert {len(found[topic]) for topic in ("/tick", "/sample/co2-in", "/waveform/geo")} == {12}
    with recording.open("rb") as file:
        reader = make_reader(file)
        assert reader.get_header().profile == "lorryscan"
        assert reader.get_header().library.startswith("lorryscan 0")
        assert [m.name for m in reader.iter_metadata()] == ["lorryscan.recording"]


def test_waveforms_by_the_embedded_descriptor(recording: Path, records: list[Any]) -> None:
    entries = by_topic(recording)["/waveform/geo"]
    blocks = [r for r in records if isinstance(r, WaveformBlock)]
    for (schema_record, _, message), block in zip(entries, blocks, strict=True):
        wave = decoded(schema_record, message.data)
        counts = np.frombuffer(wave.counts, "<i4").reshape(wave.n_channels, wave.n_samples)
        np.testing.assert_array_equal(counts, block.counts)
        assert [c.name for c in wave.channels] == ["EHZ", "EHN", "EHE"]
        assert wave.channels[0].sensitivity_v_per_m_s == 28.8
        assert not wave.channels[1].HasField("counts_per_volt")
        assert wave.channels[2].HasField("counts_per_volt")
        assert (wave.fs_hz, wave.device_ns, wave.mono_ns) == (500.0, block.device_ns, block.stamp.mono_ns)
        assert message.publish_time == block.device_ns
        assert message.sequence == block.stamp.sequence


def test_images_as_common_viewers_read_them(recording: Path, records: list[Any]) -> None:
    found = by_topic(recording)
    for (schema_record, _, message), frame in zip(
        found["/frame/ir"], [r for r in records if isinstance(r, Frame)], strict=True
    ):
        image = decoded(schema_record, message.data)
        assert (image.encoding, image.width, image.height, image.step) == ("16UC1", 32, 24, 64)
        pixels = np.frombuffer(image.data, "<u2").reshape(image.height, image.width)
        np.testing.assert_array_equal(pixels.astype(int) - 32768, frame.pixels)
        assert image.timestamp.seconds * 10**9 + image.timestamp.nanos == message.publish_time
    lines = [r for r in records if isinstance(r, LineBlock)]
    for (schema_record, _, message), block in zip(found["/lines/xray"], lines, strict=True):
        image = decoded(schema_record, message.data)
        np.testing.assert_array_equal(
            np.frombuffer(image.data, "<u2").reshape(image.height, image.width), block.pixels
        )
        assert list(image.lines.encoder) == block.encoder.tolist()


def test_raw_image_is_what_foxglove_publishes() -> None:
    """Field numbers and types of foxglove.RawImage as published in the Foxglove schemas."""
    files = descriptor_pb2.FileDescriptorSet.FromString(schema("foxglove.RawImage")[1])
    assert files.file[0].name == "google/protobuf/timestamp.proto"
    fields = {f.name: f for f in files.file[-1].message_type[0].field if f.number < 100}
    kinds = descriptor_pb2.FieldDescriptorProto
    assert {name: (f.number, f.type) for name, f in fields.items()} == {
        "timestamp": (1, kinds.TYPE_MESSAGE),
        "width": (2, kinds.TYPE_FIXED32),
        "height": (3, kinds.TYPE_FIXED32),
        "encoding": (4, kinds.TYPE_STRING),
        "step": (5, kinds.TYPE_FIXED32),
        "data": (6, kinds.TYPE_BYTES),
        "frame_id": (7, kinds.TYPE_STRING),
    }
    assert fields["timestamp"].type_name == ".google.protobuf.Timestamp"


def test_raw_bytes_are_the_bytes(recording: Path, records: list[Any]) -> None:
    found = by_topic(recording)
    for direction in ("rx", "tx"):
        wanted = [r.data for r in records if isinstance(r, RawBytes) and r.direction == direction]
        assert [message.data for _, _, message in found[f"/raw/co2-in/{direction}"]] == wanted


def test_log_times_follow_the_anchors(recording: Path, records: list[Any]) -> None:
    """Wall time by hand: the first anchor, and an hour on after the clock step at 7 s."""
    from_first = 1_795_437_919_772_913_595 - 50_000_000_000
    samples = [r for r in records if isinstance(r, Sample)]
    for (_, _, message), sample in zip(by_topic(recording)["/sample/co2-in"], samples, strict=True):
        mono_ns = sample.stamp.mono_ns
        stepped = mono_ns >= 57_000_000_000
        wanted = from_first + mono_ns + (3_600_000_000_000 - 7_000_000_000 if stepped else 0)
        assert message.log_time == wanted


def check(value: Any, rule: dict[str, Any], root: dict[str, Any], where: str) -> None:
    """Check a value by the words of JSON Schema that our schemas use."""
    known = {"$schema", "title", "description", "type", "required", "properties", "enum", "anyOf"}
    assert rule.keys() <= known | {"$defs", "$ref", "additionalProperties"}, where
    if "$ref" in rule:
        rule = root["$defs"][rule["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in rule:
        for option in rule["anyOf"]:
            try:
                check(value, option, root, where)
                break
            except AssertionError:
                continue
        else:
            raise AssertionError(f"{where}: {value!r} fits nothing")
    if "enum" in rule:
        assert value in rule["enum"], where
    if "type" in rule:
        names = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        types = {
            "object": dict,
            "string": str,
            "boolean": bool,
            "integer": int,
            "number": (int, float),
            "null": type(None),
        }
        assert any(isinstance(value, types[n]) for n in names), f"{where}: {value!r}"
    for name in rule.get("required", []):
        assert name in value, f"{where} lacks {name}"
    if isinstance(value, dict) and "properties" in rule:
        for name, entry in value.items():
            assert name in rule["properties"] or rule.get("additionalProperties", True), f"{where}.{name}"
            if name in rule["properties"]:
                check(entry, rule["properties"][name], root, f"{where}.{name}")


def test_json_messages_follow_their_schemas_and_name_no_other_field(recording: Path) -> None:
    seen = set()
    for topic, entries in by_topic(recording).items():
        for schema_record, channel, message in entries:
            if channel.message_encoding != "json":
                continue
            rule = json.loads(schema_record.data)
            assert rule["title"] == schema_record.name
            value = json.loads(message.data)
            check(value, rule, rule, topic)
            assert value.keys() <= rule["properties"].keys()
            seen.add(schema_record.name)
    assert len(seen) == 7


def test_schema_enumerations_are_those_of_the_readings() -> None:
    for name, field, kind in [
        ("Sample", "quantity", Quantity),
        ("Sample", "quality", Quality),
        ("Sample", "clock_lock", ClockLock),
        ("Sample", "role", Role),
        ("DeviceState", "state", ConnectionState),
        ("Event", "kind", EventKind),
    ]:
        rule = json.loads(schema(f"lorryscan.{name}")[1])
        assert rule["properties"][field]["enum"] == [entry.value for entry in kind], (name, field)


@pytest.mark.parametrize("name", ["raw_image", "waveform_block"])
def test_generated_protobuf_code_is_that_of_its_source(name: str, tmp_path: Path) -> None:
    source = f"scanner/recording/proto/{name}.proto"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"-I{ROOT}",
            f"-I{Path(grpc_tools.__file__).parent / '_proto'}",
            f"--python_out={tmp_path}",
            f"--pyi_out={tmp_path}",
            source,
        ],
        cwd=ROOT,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )

    def without_version(text: str) -> str:
        # the generator's own version is written into the file; a newer one need not match
        text = re.sub(r"# Protobuf Python Version: .*", "", text)
        return re.sub(r"Domain\.PUBLIC,\s*\d+,\s*\d+,\s*\d+,", "", text)

    for suffix in ("_pb2.py", "_pb2.pyi"):
        fresh = (tmp_path / "scanner/recording/proto" / f"{name}{suffix}").read_text()
        kept = (PROTO / f"{name}{suffix}").read_text()
        assert without_version(fresh) == without_version(kept), f"run protoc again on {source}"
