"""What spoils a dip: breaks in time, wrong units, another probe, breath, exhaust. Pure checks on series."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from scanner.signals.co2_dip import BEFORE_S, time_constant_s

Array = npt.NDArray[np.float64]

GAP_S = 10.0
"""A dip with a longer hole, or four of the probe's periods, is not one dip (assumption)."""

FREE_AIR_PPM = (300.0, 2000.0)
"""Corrected outside air beyond these is a broken reference or an exhaust plume (assumption)."""

PLUME_SHIFT_PPM = 80.0
"""Free air that changes by so much within a dip is no reference (assumption)."""

BREATH_PPM = 350.0
"""Breath holds 40 000 ppm; some hundred upwards of it reach the tip past a hand (assumption)."""

BREATH_ENDS_S = 40.0

LOWEST_RANGE_PPM = 2000.0
"""No CO2 probe of the supported kinds ends its range below (their data sheets)."""

PINNED_READINGS = 5
"""So many equal readings at a round figure are the end of a range (assumption)."""

JUMP_PPM = 25.0
"""A step between two readings that no lag lets through, beyond ten times the noise (assumption)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a dip: a reason's code and the values of its sentence."""

    code: str
    values: Mapping[str, float] = field(default_factory=dict)


def find_gap(t_s: npt.ArrayLike, until_s: float, period_s: float) -> Finding | None:
    """Find a hole between insertion and ``until_s``, the ends included.

    Parameters
    ----------
    t_s : float ``(n,)``, ascending, s since insertion.

    Examples
    --------
    >>> find_gap([0.0, 1.0, 21.0, 22.0], 22.0, 1.0)
    Finding(code='co2_gap', values={'seconds': 20.0})
    """
    within = np.asarray(t_s, float)
    within = np.concatenate([[0.0], within[(within >= 0) & (within <= until_s)], [until_s]])
    longest = float(np.diff(within).max())
    return Finding("co2_gap", {"seconds": longest}) if longest > max(GAP_S, 4 * period_s) else None


def find_wrong_units(
    outside_ppm: npt.ArrayLike, inside_ppm: npt.ArrayLike, inside_s: npt.ArrayLike = ()
) -> Finding | None:
    """Find percent or a factor of ten where ppm are meant, from the start or from one reading on.

    Parameters
    ----------
    outside_ppm, inside_ppm : float ``(n,)``, in order of time.
    inside_s : float ``(n,)`` of the inside readings, s since insertion; with
        it the two probes are compared in free air, too.

    Examples
    --------
    >>> find_wrong_units([0.043] * 9, [430.0] * 9)
    Finding(code='co2_units', values={'factor': 10000.0})
    >>> find_wrong_units([430.0] * 9, [430.0, 431.0, 450.0, 470.0, 490.0]) is None
    True
    """
    outside = np.asarray(outside_ppm, float)
    if outside.size >= 3:
        middle = float(np.median(outside))
        for factor in (10.0, 100.0, 1000.0, 10_000.0):
            if 330.0 <= middle * factor <= 700.0 or (factor > 10.0 and 330.0 <= middle / factor <= 700.0):
                return Finding("co2_units", {"factor": factor})
    inside, at_s = np.asarray(inside_ppm, float), np.asarray(inside_s, float)
    free = inside[at_s < 0] if at_s.size else inside[:0]
    if outside.size >= 3 and free.size >= 3:
        decades = _steady_decades(free, float(np.median(outside)))
        if decades:
            return Finding("co2_units", {"factor": 10.0**decades})
    for series in (outside, inside):
        found = _power_of_ten_step(series)
        if found:
            return Finding("co2_units", {"factor": found})
    return None


def _steady_decades(free: Array, reference: float) -> int:
    """Whole decades between a probe that stands still in free air and the reference, 0 when it is none."""
    middle = float(np.median(free))
    if middle <= 0 or reference <= 0 or float(np.ptp(free)) > 0.1 * middle:
        return 0
    decades = math.log10(middle / reference)
    whole = round(decades)
    return abs(whole) if abs(decades - whole) < 0.1 else 0


