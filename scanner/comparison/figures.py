"""Figures that tell detectors apart: area under the curve, rates with intervals, paired differences."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

Scores = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

RESAMPLES = 2000


def auc(scores: Scores, occupied: Truth) -> float:
    """Return the probability that an occupied scene scores above an empty one (ties count half).

    Examples
    --------
    >>> auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, False, True, True]))
    0.875
    """
    return float(_weighted_auc(scores, occupied, np.ones((1, scores.size)))[0])


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson 95 % interval of a rate.

    References
    ----------
    Wilson, Journal of the American Statistical Association 22 (1927) 209-212.
    """
    if trials == 0:
        return 0.0, 1.0
    rate = successes / trials
    centre = rate + z * z / (2 * trials)
    half = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max((centre - half) / scale, 0.0), min((centre + half) / scale, 1.0)


def threshold(empty: Scores, false_alarms: float) -> float:
    """Return the lowest of these scores that at most this share of them exceeds.

    Examples
    --------
    >>> threshold(np.arange(1000.0), 0.01)
    989.0
    """
    ranked = np.sort(empty)[::-1]
    return float(ranked[min(math.floor(false_alarms * ranked.size), ranked.size - 1)])


def mcnemar(one: Truth, other: Truth) -> float:
    """Return the two-sided exact p that two detectors find the same share of paired trials.

    References
    ----------
    McNemar, Psychometrika 12 (1947) 153-157.

    Examples
    --------
    >>> mcnemar(np.array([True] * 6), np.array([True] + [False] * 5))
    0.0625
    """
    only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
    if only_one + only_other == 0:
        return 1.0
    return float(stats.binomtest(only_one, only_one + only_other, 0.5).pvalue)


def resampled_weights(lorries: npt.NDArray[np.int64], occupied: Truth, seed: int = 0) -> Scores:
    """Return how often each trial is drawn in each bootstrap resample, float ``(RESAMPLES, n_trials)``.

    Lorries are drawn, not scans: scans of one lorry resemble each other. Lorries seen both ways, only
    occupied and only empty ones are drawn apart, so that every resample has both.

    Parameters
    ----------
    lorries : int ``(n_trials,)``, which lorry a trial is of, from 0.
    """
    rng = np.random.default_rng(seed)
    count = int(lorries.max()) + 1
    with_people, without = np.zeros(count, bool), np.zeros(count, bool)
    with_people[lorries[occupied]] = True
    without[lorries[~occupied]] = True
    drawn = np.zeros((RESAMPLES, count))
    for kind in (with_people & without, with_people & ~without, ~with_people & without):
        size = int(kind.sum())
        if size:
            drawn[:, kind] = rng.multinomial(size, np.full(size, 1 / size), RESAMPLES)
    return drawn[:, lorries]


def auc_resampled(scores: Scores, occupied: Truth, weights: Scores) -> Scores:
    """Return the area under the curve in each resample, ``(RESAMPLES,)``."""
    return _weighted_auc(scores, occupied, weights)


def interval(resampled: Scores) -> tuple[float, float]:
    """Return the 95 % interval of a resampled figure (percentiles)."""
    low, high = np.quantile(resampled, (0.025, 0.975))
    return float(low), float(high)


def roc(scores: Scores, occupied: Truth) -> tuple[Scores, Scores]:
    """Return false alarm and detection rates over all thresholds, from none to all."""
    cuts = np.concatenate([[np.inf], np.unique(scores)[::-1]])
    empty, people = np.sort(scores[~occupied]), np.sort(scores[occupied])
    alarms, found = (1 - np.searchsorted(s, cuts, "left") / s.size for s in (empty, people))
    return np.asarray(alarms), np.asarray(found)


def _weighted_auc(scores: Scores, occupied: Truth, weights: Scores) -> Scores:
    order = np.argsort(scores, kind="stable")
    ranked, people, weight = scores[order], occupied[order], weights[:, order]
    empties = np.concatenate([np.zeros((len(weight), 1)), np.cumsum(weight * ~people, axis=1)], axis=1)
    below = np.searchsorted(ranked, ranked[people], "left")
    up_to = np.searchsorted(ranked, ranked[people], "right")
    of_people = weight[:, people]
    wins = (of_people * (empties[:, below] + empties[:, up_to]) / 2).sum(axis=1)
    return np.asarray(wins / (of_people.sum(axis=1) * empties[:, -1]))
