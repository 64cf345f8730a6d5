"""Figures of the bench on recorded hearts: detection at 1 % on each null, subjects drawn again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.bench.co2_scoring import threshold, usable
from tests.bench.real_hearts_answers import Key, Scores
from tests.bench.real_hearts_trials import AXES, CONDITIONS, HEART, NULLS

Array = npt.NDArray[np.float64]

RATE = 0.01
BOOTSTRAPS = 400


def detection(hearts: Scores, empties: Scores, rate: float = RATE, seed: int = 0) -> dict[str, float]:
    """Return Pd at a false-alarm rate, with a 95 % interval, and the share of hearts above a null's median.

    Subjects are drawn again with all their windows and with their empties, so that the
    threshold's own uncertainty is in the interval. *Unavailable* (NaN) is a miss.

    >>> names = np.repeat(["a", "b", "c", "d"], 25)
    >>> hearts, empties = Scores(names, np.arange(100.0) + 95.5), Scores(names, np.arange(100.0))
    >>> found = detection(hearts, empties)
    >>> found["pd"], found["n_empty"]
    (0.97, 100)
    """
    names, whose = np.unique(hearts.subject, return_inverse=True)
    theirs = np.searchsorted(names, empties.subject)
    value, null = usable(hearts.value), usable(empties.value)
    limit = threshold(null, rate)
    rng = np.random.default_rng((86_003, seed))
    # a subject's weight is how often it was drawn: one sort serves all draws
    order = np.argsort(null)[::-1]
    ranked, owner = null[order], theirs[order]
    again = []
    for _ in range(BOOTSTRAPS):
        weight = np.bincount(rng.integers(0, names.size, names.size), minlength=names.size)
        above = np.cumsum(weight[owner])
        at = int(np.searchsorted(above, math.floor(rate * above[-1]), "right"))
        hits = value > ranked[min(at, ranked.size - 1)]
        again.append(float((weight[whose] * hits).sum() / weight[whose].sum()))
    low, high = np.quantile(again, [0.025, 0.975])
    return {
        "pd": float((value > limit).mean()),
        "low": float(low),
        "high": float(high),
        "threshold": limit,
        "above_half": above_half(value, null),
        "unavailable": float(np.isnan(hearts.value).mean()),
        "n": int(value.size),
        "n_empty": int(null.size),
        "subjects": int(names.size),
    }


def above_half(value: Array, null: Array) -> float:
    """Return how often a heart scores above an empty trial, ties halved: 0.5 where they are alike.

    >>> above_half(np.array([1.0, 3.0]), np.array([0.0, 2.0]))
    0.75
    """
    ranked = np.sort(null)
    below = np.searchsorted(ranked, value, "left") + np.searchsorted(ranked, value, "right")
    return float(below.mean() / (2 * ranked.size))


def null_of(scores: dict[Key, Scores], statistic: str, axes: str, condition: str, kind: str) -> Scores:
    """Return the empties of a null; the smooth noise is the same for all conditions."""
    return scores[statistic, axes, "clean" if kind == "smooth" else condition, kind]


def all_detections(scores: dict[Key, Scores]) -> list[dict[str, Any]]:
    """Return one row for each statistic, axes, condition and null."""
    out = []
    for statistic in dict.fromkeys(key[0] for key in scores):
        for axes in AXES:
            for condition in CONDITIONS:
                hearts = scores[statistic, axes, condition, HEART]
                for kind in NULLS:
                    found = detection(hearts, null_of(scores, statistic, axes, condition, kind))
                    out.append(
                        {
                            "statistic": statistic,
                            "axes": axes,
                            "condition": condition,
                            "null": kind,
                            **found,
                        }
                    )
    return out


def curve(hearts: Scores, empties: Scores) -> tuple[Array, Array]:
    """Return false-alarm rates and detections of all thresholds, for a plot."""
    limits = np.unique(usable(empties.value))[::-1]
    null, value = np.sort(usable(empties.value)), np.sort(usable(hearts.value))
    alarms = 1 - np.searchsorted(null, limits, "right") / null.size
    return alarms, 1 - np.searchsorted(value, limits, "right") / value.size
