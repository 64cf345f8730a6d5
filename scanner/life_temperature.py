"""Hypothermia and heat stroke from the temperature in the load space: published times, long and short."""

from __future__ import annotations

import numpy as np

from scanner.evidence import TemperatureLevel, TemperatureRisk
from scanner.life_limits import ColdLimits, HeatLimits, life_limits


def assess_temperature(temperature_c: float | None, closed_minutes: float | None = None) -> TemperatureRisk:
    """Say whether the temperature in the load space is a danger of its own.

    Parameters
    ----------
    temperature_c : in the load space; None = not measured.
    closed_minutes : how long people may have been in there at most; None = not known.

    Returns
    -------
    TemperatureRisk : ``minutes_low`` for people who are hardly clothed or whose heat
        all stays in them, ``minutes_high`` for lightly clothed ones at rest; both are
        what is left after ``closed_minutes``. None where no source goes so far, or where
        it is not known how long they have been inside.

    Examples
    --------
    >>> frozen = assess_temperature(-20.0, 30.0)
    >>> frozen.level.value, frozen.minutes_low, frozen.minutes_high
    ('danger', 120.0, 894.0)
    >>> assess_temperature(20.0).level.value, assess_temperature(None).level.value
    ('none', 'unknown')
    """
    if temperature_c is None or not np.isfinite(temperature_c):
        return TemperatureRisk(TemperatureLevel.UNKNOWN)
    limits = life_limits()
    if temperature_c <= limits.cold.watch_c:
        danger = temperature_c <= limits.cold.danger_c
        short, long = _cold_minutes(temperature_c, limits.cold)
        cold = True
    elif temperature_c >= limits.heat.watch_c:
        danger = temperature_c >= limits.heat.danger_c
        short, long = _heat_minutes(temperature_c, limits.heat) if danger else (None, None)
        cold = False
    else:
        return TemperatureRisk(TemperatureLevel.NONE)
    level = TemperatureLevel.DANGER if danger else TemperatureLevel.WATCH
    return TemperatureRisk(level, cold, _left(short, closed_minutes), _left(long, closed_minutes))


def _left(minutes: float | None, closed_minutes: float | None) -> float | None:
    if minutes is None or closed_minutes is None:
        return None
    return max(round(minutes - closed_minutes, 6), 0.0)


def _cold_minutes(temperature_c: float, cold: ColdLimits) -> tuple[float | None, float | None]:
    """Return survival times of the unclothed and the lightly clothed; colder than the table, its end."""
    short = long = None
    if temperature_c <= cold.bare_c[-1]:
        # below the table the unclothed time is shorter still: nothing is promised
        beyond = temperature_c < cold.bare_c[0]
        short = 0.0 if beyond else float(np.interp(temperature_c, cold.bare_c, cold.bare_h)) * 60.0
    if temperature_c <= cold.clothed_c[-1]:
        long = float(np.interp(temperature_c, cold.clothed_c, cold.clothed_h)) * 60.0
    return short, long


def _heat_minutes(temperature_c: float, heat: HeatLimits) -> tuple[float, float]:
    """Return the times until 40 degC in the core when no heat leaves the body, short and long."""
    hotter_k = temperature_c - heat.danger_c
    fast, slow = (
        heat.body_j_per_k
        * heat.core_rise_k
        / (heat.metabolic_w[end] + heat.gain_w_per_k[end] * hotter_k)
        / 60.0
        for end in (1, 0)
    )
    return fast, slow
