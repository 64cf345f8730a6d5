"""Figures that judge a detector: area under the curve, thresholds, intervals, tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def auc(scores: npt.NDArray[np.float64], occupied: npt.NDArray[np.bool_]) -> float:
    """Return the probability that an occupied scene scores above an empty one (ties count half)."""
    empty = np.sort(scores[~occupied])
    below = np.searchsorted(empty, scores[occupied], "left")
    up_to = np.searchsorted(empty, scores[occupied], "right")
    return float((below + up_to).mean() / (2 * empty.size))


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


def threshold_at(
    scores: npt.NDArray[np.float64], occupied: npt.NDArray[np.bool_], false_alarms: float
) -> float:
    """Return the score above which the given share of empty scenes lies."""
    return float(np.quantile(scores[~occupied], 1 - false_alarms))


def rate_text(successes: int, trials: int) -> str:
    """Return "rate (low-high), n" for a table."""
    low, high = wilson(successes, trials)
    return f"{successes / max(trials, 1):.3f} ({low:.3f}-{high:.3f}), n={trials}"


def table(
    scores: npt.NDArray[np.float64],
    occupied: npt.NDArray[np.bool_],
    groups: Sequence[str],
    threshold: float,
) -> str:
    """Return a Markdown table of detection and false alarms by group, over all first."""
    lines = ["| Scenes | AUC | Pd (95 % interval) | False alarms (95 % interval) |", "|---|---|---|---|"]
    names = np.array(groups)
    for name in ["all", *sorted(set(groups))]:
        chosen = np.ones(names.size, bool) if name == "all" else names == name
        hit, yes = scores[chosen] > threshold, occupied[chosen]
        area = auc(scores[chosen], yes) if yes.any() and (~yes).any() else math.nan
        lines.append(
            f"| {name} | {area:.3f} | {rate_text(int(hit[yes].sum()), int(yes.sum()))} "
            f"| {rate_text(int(hit[~yes].sum()), int((~yes).sum()))} |"
        )
    return "\n".join(lines)
