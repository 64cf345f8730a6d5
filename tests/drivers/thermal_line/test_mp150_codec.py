"""The line scanner's codec against the manual's bytes, lines built by hand, and random bytes."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.raytek_mp150 import (
    DataMode,
    Line,
    LineLayout,
    LineMode,
    Mp150ControlDecoder,
    Mp150Decoder,
    Order,
    Sign,
    encode_line,
    encode_text,
    error_bits,
    error_words,
    errors_in,
    line_counter,
)

RNG = np.random.default_rng(11)


def by_hand(pixel_bytes: bytes, counter: int, errors: int = 0, housing: int = 31) -> bytes:
    """Build a line of mode 13h by the manual's table, sector infos low byte first."""
    body = pixel_bytes + struct.pack("<bHHH10HB", housing, counter, 0, errors, *range(10), 1)
    return b"\x16\xff\x10\xff" + body + struct.pack("<H", sum(body) % 65536)


PIXELS = RNG.integers(0, 65536, (4, 64))
LAYOUTS = {
    DataMode.BYTE: [row.astype("u1").tobytes() for row in PIXELS % 256],
    DataMode.CELSIUS: [row.astype("<u2").tobytes() for row in PIXELS],
    DataMode.WORD: [row.astype(">u2").tobytes() for row in PIXELS],
}


def lines_of(mode: DataMode) -> list[bytes]:
    return [by_hand(pixels, 700 + k, k) for k, pixels in enumerate(LAYOUTS[mode])]


def facts(lines: list[Line]) -> list[tuple[bytes, int, bytes, int]]:
    return [(line.pixels.tobytes(), line.housing_c, line.sectors, line.trigger) for line in lines]


def test_the_manuals_command_has_the_manuals_check() -> None:
    assert encode_text("AR") == bytes.fromhex("01 41 52 04 98")


def test_the_manuals_word_is_the_manuals_temperature() -> None:
    wire = by_hand(bytes.fromhex("1302") * 64, 1)
    (line,) = Mp150Decoder(LineLayout(64, DataMode.CELSIUS)).feed(wire)
    assert set(line.pixels.tolist()) == {531}


def test_the_manuals_error_status_has_the_manuals_bits() -> None:
    assert (errors_in(0x40000003), errors_in(0xB)) == ([0, 1, 30], [0, 1, 3])


@pytest.mark.parametrize("mode", DataMode)
def test_lines_built_by_hand_are_read(mode: DataMode) -> None:
    lines = Mp150Decoder(LineLayout(64, mode)).feed(b"\x16" + b"".join(lines_of(mode)))
    wanted = PIXELS % 256 if mode is DataMode.BYTE else PIXELS
    np.testing.assert_array_equal([line.pixels for line in lines], wanted)
    assert {line.housing_c for line in lines} == {31}
    assert {line.trigger for line in lines} == {1}
    assert [line_counter(line, Order.LOW_FIRST) for line in lines] == [700, 701, 702, 703]
    assert [error_bits(line, Order.LOW_FIRST) for line in lines] == [0, 1, 2, 3]


def test_the_first_syn_is_no_garbage() -> None:
    decoder = Mp150Decoder(LineLayout(64))
    decoder.feed(b"\x16" + lines_of(DataMode.WORD)[0])
    assert (decoder.counters.frames, decoder.counters.bytes_dropped) == (1, 0)


@pytest.mark.parametrize("mode", DataMode)
def test_what_is_encoded_is_what_was_built_by_hand(mode: DataMode) -> None:
    layout = LineLayout(64, mode)
    wires = lines_of(mode)
    assert [encode_line(line, layout) for line in Mp150Decoder(layout).feed(b"".join(wires))] == wires


def test_a_start_mark_among_the_pixels_does_not_cut_the_line() -> None:
    pixels = bytes.fromhex("16ff10ff") * 32
    lines = Mp150Decoder(LineLayout(64)).feed(by_hand(pixels, 1) + by_hand(pixels, 2))
    assert [line.pixels.astype(">u2").tobytes() for line in lines] == [pixels, pixels]


@pytest.mark.parametrize("at", [4, 70, 150, 160])
def test_damage_costs_one_line(at: int) -> None:
    wires = [bytearray(wire) for wire in lines_of(DataMode.WORD)]
    wires[1][at] ^= 0x20
    decoder = Mp150Decoder(LineLayout(64))
    lines = decoder.feed(b"".join(wires))
    assert [line_counter(line, Order.LOW_FIRST) for line in lines] == [700, 702, 703]
    assert decoder.counters.dropped == {"checksum": 1}
    assert decoder.counters.bytes_dropped == len(wires[1])


