"""The air in a simulated body against published numbers and an independent integration."""

import math

import numpy as np
import pytest
from scipy import integrate

from scanner.simulation.co2 import (
    OutsideAir,
    Probe,
    ProbeModel,
    bulk_excess_ppm,
    dry_ice_co2_l_s,
    produce_co2_l_s,
)
from scanner.simulation.lorry import SimulatedLorry, draw_lorry
from scanner.vehicle import CargoClass, VehicleClass

# an adult at 1.2 met and a little over: 0.0043 L/s at 0 degC is 0.0047 L/s of air at 25 degC
ADULT_L_S = 0.0043


@pytest.mark.parametrize(("minutes", "expected_ppm"), [(30, 250), (60, 490), (240, 1690)])
def test_one_person_in_33_m3_at_a_tenth_of_an_air_change(minutes, expected_ppm):
    excess = bulk_excess_ppm(60.0 * minutes, ADULT_L_S, 33.0, 0.1, inside_c=25.0)
    assert excess == pytest.approx(expected_ppm, rel=0.02)


def test_one_person_in_33_m3_adds_eight_and_a_half_ppm_a_minute():
    first_minute = bulk_excess_ppm(60.0, ADULT_L_S, 33.0, 0.0, inside_c=25.0)
    assert first_minute == pytest.approx(8.5, abs=0.1)


def test_the_closed_form_solves_the_differential_equation():
    volume_m3, changes_h, generation_l_s, inside_c, initial = 47.0, 0.6, 0.013, 4.0, 90.0
    molar_l = 8.314462618 * (273.15 + inside_c) / 101.325  # of the air inside
    mol_s = generation_l_s / 22.414
    air_mol = volume_m3 * 1000.0 / molar_l

    def rate(_t, excess_ppm):
        return mol_s / air_mol * 1e6 - changes_h / 3600.0 * excess_ppm

    t_s = np.linspace(0.0, 4 * 3600.0, 9)
    solved = integrate.solve_ivp(rate, (0, t_s[-1]), [initial], t_eval=t_s, rtol=1e-9, atol=1e-9)
    ours = bulk_excess_ppm(t_s, generation_l_s, volume_m3, changes_h, inside_c, initial)
    np.testing.assert_allclose(ours, solved.y[0], rtol=2e-4)


def test_a_tight_body_fills_linearly():
    hours = np.array([1.0, 10.0, 100.0])
    tight = bulk_excess_ppm(3600 * hours, ADULT_L_S, 33.0, 0.0)
    np.testing.assert_allclose(tight / hours, tight[0], rtol=1e-12)


def test_twenty_tonnes_of_broccoli_breathe_like_thirteen_people():
    assert produce_co2_l_s(20_000.0, 21.0) / ADULT_L_S == pytest.approx(13.0, abs=1.0)


def test_twenty_kilograms_of_dry_ice_make_as_much_as_five_people():
    per_day = 0.18  # a well insulated box loses about a fifth of it in a day
    assert dry_ice_co2_l_s(20.0, per_day / 24.0) / ADULT_L_S == pytest.approx(5.0, abs=0.4)


def test_dry_ice_gives_off_its_own_mass():
    litres = dry_ice_co2_l_s(1.0, 1.0) * 3600.0
    assert litres == pytest.approx(1000.0 / 44.01 * 22.414, rel=1e-3)


@pytest.mark.parametrize("t90_s", [20.0, 60.0, 120.0])
def test_a_probe_reaches_ninety_per_cent_after_its_t90(t90_s):
    probe = Probe(ProbeModel(t90_s, noise_ppm=0.0), start_ppm=400.0, seed=1)
    t_s = np.arange(0.0, 3 * t90_s, 0.25)
    reports = probe.reports(t_s, np.full_like(t_s, 1400.0))
    assert np.interp(t90_s, t_s, reports) == pytest.approx(1300.0, abs=1.0)
    assert np.interp(1.301 * t90_s, t_s, reports) == pytest.approx(1350.0, abs=1.0)


def test_a_probe_asked_at_uneven_times_lags_the_same():
    model = ProbeModel(60.0, noise_ppm=0.0)
    often, seldom = Probe(model, 400.0, seed=1), Probe(model, 400.0, seed=1)
    fine = often.reports(np.arange(0.0, 61.0, 0.5), np.full(122, 900.0))
    coarse = seldom.reports([0.0, 7.0, 60.0], [900.0] * 3)
    assert coarse[-1] == pytest.approx(fine[120], abs=1e-6)


