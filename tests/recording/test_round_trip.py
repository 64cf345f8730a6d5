"""What is recorded comes back as it was, whatever its values."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from drivers.api import (
    Channel,
    ClockLock,
    ConnectionState,
    DeviceState,
    Direction,
    Event,
    EventKind,
    Flag,
    Frame,
    GeneratorState,
    LineBlock,
    LineKind,
    LineScanEnd,
    Quality,
    Quantity,
    RawBytes,
    Role,
    Sample,
    Stamp,
    WaveformBlock,
)
from scanner.recording import (
    Anchor,
    RecordedAssessment,
    RecordingHeader,
    Tick,
    read_header,
    read_recording,
    strict_json,
)
from scanner.recording.codec import decode, encode
from scanner.recording.proto.raw_image_pb2 import RawImage

ANCHOR = Anchor(1_795_000_000_000_000_000, 10**15, "boot")

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
monotonic = st.integers(0, 2**60)
number = st.floats(allow_nan=True, allow_infinity=True)
int64 = st.integers(-(2**63), 2**63 - 1)
stamps = st.builds(Stamp, text, st.sampled_from(Role), monotonic, st.integers(0, 2**40))
flags = st.integers(0, 127).map(Flag)
locks = st.sampled_from(ClockLock)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | number | text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(text | st.sampled_from(["$float", "$literal"]), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(text | st.sampled_from(["$float", "$literal"]), json_values, max_size=4)
channels = st.builds(
    Channel, text, st.sampled_from(Role), *[st.none() | st.floats(allow_nan=False) for _ in range(4)]
)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    dtype = draw(st.sampled_from([np.uint8, np.uint16, np.int16]))
    pixels = draw(hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5)))
    return Frame(
        pixels,
        draw(text),
        draw(number),
        draw(number),
        draw(st.none() | number),
        draw(st.none() | int64),
        draw(locks),
        draw(flags),
        draw(stamps),
    )


@st.composite
def waveforms(draw: st.DrawFn) -> WaveformBlock:
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5))
    return WaveformBlock(
        draw(hnp.arrays(np.int32, shape)),
        draw(number),
        tuple(draw(st.lists(channels, max_size=4))),
        draw(st.none() | int64),
        draw(locks),
        draw(st.none() | int64),
        draw(st.integers(0, 2**64 - 1)),
        draw(st.integers(0, 2**64 - 1)),
        draw(flags),
        draw(stamps),
    )


@st.composite
def line_blocks(draw: st.DrawFn) -> LineBlock:
    n_lines, n_pixels = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    return LineBlock(
        draw(hnp.arrays(np.uint16, (n_lines, n_pixels))),
        draw(int64),
        draw(hnp.arrays(np.int64, n_lines)),
        draw(hnp.arrays(np.int64, n_lines)),
        draw(hnp.arrays(np.uint16, n_lines)),
        draw(hnp.arrays(np.uint16, n_lines)),
        draw(st.sampled_from(LineKind)),
        draw(st.integers(0, 9)),
        draw(st.integers(1, 16)),
        draw(st.integers(0, 10**6)),
        draw(st.integers(0, 10**6)),
        draw(text),
        draw(st.none() | int64),
        draw(locks),
        draw(flags),
        draw(stamps),
    )


everything = st.one_of(
    st.builds(
        Sample,
        st.sampled_from(Quantity),
        number,
        st.sampled_from(Quality),
        st.none() | st.integers(-(2**70), 2**70),
        locks,
        stamps,
    ),
    st.builds(LineScanEnd, int64, int64, int64, text, int64, st.booleans(), stamps),
    st.builds(GeneratorState, text, number, number, stamps),
    st.builds(DeviceState, st.sampled_from(ConnectionState), text, monotonic, stamps),
    st.builds(RawBytes, st.sampled_from(Direction), st.binary(max_size=50), stamps),
    st.builds(Event, st.sampled_from(EventKind), monotonic, text, objects),
    st.builds(Tick, monotonic),
    st.builds(RecordedAssessment, monotonic, objects),
    frames(),
    waveforms(),
    line_blocks(),
)


@given(record=everything)
@example(record=RawBytes(Direction.RX, b"", Stamp("a/b", Role.GROUND, 5, 2**33 + 7)))
@example(record=GeneratorState("", -0.0, math.nan, Stamp("", Role.LANE, 0, 0)))
@example(record=Event(EventKind.COMMAND, 0, "", {"$float": "NaN"}))
@example(record=Event(EventKind.COMMAND, 0, "", {"$literal": {"$float": math.inf}}))
def test_every_record_survives_its_message(record: Any, same: Callable[[Any, Any], bool]) -> None:
    back = decode(encode(record, ANCHOR), ANCHOR)
    assert same(back, record), (back, record)


@given(record=everything)
def test_json_payloads_are_strict_json(record: Any) -> None:
    message = encode(record, ANCHOR)
    if message.channel.encoding == "json":
        json.loads(message.data, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_a_whole_visit_comes_back_in_order(
    recording: Path, records: list[Any], same: Callable[[Any, Any], bool]
) -> None:
    back = list(read_recording(recording))
    assert len(back) == len(records)
    assert all(map(same, back, records))


def test_header_comes_back(recording: Path, header: RecordingHeader) -> None:
    assert read_header(recording) == header


def test_int16_pixels_keep_their_order_as_stored() -> None:
    temperatures = np.array([[-32768, -2000, -1, 0, 4000, 32767]], dtype=np.int16)
    stored = RawImage.FromString(encode(Frame(temperatures, "°C"), ANCHOR).data)
    values = np.frombuffer(stored.data, "<u2").astype(int)
    assert values.tolist() == [0, 30768, 32767, 32768, 36768, 65535]
    assert (values - stored.pixel_bias).tolist() == temperatures[0].tolist()


def test_times_follow_the_anchor_and_the_device() -> None:
    stamp = Stamp("geo", Role.CHASSIS, ANCHOR.mono_ns + 250, 2**32 + 9)
    block = WaveformBlock(np.zeros((1, 1), np.int32), 100.0, (), device_ns=1234, stamp=stamp)
    message = encode(block, ANCHOR)
    assert message.log_time_ns == ANCHOR.utc_ns + 250
    assert message.publish_time_ns == 1234
    assert message.sequence == 9
    without = encode(Tick(ANCHOR.mono_ns - 4), ANCHOR)
    assert without.publish_time_ns == without.log_time_ns == ANCHOR.utc_ns - 4


@pytest.mark.parametrize(
    "wrong",
    [
        WaveformBlock(np.zeros((1, 1), np.int64), 1.0, ()),
        WaveformBlock(np.zeros(3, np.int32), 1.0, ()),
        Frame(np.zeros((2, 2), np.float32), "K"),
        LineBlock(
            np.zeros((2, 3), np.uint16),
            1,
            np.zeros(3, np.int64),
            np.zeros(2, np.int64),
            np.zeros(2, np.uint16),
            np.zeros(2, np.uint16),
            LineKind.DATA,
            0,
            16,
        ),
        Tick(-(10**30)),
    ],
    ids=[
        "int64 counts",
        "one-dimensional counts",
        "float pixels",
        "three numbers for two lines",
        "before 1970",
    ],
)
def test_what_cannot_be_kept_exactly_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError):
        encode(wrong, ANCHOR)


@pytest.mark.parametrize("data", [{"n": np.int64(1)}, {1: "a"}, {"x": {1, 2}}])
def test_event_data_that_is_not_json_is_refused(data: dict[Any, Any]) -> None:
    with pytest.raises(TypeError):
        encode(Event(EventKind.COMMAND, 5, "", data), ANCHOR)


def test_bare_nan_of_other_programs_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        strict_json.loads('{"value": NaN}')
    assert math.isnan(strict_json.loads('{"value": {"$float": "NaN"}}')["value"])
