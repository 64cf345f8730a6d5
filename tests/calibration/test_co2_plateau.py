"""Plateaus: noise that follows itself, lags in closed form, and readings that must be refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.co2_plateau import PlateauFault, lag_s, mean_and_sigma, plateau
from tests.calibration.simulated_probe import SimulatedProbe

T = np.arange(120.0)


def test_t90_is_reached_after_t90() -> None:
    assert 1.0 - math.exp(-60.0 / lag_s(60.0)) == pytest.approx(0.9)


def test_white_noise_has_the_textbooks_uncertainty() -> None:
    values = np.random.default_rng(20261103).normal(0.0, 4.0, 4000)
    assert mean_and_sigma(values)[1] == pytest.approx(4.0 / math.sqrt(4000), rel=0.1)


@pytest.mark.parametrize("follows", [0.3, 0.8, 0.9])
def test_the_uncertainty_of_a_mean_is_its_scatter(follows: float) -> None:
    rng = np.random.default_rng(20261104)
    pulls = []
    for _ in range(300):
        _, x = SimulatedProbe(rng, follows=follows, digit_ppm=1e-6).reads(0.0, 120)
        mean, sigma = mean_and_sigma(x)
        pulls.append(mean / sigma)
    assert np.mean(np.abs(pulls) < 2.0) == pytest.approx(0.95, abs=0.04)


def test_a_lag_hides_slope_times_time_constant() -> None:
    # a ramp is followed at a distance of slope x tau (closed form), without noise
    found = plateau(T, 400.0 + 0.5 * T, response_t90_s=46.0)
    assert found.missing_ppm == pytest.approx(0.5 * 46.0 / math.log(10.0))


def test_an_unfinished_step_has_not_settled() -> None:
    x = 450.0 + 4550.0 * (1.0 - np.exp(-T / lag_s(60.0)))
    assert plateau(T, x, 60.0).faults == (PlateauFault.UNSETTLED,)


def test_the_wait_is_about_what_the_lag_needs() -> None:
    tau = lag_s(60.0)
    whole = np.arange(600.0)
    x = 450.0 + 4550.0 * (1.0 - np.exp(-whole / tau))
    at = 120
    told = at + plateau(whole[:at], x[:at], 60.0).wait_s
    truly = next(k for k in range(at, 600) if not plateau(whole[:k], x[:k], 60.0).faults)
    assert told == pytest.approx(truly, abs=15.0)


def test_a_settled_step_is_within_its_uncertainty() -> None:
    x = 450.0 + 4550.0 * (1.0 - np.exp(-np.arange(400.0) / lag_s(60.0)))
    found = plateau(np.arange(400.0), x, 60.0)
    assert abs(found.mean_ppm - 5000.0) <= 2.0 * found.sigma_ppm


def test_whole_ppm_are_uncertain_by_their_step() -> None:
    assert plateau(T, np.full(120, 452.0), 30.0).sigma_ppm == pytest.approx(1 / math.sqrt(12))


@pytest.mark.parametrize(
    ("ppm", "fault"),
    [
        (np.full(120, 9990.0), PlateauFault.SATURATED),
        (np.zeros(120), PlateauFault.CLIPPED),
        (450.0 + 80.0 * np.sin(T), PlateauFault.UNSTEADY),
        (np.full(120, np.nan), PlateauFault.TOO_FEW),
        (np.where(T > 115, 450.0, np.nan), PlateauFault.TOO_FEW),
    ],
)
def test_readings_that_are_no_plateau(ppm: np.ndarray, fault: PlateauFault) -> None:
    assert fault in plateau(T, ppm, 30.0, highest_ppm=10_000.0).faults


def test_a_probe_that_goes_below_zero_hides_nothing() -> None:
    x = np.where(T % 2, -3.0, 0.0)
    assert plateau(T, x, 30.0).faults == ()
