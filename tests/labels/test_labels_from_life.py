"""Figures from searches of real lorries: closed forms, and simulated streams whose truth is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from scanner.labels_from_life import (
    figures_from_searches,
    hajek,
    horvitz_thompson,
    missed_at_most,
    rogan_gladen,
)
from scanner.validation.figures import Rate


@dataclass(frozen=True)
class Stream:
    """Lorries that passed: what was true of all, and what searches of some of them said."""

    occupied: np.ndarray
    alarmed: np.ndarray
    searched: np.ndarray
    found: np.ndarray
    chance: np.ndarray

    def told(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what an export of searched scans holds."""
        at = self.searched
        return self.found[at], self.alarmed[at], self.chance[at]


def stream(
    seed: int,
    lorries: int = 40_000,
    base_rate: float = 0.02,
    detection: float = 0.8,
    false_alarms: float = 0.02,
    chance: float = 0.05,
    finds: float = 1.0,
) -> Stream:
    rng = np.random.default_rng(seed)
    occupied = rng.random(lorries) < base_rate
    alarmed = rng.random(lorries) < np.where(occupied, detection, false_alarms)
    chances = np.where(alarmed, 1.0, chance)
    searched = rng.random(lorries) < chances
    found = occupied & searched & (rng.random(lorries) < finds)
    return Stream(occupied, alarmed, searched, found, chances)


# Closed forms


def test_a_total_is_the_sum_of_values_over_chances():
    # two alarmed lorries, three silent ones searched at 1 in 20: 2 + 60 lorries, 1 + 20 of them occupied
    chances = np.array([1.0, 1.0, 0.05, 0.05, 0.05])
    occupied = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    assert horvitz_thompson(np.ones(5), chances) == pytest.approx(62.0)
    assert horvitz_thompson(occupied, chances) == pytest.approx(21.0)
    assert hajek(occupied, chances) == pytest.approx(21.0 / 62.0)


def test_the_figures_are_the_weighted_shares():
    # 9 of 10 alarms found somebody; of 100 silent lorries searched at 1 in 10, two hid somebody
    occupied = np.array([True] * 9 + [False] + [True] * 2 + [False] * 98)
    alarmed = np.array([True] * 10 + [False] * 100)
    chances = np.where(alarmed, 1.0, 0.1)
    found = figures_from_searches(occupied, alarmed, chances)
    assert found.detection.value == pytest.approx(9 / 29)
    assert found.false_alarms.value == pytest.approx(1 / 981)
    assert found.occupied_share.value == pytest.approx(29 / 1010)
    for one in (found.detection, found.false_alarms, found.occupied_share):
        assert one.low < one.value < one.high


def test_searches_that_miss_people_raise_the_occupied_share_alone_by_their_share():
    occupied = np.array([True] * 9 + [False] * 3 + [True] * 2 + [False] * 98)
    alarmed = np.array([True] * 12 + [False] * 100)
    chances = np.where(alarmed, 1.0, 0.1)
    found = figures_from_searches(occupied, alarmed, chances, planted=Rate(18, 20))
    assert found.detection.value == pytest.approx(9 / 29)  # both sums over .9
    assert found.occupied_share.value == pytest.approx(29 / 0.9 / 1012)
    assert found.false_alarms.value == pytest.approx((12 - 10) / (1012 - 29 / 0.9))


@pytest.mark.parametrize("true", [0.0, 0.003, 0.4, 1.0])
@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.9, 1.0), (0.7, 0.98), (1.0, 1.0)])
def test_rogan_and_gladen_undo_an_imperfect_search(true: float, sensitivity: float, specificity: float):
    seen = true * sensitivity + (1 - true) * (1 - specificity)
    assert rogan_gladen(seen, sensitivity, specificity) == pytest.approx(true, abs=1e-12)


def test_a_search_that_tells_nothing_is_refused():
    with pytest.raises(ValueError, match="tells nothing"):
        rogan_gladen(0.1, 0.4, 0.6)
    with pytest.raises(ValueError, match="not one planted"):
        figures_from_searches(np.array([True]), np.array([True]), np.array([1.0]), planted=Rate(0, 5))


@pytest.mark.parametrize("found", [0, 1, 7])
@pytest.mark.parametrize("chance", [0.01, 0.3, 1.0])
def test_the_most_that_can_be_missed_is_the_exact_binomial_end(found: int, chance: float):
    most = missed_at_most(found, chance)
    assert stats.binom.cdf(found, most, chance) > 0.05 >= stats.binom.cdf(found, most + 1, chance)


# Streams with known truth


