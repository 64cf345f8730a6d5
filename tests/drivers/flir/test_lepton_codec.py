"""VoSPI packets: made by hand after the datasheet, any split, slips of the grid, damage, void segments."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.lepton_vospi import (
    DISCARD,
    PACKET_BYTES,
    LeptonFrame,
    LeptonVospiDecoder,
    Model,
    TelemetryPlace,
    encode,
    encode_packet,
    telemetry_of,
)

NONE, HEADER, FOOTER = TelemetryPlace.NONE, TelemetryPlace.HEADER, TelemetryPlace.FOOTER
RNG = np.random.default_rng(1)


def crc_by_bits(data: bytes) -> int:
    """x^16 + x^12 + x^5 + 1 as the datasheet has it, bit by bit."""
    crc = 0
    for byte in data:
        for bit in range(7, -1, -1):
            crc = crc << 1 ^ (0x1021 if (crc >> 15 ^ byte >> bit) & 1 else 0)
            crc &= 0xFFFF
    return crc


def packet_by_hand(number: int, segment: int, pixels: Sequence[int]) -> bytes:
    payload = struct.pack(">80H", *pixels)
    crc = crc_by_bits(struct.pack(">HH", number, 0) + payload)
    return struct.pack(">HH", segment << 12 | number, crc) + payload


def image(model: Model) -> np.ndarray:
    return RNG.integers(1, 16383, model.shape).astype(np.uint16)


def image_by_hand(counts: np.ndarray) -> bytes:
    """An image's packets after the datasheet: one line each, or half a line in four segments."""
    lines = counts.reshape(-1, 80).tolist()
    if len(lines) == 60:
        return b"".join(packet_by_hand(k, 0, line) for k, line in enumerate(lines))
    return b"".join(
        packet_by_hand(k % 60, (k // 60 + 1) if k % 60 == 20 else 0, line) for k, line in enumerate(lines)
    )


IMAGES = {model: [image(model) for _ in range(3)] for model in Model}
WIRE = {model: [image_by_hand(counts) for counts in IMAGES[model]] for model in Model}


def fed(data: bytes, model: Model, cuts: Sequence[int] = (), place: TelemetryPlace = NONE):
    decoder = LeptonVospiDecoder(model, place)
    frames: list[LeptonFrame] = []
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        frames += decoder.feed(data[begin:end])
    return frames, decoder


@pytest.mark.parametrize("model", Model)
def test_images_made_by_hand_are_read(model: Model) -> None:
    frames, decoder = fed(b"".join(WIRE[model]), model)
    assert len(frames) == 3
    for frame, counts in zip(frames, IMAGES[model], strict=True):
        np.testing.assert_array_equal(frame.counts, counts)
    assert decoder.counters.dropped == {}


@pytest.mark.parametrize("model", Model)
def test_what_is_encoded_equals_what_is_made_by_hand(model: Model) -> None:
    segments = encode(LeptonFrame(IMAGES[model][0]), model)
    assert b"".join(packet for segment in segments for packet in segment) == WIRE[model][0]


@pytest.mark.parametrize("place", [HEADER, FOOTER])
@pytest.mark.parametrize("model", Model)
def test_telemetry_lines_stand_before_or_after_the_image(model: Model, place: TelemetryPlace) -> None:
    told = RNG.integers(1, 16383, (model.telemetry_packets, 80)).astype(np.uint16)
    lines = IMAGES[model][0].reshape(-1, 80).tolist()
    lines = told.tolist() + lines if place is HEADER else lines + told.tolist()
    size = 63 if model is Model.LEPTON2 else 61  # packets a segment, from the datasheet's table
    data = b"".join(
        packet_by_hand(k % size, (k // size + 1) if size == 61 and k % size == 20 else 0, line)
        for k, line in enumerate(lines)
    )
    (frame,), decoder = fed(data, model, place=place)
    np.testing.assert_array_equal(frame.counts, IMAGES[model][0])
    np.testing.assert_array_equal(frame.telemetry, told)
    assert decoder.counters.dropped == {}


def test_telemetry_words_are_those_of_the_datasheets_tables() -> None:
    lines = np.zeros((4, 80), np.uint16)
    lines[0, 3], lines[0, 4] = 1 << 4, 2 << 4  # bit 20: overheating; bits 5 and 4: correction running
    lines[0, 20], lines[0, 21] = 1, 2
    lines[0, 24] = 30_815
    lines[2, 48], lines[2, 49] = 1, 0
    told = telemetry_of(lines)
    assert told is not None
    assert (told.overheating, told.ffc_state, told.frame_counter) == (True, 2, 65538)
    assert (told.fpa_kelvin, told.tlinear, told.tlinear_kelvin) == (308.15, True, 0.1)


@pytest.mark.parametrize(("row", "word", "value"), [(0, 24, 8000), (2, 48, 29_815), (2, 49, 29_815)])
def test_lines_of_an_image_are_no_telemetry(row: int, word: int, value: int) -> None:
    lines = np.zeros((4, 80), np.uint16)
    lines[0, 24] = 30_815
    assert telemetry_of(lines) is not None
    lines[row, word] = value
    assert telemetry_of(lines) is None


@st.composite
def streams(draw) -> tuple[Model, bytes]:
    model = draw(st.sampled_from(Model))
    whole = WIRE[model][0] + WIRE[model][1]
    pieces = [
        st.sampled_from([WIRE[model][0], DISCARD, bytes(300), b"\xff" * 200]),
        st.binary(max_size=200),
        st.tuples(st.integers(0, len(whole) - 1), st.integers(1, 3000)).map(
            lambda p: whole[p[0] : p[0] + p[1]]
        ),
    ]
    return model, b"".join(draw(st.lists(st.one_of(pieces), max_size=5)))


@settings(max_examples=100)
@given(stream=streams(), random=st.randoms(use_true_random=False))
def test_any_split_gives_the_same_images(stream: tuple[Model, bytes], random) -> None:
    model, data = stream
    whole, one = fed(data, model)
    cut, other = fed(data, model, [random.randrange(len(data) + 1) for _ in range(random.randrange(20))])
    assert [f.counts.tobytes() for f in cut] == [f.counts.tobytes() for f in whole]
    assert other.counters == one.counters
    assert len(other._tail) < 2 * PACKET_BYTES


@settings(max_examples=50)
@given(before=st.binary(max_size=500), after=st.binary(max_size=200))
def test_a_whole_image_comes_out_of_garbage(before: bytes, after: bytes) -> None:
    data = before + WIRE[Model.LEPTON2][0] + after
    frames, _ = fed(data, Model.LEPTON2)
    assert [f.counts.tobytes() for f in frames] == [IMAGES[Model.LEPTON2][0].tobytes()]


@pytest.mark.parametrize("model", Model)
@pytest.mark.parametrize("n_bytes", [1, 2, 82, 163, 164, 1000])
def test_a_grid_that_slipped_is_found_again_and_costs_one_image(model: Model, n_bytes: int) -> None:
    first, second, third = WIRE[model]
    data = first + second[:5000] + second[5000 + n_bytes :] + third
    frames, decoder = fed(data, model)
    assert [f.counts.tobytes() for f in frames] == [IMAGES[model][k].tobytes() for k in (0, 2)]
    assert "segment" in decoder.counters.dropped
    assert decoder.counters.frames == 2


@pytest.mark.parametrize("n_bytes", [4, 90])
def test_an_even_scene_behind_a_slip_is_not_taken_for_discard_packets(n_bytes: int) -> None:
    # Counts of 7936 to 8191 have a high byte of 1F, and xF is how a discard packet begins.
    scene = (8000 + np.arange(4800) % 50).astype(np.uint16).reshape(60, 80)
    whole = image_by_hand(scene)
    frames, _ = fed(whole[:5000] + whole[5000 + n_bytes :] + whole * 2, Model.LEPTON2)
    assert [f.counts.tobytes() for f in frames] == [scene.tobytes()] * 2


@settings(max_examples=60)
@given(at=st.integers(0, 60 * PACKET_BYTES - 1), change=st.integers(1, 255))
def test_a_changed_byte_never_makes_another_image(at: int, change: int) -> None:
    first, second, _ = WIRE[Model.LEPTON2]
    damaged = bytearray(first)
    damaged[at] ^= change
    frames, _ = fed(bytes(damaged) + second, Model.LEPTON2)
    # The upper four bits of a packet's number are not checked: there the image may stand as it was.
    known = {counts.tobytes() for counts in IMAGES[Model.LEPTON2]}
    assert frames
    assert all(frame.counts.tobytes() in known for frame in frames)


def test_discard_packets_and_void_segments_are_no_loss() -> None:
    void = b"".join(packet_by_hand(k, 0, [7] * 80) for k in range(60))
    parts = [WIRE[Model.LEPTON3][0], DISCARD * 3, void * 2, WIRE[Model.LEPTON3][1]]
    frames, decoder = fed(b"".join(parts), Model.LEPTON3)
    assert len(frames) == 2
    assert decoder.segments_void == 2
    assert decoder.counters.dropped == {}


def test_a_segment_that_is_missing_drops_its_image_alone() -> None:
    quarter = len(WIRE[Model.LEPTON3][0]) // 4
    data = WIRE[Model.LEPTON3][0][: 2 * quarter] + WIRE[Model.LEPTON3][1]
    frames, decoder = fed(data, Model.LEPTON3)
    assert [f.counts.tobytes() for f in frames] == [IMAGES[Model.LEPTON3][1].tobytes()]
    assert decoder.counters.dropped == {"segment": 1}
    assert decoder.counters.bytes_dropped == 2 * quarter


def test_a_silent_line_of_zeros_is_no_image() -> None:
    frames, decoder = fed(bytes(100_000) + WIRE[Model.LEPTON2][0], Model.LEPTON2)
    assert len(frames) == 1
    assert decoder.counters.dropped == {"garbage": 1}


def test_the_image_of_a_lepton_3_is_not_taken_for_that_of_a_lepton_2() -> None:
    frames, decoder = fed(WIRE[Model.LEPTON3][0], Model.LEPTON2)
    assert frames == []
    assert decoder.counters.dropped == {"model": 4}


def test_packets_beyond_the_image_are_told_as_telemetry() -> None:
    data = b"".join(encode_packet(k, b"\x12" * 160) for k in range(63))
    _, decoder = fed(data, Model.LEPTON2)
    assert decoder.counters.dropped["telemetry"] == 3
