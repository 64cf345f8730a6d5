"""Scream packets and requests: laid out as in the manuals, found in any split."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import scream
from drivers.codecs.gcf_block import GcfData, GcfHeader, GcfStatus, encode
from drivers.codecs.scream import (
    ScreamDecoder,
    ScreamMessage,
    ScreamNotice,
    ScreamPacket,
    ScreamRefusal,
    ScreamRequestDecoder,
    resend_request,
)

SOURCE = "DEMOZ2/COM1/HOST"


def block(second: int) -> bytes:
    head = GcfHeader("DEMO", "DEMOZ2", (1_464_981_000 + second) * 10**9, 100.0)
    return encode(GcfData(head, np.arange(100, dtype=np.int32) * (second + 1)))


def packet(second: int, version: int = 40, order: int = 1) -> bytes:
    """Packet by hand, from the manuals' tables."""
    name = SOURCE.encode()
    if version == 31:
        trailer = struct.pack(">BB32sHB", 31, len(name), name, second, order)
    elif version == 40:
        trailer = struct.pack(">BBHB48s", 40, order, second, len(name), name)
    else:
        trailer = struct.pack(">BBHB60s", 45, order, second, len(name), name)
    return block(second) + trailer


def facts(messages: list[ScreamMessage]) -> list[object]:
    """Sequence and source of packets, other messages as they are."""
    return [(m.sequence, m.source) if isinstance(m, ScreamPacket) else m for m in messages]


@pytest.mark.parametrize(("version", "length"), [(31, 1061), (40, 1077), (45, 1089)])
def test_each_version_is_read_and_written(version: int, length: int, real_blocks: list[bytes]) -> None:
    assert len(packet(7, version)) == length == scream.PACKET_BYTES[version]
    (message,) = ScreamDecoder().feed(packet(7, version))
    assert isinstance(message, ScreamPacket)
    assert (message.sequence, message.source) == (7, SOURCE)
    assert isinstance(message.content, GcfData)
    assert message.content.counts.tolist() == list(range(0, 800, 8))
    assert scream.encode(block(7), 7, SOURCE, version) == packet(7, version)


def test_real_blocks_and_status_pass(real_blocks: list[bytes]) -> None:
    status = encode(GcfStatus(GcfHeader("DEMO", "DEMO00", 1_464_981_000 * 10**9, 0.0), "GPS switched Off"))
    wire = b"".join(scream.encode(one, k) for k, one in enumerate([*real_blocks, status]))
    contents = [m.content for m in ScreamDecoder().feed(wire) if isinstance(m, ScreamPacket)]
    assert [c.counts.size for c in contents if isinstance(c, GcfData)] == [500, 500, 200, 100]
    assert [c.text for c in contents if isinstance(c, GcfStatus)] == ["GPS switched Off"]


@given(
    st.lists(st.integers(1, 1500), max_size=20),
    st.binary(max_size=50),
    st.binary(max_size=50),
    st.sampled_from([31, 40, 45]),
)
def test_any_split_gives_the_same_messages(
    cuts: list[int], before: bytes, between: bytes, version: int
) -> None:
    wire = (
        before
        + packet(1, version)
        + b"GCFACKN\0"
        + packet(2)
        + between
        + packet(3)
        + scream.REFUSAL
        + packet(4)
    )
    whole = ScreamDecoder().feed(wire)
    assert [m.sequence for m in whole if isinstance(m, ScreamPacket)] == [1, 2, 3, 4]
    split, decoder, at = [], ScreamDecoder(), 0
    for size in [*cuts, len(wire)]:
        split += decoder.feed(wire[at : at + size])
        at += size
    assert facts(split) == facts(whole)


def test_two_bytes_more_than_version_31_needs_are_skipped() -> None:
    # The maker's own client reads 1063 bytes of this version.
    decoder = ScreamDecoder()
    messages = decoder.feed((packet(1, 31) + b"\0\0") * 3)
    assert facts(messages) == [(1, SOURCE)] * 3
    for data in (packet(1, 31) + b"\0\0", packet(2, 31) + b"\0\0"):
        assert len(decoder.feed(data)) == 1
        decoder.end_of_datagram()


@given(st.binary(max_size=4000))
def test_no_bytes_raise_and_packets_behind_them_are_found(noise: bytes) -> None:
    decoder = ScreamDecoder()
    decoder.feed(noise)
    sequences = [m.sequence for m in decoder.feed(packet(1) + packet(2)) if isinstance(m, ScreamPacket)]
    assert sequences[-1:] == [2]
    assert len(decoder._buffer) < 1089


def test_notices_and_refusals() -> None:
    messages = ScreamDecoder().feed(b"GCFACKN\0" + scream.REFUSAL + b"GCFNOSV\0")
    assert messages == [ScreamNotice("GCFACKN"), ScreamRefusal(), ScreamNotice("GCFNOSV")]


def test_a_block_whose_last_sample_is_wrong_is_dropped() -> None:
    damaged = bytearray(packet(1))
    damaged[30] ^= 1
    decoder = ScreamDecoder()
    assert facts(decoder.feed(bytes(damaged) + packet(2))) == [(2, SOURCE)]
    assert decoder.counters.dropped == {"ric": 1}


@pytest.mark.parametrize("version", [31, 40])
def test_intel_order_is_refused(version: int) -> None:
    decoder = ScreamDecoder()
    assert decoder.feed(packet(1, version, order=2)) == []
    assert decoder.counters.dropped == {"order": 1}


def test_half_a_datagram_is_dropped_and_the_next_one_read() -> None:
    decoder = ScreamDecoder()
    assert decoder.feed(packet(1)[:500]) == []
    decoder.end_of_datagram()
    assert facts(decoder.feed(packet(2))) == [(2, SOURCE)]
    assert decoder.counters.dropped == {"garbage": 1}
    assert decoder.counters.bytes_dropped == 500


def test_requests_are_those_of_the_manual() -> None:
    # CMG-DM24 operator's guide (2009), pages 108 to 110.
    assert scream.SEND == b"GCFSEND:B\x00"
    assert bytes([249]) == scream.START_STREAM
    assert resend_request(0x0102) == bytes([255, 1, 2])


@given(
    st.lists(st.one_of(st.sampled_from(["send", "stream"]), st.integers(0, 65535)), max_size=20),
    st.lists(st.integers(1, 12), max_size=30),
)
def test_the_twin_hears_what_is_asked(requests: list[str | int], cuts: list[int]) -> None:
    spoken = {"send": scream.SEND, "stream": scream.START_STREAM}
    wire = b"".join(spoken[one] if isinstance(one, str) else resend_request(one) for one in requests)
    decoder, heard, at = ScreamRequestDecoder(), [], 0
    for size in [*cuts, len(wire)]:
        heard += decoder.feed(wire[at : at + size])
        at += size
    assert heard == requests


@given(st.binary(max_size=300))
def test_no_request_bytes_raise(noise: bytes) -> None:
    decoder = ScreamRequestDecoder()
    decoder.feed(noise)
    assert len(decoder._buffer) < 10