def test_alarmed_labels_alone_are_biased_and_weighted_ones_are_not():
    lorries = stream(seed=5, lorries=400_000)
    occupied, alarmed, chances = lorries.told()
    only_alarms = figures_from_searches(occupied[alarmed], alarmed[alarmed], chances[alarmed])
    # among opened lorries every occupied one had alarmed, and nobody knows of another
    assert (alarmed[alarmed] & occupied[alarmed]).sum() == occupied[alarmed].sum()
    assert math.isnan(only_alarms.detection.value)
    assert only_alarms.false_alarms.value == 1.0
    unweighted = figures_from_searches(occupied, alarmed, np.ones(occupied.size))
    assert unweighted.detection.low > 0.9
    assert unweighted.false_alarms.low > 0.2
    weighted = figures_from_searches(occupied, alarmed, chances)
    assert weighted.detection.low < 0.8 < weighted.detection.high
    assert weighted.false_alarms.low < 0.02 < weighted.false_alarms.high
    assert weighted.occupied_share.low < 0.02 < weighted.occupied_share.high
    assert weighted.detection.high - weighted.detection.low < 0.1


def test_totals_are_right_on_average():
    # Horvitz and Thompson's variance of Poisson sampling: sum of (1 / p - 1) over the silent occupied
    errors, variance = [], 0.0
    for seed in range(200):
        one = stream(seed, lorries=5000)
        occupied, _, chances = one.told()
        errors.append(horvitz_thompson(occupied.astype(float), chances) - one.occupied.sum())
        variance += (one.occupied & ~one.alarmed).sum() * (1 / 0.05 - 1)
    assert abs(np.sum(errors)) < 3.3 * math.sqrt(variance)
    assert np.var(errors) == pytest.approx(variance / 200, rel=0.35)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = np.zeros(3)
    for seed in range(150):
        found = figures_from_searches(*stream(seed, lorries=30_000).told(), repeats=400)
        parts = (found.detection, found.false_alarms, found.occupied_share)
        held += [part.low <= true <= part.high for part, true in zip(parts, (0.8, 0.02, 0.02), strict=True)]
    # percentile intervals of some thirty rare finds: not below .9 by more than chance in 150
    assert (held >= stats.binom.ppf(0.005, 150, 0.9)).all()


def test_planted_volunteers_correct_what_searches_miss():
    lorries = stream(seed=11, lorries=400_000, finds=0.8)
    told = lorries.told()
    blind = figures_from_searches(*told)
    assert blind.occupied_share.high < 0.02
    corrected = figures_from_searches(*told, planted=Rate(160, 200))
    assert corrected.occupied_share.low < 0.02 < corrected.occupied_share.high
    assert corrected.false_alarms.low < 0.02 < corrected.false_alarms.high


def test_how_well_searches_find_is_itself_not_known_exactly():
    told = stream(seed=12, lorries=400_000, finds=0.8).told()
    few, many = (
        figures_from_searches(*told, planted=Rate(hits, of)).occupied_share
        for hits, of in ((16, 20), (16_000, 20_000))
    )
    assert few.value == many.value
    # relative standard deviations of .8 from 20 and from 20 000 volunteers, by the binomial
    own, spread = math.sqrt(0.8 * 0.2 / 20) / 0.8, (many.high - many.low) / many.value
    assert (few.high - few.low) / few.value > 0.8 * math.hypot(spread, 2 * 1.96 * own)
    assert spread < 2 * 1.96 * own


# What cannot be known


def test_a_lot_that_found_nobody_is_not_taken_for_proof():
    # 40 people found by alarm; 1000 of 20 000 silent lorries searched, nobody found
    occupied = np.array([True] * 40 + [False] * 1000)
    alarmed = occupied.copy()
    chances = np.where(alarmed, 1.0, 0.05)
    found = figures_from_searches(occupied, alarmed, chances)
    most = math.floor(math.log(0.025) / math.log(0.95))  # so many hidden lorries give none in the sample
    assert found.detection.value == 1.0
    assert found.detection.low == pytest.approx(40 / (40 + most))
    assert found.occupied_share.high == pytest.approx((40 + most) / 20_040)
    assert found.false_alarms.low == 0.0
    assert found.false_alarms.high == pytest.approx(1 - 0.025 ** (1 / 20_000), rel=1e-6)


def test_searches_of_unknown_chance_are_left_out_and_counted():
    occupied = np.array([True, False, True, False])
    alarmed = np.array([True, True, False, False])
    chances = np.array([1.0, 1.0, math.nan, 0.1])
    found = figures_from_searches(occupied, alarmed, chances)
    same = figures_from_searches(occupied[[0, 1, 3]], alarmed[[0, 1, 3]], chances[[0, 1, 3]])
    assert found.left_out == 1
    assert (found.used, found.detection, found.false_alarms) == (3, same.detection, same.false_alarms)


def test_nothing_searched_tells_nothing():
    nothing = np.array([], dtype=bool)
    found = figures_from_searches(nothing, nothing, np.array([]))
    assert found.used == 0
    assert math.isnan(found.detection.value)
