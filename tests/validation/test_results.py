"""Figures of judged scans: by hand, by SciPy's intervals, and by closed forms of two normals."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from scanner.comparison.figures import roc
from scanner.validation.combinations import compare_methods, fusing
from scanner.validation.outcome import Outcome, from_json, lean, to_json
from scanner.validation.results import results_of, what_if, worst
from scanner.validation.tables import groups, rates, thinned, times, weighted_rates
from tests.validation.rows import POLICY, outcome, two_normals

FUSE = fusing({"co2": 1.0, "heartbeat": 1.0, "xray": 1.0}, POLICY)


@pytest.fixture(scope="module")
def eight() -> list[Outcome]:
    return [
        outcome("a", 2, "search", 5.0, decided_s=20.0),
        outcome("b", 1, "rescue", 6.0, decided_s=30.0),
        outcome("c", 1, "no-indication", -3.0, decided_s=60.0, links=("my recordings/c.mcap",)),
        outcome("d", 3, "inconclusive", 1.0, decided_s=50.0, final=False, vehicle="tanker", cargo="inert"),
        outcome("e", 0, "no-indication", -4.0, decided_s=60.0),
        outcome("f", 0, "no-indication", -3.0, decided_s=62.0),
        outcome("g", 0, "inconclusive", 0.0, ratios={}, decided_s=120.0, vehicle="tanker"),
        outcome("h", 0, "search", 4.5, decided_s=70.0),
    ]


def test_rates_are_counts_with_exact_intervals(eight: list[Outcome]) -> None:
    told = rates(eight)
    counts = {name: (one["hits"], one["of"]) for name, one in told.items()}
    assert counts == {
        "detection": (2, 4),
        "detection_decided": (2, 3),
        "false_alarms": (1, 4),
        "workload": (2, 4),
        "no_indication": (1, 4),
        "inconclusive_occupied": (1, 4),
        "inconclusive_empty": (1, 4),
    }
    for one in told.values():
        exact = stats.binomtest(one["hits"], one["of"]).proportion_ci(0.95, "exact")
        assert (one["low"], one["high"]) == pytest.approx((exact.low, exact.high))
    less = stats.binomtest(1, 4, alternative="less").proportion_ci(0.95, "exact")
    assert told["no_indication"]["upper"] == pytest.approx(less.high)


def test_what_methods_said_at_each_tick_is_not_counted() -> None:
    full = [
        replace(one, course=tuple(replace(m, methods={"co2": one.llr}) for m in one.course))
        for one in two_normals(40, {"co2": 2.0, "xray": 1.0})
    ]
    spare = [lean(one) for one in full]
    assert not any(moment.methods for one in spare for moment in one.course)
    assert results_of(spare, FUSE, POLICY, {}) == results_of(full, FUSE, POLICY, {})
    assert lean(from_json(to_json(spare[0]))) == spare[0]


def test_time_to_decision_counts_inconclusive_at_the_limit(eight: list[Outcome]) -> None:
    told = times(eight, {"reefer": 120.0, "tanker": 120.0})
    assert told["occupied"]["mean_s"] == pytest.approx((20 + 30 + 60 + 120) / 4)
    assert told["occupied"]["p90_s"] == pytest.approx(np.percentile([20, 30, 60, 120], 90))
    assert told["empty"]["median_s"] == pytest.approx((62 + 70) / 2)


def test_groups_add_up(eight: list[Outcome]) -> None:
    tables = groups(eight)
    assert {name: list(values) for name, values in tables.items()} == {
        "vehicle": ["reefer", "tanker"],
        "cargo": ["boxed", "inert"],
        "persons": ["0", "1", "2", "3"],
    }
    for values in tables.values():
        assert sum(one["detection"]["of"] for one in values.values()) == 4
        assert sum(one["false_alarms"]["hits"] for one in values.values()) == 1
    assert tables["persons"]["1"]["detection"]["hits"] == 1
    assert tables["persons"]["1"]["false_alarms"]["value"] is None


def test_worst_mistakes_come_first_with_their_command(eight: list[Outcome]) -> None:
    told = worst(eight)
    assert [case["scan"] for case in told["misses"]] == ["c", "d"]
    assert [case["scan"] for case in told["false_alarms"]] == ["h"]
    assert told["misses"][0]["replay"] == "lorryscan replay 'my recordings/c.mcap'"


def test_methods_and_their_combinations_find_what_two_normals_say() -> None:
    scans = two_normals(20_000, {"co2": 1.5, "heartbeat": 2.0, "xray": 1.0})
    rows = {tuple(row["methods"]): row for row in compare_methods(scans, FUSE)}
    assert len(rows) == 7
    assert next(iter(rows)) == ("co2", "heartbeat", "xray")
    gaps = {"co2": 1.5, "heartbeat": 2.0, "xray": 1.0}
    for methods, row in rows.items():
        d = math.sqrt(sum(gaps[name] ** 2 for name in methods))
        assert row["detection"]["value"] == pytest.approx(stats.norm.cdf(d - stats.norm.ppf(0.99)), abs=0.035)
        assert row["auc"] == pytest.approx(stats.norm.cdf(d / math.sqrt(2)), abs=0.01)
        assert row["false_alarms"]["hits"] == 100
    everything, alone = rows["co2", "heartbeat", "xray"], rows["xray",]
    assert everything["p"] == 1.0
    lost, gained = alone["only_all"], alone["only_this"]
    assert lost - gained == everything["detection"]["hits"] - alone["detection"]["hits"]
    assert alone["p"] == pytest.approx(stats.binomtest(gained, gained + lost).pvalue)


def test_a_combination_that_could_not_tell_misses() -> None:
    scans = [outcome(f"o{n}", 1, "search", 5.0, ratios={"co2": 5.0}) for n in range(10)]
    scans += [
        outcome(f"e{n}", 0, "no-indication", -2.0, ratios={"co2": -2.0, "xray": -1.0}) for n in range(10)
    ]
    rows = {tuple(row["methods"]): row for row in compare_methods(scans, FUSE)}
    assert rows["co2",]["detection"]["hits"] == 10
    assert rows["xray",]["detection"]["hits"] == 0
    assert (rows["xray",]["answered_occupied"], rows["xray",]["answered_empty"]) == (0, 10)
    assert rows["heartbeat",]["threshold"] is None
    assert rows["heartbeat",]["false_alarms"]["hits"] == 0
    assert rows["xray",]["only_all"] == 10


def test_weights_undo_what_searching_only_alarms_does() -> None:
    """1 of 20 silent lorries and every alarm are opened: plain rates are far off, weighted ones are not."""
    rng = np.random.default_rng(5)
    opened = []
    for number in range(60_000):
        persons = int(rng.random() < 0.1)
        alarm = rng.random() < (0.8 if persons else 0.03)
        chance = 1.0 if alarm else 0.05
        if rng.random() < chance:
            word = "search" if alarm else "no-indication"
            opened.append(outcome(f"{number}", persons, word, weight=1 / chance))
    plain, weighted = rates(opened), weighted_rates(opened)
    assert weighted is not None
    assert plain["false_alarms"]["low"] > 0.3
    assert plain["detection"]["low"] > 0.97
    for name, truth in (("false_alarms", 0.03), ("detection", 0.8)):
        assert weighted[name]["low"] < truth < weighted[name]["high"]
        assert weighted[name]["value"] == pytest.approx(truth, abs=0.05)
    assert weighted["detection"]["effective"] < weighted["detection"]["of"]


def test_the_bootstrap_interval_is_that_of_theory() -> None:
    """Ratio estimate: variance Σ w²(hit - p)² / (Σ w)² (Särndal, Swensson & Wretman 1992, 5.7)."""
    rng = np.random.default_rng(6)
    weight, hit = rng.choice([1.0, 5.0], 2000), rng.random(2000) < 0.3
    told = weighted_rates(
        [outcome(f"{n}", 1, "search" if h else "no-indication", weight=float(w)) for n, (w, h) in
         enumerate(zip(weight, hit, strict=True))]
    )  # fmt: skip
    assert told is not None
    p = (weight * hit).sum() / weight.sum()
    error = math.sqrt((weight**2 * (hit - p) ** 2).sum()) / weight.sum()
    assert told["detection"]["value"] == pytest.approx(p)
    assert told["detection"]["high"] - told["detection"]["low"] == pytest.approx(2 * 1.96 * error, rel=0.07)
    assert told["false_alarms"] is None


def test_no_alarm_at_all_is_no_proof_of_none() -> None:
    """Weights 1 and 4, 50 each: worth 250²/850 = 73.5 scans; none of 73 leaves 1 - 0.025^(1/73)."""
    scans = [outcome(f"{n}", 0, "no-indication", weight=1.0 if n < 50 else 4.0) for n in range(100)]
    told = weighted_rates(scans)
    assert told is not None
    assert told["false_alarms"]["effective"] == pytest.approx(250**2 / 850)
    assert (told["false_alarms"]["value"], told["false_alarms"]["low"]) == (0.0, 0.0)
    assert told["false_alarms"]["high"] == pytest.approx(1 - 0.025 ** (1 / 73))


def test_planted_scans_stand_for_themselves() -> None:
    scans = [
        outcome(f"{n}", 1, "search" if n else "no-indication", weight=1.0 + 19 * (n == 0)) for n in range(5)
    ]
    planted = [outcome(f"p{n}", 1, "search", conditions={"planted": "yes"}) for n in range(90)]
    own_choice = outcome("o", 1, "search", weight=0.0)
    told = weighted_rates([*scans, *planted, own_choice])
    assert told is not None
    assert told["detection"]["value"] == pytest.approx(4 / 24)
    assert told["detection"]["of"] == 5


def test_other_thresholds_use_the_course() -> None:
    scans = [
        outcome("early", 1, "inconclusive", decided_s=120.0, course=((10.0, 3.5), (30.0, 2.5), (120.0, 0.0))),
        outcome("found", 1, "search", 4.2, decided_s=25.0, course=((24.0, 3.0), (25.0, 4.2))),
        outcome("quiet", 0, "no-indication", -3.0, course=((30.0, 1.2), (60.0, -3.0), (90.0, 5.0))),
    ]  # fmt: skip
    told = {row["search_llr"]: row for row in what_if(scans, POLICY)}
    found = {ratio: row["detection"]["hits"] for ratio, row in told.items()}
    assert found == {0.0: 2, 1.0: 2, 2.0: 2, 3.0: 1, 4.0: 1, 5.0: 0, 6.0: 0, 8.0: 0}
    alarms = {ratio: row["false_alarms"]["hits"] for ratio, row in told.items()}
    assert alarms == {0.0: 1, 1.0: 1, 2.0: 0, 3.0: 0, 4.0: 0, 5.0: 0, 6.0: 0, 8.0: 0}
    assert [row["exact"] for row in told.values()] == [True] * 5 + [False] * 3


def test_results_are_json_and_honest_ratios_look_honest() -> None:
    scans = two_normals(8000, {"co2": 2.0, "heartbeat": 1.0})
    told = json.loads(json.dumps(results_of(scans, FUSE, POLICY), allow_nan=False))
    honest = told["ratios"]
    d = math.sqrt(5.0)
    assert honest["slope"] == pytest.approx(1.0, abs=0.05)
    assert honest["cllr"] - honest["cllr_min"] < 0.01
    for one in honest["exceedances"]:
        z = (math.log(one["ratio"]) + d * d / 2) / d
        assert one["low"] <= stats.norm.sf(z) <= one["high"]
        assert one["value"] <= one["claimed"]
    for one in honest["reliability"]:
        assert one["occupied"]["low"] - 0.02 < one["mean"] < one["occupied"]["high"] + 0.02
    curve = honest["roc"]
    assert len(curve["detection"]) <= 302
    at = np.searchsorted(curve["false_alarms"], 0.1)
    assert curve["detection"][at] == pytest.approx(stats.norm.cdf(d + stats.norm.ppf(0.1)), abs=0.03)
    assert [one["code"] for one in told["cautions"]] == ["validation_few_empty", "validation_same_empty"]
    assert told["counts"] == {"scans": 8000, "occupied": 4000, "empty": 4000, "persons": 8000}


def test_alarms_at_one_in_ten_thousand_find_nobody() -> None:
    """The issue of rare events: at 95 % found and 1 % false alarms 99 of 100 alarms find nobody."""
    scans = [outcome(f"o{n}", 1, "search" if n < 95 else "no-indication", 5.0) for n in range(100)]
    scans += [outcome(f"e{n}", 0, "search" if n < 1 else "no-indication", -5.0) for n in range(100)]
    told = results_of(scans, FUSE, POLICY)["predictive"][-1]
    assert told["base_rate"] == 1e-4
    assert told["alarm_finds"] == pytest.approx(0.0094, abs=1e-4)
    assert told["alarm_finds_low"] < told["alarm_finds"]


@pytest.mark.parametrize("persons", [0, 1])
def test_one_kind_alone_is_counted_and_said(persons: int) -> None:
    scans = [outcome(f"{n}", persons, "search", 5.0, conditions={"lane": "east"}) for n in range(3)]
    told = json.loads(json.dumps(results_of(scans, FUSE, POLICY), allow_nan=False))
    assert told["ratios"] is None
    assert told["methods"] == told["predictive"] == []
    codes = {one["code"] for one in told["cautions"]}
    assert {"validation_one_kind", "validation_selected"} <= codes


def test_scans_that_are_not_like_life_are_said(eight: list[Outcome]) -> None:
    projected = outcome(
        "p", 1, "search", 5.0, conditions={"projected": "yes", "planted": "yes", "lane": "east"}
    )
    told = {one["code"]: one["values"] for one in results_of([*eight, projected], FUSE, POLICY)["cautions"]}
    assert told["validation_projected"] == {"n": 1}
    assert told["validation_not_final"] == {"n": 1}
    assert "validation_selected" not in told
    assert told["validation_few_occupied"]["bound"] == pytest.approx(100 * (1 - 0.05 ** (1 / 5)))
    assert told["validation_no_threshold"] == {"n": 4}


def test_rows_of_other_calibrations_are_noticed(eight: list[Outcome]) -> None:
    told = results_of(eight, fusing({"co2": 0.5}, POLICY), POLICY)["cautions"]
    assert {"code": "validation_other_weights", "values": {"n": 7}} in told
    assert not [c for c in results_of(eight, FUSE, POLICY)["cautions"] if "weights" in c["code"]]


def test_a_thinned_curve_keeps_its_ends_and_lies_on_the_whole_one() -> None:
    rng = np.random.default_rng(1)
    occupied = np.arange(9000) % 2 == 1
    alarms, found = roc(rng.normal(size=9000) + occupied, occupied)
    few, of_few = thinned(alarms, found)
    assert (few[0], of_few[0], few[-1], of_few[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert few.size < 310
    whole = set(zip(alarms.tolist(), found.tolist(), strict=True))
    assert set(zip(few.tolist(), of_few.tolist(), strict=True)) <= whole
