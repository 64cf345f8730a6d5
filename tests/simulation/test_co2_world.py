"""Worlds of lorries, the air in many of them at once, and what two probes report of it."""

import dataclasses

import numpy as np
import pytest
from scipy import integrate

from scanner.simulation.closed_air import Rooms, after, expanded_ppm_m3_per_min
from scanner.simulation.co2 import Probe, ProbeModel, bulk_excess_ppm
from scanner.simulation.co2_batch import Procedure, minutes_to, simulate_dips, true_bulk
from scanner.simulation.co2_quirks import QUIRKS, quirked
from scanner.simulation.co2_transients import (
    AIR_POWERS,
    AIR_TIMES_S,
    EDDY_POWERS,
    EDDY_TIMES_S,
    breath_ppm,
    bumps,
    covariance,
    fluctuation,
)
from scanner.simulation.co2_truth import true_oxygen_excess
from scanner.simulation.co2_world import CARGOES, Condition, draw_lorries, without_nuisances
from scanner.simulation.draw import REEFER_CARGOES, TANKER_CARGOES
from scanner.simulation.worlds import FIGURES, draw_world, ranges
from scanner.vehicle import CargoClass, VehicleClass

WORLD = draw_world(501)
REEFER, TANKER = VehicleClass.REEFER, VehicleClass.TANKER
BOXED = Condition(REEFER, CargoClass.BOXED, closed_minutes=60.0)
ALL = [Condition(REEFER, c) for c in REEFER_CARGOES] + [Condition(TANKER, c) for c in TANKER_CARGOES]


def _rng(seed=7):
    return np.random.default_rng(seed)


def _plain(n, persons, condition=BOXED, **changes):
    """Lorries of one shut room with perfect probes, all alike where told so."""
    lorries = without_nuisances(draw_lorries(WORLD, condition, n, persons, _rng()))
    fixed = {"second_volume_m3": 0.0, "door_opened_minutes_ago": np.nan} | changes
    return dataclasses.replace(lorries, **{name: np.full(n, value) for name, value in fixed.items()})


# ---- the air


def test_one_room_is_the_closed_form_of_the_single_lorry():
    one = np.ones(3)
    rooms = Rooms(np.array([3.0, 28.0, 75.0]), 0 * one, 0 * one, np.array([0.0, 0.05, 0.9]), one)
    minutes = np.array([1.0, 60.0, 600.0])
    source = expanded_ppm_m3_per_min(0.0172, -20.0)
    ours, second = after(rooms, minutes[np.newaxis], (40.0 * one, 0.0), (source, 0.0))
    for row in range(3):
        alone = bulk_excess_ppm(
            60 * minutes, 0.0172, rooms.volume_m3[row], rooms.air_changes_per_h[row], -20.0, 40.0
        )
        np.testing.assert_allclose(ours[row], alone, rtol=1e-9)
    np.testing.assert_array_equal(ours, second)


@pytest.mark.parametrize(
    ("v1", "v2", "exchange", "leak1", "leak2"),
    [(12.0, 20.0, 8.0, 0.1, 0.4), (40.0, 5.0, 0.5, 0.9, 0.02), (20.0, 20.0, 5.0, 0.0, 0.0)],
)
def test_two_rooms_solve_their_differential_equations(v1, v2, exchange, leak1, leak2):
    sources, start = (700.0, 55.0), (90.0, 10.0)

    def rate(_t, e):
        between = exchange / 60.0 * (e[0] - e[1])
        return [
            (sources[0] - leak1 / 60.0 * v1 * e[0] - between) / v1,
            (sources[1] - leak2 / 60.0 * v2 * e[1] + between) / v2,
        ]

    t = np.array([0.0, 3.0, 45.0, 400.0])
    solved = integrate.solve_ivp(rate, (0.0, 400.0), start, t_eval=t, rtol=1e-10, atol=1e-8)
    rooms = Rooms(*(np.array([value]) for value in (v1, v2, exchange, leak1, leak2)))
    for ours, truth in zip(after(rooms, t[np.newaxis], start, sources), solved.y, strict=True):
        np.testing.assert_allclose(ours[0], truth, rtol=1e-6)


