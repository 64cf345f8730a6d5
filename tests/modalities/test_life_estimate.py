"""Time to danger from draws of the air: closed forms, published cases, bands that hold what they promise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate

from scanner.evidence import TemperatureLevel
from scanner.life_course import Course, co2_course, oxygen_course, oxygen_left_pct
from scanner.life_features import life_features
from scanner.life_risk import assess_life_risk, estimate_persons
from scanner.life_temperature import assess_temperature
from scanner.signals.co2_posterior import AirPosterior
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from scanner.wording import LANGUAGES, sentence

LORRY = Declaration(VehicleClass.REEFER, CargoClass.BOXED, laden=True, closed_minutes=60.0)
FRUIT = Declaration(VehicleClass.REEFER, CargoClass.PRODUCE, laden=True)
EMPTY = Declaration(VehicleClass.REEFER, CargoClass.EMPTY)
MANY = 4096

REST_L_S = (0.0031, 0.0048)
"""One adult at rest, 1.0 to 1.2 met (Persily & de Jonge 2017, table 4)."""

LEAKAGE_PER_H = (0.01, 1.0)
"""Of a closed body (assumption, as wide as everywhere here)."""


def log_uniform(rng: np.random.Generator, ends: tuple[float, float], n: int) -> np.ndarray:
    return np.exp(rng.uniform(math.log(ends[0]), math.log(ends[1]), n))


def just_shut(persons: int, volume_m3: tuple[float, float], seed: int) -> AirPosterior:
    """So many people at rest, shut in now with fresh air."""
    rng, nothing = np.random.default_rng(seed), np.zeros(MANY)
    return AirPosterior(
        weight=np.full(MANY, 1.0 / MANY),
        persons=np.full(MANY, float(persons)),
        person_co2_l_s=log_uniform(rng, REST_L_S, MANY),
        cargo_co2_l_s=nothing,
        free_volume_m3=log_uniform(rng, volume_m3, MANY),
        air_changes_per_h=log_uniform(rng, LEAKAGE_PER_H, MANY),
        closed_minutes=nothing,
        mean_excess_ppm=nothing,
        outside_ppm=430.0,
    )


def lorries(n: int, seed: int, cargo_l_s: tuple[float, float] | None = None) -> AirPosterior:
    """Lorries as they may be, their excess the one that follows from the rest."""
    rng = np.random.default_rng(seed)
    air = AirPosterior(
        weight=np.full(n, 1.0 / n),
        persons=rng.integers(1, 8, n).astype(float),
        person_co2_l_s=log_uniform(rng, (0.0031, 0.006), n),
        cargo_co2_l_s=np.zeros(n) if cargo_l_s is None else log_uniform(rng, cargo_l_s, n),
        free_volume_m3=log_uniform(rng, (12.0, 50.0), n),
        air_changes_per_h=log_uniform(rng, LEAKAGE_PER_H, n),
        closed_minutes=log_uniform(rng, (10.0, 600.0), n),
        mean_excess_ppm=np.zeros(n),
        outside_ppm=430.0,
    )
    course = co2_course(air, 10.0)
    leak = course.leakage_per_min
    now = course.source_ppm_per_min / leak * -np.expm1(-leak * air.closed_minutes)
    return replace(air, mean_excess_ppm=now)


def chosen(air: AirPosterior, kept: np.ndarray) -> AirPosterior:
    """These draws, of equal weight."""
    return AirPosterior(
        np.full(kept.size, 1.0 / kept.size),
        air.persons[kept],
        air.person_co2_l_s[kept],
        air.cargo_co2_l_s[kept],
        air.free_volume_m3[kept],
        air.air_changes_per_h[kept],
        air.closed_minutes[kept],
        air.mean_excess_ppm[kept],
        air.outside_ppm,
    )


def test_times_and_courses_are_those_of_the_integrated_balance() -> None:
    rng = np.random.default_rng(31)
    for _ in range(8):
        start, source, leak = rng.uniform(0, 2e4), rng.uniform(50, 600), rng.uniform(0, 0.01)

        def balance(_: float, e: np.ndarray, s: float = source, k: float = leak) -> np.ndarray:
            return s - k * e

        def reached(_: float, e: np.ndarray) -> float:
            return float(e[0] - 39_570.0)

        reached.terminal = True  # type: ignore[attr-defined]
        solved = integrate.solve_ivp(balance, (0, 1e4), [start], events=reached, rtol=1e-9, atol=1e-6)
        events = solved.t_events[0] if solved.t_events else np.zeros(0)
        truth = float(events[0]) if events.size else math.inf
        course = Course(np.array([start]), np.array([source]), np.array([leak]))
        assert course.minutes_to([39_570.0])[0, 0] == pytest.approx(truth, rel=1e-5)
        if math.isfinite(truth):
            assert course.after([truth])[0, 0] == pytest.approx(39_570.0, rel=1e-5)


def test_limits_that_are_passed_or_out_of_reach() -> None:
    past = Course(np.array([5e4, 5e4, 100.0]), np.array([0.0, 10.0, 1.0]), np.array([0.01, 0.0, 0.01]))
    assert past.minutes_to([4e4])[0].tolist() == [0.0, 0.0, math.inf]


def test_falling_air_never_reaches_a_higher_limit() -> None:
    falling = Course(np.array([3e4]), np.array([0.0]), np.array([0.01]))
    assert falling.minutes_to([4e4])[0, 0] == math.inf


def test_people_take_oxygen_and_dry_ice_pushes_it_aside() -> None:
    one = np.ones(1)
    people = AirPosterior(one, 4 * one, 0.005 * one, 0 * one, 30 * one, 0 * one, 0 * one, 0 * one, 430.0)
    risen = float(co2_course(people, 0.0).after([100.0])[0, 0])
    gone = float(oxygen_course(people, CargoClass.BOXED, 0.0).after([100.0])[0, 0])
    assert gone / risen == pytest.approx(1 / 0.85)  # respiratory quotient
    ice = replace(people, persons=0 * one, cargo_co2_l_s=0.02 * one)
    gone = float(oxygen_course(ice, CargoClass.DRY_ICE, 0.0).after([100.0])[0, 0])
    assert gone / risen == pytest.approx(0.21, abs=0.001)  # a fifth of the air that went


def test_oxygen_now_follows_from_how_the_air_came_about() -> None:
    one = np.ones(1)
    shut = AirPosterior(one, 4 * one, 0.005 * one, 0 * one, 30 * one, 0.2 * one, 90 * one, 0 * one, 430.0)
    since = Course(np.zeros(1), co2_course(shut, 0.0).source_ppm_per_min, np.array([0.2 / 60]))
    now = since.after([90.0])[0]
    left = oxygen_left_pct(oxygen_course(replace(shut, mean_excess_ppm=now), CargoClass.BOXED, 0.0).now_ppm)
    assert left[0] == pytest.approx(20.95 - now[0] / 0.85 / 1e4)


def test_the_deadly_lorry_of_parndorf() -> None:
    # 71 people in a closed reefer body: air for 30 min to 3 h (DOMAIN). A small chilled lorry's body
    # of 30 to 40 m3 less 0.07 m3 a person (assumption).
    told = life_features(just_shut(71, (25.0, 35.0), 32), EMPTY, 25.0)
    assert 30 < told["minutes_40000_low"] < told["minutes_40000_high"] < 180
    assert told["minutes_oxygen_10_low"] < 180 < told["minutes_oxygen_10_high"]  # the last of the air


def test_the_deadly_trailer_of_essex() -> None:
    # 39 people, unit off: CO2 toxic after about 7 h, 38.5 degC (DOMAIN). A body of 80 to 88 m3 less
    # 0.07 m3 a person (assumption).
    told = life_features(just_shut(39, (77.0, 85.0), 33), EMPTY, 38.5)
    assert told["minutes_40000_low"] < 7 * 60 < told["minutes_40000_high"]
    assert told["minutes_40000_likely"] == pytest.approx(7 * 60, rel=0.5)
    heat = assess_temperature(38.5, 0.0)
    assert heat.level is TemperatureLevel.DANGER
    assert heat.minutes_low is not None
    assert heat.minutes_low < 2 * 60 < 7 * 60


@pytest.mark.parametrize("cargo_l_s", [None, (0.0015, 0.2)], ids=["quiet", "produce"])
def test_the_band_holds_the_truth_as_often_as_it_says(cargo_l_s: tuple[float, float] | None) -> None:
    # truth and cloud are drawn alike, each weighed by a measured level with its error and its place
    cloud, truths = lorries(40_000, 34, cargo_l_s), lorries(600, 35, cargo_l_s)
    rng = np.random.default_rng(36)
    place = rng.uniform(0.3, 1.1, 40_000)
    expected = np.log(cloud.mean_excess_ppm * place)
    seen = np.log(truths.mean_excess_ppm * rng.uniform(0.3, 1.1, 600)) + 0.1 * rng.standard_normal(600)
    when = co2_course(truths, 10.0).minutes_to([39_570.0])[0]
    covered = []
    declaration = LORRY if cargo_l_s is None else FRUIT
    for level, truth in zip(seen[:400], when[:400], strict=True):
        weight = np.exp(-0.5 * ((expected - level) / 0.1) ** 2)
        kept = rng.choice(weight.size, 1024, p=weight / weight.sum())
        told = life_features(chosen(cloud, kept), declaration, 10.0)
        covered.append(told["minutes_40000_low"] <= truth <= told["minutes_40000_high"])
    assert 0.85 <= np.mean(covered) <= 0.97  # inf at the upper end covers a little more than asked


def test_the_estimate_is_told_as_it_is() -> None:
    told = life_features(lorries(512, 37), LORRY, 10.0) | {"excess_ppm": 900.0, "sigma_ppm": 20.0}
    risk = assess_life_risk(told, LORRY, (1, 4), 10.0)
    assert risk.minutes_low == told["minutes_40000_low"]
    assert risk.minutes_likely == told["minutes_40000_likely"]
    assert [limit.limit for limit in risk.limits] == [15_000, 40_000, 100_000, 17, 10]
    assert len(risk.course) == 12
    for language in LANGUAGES:
        assert sentence(risk.reason, language)


def test_limits_come_in_their_order_and_bands_do_not_cross() -> None:
    risk = assess_life_risk(life_features(lorries(512, 38), LORRY, 10.0), LORRY, None, 10.0)
    lows = [limit.low for limit in risk.limits if limit.gas == "co2"]
    assert lows == sorted(lows)
    assert all(limit.low <= limit.likely <= limit.high for limit in risk.limits)
    assert all(point.low <= point.likely <= point.high for point in risk.course)


def test_breathing_cargo_leaves_the_upper_end_open() -> None:
    told = life_features(lorries(512, 39, (0.05, 0.2)), FRUIT, 4.0)
    risk = assess_life_risk(told, FRUIT, None, 4.0)
    assert risk.minutes_high == math.inf


def test_a_measured_lack_of_oxygen_is_never_talked_up() -> None:
    told = life_features(lorries(512, 40), LORRY, 10.0) | {"oxygen_inside_pct": 12.0}
    oxygen = assess_life_risk(told, LORRY, None, 10.0).oxygen_pct
    assert oxygen is not None
    assert oxygen.high == 12.0


def test_a_probe_over_its_range_outweighs_an_old_estimate() -> None:
    told = life_features(lorries(512, 41), LORRY, 10.0) | {"over_range": 1.0, "at_least_ppm": 1e4}
    assert assess_life_risk(told, LORRY, None, 10.0).minutes_low == 0.0


def test_people_are_those_of_the_estimate() -> None:
    told = {"excess_ppm": 900.0, "sigma_ppm": 20.0}
    told |= {"persons_low": 1.0, "persons_likely": 2.0, "persons_high": 6.0}
    counted = estimate_persons(told, LORRY)
    assert counted is not None
    assert (counted.low, counted.likely, counted.high) == (1, 2, 6)


@pytest.mark.parametrize(
    ("temperature_c", "level"),
    [
        (-20.0, TemperatureLevel.DANGER),
        (4.0, TemperatureLevel.WATCH),
        (20.0, TemperatureLevel.NONE),
        (32.0, TemperatureLevel.WATCH),
        (38.5, TemperatureLevel.DANGER),
        (None, TemperatureLevel.UNKNOWN),
        (math.nan, TemperatureLevel.UNKNOWN),
    ],
)
def test_temperature_has_its_own_level(temperature_c: float | None, level: TemperatureLevel) -> None:
    assert assess_temperature(temperature_c, 10.0).level is level


def test_published_survival_in_the_cold_less_the_time_inside() -> None:
    # Tikuisis 1995: unclothed, still air: 2.5 h at -20 degC, 9.0 h at 0; lightly clothed 15.4 h at -20
    frozen, freezing = assess_temperature(-20.0, 60.0), assess_temperature(0.0, 0.0)
    assert (frozen.minutes_low, frozen.minutes_high) == (90.0, 864.0)
    assert (freezing.minutes_low, freezing.minutes_high) == (540.0, None)


def test_no_time_is_promised_where_nobody_knows_how_long_they_froze() -> None:
    assert assess_temperature(-20.0).minutes_low is None


def test_heat_that_cannot_leave_raises_the_core_in_closed_form() -> None:
    # 105 W into 244 kJ/K: 3 K after 116 min at 35 degC
    assert assess_temperature(35.0, 0.0).minutes_high == pytest.approx(244e3 * 3 / 105 / 60, rel=1e-6)
