"""Minutes until the air inside is deadly: what can be said honestly and no more.

Where the CO2 evidence estimated the air inside, its 90 % band is told. Where it
could not, bounds are: people in a closed body follow V dC/dt = n G - λ V (C - C0);
free volume V, breath G and leakage λ of a lorry are not known, so each bound takes
the unfavourable or the favourable end of its range, as far as it agrees with the
level measured. The probe's tip samples one place: the mean may be up to 1/0.3
of what it sees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from scanner.evidence import LifeRisk, Persons, Reason, TemperatureLevel, TemperatureRisk
from scanner.life_estimate import estimated_persons, estimated_risk
from scanner.life_temperature import assess_temperature
from scanner.vehicle import BREATHING, CargoClass, Declaration, VehicleClass

DANGER_PPM = 40_000.0
"""Immediately dangerous to life or health (NIOSH, Pocket Guide to Chemical Hazards)."""

OUTSIDE_AIR_PPM = 430.0

TIP_OF_MEAN = (0.3, 1.1)
"""Excess at the probe's tip as a share of the mean excess (assumption)."""

BREATH_L_PER_S = (0.0031, 0.008)
"""CO2 of one adult, resting to active (Persily & de Jonge, Indoor Air 27 (2017) 868, table 4)."""

SHIVERING_FACTOR = 3.0
"""Shivering people breathe out several times the resting rate (assumption)."""

LEAKAGE_PER_H = (0.01, 1.0)
"""Air changes per hour of a closed body (assumption, wide on purpose)."""

CLOSED_MIN = (10.0, 48 * 60.0)
"""Time since the doors were shut where it is not declared, minutes (assumption)."""

SHIVERING_C = 10.0
"""Below it people may shiver (assumption)."""

MOST_PERSONS = 99


def free_volume_m3(declaration: Declaration) -> tuple[float, float]:
    """Return the range of air volume in the load space, m³ (assumption by class).

    >>> free_volume_m3(Declaration(VehicleClass.TANKER, CargoClass.LIQUID, laden=True))
    (0.5, 30.0)
    """
    laden = declaration.laden and declaration.cargo is not CargoClass.EMPTY
    if declaration.vehicle_class is VehicleClass.TANKER:
        return (0.5, 30.0) if laden else (5.0, 36.0)
    return (15.0, 60.0) if laden else (45.0, 90.0)


def estimate_persons(features: Mapping[str, float], declaration: Declaration) -> Persons | None:
    """Estimate how many people explain the CO2 excess, given that people do.

    Parameters
    ----------
    features : those of the CO2 evidence (``excess_ppm``, ``sigma_ppm``).

    Returns
    -------
    Persons : 5, 50 and 95 % where the air inside was estimated, else the ends that
    the ranges of volume, breath, leakage and mixing allow; None where CO2
    cannot count: no excess beyond two sigmas, no level, or a cargo that breathes itself.

    Examples
    --------
    >>> lorry = Declaration(VehicleClass.REEFER, CargoClass.FROZEN, laden=True, closed_minutes=60)
    >>> estimate_persons({"excess_ppm": 490.0, "sigma_ppm": 20.0}, lorry)
    Persons(low=1, likely=1, high=25)
    """
    excess, sigma = features.get("excess_ppm"), features.get("sigma_ppm")
    if excess is None or sigma is None or not excess > 2 * sigma:
        return None
    if declaration.cargo in BREATHING or declaration.cargo is CargoClass.INERT:
        return None
    estimated = estimated_persons(features, MOST_PERSONS)
    if estimated is not None:
        return estimated
    shortest, longest = _closed_min(declaration)
    volume = free_volume_m3(declaration)
    least = _emission_l_per_s((excess - 2 * sigma) / TIP_OF_MEAN[1], volume[0], LEAKAGE_PER_H[0], longest)
    middle = _emission_l_per_s(
        excess / math.sqrt(TIP_OF_MEAN[0] * TIP_OF_MEAN[1]),
        math.sqrt(volume[0] * volume[1]),
        math.sqrt(LEAKAGE_PER_H[0] * LEAKAGE_PER_H[1]),
        math.sqrt(shortest * longest),
    )
    most = _emission_l_per_s((excess + 2 * sigma) / TIP_OF_MEAN[0], volume[1], LEAKAGE_PER_H[1], shortest)
    low = max(1, math.floor(least / BREATH_L_PER_S[1]))
    high = max(low, math.ceil(most / BREATH_L_PER_S[0]))
    likely = round(middle / math.sqrt(BREATH_L_PER_S[0] * BREATH_L_PER_S[1]))
    low, high = min(low, MOST_PERSONS), min(high, MOST_PERSONS)
    return Persons(low, min(max(likely, low), high), high)


