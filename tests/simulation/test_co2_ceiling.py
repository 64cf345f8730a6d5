"""The ceilings of the CO2 table against closed forms: Gaussian likelihoods, lag, covariances of air."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from scanner.simulation.co2_batch import Procedure, simulate_dips
from scanner.simulation.co2_world import Condition, draw_lorries, draw_world, without_nuisances
from scanner.vehicle import CargoClass, VehicleClass
from tests.bench.co2_ceiling import T90_S, _courses, ceiling, log_sums
from tests.bench.co2_ceiling_air import Air, Blocks
from tests.bench.co2_plain import excess_ppm, slope_ppm_per_min
from tests.bench.co2_scoring import best_ratios, cllr, cllr_min, holm, interval, mcnemar, threshold

WORLD = draw_world(601)
FROZEN = Condition(VehicleClass.REEFER, CargoClass.FROZEN, closed_minutes=60.0)
TWO = Procedure((60.0, 30.0))


def _covariance(r, rng):
    root = rng.normal(size=(r, r))
    return root @ root.T + np.eye(r)


def test_one_draw_with_kernels_is_a_normal_with_more_covariance():
    rng = np.random.default_rng(1)
    z, mean, spread = rng.normal(size=(4, 5)), rng.normal(size=(1, 5)), rng.normal(size=(3, 1, 5))
    cov = _covariance(5, rng)
    found, _ = log_sums(z, mean, spread, cov, np.zeros(1))
    wider = cov + sum(np.outer(s[0], s[0]) for s in spread)
    # one draw spans no more dimensions than its kernels: the leftover of the data is in both
    np.testing.assert_allclose(found, stats.multivariate_normal(mean[0], wider).logpdf(z), rtol=1e-6)


def test_many_draws_give_the_known_ratio_of_two_normals():
    rng = np.random.default_rng(2)
    z = np.linspace(-2.0, 4.0, 7)[:, np.newaxis]
    logs = []
    for centre in (2.0, 0.0):
        draws = centre + stats.norm.ppf((np.arange(4000) + 0.5) / 4000)[:, np.newaxis]
        logs.append(log_sums(z, rng.permutation(draws), np.zeros((0, 4000, 1)), np.eye(1), np.zeros(4000))[0])
    truth = stats.norm(2.0, np.sqrt(2)).logpdf(z) - stats.norm(0.0, np.sqrt(2)).logpdf(z)
    np.testing.assert_allclose(logs[0] - logs[1], truth[:, 0], atol=2e-3)


def test_equal_draws_count_all_and_a_lone_one_counts_once():
    z = np.zeros((1, 2))
    alike, lone = np.zeros((50, 2)), np.r_[np.zeros((1, 2)), np.full((49, 2), 30.0)]
    effective = []
    for draws in (alike, lone):
        first, second = log_sums(z, draws, np.zeros((0, 50, 2)), np.eye(2), np.zeros(50))
        effective.append(np.exp(2 * first - second)[0])
    np.testing.assert_allclose(effective, [50.0, 1.0])


def test_what_is_declared_weighs_the_draws():
    z, draws = np.zeros((2, 1)), np.zeros((2, 1))
    would = np.array([0.0, 2.0])
    told = np.array([2.0, np.nan])
    kernel = np.zeros((0, 2, 1))
    found = [
        log_sums(z, draws, kernel, np.eye(1), np.log(weight + 1e-300), (told, would))[0]
        for weight in (np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    ]
    np.testing.assert_allclose(found[1] - found[0], [2.0, 0.0], atol=1e-9)


def test_courses_of_drawn_lorries_are_the_generators_without_noise():
    lorries = draw_lorries(WORLD, FROZEN, 40, 2, np.random.default_rng(3))
    level = float(WORLD.quantiles("outside_ppm", 0.5))
    still = {"outside_ppm": level, "inside_offset_ppm": 0.0, "outside_offset_ppm": 0.0, "outside_gain": 1.0}
    changed = {name: np.full(40, value) for name, value in still.items()}
    share = lorries.t90_true_s / lorries.t90_s
    blocks = Blocks(TWO)
    for t90_s in T90_S:
        same = dataclasses.replace(
            lorries,
            **changed,
            t90_s=np.full(40, t90_s),
            t90_true_s=t90_s * share,
            high_ppm=np.full(40, np.inf),
        )
        series = simulate_dips(same, TWO, np.random.default_rng(4), transients=False, noise=False)
        mean, _, _ = _courses(same, WORLD, blocks, t90_s)
        free = level * (
            np.ones(mean.shape) + (same.inside_gain - 1)[:, np.newaxis] * blocks.inside.sum(axis=1)
        )
        seen = blocks.of(series.inside_ppm, series.outside_ppm)
        # what is left of the first dip in the second is below this
        np.testing.assert_allclose(mean + free, seen, atol=0.02)


def test_free_air_and_eddies_have_the_generators_covariance():
    n = 4000
    lorries = without_nuisances(draw_lorries(WORLD, FROZEN, n, 0, np.random.default_rng(5)))
    uneven = np.full(n, float(WORLD.quantiles("outside_unevenness", 0.5)))
    only = {
        "outside_fluctuation_ppm": np.ones(n),
        "outside_unevenness": uneven,
        "outside_t90_true_s": np.full(n, 60.0),
        "t90_true_s": np.full(n, 60.0),
        "outside_ppm": np.full(n, 430.0),
        "initial_excess_ppm": np.zeros(n),
        "origin_air_ppm": np.zeros(n),
        "cargo_co2_l_s": np.zeros(n),
    }
    blocks = Blocks(Procedure((60.0,)))
    series = simulate_dips(dataclasses.replace(lorries, **only), blocks.procedure, np.random.default_rng(6))
    drawn = np.cov(blocks.of(series.inside_ppm, series.outside_ppm).T)
    np.testing.assert_allclose(drawn, Air(blocks, WORLD, 60.0, 60.0).unit_fluctuation, atol=0.08)


def test_kinds_of_transients_are_all_there_is():
    kinds = Air(Blocks(TWO), WORLD, 60.0, 60.0).transients(7)
    assert kinds.share.sum() == pytest.approx(1.0, abs=0.01)


def test_a_ceiling_tells_a_full_lorry_from_an_empty_one():
    procedure = Procedure((60.0,))
    llr = []
    for persons in (0, 4):
        lorries = draw_lorries(WORLD, FROZEN, 30, persons, np.random.default_rng(8))
        series = simulate_dips(lorries, procedure, np.random.default_rng(9), transients=False)
        found = ceiling(
            WORLD, FROZEN, procedure, 4, lorries, series, transients=False, told_closing=True, draws=1500
        )
        llr.append(np.nanmedian(found.llr))
    assert llr[0] < -2.0 < 2.0 < llr[1]


def test_plain_alarms_read_a_straight_rise():
    lorries = without_nuisances(draw_lorries(WORLD, FROZEN, 3, 0, np.random.default_rng(10)))
    series = simulate_dips(lorries, TWO, np.random.default_rng(11), transients=False)
    t = series.t_s + series.insertion_s[:, np.newaxis]
    rising = np.where(np.isnan(series.inside_ppm), np.nan, 600.0 + 12.0 * t / 60.0)
    flat = np.where(np.isnan(series.inside_ppm), np.nan, 430.0)
    made = dataclasses.replace(series, inside_ppm=rising, outside_ppm=flat)
    np.testing.assert_allclose(slope_ppm_per_min(made, np.full(3, 10.0)), 12.0, atol=0.6)
    last = np.mean([rising[0, 0, series.t_s > 45.0][:8].mean(), rising[0, 1, series.t_s <= 30.0][-8:].mean()])
    np.testing.assert_allclose(excess_ppm(made), last - 430.0, atol=0.5)


def test_threshold_leaves_its_share_above():
    empty = np.random.default_rng(12).normal(size=5000)
    assert (empty > threshold(empty, 0.01)).sum() == 50


def test_interval_is_clopper_pearsons():
    # Clopper & Pearson by the beta distribution
    np.testing.assert_allclose(interval(3, 20), stats.beta.ppf([0.025, 0.975], [3, 4], [18, 17]), rtol=1e-6)


def test_mcnemar_is_a_sign_test_on_what_differs():
    better, worse = np.r_[np.ones(9), np.zeros(3), 1], np.r_[np.zeros(9), np.ones(3), 1]
    assert mcnemar(better, worse) == pytest.approx(stats.binomtest(9, 12, alternative="greater").pvalue)


def test_holm_stops_at_the_first_that_is_not_small():
    np.testing.assert_allclose(holm([0.2, 0.001, 0.02]), [0.2, 0.003, 0.04])


def test_true_ratios_cost_no_more_than_the_best_of_their_order():
    rng = np.random.default_rng(13)
    one, none = rng.normal(1, 1, 20_000), rng.normal(-1, 1, 20_000)
    assert 0.0 <= cllr(2 * one, 2 * none) - cllr_min(one, none) < 0.01


def test_best_ratios_rise_with_the_score():
    rng = np.random.default_rng(14)
    one, none = rng.normal(0.5, 1, 300), rng.normal(-0.5, 1, 300)
    ratio = np.concatenate(best_ratios(one, none))[np.argsort(np.concatenate([one, none]))]
    finite = ratio[np.isfinite(ratio)]
    assert (np.diff(finite) >= -1e-12).all()
