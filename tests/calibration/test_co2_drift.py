"""Drift over months: reference fits, coverage, steps told apart from slopes, due dates in closed form."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from calibration.co2_drift import YEAR_DAYS, Drift, drift_of, find_drift, next_due
from calibration.co2_history import Calibrated

DAY = dt.date(2026, 1, 1)
DAYS = np.arange(0.0, 300.0, 30.0)


def entry(days: float, error_ppm: float, uncertainty_ppm: float = 40.0, valid_days: int = 180) -> Calibrated:
    day = DAY + dt.timedelta(days=days)
    expires = day + dt.timedelta(days=valid_days)
    return Calibrated(day, "co2-inside", "7", error_ppm, 5.0, 0.0, 1.0, uncertainty_ppm, "N", expires)


def simulated(seed: int, step_ppm: float = 0.0, lone_ppm: float = 0.0) -> tuple[Drift, float, int]:
    rng = np.random.default_rng(seed)
    days = np.cumsum(rng.uniform(14.0, 45.0, 12))
    slope = rng.uniform(-50.0, 50.0)
    error = slope * days / YEAR_DAYS + rng.normal(0.0, 10.0, 12)
    at = int(rng.integers(3, 9))
    error[at:] += step_ppm
    error[at] += lone_ppm
    return find_drift(days, error, np.full(12, 10.0)), slope, at


def test_the_slope_is_weighted_least_squares() -> None:
    sigma = np.linspace(2.0, 6.0, 10)
    error = 0.05 * DAYS + np.random.default_rng(20261109).normal(0.0, sigma)
    drift = find_drift(DAYS, error, sigma)
    wanted, covariance = np.polyfit(DAYS / YEAR_DAYS, error, 1, w=1 / sigma, cov="unscaled")
    assert drift.ppm_per_year == pytest.approx(wanted[0])
    assert drift.high - drift.ppm_per_year >= 1.96 * math.sqrt(covariance[0, 0]) * 0.999


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    inside = 0
    for seed in range(300):
        drift, slope, _ = simulated(20261110 + seed)
        inside += drift.low <= slope <= drift.high
    assert inside / 300 == pytest.approx(0.96, abs=0.035)


def test_slow_drift_is_hardly_ever_called_a_rebase() -> None:
    assert sum(bool(simulated(20262110 + seed)[0].rebases) for seed in range(300)) <= 4


def test_a_rebase_is_found_where_it_was() -> None:
    found = 0
    for seed in range(100):
        drift, _, at = simulated(20263110 + seed, step_ppm=-100.0)
        found += [rebase.index for rebase in drift.rebases] == [at]
    assert found >= 95


def test_one_bad_calibration_is_no_rebase() -> None:
    found = 0
    for seed in range(100):
        drift, _, at = simulated(20264110 + seed, lone_ppm=90.0)
        found += drift.outliers == (at,) and not drift.rebases
    assert found >= 95


def test_a_step_at_the_end_waits_for_the_next_calibration() -> None:
    error = np.where(DAYS > 265.0, -80.0, 0.0)
    (rebase,) = find_drift(DAYS, error, np.full(10, 5.0)).rebases
    assert (rebase.index, rebase.confirmed) == (9, False)


def test_two_calibrations_tell_no_drift() -> None:
    assert math.isnan(find_drift([0.0, 30.0], [0.0, 5.0], [5.0, 5.0]).ppm_per_year)


def test_three_on_one_day_tell_no_drift() -> None:
    assert math.isnan(find_drift([0.0, 0.0, 0.0], [0.0, 5.0, 2.0], [5.0, 5.0, 5.0]).ppm_per_year)


def test_it_leaves_its_uncertainty_where_the_slope_has_used_it_up() -> None:
    history = [entry(30 * k, 0.2 * 30 * k) for k in range(10)]  # 0.2 ppm a day, 40 ppm of uncertainty
    due = next_due(history, drift_of(history))
    assert due.leaves_likely == history[-1].day + dt.timedelta(days=200)


def test_a_fast_drift_is_due_before_its_certificate_expires() -> None:
    history = [entry(30 * k, 1.0 * 30 * k) for k in range(10)]
    due = next_due(history, drift_of(history))
    assert due.because == "drift"
    assert history[-1].day < due.due < history[-1].day + dt.timedelta(days=40)


def test_a_steady_probe_is_due_when_its_certificate_expires() -> None:
    history = [entry(90 * k, 0.0) for k in range(10)]
    due = next_due(history, drift_of(history))
    assert (due.due, due.because) == (history[-1].expires, "expiry")


def test_a_step_at_the_end_is_due_at_once() -> None:
    history = [entry(30 * k, -80.0 if k == 9 else 0.0) for k in range(10)]
    due = next_due(history, drift_of(history))
    assert (due.due, due.because) == (history[-1].day, "rebase")
