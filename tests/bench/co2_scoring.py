"""Thresholds, proportions with intervals, paired tests and calibration measures for detection tables."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

Array = npt.NDArray[np.float64]


def usable(score: npt.ArrayLike) -> Array:
    """Return scores with "cannot tell" (NaN) as the last to alarm."""
    return np.asarray(np.nan_to_num(np.asarray(score, float), nan=-np.inf, posinf=np.inf, neginf=-np.inf))


def threshold(empty: npt.ArrayLike, rate: float) -> float:
    """Return the score above which a share ``rate`` of these empty trials lies.

    Examples
    --------
    >>> threshold(np.arange(1000.0), 0.01)
    989.0
    """
    ranked = np.sort(usable(empty))[::-1]
    return float(ranked[min(math.floor(rate * ranked.size), ranked.size - 1)])


def interval(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a proportion (Clopper & Pearson, Biometrika 26 (1934) 404).

    Examples
    --------
    >>> [round(end, 3) for end in interval(50, 5000)]
    [0.007, 0.013]
    """
    low, high = stats.binomtest(int(hits), int(n)).proportion_ci(0.95, "exact")
    return float(low), float(high)


def mcnemar(better: npt.ArrayLike, worse: npt.ArrayLike) -> float:
    """One-sided exact p that ``better`` detects no more than ``worse``, paired trials (McNemar 1947).

    Examples
    --------
    >>> round(mcnemar([1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]), 4)
    0.0312
    """
    a, b = np.asarray(better, bool), np.asarray(worse, bool)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    if only_a + only_b == 0:
        return 1.0
    return float(stats.binom.sf(only_a - 1, only_a + only_b, 0.5))


def holm(p: npt.ArrayLike) -> Array:
    """Return p values corrected for their number (Holm, Scand. J. Statist. 6 (1979) 65).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    raw = np.asarray(p, float)
    order = np.argsort(raw)
    steps = np.maximum.accumulate(raw[order] * np.arange(raw.size, 0, -1))
    out = np.empty_like(raw)
    out[order] = np.minimum(steps, 1.0)
    return out


def loss_interval(
    ours: Array, ours_empty: Array, other: Array, other_empty: Array, rate: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return Pd lost against another detector, with a 95 % paired bootstrap interval.

    Occupied trials are drawn again in pairs, and so are the empties that set both thresholds.
    """
    first = np.mean(usable(other) > threshold(other_empty, rate)) - np.mean(
        usable(ours) > threshold(ours_empty, rate)
    )
    again = []
    for _ in range(400):
        empties = rng.integers(0, len(ours_empty), len(ours_empty))
        rows = rng.integers(0, len(ours), len(ours))
        mine = usable(ours)[rows] > threshold(ours_empty[empties], rate)
        theirs = usable(other)[rows] > threshold(other_empty[empties], rate)
        again.append(theirs.mean() - mine.mean())
    low, high = np.quantile(again, [0.025, 0.975])
    return float(first), float(low), float(high)


def cllr(occupied: npt.ArrayLike, empty: npt.ArrayLike) -> float:
    """Cost of natural-log likelihood ratios in bits (Brümmer & du Preez, CSL 20 (2006) 230).

    Examples
    --------
    >>> cllr([0.0], [0.0])
    1.0
    """
    one, none = np.asarray(occupied, float), np.asarray(empty, float)
    cost = np.logaddexp(0.0, -one).mean() + np.logaddexp(0.0, none).mean()
    return float(cost / (2.0 * math.log(2.0)))


def best_ratios(occupied: npt.ArrayLike, empty: npt.ArrayLike) -> tuple[Array, Array]:
    """Return the log ratios that the order of these scores allows at best: pooled adjacent violators.

    The probability of "occupied" is fitted as a rising function of the score
    (isotonic regression), and the prior odds of the sample are taken off.
    """
    one, none = np.asarray(occupied, float), np.asarray(empty, float)
    score = np.concatenate([one, none])
    truth = np.concatenate([np.ones(one.size), np.zeros(none.size)])
    _, place, many = np.unique(score, return_inverse=True, return_counts=True)
    share = np.bincount(place, truth) / many
    fitted = optimize.isotonic_regression(share, weights=many.astype(float)).x[place]
    with np.errstate(divide="ignore"):
        ratio = np.log(fitted) - np.log1p(-fitted) - math.log(one.size / none.size)
    return ratio[: one.size], ratio[one.size :]


def cllr_min(occupied: npt.ArrayLike, empty: npt.ArrayLike) -> float:
    """Return what of `cllr` no recalibration can take away.

    Examples
    --------
    >>> cllr_min([1.0, 2.0], [-2.0, -1.0])
    0.0
    """
    return cllr(*best_ratios(occupied, empty))
