"""The X-ray judgement: taken up again, right on scores that are known."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from models.runtime import ImageScore
from models.training.xray_pictures import Picture
from scanner.evidence import Evidence, EvidenceState, Reason
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.cargo import Load
from scanner.simulation.xray.passage import Passage
from scanner.simulation.xray.ranges import Draw, read_ranges
from scanner.vehicle import Declaration
from tests.bench import (
    xray_people,
    xray_people_refused,
    xray_people_scoring,
)
from tests.bench.xray_people_answers import Answer, Answers, answer, beams, highest_on_person
from tests.bench.xray_people_plots import roc
from tests.bench.xray_people_report import tables
from tests.bench.xray_people_scoring import (
    ALL,
    alarms,
    alike_auc,
    auc,
    auc_figure,
    results,
    searches,
    unseen,
    wilson,
)
from tests.bench.xray_people_trials import (
    EMPTY,
    OCCUPIED,
    RANGES,
    TWIN,
    Trial,
    held_out,
    views,
)
from tests.images.known_thresholds import HALF

TRIALS = [Trial(0, True), Trial(0, False)]


class Known:
    """A judge that sees the truth: the share of cells with people, or the same for all."""

    def __init__(self, same: bool = False) -> None:
        self.same, self.looked = same, 0

    def look(self, picture: Picture, beam: Beam) -> ImageScore:
        self.looked += 1
        heat = (picture.people > 0).repeat(4, axis=0).repeat(4, axis=1).astype(np.float32)
        return (
            ImageScore(0.0, np.ones_like(heat), ()) if self.same else ImageScore(float(heat.max()), heat, ())
        )

    def assess(self, passage: Passage, beam: Beam, declaration: Declaration) -> Evidence:
        return Evidence("xray", EvidenceState.READY, llr=-1.0, reason=Reason("xray_scored", {"percent": 0.0}))


@pytest.fixture(scope="module")
def known() -> dict[bool, list[tuple[int, list[Answer]]]]:
    """Answers of both judges to the same lorries."""
    out: dict[bool, list[tuple[int, list[Answer]]]] = {False: [], True: []}
    for trial in TRIALS:
        seen = list(views(trial))
        for same, kept in out.items():
            kept.append((trial.seed, [answer(view, Known(same)) for view in seen]))
    return out


def _all(kept: list[tuple[int, list[Answer]]]) -> list[Answer]:
    return [a for _, answers in kept for a in answers]


def _answer(
    score: float, side: str = OCCUPIED, seed: int = 0, state: str = "ready", **facts: object
) -> Answer:
    people = side == OCCUPIED
    usual = Answer(
        seed, "6 MV", side, "boxes", "reefer", int(people), ("seated",) * people, ("over",) * people,
        ("adult",) * people, 0.3 * people, 1.0, 0.1, score, people, state, "", 1.0, score,
    )  # fmt: skip
    return replace(usual, **facts)  # type: ignore[arg-type]


# ---- intervals and areas


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (0, 50), (1, 100), (37, 90), (90, 90), (999, 1000)])
def test_wilson_is_that_of_scipy(hits: int, n: int) -> None:
    theirs = stats.binomtest(hits, n).proportion_ci(0.95, "wilson")
    np.testing.assert_allclose(wilson(hits, n), (theirs.low, theirs.high), atol=1e-12)


def test_nothing_tried_tells_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_auc_is_that_of_mann_and_whitney_with_ties() -> None:
    rng = np.random.default_rng(5)
    one, none = rng.integers(0, 9, 60).astype(float), rng.integers(-2, 7, 80).astype(float)
    theirs = stats.mannwhitneyu(one, none).statistic / (one.size * none.size)
    assert auc(one, none) == pytest.approx(theirs, abs=1e-12)
    x, y = roc(one, none)
    assert np.trapezoid(y, x) == pytest.approx(theirs, abs=1e-12)


def test_the_bootstrap_is_as_wide_as_hanley_and_mcneil_say() -> None:
    rng = np.random.default_rng(6)
    one, none = rng.normal(1.0, 1.0, 300), rng.normal(0.0, 1.0, 400)
    found = auc_figure(one, none)
    a = found["value"]
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + 299 * (q1 - a * a) + 399 * (q2 - a * a)) / (300 * 400)
    assert (found["high"] - found["low"]) / (2 * 1.96) == pytest.approx(math.sqrt(variance), rel=0.15)


def test_classes_weigh_alike() -> None:
    perfect = np.array([1.0]), np.zeros(1)
    even = np.zeros(500), np.zeros(900)
    assert alike_auc([perfect, even])["value"] == pytest.approx(0.75)


@pytest.mark.usefixtures("few_draws")
def test_unavailable_is_a_miss_and_a_search() -> None:
    refused = _answer(9.0, state="unavailable"), _answer(9.0, EMPTY, state="unavailable")
    unscored = _answer(math.nan), _answer(math.nan, EMPTY)
    both = [*refused, *unscored]
    assert not alarms(both, HALF).any()
    assert searches(both, HALF).all()
    told = results([*both, _answer(0.9), _answer(0.1, EMPTY)], HALF, ["6 MV"])["6 MV"]["detection"][ALL]
    assert told["detected"]["value"] == pytest.approx(1 / 3)
    assert told["searches"]["value"] == pytest.approx(2 / 3)
    assert told["false_alarms"]["value"] == 0.0


def test_only_ready_evidence_against_people_counts_as_absence() -> None:
    hidden = [
        _answer(0.0, seed=n, visible_m2=0.0, state=state, llr=llr, reason=reason)
        for n, (state, llr, reason) in enumerate(
            [
                ("ready", -1.0, "xray_scored"),
                ("ready", 0.0, "xray_scored"),
                ("ready", 2.0, "xray_scored"),
                ("unavailable", 0.0, "xray_not_penetrated"),
            ]
        )
    ]
    found = unseen([*hidden, _answer(0.0, seed=9, visible_m2=0.4)], "6 MV")["nothing"]
    assert (found["of"], found["scenes"], found["presence"]) == (5, 4, 1)
    assert found["absence"]["value"] == 0.5
    assert found["not_told"] == {"xray_not_penetrated": 1}


# ---- scenes


def test_held_out_ranges_are_complete_and_other_ones() -> None:
    ours, training = held_out().entries, read_ranges().entries
    assert set(ours) == set(training)
    same = {name for name in ours if ours[name] == training[name]}
    assert same == {"hiding.group"}
    for name, value in training.items():
        assert type(ours[name]) is type(value), name
        if isinstance(value, list):
            assert ours[name][2:] == value[2:], name
            assert ours[name][0] < ours[name][1], name
        if isinstance(value, dict):
            assert set(value) <= set(ours[name]), name
    draw = Draw(held_out(), np.random.default_rng(1))
    for name, value in ours.items():
        if isinstance(value, list):
            assert value[0] <= draw(name) <= value[1]


def test_the_remark_behind_a_range_is_what_training_draws() -> None:
    training, room, told = read_ranges().entries, "", 0
    for line in RANGES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            room = line[1:-1]
        elif " = [" in line and "# [" in line:
            name, remark = line.split(" = ")[0], line.split("# [")[1].split("]")[0]
            assert [float(x) for x in remark.split(",")] == training[f"{room}.{name}"][:2], name
            told += 1
    assert told > 70


def test_each_lorry_is_seen_by_both_beams_and_a_twin_has_its_lorry(known) -> None:
    for trial, (seed, answers) in zip(TRIALS, known[False], strict=True):
        assert seed == trial.seed
        sides = [OCCUPIED, TWIN] if trial.occupied else [EMPTY]
        assert [(a.beam, a.side) for a in answers] == [(b, s) for b in beams() for s in sides]
        assert len({(a.load, a.body) for a in answers}) == 1
        for a in answers:
            assert len(a.poses) == len(a.places) == len(a.ages) == a.persons
            assert (a.persons > 0) == (a.side == OCCUPIED)
            assert math.isnan(a.attenuation) == (a.side != OCCUPIED)
            assert 0 <= a.blind <= 1
    faint, deep = (known[False][0][1][i].attenuation for i in (0, 2))
    assert deep > faint, "450 kV is attenuated more than 6 MV"


# ---- judges whose scores are known


@pytest.mark.usefixtures("few_draws")
def test_a_judge_that_sees_the_truth_is_perfect(known) -> None:
    found = results(_all(known[False]), HALF, beams())
    for figures in found.values():
        own = figures["detection"][ALL]
        assert own["auc"]["value"] == own["detected"]["value"] == own["on_person"]["value"] == 1.0
        assert own["false_alarms"]["value"] == own["searches"]["value"] == 0.0
        assert figures["twins"][ALL]["own_twin"]["value"] == figures["twins"][ALL]["auc"]["value"] == 1.0
        assert figures["twins"][ALL]["twin_alarms"]["value"] == 0.0


@pytest.mark.usefixtures("few_draws")
def test_a_judge_that_says_the_same_of_all_is_worth_a_coin(known) -> None:
    found = results(_all(known[True]), HALF, beams())
    for figures in found.values():
        assert figures["detection"][ALL]["auc"]["value"] == 0.5
        assert figures["detection"][ALL]["detected"]["value"] == 0.0
        assert figures["twins"][ALL]["own_twin"]["value"] == figures["twins"][ALL]["auc"]["value"] == 0.5
    assert not any(a.on_person for a in _all(known[True])), "a flat map lies on nobody"


def test_a_map_highest_beside_people_is_not_on_them(known) -> None:
    heat = np.zeros((224, 768), np.float32)
    people = np.zeros((56, 192), np.uint8)
    people[10, 20] = 40
    picture = Picture(heat.astype(np.float16), heat > 0, people, people, people)
    for column, on_it in ((80, True), (83, True), (84, False)):
        here = heat.copy()
        here[41, column] = 0.7
        assert highest_on_person(ImageScore(0.0, here, ()), picture) is on_it


def test_a_passage_that_the_chain_refuses_is_kept_without_a_score() -> None:
    view = next(views(Trial(0, False)))
    dark = view.passage.counted.dark[:0]
    uncalibrated = replace(
        view, passage=replace(view.passage, counted=replace(view.passage.counted, dark=dark))
    )
    told, usual = answer(uncalibrated, Known()), answer(view, Known())
    assert math.isnan(told.score)
    assert told.unavailable
    assert not usual.unavailable


# ---- taken up again


@pytest.mark.usefixtures("few_draws")
def test_a_run_that_was_killed_goes_on_and_tells_the_same(known, tmp_path: Path) -> None:
    whole = Answers(tmp_path / "whole", HALF.version)
    for seed, answers in known[False]:
        whole.add(seed, answers)
    cut = Answers(tmp_path / "cut", HALF.version)
    for seed, answers in known[False]:
        cut.add(seed, answers)
    text = cut.path.read_text(encoding="utf-8")
    cut.path.write_text(text[:-40], encoding="utf-8")
    judge = Known()
    xray_people.judge_all(tmp_path / "whole", HALF, TRIALS, lambda: judge, 1)
    assert judge.looked == 0
    xray_people.judge_all(tmp_path / "cut", HALF, TRIALS, lambda: judge, 1)
    assert judge.looked == len(known[False][-1][1]), "only the trial that was cut off is asked again"
    for name in ("tables.md", "results.json"):
        assert (tmp_path / "cut" / name).read_text("utf-8") == (tmp_path / "whole" / name).read_text("utf-8")
    assert len(Answers(tmp_path / "cut", HALF.version)) == len(TRIALS)


def test_another_version_takes_up_nothing(known, tmp_path: Path) -> None:
    Answers(tmp_path, "a").add(*known[False][0])
    assert len(Answers(tmp_path, "b")) == 0


def test_counting_otherwise_keeps_answers_and_anything_else_does_not() -> None:
    hashes = {"model": "a", "figures": "b", "chain": "c"}
    frozen = replace(HALF, hashes=hashes)
    assert replace(HALF, hashes=hashes | {"figures": "other"}).version == frozen.version
    assert replace(HALF, hashes=hashes | {"chain": "other"}).version != frozen.version


def test_how_far_the_product_is_from_the_judgement_is_told() -> None:
    apart = [_answer(1.0, told_score=s) for s in (1.0, 1.25, 1.5, math.nan)]
    told = xray_people_scoring.told_apart(apart, "6 MV")
    assert told == {"median": 0.25, "most": 0.5, "n": 3, "of": 4}


def test_all_trials_are_asked_and_mixed() -> None:
    trials = xray_people.trials_of(50, 100)
    assert len({t.seed for t in trials}) == 150
    assert sum(t.occupied for t in trials[:30]) == pytest.approx(10, abs=2)


@pytest.mark.usefixtures("few_draws")
def test_tables_name_every_load_and_what_is_wanted(known) -> None:
    text = tables(results(_all(known[False]), HALF, beams()), HALF)
    for load in Load:
        assert f"| {load.value} |" in text
    assert text.count("| wanted |") == 2, "at 6 MV alone: of all scenes and of those with somebody visible"
    assert "nan" not in text


def test_the_score_alone_is_counted_beside_refusals() -> None:
    seen = _answer(0.9), _answer(0.9, state="unavailable", reason="xray_lorry_cut"), _answer(math.nan)
    empty = _answer(0.1, EMPTY), _answer(0.7, EMPTY, state="unavailable", reason="xray_saturated")
    both = [*seen, *empty]
    assert xray_people_refused.above(both, HALF).tolist() == [True, True, False, False, True]
    (row,) = [r for r in xray_people_refused.by_load(both, HALF, "6 MV") if r.startswith(f"| {ALL} ")]
    assert [c.split()[0] for c in row.strip("| ").split(" | ")] == [ALL, "3", "0.667", "0.333", "2", "0.500"]
    reasons = xray_people_refused.by_reason(both, HALF, "6 MV")
    assert "| xray_lorry_cut | 1 | 1 | 0 | 0 |" in reasons
    assert "| xray_saturated | 0 | 0 | 1 | 1 |" in reasons
    reasons = xray_people_refused.by_reason([_answer(0.9, reason="xray_seen_saturated")], HALF, "6 MV")
    assert "| xray_seen_saturated | 1 | 1 | 0 | 0 |" in reasons


def test_refusals_are_not_counted_of_a_run_that_is_not_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert xray_people_refused.main(["--out", str(tmp_path), "--occupied", "1", "--empty", "1"]) == 2
    assert "2 of 2 trials have no answer" in capsys.readouterr().err
