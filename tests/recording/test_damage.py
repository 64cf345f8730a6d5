"""Cut and damaged files: the readable part is read, saved, and nothing is made up."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.stream_reader import StreamReader
from mcap.writer import Writer

from scanner.recording import (
    RecordedAssessment,
    RecordingDamaged,
    RecordingFailed,
    RecordingForeign,
    RecordingHeader,
    RecordingTooNew,
    RecordingWriter,
    Tick,
    read_header,
    read_recording,
    recording_info,
    repair,
)
from scanner.vehicle import CargoClass, Declaration, VehicleClass

Same = Callable[[Any, Any], bool]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, records: list[Any]) -> bytes:
    """Bytes of a whole recording of `records`."""
    path = tmp_path_factory.mktemp("whole") / "visit.mcap"
    header = RecordingHeader("S", 1, "lane", Declaration(VehicleClass.REEFER, CargoClass.EMPTY))
    with RecordingWriter(path, header) as writer:
        for record in records:
            if isinstance(record, Tick):
                writer.tick(record.mono_ns)
            elif isinstance(record, RecordedAssessment):
                writer.assessment(record.assessment, record.mono_ns)
            else:
                writer.write(record)
    return path.read_bytes()


def block_ends(data: bytes) -> list[int]:
    """Where each block of messages ends, by the library's own reading of a whole file."""
    stream = io.BytesIO(data)
    ends = []
    for record in StreamReader(stream, emit_chunks=True).records:
        if type(record).__name__ == "Chunk":
            ends.append(stream.tell())
    return ends


def test_a_cut_anywhere_gives_what_stands_before_it(
    whole: bytes, records: list[Any], same: Same, tmp_path: Path
) -> None:
    path = tmp_path / "cut.mcap"
    ends = block_ends(whole)
    assert len(ends) >= 12
    cuts = {*range(0, 60), *range(60, len(whole), 131), *ends, *(end - 1 for end in ends), len(whole) - 1}
    longest = 0
    for cut in sorted(cuts):
        path.write_bytes(whole[:cut])
        try:
            read = list(read_recording(path))
        except RecordingDamaged:
            assert cut < ends[0]
            continue
        assert len(read) >= longest
        longest = len(read)
        assert all(map(same, read, records)), cut
        if cut >= ends[-1]:
            assert len(read) == len(records)
    assert longest == len(records)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_changed_byte_goes_unnoticed_or_unexpected(
    data: st.DataObject, whole: bytes, records: list[Any], same: Same, tmp_path: Path
) -> None:
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "changed.mcap"
    path.write_bytes(changed)
    try:
        read = list(read_recording(path))
    except (RecordingDamaged, RecordingTooNew):
        return
    # a cut may look like this too; then the file says so
    assert all(map(same, read, records))
    assert len(read) == len(records) or not recording_info(path).whole


def test_a_changed_byte_in_a_cut_file_never_becomes_a_reading(
    whole: bytes, records: list[Any], same: Same, tmp_path: Path
) -> None:
    """Where the end with the whole file's checksum is missing, each block has its own."""
    ends = block_ends(whole)
    path = tmp_path / "changed.mcap"
    for place in range(ends[4] - 1500, ends[4] - 20, 61):
        changed = bytearray(whole[: ends[7]])
        changed[place] ^= 0x10
        path.write_bytes(changed)
        read: list[Any] = []
        with pytest.raises(RecordingDamaged):
            read.extend(read_recording(path))
        assert 0 < len(read) < len(records)
        assert all(map(same, read, records)), place