def test_tight_rooms_keep_every_litre():
    rooms = Rooms(*(np.array([value]) for value in (12.0, 30.0, 4.0, 0.0, 0.0)))
    first, second = after(rooms, [[10.0, 1000.0]], (50.0, 50.0), (300.0, 0.0))
    held = 12.0 * first + 30.0 * second
    np.testing.assert_allclose(held, [[42 * 50.0 + 3000.0, 42 * 50.0 + 300_000.0]], rtol=1e-12)


def test_a_door_opened_leaves_its_share_and_the_rest_comes_anew():
    opened = {"initial_excess_ppm": 0.0, "origin_air_ppm": 0.0}
    shut = _plain(4, 3, **opened)
    door = _plain(4, 3, **opened, door_opened_minutes_ago=20.0, door_kept_share=0.3)
    minutes_before = true_bulk(shut, [-20 * 60.0, -40 * 60.0])
    leak = np.exp(-shut.air_changes_per_h * 20 / 60)
    # 20 minutes from nothing are the excess 40 minutes before the dip, an hour having passed at it
    expected = 0.3 * minutes_before[:, 0] * leak + minutes_before[:, 1]
    np.testing.assert_allclose(true_bulk(door, [0.0])[:, 0], expected, rtol=1e-9)


def test_oxygen_falls_by_what_the_people_breathe():
    lorries = _plain(5, 6, initial_excess_ppm=0.0, initial_oxygen_ppm=0.0, origin_air_ppm=0.0)
    t_s = np.array([0.0, 7200.0])
    ratio = true_oxygen_excess(lorries, t_s) / true_bulk(lorries, t_s)
    np.testing.assert_allclose(ratio, -1 / 0.85, rtol=1e-9)


def test_dry_ice_only_pushes_the_oxygen_out():
    ice = Condition(REEFER, CargoClass.DRY_ICE, closed_minutes=240.0)
    lorries = _plain(50, 0, ice, initial_excess_ppm=0.0, initial_oxygen_ppm=0.0, origin_air_ppm=0.0)
    ratio = true_oxygen_excess(lorries, [0.0]) / true_bulk(lorries, [0.0])
    np.testing.assert_allclose(ratio, -0.2095, rtol=1e-6)


def test_parndorf_runs_out_of_air_within_the_hours_that_were_found():
    # DOMAIN: 71 people in a closed reefer body, air for 30 minutes to 3 hours; standing, the bodies
    # themselves fill some 5 of the body's 35-45 m3
    for volume_m3 in (30.0, 40.0):
        full = _plain(
            1, 71, person_co2_l_s=0.0055, inside_c=30.0, free_volume_m3=volume_m3,
            air_changes_per_h=0.02, closed_minutes=0.0, initial_excess_ppm=0.0, origin_air_ppm=0.0,
        )  # fmt: skip
        assert 30.0 < minutes_to(full, 100_000.0)[0] < 180.0


@pytest.mark.parametrize("leak", [0.01, 0.1])
def test_essex_is_toxic_after_about_seven_hours(leak):
    # 39 people, 38.5 degC, at a toxic level after about 7 hours: between immediately dangerous
    # (40 000 ppm) and unconscious within minutes (100 000 ppm)
    full = _plain(
        1, 39, person_co2_l_s=0.0040, inside_c=38.5, free_volume_m3=75.0, air_changes_per_h=leak,
        closed_minutes=0.0, initial_excess_ppm=0.0, origin_air_ppm=0.0,
    )  # fmt: skip
    assert 40_000 < true_bulk(full, [7 * 3600.0])[0, 0] < 100_000


def test_minutes_to_a_limit_is_where_the_mean_reaches_it():
    lorries = draw_lorries(WORLD, BOXED, 200, 4, _rng())
    minutes = minutes_to(lorries, 15_000.0)
    some = np.flatnonzero(np.isfinite(minutes) & (minutes > 0))
    assert some.size > 20
    at = true_bulk(lorries[some], 60.0 * minutes[some][:, np.newaxis])[:, 0]
    np.testing.assert_allclose(at + lorries.outside_ppm[some], 15_000.0, rtol=1e-4)