def _power_of_ten_step(y: Array) -> float:
    """Factor by which two readings before and two after differ, 0 when it is no power of ten."""
    if y.size < 4 or (y <= 0).any():
        return 0.0
    before, after = np.log10(y[1:-2]), np.log10(y[2:-1])
    step = after - before
    steady = np.maximum(np.abs(np.log10(y[:-3]) - before), np.abs(np.log10(y[3:]) - after)) < 0.02
    whole = np.round(step)
    hit = np.flatnonzero(steady & (np.abs(whole) >= 1) & (np.abs(step - whole) < 0.035))
    return float(10.0 ** abs(whole[hit[0]])) if hit.size else 0.0


def find_saturation(t_s: npt.ArrayLike, inside_ppm: npt.ArrayLike) -> Finding | None:
    """Find a probe that rose to the end of its range and stays there without saying so.

    Ranges end at round figures; a level that a lag settles to is approached
    slowly, the end of a range at full speed.

    Parameters
    ----------
    t_s, inside_ppm : float ``(n,)``, s since insertion and readings as sent, uncorrected.

    Examples
    --------
    >>> t = np.arange(0.0, 60.0, 2.0)
    >>> rise = 430 + 20_000 * (1 - np.exp(-t / 26))
    >>> find_saturation(t, rise) is None, find_saturation(t, np.minimum(rise, 10_000.0))
    (True, Finding(code='co2_over_range', values={'ppm': 10000.0}))
    """
    t, y = np.asarray(t_s, float), np.asarray(inside_ppm, float)
    # the last digit shows best in free air, before the rise
    change = np.abs(np.diff(y))
    y = y[t >= 0]
    top = float(y.max()) if y.size else 0.0
    if top < LOWEST_RANGE_PPM or top % 500.0:
        return None
    at_top = np.flatnonzero(y == top)
    first = int(at_top[0])
    if first == 0 or at_top.size < PINNED_READINGS or not change.any():
        return None
    digit = float(change[change > 0].min())
    rise = top - float(y[max(first - PINNED_READINGS, 0)])
    stays = at_top.size >= 0.8 * (y.size - first)
    return Finding("co2_over_range", {"ppm": top}) if stays and rise > PINNED_READINGS * digit else None


def find_jump(t_s: npt.ArrayLike, inside_ppm: npt.ArrayLike, noise_ppm: float) -> Finding | None:
    """Find a step between two readings that stays: another probe, or one that rebased itself.

    A first-order probe answers a step in the air with a bend and not with a step,
    so the change from one reading to the next stands alone only when the probe
    itself is another.

    Examples
    --------
    >>> t = np.arange(0.0, 60.0)
    >>> rise = 430 + 200 * (1 - np.exp(-t / 26))
    >>> find_jump(t, rise, 1.0) is None, find_jump(t, rise + 60 * (t > 30), 1.0).code
    (True, 'co2_probe_jumped')
    """
    t, y = np.asarray(t_s, float), np.asarray(inside_ppm, float)
    y = y[t >= 0]
    if y.size < 8:
        return None
    change = np.diff(y)
    around = np.stack([change[:-4], change[1:-3], change[3:-1], change[4:]])
    alone = change[2:-2] - np.median(around, axis=0)
    # eddies and breath change the neighbours as well
    usual = np.maximum(np.abs(around - np.median(around, axis=0)).max(axis=0), noise_ppm)
    three = np.median(np.lib.stride_tricks.sliding_window_view(y, 3), axis=1)
    stays = np.abs(three[3 : 3 + alone.size] - three[: alone.size])
    limit = np.maximum(np.maximum(10 * noise_ppm, JUMP_PPM), 5 * usual)
    hit = np.flatnonzero((np.abs(alone) > limit) & (stays > 0.5 * np.abs(alone)))
    return Finding("co2_probe_jumped", {"ppm": float(alone[hit[0]])}) if hit.size else None


