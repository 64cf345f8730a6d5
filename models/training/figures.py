"""Figures that judge a detector: area under the curve, thresholds, intervals, tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scanner.comparison.figures import auc, wilson


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