def test_what_never_comes_is_infinite_and_what_is_there_is_zero():
    lorries = _plain(2, 1, air_changes_per_h=1.0, free_volume_m3=70.0)
    assert np.isinf(minutes_to(lorries, 40_000.0)).all()
    assert (minutes_to(lorries, 420.0) == 0.0).all()


# ---- worlds and lorries


@pytest.mark.parametrize("name", sorted(ranges()))
def test_every_range_of_a_world_is_complete(name):
    entry = ranges()[name]
    assert entry.mark in {"S", "C", "U"}
    assert len(entry.source) > 10
    assert set(entry.figures) == set(FIGURES[entry.shape])
    assert all(low <= high for low, high in entry.figures.values())
    values = WORLD.quantiles(name, np.linspace(0.001, 0.999, 50))
    assert np.isfinite(values).all()
    assert entry.shape == "chance" or (np.diff(values) >= 0).all()
    assert ((entry.within[0] <= values) & (values <= entry.within[1])).all()


def test_a_cut_normal_has_the_moments_of_the_reference():
    from scipy import stats

    name = "initial_excess_ppm.air"
    centre, sd = (WORLD.values[f"{name}.{figure}"] for figure in ("centre", "sd"))
    low, high = ranges()[name].within
    reference = stats.truncnorm((low - centre) / sd, (high - centre) / sd, centre, sd)
    u = np.array([0.01, 0.3, 0.5, 0.9])
    np.testing.assert_allclose(WORLD.quantiles(name, u), reference.ppf(u), rtol=1e-6)


def test_worlds_differ_and_repeat():
    assert draw_world(9).values == draw_world(9).values
    first, other = draw_world(9).values, draw_world(10).values
    assert sum(first[name] == other[name] for name in first) < 0.1 * len(first)


def test_a_wrong_world_differs_by_its_factor_and_in_nothing_else():
    right, wrong = (
        draw_lorries(w, BOXED, 100, 0, _rng()) for w in (WORLD, WORLD.scaled(volume=3, leakage=1 / 3))
    )
    np.testing.assert_allclose(wrong.free_volume_m3, 3 * right.free_volume_m3)
    np.testing.assert_allclose(wrong.air_changes_per_h, right.air_changes_per_h / 3)
    np.testing.assert_array_equal(wrong.tip_of_mean, right.tip_of_mean)


@pytest.mark.parametrize("condition", ALL, ids=lambda c: f"{c.vehicle_class}-{c.cargo}")
def test_people_change_nothing_but_themselves(condition):
    empty, full = (draw_lorries(WORLD, condition, 40, n, _rng(), odd=0.3) for n in (0, 4))
    differing = {
        field.name
        for field in dataclasses.fields(empty)
        if not np.array_equal(getattr(empty, field.name), getattr(full, field.name), equal_nan=True)
    }
    headspace = {"free_volume_m3", "cargo_co2_l_s"} if condition.vehicle_class is TANKER else set()
    assert {"persons", "person_co2_l_s"} <= differing <= {"persons", "person_co2_l_s"} | headspace


@pytest.mark.parametrize("condition", ALL, ids=lambda c: f"{c.vehicle_class}-{c.cargo}")
def test_lorries_are_such_as_drive(condition):
    lorries = draw_lorries(WORLD, condition, 2000, 2, _rng())
    room = lorries.free_volume_m3 + lorries.second_volume_m3
    low, high = {
        (REEFER, True): (58, 84), (REEFER, False): (14, 45),
        (TANKER, True): (11, 32), (TANKER, False): (3, 9),
    }[condition.vehicle_class, condition.cargo is CargoClass.EMPTY]  # fmt: skip
    assert ((room >= low) & (room <= high)).all()
    first = lorries.tip_of_mean
    assert ((first >= 0.3) & (first <= 1.1)).all()
    later = first * np.exp(lorries.tip_change)
    assert ((later >= 0.3 - 1e-9) & (later <= 1.1 + 1e-9)).all()
    assert set(lorries.t90_s) == {30.0, 60.0, 75.0}
    assert (np.abs(lorries.t90_true_s / lorries.t90_s - 1) <= 0.15).all()
    assert ((lorries.person_co2_l_s > 0.002) & (lorries.person_co2_l_s < 0.02)).all()
    assert (lorries.quirk == 0).all()
    assert not lorries.lied.any()


