"""SeedLink's wire: packets and lines at any split, garbage, cut packets; numbers against ObsPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.miniseed import MiniSeedRecord, encode_text
from drivers.codecs.miniseed import encode as record_bytes
from drivers.codecs.seedlink import (
    InfoPacket,
    Line,
    Packet,
    SeedLinkCommandDecoder,
    SeedLinkDecoder,
    SeedLinkMessage,
    encode,
)

RECORDS = [
    record_bytes(
        MiniSeedRecord(
            "AM", "R24FA", "00", "EHZ", 10**18 + k * 10**9, 100.0, np.arange(100, dtype=np.int32) * k
        ),
        k,
    )
    for k in range(4)
]
HELLO = b"SeedLink v3.1 (2020.075) :: SLPROTO:3.1\r\nA station\r\n"


def fed(data: bytes, cuts: list[int]) -> tuple[list[SeedLinkMessage], SeedLinkDecoder]:
    decoder = SeedLinkDecoder()
    messages: list[SeedLinkMessage] = []
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        messages += decoder.feed(data[begin:end])
    return messages, decoder


@st.composite
def streams(draw) -> bytes:
    piece = st.one_of(
        st.sampled_from(RECORDS).map(lambda record: encode(Packet(7, record))),
        st.sampled_from([b"OK\r\n", b"ERROR\r\n", b"END", b"\r\n", HELLO, b"SL0000", b"SLINFO"]),
        st.integers(1, 519).map(lambda n: encode(Packet(0xABCDEF, RECORDS[1]))[:n]),
        st.binary(max_size=40),
    )
    return b"".join(draw(st.lists(piece, max_size=6)))


@settings(max_examples=300)
@given(data=streams(), random=st.randoms(use_true_random=False))
def test_any_split_gives_the_same_messages(data: bytes, random) -> None:
    whole, one = fed(data, [])
    cut, other = fed(data, [random.randrange(len(data) + 1) for _ in range(random.randrange(30))])
    assert cut == whole
    assert other.counters == one.counters


@given(before=st.binary(max_size=3000), after=st.binary(max_size=600))
def test_a_whole_packet_comes_out_of_garbage(before: bytes, after: bytes) -> None:
    packet = Packet(0x123456, RECORDS[2])
    messages, decoder = fed(before + encode(packet) + after, [])
    # Garbage that looks like the beginning of another packet inside this one would be a find of its own.
    assert packet in messages
    assert decoder.counters.bytes_in == len(before) + 520 + len(after)


@given(chunks=st.lists(st.binary(max_size=2000), max_size=5))
def test_nothing_raises_and_nothing_piles_up(chunks: list[bytes]) -> None:
    decoder = SeedLinkDecoder()
    for chunk in chunks:
        decoder.feed(chunk)
    assert len(decoder._buffer) <= 1024


def test_the_handshake_then_packets_then_the_end() -> None:
    info = InfoPacket(True, encode_text("<seedlink/>"))
    sent: list[SeedLinkMessage] = [
        Line("OK"),
        Packet(1, RECORDS[0]),
        info,
        Packet(2, RECORDS[1]),
        Line("END"),
    ]
    messages, decoder = fed(HELLO + b"".join(map(encode, sent)), [])
    assert messages == [Line("SeedLink v3.1 (2020.075) :: SLPROTO:3.1"), Line("A station"), *sent]
    assert decoder.counters.dropped == {}


def test_a_packet_that_was_cut_is_dropped_and_the_next_is_kept() -> None:
    whole = encode(Packet(5, RECORDS[1]))
    messages, decoder = fed(encode(Packet(4, RECORDS[0])) + whole[:300] + encode(Packet(6, RECORDS[2])), [])
    assert [message.sequence for message in messages] == [4, 6]
    assert decoder.counters.dropped == {"cut": 1}
    assert decoder.counters.bytes_dropped == 300


def test_text_inside_the_stream_is_no_answer() -> None:
    packet = encode(Packet(1, RECORDS[0]))
    messages, decoder = fed(packet + b"SELECT what\r\n" + packet, [])
    assert messages == [Packet(1, RECORDS[0])] * 2
    assert decoder.counters.dropped == {"garbage": 1}


def test_obspy_reads_the_number_and_the_record_of_what_is_encoded(obspy) -> None:
    from obspy.clients.seedlink.slpacket import SLPacket

    packet = SLPacket(encode(Packet(0xFFFFFF, RECORDS[3])), 0)
    assert packet.get_sequence_number() == 0xFFFFFF
    np.testing.assert_array_equal(packet.get_trace().data, np.arange(100) * 3)


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_commands_end_with_any_line_end(end: bytes) -> None:
    decoder = SeedLinkCommandDecoder()
    lines = end.join([b"HELLO", b"STATION  R24FA AM", b""])
    commands = [words for at in range(len(lines)) for words in decoder.feed(lines[at : at + 1])]
    assert commands == [["HELLO"], ["STATION", "R24FA", "AM"]]
