"""FSLP frames: those recorded from a camera, escapes, any split, garbage, damage."""

from __future__ import annotations

from binascii import crc_hqx

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.boson_fslp import (
    ASKING,
    CAMERA_SERIAL,
    FPA_TEMPERATURE,
    LONGEST_FRAME,
    FslpDecoder,
    FslpFrame,
    encode,
)

# Exchanged with a camera over its USB port by a public program, and one frame of the maker's support.
RECORDED = {
    "8E 00 00 00 00 01 00 05 00 02 FF FF FF FF 01 0B AE": FslpFrame(CAMERA_SERIAL, 1),
    "8E 00 00 00 00 01 00 05 00 02 00 00 00 00 00 01 6D 94 30 10 AE": FslpFrame(
        CAMERA_SERIAL, 1, 0, (93588).to_bytes(4, "big")
    ),
    "8E 00 00 00 00 01 00 05 00 30 FF FF FF FF 49 66 AE": FslpFrame(FPA_TEMPERATURE, 1),
    "8E 00 00 00 00 01 00 05 00 30 00 00 00 00 01 7C BD CE AE": FslpFrame(
        FPA_TEMPERATURE, 1, 0, (380).to_bytes(2, "big")
    ),
    "8E 00 00 00 00 01 00 05 00 07 00 00 00 00 BB 93 AE": FslpFrame(0x00050007, 1, 0),
    "8E 00 00 00 00 C2 00 0E 00 0D FF FF FF FF 00 00 00 02 C4 F2 AE": FslpFrame(
        0x000E000D, 0xC2, ASKING, b"\0\0\0\2"
    ),
}

frames = st.builds(
    FslpFrame,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    # bytes that have to be escaped come often
    st.lists(st.sampled_from([0x8E, 0x9E, 0xAE, 0x81, 0x91, 0xA1, 0x00, 0x7C]), max_size=40).map(bytes),
    st.sampled_from([0, 0x8E]),
)


def fed(data: bytes, cuts: list[int]) -> tuple[list[FslpFrame], FslpDecoder]:
    decoder = FslpDecoder()
    messages: list[FslpFrame] = []
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        messages += decoder.feed(data[begin:end])
    return messages, decoder


@pytest.mark.parametrize("text", RECORDED)
def test_recorded_frames_are_read_and_made(text: str) -> None:
    data = bytes.fromhex(text)
    assert fed(data, [])[0] == [RECORDED[text]]
    assert encode(RECORDED[text]) == data


@given(frame=frames)
def test_a_frame_has_one_start_and_one_end_and_is_read_back(frame: FslpFrame) -> None:
    data = encode(frame)
    assert (data.count(b"\x8e"), data.count(b"\xae")) == (1, 1)
    assert (data[0], data[-1]) == (0x8E, 0xAE)
    assert fed(data, [])[0] == [frame]


def test_the_escapes_are_those_of_the_card() -> None:
    frame = FslpFrame(1, 2, 0, b"\x8e\x9e\xae")
    assert b"\x9e\x81\x9e\x91\x9e\xa1" in encode(frame)


pieces = st.one_of(
    frames.map(encode),
    frames.map(encode).map(lambda data: data[: len(data) // 2]),
    st.binary(max_size=30),
    st.lists(st.sampled_from([0x8E, 0x9E, 0xAE, 0x81]), max_size=30).map(bytes),
    st.integers(LONGEST_FRAME - 20, LONGEST_FRAME + 20).map(lambda n: b"\x8e" + bytes(n)),
)


@settings(max_examples=200)
@given(parts=st.lists(pieces, max_size=6), random=st.randoms(use_true_random=False))
def test_any_split_gives_the_same_frames(parts: list[bytes], random) -> None:
    data = b"".join(parts)
    whole, one = fed(data, [])
    cut, other = fed(data, [random.randrange(len(data) + 1) for _ in range(random.randrange(20))])
    assert cut == whole
    assert other.counters == one.counters


@given(before=st.binary(max_size=200), after=st.binary(max_size=200))
def test_a_whole_frame_comes_out_of_garbage(before: bytes, after: bytes) -> None:
    frame = FslpFrame(FPA_TEMPERATURE, 7, 0, b"\x01\x7c")
    messages, decoder = fed(before + encode(frame) + after, [])
    assert frame in messages
    assert len(decoder._tail) <= LONGEST_FRAME


@given(data=st.data(), frame=frames)
def test_a_changed_byte_is_never_another_frame(data, frame: FslpFrame) -> None:
    sent = bytearray(encode(frame))
    at = data.draw(st.integers(0, len(sent) - 1))
    sent[at] ^= data.draw(st.integers(1, 255))
    # What a changed byte makes of an escape or a border is found by the CRC, but for 1 in 65536.
    assert all(found == frame for found in fed(bytes(sent), [])[0])


def framed(body: bytes) -> bytes:
    return b"\x8e" + body + b"\xae"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x00\x01\xae", "garbage"),
        (framed(b"\x9e\x55" + bytes(20)), "escape"),
        (framed(b"\x00" * 4), "short"),
        (framed(b"\x00" * 30), "crc"),
        (framed(bytes(LONGEST_FRAME)), "garbage"),
    ],
)
def test_what_is_dropped_is_counted_with_its_reason(data: bytes, reason: str) -> None:
    messages, decoder = fed(data, [])
    assert messages == []
    assert decoder.counters.dropped == {reason: 1}
    assert decoder.counters.bytes_dropped == len(data)


def test_the_crc_is_augmented_ccitt() -> None:
    # the check value of CRC-16/SPI-FUJITSU (AUG-CCITT) in the public catalogue
    assert crc_hqx(b"123456789", 0x1D0F) == 0xE5CC
