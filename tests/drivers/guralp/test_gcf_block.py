"""GCF blocks against real files and against another reader and writer of them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import gcf_block
from drivers.codecs.gcf_block import (
    DOUBLE_EXTENDED,
    EXTENDED,
    PLAIN,
    RATES_HZ,
    GcfData,
    GcfHeader,
    GcfRefused,
    GcfStatus,
    cut,
    decode,
    encode,
)
from drivers.codecs.gcf_status import clock_follows_gps

NS = 1_000_000_000
START_NS = 1_464_981_000 * NS  # 2016-06-03 19:10:00
HEAD = GcfHeader("ABCD", "ABCDZ2", START_NS, 100.0)
RATES = [1, 2, 50, 100, 156, 200, 250, *RATES_HZ.values()]


def header(**fields: int) -> bytes:
    """Header of a data block by hand: two samples of 100 Hz in one record."""
    values = {"system": 0x757ED, "stream": 0x252D24BE, "date": 0x4BBF0D88, "ttl": 0, "rate": 100}
    values |= {"code": 2, "records": 1} | fields
    return struct.pack(">IIIBBBB", *values.values())


def test_real_files_equal_the_reference(real_files: list[bytes], shared_data: Path) -> None:
    obspy = pytest.importorskip("obspy")
    files = sorted((shared_data / "seismic_wire/gcf_samples").glob("*.gcf"))
    for whole, file in zip(real_files, files, strict=True):
        traces = obspy.read(str(file), format="GCF", blockmerge=False)
        blocks = [decode(whole[at : at + 1024]) for at in range(0, len(whole), 1024)]
        assert len(blocks) == len(traces)
        for block, trace in zip(blocks, traces, strict=True):
            assert isinstance(block, GcfData)
            head, known = block.header, trace.stats.gcf
            np.testing.assert_array_equal(block.counts, trace.data)
            assert head.start_ns == trace.stats.starttime.ns
            assert head.fs_hz == trace.stats.sampling_rate
            assert (head.system_id, head.stream_id) == (known.system_id, known.stream_id)
            assert (head.form, head.gain, head.digitiser) == (known.sys_type, known.gain, known.digi)
            assert (head.ttl, head.leap) == (known.ttl, known.t_leap)


@pytest.mark.parametrize("step", [3, 300, 70_000])
@pytest.mark.parametrize("fs_hz", [1.0, 100.0, 250.0, 500.0, 1000.0, 5000.0])
def test_what_is_encoded_is_read_by_the_reference(fs_hz: float, step: int, tmp_path: Path) -> None:
    obspy = pytest.importorskip("obspy")
    n_samples = 200
    counts = np.random.default_rng(4).integers(-step, step, n_samples).cumsum().astype(np.int32)
    file = tmp_path / "one.gcf"
    file.write_bytes(encode(GcfData(HEAD._replace(fs_hz=fs_hz), counts)))
    (trace,) = obspy.read(str(file), format="GCF")
    np.testing.assert_array_equal(trace.data, counts)
    assert trace.stats.sampling_rate == fs_hz
    assert trace.stats.starttime.ns == START_NS
    assert (trace.stats.gcf.system_id, trace.stats.gcf.stream_id) == ("ABCD", "ABCDZ2")


def written(folder: Path, fs_hz: float, start_ns: int = START_NS, **fields: object) -> bytes:
    """Blocks as the reference writes them."""
    obspy = pytest.importorskip("obspy")
    counts = np.arange(int(4 * max(fs_hz, 1)), dtype=np.int32) % 50
    trace = obspy.Trace(counts, {"sampling_rate": fs_hz, "starttime": obspy.UTCDateTime(ns=start_ns)})
    file = folder / "written.gcf"
    fields = {"stream_id": "ABCDZ2", "system_id": "ABCD"} | fields
    obspy.Stream([trace]).write(str(file), format="GCF", **fields)
    return file.read_bytes()[:1024]


def labelled(block: bytes) -> tuple[bytes, int]:
    """Header without what packing decides: the reference packs less tightly in places."""
    return block[:14], block[14] & 0xF8


# The reference writes 800 Hz with the code of 1000 Hz, though it reads the code of 800 Hz itself.
@pytest.mark.parametrize("fs_hz", [rate for rate in RATES if rate not in (800.0,)])
def test_every_rate_is_coded_as_the_reference_does(fs_hz: float, tmp_path: Path) -> None:
    block = written(tmp_path, float(fs_hz))
    content = decode(block)
    assert isinstance(content, GcfData)
    assert content.header.fs_hz == fs_hz
    assert labelled(encode(content)) == labelled(block)


def test_800_hz_is_read_by_the_reference(tmp_path: Path) -> None:
    obspy = pytest.importorskip("obspy")
    file = tmp_path / "800.gcf"
    file.write_bytes(encode(GcfData(HEAD._replace(fs_hz=800.0), np.arange(100, dtype=np.int32))))
    assert obspy.read(str(file), format="GCF")[0].stats.sampling_rate == 800.0


@pytest.mark.parametrize("digitiser", [0, 1])
@pytest.mark.parametrize("gain", [0, 1, 2, 4, 8, 16, 32, 64])
@pytest.mark.parametrize(("form", "system_id"), [(EXTENDED, "ZZZZZ"), (DOUBLE_EXTENDED, "ZZZZ")])
def test_extended_system_ids(form: int, system_id: str, gain: int, digitiser: int, tmp_path: Path) -> None:
    block = written(tmp_path, 100.0, system_id=system_id, sys_type=form, gain=gain, digi=digitiser, ttl=7)
    content = decode(block)
    assert isinstance(content, GcfData)
    head = content.header
    assert head[:2] == (system_id, "ABCDZ2")
    assert (head.form, head.gain, head.digitiser, head.ttl) == (form, gain, digitiser, 7)
    assert labelled(encode(content)) == labelled(block)


def test_a_plain_system_id_uses_31_bits(tmp_path: Path) -> None:
    block = written(tmp_path, 100.0, system_id="ZIK0ZJ")  # the manual's largest
    content = decode(block)
    assert isinstance(content, GcfData)
    assert (content.header.system_id, content.header.form) == ("ZIK0ZJ", PLAIN)
    assert labelled(encode(content)) == labelled(block)


@pytest.mark.parametrize(
    ("fs_hz", "parts"), [(400.0, 8), (500.0, 2), (1000.0, 4), (2500.0, 10), (5000.0, 20)]
)
def test_fractional_starts(fs_hz: float, parts: int, tmp_path: Path) -> None:
    for part in range(parts):
        start_ns = START_NS + part * NS // parts
        block = written(tmp_path, fs_hz, start_ns)
        content = decode(block)
        assert isinstance(content, GcfData)
        assert content.header.start_ns == start_ns
        assert labelled(encode(content)) == labelled(block)


def test_a_start_between_two_that_can_be_said_is_refused() -> None:
    late = HEAD._replace(fs_hz=500.0, start_ns=START_NS + NS // 4)
    with pytest.raises(ValueError, match="1/2 s"):
        encode(GcfData(late, np.zeros(4, np.int32)))


def test_the_leap_second_is_the_second_before_it(tmp_path: Path) -> None:
    # 2016-12-31 23:59:60; the reference is given the second after it and the mark.
    block = written(tmp_path, 100.0, 1_483_228_800 * NS, is_leap=True)
    assert int.from_bytes(block[8:12], "big") & 0x1FFFF == 86_400
    content = decode(block)
    assert isinstance(content, GcfData)
    assert content.header.start_ns == 1_483_228_799 * NS
    assert content.header.leap
    assert labelled(encode(content)) == labelled(block)


def test_the_manuals_label() -> None:
    # MAN-D24-0004, section 8.1.1.
    assert gcf_block.label(825913) == "HPA1"
    assert gcf_block.label(1) == "1"


@given(st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=250))
def test_differences_cut_to_24_bits_are_rebuilt(counts: list[int]) -> None:
    sent = np.array(counts, np.int32)
    steps = np.diff(sent, prepend=sent[:1])
    # One record a sample, whatever would fit: it is the only kind that is cut.
    body = struct.pack(">i", counts[0]) + steps.astype(">i4").tobytes() + struct.pack(">i", counts[-1])
    block = (header(code=1, records=len(counts)) + body).ljust(1024, b"\0")
    short = cut(block, narrow=True)
    assert len(short) == 24 + 3 * len(counts)
    content = decode(short)
    assert isinstance(content, GcfData)
    assert content.counts.tolist() == counts


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=250))
def test_sums_beyond_32_bits_wrap_round(counts: list[int]) -> None:
    content = decode(encode(GcfData(HEAD, np.array(counts, np.int32))))
    assert isinstance(content, GcfData)
    assert content.counts.tolist() == counts


def test_no_changed_byte_of_a_body_passes(real_blocks: list[bytes]) -> None:
    block = cut(real_blocks[0])
    for at in range(16, len(block)):
        damaged = block[:at] + bytes([block[at] ^ 0x40]) + block[at + 1 :]
        assert isinstance(decode(damaged), GcfRefused), at


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b"\0" * 15, "short"),
        (header(code=3) + bytes(12), "compression"),
        (header(records=0) + bytes(12), "records"),
        (header(records=251) + bytes(1024), "records"),
        (header() + bytes(11), "records"),
        (header() + struct.pack(">ihhi", 5, 1, 2, 8), "difference"),
        (header() + struct.pack(">ihhi", 5, 0, 2, 8), "ric"),
    ],
)
def test_what_is_no_block_is_refused_with_a_reason(block: bytes, reason: str) -> None:
    assert decode(block) == GcfRefused(reason)


def test_status_text() -> None:
    head = GcfHeader("ABCD", "ABCD00", START_NS, 0.0)
    text = "2006 1 18 14:56:15 External supply : 13.0V Temperature 24.68'C\r\n"
    block = encode(GcfStatus(head, text))
    assert (block[13], block[15]) == (0, -(-len(text) // 4))
    content = decode(cut(block))
    assert content == GcfStatus(head, text)


@given(st.binary(max_size=1100))
def test_no_bytes_raise(block: bytes) -> None:
    assert decode(block) is not None
    if len(block) >= 16:
        assert len(gcf_block.lengths(block)) <= 2


@pytest.mark.parametrize(
    ("text", "follows"),
    [
        # CMG-DM24 operator's guide (2009), pages 65 and 91.
        ("2006 9 4 13:13:00 2 MicroSeconds Fast Freq error 0 e-9 Auto 3D [-4]", True),
        ("2005 8 10 12:41:01 326 MicroSeconds Slow Freq error -7 e-9 Auto 3-D [-4]", True),
        ('2006 9 4 13:13:00 o/s= 340 drift= 0 pwm= 8382 Fix= "3D"', True),
        ("2005 8 10 12:36:00 GPS Control settling Auto 3-D [-5 Not sync'd]", False),
        ("2005 8 10 17:06:27 GPS switched Off", False),
        ("No GPS time", False),
        ("2006 1 18 14:56:15 External supply : 13.0V Temperature 24.68'C", None),
        ("", None),
        ("GPS switched Off\r\n2006 9 4 13:13:00 2 MicroSeconds Fast Freq error 0 e-9 Auto 3D [-4]", True),
        ("2 MicroSeconds Fast Freq error 0 e-9 Auto 3D [-4]\r\nGPS switched Off", False),
    ],
)
def test_the_newest_line_about_the_clock_counts(text: str, follows: bool | None) -> None:
    assert clock_follows_gps(text) is follows