def assess_life_risk(
    features: Mapping[str, float],
    declaration: Declaration,
    persons_range: tuple[float, float] | None,
    temperature_c: float | None,
) -> LifeRisk:
    """Tell the time until CO2 reaches 40 000 ppm and what else endangers people, if they are inside.

    Parameters
    ----------
    features : those of the CO2 evidence, ready or not: those of
        `scanner.life_features.life_features` where the air inside was estimated;
        ``excess_ppm``, ``sigma_ppm``, ``outside_ppm``, ``slope_ppm_per_min`` with its
        sigma, ``oxygen_inside_pct``, and for a probe over its range ``over_range``,
        ``at_least_ppm``.
    persons_range : lowest and highest number of people; None = one or more.
    temperature_c : in the load space, None = not known.

    Returns
    -------
    LifeRisk : 5 and 95 % where the air inside was estimated. Else ``minutes_low`` with
        the worst mixing and the fastest source that agrees with the level, no leakage
        from now on; ``minutes_high`` with the best, ``inf`` where leakage then keeps the
        air below the limit. Both None without a level of CO2, or with one that is not
        above outside air.

    Examples
    --------
    >>> lorry = Declaration(VehicleClass.REEFER, CargoClass.FROZEN, laden=True, closed_minutes=60)
    >>> risk = assess_life_risk({"excess_ppm": 490.0, "sigma_ppm": 20.0}, lorry, (1, 5), 20.0)
    >>> round(risk.minutes_low), risk.minutes_high
    (505, inf)
    """
    closed_minutes = features.get("closed_minutes_high")
    if closed_minutes is None and declaration.closed_minutes is not None:
        closed_minutes = _closed_min(declaration)[1]
    temperature = assess_temperature(temperature_c, closed_minutes)
    risk = _air_risk(features, declaration, persons_range, temperature_c)
    reason = _with_temperature(risk.reason, temperature, temperature_c)
    return replace(risk, reason=reason, temperature=temperature)


def _air_risk(
    features: Mapping[str, float],
    declaration: Declaration,
    persons_range: tuple[float, float] | None,
    temperature_c: float | None,
) -> LifeRisk:
    """Tell what the air alone does to people inside."""
    if declaration.cargo is CargoClass.INERT and "minutes_40000_low" not in features:
        return LifeRisk(0.0, None, Reason("life_risk_inert_tank"))
    if features.get("over_range"):
        at_least = features.get("at_least_ppm", 0.0)
        return LifeRisk(0.0, None, Reason("life_risk_over_range", {"ppm": at_least}))
    estimated = estimated_risk(features, declaration.cargo in BREATHING)
    if estimated is not None:
        return estimated
    return _bounded_risk(features, declaration, persons_range, temperature_c)


def _bounded_risk(
    features: Mapping[str, float],
    declaration: Declaration,
    persons_range: tuple[float, float] | None,
    temperature_c: float | None,
) -> LifeRisk:
    """Bound the time where nobody could estimate the air inside."""
    excess = features.get("excess_ppm")
    if excess is None or not math.isfinite(excess):
        return LifeRisk(None, None, Reason("life_risk_no_level"))
    sigma = features.get("sigma_ppm", 0.0)
    outside = features.get("outside_ppm", OUTSIDE_AIR_PPM)
    worst_ppm = outside + max(excess + 2 * sigma, 0.0) / TIP_OF_MEAN[0]
    best_ppm = outside + max(excess - 2 * sigma, 0.0) / TIP_OF_MEAN[1]
    if worst_ppm <= outside:
        return LifeRisk(None, None, Reason("life_risk_no_excess"))
    if worst_ppm >= DANGER_PPM:
        high = 0.0 if best_ppm >= DANGER_PPM else _minutes_high(best_ppm, outside, declaration, persons_range)
        return LifeRisk(0.0, high, Reason("life_risk_now", {"ppm": worst_ppm}))
    breathing = declaration.cargo in BREATHING
    rise = _measured_rise(features)
    if breathing and rise is None:
        # the cargo's own breath has no bound that would hold
        return LifeRisk(None, None, Reason("life_risk_cargo_breathes", {"ppm": worst_ppm}))
    low = (DANGER_PPM - worst_ppm) / _fastest_ppm_per_min(
        worst_ppm - outside, declaration, persons_range, temperature_c
    )
    high = math.inf if breathing else _minutes_high(best_ppm, outside, declaration, persons_range)
    if rise is not None:
        low = min(low, (DANGER_PPM - worst_ppm) / (rise[1] / TIP_OF_MEAN[0]))
        high = min(high, (DANGER_PPM - best_ppm) / (rise[0] / TIP_OF_MEAN[1]))
    high = max(low, high)
    return LifeRisk(low, high, _reason(low, high, worst_ppm))


