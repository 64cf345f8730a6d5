"""Time to danger and people as the estimate of the air inside tells them: read from the CO2 features."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scanner.evidence import LifeLimit, LifePoint, LifeRisk, OxygenNow, Persons, Reason
from scanner.life_features import ENDS, course_name
from scanner.life_limits import life_limits

DANGER = "minutes_40000"
"""What sorts alerts: the time until the air is immediately dangerous."""


def estimated_risk(features: Mapping[str, float], cargo_breathes: bool) -> LifeRisk | None:
    """Return the time to danger, or None where the air inside was not estimated.

    Of cargo that breathes nobody knows how it goes on, so its upper end is left open.

    Examples
    --------
    >>> told = {"minutes_40000_low": 90.0, "minutes_40000_likely": 300.0, "minutes_40000_high": math.inf}
    >>> risk = estimated_risk(told, cargo_breathes=False)
    >>> risk.minutes_low, risk.minutes_likely, risk.reason.code
    (90.0, 300.0, 'life_risk_from')
    """
    danger = _band(features, DANGER)
    if danger is None:
        return None
    low, likely, high = danger
    if cargo_breathes:
        high = math.inf
    limits = life_limits()
    told = [("co2", limit, _band(features, f"minutes_{limit}")) for limit in limits.co2_ppm]
    told += [("oxygen", limit, _band(features, f"minutes_oxygen_{limit}")) for limit in limits.oxygen_pct]
    course = [(minutes, _band(features, course_name(minutes))) for minutes in limits.course_minutes]
    return LifeRisk(
        low,
        high,
        _reason(low, high, float(f"{features.get('mean_ppm_high', 0.0):.2g}")),
        minutes_likely=likely,
        limits=tuple(LifeLimit(gas, float(limit), *band) for gas, limit, band in told if band is not None),
        oxygen_pct=_oxygen(features),
        course=tuple(LifePoint(float(minutes), *band) for minutes, band in course if band is not None),
    )


def estimated_persons(features: Mapping[str, float], most: int) -> Persons | None:
    """Return how many people the estimate tells, or None where there is none."""
    band = _band(features, "persons")
    if band is None:
        return None
    low, likely, high = (min(max(round(value), 1), most) for value in band)
    return Persons(low, likely, high)


def _band(features: Mapping[str, float], name: str) -> tuple[float, float, float] | None:
    ends = [features.get(f"{name}_{end}") for end in ENDS]
    low, likely, high = (math.nan if end is None else float(end) for end in ends)
    return None if math.isnan(low + likely + high) else (low, likely, high)


def _oxygen(features: Mapping[str, float]) -> OxygenNow | None:
    band = _band(features, "oxygen_pct")
    if band is None:
        return None
    measured = features.get("oxygen_inside_pct", math.inf)
    # a cell at the tip may find less than the estimate says, for whatever reason
    low, likely, high = (min(value, measured) for value in band)
    return OxygenNow(low, likely, high)


def _reason(low: float, high: float, worst_ppm: float) -> Reason:
    if low <= 0.0:
        return Reason("life_risk_now", {"ppm": worst_ppm})
    if not math.isfinite(low):
        return Reason("life_risk_never", {"ppm": worst_ppm})
    if not math.isfinite(high):
        return Reason("life_risk_from", {"minutes_low": low, "ppm": worst_ppm})
    return Reason("life_risk_between", {"minutes_low": low, "minutes_high": high, "ppm": worst_ppm})