def test_a_probe_reports_gain_offset_step_and_range():
    model = ProbeModel(60.0, offset_ppm=-7.3, gain=1.1, noise_ppm=0.0, step_ppm=1.0, high_ppm=2000.0)
    assert Probe(model, 500.0, seed=1).report(0.0, 500.0) == round(1.1 * 500.0 - 7.3)
    assert Probe(model, 5000.0, seed=1).report(0.0, 5000.0) == 2000.0


def test_the_noise_of_a_probe_has_its_size():
    probe = Probe(ProbeModel(60.0, noise_ppm=3.0), 400.0, seed=1)
    reports = probe.reports(np.arange(4000.0), np.full(4000, 400.0))
    assert reports.std() == pytest.approx(3.0, rel=0.05)


def test_outside_air_has_its_level_and_fluctuation():
    t_s = np.arange(0.0, 40_000.0, 5.0)
    still = OutsideAir(430.0, 5.0, 0.0, seed=3).ppm(t_s)
    assert still.mean() == pytest.approx(430.0, abs=1.0)
    assert still.std() == pytest.approx(5.0, rel=0.1)
    puffs = OutsideAir(430.0, 5.0, 10.0, seed=3).ppm(t_s) - still
    assert puffs.min() >= 0.0
    assert puffs.max() > 20.0


def _lorry(persons, **overrides):
    fixed = {"tip_fraction": 1.0, "tip_fluctuation": 0.0, "initial_excess_ppm": 0.0, "inside_c": 25.0}
    fixed |= {"outside_fluctuation_ppm": 0.0, "exhaust_puffs_per_h": 0.0, "probe_in_s": 3.0}
    fixed |= {"person_co2_l_s": ADULT_L_S, "free_volume_m3": 33.0, "air_changes_per_h": 0.1}
    spec = draw_lorry(11, VehicleClass.REEFER, CargoClass.BOXED, persons, **(fixed | overrides))
    return SimulatedLorry(spec)


def test_the_tip_meets_outside_air_until_it_is_in():
    lorry = _lorry(5, closed_minutes=60.0)
    t_s = np.array([0.0, 2.99, 3.0, 60.0])
    tip, outside = lorry.co2_tip_ppm(t_s), lorry.co2_outside_ppm(t_s)
    np.testing.assert_array_equal(tip[:2], outside[:2])
    assert (tip[2:] > outside[2:] + 1000).all()


def test_the_tip_samples_its_share_of_the_excess():
    whole, part = _lorry(1, closed_minutes=60.0), _lorry(1, closed_minutes=60.0, tip_fraction=0.4)
    assert whole.co2_tip_ppm(10.0) - 490 == pytest.approx(whole.spec.outside_co2_ppm, abs=15)
    excess = part.co2_tip_ppm(10.0) - part.spec.outside_co2_ppm
    assert excess / part.co2_bulk_excess_ppm(10.0) == pytest.approx(0.4)


def test_the_tip_fluctuates_as_much_as_it_is_told():
    lorry = _lorry(5, closed_minutes=60.0, tip_fluctuation=0.1)
    t_s = np.arange(5.0, 3000.0, 1.0)
    relative = (lorry.co2_tip_ppm(t_s) - lorry.spec.outside_co2_ppm) / lorry.co2_bulk_excess_ppm(t_s)
    assert relative.std() == pytest.approx(0.1, rel=0.15)


def test_a_tank_under_nitrogen_holds_less_co2_than_the_air():
    seeds = (s for s in range(40) if draw_lorry(s, cargo=CargoClass.INERT).initial_excess_ppm < 0)
    lorry = SimulatedLorry(draw_lorry(next(seeds), cargo=CargoClass.INERT, closed_minutes=10.0))
    assert 0.0 <= lorry.co2_tip_ppm(30.0) < lorry.co2_outside_ppm(30.0)


def test_a_second_visit_goes_on_where_the_first_ended():
    first = _lorry(1, closed_minutes=60.0)
    second = SimulatedLorry(first.spec.next_visit(after_minutes=15.0))
    at_fifteen = first.co2_bulk_excess_ppm(900.0)
    assert second.co2_bulk_excess_ppm(0.0) == pytest.approx(float(at_fifteen))
    assert math.isclose(second.spec.closed_minutes, 75.0)
    assert (second.seismic_counts(0, 500) != first.seismic_counts(0, 500)).any()