def test_a_mean_over_more_people_varies_less():
    one, many = (draw_lorries(WORLD, BOXED, 4000, n, _rng()).person_co2_l_s for n in (1, 25))
    warm = draw_lorries(WORLD, BOXED, 4000, 1, _rng()).inside_c >= 5.0
    # what people have in common stays, so compare the part that is their own
    assert np.log(many[warm]).std() < np.log(one[warm]).std()


def _headspaces(vapour):
    liquid = Condition(TANKER, CargoClass.LIQUID, closed_minutes=60.0, headspace_co2=vapour)
    return draw_lorries(WORLD, liquid, 5000, 0, _rng()).initial_excess_ppm


def test_a_headspace_holds_its_vapour_when_told_so():
    added = _headspaces(True) - _headspaces(False)
    assert 200 <= added.min() < added.max() <= 20_000
    assert _headspaces(False).max() <= 600


def test_a_share_of_the_headspaces_holds_vapour():
    share = (_headspaces(None) > _headspaces(False)).mean()
    assert share == pytest.approx(WORLD.values["headspace_co2.p"], abs=0.02)


def test_a_false_declaration_is_false():
    n = 4000
    honest, lying = (draw_lorries(WORLD, BOXED, n, 0, _rng(), lie_share=s) for s in (0.0, 0.1))
    assert lying.lied.mean() == pytest.approx(0.1, abs=0.015)
    other = lying.cargo != CARGOES.index(CargoClass.BOXED)
    late = np.isfinite(lying.declared_minutes) & (lying.closed_minutes != 60.0)
    np.testing.assert_array_equal(other | late, lying.lied)
    assert 0.3 < other.sum() / lying.lied.sum() < 0.7
    true = ~lying.lied
    np.testing.assert_array_equal(lying.free_volume_m3[true], honest.free_volume_m3[true])


def test_a_cargo_that_the_vehicle_does_not_carry_is_refused():
    with pytest.raises(ValueError, match="a tanker does not carry meat"):
        draw_lorries(WORLD, Condition(TANKER, CargoClass.MEAT), 1, 0, _rng())


# ---- what comes and goes


@pytest.mark.parametrize(("times", "powers"), [(EDDY_TIMES_S, EDDY_POWERS), (AIR_TIMES_S, AIR_POWERS)])
def test_a_fluctuation_has_its_covariance(times, powers):
    t_s = np.array([0.0, 2.0, 30.0, 200.0, 1000.0])
    courses = fluctuation(t_s, times, powers, 20_000, _rng())
    expected = covariance(t_s[:, np.newaxis] - t_s, times, powers)
    np.testing.assert_allclose(np.cov(courses.T), expected, atol=0.035)


def test_bumps_come_at_their_rate():
    # integrated over time a bump of width w and height 1 is w sqrt(2 pi)
    t_s = np.arange(0.0, 600.0, 1.0)
    got = bumps(t_s, np.full(1000, 12.0), (5.0, 15.0), _rng())
    assert got.mean() == pytest.approx(12 / 3600 * 10.0 * np.sqrt(2 * np.pi), rel=0.06)


def test_breath_comes_in_its_share_of_the_dips_and_lasts_seconds():
    t_s = np.arange(-60.0, 121.0, 2.0)
    got = breath_ppm(t_s, np.full(5000, 0.2), _rng())
    hit = got.any(axis=1)
    assert hit.mean() == pytest.approx(0.2, abs=0.02)
    assert (got[:, t_s < 0] == 0).all()
    heights = got.max(axis=1)[hit]
    assert ((heights >= 500) & (heights <= 5000)).all()
    assert ((got > 0).sum(axis=1)[hit] <= 11).all()


