"""Boundaries of the sequential test against Wald's and Ville's bounds, on walks whose ratios are exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from scanner.sequential import (
    Course,
    Dwell,
    TooFew,
    choose_no_indication,
    choose_search,
    ended,
    highest,
    lowest,
    most_allowed,
)

STEPS = 120
DRIFT = 0.02
"""Of the ratio a step. Increments are normal with this mean, twice it as variance: exp is a martingale."""


def walks(occupied: bool, n: int, seed: int, drift: float = DRIFT) -> list[Course]:
    rng = np.random.default_rng(seed)
    mean = drift if occupied else -drift
    llr = np.cumsum(rng.normal(mean, math.sqrt(2 * drift), (n, STEPS)), axis=1)
    elapsed_s = np.arange(1.0, STEPS + 1)
    return [Course(occupied, elapsed_s, one, np.ones(STEPS, bool)) for one in llr]


ALWAYS = Dwell(0.0, 0.0, float(STEPS))


def test_an_honest_ratio_seldom_reaches_k() -> None:
    """Ville: at most 1 in k of empty lorries ever does; a boundary for that rate is ln k or nearer."""
    tops = np.array([highest(c, ALWAYS) for c in walks(False, 20_000, 1)])
    for k in (10, 100):
        reached = int((tops >= math.log(k)).sum())
        assert stats.binomtest(reached, tops.size, 1 / k, alternative="greater").pvalue > 1e-6
    assert 0 < choose_search(walks(False, 20_000, 2), ALWAYS, 0.05) < math.log(1 / 0.05)
    assert 0 > choose_no_indication(walks(True, 20_000, 3), ALWAYS, 0.02) > math.log(0.02)


def test_fresh_lorries_keep_the_promise() -> None:
    search = choose_search(walks(False, 5000, 4), ALWAYS, 0.05)
    none = choose_no_indication(walks(True, 5000, 5), ALWAYS, 0.02)
    ends = [[ended(c, ALWAYS, search, none) for c in walks(kind, 5000, 6 + kind)] for kind in (False, True)]
    for found, wrong, rate in ((ends[0], "search", 0.05), (ends[1], "no-indication", 0.02)):
        crossed = sum(e.said == wrong for e in found)
        assert stats.binomtest(crossed, len(found), rate, alternative="greater").pvalue > 1e-3
    assert np.mean([e.said == "search" for e in ends[1]]) > 0.5


def test_weak_evidence_decides_nothing_however_far_apart_the_lorries_were() -> None:
    clear = [
        Course(kind, np.array([60.0]), np.array([9.0 if kind else -9.0]), np.ones(1, bool))
        for kind in (False, True)
    ]
    empty, occupied = clear[:1] * 400, clear[1:] * 400
    assert (choose_search(empty, ALWAYS, 0.01), choose_no_indication(occupied, ALWAYS, 0.01)) == (1.0, -1.0)


def test_looking_every_second_costs_more_than_looking_once() -> None:
    """What is chosen for one look would alarm several times as often when every second is looked at."""
    courses = walks(False, 20_000, 8)
    once = float(np.quantile([c.llr[-1] for c in courses], 0.99))
    assert np.mean([highest(c, ALWAYS) >= once for c in courses]) > 0.02


def test_what_may_not_end_a_scan_is_left_out() -> None:
    elapsed_s = np.array([10.0, 30.0, 70.0, 130.0])
    course = Course(True, elapsed_s, np.array([9.0, -9.0, -1.0, -20.0]), np.array([True, False, True, True]))
    dwell = Dwell(20.0, 60.0, 120.0)
    assert (highest(course, dwell), lowest(course, dwell)) == (-1.0, -1.0)
    assert ended(course, dwell, 4.0, -0.5).at_s == 70.0
    assert ended(course, dwell, 4.0, -5.0).said == "inconclusive"
    assert ended(course, Dwell(0.0, 60.0, 120.0), 4.0, -0.5).said == "search"


def test_numbers_that_a_promise_needs() -> None:
    """299 occupied without a miss give 99 %; 298 do not (1 - .05 ** (1 / n))."""
    assert most_allowed(299, 0.01) == 0
    with pytest.raises(TooFew, match="299"):
        most_allowed(298, 0.01)
    for n, rate in ((1000, 0.02), (5000, 0.01)):
        k = most_allowed(n, rate)
        bounds = [
            stats.binomtest(j, n, alternative="less").proportion_ci(0.95, "exact").high for j in (k, k + 1)
        ]
        assert bounds[0] <= rate < bounds[1]
