"""Straight lines through reference gases: published fits, reference libraries, closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.co2_line import CalibrationRefused, Line, fit_line, zero_line

# Pearson's points with York's weights: York (1966), and Table I of York et al. (2004)
PEARSON_X = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
PEARSON_Y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
WEIGHT_X = np.array([1000.0, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1])
WEIGHT_Y = np.array([1.0, 1.8, 4, 8, 20, 20, 70, 70, 100, 500])


def pearson() -> Line:
    # mirrored about the vertical, for a probe's line must rise: slope and order change sign, no more
    return fit_line(-PEARSON_X, 1 / np.sqrt(WEIGHT_X), PEARSON_Y, 1 / np.sqrt(WEIGHT_Y))


def test_the_published_line_through_pearsons_points() -> None:
    line = pearson()
    assert line.gain == pytest.approx(0.480533407, abs=1e-8)
    assert line.offset_ppm == pytest.approx(5.479910224, abs=1e-8)


def test_its_published_standard_errors() -> None:
    line = pearson()
    found = np.sqrt(np.diag(line.covariance))
    np.testing.assert_allclose(found, [0.295, 0.058], atol=6e-4)


def test_its_published_goodness_of_fit() -> None:
    assert pearson().chi_square == pytest.approx(11.866, abs=1e-3)  # S / (n - 2) = 1.4833


def test_certain_gases_are_ordinary_weighted_least_squares() -> None:
    gas_ppm = np.array([0.0, 500, 1000, 3000, 5000])
    read = np.array([15.0, 508, 1001, 2950, 4915])
    sigma = np.array([1.0, 2, 2, 5, 9])
    line = fit_line(gas_ppm, np.zeros(5), read, sigma)
    wanted, covariance = np.polyfit(gas_ppm, read, 1, w=1 / sigma, cov="unscaled")
    np.testing.assert_allclose([line.gain, line.offset_ppm], wanted, rtol=1e-9)
    np.testing.assert_allclose(line.covariance, covariance[::-1, ::-1], rtol=1e-6)


def test_two_gases_are_the_line_through_both() -> None:
    line = fit_line([0.0, 5000.0], [2.0, 25.0], [12.0, 4912.0], [1.0, 3.0])
    assert (line.gain, line.offset_ppm) == pytest.approx((0.98, 12.0))


@pytest.mark.parametrize("at", [0, 1])
def test_at_either_of_two_gases_the_uncertainty_is_its_own(at: int) -> None:
    reference, sigma = np.array([0.0, 5000.0]), np.array([2.0, 25.0])
    line = fit_line(reference, sigma, [12.0, 4912.0], [1.0, 3.0])
    wanted = math.hypot([1.0, 3.0][at] / 0.98, sigma[at])
    assert float(line.sigma_at_ppm(reference[at])) == pytest.approx(wanted)


def test_one_gas_gives_its_own_uncertainty_there_and_the_gains_far_from_it() -> None:
    line = zero_line(450.0, 17.0, 462.0, 1.0, gain=1.0, gain_sigma=0.015)
    assert float(line.sigma_at_ppm(450.0)) == pytest.approx(math.hypot(17.0, 1.0))
    assert float(line.sigma_at_ppm(2450.0)) == pytest.approx(math.hypot(17.0, 1.0, 30.0))


def test_the_pull_of_each_point_is_what_moving_it_does() -> None:
    reference, sigma = [0.0, 1000.0, 5000.0], [2.0, 5.0, 25.0]
    read, noise = np.array([12.0, 990.0, 4912.0]), [1.0, 1.0, 3.0]
    line = fit_line(reference, sigma, read, noise)
    step = np.array([0.0, 0.1, 0.0])
    moved = fit_line(reference, sigma, read + step, noise)
    found = np.array([moved.offset_ppm - line.offset_ppm, moved.gain - line.gain]) / 0.1
    np.testing.assert_allclose(line.pull[:, 1], found, rtol=0.02)


@pytest.mark.parametrize("reference", [[450.0], [450.0, 470.0]])
def test_gases_too_alike_give_no_gain(reference: list[float]) -> None:
    n = len(reference)
    with pytest.raises(CalibrationRefused, match="too alike"):
        fit_line(reference, [17.0] * n, reference, [1.0] * n)


def test_cylinders_swapped_are_seen() -> None:
    with pytest.raises(CalibrationRefused, match="cylinder"):
        fit_line([0.0, 5000.0], [2.0, 25.0], [4912.0, 12.0], [1.0, 3.0])
