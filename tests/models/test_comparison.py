"""Comparing models: the statistics against closed forms and scipy, the scans against what a lane says."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from drivers.api import ConfigError, Event, EventKind, LineBlock
from models.card import CARD_KEY
from scanner.comparison import figures
from scanner.comparison.recorded import NoPicture, read_truth, recorded_trial
from scanner.comparison.report import CURVES, REPORT, TRIALS, cautions, write_report
from scanner.comparison.results import Comparison, compared
from scanner.comparison.simulated import FIRST_SEED, Lorry, lorries, simulated_trials
from scanner.comparison.trials import ImageTrial, scored
from scanner.recording.anchor import Anchor
from scanner.recording.header import RecordingHeader
from scanner.recording.writer import RecordingWriter
from scanner.simulation.xray.beam import Beam
from tests.models import cards
from tests.models import onnx_by_hand as by_hand

SIZE = (232, 800)
"""Rows and columns of 25 mm that hold every simulated lorry."""


def _network(tmp_path: Path, name: str, gain: float) -> Path:
    card = cards.xray(name=name, input_shape=list(SIZE), output_shape=[58, 200])
    path = tmp_path / f"{name}.onnx"
    gains = np.full((1, 1), gain, np.float32)
    path.write_bytes(by_hand.mean_network(size=SIZE, gains=gains, metadata={CARD_KEY: card}))
    return path


def _drawn(n: int, shift: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    occupied = np.arange(n) % 2 == 1
    return rng.normal(size=n) + shift * occupied, occupied


def test_the_area_is_that_of_two_normals_and_its_interval_that_of_theory() -> None:
    """Area: Phi(d / sqrt 2). Standard error: Hanley & McNeil, Radiology 143 (1982) 29-36, eq. 1."""
    scores, occupied = _drawn(4000, 1.0, 1)
    area = figures.auc(scores, occupied)
    assert area == pytest.approx(stats.norm.cdf(1 / math.sqrt(2)), abs=0.02)
    u = stats.mannwhitneyu(scores[occupied], scores[~occupied]).statistic
    assert area == pytest.approx(u / (2000 * 2000), abs=1e-12)
    lorry = np.arange(scores.size)
    low, high = figures.interval(
        figures.auc_resampled(scores, occupied, figures.resampled_weights(lorry, occupied))
    )
    q1, q2, n = area / (2 - area), 2 * area**2 / (1 + area), 2000
    error = math.sqrt((area * (1 - area) + (n - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (n * n))
    assert (high - low) / (2 * 1.96) == pytest.approx(error, rel=0.1)
    assert low < area < high


def test_scans_of_one_lorry_count_as_one() -> None:
    """Each lorry seen five times over tells no more than once: the interval must not shrink."""
    scores, occupied = _drawn(200, 1.0, 2)
    once = figures.auc_resampled(scores, occupied, figures.resampled_weights(np.arange(200), occupied))
    five = [np.repeat(x, 5) for x in (scores, occupied, np.arange(200))]
    repeated = figures.auc_resampled(five[0], five[1], figures.resampled_weights(five[2], five[1]))
    assert np.std(repeated) == pytest.approx(np.std(once), rel=0.1)


@pytest.mark.parametrize(("hits", "n"), [(0, 20), (3, 50), (655, 700), (20, 20)])
def test_wilson_is_scipys(hits: int, n: int) -> None:
    theirs = stats.binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert figures.wilson(hits, n, stats.norm.ppf(0.975)) == pytest.approx(
        (theirs.low, theirs.high), abs=1e-9
    )


def test_the_threshold_lets_at_most_its_share_pass() -> None:
    for n in (10, 99, 100, 1234):
        empty = np.random.default_rng(n).normal(size=n)
        cut = figures.threshold(empty, 0.01)
        assert (empty > cut).sum() == math.floor(0.01 * n)


def test_the_curve_ends_in_its_corners_and_has_the_area() -> None:
    scores, occupied = _drawn(500, 0.7, 3)
    alarms, found = figures.roc(scores, occupied)
    assert (alarms[0], found[0], alarms[-1], found[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(found, alarms) == pytest.approx(figures.auc(scores, occupied), abs=1e-12)


def _made_up(n: int = 400) -> list[ImageTrial]:
    """Two models: the second sees what the first sees and twice as clearly; sometimes it cannot tell."""
    rng = np.random.default_rng(5)
    trials = []
    for k in range(n):
        occupied, noise = k % 2 == 1, float(rng.normal())
        second = None if k % 37 == 3 else noise + 3.0 * occupied
        trials.append(
            ImageTrial(
                f"scan {k}",
                f"lorry {k // 2}",
                "6 MV" if k % 4 < 2 else "450 kV",
                "boxes" if k % 8 < 4 else "fruit",
                occupied,
                (noise + 1.5 * occupied, second),
                ("", "xray_lines_lost" if second is None else ""),
            )
        )
    return trials


def test_figures_by_beam_and_cargo_add_up_and_the_better_model_is_named() -> None:
    trials = _made_up()
    found = compared(trials, ["first@1", "second@2"])
    for beam in ("6 MV", "450 kV"):
        rows = {(r.model, r.cargo): r for r in found.rows if r.beam == beam}
        for model in found.models:
            whole = rows[model, "all"]
            parts = [rows[model, cargo] for cargo in ("boxes", "fruit")]
            for what in ("occupied", "detected", "empty", "alarmed", "unanswered"):
                assert getattr(whole, what) == sum(getattr(part, what) for part in parts)
            assert whole.alarmed <= 0.01 * whole.empty
            assert whole.auc_low is not None
            assert whole.auc_high is not None
            assert whole.auc_low <= (whole.auc or 0) <= whole.auc_high
    for one in found.differences:
        assert one.model == "second@2"
        assert one.auc_low > 0
        assert one.only_this > one.only_first
        assert one.p == pytest.approx(stats.binomtest(one.only_first, one.only_first + one.only_this).pvalue)
        assert one.p < 0.001


def test_a_model_that_cannot_tell_gives_no_alarm_and_it_is_said() -> None:
    found = compared(_made_up(), ["first@1", "second@2"])
    assert sum(row.unanswered for row in found.rows if row.cargo == "all" and row.model == "second@2") == 11
    said = " ".join(cautions(found))
    assert "second@2 could not tell in 11 of 400 scans (xray_lines_lost 11)" in said
    assert "too few" not in said
    assert "too few" in " ".join(cautions(compared(_made_up(80), ["first@1", "second@2"])))


def test_a_model_against_itself_differs_in_nothing() -> None:
    trials = [replace(t, scores=(t.scores[0],) * 2, why=("", "")) for t in _made_up()]
    for one in compared(trials, ["a@1", "b@1"]).differences:
        assert (one.auc, one.auc_low, one.auc_high, one.only_first, one.only_this, one.p) == (
            0,
            0,
            0,
            0,
            0,
            1,
        )


def test_scans_of_one_kind_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        compared([t for t in _made_up() if t.occupied], ["a@1", "b@1"])


def _report(found: Comparison, folder: Path) -> str:
    written = write_report(found, {"first@1": 0.012, "second@2": 0.034}, "made up", folder)
    assert (folder / REPORT) in written
    return (folder / REPORT).read_text(encoding="utf-8")


def test_the_report_holds_every_row_and_trial(tmp_path: Path) -> None:
    found = compared(_made_up(), ["first@1", "second@2"])
    text = _report(found, tmp_path)
    assert all(f"| {r.beam} | {r.cargo} | {r.model} |" in text for r in found.rows)
    assert "| second@2 | 34 |" in text
    assert len((tmp_path / TRIALS).read_text().splitlines()) == 401


def test_the_curves_are_drawn_where_matplotlib_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared(_made_up(), ["first@1", "second@2"])
    pytest.importorskip("matplotlib", reason="matplotlib draws the curves; make test installs it")
    assert CURVES in _report(found, tmp_path)
    assert "<svg" in (tmp_path / CURVES).read_text()
    monkeypatch.setattr("scanner.comparison.report.importlib.util.find_spec", lambda name: None)
    assert CURVES not in _report(found, tmp_path / "without")
    assert not (tmp_path / "without" / CURVES).exists()


@pytest.fixture(scope="module")
def lorry() -> tuple[Lorry, ...]:
    """A lorry with an empty load space, seen at both beams with people and without."""
    return tuple(lorries(FIRST_SEED + 1))


def test_a_simulated_lorry_and_its_twin_differ_in_the_people_alone(lorry: tuple[Lorry, ...]) -> None:
    assert [(one.beam, one.occupied) for one in lorry] == [
        (Beam.LINAC, True), (Beam.LINAC, False), (Beam.TUBE, True), (Beam.TUBE, False),
    ]  # fmt: skip
    assert {one.seed for one in lorry} == {FIRST_SEED + 1}
    assert FIRST_SEED >= 40_000_000
    pictures = [np.concatenate([b.pixels for b in one.items if isinstance(b, LineBlock)]) for one in lorry]
    for occupied, empty in ((0, 1), (2, 3)):
        differs = pictures[occupied] != pictures[empty]
        assert 0 < differs.mean() < 0.5
    for one, kv in zip(lorry, (6000, 6000, 450, 450), strict=True):
        assert one.sensors["portal"].certificate.parameters["beam_kv"] == kv


def test_simulated_trials_score_each_model_as_alone(tmp_path: Path, lorry: tuple[Lorry, ...]) -> None:
    paths = [_network(tmp_path, "mean", 1.0), _network(tmp_path, "half", 0.5)]
    (trials,) = [t for t in simulated_trials(2, paths) if t[0].lorry == str(FIRST_SEED + 1)]
    assert [(t.occupied, t.beam) for t in trials] == [(one.occupied, one.beam.value) for one in lorry]
    for one, trial in zip(lorry, trials, strict=True):
        for index, path in enumerate(paths):
            assert scored(one.items, one.sensors, one.declaration, [path])[0] == (trial.scores[index],)
        assert all(isinstance(score, float) for score in trial.scores)


def _recorded(folder: Path, lorry: Lorry, scan_id: str, keep: bool = True) -> tuple[RecordingHeader, Path]:
    folder.mkdir(exist_ok=True)
    sensors = tuple(lorry.sensors.values())
    header = RecordingHeader(scan_id, 1, "lane-1", lorry.declaration, sensors=sensors)
    path = folder / f"{scan_id}.mcap"
    anchor = Anchor(1_780_000_000_000_000_000, 0, "boot")
    with RecordingWriter(path, header) as writer:
        writer.write(anchor.event(scan_id))
        writer.write(Event(EventKind.VISIT_START, 0, scan_id, {"visit": 1}))
        for item in lorry.items if keep else ():
            writer.write(item)
    return header, path


def test_a_recorded_scan_scores_as_it_did_live(tmp_path: Path, lorry: tuple[Lorry, ...]) -> None:
    paths = [_network(tmp_path, "mean", 1.0)]
    visit = _recorded(tmp_path / "data", lorry[2], "S-1")
    trial = recorded_trial([visit], True, paths)
    live = scored(lorry[2].items, lorry[2].sensors, lorry[2].declaration, paths)
    assert (trial.scores, trial.why) == live
    assert (trial.scan, trial.beam, trial.cargo) == ("S-1", "450 kV", "empty")
    with pytest.raises(NoPicture, match="S-2: no X-ray lines"):
        recorded_trial([_recorded(tmp_path / "data", lorry[2], "S-2", keep=False)], True, paths)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("scan;occupied\nS-1;yes\n", "give a first line scan,occupied"),
        ("scan,occupied\nS-1,perhaps\n", 'line 2: occupied is "perhaps"'),
        ("scan,occupied\nS-1,yes\nS-1,no\n", "line 3: S-1 stands there twice"),
        ("", "give a first line"),
    ],
)
def test_a_truth_that_cannot_be_read_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=why):
        read_truth(path)


def test_a_truth_as_spreadsheets_write_it(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text("﻿scan,found,occupied\r\nS-1,2 men,Yes\r\nS-2,,no\r\n", encoding="utf-8")
    assert read_truth(path) == {"S-1": True, "S-2": False}
