"""miniSEED records against ObsPy: every packing, byte order, rate and time; damaged ones are dropped."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs import miniseed
from drivers.codecs.counters import DecodeCounters
from drivers.codecs.miniseed import MiniSeedRecord, decode, encode


def written(obspy: Any, counts: np.ndarray, **settings: Any) -> list[bytes]:
    """Return the records that ObsPy makes."""
    stats = {
        "network": "XX",
        "station": "AB",
        "location": "10",
        "channel": "HHZ",
        "sampling_rate": settings.pop("sampling_rate", 250.0),
        "starttime": settings.pop("starttime", obspy.UTCDateTime("2024-12-31T23:59:59.999999")),
    }
    file = io.BytesIO()
    obspy.Trace(counts, stats).write(file, "MSEED", reclen=512, **settings)
    return [file.getvalue()[at : at + 512] for at in range(0, len(file.getvalue()), 512)]


def read(records: list[bytes]) -> list[MiniSeedRecord]:
    counters = DecodeCounters()
    decoded = [record for raw in records if (record := decode(raw, counters)) is not None]
    assert counters.frames_dropped == 0
    return decoded


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("amplitude", [3, 100, 30_000, 1 << 28])
@pytest.mark.parametrize("encoding", ["STEIM1", "STEIM2", "INT32", "INT16"])
def test_samples_equal_what_obspy_wrote(obspy, encoding: str, amplitude: int, byteorder: str) -> None:
    kind = np.int16 if encoding == "INT16" else np.int32
    amplitude = min(amplitude, np.iinfo(kind).max)
    sent = np.random.default_rng(amplitude).integers(-amplitude, amplitude, 2000).astype(kind)
    records = read(written(obspy, sent, encoding=encoding, byteorder=byteorder))
    np.testing.assert_array_equal(np.concatenate([record.counts for record in records]), sent)
    assert {record.checked for record in records} == {encoding.startswith("STEIM")}


def test_a_real_file_equals_obspys_reading(shake_file: bytes, shake_stream) -> None:
    records = read([shake_file[at : at + 512] for at in range(0, len(shake_file), 512)])
    for trace in shake_stream:
        mine = [record for record in records if record.channel == trace.stats.channel]
        np.testing.assert_array_equal(np.concatenate([record.counts for record in mine]), trace.data)
        assert mine[0].start_ns == trace.stats.starttime.ns
        assert (mine[0].network, mine[0].station, mine[0].location) == ("AM", "R24FA", "00")
        assert mine[0].fs_hz == trace.stats.sampling_rate


@pytest.mark.parametrize("rate_hz", [0.5, 1.0, 100.0, 123.456, 4000.0])
def test_rates_are_those_that_obspy_wrote(obspy, rate_hz: float) -> None:
    (record,) = read(written(obspy, np.arange(50, dtype=np.int32), sampling_rate=rate_hz))
    assert record.fs_hz == pytest.approx(rate_hz, rel=1e-6)


@pytest.mark.parametrize("moment", ["1999-01-01T00:00:00.000001", "2024-02-29T12:34:56.789012"])
def test_times_are_those_that_obspy_wrote(obspy, moment: str) -> None:
    start = obspy.UTCDateTime(moment)
    (record,) = read(written(obspy, np.arange(9, dtype=np.int32), starttime=start))
    assert record.start_ns == start.ns


@pytest.mark.parametrize(("activity", "shift_ns"), [(0, 12_345 * 100_000), (2, 0)])
def test_a_time_correction_is_added_when_it_was_not_applied(obspy, activity: int, shift_ns: int) -> None:
    (raw,) = written(obspy, np.arange(9, dtype=np.int32))
    corrected = bytearray(raw)
    corrected[36] = activity
    struct.pack_into(">i", corrected, 40, 12_345)
    # ObsPy's reading of the same bytes is the truth.
    assert read([bytes(corrected)])[0].start_ns - read([raw])[0].start_ns == shift_ns
    assert (
        obspy.read(io.BytesIO(bytes(corrected)))[0].stats.starttime.ns == read([bytes(corrected)])[0].start_ns
    )


@pytest.mark.parametrize(("at", "bits", "field"), [(37, 0x20, "clock_locked"), (38, 0x02, "clipped")])
def test_flags_of_the_header(obspy, at: int, bits: int, field: str) -> None:
    (raw,) = written(obspy, np.arange(9, dtype=np.int32))
    flagged = bytearray(raw)
    flagged[at] |= bits
    assert not getattr(read([raw])[0], field)
    assert getattr(read([bytes(flagged)])[0], field)


@pytest.mark.parametrize("amplitude", [1, 100, 1 << 12, 1 << 30])
def test_obspy_reads_what_is_encoded(obspy, amplitude: int) -> None:
    counts = np.random.default_rng(3).integers(-amplitude, amplitude, 100).astype(np.int32)
    sent = MiniSeedRecord("AM", "R24FA", "00", "EHZ", 1_700_000_000_123_456_000, 100.0, counts)
    (trace,) = obspy.read(io.BytesIO(encode(sent, 7)))
    np.testing.assert_array_equal(trace.data, counts)
    assert (trace.id, trace.stats.starttime.ns) == ("AM.R24FA.00.EHZ", sent.start_ns)


@pytest.mark.parametrize("encoding", ["STEIM1", "STEIM2", "INT32", "INT16"])
def test_a_record_that_announces_more_than_it_holds_is_dropped(obspy, encoding: str) -> None:
    kind = np.int16 if encoding == "INT16" else np.int32
    raw = bytearray(written(obspy, np.arange(3000, dtype=kind), encoding=encoding)[0])
    struct.pack_into(">H", raw, 30, 65535)
    counters = DecodeCounters()
    assert decode(bytes(raw), counters) is None
    assert counters.dropped == {"samples": 1}


@pytest.mark.parametrize("encoding", ["STEIM1", "STEIM2"])
def test_damaged_differences_are_dropped(obspy, encoding: str) -> None:
    raw = bytearray(written(obspy, np.arange(3000, dtype=np.int32) ** 2, encoding=encoding)[0])
    raw[200] ^= 0x04
    counters = DecodeCounters()
    assert decode(bytes(raw), counters) is None
    assert counters.dropped == {"samples": 1}


def test_floats_are_dropped_as_an_encoding(obspy) -> None:
    (raw, *_) = written(obspy, np.arange(300, dtype=np.float32), encoding="FLOAT32")
    counters = DecodeCounters()
    assert decode(raw, counters) is None
    assert counters.dropped == {"encoding": 1}


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (6, b"X"),
        (8, b"\x00"),
        (22, b"\x02\x00"),
        (24, b"\x18"),
        (28, b"\xff\xff"),
        (32, b"\0\0"),
        (62, b"\x0c"),
    ],
)
def test_a_header_that_contradicts_itself_is_dropped(obspy, at: int, value: bytes) -> None:
    (raw,) = written(obspy, np.arange(9, dtype=np.int32))
    counters = DecodeCounters()
    assert decode(raw[:at] + value + raw[at + len(value) :], counters) is None
    assert counters.dropped == {"header": 1}


@settings(max_examples=300)
@given(data=st.data())
def test_no_record_raises(data) -> None:
    counts = np.arange(90, dtype=np.int32) * 1000
    raw = bytearray(encode(MiniSeedRecord("AM", "R24FA", "00", "EHZ", 10**18, 100.0, counts)))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, 127))] = data.draw(st.integers(0, 255))
    counters = DecodeCounters()
    record = decode(bytes(raw), counters)
    assert (record is None) == (counters.frames_dropped == 1)


@given(noise=st.binary(max_size=600))
def test_noise_is_no_record(noise: bytes) -> None:
    counters = DecodeCounters()
    assert decode(noise, counters) is None
    assert counters.bytes_dropped == len(noise)


def test_text_of_an_info_record_equals_obspys_reading(obspy) -> None:
    from obspy.clients.seedlink.slpacket import SLPacket

    raw = miniseed.encode_text("<seedlink software='x'/>")
    assert SLPacket(b"SLINFO  " + raw, 0).get_string_payload().decode() == miniseed.text_of(raw)
    assert miniseed.text_of(raw) == "<seedlink software='x'/>"
