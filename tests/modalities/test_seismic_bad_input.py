"""A board with something wrong: evidence from what is sound, or *unavailable* with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from drivers.api import Channel, Flag, Role, Stamp, WaveformBlock
from scanner.evidence import Evidence, EvidenceState
from scanner.modalities.heartbeat import HeartbeatModality
from scanner.modality import ScanView, Sensor
from scanner.simulation.vibration import record_vibration
from scanner.simulation.vibration_spec import Condition, draw_vibration
from scanner.wording import LANGUAGES, sentence

MakeView = Callable[..., ScanView]
Sensors = dict[str, Sensor]
FS_HZ, SECONDS = 100.0, 40.0
NAMES = ("c1", "c2", "c3", "c4", "g1")
CHANNELS = tuple(
    Channel(name, Role.GROUND if name == "g1" else Role.CHASSIS, 28.8, 4.5, 0.7, 53_687_091.0)
    for name in NAMES
)


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """One person in a lorry in a light wind."""
    return record_vibration(draw_vibration(1302, Condition.WIND_3_5, 1), SECONDS, FS_HZ).counts[:5]


def blocks(counts: np.ndarray, channels: tuple[Channel, ...] = CHANNELS, **facts) -> list[WaveformBlock]:
    made = []
    for k, at in enumerate(range(0, counts.shape[1], 100)):
        piece = counts[:, at : at + 100]
        ns = round((at + piece.shape[1]) / FS_HZ * 1e9)
        stamp = Stamp("g", Role.CHASSIS, ns, k)
        made.append(WaveformBlock(piece, FS_HZ, channels, stamp=stamp, **facts))
    return made


@pytest.fixture
def judge(board: Sensors, make_view: MakeView) -> Callable[[list[WaveformBlock]], Evidence]:
    def said(made: list[WaveformBlock]) -> Evidence:
        method = HeartbeatModality(None)
        for block in made:
            method.feed(block)
        evidence = method.evaluate(made[-1].stamp.mono_ns, make_view(board, elapsed_s=SECONDS))
        assert all(sentence(evidence.reason, language) for language in LANGUAGES)
        return evidence

    return said


def without(counts: np.ndarray, row: int) -> list[WaveformBlock]:
    """The same lorry with a board that never had this channel."""
    rest = [k for k in range(5) if k != row]
    return blocks(counts[rest], tuple(CHANNELS[k] for k in rest))


def faults(evidence: Evidence) -> list[str]:
    named = [name for name in evidence.features if name.rpartition("_")[2] in NAMES]
    return [name for name in named if not name.startswith("seen_")]


def rattling(counts: np.ndarray, row: int) -> np.ndarray:
    noise = np.random.default_rng(5).normal(size=counts.shape[1])
    made = counts.copy()
    smooth = np.convolve(noise, np.hanning(15), "same")
    made[row] = np.rint(0.2 * counts[row] + 2 * counts[row].std() * smooth / smooth.std())
    return made


def self_noise(counts: np.ndarray, row: int) -> np.ndarray:
    made = counts.copy()
    made[row] = np.rint(np.random.default_rng(6).normal(0, 5, counts.shape[1]))
    return made


def zero(counts: np.ndarray, row: int) -> np.ndarray:
    made = counts.copy()
    made[row] = 0
    return made


def test_a_sound_board_has_no_faults(counts, judge) -> None:
    assert faults(judge(blocks(counts))) == []


@pytest.mark.parametrize(("broken", "fault"), [(zero, "stuck"), (self_noise, "dead"), (rattling, "loose")])
def test_one_bad_channel_is_named_and_the_rest_is_judged_alone(counts, judge, broken, fault) -> None:
    evidence = judge(blocks(broken(counts, 2)))
    assert faults(evidence) == [f"{fault}_c3"]
    assert evidence.score == pytest.approx(judge(without(counts, 2)).score, rel=1e-9)


def test_a_clipped_channel_is_named_and_the_rest_is_judged_alone(counts, judge) -> None:
    evidence = judge(blocks(counts, clipped=0b10, flags=Flag.CLIPPED))
    assert faults(evidence) == ["clipped_c2"]
    assert evidence.score == pytest.approx(judge(without(counts, 1)).score, rel=1e-9)


def test_turned_poles_are_named_and_change_nothing(counts, judge) -> None:
    turned = counts.copy()
    turned[1] *= -1
    evidence = judge(blocks(turned))
    assert "reversed_c2" in faults(evidence)
    assert evidence.score == pytest.approx(judge(blocks(counts)).score, rel=1e-9)


def test_chassis_channels_in_another_order_change_nothing(counts, judge) -> None:
    assert judge(blocks(counts[[0, 3, 2, 1, 4]])).score == pytest.approx(judge(blocks(counts)).score)


def test_the_ground_in_place_of_a_chassis_channel_is_no_answer(counts, judge) -> None:
    evidence = judge(blocks(counts[[4, 1, 2, 3, 0]]))
    assert evidence.state is EvidenceState.UNAVAILABLE
    assert evidence.reason.code == "seismic_exchanged"
    assert evidence.reason.values["channel"] == "c1"


def test_no_channel_is_sound(counts, judge) -> None:
    made = counts.copy()
    made[:4, 1500:2500] = 7
    evidence = judge(blocks(made))
    assert evidence.state is EvidenceState.UNAVAILABLE
    assert evidence.reason.code == "seismic_no_sound_channel"
    assert "stuck at one value" in sentence(evidence.reason, "en")


def test_values_that_are_no_numbers_are_a_gap(counts, judge) -> None:
    broken = counts.astype(float)
    broken[:, 1500:1600] = np.nan
    evidence = judge(blocks(broken))
    assert evidence.state is EvidenceState.READY
    lost_s = judge(blocks(counts)).features["usable_s"] - evidence.features["usable_s"]
    assert lost_s == pytest.approx(2.0, abs=0.2)  # the gap and the filters' settling beside it


def test_one_channel_of_gaps_does_not_take_the_others_with_it(counts, judge) -> None:
    broken = counts.astype(float)
    for at in range(0, broken.shape[1], 150):
        broken[3, at : at + 20] = np.nan
    evidence = judge(blocks(broken))
    assert faults(evidence) == ["holed_c4"]
    assert evidence.features["usable_s"] == pytest.approx(judge(blocks(counts)).features["usable_s"])


def test_a_gap_of_two_seconds_is_left_out(counts, judge) -> None:
    made = blocks(counts)
    late = [replace(block, stamp=block.stamp) for block in made[22:]]
    late[0] = replace(late[0], samples_lost=200, flags=Flag.GAP_BEFORE)
    evidence = judge(made[:20] + late)
    assert evidence.state is EvidenceState.READY
    lost_s = judge(made).features["usable_s"] - evidence.features["usable_s"]
    assert lost_s == pytest.approx(3.0, abs=0.2)


def test_another_rate_starts_anew(counts, judge) -> None:
    made = blocks(counts)
    evidence = judge(made[:30] + [replace(block, fs_hz=125.0) for block in made[30:]])
    assert evidence.state is EvidenceState.PENDING
    assert evidence.reason.code == "seismic_collecting"
