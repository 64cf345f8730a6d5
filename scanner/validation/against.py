"""Two versions on the same scans: what one finds and the other does not, and which decisions changed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drivers.api import ConfigError
from scanner.comparison.figures import mcnemar
from scanner.evidence import Recommendation
from scanner.validation.about import RESULTS_VERSION
from scanner.validation.tables import ALARMS

Z95 = 1.959964


def read_results(path: Path) -> dict[str, Any]:
    """Read the results of another run.

    Raises
    ------
    ConfigError : the file cannot be read, or is of another kind or version.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"--against {path}: cannot be read ({error}): give a results.json") from None
    if not isinstance(told, dict) or "scans" not in told:
        raise ConfigError(f"--against {path}: give the results.json of another validation")
    if told.get("results_version") != RESULTS_VERSION:
        raise ConfigError(
            f"--against {path}: its version is {told.get('results_version')}, not {RESULTS_VERSION}: "
            "make it again with this lorryscan"
        )
    return told


def compare_results(this: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return paired differences, this less the other, as JSON values.

    Scans are the same where what they were computed from has the same hash. Where the labels differ, this
    one's count.
    """
    before = {scan["source"]: scan for scan in other["scans"]}
    pairs = [(scan, before[scan["source"]]) for scan in this["scans"] if scan["source"] in before]
    occupied = [pair for pair in pairs if pair[0]["persons"] > 0]
    empty = [pair for pair in pairs if pair[0]["persons"] == 0]
    changed = [pair for pair in pairs if pair[0]["recommendation"] != pair[1]["recommendation"]]
    changed.sort(key=lambda pair: -abs(pair[0]["llr"] - pair[1]["llr"]))
    silent = (Recommendation.NO_INDICATION,)
    return {
        "other": other.get("about", {}),
        "common": len(pairs),
        "only_this": len(this["scans"]) - len(pairs),
        "only_other": len(other["scans"]) - len(pairs),
        "relabelled": sum((one["persons"] > 0) != (two["persons"] > 0) for one, two in pairs),
        "digests_equal": sum(one["digest"] == two["digest"] for one, two in pairs),
        "detection": paired(occupied, ALARMS),
        "no_indication": paired(occupied, silent),
        "false_alarms": paired(empty, ALARMS),
        "mean_s": [_mean([pair[side]["decided_s"] for pair in pairs]) for side in (0, 1)],
        "changed": [
            {
                "scan": one["scan"],
                "persons": one["persons"],
                "this": one["recommendation"],
                "other": two["recommendation"],
                "llr": one["llr"],
                "other_llr": two["llr"],
            }
            for one, two in changed
        ],
    }


def paired(
    pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], words: Sequence[str]
) -> dict[str, Any]:
    """Return how often each of two versions said one of some recommendations of the same scans.

    ``p`` is McNemar's, exact, two-sided; the interval of the difference is the adjusted Wald one.

    References
    ----------
    Bonett & Price, Journal of Educational and Behavioral Statistics 37 (2012) 479-488.
    """
    one, two = (np.array([pair[side]["recommendation"] in words for pair in pairs], bool) for side in (0, 1))
    only_this, only_other, n = int((one & ~two).sum()), int((two & ~one).sum()), len(pairs)
    low, high = difference_interval(only_this, only_other, n)
    return {
        "of": n,
        "this": int(one.sum()),
        "other": int(two.sum()),
        "only_this": only_this,
        "only_other": only_other,
        "difference": (only_this - only_other) / n if n else None,
        "low": low,
        "high": high,
        "p": mcnemar(one, two),
    }


def difference_interval(only_this: int, only_other: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two shares of the same scans (Bonett & Price).

    Examples
    --------
    >>> [round(end, 3) for end in difference_interval(0, 0, 98)]
    [-0.028, 0.028]
    """
    gained, lost = (only_this + 1) / (n + 2), (only_other + 1) / (n + 2)
    centre = gained - lost
    half = Z95 * math.sqrt((gained + lost - centre**2) / (n + 2))
    return max(centre - half, -1.0), min(centre + half, 1.0)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
