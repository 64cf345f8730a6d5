"""The judge of values, on a made-up clock: out of range, without meaning, frozen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from drivers.api import Capabilities, Channel, Frame, Quality, Quantity, Role, Sample, WaveformBlock
from drivers.freshness import ReadingJudge

LIMITED = Capabilities(
    reads=("sample",),
    quantities=(Quantity.CO2_PPM, Quantity.TEMPERATURE_C),
    frozen_after_s=10.0,
    valid_range=(0.0, 1000.0),
)


def verdicts(
    values: Sequence[float], step_s: float = 1.0, capabilities: Capabilities = LIMITED
) -> list[Quality]:
    judge = ReadingJudge(capabilities)
    judged = [
        judge.judge(Sample(Quantity.CO2_PPM, value), int(i * step_s * 1e9), False)
        for i, value in enumerate(values)
    ]
    return [reading.quality for reading in judged if isinstance(reading, Sample)]


def test_values_out_of_range_and_without_meaning() -> None:
    assert verdicts([500.0, 1000.5, -0.5, math.nan, math.inf]) == [
        Quality.GOOD,
        Quality.OVER_RANGE,
        Quality.UNDER_RANGE,
        Quality.INVALID,
        Quality.INVALID,
    ]


def test_a_frozen_value_is_seen_after_its_time_and_forgiven_when_it_moves() -> None:
    found = verdicts([500.0] * 13 + [500.1])
    assert found == [Quality.GOOD] * 11 + [Quality.FROZEN] * 2 + [Quality.GOOD]


def test_no_frozen_time_no_frozen_value() -> None:
    never = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,))
    assert set(verdicts([500.0] * 100, capabilities=never)) == {Quality.GOOD}


def test_the_range_is_that_of_the_main_quantity() -> None:
    judged = ReadingJudge(LIMITED).judge(Sample(Quantity.TEMPERATURE_C, -18.0), 0, False)
    assert isinstance(judged, Sample)
    assert judged.quality is Quality.GOOD


def test_a_range_without_declared_quantities_is_that_of_every_sample() -> None:
    judge = ReadingJudge(Capabilities(reads=("sample",), valid_range=(0.0, 100.0)))
    judged = judge.judge(Sample(Quantity.OXYGEN_PCT, 120.0), 0, False)
    assert isinstance(judged, Sample)
    assert judged.quality is Quality.OVER_RANGE


def test_the_drivers_own_verdict_stands() -> None:
    judged = ReadingJudge(LIMITED).judge(Sample(Quantity.CO2_PPM, 5e9, Quality.UNRELIABLE), 0, True)
    assert isinstance(judged, Sample)
    assert judged.quality is Quality.UNRELIABLE


def test_one_dead_channel_of_a_geophone_board_is_seen() -> None:
    judge = ReadingJudge(Capabilities(reads=("waveform",), frozen_after_s=5.0))
    rng = np.random.default_rng(1)
    channels = (Channel("a", Role.CHASSIS), Channel("b", Role.GROUND))
    for second in range(8):
        counts = rng.integers(-50, 50, (2, 100), dtype=np.int32)
        counts[1] = 7
        judge.judge(WaveformBlock(counts, 100.0, channels), second * 1_000_000_000, False)
        assert (judge.verdict is Quality.FROZEN) == (second > 5), second
    counts = rng.integers(-50, 50, (2, 100), dtype=np.int32)
    judge.judge(WaveformBlock(counts, 100.0, channels), 8_000_000_000, False)
    assert judge.verdict is Quality.GOOD


def test_a_frozen_picture_is_seen() -> None:
    judge = ReadingJudge(Capabilities(reads=("frame",), frozen_after_s=2.0))
    picture = np.full((24, 32), 2100, np.int16)
    for second in range(4):
        judge.judge(Frame(picture.copy(), "°C", 0.01), second * 1_000_000_000, False)
    assert judge.verdict is Quality.FROZEN
    picture[0, 0] += 1
    judge.judge(Frame(picture, "°C", 0.01), 4_000_000_000, False)
    assert judge.verdict is Quality.GOOD