def test_a_changed_description_is_noticed(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "changed.mcap"
    assert whole.count(b'"cargo":"empty"') == 1
    path.write_bytes(whole.replace(b'"cargo":"empty"', b'"cargo":"boxed"'))
    with pytest.raises(RecordingDamaged, match="damaged"):
        list(read_recording(path))
    assert not recording_info(path).whole


def test_a_damaged_block_ends_the_reading_with_what_to_do(
    whole: bytes, records: list[Any], same: Same, tmp_path: Path
) -> None:
    ends = block_ends(whole)
    changed = bytearray(whole)
    changed[ends[5] - 40] ^= 0xFF
    path = tmp_path / "damaged.mcap"
    path.write_bytes(changed)
    read: list[Any] = []
    with pytest.raises(RecordingDamaged, match="lorryscan recording repair") as caught:
        read.extend(read_recording(path))
    assert str(path) in str(caught.value)
    assert 0 < len(read) < len(records)
    assert all(map(same, read, records))
    info = recording_info(path)
    assert not info.whole
    assert info.damage
    assert info.readable_bytes < ends[5]
    assert sum(info.messages.values()) == len(read)


@pytest.mark.parametrize("block", [1, 5, 11])
def test_repair_saves_the_readable_part_and_both_hashes(
    block: int, whole: bytes, records: list[Any], same: Same, tmp_path: Path
) -> None:
    cut, out = tmp_path / "cut.mcap", tmp_path / "repaired.mcap"
    cut.write_bytes(whole[: block_ends(whole)[block] - 5])
    before = list(read_recording(cut))
    report = repair(cut, out)

    after = list(read_recording(out))
    assert same(after, before)
    assert 0 < report.messages == len(before) < len(records)
    assert recording_info(out).whole
    assert read_header(out) == read_header(cut)
    assert report.source_sha256 == hashlib.sha256(cut.read_bytes()).hexdigest()
    assert report.repaired_sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    with out.open("rb") as file:
        kept = {m.name: m.metadata for m in make_reader(file).iter_metadata()}["lorryscan.repair"]
    assert kept["source_sha256"] == report.source_sha256
    assert kept["content_sha256"] == report.content_sha256
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cut.mcap", "repaired.mcap"]

    # the same content in other blocks has the same content hash
    again = repair(out, tmp_path / "again.mcap")
    assert again.content_sha256 == report.content_sha256
    assert again.lost_bytes == 0


def test_repair_stops_before_a_damaged_block(
    whole: bytes, records: list[Any], same: Same, tmp_path: Path
) -> None:
    ends = block_ends(whole)
    changed = bytearray(whole)
    changed[ends[5] - 40] ^= 0xFF
    path = tmp_path / "damaged.mcap"
    path.write_bytes(changed)
    report = repair(path, tmp_path / "out.mcap")
    saved = list(read_recording(tmp_path / "out.mcap"))
    assert 0 < len(saved) == report.messages < len(records)
    assert all(map(same, saved, records))
    assert report.lost_bytes > 0


def test_repair_reads_back_what_it_wrote(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that loses a message on the way: the new file is compared and thrown away."""
    path = tmp_path / "cut.mcap"
    path.write_bytes(whole[:-100])
    honest, forgotten = Writer.add_message, []

    def forgetful(self: Writer, *args: Any, **named: Any) -> None:
        if forgotten:
            honest(self, *args, **named)
        forgotten.append(1)

    monkeypatch.setattr(Writer, "add_message", forgetful)
    with pytest.raises(RecordingDamaged, match="differs from what was read"):
        repair(path, tmp_path / "out.mcap")
    assert [p.name for p in tmp_path.iterdir()] == ["cut.mcap"]


def test_repair_never_overwrites(whole: bytes, tmp_path: Path) -> None:
    source, out = tmp_path / "a.mcap", tmp_path / "b.mcap"
    source.write_bytes(whole[:-100])
    out.write_bytes(b"kept")
    with pytest.raises(RecordingFailed, match="exists"):
        repair(source, out)
    assert out.read_bytes() == b"kept"
    with pytest.raises(RecordingFailed):
        repair(source, source)
    assert source.read_bytes() == whole[:-100]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", RecordingDamaged),
        (b"\x89MC", RecordingDamaged),
        (b"\x89MCAP0\r\n", RecordingDamaged),
        (b"\0" * 4096, RecordingForeign),
        (b"time,co2_ppm\n0,430\n", RecordingForeign),
        (b"\x89MCAP0\r\n" + b"\xff" * 300, RecordingDamaged),
    ],
)
def test_what_cannot_be_read_at_all_is_refused_and_leaves_no_file(
    content: bytes, error: type[Exception], tmp_path: Path
) -> None:
    path, out = tmp_path / "x.mcap", tmp_path / "out.mcap"
    path.write_bytes(content)
    for act in (read_recording, recording_info, lambda p: repair(p, out)):
        with pytest.raises(error, match=str(path)):
            act(path)
    assert not out.exists()


def test_a_recording_without_any_message_gives_no_empty_file(whole: bytes, tmp_path: Path) -> None:
    path, out = tmp_path / "x.mcap", tmp_path / "out.mcap"
    path.write_bytes(whole[: block_ends(whole)[0] - 1])
    assert list(read_recording(path)) == []
    with pytest.raises(RecordingDamaged, match="nothing to save"):
        repair(path, out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.mcap"]


def foreign(path: Path, profile: str, metadata: dict[str, str] | None) -> Path:
    """Write an MCAP file with the public library alone."""
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start(profile=profile)
        if metadata is not None:
            writer.add_metadata("lorryscan.recording", metadata)
        schema = writer.register_schema("x", "jsonschema", b"{}")
        channel = writer.register_channel("/sample/co2", "json", schema)
        writer.add_message(channel, 5, b'{"v": 1}', 5)
        writer.finish()
    return path


BARE = {
    "format_version": "1",
    "scan_id": "S",
    "visit": "1",
    "lane": "L",
    "declaration": '{"vehicle_class": "reefer", "cargo": "empty"}',
}


def test_another_programs_mcap_is_refused_in_clear_words(tmp_path: Path) -> None:
    path = foreign(tmp_path / "ros.mcap", "ros2", None)
    with pytest.raises(RecordingForeign, match=r"is an MCAP file, but not a lorryscan recording .*'ros2'"):
        read_recording(path)


@pytest.mark.parametrize("version", ["2", "2.0", "10.3"])
def test_a_newer_format_is_refused_with_the_mend(version: str, tmp_path: Path) -> None:
    path = foreign(tmp_path / "new.mcap", "lorryscan", BARE | {"format_version": version})
    for act in (read_recording, recording_info, lambda p: repair(p, tmp_path / "out.mcap")):
        with pytest.raises(RecordingTooNew, match="update lorryscan"):
            act(path)
    assert not (tmp_path / "out.mcap").exists()


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (None, "does not begin with metadata lorryscan.recording"),
        ({"scan_id": "S"}, "does not say its format_version"),
        (BARE | {"visit": "two"}, "metadata lorryscan.recording cannot be read"),
        ({k: v for k, v in BARE.items() if k != "lane"}, "lacks 'lane'"),
        (BARE | {"declaration": '{"vehicle_class": "boat", "cargo": "empty"}'}, "boat"),
        (BARE | {"sensors": '[{"name": "co2"}]'}, "lacks 'role'"),
        (BARE | {"config": "[NaN]"}, "NaN is no JSON"),
    ],
)
def test_a_description_that_cannot_be_read_names_its_fault(
    metadata: dict[str, str] | None, words: str, tmp_path: Path
) -> None:
    path = foreign(tmp_path / "bad.mcap", "lorryscan", metadata)
    with pytest.raises(RecordingDamaged, match=words):
        read_recording(path)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b'{"v": 1}', "lacks 'quantity'"),
        (b"[1]", "not a JSON object"),
        (b"\xff", "cannot be read"),
        (json.dumps({"quantity": "co2_ppm", "value": "430"}).encode(), "value is a number"),
        (json.dumps({"quantity": "co2_ppm", "value": {"$float": "huge"}}).encode(), "huge"),
    ],
)
def test_a_message_that_does_not_follow_the_format_is_named(
    payload: bytes, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.mcap"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start(profile="lorryscan")
        writer.add_metadata("lorryscan.recording", BARE)
        event = writer.register_channel("/event", "json", 0)
        anchor = {"kind": "anchor", "mono_ns": 1, "data": {"utc_ns": 2}}
        writer.add_message(event, 2, json.dumps(anchor).encode(), 2)
        channel = writer.register_channel("/sample/co2", "json", 0)
        writer.add_message(channel, 5, payload, 5)
        writer.finish()
    with pytest.raises(RecordingDamaged, match=f"/sample/co2.*{words}"):
        list(read_recording(path))


def test_messages_before_the_anchor_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.mcap"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start(profile="lorryscan")
        writer.add_metadata("lorryscan.recording", BARE)
        writer.add_message(writer.register_channel("/tick", "json", 0), 2, b'{"mono_ns": 4}', 2)
        writer.finish()
    with pytest.raises(RecordingDamaged, match="does not begin with an anchor"):
        list(read_recording(path))
