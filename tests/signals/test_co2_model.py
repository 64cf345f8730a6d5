"""The CO2 model against closed forms, brute force and generalised least squares from outside."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from scanner.signals.co2_dip import expected_covariance, fit_dips, lagged_eddies
from scanner.signals.co2_gain import Settled, SoFar, gain_of_holding, gain_of_second_dip
from scanner.signals.co2_posterior import air_posterior, weighted_quantiles
from scanner.signals.co2_prior import COUNTS, EDGES_PPM_H, AirPrior, air_prior, closed_nodes
from scanner.signals.co2_ratio import (
    TAIL_SHARE,
    count_posterior,
    log_ratio,
    source_likelihood,
    source_nodes,
    summed,
    swept,
)

TAU_S = 60.0 / np.log(10.0)
T_S = np.arange(-60.0, 120.0, 2.0)


def behind_the_lag(level_ppm: float, slope_ppm_s: float) -> np.ndarray:
    """Closed form of a first-order probe that meets a step and a ramp at t = 0."""
    t = np.maximum(T_S, 0.0)
    gone = 1.0 - np.exp(-t / TAU_S)
    return 430.0 + level_ppm * gone + slope_ppm_s * (t - TAU_S * gone)


@pytest.fixture(scope="module")
def noisy() -> np.ndarray:
    rng = np.random.default_rng(20)
    return behind_the_lag(180.0, 0.1) + rng.normal(0.0, 3.0, (400, T_S.size))


def test_level_and_slope_are_unbiased_and_their_errors_true(noisy: np.ndarray) -> None:
    air = 430.0 + np.random.default_rng(21).normal(0.0, 3.0, noisy.shape)
    fit = fit_dips(T_S, noisy, T_S, air, 60.0, 20.0)
    assert fit is not None
    error = fit.value - np.array([180.0, 6.0])
    assert np.abs(error.mean(axis=0)) == pytest.approx([0.0, 0.0], abs=1.0)
    # the errors allow for eddies and uneven air that these series do not have: never too small
    assert np.all(error.std(axis=0) < np.sqrt(np.median(fit.covariance, axis=0).diagonal()))


def test_a_wrong_response_time_is_covered(noisy: np.ndarray) -> None:
    air = np.full(noisy.shape, 430.0)
    fit = fit_dips(T_S, noisy, T_S, air, 60.0 * 1.12, 20.0)
    assert fit is not None
    away = np.abs(fit.value[:, 0] - 180.0) / fit.sigma_ppm
    assert np.mean(away < 2.0) > 0.95


def test_an_offset_of_the_pair_is_seen_before_insertion() -> None:
    inside = behind_the_lag(100.0, 0.0)[None] + 25.0
    fit = fit_dips(T_S, inside, T_S, np.full((1, T_S.size), 430.0), 60.0, 21.0)
    assert fit is not None
    assert float(fit.before_ppm[0]) == pytest.approx(25.0, abs=0.1)
    assert float(fit.value[0, 0]) == pytest.approx(100.0, abs=3.0)


def test_eddies_behind_the_lag_match_a_simulated_lag() -> None:
    t = np.arange(0.0, 80.0)
    covariance = lagged_eddies(t, 15.0)
    # the same by brute force: white noise through the covariance's root and then through the lag
    rng = np.random.default_rng(5)
    apart = np.abs(t[:, None] - t)
    tip = sum(np.exp(-apart / time) for time in (6.0, 30.0, 120.0)) / 3
    seen = rng.multivariate_normal(np.zeros(80), tip, 20_000)
    state = np.zeros(20_000)
    for k in range(1, 80):
        state += (1 - np.exp(-1 / 15.0)) * (seen[:, k] - state)
    assert float(state.var()) == pytest.approx(float(covariance[79, 79]), rel=0.05)


def test_longer_never_knows_less() -> None:
    sigma = [
        np.sqrt(expected_covariance(np.arange(0.0, hold, 2.0), 60.0, 3.0, 200.0, 200.0)[0, 0])
        for hold in (20, 40, 80, 160)
    ]
    assert sigma == sorted(sigma, reverse=True)


def one_source_prior(low_ppm_h: float, high_ppm_h: float) -> AirPrior:
    """One leakage, one normal start, and sources of one person uniform between two ends."""
    base = air_prior("reefer_laden", "quiet")
    shares = np.zeros((1 + len(COUNTS), len(EDGES_PPM_H)))
    shares[0, 0] = 1.0
    overlap = np.clip(
        np.minimum(EDGES_PPM_H[1:], high_ppm_h) - np.maximum(EDGES_PPM_H[:-1], low_ppm_h), 0.0, None
    )
    shares[1:, 1:] = overlap / (high_ppm_h - low_ppm_h)
    return AirPrior(
        shares,
        base.count_share,
        base.cautious_share,
        np.array([0.1]),
        np.ones(1),
        np.array([[1.0, 40.0, 30.0]]),
        base.person_co2_l_s,
        base.cargo_co2_l_s,
        base.free_volume_m3,
        base.tip_of_mean,
    )


def test_the_ratio_is_the_integral_it_claims_to_be() -> None:
    edges = EDGES_PPM_H[[40, 60]]
    prior = one_source_prior(*edges)
    value, covariance = np.array([[[150.0, 3.0]]]), np.array([[[[90.0, -5.0], [-5.0, 4.0]]]])
    found = float(log_ratio(prior, source_likelihood(prior, value, covariance, [0.0], [30.0]))[0])

    minutes, share = closed_nodes([30.0])
    some = none = 0.0
    sources = edges[0] + (np.arange(4000) + 0.5) / 4000 * (edges[1] - edges[0])
    for at, weight in zip(minutes[0] / 60.0, share[0], strict=True):
        left = np.exp(-0.1 * at)
        per_source, start = np.array([(1 - left) / 0.1, left / 60]), np.array([left, -0.1 * left / 60])
        for part, dip in ((1 - TAIL_SHARE, covariance), (TAIL_SHARE, swept(value, covariance))):
            cov = dip[0, 0] + 30.0**2 * np.outer(start, start)
            density = multivariate_normal([0.0, 0.0], cov)
            away = value[0, 0] - 40.0 * start
            none += part * weight * float(density.pdf(away))
            some += part * weight * float(density.pdf(away - sources[:, None] * per_source).mean())
    assert found == pytest.approx(np.log(some / none), abs=0.02)


def test_even_odds_when_nothing_was_measured() -> None:
    prior = air_prior("reefer_laden", "quiet")
    covariance = np.diag([1e6, 1e6])[None, None] ** 2
    ratio = log_ratio(prior, source_likelihood(prior, np.zeros((1, 1, 2)), covariance, [0.0], [np.nan]))
    assert float(ratio[0]) == pytest.approx(0.0, abs=0.05)


def test_a_second_dip_tells_a_start_from_a_source() -> None:
    prior = air_prior("reefer_laden", "quiet")
    one, both = (
        np.array([[[120.0, 1.0]]]),
        np.array([[[120.0, 1.0], [280.0, 1.0]], [[120.0, 1.0], [110.0, 1.0]]]),
    )
    tight = np.diag([60.0, 9.0])
    single = log_ratio(prior, source_likelihood(prior, one, tight[None, None], [0.0], [15.0]))
    paired = log_ratio(
        prior, source_likelihood(prior, both, np.broadcast_to(tight, (2, 2, 2, 2)), [0.0, 16.0], [15.0, 15.0])
    )
    assert paired[0] > single[0] + 2
    assert paired[1] < single[0] - 2


def test_posterior_draws_agree_with_the_likelihood() -> None:
    prior = air_prior("reefer_laden", "quiet")
    nodes = source_nodes(
        prior, np.array([[[900.0, 12.0]]]), np.diag([100.0, 16.0])[None, None], [0.0], [60.0]
    )
    air = air_posterior(prior, nodes, (910.0, 10.0), 1.0, 430.0)
    by_count = count_posterior(prior, summed(nodes))[0]
    assert float(air.weight @ air.persons) == pytest.approx(float(by_count @ COUNTS), rel=0.15)
    middle = weighted_quantiles(air.mean_excess_ppm * 0.65, air.weight, [0.5])[0]
    assert middle == pytest.approx(910.0, rel=0.35)  # the tip saw 0.3 to 1.1 of the mean


def test_gain_falls_with_what_is_known() -> None:
    prior, after = air_prior("reefer_laden", "quiet"), np.zeros(1)

    def promises(excess: float) -> tuple[float, float]:
        value, covariance = np.array([[excess, 2.0]]), np.diag([150.0, 60.0])[None]
        nodes = source_nodes(prior, value[None], covariance[None], after, [15.0])
        so_far = SoFar(prior, nodes, value, covariance, after, 15.0)
        hold = gain_of_holding(so_far, np.diag([100.0, 30.0]), Settled())
        again = gain_of_second_dip(so_far, 17.0, np.diag([100.0, 50.0]), Settled())
        return hold.bits, again.bits

    doubtful, clear = promises(110.0), promises(1500.0)
    assert doubtful[1] > 0.3  # the second dip settles what holding on does not
    assert doubtful[1] > doubtful[0] + 0.1
    assert clear[1] < 0.05


def test_a_probe_read_four_times_a_second_says_the_same() -> None:
    fast, slow = np.arange(-60.0, 120.0, 0.25), np.arange(-60.0, 120.0, 1.0)

    def level(t: np.ndarray) -> float:
        gone = 1.0 - np.exp(-np.maximum(t, 0.0) / TAU_S)
        fit = fit_dips(t, 430.0 + 180.0 * gone, t, np.full(t.size, 430.0), 60.0, 20.0)
        assert fit is not None
        return float(fit.value[0, 0])

    assert level(fast) == pytest.approx(level(slow), abs=2.0)
