"""Figures of labelled scans: exact intervals, how good and how honest log-likelihood ratios are.

Rates are shares with Clopper-Pearson intervals. Log-likelihood ratios are natural logarithms of
occupied against empty; costs are in bits, as usual for them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats
from scipy.special import expit

Array = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

_PULL = 1e-9  # keeps a fit of separable data finite


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its exact 95 % interval."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """Share, NaN of nothing."""
        return self.hits / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end.

        References
        ----------
        Clopper & Pearson, Biometrika 26 (1934) 404-413.

        Examples
        --------
        >>> [round(end, 4) for end in Rate(0, 299).interval]
        [0.0, 0.0123]
        """
        return clopper_pearson(self.hits, self.of)


def clopper_pearson(hits: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact two-sided interval of a share.

    Examples
    --------
    >>> [round(end, 3) for end in clopper_pearson(50, 5000)]
    [0.007, 0.013]
    """
    if of == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(stats.beta.ppf(tail, hits, of - hits + 1))
    high = 1.0 if hits == of else float(stats.beta.ppf(1 - tail, hits + 1, of - hits))
    return low, high


def upper_bound(hits: int, of: int, confidence: float = 0.95) -> float:
    """Return the exact one-sided upper bound of a share.

    Examples
    --------
    >>> upper_bound(0, 299) < 0.01 < upper_bound(0, 298)
    True
    """
    if of == 0 or hits == of:
        return 1.0
    return float(stats.beta.ppf(confidence, hits + 1, of - hits))


def paired_difference(only_first: int, only_second: int, of: int) -> tuple[float, float, float]:
    """Return how much larger the first of two shares of the same ``of`` trials is, with its 95 % interval.

    Parameters
    ----------
    only_first, only_second : trials in which one of the two alone is a hit.

    References
    ----------
    Agresti & Min, Statistics in Medicine 24 (2005) 729-740: Wald's interval with half a trial more in each
    cell of the table.

    Examples
    --------
    >>> [round(one, 4) for one in paired_difference(20, 0, 200)]
    [0.1, 0.0567, 0.1413]
    """
    if of == 0:
        return math.nan, -1.0, 1.0
    more = of + 2
    middle = (only_first - only_second) / more
    spread = math.sqrt((only_first + only_second + 1) - more * middle**2) / more
    half = float(stats.norm.ppf(0.975)) * spread
    return (only_first - only_second) / of, max(middle - half, -1.0), min(middle + half, 1.0)


def cllr(llr: Array, occupied: Truth) -> float:
    """Return the cost of log-likelihood ratios, bits: 0 = perfect, 1 = as good as saying nothing.

    References
    ----------
    Brümmer & du Preez, Computer Speech and Language 20 (2006) 230-275.

    Examples
    --------
    >>> cllr(np.zeros(4), np.array([True, True, False, False]))
    1.0
    """
    if occupied.all() or not occupied.any():
        return math.nan
    people, empty = llr[occupied], llr[~occupied]
    cost = np.logaddexp(0.0, -people).mean() + np.logaddexp(0.0, empty).mean()
    return float(cost / (2 * math.log(2)))


def best_llr(llr: Array, occupied: Truth) -> Array:
    """Return the ratios that their order alone allows: pooled adjacent violators, infinite at the ends.

    References
    ----------
    Brümmer & du Preez 2006; Ahuja & Orlin, Operations Research 49 (2001) 784-789.
    """
    order = np.lexsort((occupied, llr))  # of ties, empty ones first: then pooling gives them one value
    ranked = llr[order]
    _, place, count = np.unique(ranked, return_inverse=True, return_counts=True)
    share = np.bincount(place, weights=occupied[order]) / count
    pooled = optimize.isotonic_regression(share, weights=count).x[place]
    odds = math.log(occupied.sum()) - math.log((~occupied).sum())
    with np.errstate(divide="ignore"):
        found = np.log(pooled) - np.log1p(-pooled) - odds
    out = np.empty(llr.size)
    out[order] = found
    return out


def cllr_min(llr: Array, occupied: Truth) -> float:
    """Return the cost that is left when nothing but the order of the ratios is kept, bits.

    What `cllr` has above it is bad calibration.

    Examples
    --------
    >>> cllr_min(np.array([5.0, 6.0, 7.0, 8.0]), np.array([False, False, True, True]))
    0.0
    """
    if occupied.all() or not occupied.any():
        return math.nan
    return cllr(best_llr(llr, occupied), occupied)


def logit_slope(llr: Array, occupied: Truth) -> tuple[float, float]:
    """Return slope and intercept of the logistic regression of truth on ratios, classes weighted alike.

    A slope of 1 and an intercept of 0 are perfect; below 1 the ratios claim too much.

    References
    ----------
    Cox, Biometrika 45 (1958) 562-565.
    """
    sign = np.where(occupied, 1.0, -1.0)
    weight = np.where(occupied, 0.5 / max(occupied.sum(), 1), 0.5 / max((~occupied).sum(), 1))

    def loss(parameters: Array) -> tuple[float, Array]:
        slope, intercept = parameters
        margin = sign * (slope * llr + intercept)
        pull = weight * sign * expit(-margin)
        value = float(np.sum(weight * np.logaddexp(0.0, -margin)) + _PULL * slope * slope)
        return value, np.array([-np.sum(pull * llr) + 2 * _PULL * slope, -np.sum(pull)])

    fit = optimize.minimize(loss, np.array([1.0, 0.0]), jac=True)
    return float(fit.x[0]), float(fit.x[1])


def exceedances(llr: Array, occupied: Truth, ratios: tuple[float, ...] = (10.0, 100.0, 1000.0)) -> list[Rate]:
    """Return how many empty scans have a ratio of each value or more: an honest one has at most 1 in so many.

    References
    ----------
    Royall, Journal of the American Statistical Association 95 (2000) 760-768.
    """
    empty = llr[~occupied]
    return [Rate(int((empty >= math.log(ratio)).sum()), int(empty.size)) for ratio in ratios]


@dataclass(frozen=True, slots=True)
class Bin:
    """Scans whose posterior lies within a bin, and how many of them were occupied."""

    low: float
    high: float
    mean: float
    occupied: Rate


def reliability(llr: Array, occupied: Truth, bins: int = 10) -> list[Bin]:
    """Return occupied shares by posterior, the prior being the scans' own share; without empty bins."""
    share = float(occupied.mean())
    if share in (0.0, 1.0):
        return []
    chance = expit(llr + math.log(share) - math.log1p(-share))
    place = np.minimum((chance * bins).astype(int), bins - 1)
    found = []
    for k in range(bins):
        inside = place == k
        if inside.any():
            hits = Rate(int(occupied[inside].sum()), int(inside.sum()))
            found.append(Bin(k / bins, (k + 1) / bins, float(chance[inside].mean()), hits))
    return found


def predictive_values(detection: float, false_alarms: float, base_rate: float) -> tuple[float, float]:
    """Return the share of alarms that find somebody, and of silent scans that hide somebody.

    Examples
    --------
    >>> found, hidden = predictive_values(0.95, 0.01, 1e-4)
    >>> round(found, 4), round(hidden * 1e6, 1)
    (0.0094, 5.1)
    """
    alarm = base_rate * detection + (1 - base_rate) * false_alarms
    silent = 1 - alarm
    return (
        base_rate * detection / alarm if alarm else math.nan,
        base_rate * (1 - detection) / silent if silent else math.nan,
    )
