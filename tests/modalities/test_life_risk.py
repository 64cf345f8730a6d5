"""Time to danger: the bounds hold against the integrated balance of air, and unknown stays unknown."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate

from scanner.evidence import LifeRisk
from scanner.life_risk import DANGER_PPM, assess_life_risk, estimate_persons, free_volume_m3
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from scanner.wording import LANGUAGES, sentence

LORRY = Declaration(VehicleClass.REEFER, CargoClass.FROZEN, laden=True, closed_minutes=60.0)
TANK = Declaration(VehicleClass.TANKER, CargoClass.LIQUID, laden=True, closed_minutes=30.0)


def spoken(risk: LifeRisk) -> LifeRisk:
    for language in LANGUAGES:
        assert sentence(risk.reason, language)
    return risk


@pytest.mark.parametrize("declaration", [LORRY, TANK])
def test_the_bounds_hold_for_every_lorry_within_the_ranges(declaration: Declaration) -> None:
    rng = np.random.default_rng(21)
    for _ in range(60):
        persons = int(rng.integers(1, 12))
        volume_m3 = rng.uniform(*free_volume_m3(declaration))
        leakage_per_min = math.exp(rng.uniform(math.log(0.01), math.log(1.0))) / 60
        source = persons * rng.uniform(0.0031, 0.008) / volume_m3 * 1000 * 60  # ppm/min
        assert declaration.closed_minutes is not None
        closed = declaration.closed_minutes * rng.uniform(0.6, 1.8)

        def balance(_: float, c: np.ndarray, k: float = leakage_per_min, s: float = source) -> np.ndarray:
            return s - k * (c - 430.0)

        def danger(_: float, c: np.ndarray) -> float:
            return float(c[0] - DANGER_PPM)

        danger.terminal = True  # type: ignore[attr-defined]
        now = integrate.solve_ivp(balance, (0, closed), [430.0], rtol=1e-8).y[0, -1]
        if now >= DANGER_PPM:
            continue
        course = integrate.solve_ivp(balance, (0, 1e5), [now], events=danger, rtol=1e-8)
        truth = course.t_events[0][0] if course.t_events[0].size else math.inf
        seen = (now - 430.0) * rng.uniform(0.3, 1.1)
        features = {"excess_ppm": seen, "sigma_ppm": 20.0, "outside_ppm": 430.0}
        risk = spoken(assess_life_risk(features, declaration, (persons, persons), 10.0))
        assert risk.minutes_low is not None
        assert risk.minutes_high is not None
        assert risk.minutes_low <= truth * 1.001
        assert risk.minutes_high >= truth * 0.999
        counted = estimate_persons(features, declaration)
        if counted is not None:
            assert counted.low <= persons <= counted.high


def test_a_level_near_the_limit_is_danger_now() -> None:
    risk = spoken(assess_life_risk({"excess_ppm": 13_000.0, "sigma_ppm": 50.0}, TANK, (1, 2), 10.0))
    assert risk.minutes_low == 0.0
    assert risk.reason.code == "life_risk_now"


def test_a_measured_rise_shortens_the_time() -> None:
    level = {"excess_ppm": 2000.0, "sigma_ppm": 20.0}
    rising = level | {"slope_ppm_per_min": 900.0, "slope_sigma_ppm_per_min": 20.0}
    slow = spoken(assess_life_risk(level, LORRY, (1, 1), 10.0))
    fast = spoken(assess_life_risk(rising, LORRY, (1, 1), 10.0))
    assert slow.minutes_low is not None
    assert fast.minutes_low is not None
    assert fast.minutes_low < slow.minutes_low
    assert fast.minutes_high == pytest.approx((40_000 - 430 - 1960 / 1.1) / (860 / 1.1), rel=1e-3)


def test_a_rise_within_its_noise_changes_nothing() -> None:
    level = {"excess_ppm": 2000.0, "sigma_ppm": 20.0}
    noisy = level | {"slope_ppm_per_min": 900.0, "slope_sigma_ppm_per_min": 600.0}
    assert assess_life_risk(noisy, LORRY, (1, 1), 10.0) == assess_life_risk(level, LORRY, (1, 1), 10.0)


def test_more_people_are_sooner_in_danger() -> None:
    level = {"excess_ppm": 500.0, "sigma_ppm": 20.0}
    lows = [assess_life_risk(level, LORRY, (n, n), 10.0).minutes_low for n in (1, 5, 20)]
    assert lows == sorted(lows, reverse=True)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("temperature_c", "ending"), [(-20.0, "_cold"), (41.0, "_hot"), (12.0, ""), (None, "")]
)
@pytest.mark.parametrize("declaration", [LORRY, TANK])
def test_cold_and_heat_are_said(declaration: Declaration, temperature_c: float | None, ending: str) -> None:
    risk = spoken(
        assess_life_risk({"excess_ppm": 500.0, "sigma_ppm": 20.0}, declaration, (4, 8), temperature_c)
    )
    assert risk.reason.code in {"life_risk_from" + ending, "life_risk_between" + ending}


def test_what_cannot_be_told_is_none() -> None:
    assert spoken(assess_life_risk({}, LORRY, (1, 3), 5.0)).minutes_low is None
    assert assess_life_risk({"excess_ppm": math.nan}, LORRY, None, None).minutes_low is None
    below = spoken(assess_life_risk({"excess_ppm": -60.0, "sigma_ppm": 20.0}, LORRY, None, None))
    assert (below.minutes_low, below.minutes_high) == (None, None)
    fruit = Declaration(VehicleClass.REEFER, CargoClass.PRODUCE, laden=True)
    breathing = spoken(assess_life_risk({"excess_ppm": 900.0, "sigma_ppm": 20.0}, fruit, (1, 3), 5.0))
    assert (breathing.minutes_low, breathing.minutes_high) == (None, None)


def test_a_probe_over_its_range_and_an_inert_tank_are_danger_now() -> None:
    over = spoken(assess_life_risk({"over_range": 1.0, "at_least_ppm": 10_000.0}, LORRY, None, None))
    assert over.minutes_low == 0.0
    inert = Declaration(VehicleClass.TANKER, CargoClass.INERT, laden=True)
    assert spoken(assess_life_risk({}, inert, None, None)).minutes_low == 0.0


def test_people_are_counted_only_where_co2_can() -> None:
    assert estimate_persons({}, LORRY) is None
    assert estimate_persons({"excess_ppm": 30.0, "sigma_ppm": 20.0}, LORRY) is None
    fruit = Declaration(VehicleClass.REEFER, CargoClass.PRODUCE, laden=True)
    assert estimate_persons({"excess_ppm": 3000.0, "sigma_ppm": 20.0}, fruit) is None
    few = estimate_persons({"excess_ppm": 490.0, "sigma_ppm": 20.0}, LORRY)
    many = estimate_persons({"excess_ppm": 9000.0, "sigma_ppm": 20.0}, LORRY)
    assert few is not None
    assert many is not None
    assert few.low == 1
    assert few.low <= few.likely <= few.high
    assert many.likely > few.likely