def test_a_cut_line_does_not_take_the_next_one_along() -> None:
    wires = lines_of(DataMode.WORD)
    lines = Mp150Decoder(LineLayout(64)).feed(wires[0][:100] + wires[1] + wires[2])
    assert [line_counter(line, Order.LOW_FIRST) for line in lines] == [701, 702]


@settings(max_examples=60)
@given(st.data(), st.sampled_from(list(DataMode)), st.binary(max_size=50), st.binary(max_size=50))
def test_any_split_gives_the_same_lines(
    data: st.DataObject, mode: DataMode, before: bytes, between: bytes
) -> None:
    wires = lines_of(mode)
    stream = before + wires[0] + wires[1] + between + wires[2] + wires[3][:-1]
    whole = Mp150Decoder(LineLayout(64, mode))
    wanted = facts(whole.feed(stream))
    pieces = Mp150Decoder(LineLayout(64, mode))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    got = [
        line
        for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for line in pieces.feed(stream[a:b])
    ]
    assert facts(got) == wanted
    assert pieces.counters == whole.counters


@settings(max_examples=60)
@given(st.binary(max_size=400), st.binary(max_size=400))
def test_garbage_around_a_line_does_not_hide_it(before: bytes, after: bytes) -> None:
    wire = lines_of(DataMode.WORD)[2]
    lines = Mp150Decoder(LineLayout(64)).feed(before + wire + after)
    assert facts(Mp150Decoder(LineLayout(64)).feed(wire))[0] in facts(lines)


@settings(max_examples=200)
@given(st.lists(st.one_of(st.binary(max_size=300), st.just(b"\x16\xff\x10\xff")), max_size=20))
def test_any_bytes_are_survived_and_all_are_counted(chunks: list[bytes]) -> None:
    decoder = Mp150Decoder(LineLayout(64, DataMode.BYTE, LineMode.SECTORS))
    for chunk in chunks:
        decoder.feed(chunk)
    assert decoder.counters.bytes_in == sum(map(len, chunks))
    assert decoder.counters.bytes_dropped <= decoder.counters.bytes_in


def test_noise_is_not_kept() -> None:
    decoder = Mp150Decoder(LineLayout(1024))
    for _ in range(50):
        decoder.feed(b"\x16\xff\x10" * 1000 + RNG.bytes(20_000))
    assert len(decoder._buffer) <= 2 * decoder.layout.n_bytes


def test_commands_questions_answers_and_signs_are_told_apart() -> None:
    wire = b"\x06" + encode_text("LM13") + b"\x15\x17" + encode_text("GES") + b"\x02\x1b\x16"
    assert Mp150ControlDecoder().feed(wire) == [
        Sign.ACK, "LM13", Sign.NAK, Sign.ETB, "GES", Sign.STX, Sign.ESC, Sign.SYN,
    ]  # fmt: skip


def test_a_command_with_a_wrong_check_is_dropped() -> None:
    decoder = Mp150ControlDecoder()
    assert decoder.feed(bytes.fromhex("01 41 52 04 99") + encode_text("GID")) == ["GID"]
    assert decoder.counters.dropped == {"checksum": 1}


@settings(max_examples=100)
@given(st.data(), st.binary(max_size=60), st.binary(max_size=60))
def test_any_split_gives_the_same_commands(data: st.DataObject, before: bytes, after: bytes) -> None:
    stream = before + encode_text("SB0-20") + after + encode_text("GVM")
    whole = Mp150ControlDecoder()
    wanted = whole.feed(stream)
    pieces = Mp150ControlDecoder()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    got = [
        message
        for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for message in pieces.feed(stream[a:b])
    ]
    assert got == wanted
    assert pieces.counters == whole.counters
    assert "SB0-20" in wanted


def test_half_a_command_is_not_kept_for_ever() -> None:
    decoder = Mp150ControlDecoder()
    for _ in range(100):
        decoder.feed(b"\x01" + b"A" * 500)
    assert len(decoder._buffer) < 300


@pytest.mark.parametrize("text", ["", "A" * 201, "A\x04", "Ä"])
def test_what_is_no_command_is_not_encoded(text: str) -> None:
    with pytest.raises(ValueError):
        encode_text(text)


def test_the_worst_error_says_what_to_do() -> None:
    wrong, mend = error_words(1 << 30 | 1 << 3)
    assert "warming up" in wrong
    assert "motor" in wrong
    assert mend == "send it to service"
