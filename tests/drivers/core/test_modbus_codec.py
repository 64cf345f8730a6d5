"""Modbus RTU bytes: makers' examples, another library's CRC, pieces, garbage, echo."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from drivers.codecs.modbus_rtu import (
    Answer,
    AnswerParser,
    Function,
    crc16,
    exception_answer,
    float_to_words,
    frame,
    identity_answer,
    identity_request,
    read_request,
    registers_answer,
    signed,
    words_to_float,
    write_request,
)

REQUESTS = [
    # Vaisala GMP252 User Guide: CO2, and status
    (read_request(0xF0, Function.READ_HOLDING, 0x0000, 2), "F0 03 00 00 00 02 D1 2A"),
    (read_request(0xF0, Function.READ_HOLDING, 0x0800, 2), "F0 03 08 00 00 02 D3 4A"),
    # Senseair S8: CO2, status with CO2, ABC period, ABC off
    (read_request(0xFE, Function.READ_INPUT, 0x0003, 1), "FE 04 00 03 00 01 D5 C5"),
    (read_request(0xFE, Function.READ_INPUT, 0x0000, 4), "FE 04 00 00 00 04 E5 C6"),
    (read_request(0xFE, Function.READ_HOLDING, 0x001F, 1), "FE 03 00 1F 00 01 A1 C3"),
    (write_request(0xFE, 0x001F, 0), "FE 06 00 1F 00 00 AC 03"),
]

ANSWERS = [
    ("F0 03 00 00 00 02 D1 2A", "F0 03 04 D4 7A 43 E8 33 AB", (0xD47A, 0x43E8)),
    ("FE 04 00 03 00 01 D5 C5", "FE 04 02 03 88 AD B2", (904,)),
    ("FE 04 00 00 00 04 E5 C6", "FE 04 08 00 00 00 00 00 00 03 88 17 8C", (0, 0, 0, 904)),
]


@pytest.mark.parametrize(("built", "wire"), REQUESTS)
def test_request_bytes(built: bytes, wire: str) -> None:
    assert built == bytes.fromhex(wire)


@pytest.mark.parametrize(("request_hex", "wire", "registers"), ANSWERS)
def test_answer_bytes_both_directions(request_hex: str, wire: str, registers: tuple[int, ...]) -> None:
    raw = bytes.fromhex(wire)
    parser = AnswerParser()
    parser.expect(bytes.fromhex(request_hex))
    (answer,) = parser.feed(raw)
    assert answer.registers == registers
    assert answer.exception is None
    assert registers_answer(raw[0], raw[1], registers) == raw


def test_gmp252_value_of_the_manual() -> None:
    assert words_to_float(0xD47A, 0x43E8) == pytest.approx(465.66, abs=0.005)


@given(st.floats(width=32, allow_nan=False))
def test_float_words_keep_the_value(value: float) -> None:
    low, high = float_to_words(value)
    assert struct.pack(">HH", high, low) == struct.pack(">f", value)
    assert words_to_float(low, high) == value


@given(st.integers(-0x8000, 0x7FFF))
def test_signed_registers(value: int) -> None:
    assert signed(value & 0xFFFF) == value


@given(st.binary(max_size=64))
def test_crc_equals_another_librarys(data: bytes) -> None:
    assert crc16(data) == FramerRTU.compute_CRC(data).to_bytes(2, "big")


def feed_in_pieces(request: bytes, stream: bytes, cuts: list[int]) -> tuple[list[Answer], AnswerParser]:
    parser = AnswerParser()
    parser.expect(request)
    answers: list[Answer] = []
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for begin, end in itertools.pairwise(edges):
        answers += parser.feed(stream[begin:end])
    return answers, parser


REQUEST = read_request(0xF0, Function.READ_HOLDING, 0, 2)
REPLY = bytes.fromhex("F0 03 04 D4 7A 43 E8 33 AB")
REQUESTED = st.sampled_from(
    [
        (REQUEST, REPLY),
        (bytes.fromhex("FE 04 00 00 00 04 E5 C6"), bytes.fromhex("FE 04 08 00 00 00 00 00 00 03 88 17 8C")),
        (write_request(0xFE, 0x1F, 0), write_request(0xFE, 0x1F, 0)),
        (REQUEST, exception_answer(0xF0, 3, 2)),
        (identity_request(0xF0), identity_answer(0xF0, 1, {0: b"Vaisala", 1: b"GMP252", 2: b"1.2.3"})),
    ]
)
NOISE = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([REPLY[:4], REPLY[:-1], REQUEST, REQUEST[:5], bytes.fromhex("42 4D 00 1C 00 01")]),
)


@given(REQUESTED, NOISE, NOISE, st.lists(st.integers(0, 100), max_size=8))
def test_any_pieces_give_the_same_answers(
    asked: tuple[bytes, bytes], before: bytes, after: bytes, cuts: list[int]
) -> None:
    request, reply = asked
    stream = before + reply + after
    whole, one = feed_in_pieces(request, stream, [])
    split, other = feed_in_pieces(request, stream, cuts)
    bytewise, third = feed_in_pieces(request, stream, list(range(len(stream))))
    assert whole == split == bytewise
    assert one.counters == other.counters == third.counters


@given(st.binary(max_size=40))
def test_an_answer_is_found_behind_garbage(garbage: bytes) -> None:
    # A look-alike header in the garbage may hold the answer back until its length has passed.
    answers, parser = feed_in_pieces(REQUEST, garbage + REPLY + bytes(16), [])
    assert [a for a in answers if a.registers == (0xD47A, 0x43E8)]
    assert len(answers) > 1 or parser.counters.bytes_dropped >= len(garbage)


@given(st.binary(max_size=300), st.binary(max_size=12))
def test_no_input_raises(data: bytes, request: bytes) -> None:
    answers, _ = feed_in_pieces(request, data, [len(data) // 2])
    for answer in answers:
        assert answer.function & 0x7F == request[1] & 0x7F


@given(st.integers(0, len(REPLY) * 8 - 1))
def test_a_flipped_bit_is_no_answer(bit: int) -> None:
    damaged = bytearray(REPLY)
    damaged[bit // 8] ^= 1 << bit % 8
    answers, _ = feed_in_pieces(REQUEST, bytes(damaged), [])
    assert answers == []


def test_echo_of_an_adapter_is_skipped_and_counted() -> None:
    answers, parser = feed_in_pieces(REQUEST, REQUEST + REPLY, [3, 9])
    assert [a.registers for a in answers] == [(0xD47A, 0x43E8)]
    assert parser.counters.dropped == {"echo": 1}
    assert parser.counters.bytes_dropped == len(REQUEST)


def test_damage_is_counted_as_such() -> None:
    answers, parser = feed_in_pieces(REQUEST, REPLY[:-1] + b"\x00", [])
    assert answers == []
    assert parser.counters.dropped["crc"] == 1


def test_another_address_is_no_answer() -> None:
    answers, parser = feed_in_pieces(REQUEST, registers_answer(0x11, 3, (1, 2)), [])
    assert answers == []
    assert parser.counters.dropped["garbage"] == 1


def test_exception_answer() -> None:
    (answer,), _ = feed_in_pieces(REQUEST, frame(0xF0, 0x83, b"\x02"), [])
    assert answer.exception == 2


def test_identity_objects() -> None:
    objects = {0: b"Vaisala", 1: b"GMP252", 2: b"1.2.3"}
    (answer,), _ = feed_in_pieces(identity_request(0xF0), identity_answer(0xF0, 1, objects), [4])
    assert answer.objects == objects