# ---- the probes


def test_a_dip_lags_as_the_single_probe_does():
    lorries = _plain(1, 5, outside_ppm=430.0)
    series = simulate_dips(lorries, Procedure((120.0,)), _rng(), transients=False)
    t_s = series.t_s
    probe = Probe(ProbeModel(float(lorries.t90_s[0]), noise_ppm=0.0, high_ppm=1e6), 430.0, seed=1)
    fine_s = np.arange(0.0, 120.01, 0.05)
    tip = 430.0 + true_bulk(lorries, fine_s)[0]
    alone = probe.reports(fine_s, np.concatenate([[430.0], tip[1:]]))
    ours = series.inside_ppm[0, 0, t_s >= 0]
    np.testing.assert_allclose(ours, np.interp(t_s[t_s >= 0], fine_s, alone), rtol=2e-3)


def test_ninety_per_cent_of_the_step_after_t90():
    lorries = _plain(1, 0, initial_excess_ppm=1000.0, origin_air_ppm=0.0, air_changes_per_h=0.0)
    lorries = dataclasses.replace(lorries, t90_true_s=np.array([60.0]))
    series = simulate_dips(lorries, Procedure((120.0,)), _rng(), transients=False)
    at = series.inside_ppm[0, 0, series.t_s == 60.0] - lorries.outside_ppm
    assert at[0] == pytest.approx(900.0, abs=0.01)


def test_after_the_gap_the_probe_is_back_in_free_air():
    lorries = _plain(20, 4)
    series = simulate_dips(lorries, Procedure((60.0, 60.0), 900.0), _rng(), transients=False)
    before = series.inside_ppm[:, 1, series.t_s < 0] - lorries.outside_ppm[:, np.newaxis]
    assert np.abs(before).max() < 0.05
    grown = true_bulk(lorries, [960.0])[:, 0]
    np.testing.assert_allclose(series.bulk_excess_ppm[:, 1], grown)


def test_a_short_gap_leaves_the_lag_of_the_first_dip():
    lorries = _plain(5, 4)
    series = simulate_dips(lorries, Procedure((60.0, 60.0), 60.0), _rng(), transients=False)
    last, first = series.inside_ppm[:, 0, -1], series.inside_ppm[:, 1, 0]
    np.testing.assert_allclose(first, last)


def test_a_short_dip_ends_and_the_long_one_goes_on():
    lorries = _plain(2, 0)
    series = simulate_dips(lorries, Procedure((30.0, 90.0)), _rng())
    assert series.t_s[0] == -60.0
    assert series.t_s[-1] == 90.0
    assert np.isnan(series.inside_ppm[:, 0, series.t_s > 30]).all()
    assert np.isfinite(series.inside_ppm[:, 0, series.t_s <= 30]).all()
    assert np.isfinite(series.inside_ppm[:, 1]).all()


def test_the_noise_is_the_same_with_and_without_people():
    procedure = Procedure((120.0,))
    noise = [
        simulate_dips(lorries, procedure, _rng(3), transients=False).inside_ppm
        - simulate_dips(lorries, procedure, _rng(3), transients=False, noise=False).inside_ppm
        for lorries in (
            dataclasses.replace(draw_lorries(WORLD, BOXED, 50, n, _rng()), step_ppm=np.zeros(50))
            for n in (0, 4)
        )
    ]
    np.testing.assert_allclose(noise[0], noise[1], atol=1e-6)


def test_the_genie_sees_the_same_white_noise():
    lorries = dataclasses.replace(
        _plain(200, 0), noise_ppm=np.full(200, 2.5), outside_noise_ppm=np.full(200, 2.5)
    )
    with_, without = (
        simulate_dips(lorries, Procedure((60.0,)), _rng(3), transients=t) for t in (True, False)
    )
    np.testing.assert_allclose(with_.inside_ppm, without.inside_ppm, atol=1e-9)  # nothing fluctuates here
    residual = without.inside_ppm[:, 0, :30] - lorries.outside_ppm[:, np.newaxis]
    assert residual.std() == pytest.approx(2.5, rel=0.05)