def _fastest_ppm_per_min(
    excess_ppm: float,
    declaration: Declaration,
    persons_range: tuple[float, float] | None,
    temperature_c: float | None,
) -> float:
    """Rise that no source exceeds which made this mean excess by steady breathing.

    The shortest time and the strongest leakage need the strongest source; no
    volume enters. So many people in so small a volume may bound it lower.
    """
    by_level = _source_ppm_per_min(excess_ppm, LEAKAGE_PER_H[1], _closed_min(declaration)[0])
    if persons_range is None:
        return by_level
    breath = BREATH_L_PER_S[1]
    if temperature_c is not None and temperature_c < SHIVERING_C:
        breath = max(breath, BREATH_L_PER_S[0] * SHIVERING_FACTOR)
    return min(by_level, _ppm_per_min(persons_range[1] * breath, free_volume_m3(declaration)[0]))


def _closed_min(declaration: Declaration) -> tuple[float, float]:
    if declaration.closed_minutes is None:
        return CLOSED_MIN
    # what papers say may be wrong either way
    return max(declaration.closed_minutes / 2, 1.0), max(declaration.closed_minutes * 2, 2.0)


def _emission_l_per_s(excess_ppm: float, volume_m3: float, leakage_per_h: float, minutes: float) -> float:
    """Steady source that brings a leaky volume to this excess in this time, L/s."""
    return _source_ppm_per_min(excess_ppm, leakage_per_h, minutes) * 1e-6 / 60 * volume_m3 * 1000


def _source_ppm_per_min(excess_ppm: float, leakage_per_h: float, minutes: float) -> float:
    """Rise without leakage of the source that brings a leaky volume to this excess in this time."""
    rate_per_min = leakage_per_h / 60
    return excess_ppm * rate_per_min / -math.expm1(-rate_per_min * minutes)


def _ppm_per_min(emission_l_per_s: float, volume_m3: float) -> float:
    return emission_l_per_s / (volume_m3 * 1000) * 1e6 * 60


def _minutes_high(
    level_ppm: float, outside_ppm: float, declaration: Declaration, persons_range: tuple[float, float] | None
) -> float:
    """Time with the fewest people, the largest volume and the most leakage; inf = never."""
    fewest = persons_range[0] if persons_range else 1.0
    source = _ppm_per_min(fewest * BREATH_L_PER_S[0], free_volume_m3(declaration)[1])
    leakage_per_min = LEAKAGE_PER_H[1] / 60
    settled_ppm = outside_ppm + source / leakage_per_min
    if settled_ppm <= DANGER_PPM:
        return math.inf
    return math.log((settled_ppm - level_ppm) / (settled_ppm - DANGER_PPM)) / leakage_per_min


def _measured_rise(features: Mapping[str, float]) -> tuple[float, float] | None:
    """Two-sigma bounds of a rise that is one beyond doubt, ppm/min at the tip."""
    for name in ("rise", "slope"):  # between dips is the longer lever
        value = features.get(f"{name}_ppm_per_min")
        sigma = features.get(f"{name}_sigma_ppm_per_min")
        if value is not None and sigma is not None and value > 2 * sigma:
            return value - 2 * sigma, value + 2 * sigma
    return None


def _reason(low: float, high: float, worst_ppm: float) -> Reason:
    if math.isfinite(high):
        return Reason("life_risk_between", {"minutes_low": low, "minutes_high": high, "ppm": worst_ppm})
    return Reason("life_risk_from", {"minutes_low": low, "ppm": worst_ppm})


def _with_temperature(reason: Reason, risk: TemperatureRisk, temperature_c: float | None) -> Reason:
    """Say that it is dangerously cold or hot too, where CO2 leaves time."""
    if risk.level is not TemperatureLevel.DANGER or temperature_c is None or reason.code not in _LEAVES_TIME:
        return reason
    values = {**reason.values, "temperature_c": temperature_c}
    code = f"{reason.code}_cold" if risk.cold else f"{reason.code}_hot"
    return Reason(code, values)


_LEAVES_TIME = frozenset({"life_risk_from", "life_risk_between"})
