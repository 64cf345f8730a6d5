"""Frames on the serial line: found in any split, answered as the maker's papers say, never taken twice."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.gcf_block import GcfData, GcfHeader, cut, encode
from drivers.codecs.gcf_serial import (
    MOST_NACKS,
    MOST_REWINDS,
    Answer,
    AnswerKind,
    GcfAnswerDecoder,
    GcfSerialDecoder,
    SerialFrame,
    encode_answer,
)

ACK, NACK = AnswerKind.ACK, AnswerKind.NACK
STREAM = int("DEMOZ2", 36)


def framed(block: bytes, sequence: int, with_head: bool = False) -> bytes:
    """Frame by hand: 'G', sequence, size, block, sum of the block's bytes (and of the head's)."""
    head = struct.pack(">cBH", b"G", sequence % 256, len(block))
    total = sum(block) + sum(head) * with_head
    return head + block + struct.pack(">H", total % 65536)


def made(second: int, n_samples: int = 40) -> bytes:
    """Block that no other second has, cut to its length."""
    head = GcfHeader("DEMO", "DEMOZ2", (1_464_981_000 + second) * 10**9, 100.0)
    return cut(encode(GcfData(head, np.arange(n_samples, dtype=np.int32) * (second + 1))))


def frame(second: int) -> bytes:
    return framed(made(second), second)


def broken(wire: bytes, at: int = 40) -> bytes:
    return wire[:at] + bytes([wire[at] ^ 0x10]) + wire[at + 1 :]


def facts(frames: list[SerialFrame]) -> list[tuple[int, bool, Answer]]:
    return [(one.sequence, one.content is not None, one.answer) for one in frames]


def ack() -> Answer:
    return Answer(ACK, STREAM)


def nack(wanted: int) -> Answer:
    return Answer(NACK, STREAM, wanted)


def seconds(frames: list[SerialFrame]) -> list[int]:
    """What was decoded, by its second."""
    return [
        one.content.header.start_ns // 10**9 - 1_464_981_000
        for one in frames
        if isinstance(one.content, GcfData)
    ]


@pytest.mark.parametrize("with_head", [False, True])
@pytest.mark.parametrize("narrow", [False, True])
def test_real_blocks_pass_with_either_sum(real_blocks: list[bytes], narrow: bool, with_head: bool) -> None:
    wire = b"".join(framed(cut(block, narrow), k, with_head) for k, block in enumerate(real_blocks))
    decoder = GcfSerialDecoder()
    frames = decoder.feed(wire)
    assert [one.answer.kind for one in frames] == [ACK] * len(real_blocks)
    assert [one.content.counts.size for one in frames] == [500, 500, 200, 100]  # type: ignore[union-attr]
    assert decoder.counters.frames == len(real_blocks)
    assert decoder.counters.bytes_dropped == 0


def test_a_block_that_is_not_cut_passes(real_blocks: list[bytes]) -> None:
    (one,) = GcfSerialDecoder().feed(framed(real_blocks[3], 9))
    assert isinstance(one.content, GcfData)


@given(st.lists(st.integers(1, 200), max_size=40), st.binary(max_size=60), st.binary(max_size=60))
def test_any_split_gives_the_same_frames(cuts: list[int], before: bytes, between: bytes) -> None:
    # The zeros let out what a frame that the noise pretends to open would hold back.
    wire = before + frame(1) + broken(frame(2)) + between + frame(3) + frame(3) + frame(6) + bytes(1100)
    whole = GcfSerialDecoder().feed(wire)
    assert set(seconds(whole)) == {1, 3, 6}
    split, decoder, at = [], GcfSerialDecoder(), 0
    for size in [*cuts, len(wire)]:
        split += decoder.feed(wire[at : at + size])
        at += size
    assert facts(split) == facts(whole)
    assert seconds(split) == seconds(whole)


@given(st.binary(max_size=3000))
def test_no_bytes_raise_and_a_whole_frame_behind_them_is_found(noise: bytes) -> None:
    decoder = GcfSerialDecoder()
    decoder.feed(noise)
    # What the noise pretends to open is at most one frame long.
    frames = decoder.feed(frame(1) + frame(2) + frame(3) + bytes(1100))
    assert set(seconds(frames)) == {1, 2, 3}


def test_memory_stays_bounded() -> None:
    decoder = GcfSerialDecoder()
    for _ in range(200):
        decoder.feed(b"G\0\4\0" + b"G" * 5000)
    assert len(decoder._buffer) <= 1030
    assert (
        decoder.counters.bytes_dropped + len(decoder._buffer) + decoder._skipped == decoder.counters.bytes_in
    )


def test_a_damaged_frame_is_asked_for_and_taken_when_it_comes_again() -> None:
    decoder = GcfSerialDecoder()
    wire = frame(1) + broken(frame(2)) + frame(2) + frame(3)
    assert facts(decoder.feed(wire)) == [
        (1, True, ack()),
        (2, False, nack(2)),
        (2, True, ack()),
        (3, True, ack()),
    ]
    assert decoder.counters.dropped == {"checksum": 1}
    assert decoder.missing == 0


def test_a_frame_that_never_comes_whole_is_given_up() -> None:
    decoder = GcfSerialDecoder()
    frames = decoder.feed(frame(1) + broken(frame(2)) * (MOST_NACKS + 1))
    assert [one.answer.kind for one in frames] == [ACK] + [NACK] * MOST_NACKS + [ACK]


def test_a_damaged_sequence_asks_for_the_block_that_is_due() -> None:
    decoder = GcfSerialDecoder()
    decoder.feed(frame(1))
    (one,) = decoder.feed(broken(framed(made(2), 77)))
    assert one.answer == nack(2)


def test_a_frame_sent_again_is_acknowledged_and_not_taken_twice() -> None:
    decoder = GcfSerialDecoder()
    frames = decoder.feed(frame(1) + frame(1) + frame(2))
    assert facts(frames) == [(1, True, ack()), (1, False, ack()), (2, True, ack())]
    assert [one.duplicate for one in frames] == [False, True, False]
    assert decoder.counters.dropped == {"duplicate": 1}


def test_the_same_sequence_with_another_block_is_no_duplicate() -> None:
    decoder = GcfSerialDecoder()
    assert seconds(decoder.feed(frame(1) + framed(made(2), 1))) == [1, 2]


def test_missing_blocks_are_asked_for_from_the_oldest_on() -> None:
    decoder = GcfSerialDecoder()
    wire = frame(1) + frame(4) + frame(2) + frame(3) + frame(4) + frame(5)
    assert [one.answer for one in decoder.feed(wire)] == [ack(), nack(2), nack(3), ack(), ack(), ack()]
    assert decoder.missing == 0


def test_what_the_digitiser_no_longer_holds_is_given_up() -> None:
    decoder = GcfSerialDecoder()
    frames = decoder.feed(frame(1) + frame(4) * (MOST_REWINDS + 1) + frame(5))
    assert [one.answer for one in frames] == [ack()] + [nack(2)] * MOST_REWINDS + [ack(), ack()]
    assert decoder.missing == 2


def test_without_recovery_nothing_missing_is_asked_for() -> None:
    decoder = GcfSerialDecoder(recover=False)
    assert [one.answer for one in decoder.feed(frame(1) + frame(4))] == [ack(), ack()]
    assert decoder.missing == 2


def test_the_sequence_wraps_round() -> None:
    decoder = GcfSerialDecoder()
    frames = decoder.feed(framed(made(1), 254) + framed(made(2), 255) + framed(made(3), 0))
    assert [one.answer.kind for one in frames] == [ACK] * 3
    assert decoder.missing == 0


def test_a_digitiser_that_restarts_is_followed() -> None:
    decoder = GcfSerialDecoder()
    frames = decoder.feed(framed(made(1), 100) + framed(made(2), 0) + framed(made(3), 1))
    assert [one.answer.kind for one in frames] == [ACK] * 3


def test_a_block_of_unknown_kind_is_acknowledged() -> None:
    # Compression 3 means nothing here; unanswered the digitiser would stand still for it.
    block = bytes.fromhex("000757ed252d24be4bbf0d8800640307") + bytes(48)
    decoder = GcfSerialDecoder()
    (one,) = decoder.feed(framed(block, 1))
    assert (one.content, one.answer.kind) == (None, ACK)
    assert decoder.counters.dropped == {"compression": 1}


def test_a_block_whose_last_sample_is_wrong_is_dropped_though_its_sum_holds() -> None:
    block = bytearray(made(1))
    block[-1] ^= 1
    decoder = GcfSerialDecoder()
    (one,) = decoder.feed(framed(bytes(block), 1))
    assert one.content is None
    assert decoder.counters.dropped == {"ric": 1}


def test_a_frame_cut_short_loses_itself_alone() -> None:
    decoder = GcfSerialDecoder()
    assert seconds(decoder.feed(frame(1)[:-9] + frame(2) + frame(3))) == [2, 3]


def test_answers_are_laid_out_as_in_the_manual() -> None:
    # CMG-DM24 operator's guide, page 111: kind, stream LSB, third byte, the rest of the stream ID, MSB last.
    answer = Answer(ACK, 0x4BBF1814)
    assert encode_answer(answer) == bytes([0x01, 0x14, 0x00, 0x18, 0xBF, 0x4B])
    assert encode_answer(Answer(NACK, 0x4BBF1814, 0x67)) == bytes([0x02, 0x14, 0x67, 0x18, 0xBF, 0x4B])
    assert encode_answer(answer, short=True) == bytes([0x01, 0x14])


@given(st.integers(0, 2**32 - 1), st.integers(0, 255))
def test_no_acknowledgement_takes_the_digitiser_into_its_terminal(stream: int, wanted: int) -> None:
    assert encode_answer(Answer(ACK, stream, wanted))[2] == 0  # 13h would


@given(st.lists(st.sampled_from([ack(), nack(7), nack(1)])), st.lists(st.integers(1, 9), max_size=20))
def test_the_twin_hears_what_is_answered(answers: list[Answer], cuts: list[int]) -> None:
    wire = b"\0\x55" + b"".join(map(encode_answer, answers))
    decoder, heard, at = GcfAnswerDecoder(), [], 0
    for size in [*cuts, len(wire)]:
        heard += decoder.feed(wire[at : at + size])
        at += size
    assert heard == answers


@given(st.binary(max_size=300), st.booleans())
def test_no_answer_bytes_raise(noise: bytes, short: bool) -> None:
    decoder = GcfAnswerDecoder(short)
    decoder.feed(noise)
    assert len(decoder._buffer) < 6