def find_breath(
    t_s: npt.ArrayLike, inside_ppm: npt.ArrayLike, t90_s: float, noise_ppm: float
) -> Finding | None:
    """Find a puff at the tip that came and went: an officer's breath.

    The tip's course is recovered from the lag by y + tau dy/dt over some seconds.

    Examples
    --------
    >>> t, tau = np.arange(0.0, 120.0, 2.0), 60 / np.log(10)
    >>> rise = 430 + 200 * (1 - np.exp(-t / tau))
    >>> puff = 2000 * (1 - np.exp(-10 / tau)) * np.exp(-np.maximum(t - 40, 0) / tau) * (t >= 40)
    >>> find_breath(t, rise, 60.0, 2.0) is None, find_breath(t, rise + puff, 60.0, 2.0).code
    (True, 'co2_breath')
    """
    t, y = np.asarray(t_s, float), np.asarray(inside_ppm, float)
    t, y = t[t >= 0], y[t >= 0]
    if t.size < 8 or t[-1] < 20.0:
        return None
    tau = time_constant_s(t90_s)
    # a straight line over some six seconds gives the rate; its noise limits what can be seen
    width = max(3, int(np.ceil(6.0 / max(float(np.median(np.diff(t))), 0.1))))
    if t.size <= width + 3:
        return None
    windows_t = np.lib.stride_tricks.sliding_window_view(t, width)
    windows_y = np.lib.stride_tricks.sliding_window_view(y, width)
    centred = windows_t - windows_t.mean(axis=1, keepdims=True)
    spread = np.sum(centred**2, axis=1)
    rate = np.sum(centred * windows_y, axis=1) / spread
    tip = windows_y.mean(axis=1) + tau * rate
    tip_noise = noise_ppm * np.sqrt(1.0 / width + tau**2 / spread)
    usual = float(np.median(tip))
    limit = np.maximum(BREATH_PPM, 7 * tip_noise) + abs(usual - float(y[0]))
    high = tip - usual > limit
    at_s = windows_t.mean(axis=1)
    if not high.any() or high[-1] or at_s[high][-1] - at_s[high][0] > BREATH_ENDS_S:
        return None
    return Finding("co2_breath", {"ppm": float((tip - usual).max()), "seconds": float(at_s[high][0])})


def find_plume(t_s: npt.ArrayLike, outside_ppm: npt.ArrayLike) -> Finding | None:
    """Find outside air that is none: exhaust at the reference, as a level or as a drift within the dip.

    Single puffs are left to the median that the reference is.

    Examples
    --------
    >>> t = np.arange(-60.0, 60.0, 2.0)
    >>> find_plume(t, np.full(60, 430.0)) is None, find_plume(t, 430 + np.maximum(t, 0) * 5).code
    (True, 'co2_exhaust')
    """
    t, y = np.asarray(t_s, float), np.asarray(outside_ppm, float)
    y = y[t >= -BEFORE_S]
    if y.size < 6:
        return None
    third = y.size // 3
    first, last = float(np.median(y[:third])), float(np.median(y[-third:]))
    level = float(np.median(y))
    if abs(last - first) > PLUME_SHIFT_PPM:
        return Finding("co2_exhaust", {"ppm": max(first, last), "shift_ppm": last - first})
    if float(np.mean(y > level + PLUME_SHIFT_PPM)) > 0.3:
        return Finding("co2_exhaust", {"ppm": float(np.quantile(y, 0.9)), "shift_ppm": last - first})
    return None


def find_implausible_air(outside_ppm: float) -> Finding | None:
    """Find free air that cannot be.

    >>> find_implausible_air(2500.0)
    Finding(code='co2_outside_implausible', values={'ppm': 2500.0})
    """
    low, high = FREE_AIR_PPM
    if low <= outside_ppm <= high and math.isfinite(outside_ppm):
        return None
    return Finding("co2_outside_implausible", {"ppm": outside_ppm})
