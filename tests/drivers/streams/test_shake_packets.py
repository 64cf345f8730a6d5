"""Raspberry Shake text packets: real ones against the same samples as miniSEED, odd ones by hand."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from drivers.codecs.raspberry_shake import MAX_PACKET, RaspberryShakeDecoder, ShakePacket, encode

CHANNELS = ("EHZ", "ENE", "ENN", "ENZ")


def real_lines(shared_data: Path) -> list[bytes]:
    lines = (shared_data / "seismic_wire/rshake_udp/testdata").read_bytes().splitlines()
    packets = [line for line in lines if line.startswith(b"{")]
    # What else is in the file: empty lines, and the last word of the program that made it.
    assert {line for line in lines if not line.startswith(b"{")} == {b"", b"TERM"}
    return packets


def test_real_packets_equal_the_miniseed_file_sample_for_sample(shared_data: Path) -> None:
    obspy = pytest.importorskip("obspy")
    stream = obspy.read(str(shared_data / "seismic_wire/rshake_udp/testdata.ms"))
    decoder = RaspberryShakeDecoder()
    packets = [packet for line in real_lines(shared_data) for packet in decoder.feed(line)]
    assert decoder.counters.frames_dropped == 0
    for channel in CHANNELS:
        own = [packet for packet in packets if packet.channel == channel]
        counts = np.concatenate([packet.counts for packet in own])
        trace = stream.select(channel=channel)[0]
        assert counts.size == 11_000
        # The file holds one more sample, of a packet after the last recorded one.
        assert trace.data.size == 11_001
        np.testing.assert_array_equal(counts, trace.data[:11_000])
        assert abs(own[0].start_ns - trace.stats.starttime.ns) <= 1000  # the file's µs
        assert {b.start_ns - a.start_ns for a, b in pairwise(own)} == {250_000_000}


def test_real_packets_encode_to_the_same_text(shared_data: Path) -> None:
    for line in real_lines(shared_data):
        (packet,) = RaspberryShakeDecoder().feed(line)
        assert encode(packet) == line


@pytest.mark.parametrize(
    ("text", "start_ns"),
    [
        (b"{'EHZ', 1580372810, 1}", 1_580_372_810_000_000_000),
        (b"{'EHZ', 1580372810.0, 1}", 1_580_372_810_000_000_000),
        (b"{'EHZ', 1580372810.25, 1}", 1_580_372_810_250_000_000),
        (b"{'EHZ', 1580372810.003, 1}", 1_580_372_810_003_000_000),
        (b"{'EHZ', 1580372810.123456789, 1}", 1_580_372_810_123_456_789),
        (b"{'EHZ',1580372810.003,1}\r\n", 1_580_372_810_003_000_000),
    ],
)
def test_the_time_is_exact_to_the_nanosecond(text: bytes, start_ns: int) -> None:
    (packet,) = RaspberryShakeDecoder().feed(text)
    assert packet.start_ns == start_ns
    assert packet.counts.tolist() == [1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{'EHZ', 1580372810.003}", "fields"),
        (b"{'EHZ', 1580372810.003, 1, x}", "fields"),
        (b"{'EHZ', 1580372810.003, 1, 2.5}", "fields"),
        (b"{'EHZ', nan, 1}", "fields"),
        (b"{'EHZ', 1580372810.003, 2147483648}", "fields"),
        (b"{'EHZ', 1580372810.003, 1_0}", "fields"),
        (b"{}", "fields"),
        (b"{'EHZ', 1580372810.003, 1, {'EHZ', 1580372810.253, 2}", "cut"),
        (b"TERM {'EHZ', 1580372810.253, 2}", "garbage"),
        (b"{" + b"9" * MAX_PACKET + b"}", "long"),
    ],
)
def test_what_is_no_packet_is_dropped_and_counted(text: bytes, reason: str) -> None:
    decoder = RaspberryShakeDecoder()
    whole = decoder.feed(text)
    assert [packet.counts.tolist() for packet in whole] == ([[2]] if reason in ("cut", "garbage") else [])
    assert decoder.counters.dropped == {reason: 1}


def test_a_datagram_cut_short_does_not_eat_the_next() -> None:
    decoder = RaspberryShakeDecoder()
    assert decoder.feed(b"{'EHZ', 1580372810.003, 16235, 162") == []
    decoder.end_of_datagram()
    (packet,) = decoder.feed(b"{'EHZ', 1580372810.253, 7}")
    assert packet.counts.tolist() == [7]
    assert decoder.counters.dropped == {"cut": 1}


def test_int32_limits_pass() -> None:
    values = np.array([-(2**31), 2**31 - 1], np.int32)
    (packet,) = RaspberryShakeDecoder().feed(encode(ShakePacket("EHZ", 10**18, values)))
    np.testing.assert_array_equal(packet.counts, values)
