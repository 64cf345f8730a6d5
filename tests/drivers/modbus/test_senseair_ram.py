"""Senseair's function 0x44: the maker's bytes, found among echo, noise and damage like any Modbus answer."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.modbus_rtu import Answer, AnswerParser, crc16, exception_answer
from drivers.codecs.senseair_ram import TEMPERATURE_AND_HUMIDITY, ram_answer, ram_request

ASKED, SAID = bytes.fromhex("FE 44 00 08 02 9F 25"), bytes.fromhex("FE 44 02 03 88 B8 72")


def parsed(asked: bytes, stream: bytes, cuts: list[int]) -> tuple[list[Answer], AnswerParser]:
    parser = AnswerParser()
    parser.expect(asked)
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [a for x, y in itertools.pairwise(edges) for a in parser.feed(stream[x:y])], parser


@pytest.mark.parametrize(
    ("ram", "count", "wire"),
    [
        (0x0008, 2, "FE 44 00 08 02 9F 25"),
        (TEMPERATURE_AND_HUMIDITY, 2, "FE 44 00 12 02 94 45"),
        (TEMPERATURE_AND_HUMIDITY + 2, 2, "FE 44 00 14 02 97 E5"),
    ],
)
def test_requests_are_those_of_the_makers_examples(ram: int, count: int, wire: str) -> None:
    assert ram_request(0xFE, ram, count) == bytes.fromhex(wire)


def test_the_makers_answer_is_904_ppm() -> None:
    (answer,), parser = parsed(ASKED, SAID, [])
    assert int.from_bytes(answer.data, "big") == 904
    assert ram_answer(0xFE, answer.data) == SAID
    assert (parser.counters.bytes_in, parser.counters.frames, parser.counters.dropped) == (7, 1, {})


def test_echo_is_dropped_and_counted() -> None:
    answers, parser = parsed(ASKED, ASKED + SAID, [3])
    assert [a.data for a in answers] == [SAID[3:5]]
    assert parser.counters.dropped == {"echo": 1}


def test_a_refusal_is_an_exception_answer() -> None:
    (answer,), _ = parsed(ASKED, exception_answer(0xFE, 0x44, 1), [])
    assert answer.exception == 1


def test_the_value_17410_of_unchecked_readers_is_no_answer() -> None:
    # 0x4402: the function and count of a shifted answer read as a value
    assert parsed(ASKED, SAID[1:] + SAID[:1], [])[0] == []


@given(st.integers(0, len(SAID) * 8 - 1))
def test_a_flipped_bit_is_no_answer(bit: int) -> None:
    damaged = bytearray(SAID)
    damaged[bit // 8] ^= 1 << bit % 8
    assert parsed(ASKED, bytes(damaged), [])[0] == []


NOISE = st.one_of(st.binary(max_size=24), st.sampled_from([ASKED, SAID[:-1], bytes.fromhex("42 4D 00 1C")]))


@given(st.binary(max_size=200), NOISE, NOISE, st.lists(st.integers(0, 300), max_size=8))
def test_any_pieces_give_the_same(data: bytes, before: bytes, after: bytes, cuts: list[int]) -> None:
    asked = ram_request(0x68, 0x0010, len(data))
    stream = before + ram_answer(0x68, data) + after
    whole, one = parsed(asked, stream, [])
    split, other = parsed(asked, stream, cuts)
    bytewise, third = parsed(asked, stream, list(range(len(stream))))
    assert whole == split == bytewise
    assert one.counters == other.counters == third.counters


@given(st.lists(st.binary(min_size=2, max_size=2), min_size=1, max_size=5), NOISE, st.binary(max_size=3))
def test_every_byte_is_answer_dropped_or_kept(values: list[bytes], noise: bytes, rest: bytes) -> None:
    stream = noise + b"".join(ram_answer(0xFE, value) for value in values) + rest
    answers, parser = parsed(ASKED, stream, [5])
    parser.forget()
    counters = parser.counters
    assert counters.bytes_in == len(stream)
    assert counters.frames == len(answers)
    assert sum(len(a.body) + 4 for a in answers) + counters.bytes_dropped == len(stream)


@given(st.binary(max_size=12), st.lists(st.binary(max_size=40), max_size=6))
def test_no_request_and_no_input_raises(request: bytes, pieces: list[bytes]) -> None:
    parser = AnswerParser()
    parser.expect(request)
    answers = [a for piece in pieces for a in parser.feed(piece)]
    assert parser.counters.frames == len(answers)
    assert parser.counters.bytes_in == sum(map(len, pieces))


@given(st.sampled_from([ASKED, bytes.fromhex("F0 03 00 00 00 02 D1 2A")]), st.binary(min_size=1, max_size=30))
def test_a_good_answer_behind_garbage_is_found(asked: bytes, garbage: bytes) -> None:
    data = bytes.fromhex("0388" if asked is ASKED else "D47A43E8")
    head = bytes((asked[0], asked[1], len(data))) + data
    answers, _ = parsed(asked, garbage + head + crc16(head) + bytes(8), [])
    assert data in [a.data for a in answers]
