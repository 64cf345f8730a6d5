"""The heart bench: answers that survive a kill, figures of known scores, and a run of it all."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from scanner.simulation.vibration_spec import Condition, Confounder
from tests.bench import heart_answers, heart_ceiling, heart_detection
from tests.bench.heart_answers import Answer, Answers
from tests.bench.heart_baselines import baselines, regularity, spectral_peak
from tests.bench.heart_report import broken_ceilings
from tests.bench.heart_scoring import (
    Curve,
    Scores,
    Table,
    detection,
    difference,
    false_alarms,
    half_level_db,
    levels,
)
from tests.bench.heart_trials import FS_HZ, LEVELS_DB, Hearts, Trial, counts_of, make

TRIAL = Trial("tune", Condition.CALM, Confounder.NONE, 3, True)


@pytest.fixture
def hearts():
    rng = np.random.default_rng(71)
    return Hearts([(rng.standard_normal(9000), FS_HZ)], [0.8 + 0.03 * rng.standard_normal(300)])


def _scores(values, p=None):
    x = np.array(values, float)
    return Scores(np.arange(x.size), x, np.full(x.size, np.nan) if p is None else np.array(p, float))


def test_no_two_cells_share_a_seed():
    ends = {
        Trial(seeds, condition, confounder, number, occupied).seed
        for seeds in ("tune", "test")
        for condition in Condition
        for confounder in Confounder
        for number in (0, 999_999)
        for occupied in (True, False)
    }
    assert len(ends) == 2 * len(Condition) * len(Confounder) * 4


def test_an_empty_trial_holds_no_heart(hearts):
    made = make(replace(TRIAL, occupied=False), hearts)
    np.testing.assert_array_equal(counts_of(made), np.rint(made.record.noise))


def test_a_level_scales_the_heart_alone(hearts):
    made = make(TRIAL, hearts)
    loud, usual = (counts_of(made, level_db=level, moving=False) for level in (20.0, 0.0))
    np.testing.assert_allclose(loud - usual, 9 * made.record.heart, atol=1.0)


def test_answers_that_were_cut_off_are_asked_again(tmp_path):
    kept, lost = (replace(TRIAL, number=k) for k in (3, 5))
    first = Answers(tmp_path, ["plain"])
    for trial in (kept, lost):
        first.add(trial, "plain", False, [Answer("a", 30.0, 0.0, True, 0.25)])
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text("utf-8")[:-20], encoding="utf-8")
    again = Answers(tmp_path, ["plain"])
    assert [again.missing(t, "plain", False) for t in (kept, lost)] == [False, True]


def test_after_a_cut_line_the_next_one_is_whole(tmp_path):
    first = Answers(tmp_path, ["plain"])
    first.add(TRIAL, "plain", False, [Answer("a", 30.0, 0.0, True, 0.25)])
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text("utf-8")[:-20], encoding="utf-8")
    Answers(tmp_path, ["plain"]).add(TRIAL, "plain", False, [Answer("a", 30.0, 0.0, True, 0.5)])
    assert Answers(tmp_path, ["plain"]).of(TRIAL, "plain")[0].score == 0.5


def test_kept_answers_are_taken_up_elsewhere(tmp_path):
    first = Answers(tmp_path / "one", ["plain"])
    told = [Answer("a", 30.0, 0.0, True, 1.23456789, 0.5, 70.0), Answer("b", 30.0, 0.0, True, math.nan)]
    first.add(TRIAL, "plain", True, told)
    first.keep(tmp_path / "kept")
    again = Answers(tmp_path / "two", ["plain"], tmp_path / "kept")
    assert not again.missing(TRIAL, "plain", True)
    assert again.of(TRIAL, "plain")[0] == replace(told[0], score=1.2346)
    assert math.isnan(again.of(TRIAL, "plain")[1].score)


def test_a_trial_without_levels_is_asked_again_for_them(tmp_path):
    answers = Answers(tmp_path, ["plain"])
    answers.add(TRIAL, "plain", False, [Answer("a", 30.0, 0.0, True, 0.25)])
    assert answers.missing(TRIAL, "plain", True)


def test_unavailable_is_a_miss():
    found = detection(_scores([9.0, math.nan, 9.0, 0.0]), _scores(np.zeros(100)))
    assert found["pd"]["share"] == 0.5
    assert found["unavailable"]["share"] == 0.25


def test_p_values_are_counted_by_their_own_word():
    found = detection(_scores([1.0, 1.0], [0.001, 0.2]), _scores([0.0, 0.0], [0.009, 0.5]))
    assert found["pd_by_p"]["share"] == 0.5
    assert found["false_by_p"]["share"] == 0.5


def test_a_difference_is_paired_by_number():
    few = Scores(np.array([1, 3]), np.array([5.0, 5.0]), np.full(2, np.nan))
    many = _scores([5.0, 0.0, 5.0, 0.0])
    empty = _scores(np.linspace(0.0, 1.0, 100))
    found = difference((few, empty), (many, empty), 1)
    assert (found["n"], found["difference"]) == (2, 1.0)


@pytest.mark.parametrize(
    ("pd", "level"), [([1.0, 1.0], -math.inf), ([0.1, 0.4], math.inf), ([0.0, 1.0], -2.5)]
)
def test_the_level_of_one_half_is_told_only_where_it_is_crossed(pd, level):
    assert half_level_db(pd, [-5.0, 0.0]) == level


def test_false_alarms_are_counted_with_the_threshold_of_calm(tmp_path):
    answers = Answers(tmp_path, ["ours"])
    trials = []
    for condition, shift in ((Condition.CALM, 0.0), (Condition.WIND_7_9, 0.1)):
        for number in range(100):
            trial = Trial("tune", condition, Confounder.NONE, number, False)
            answers.add(trial, "ours", False, [Answer("ours", 30.0, 0.0, True, number / 100 + shift)])
            trials.append(trial)
    cells = [(c, Confounder.NONE) for c in (Condition.CALM, Condition.WIND_7_9)]
    found = false_alarms(Table(answers, trials), "ours", 30.0, cells)
    assert [found[c.value]["share"] for c, _ in cells] == [0.01, 0.11]


def test_a_ceiling_that_is_beaten_is_told():
    pair = {"difference": 0.2, "low": 0.1, "high": 0.3}
    found = {"paired": {"calm": {"30": {"ours - e": pair, "ours - e1": pair, "ours - a": pair}}}}
    assert [line.split(" by ")[0] for line in broken_ceilings(found)] == ["CEILING BEATEN: ours over e"]


def test_every_baseline_tells_regular_beats_from_noise():
    rng = np.random.default_rng(72)
    t_s = np.arange(40) / FS_HZ
    wave = np.sin(2 * np.pi * 6 * t_s) * np.exp(-t_s / 0.1)
    noise = rng.standard_normal((4, 3000))
    beats = np.zeros(3000)
    for at in np.cumsum(80 + rng.integers(-2, 3, 36)):
        beats[at : at + 40] += 20 * wave
    for name, method in baselines().items():
        assert method(noise + beats, FS_HZ) > method(noise, FS_HZ), name


def test_too_few_events_are_no_rhythm():
    assert regularity(np.array([1.0, 2.0]), 30.0) == -10.0


def test_a_lone_line_is_no_heart_for_the_spectral_peak():
    rng = np.random.default_rng(73)
    noise = rng.standard_normal((4, 6000))
    t_s = np.arange(6000) / FS_HZ
    comb = sum(np.sin(2 * np.pi * 1.2 * k * t_s) for k in range(1, 5))
    assert spectral_peak(noise + comb, FS_HZ) > spectral_peak(
        noise + 4 * np.sin(2 * np.pi * 1.2 * t_s), FS_HZ
    )


def test_the_bench_runs_and_keeps_its_answers(tmp_path, monkeypatch, hearts):
    monkeypatch.setattr(heart_answers, "load_hearts", lambda folder, seeds: hearts)
    monkeypatch.setattr(heart_detection, "plot", lambda *_: [])
    for module in (heart_answers, heart_ceiling):
        monkeypatch.setattr(module, "DURATIONS_S", (30.0,))  # one of three: a test must be short
    sizes = ["--occupied", "1", "--empty", "1", "--confounded", "1", "--sweep", "0"]
    heart_detection.main(["--data", str(tmp_path), "--out", str(tmp_path), "--conditions", "calm", *sizes])
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert set(found["detection"]["calm"]["30"]) >= {"ours", "a", "b", "c2", "d", "e", "e1"}
    assert "footsteps" in (tmp_path / "tables.md").read_text("utf-8")
    again = Answers(tmp_path)
    assert not any(again.missing(replace(TRIAL, number=0), group, False) for group in heart_answers.GROUPS)


def test_the_gain_of_a_longer_record_is_told_in_decibels(tmp_path):
    answers = Answers(tmp_path, ["ours"])
    trials = []
    for number in range(20):
        for occupied in (True, False):
            trial = replace(TRIAL, number=number, occupied=occupied)
            # found from -5 dB on in 30 s, from -10 dB on in 60 s
            rows = [
                Answer("ours", s, level, False, float(level > start))
                for s, start in ((30.0, -10.0), (60.0, -15.0))
                for level in LEVELS_DB
            ]
            rows = rows if occupied else [Answer("ours", s, 0.0, True, 0.0) for s in (30.0, 60.0)]
            answers.add(trial, "ours", True, rows)
            trials.append(trial)
    table = Table(answers, trials)
    both = [Curve(table, "ours", Condition.CALM, s, name=f"{s:g}") for s in (30.0, 60.0)]
    found = levels(both, 1)
    assert found["level"]["30"]["level_db"] == -7.5
    assert found["difference"]["60 - 30"] == {"db": -5.0, "low": -5.0, "high": -5.0}
