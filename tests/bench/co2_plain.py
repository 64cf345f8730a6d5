"""The two plain CO2 alarms that the method is compared with: excess over outside air, and rate of rise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scanner.simulation.co2_batch import DipSeries

Array = npt.NDArray[np.float64]

LAST_S = 15.0
SETTLED_T90 = 1.3
"""A first-order probe shows 95 % of a step after 1.3 times its T90."""

LEAST_POINTS = 5


def excess_ppm(series: DipSeries) -> Array:
    """Mean of the last 15 s inside minus the median outside, ppm ``(n,)``, mean over dips.

    Raw, as a handheld alarm does it: "a few hundred ppm above outside".
    """
    each = []
    for dip in range(series.inside_ppm.shape[1]):
        inside, outside, t = _heard(series, dip)
        last = t > t[-1] - LAST_S
        each.append(inside[:, last].mean(axis=1) - np.median(outside[:, t > 0], axis=1))
    return np.asarray(np.mean(each, axis=0))


def slope_ppm_per_min(series: DipSeries, t90_s: Array) -> Array:
    """Rate of rise, ppm/min ``(n,)``: least squares behind 1.3 T90, or the whole dip where it is shorter.

    Over two dips the rise of the excess from dip to dip counts as well: the two
    rates are averaged, weighted by the inverse of their spans' squares, which are
    what white noise leaves of either.
    """
    slopes, levels = [], []
    n_dips = series.inside_ppm.shape[1]
    for dip in range(n_dips):
        inside, outside, t = _heard(series, dip)
        begin = SETTLED_T90 * t90_s
        begin = np.where(begin > t[-1] - LEAST_POINTS * (t[1] - t[0]), 0.0, begin)
        used = (t > begin[:, np.newaxis]).astype(float)
        weight = used / used.sum(axis=1, keepdims=True)
        centred = t - (weight * t).sum(axis=1, keepdims=True)
        slopes.append(60.0 * (weight * centred * inside).sum(axis=1) / (weight * centred**2).sum(axis=1))
        levels.append(inside[:, t > t[-1] - LAST_S].mean(axis=1) - np.median(outside[:, t > 0], axis=1))
    within = np.mean(slopes, axis=0)
    if n_dips == 1:
        return np.asarray(within)
    apart_min = (series.insertion_s[-1] - series.insertion_s[0]) / 60.0
    between = (levels[-1] - levels[0]) / apart_min
    short = (series.t_s[-1] / 60.0) ** 2
    return np.asarray((within * short + between * apart_min**2) / (short + apart_min**2))


def _heard(series: DipSeries, dip: int) -> tuple[Array, Array, Array]:
    held = np.isfinite(series.inside_ppm[:, dip]).any(axis=0)
    return series.inside_ppm[:, dip, held], series.outside_ppm[:, dip, held], series.t_s[held]
