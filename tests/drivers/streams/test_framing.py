"""Every codec: any split gives the same messages, garbage is survived, damage costs one frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs import gy_mcu90640 as thermal
from drivers.codecs import line_scan as line
from drivers.codecs import raspberry_shake as shake
from drivers.codecs import wave_stream as wave
from drivers.codecs.cobs_frames import CobsFrames, encode_frame


@dataclass(frozen=True)
class Codec:
    """A decoder, its encoder, and frames to play with."""

    decoder: Callable[[], Any]
    encode: Callable[[Any], bytes]
    frames: tuple[bytes, ...]
    delimiter: bytes = b""


RNG = np.random.default_rng(5)


def wave_frames() -> tuple[bytes, ...]:
    hello = wave.WaveHello(250.0, 24, 400_000, (wave.WaveChannel(1, 28.8, 4.5, 0.7),) * 3, "Ärger")
    blocks = [
        wave.WaveBlock(
            k, k * 10**8, bool(k % 2), k == 2, k, RNG.integers(-(2**23), 2**23, (3, 25)).astype(np.int32)
        )
        for k in range(4)
    ]
    state = wave.WaveState(9, 20.25, 11_990, 1, 2, 3)
    return tuple(wave.encode(message) for message in [hello, *blocks, state, wave.WaveCommand(wave.STOP)])


def line_frames() -> tuple[bytes, ...]:
    hello = line.LineHello(300, 14, 2, 2500, 0, bytes(range(16)), "XD9")
    lines = [
        line.Line(3, k, -k, k * 10**6, k % 3, k % 2, 32000, k, RNG.integers(0, 2**14, 300).astype(np.uint16))
        for k in range(1, 6)
    ]
    return tuple(line.encode(message) for message in [hello, *lines, line.LineEnd(3, 5, 0, bytes(32))])


def thermal_frames() -> tuple[bytes, ...]:
    frames = [
        thermal.ThermalFrame(RNG.integers(-4000, 30000, (24, 32)).astype(np.int16), 2500) for _ in range(3)
    ]
    return tuple(thermal.encode(message) for message in [frames[0], thermal.Emissivity(0.5), *frames[1:]])


def shake_frames() -> tuple[bytes, ...]:
    return tuple(
        shake.encode(
            shake.ShakePacket(
                "EHZ", 10**18 + k * 250_000_000, RNG.integers(-(2**23), 2**23, 25).astype(np.int32)
            )
        )
        for k in range(5)
    )


CODECS = {
    "wave": Codec(wave.WaveStreamDecoder, wave.encode, wave_frames(), b"\x00"),
    "line": Codec(line.LineScanDecoder, line.encode, line_frames(), b"\x00"),
    "thermal": Codec(thermal.GyMcu90640Decoder, thermal.encode, thermal_frames()),
    "shake": Codec(shake.RaspberryShakeDecoder, shake.encode, shake_frames()),
}
CHECKED = ("wave", "line", "thermal")  # in the datacast a changed digit cannot be seen
codecs = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def decode(codec: Codec, chunks: list[bytes]) -> tuple[list[bytes], Any]:
    """Messages as the bytes they encode to, and the counters."""
    decoder = codec.decoder()
    messages = [message for chunk in chunks for message in decoder.feed(chunk)]
    return [codec.encode(message) for message in messages], decoder.counters


@codecs
def test_byte_by_byte_gives_every_message(codec: Codec) -> None:
    stream = b"".join(codec.frames)
    messages, counters = decode(codec, [bytes([byte]) for byte in stream])
    assert tuple(messages) == codec.frames
    assert counters.frames == len(codec.frames)
    assert counters.bytes_in == len(stream)
    assert counters.frames_dropped == counters.bytes_dropped == 0


@codecs
@settings(max_examples=40)
@given(data=st.data())
def test_any_split_gives_the_same_messages_and_counts(codec: Codec, data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.sampled_from(codec.frames) | st.binary(max_size=60), max_size=6))
    stream = b"".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, 10**5), max_size=12))
    assert decode(codec, split(stream, cuts)) == decode(codec, [stream])


@codecs
@settings(max_examples=60)
@given(garbage=st.binary(max_size=3000))
def test_garbage_is_dropped_and_the_stream_found_again(codec: Codec, garbage: bytes) -> None:
    messages, counters = decode(codec, [garbage, codec.delimiter, *codec.frames * 2])
    # A thermal frame has no delimiter: garbage that looks like a header hides up to a frame's length.
    assert tuple(messages[-len(codec.frames) :]) == codec.frames
    assert counters.bytes_in == len(garbage) + len(codec.delimiter) + 2 * sum(map(len, codec.frames))


@pytest.mark.parametrize("codec", [CODECS[name] for name in CHECKED], ids=CHECKED)
@settings(max_examples=80)
@given(data=st.data())
def test_a_damaged_byte_costs_exactly_its_frame_and_is_counted(codec: Codec, data: st.DataObject) -> None:
    hit = data.draw(st.integers(0, len(codec.frames) - 1))
    frame = bytearray(codec.frames[hit])
    last = len(frame) - (1 if codec.delimiter else 0)  # the delimiter is not the frame's
    at = data.draw(st.integers(0, last - 1))
    frame[at] ^= data.draw(st.integers(1, 255))
    after = [*codec.frames[hit + 1 :], codec.frames[-1]]
    messages, counters = decode(codec, [*codec.frames[:hit], bytes(frame), *after])
    survivors = [*codec.frames[:hit], *after]
    if codec is CODECS["thermal"]:
        # Behind an 8-bit sum of four bytes a damaged header may pass for an emissivity.
        messages = [message for message in messages if len(message) == thermal.FRAME_BYTES]
        survivors = [survivor for survivor in survivors if len(survivor) == thermal.FRAME_BYTES]
        assert counters.frames_dropped >= 1
    else:
        # A byte that became the delimiter cuts its frame into two pieces (or one and nothing).
        assert counters.frames_dropped in ((1, 2) if frame[at] == 0 else (1,))
        assert counters.bytes_dropped in (len(frame) - 1, len(frame) - 2)
    assert messages == survivors


@codecs
def test_a_frame_cut_short_does_not_eat_the_next(codec: Codec) -> None:
    first, second = codec.frames[0], codec.frames[0]
    cut = first[: len(first) // 2]
    messages, counters = decode(codec, [cut, codec.delimiter, second])
    assert messages == [second]
    assert counters.frames_dropped == 1


@pytest.mark.parametrize("codec", [CODECS["wave"], CODECS["line"]], ids=["wave", "line"])
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (bytes([0x21, 2, 0, 0]), "version"),
        (bytes([0x77, 1, 0, 0]), "type"),
        (bytes([0x20, 1, 9, 9]), "fields"),
        (bytes([0x10, 1, 9, 9]), "fields"),
        (bytes([0x21, 1, 9, 9]), "fields"),
        (bytes([0x11, 1, 9, 9]), "fields"),
        (bytes([0x22, 1]), "fields"),
        (bytes([0x12, 1]), "fields"),
        (bytes([0x30, 1, 0]), "fields"),
        (bytes([0x30]), "fields"),
    ],
)
def test_checked_messages_that_mean_nothing_are_counted(codec: Codec, message: bytes, reason: str) -> None:
    messages, counters = decode(codec, [encode_frame(message)])
    assert messages == []
    other_side = {0x20, 0x21, 0x22, 0x30} if codec is CODECS["line"] else {0x10, 0x11, 0x12}
    if reason == "fields" and message[0] in other_side and len(message) > 1:
        reason = "type"
    assert counters.dropped == {reason: 1}
    assert counters.frames == 0


def test_memory_is_bounded_while_no_delimiter_comes() -> None:
    frames = CobsFrames(max_message=1000)
    for _ in range(200):
        assert frames.feed(b"\x11" * 997) == []
        assert len(frames._tail) <= 1100
    assert frames.feed(b"\x00" + encode_frame(b"whole")) == [b"whole"]
    assert frames.counters.dropped == {"long": 1}
    assert frames.counters.bytes_dropped == 200 * 997


def test_the_longest_message_passes_and_one_longer_does_not() -> None:
    frames = CobsFrames(max_message=1000)
    for filling in (b"\x00", b"\x01", b"\xff"):
        assert frames.feed(encode_frame(filling * 1000)) == [filling * 1000]
    assert frames.feed(encode_frame(b"\x01" * 1006)) == []
    assert frames.counters.dropped == {"long": 1}


def test_idle_delimiters_are_no_frames() -> None:
    frames = CobsFrames(max_message=10)
    assert frames.feed(b"\x00" * 50) == []
    assert frames.counters.frames_dropped == 0


@settings(max_examples=60)
@given(
    counts=st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=2, max_size=2), max_size=30),
    sequence=st.integers(0, 2**32 - 1),
    clipped=st.integers(0, 2**32 - 1),
)
def test_any_block_comes_back(counts: list[list[int]], sequence: int, clipped: int) -> None:
    array = np.array(counts, np.int32).reshape(-1, 2).T
    sent = wave.WaveBlock(sequence, 2**63, True, True, clipped, array)
    (block,) = wave.WaveStreamDecoder().feed(wave.encode(sent))
    assert isinstance(block, wave.WaveBlock)
    assert block.counts.T.tolist() == counts
    assert (block.sequence, block.clipped, block.device_ns) == (sequence, clipped, 2**63)


@settings(max_examples=60)
@given(pixels=st.lists(st.integers(0, 65535), max_size=700), encoder=st.integers(-(2**63), 2**63 - 1))
def test_any_line_comes_back(pixels: list[int], encoder: int) -> None:
    sent = line.Line(1, 2, encoder, 3, line.AIR, 1, 4, 15, np.array(pixels, np.uint16))
    (got,) = line.LineScanDecoder().feed(line.encode(sent))
    assert isinstance(got, line.Line)
    assert (got.pixels.tolist(), got.encoder) == (pixels, encoder)
