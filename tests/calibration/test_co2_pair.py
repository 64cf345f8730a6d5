"""Two probes side by side: the difference put in comes out; a match ends when it no longer holds."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest

from calibration.certificates import Certificate
from calibration.co2_budget import Influences
from calibration.co2_line import CalibrationRefused
from calibration.co2_pair import PairMatch, match_pair, pair_difference, pair_parameters
from tests.calibration.simulated_probe import SimulatedProbe

DAY = dt.date(2026, 11, 28)
STILL = Influences(0.0, 0.0, 0.0)
OUTSIDE = Certificate("OUT", DAY, DAY + dt.timedelta(days=180), {"offset_ppm": -6.0, "gain": 1.01})


def side_by_side(seed: int, gain: float = 1.0, air: np.ndarray | float = 450.0) -> PairMatch:
    rng = np.random.default_rng(seed)
    inside = SimulatedProbe(rng, gain=gain, offset_ppm=25.0, t90_s=30.0)
    outside = SimulatedProbe(rng, offset_ppm=5.0, t90_s=30.0)
    (t, a), (_, b) = inside.reads(air, 600.0), outside.reads(air, 600.0)
    return match_pair(t, a, t, b, 30.0, 30.0, STILL)


def test_the_difference_is_within_its_uncertainty_as_often_as_it_says() -> None:
    pulls = []
    for seed in range(200):
        match = side_by_side(20261107 + seed)
        pulls.append((match.offset_ppm - 20.0) / match.sigma_ppm)
    assert np.mean(np.abs(pulls) < 2.0) == pytest.approx(0.95, abs=0.04)


def test_still_air_tells_no_gain() -> None:
    assert side_by_side(20261107).gain is None


def test_air_that_varies_tells_the_gain() -> None:
    air = 600.0 + 150.0 * np.sin(np.arange(600.0) / 100.0)
    match = side_by_side(20261108, gain=1.05, air=air)
    assert match.gain is not None
    assert match.gain_sigma is not None
    assert abs(match.gain - 1.05) < 2.5 * match.gain_sigma


def test_unequal_lags_in_rising_air_widen_it() -> None:
    t = np.arange(1200.0)
    match = match_pair(t, 400.0 + 0.02 * t, t, 400.0 + 0.02 * t, 20.0, 66.0, STILL)
    # slope x difference of the time constants, uniform
    assert match.parts["unequal lags"] == pytest.approx(
        0.02 * 46.0 / math.log(10.0) / math.sqrt(3.0), rel=0.01
    )


def test_too_short_together_is_refused() -> None:
    t = np.arange(60.0)
    with pytest.raises(CalibrationRefused, match="together for 59 s"):
        match_pair(t, 450.0 + t, t, 450.0 + t, 30.0, 30.0)


def test_breath_on_one_of_them_is_refused() -> None:
    t = np.arange(600.0)
    puff = np.where(t > 400.0, 300.0, 0.0)
    with pytest.raises(CalibrationRefused, match="closer together"):
        match_pair(t, 450.0 + puff, t, np.full(600, 450.0), 30.0, 30.0)


def held_by(**changed: float) -> Certificate:
    match = PairMatch(20.0, {"noise": 3.0}, 450.0, 20)
    return Certificate("IN", DAY, OUTSIDE.expires, {**pair_parameters(match, OUTSIDE, DAY, 50.0), **changed})


def test_on_the_day_it_is_what_was_measured() -> None:
    found = pair_difference(held_by(), OUTSIDE, DAY)
    assert found is not None
    assert (found.offset_ppm, found.sigma_ppm) == (20.0, pytest.approx(3.0))


def test_later_both_have_drifted_apart() -> None:
    found = pair_difference(held_by(), OUTSIDE, DAY + dt.timedelta(days=365))
    assert found is not None
    # two uniform drifts of ±50 ppm a year
    assert found.sigma_ppm == pytest.approx(math.sqrt(9.0 + 2 * 50.0**2 / 3.0), rel=2e-3)


@pytest.mark.parametrize(
    "other",
    [
        replace(OUTSIDE, parameters={"offset_ppm": -7.0, "gain": 1.01}),
        replace(OUTSIDE, id="OUT-2"),
        replace(OUTSIDE, parameters={"offset_ppm": -6.0}),
    ],
)
def test_a_match_ends_with_the_others_correction(other: Certificate) -> None:
    assert pair_difference(held_by(), other, DAY) is None


def test_what_else_the_other_states_does_not_matter() -> None:
    other = replace(OUTSIDE, parameters={**OUTSIDE.parameters, "uncertainty_ppm": 40.0})
    assert pair_difference(held_by(), other, DAY) is not None


def test_a_certificate_without_a_match_says_nothing() -> None:
    assert pair_difference(OUTSIDE, OUTSIDE, DAY) is None