def test_transients_are_what_the_genie_is_spared():
    lorries = draw_lorries(WORLD, BOXED, 500, 2, _rng())
    with_, without = (
        simulate_dips(lorries, Procedure((60.0,)), _rng(3), transients=t) for t in (True, False)
    )
    before = with_.t_s < 0
    swing = (with_.outside_ppm - without.outside_ppm)[:, 0, before].std(axis=1)
    assert np.median(swing) > 0.5
    assert (without.outside_true_ppm == lorries.outside_ppm[:, np.newaxis]).all()


def test_oxygen_at_the_tip_follows_the_people():
    lorries = _plain(5, 8, tip_of_mean=0.5, closed_minutes=240.0)
    series = simulate_dips(lorries, Procedure((120.0,)), _rng(), oxygen=True)
    expected = 20.95 + 0.5e-4 * true_oxygen_excess(lorries, [120.0])[:, 0]
    np.testing.assert_allclose(series.oxygen_pct[:, 0, -1], expected, atol=0.01)
    assert simulate_dips(lorries, Procedure((30.0,)), _rng()).oxygen_pct is None


def test_a_cold_cell_comes_to_read_high():
    lorries = _plain(
        3, 0, cold_cell_gain=0.05, cell_cools_s=100.0, initial_excess_ppm=0.0, origin_air_ppm=0.0
    )
    series = simulate_dips(lorries, Procedure((120.0, 120.0)), _rng(), transients=False)
    relative = series.inside_ppm / lorries.outside_ppm[:, np.newaxis, np.newaxis] - 1
    assert relative[:, 0, 0] == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(relative[:, 0, -1], 0.05 * (1 - np.exp(-1.2)), rtol=1e-6)
    assert (relative[:, 1, 0] < 0.001).all()  # warm again


# ---- quirks


def _quirk(name, n=50, level=430.0):
    t_s = np.arange(0.0, 180.0, 2.0)
    reports = level + _rng(2).standard_normal((n, t_s.size))
    return t_s, reports, quirked(t_s, reports, np.full(n, QUIRKS.index(name)), _rng())


def test_no_quirk_changes_nothing():
    _, reports, got = _quirk("")
    np.testing.assert_array_equal(got, reports)


def test_a_stuck_probe_repeats_itself():
    _, _, got = _quirk("stuck")
    same = (np.diff(got, axis=1) == 0).sum(axis=1)
    assert (same > 0).mean() > 0.8
    assert same.max() <= 60


def test_dropped_reports_are_missing():
    _, reports, got = _quirk("dropped")
    share = np.isnan(got).mean(axis=1)
    assert 0.05 < share.min() < share.max() < 0.65
    np.testing.assert_array_equal(got[~np.isnan(got)], reports[~np.isnan(got)])


def test_good_values_and_minus_one_come_by_turns():
    _, reports, got = _quirk("minus_one")
    np.testing.assert_array_equal(got[:, 1::2], -1.0)
    np.testing.assert_array_equal(got[:, ::2], reports[:, ::2])


def test_a_rebased_probe_reads_low_by_a_constant():
    _, reports, got = _quirk("rebased")
    shift = got - reports
    assert np.ptp(shift, axis=1).max() < 1e-9
    assert ((shift >= -400) & (shift <= -20)).all()


def test_negative_values_come_as_unsigned_numbers():
    _, _, got = _quirk("unsigned")
    assert ((got > 65_000) | (got < 100)).all()
    assert (got > 65_000).any()
    assert (got == np.round(got)).all()


def test_the_odd_share_is_odd():
    lorries = draw_lorries(WORLD, BOXED, 4000, 0, _rng(), odd=0.2)
    assert (lorries.quirk > 0).mean() == pytest.approx(0.2, abs=0.02)
    assert set(np.unique(lorries.quirk)) == set(range(len(QUIRKS)))
