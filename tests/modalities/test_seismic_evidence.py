"""Heartbeat and movement evidence: every reason why they cannot tell, and blocks of any length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from calibration.certificates import Certificate
from calibration.evidence import CalibrationSet, ScoreCalibration
from drivers.api import (
    Channel,
    ConnectionState,
    Event,
    EventKind,
    Flag,
    Role,
    Stamp,
    WaveformBlock,
)
from scanner.evidence import Evidence, EvidenceState
from scanner.modalities.heartbeat import HeartbeatModality
from scanner.modalities.movement import MovementModality
from scanner.modality import ScanView, Sensor
from scanner.vehicle import CargoClass
from scanner.wording import LANGUAGES, sentence

MakeView = Callable[..., ScanView]
Sensors = dict[str, Sensor]
METHODS = [HeartbeatModality, MovementModality]
Method = HeartbeatModality | MovementModality
FS_HZ = 500.0
COUNTS_PER_M_S = 28.8 * 5e7


def geophone(name: str, role: Role) -> Channel:
    return Channel(name, role, 28.8, 4.5, 0.7, 5e7)


CHANNELS = (geophone("c1", Role.CHASSIS), geophone("c2", Role.CHASSIS), geophone("g1", Role.GROUND))


def fit(modality: str) -> ScoreCalibration:
    return ScoreCalibration(modality, "all", 1.0, -1.5, -4.0, 4.0, 50, 50, "-", "a straight line")


FITS = CalibrationSet((fit("heartbeat"), fit("movement")), {}, "tests")


def record(seconds: float, bpm: float | None = None, seed: int = 1) -> np.ndarray:
    """Counts of two chassis channels on a shaking ground and the ground itself."""
    rng = np.random.default_rng(seed)
    n = round(seconds * FS_HZ)
    smooth = np.hanning(25) / np.hanning(25).sum()
    ground = np.convolve(rng.normal(size=n + 24), smooth, "valid")
    own = np.stack([np.convolve(rng.normal(size=n + 24), smooth, "valid") for _ in range(2)])
    x = np.stack([0.7 * ground + 0.5 * own[0], 0.6 * ground + 0.5 * own[1], ground])
    if bpm:
        beats = np.cumsum(60 / bpm * (1 + 0.03 * rng.normal(size=round(seconds * 4))))
        pulse = 3 * np.hanning(100) * np.sin(2 * np.pi * 5 * np.arange(100) / FS_HZ)
        for at in (beats[beats < seconds - 0.3] * FS_HZ).astype(int):
            x[:2, at : at + 100] += pulse
    return np.rint(x * 2e-6 * COUNTS_PER_M_S).astype(np.int32)


def blocks(counts: np.ndarray, length: int = 50, start_s: float = 0.0, **facts) -> list[WaveformBlock]:
    made = []
    channels = facts.pop("channels", CHANNELS)
    for k, at in enumerate(range(0, counts.shape[1], length)):
        piece = counts[:, at : at + length]
        ns = round((start_s + (at + piece.shape[1]) / FS_HZ) * 1e9)
        stamp = Stamp("g", Role.CHASSIS, ns, k)
        made.append(WaveformBlock(piece, FS_HZ, channels, stamp=stamp, **facts))
    return made


def feed(method: Method, made: list[WaveformBlock]) -> int:
    for block in made:
        method.feed(block)
    return made[-1].stamp.mono_ns


def check_says(evidence: Evidence, code: str, state: EvidenceState = EvidenceState.UNAVAILABLE) -> None:
    assert evidence.reason is not None, evidence
    assert evidence.reason.code == code
    assert evidence.state is state
    assert evidence.llr == 0.0
    for language in LANGUAGES:
        assert sentence(evidence.reason, language)


def test_a_heart_on_the_chassis_is_found_at_its_rate(board: Sensors, make_view: MakeView) -> None:
    method = HeartbeatModality(FITS)
    now = feed(method, blocks(record(60, bpm=80)))
    evidence = method.evaluate(now, make_view(board, elapsed_s=60))
    assert evidence.state is EvidenceState.READY
    assert evidence.features["bpm"] == pytest.approx(80, rel=0.06)
    assert evidence.llr > 0.5
    silent = HeartbeatModality(FITS)
    now = feed(silent, blocks(record(60)))
    assert silent.evaluate(now, make_view(board, elapsed_s=60)).llr < evidence.llr


@pytest.mark.parametrize("method_type", METHODS)
def test_blocks_of_any_length_give_the_same_evidence(
    method_type: type[Method], board: Sensors, make_view: MakeView
) -> None:
    counts = record(30, bpm=70)
    scores = []
    for length in (50, 333, 15_000):
        method = method_type(None)
        now = feed(method, blocks(counts, length))
        scores.append(method.evaluate(now, make_view(board, elapsed_s=30)).score)
    assert scores[0] is not None
    np.testing.assert_allclose(scores, scores[0], rtol=1e-6)


@pytest.mark.parametrize("method_type", METHODS)
def test_without_fits_ready_evidence_has_a_finite_score(
    method_type: type[Method], board: Sensors, make_view: MakeView
) -> None:
    method = method_type(None)
    evidence = method.evaluate(feed(method, blocks(record(30))), make_view(board, elapsed_s=30))
    assert evidence.state is EvidenceState.READY
    assert evidence.llr == 0.0
    assert np.isfinite(evidence.score)


@pytest.mark.parametrize("method_type", METHODS)
class TestCannotTell:
    def test_nothing_configured(self, method_type, make_view: MakeView) -> None:
        check_says(method_type(FITS).evaluate(10**9, make_view({})), "seismic_not_configured")

    def test_no_channel_on_the_chassis(self, method_type, board: Sensors, make_view: MakeView) -> None:
        method = method_type(FITS)
        ground = (geophone("g1", Role.GROUND),)
        now = feed(method, blocks(record(20)[:1], channels=ground))
        check_says(method.evaluate(now, make_view(board)), "seismic_no_chassis_channel")

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (ConnectionState.LOST, "seismic_lost"),
            (ConnectionState.CLOSED, "seismic_lost"),
            (ConnectionState.WARMING_UP, "seismic_warming_up"),
            (ConnectionState.DEGRADED, "seismic_degraded"),
            (None, "seismic_lost"),
        ],
    )
    def test_board_not_ready(self, method_type, state, code, board: Sensors, make_view: MakeView) -> None:
        method = method_type(FITS)
        now = feed(method, blocks(record(30)))
        assert method.evaluate(now, make_view(board)).state is EvidenceState.READY
        check_says(method.evaluate(now, make_view(board, states={"g": state})), code)

    def test_board_silent(self, method_type, board: Sensors, make_view: MakeView) -> None:
        method = method_type(FITS)
        now = feed(method, blocks(record(30)))
        check_says(method.evaluate(now + 1_500_000_000, make_view(board)), "seismic_silent")
        check_says(method_type(FITS).evaluate(10**10, make_view(board, elapsed_s=10.0)), "seismic_silent")

    def test_too_early(self, method_type, board: Sensors, make_view: MakeView) -> None:
        method = method_type(FITS)
        view = make_view(board, elapsed_s=0.5)
        check_says(method.evaluate(0, view), "seismic_collecting", EvidenceState.PENDING)
        now = feed(method, blocks(record(12)))
        check_says(method.evaluate(now, make_view(board)), "seismic_collecting", EvidenceState.PENDING)

    def test_a_new_visit_starts_anew(self, method_type, board: Sensors, make_view: MakeView) -> None:
        method = method_type(FITS)
        feed(method, blocks(record(30)))
        method.feed(Event(EventKind.VISIT_START, 0, data={"visit": 2}))
        now = feed(method, blocks(record(5)))
        check_says(method.evaluate(now, make_view(board)), "seismic_collecting", EvidenceState.PENDING)

    def test_no_response_known(self, method_type, board: Sensors, make_view: MakeView) -> None:
        method = method_type(FITS)
        bare = tuple(Channel(c.name, c.role) for c in CHANNELS)
        now = feed(method, blocks(record(30), channels=bare))
        check_says(method.evaluate(now, make_view(board)), "seismic_uncalibrated")

    def test_certificate_expired(self, method_type, board: Sensors, make_view: MakeView) -> None:
        old = Certificate("OLD", date(2024, 1, 1), date(2025, 1, 1), {"damping": 0.7})
        method = method_type(FITS)
        now = feed(method, blocks(record(30)))
        view = make_view({"g": replace(board["g"], certificate=old)})
        check_says(method.evaluate(now, view), "seismic_certificate_expired")

    def test_clipped(self, method_type, board: Sensors, make_view: MakeView) -> None:
        method = method_type(FITS)
        now = feed(method, blocks(record(30), clipped=0b011, flags=Flag.CLIPPED))
        check_says(method.evaluate(now, make_view(board)), "seismic_clipped")

    def test_unplugged_geophones(self, method_type, board: Sensors, make_view: MakeView) -> None:
        method = method_type(FITS)
        now = feed(method, blocks(np.full((3, 15_000), 17, np.int32)))
        check_says(method.evaluate(now, make_view(board)), "seismic_flat")

    def test_never_calibrated(self, method_type, board: Sensors, make_view: MakeView) -> None:
        method = method_type(CalibrationSet((), {}, "tests"))
        now = feed(method, blocks(record(30)))
        check_says(method.evaluate(now, make_view(board)), "seismic_never_calibrated")


def humming(seconds: float) -> np.ndarray:
    t_s = np.arange(round(seconds * FS_HZ)) / FS_HZ
    return record(seconds) + np.rint(3e6 * np.sin(2 * np.pi * 25.0 * t_s)).astype(np.int32)


def test_machinery_is_no_movement_and_drowns_none(board: Sensors, make_view: MakeView) -> None:
    quiet, shifting = MovementModality(FITS), MovementModality(FITS)
    counts = humming(40)
    said = quiet.evaluate(feed(quiet, blocks(counts)), make_view(board, elapsed_s=40))
    push = np.random.default_rng(3).normal(size=1000) * np.hanning(1000) * 1e-4 * COUNTS_PER_M_S
    counts[:2, 12_000:13_000] += push.astype(np.int32)
    found = shifting.evaluate(feed(shifting, blocks(counts)), make_view(board, elapsed_s=40))
    assert said.features["movement_p"] > 0.01
    assert found.features["movement_p"] < 0.01
    assert found.reason is not None
    assert found.reason.code == "movement_bursts"


def test_a_breath_is_told_and_not_in_a_tank(board: Sensors, make_view: MakeView) -> None:
    method = MovementModality(FITS)
    counts = record(60) // 100
    # 0.25 Hz through the geophone: velocity of 40 um/s, seen with (0.25 / 4.5) squared of the sensitivity
    breath = 40e-6 * (0.25 / 4.5) ** 2 * COUNTS_PER_M_S * np.sin(2 * np.pi * 0.25 * np.arange(30_000) / FS_HZ)
    counts[:2] += breath.astype(np.int32)
    now = feed(method, blocks(counts))
    found = method.evaluate(now, make_view(board, elapsed_s=60))
    in_tank = method.evaluate(now, make_view(board, cargo=CargoClass.LIQUID, elapsed_s=60))
    assert found.features["breaths_per_min"] == pytest.approx(15.0, abs=1.5)
    assert found.reason is not None
    assert found.reason.code == "movement_breath"
    for language in LANGUAGES:
        assert "15" in sentence(found.reason, language)
    assert in_tank.features["breathing_liquid"] == 1.0
    assert in_tank.llr < found.llr


def hum() -> np.ndarray:
    return np.rint(3e6 * np.sin(2 * np.pi * 25.0 * np.arange(15_000) / FS_HZ)).astype(np.int32)


def test_hearts_are_heard_beside_a_steady_hum(board: Sensors, make_view: MakeView) -> None:
    method = HeartbeatModality(FITS)
    evidence = method.evaluate(feed(method, blocks(record(30, bpm=80) + hum())), make_view(board))
    assert evidence.features["p_value"] < 0.01
    assert evidence.features["bpm"] == pytest.approx(80, rel=0.06)


def test_one_clipped_channel_is_left_out(board: Sensors, make_view: MakeView) -> None:
    method = HeartbeatModality(None)
    now = feed(method, blocks(record(30), clipped=0b001, flags=Flag.CLIPPED))
    evidence = method.evaluate(now, make_view(board))
    assert evidence.state is EvidenceState.READY
    assert evidence.features["channels"] == 1.0


def test_without_ground_hearts_go_on_and_movement_does_not(board: Sensors, make_view: MakeView) -> None:
    heart, movement = HeartbeatModality(None), MovementModality(None)
    for method in (heart, movement):
        now = feed(method, blocks(record(30)[:2], channels=CHANNELS[:2]))
    evidence = heart.evaluate(now, make_view(board))
    assert evidence.state is EvidenceState.READY
    assert evidence.features["ground_references"] == 0.0
    check_says(movement.evaluate(now, make_view(board)), "movement_no_ground_reference")


@pytest.mark.parametrize("method_type", METHODS)
def test_lost_samples_are_not_usable_data(
    method_type: type[Method], board: Sensors, make_view: MakeView
) -> None:
    whole, holed = method_type(None), method_type(None)
    counts = record(40)
    feed(whole, blocks(counts))
    feed(holed, blocks(counts[:, :10_000]))
    made = blocks(counts[:, 12_500:], start_s=25.0)
    made[0] = replace(made[0], samples_lost=2500, flags=Flag.GAP_BEFORE)
    now = feed(holed, made)
    before = whole.evaluate(now, make_view(board, elapsed_s=40))
    after = holed.evaluate(now, make_view(board, elapsed_s=40))
    assert before.features["usable_s"] - after.features["usable_s"] == pytest.approx(6.2, abs=0.3)


@pytest.mark.parametrize("method_type", METHODS)
def test_strange_blocks_never_raise(method_type: type[Method], board: Sensors, make_view: MakeView) -> None:
    method = method_type(None)
    rng = np.random.default_rng(9)
    top = np.iinfo(np.int32)
    strange = [
        np.zeros((3, 0), np.int32),
        np.full((3, 50), top.max, np.int32),
        np.full((3, 50), top.min, np.int32),
        rng.integers(top.min, top.max, (3, 700)).astype(np.int32),
        np.zeros((2, 50), np.int32),
    ]
    for k, counts in enumerate(strange * 30):
        stamp = Stamp("g", Role.CHASSIS, k * 10**8, k)
        lost = int(rng.integers(0, 100_000)) if k % 7 == 0 else 0
        method.feed(WaveformBlock(counts, FS_HZ, CHANNELS, samples_lost=lost, stamp=stamp))
        if k % 20 == 0:
            said = method.evaluate(k * 10**8, make_view(board))
            assert np.isfinite(said.llr)
            assert (said.score is None) == (said.state is not EvidenceState.READY)
