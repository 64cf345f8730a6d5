"""Dips of a lagging probe against the closed forms of a first-order step and ramp."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from scanner.signals.co2 import (
    combine_dips,
    determinable_after_s,
    excess_score,
    fit_plateau,
    fit_slope,
    measure_dip,
)


def lagged_step(t_s: np.ndarray, before: float, after: float, t90_s: float) -> np.ndarray:
    return np.where(
        t_s < 0, before, after + (before - after) * np.exp(-np.maximum(t_s, 0) * math.log(10) / t90_s)
    )


def test_a_reading_is_95_percent_there_when_it_is_called_determinable() -> None:
    for t90_s in (20.0, 60.0, 120.0):
        there = lagged_step(np.array([determinable_after_s(t90_s)]), 0.0, 1.0, t90_s)[0]
        assert there == pytest.approx(0.95, abs=0.001)


@pytest.mark.parametrize("t90_s", [20.0, 60.0, 120.0])
def test_the_plateau_of_a_step_is_found_before_the_probe_is_there(t90_s: float) -> None:
    t_s = np.arange(0.0, determinable_after_s(t90_s), 2.0)
    plateau = fit_plateau(t_s, lagged_step(t_s, 430.0, 920.0, t90_s), t90_s)
    assert plateau is not None
    assert plateau.level_ppm == pytest.approx(920.0, abs=0.01)
    assert plateau.step_ppm == pytest.approx(490.0, abs=0.01)


def test_the_errors_of_dips_are_what_they_claim_to_be() -> None:
    rng = np.random.default_rng(7)
    t_s = np.arange(-30.0, 90.0)
    standardised = []
    for _ in range(300):
        offsets = rng.normal(0, 15, 2)
        inside = lagged_step(t_s, 430.0, 530.0, 60.0) + offsets[0] + rng.normal(0, 3, t_s.size)
        uneven = np.where(t_s < 0, *rng.normal(0, 5, 2))  # the air is not the same at both probes
        air = 430.0 + offsets[1] + rng.normal(0, 4, t_s.size) + uneven
        dip = measure_dip(t_s, inside, t_s, air, 60.0, math.hypot(15, 15))
        assert dip is not None
        standardised.append((dip.excess_ppm - 100.0) / dip.sigma_ppm)
    assert abs(np.mean(standardised)) < 0.15
    assert 0.7 < np.std(standardised) < 1.15


def test_free_air_before_insertion_takes_out_the_pairs_offset() -> None:
    t_s = np.arange(-60.0, 90.0)
    inside = lagged_step(t_s, 430.0, 430.0, 60.0) + 28.0
    dip = measure_dip(t_s, inside, t_s, np.full(t_s.size, 430.0), 60.0, 21.0)
    without = measure_dip(t_s[t_s >= 0], inside[t_s >= 0], t_s, np.full(t_s.size, 430.0), 60.0, 21.0)
    assert dip is not None
    assert without is not None
    assert abs(dip.excess_ppm) < 4
    assert without.excess_ppm == pytest.approx(28.0, abs=1)
    assert dip.sigma_ppm < 0.5 * without.sigma_ppm


def test_a_probe_still_clearing_from_the_lorry_before_does_not_disagree() -> None:
    t_s = np.arange(-60.0, 90.0)
    clearing = 430.0 + 1500.0 * np.exp(-(t_s + 60.0) * math.log(10) / 60.0)
    at_insertion = clearing[t_s == 0][0]
    inside = np.where(t_s < 0, clearing, lagged_step(t_s, at_insertion, 700.0, 60.0))
    dip = measure_dip(t_s, inside, t_s, np.full(t_s.size, 430.0), 60.0, 21.0)
    assert dip is not None
    assert not dip.probes_disagree
    assert dip.excess_ppm == pytest.approx(270.0, abs=2)


def test_probes_far_apart_in_the_same_air_disagree() -> None:
    t_s = np.arange(-60.0, 90.0)
    dip = measure_dip(t_s, np.full(150, 600.0), t_s, np.full(150, 430.0), 60.0, 21.0)
    assert dip is not None
    assert dip.probes_disagree


def test_a_ramp_behind_the_lag_has_its_slope_and_a_plain_step_has_none() -> None:
    rng = np.random.default_rng(3)
    t_s, tau_s = np.arange(0.0, 300.0), 60 / math.log(10)
    settled = 500 + 300 * (1 - np.exp(-t_s / tau_s)) + rng.normal(0, 2, 300)
    ramp = settled + 40 / 60 * (t_s - tau_s * (1 - np.exp(-t_s / tau_s)))
    still, rising = fit_slope(t_s, settled, 60.0), fit_slope(t_s, ramp, 60.0)
    assert still is not None
    assert rising is not None
    assert abs(still.ppm_per_min) < 3 * still.sigma_ppm_per_min
    assert rising.ppm_per_min == pytest.approx(40.0, abs=3 * rising.sigma_ppm_per_min)
    assert fit_slope(t_s[:100], ramp[:100], 60.0) is None  # lag and rise cannot be told apart yet


def test_two_dips_are_better_than_one_but_share_their_offset() -> None:
    t_s = np.arange(0.0, 90.0)
    dip = measure_dip(t_s, lagged_step(t_s, 430, 480, 60.0), t_s, np.full(90, 430.0), 60.0, 20.0)
    assert dip is not None
    _, one = combine_dips([dip])
    _, many = combine_dips([dip] * 50)
    assert 20.0 <= many < one


def test_nan_and_puffs_do_not_break_a_dip() -> None:
    rng = np.random.default_rng(5)
    t_s = np.arange(-20.0, 90.0)
    inside = lagged_step(t_s, 430.0, 650.0, 60.0) + rng.normal(0, 2, t_s.size)
    inside[::7] = np.nan
    outside = 430.0 + rng.normal(0, 2, t_s.size)
    outside[60:75] += 400.0  # a lorry pulls up beside the reference
    dip = measure_dip(t_s, inside, t_s, outside, 60.0, 20.0)
    assert dip is not None
    assert dip.excess_ppm == pytest.approx(220.0, abs=15)
    assert measure_dip(t_s, np.full(t_s.size, np.nan), t_s, outside, 60.0, 20.0) is None
    assert measure_dip([], [], [], [], 60.0, 20.0) is None


def test_the_score_is_monotonic_and_keeps_the_sign() -> None:
    scores = [excess_score(e, 20.0) for e in (-500.0, -20.0, 0.0, 20.0, 500.0, 30_000.0)]
    assert stats.spearmanr(scores, range(6)).statistic == pytest.approx(1.0)
    assert scores[2] == 0.0
    assert scores[1] == -scores[3]
