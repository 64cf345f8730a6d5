"""How many lorries a claim needs: against closed forms, SciPy's exact intervals, and simulated searches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from scanner.label_numbers import occupied_needed, searches_needed, trials_for_half_width


@pytest.mark.parametrize(
    ("detection", "lorries"), [(0.9, 29), (0.95, 59), (0.98, 149), (0.99, 299), (0.999, 2995)]
)
def test_without_a_miss_it_is_a_logarithm(detection: float, lorries: int):
    assert occupied_needed(detection) == lorries == math.ceil(math.log(0.05) / math.log(detection))


@pytest.mark.parametrize("misses", [0, 1, 2, 9])
@pytest.mark.parametrize("detection", [0.9, 0.99])
def test_with_misses_it_is_where_the_exact_interval_ends(detection: float, misses: int):
    needed = occupied_needed(detection, misses)

    def lower(lorries: int) -> float:
        test = stats.binomtest(lorries - misses, lorries)
        return float(test.proportion_ci(0.90, method="exact").low)  # its lower end is a one-sided 95 %

    assert lower(needed) >= detection > lower(needed - 1)


def test_a_share_of_empty_lorries_is_told_to_within_so_much():
    half, farther = trials_for_half_width(0.01, 0.003)
    # normal approximation: 1.96^2 .01 .99 / .003^2 = 4226; exact intervals are wider
    assert 4226 < half < 5000 < farther < 5500
    ends = stats.binomtest(55, 5500).proportion_ci(0.95, method="exact")
    assert max(ends.high - 0.01, 0.01 - ends.low) <= 0.003
    before = stats.binomtest(54, 5400).proportion_ci(0.95, method="exact")
    assert before.high - 0.01 > 0.003
    narrow = stats.binomtest(46, 4600).proportion_ci(0.95, method="exact")
    assert (narrow.high - narrow.low) / 2 <= 0.003
    wide = stats.binomtest(45, 4500).proportion_ci(0.95, method="exact")
    assert (wide.high - wide.low) / 2 > 0.003


def test_searches_by_lot_show_the_claim_as_often_as_they_are_meant_to():
    base_rate, detection, false_alarms, claim = 0.01, 0.95, 0.01, 0.8
    needed = searches_needed(base_rate, detection, false_alarms, claim, share=0.05)
    silent = 1 - base_rate * detection - (1 - base_rate) * false_alarms
    assert needed.lorries == math.ceil(needed.searches / 0.05 / silent)
    rng = np.random.default_rng(3)
    alarms = base_rate * detection / silent  # occupied lorries that alarmed, for each silent one

    def shown(true_detection: float) -> float:
        hidden = base_rate * (1 - true_detection) / silent
        found = rng.binomial(needed.searches, hidden, size=4000)
        bounds = {
            k: float(stats.binomtest(k, needed.searches).proportion_ci(0.90, method="exact").high)
            for k in set(found.tolist())
        }
        return float(np.mean([alarms / (alarms + bounds[k]) >= claim for k in found.tolist()]))

    assert shown(detection) >= 0.78  # meant: .8, seen in 4000 trials
    # a detection at the claim's edge is called better at most once in twenty times
    edge = base_rate * detection * (1 - claim) / claim
    assert shown(1 - edge / base_rate) <= 0.06


def test_rarer_people_need_more_searches_in_proportion():
    few, many = (searches_needed(rate, 0.95, 0.01, 0.9, 0.05) for rate in (0.01, 0.0001))
    assert many.found == few.found
    assert many.searches == pytest.approx(100 * few.searches, rel=0.02)


def test_a_claim_that_is_not_true_is_refused():
    with pytest.raises(ValueError, match="between the claim"):
        searches_needed(0.01, 0.9, 0.01, 0.95, 0.05)
