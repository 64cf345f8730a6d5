"""Each method and every combination of methods on the same scans: what each would find alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from scanner.comparison.figures import auc, mcnemar, roc, threshold
from scanner.fusion import fuse_ratios
from scanner.policy import MODALITIES, Policy
from scanner.validation.figures import Rate
from scanner.validation.outcome import Outcome
from scanner.validation.tables import finite, rate_json, thinned
from scanner.vehicle import VehicleClass

FALSE_ALARMS = 0.01

Fuse = Callable[[str, Mapping[str, float]], float]
"""From a vehicle class and the ratio of each ready method to the fused ratio."""


def fusing(weights: Mapping[str, float], policy: Policy) -> Fuse:
    """Return the fusion of the pipeline over ratios, with a calibration's weights and a policy's distrust."""

    def fused(vehicle: str, ratios: Mapping[str, float]) -> float:
        return fuse_ratios(ratios, weights, policy[VehicleClass(vehicle)].distrust).llr

    return fused


def methods_of(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the methods that any scan names, in the order of the reports."""
    named = {name for outcome in outcomes for name in outcome.said}
    return [name for name in MODALITIES if name in named] + sorted(named - set(MODALITIES))


def fused_of(outcomes: Sequence[Outcome], methods: Sequence[str], fused: Fuse) -> npt.NDArray[np.float64]:
    """Return the fused ratio of some methods in each scan, -inf where none of them was ready ``(n,)``."""
    found = []
    for outcome in outcomes:
        ready = {name: outcome.said[name].llr for name in methods if _ready(outcome, name)}
        found.append(fused(outcome.vehicle, ready) if ready else -np.inf)
    return np.array(found, float)


def compare_methods(
    outcomes: Sequence[Outcome], fused: Fuse, *, singles_only: bool = False
) -> list[dict[str, Any]]:
    """Return figures of every combination as JSON values, all methods together first.

    ``singles_only`` leaves out combinations of two and more but for all together.

    Each has the threshold that at most `FALSE_ALARMS` of the empty scans exceed; a scan in which none of
    its methods was ready never alarms, which is a miss where somebody is inside. It is held against all
    methods on the same scans (McNemar, exact, two-sided). Ratios are those of the decision, whatever the
    combination: one that would have taken longer to decide is not given the time.
    """
    occupied = np.array([outcome.truth.occupied for outcome in outcomes], bool)
    if not occupied.any() or occupied.all():
        return []
    names = methods_of(outcomes)
    sizes = {len(names), 1} if singles_only else set(range(1, len(names) + 1))
    sets = [chosen for size in sorted(sizes, reverse=True) for chosen in combinations(names, size)]
    rows: list[dict[str, Any]] = []
    by_all: npt.NDArray[np.bool_] | None = None
    for chosen in sets:
        llr = fused_of(outcomes, chosen, fused)
        cut = threshold(llr[~occupied], FALSE_ALARMS)
        alarms = llr > cut
        found = alarms[occupied]
        by_all = found if by_all is None else by_all
        answered = np.isfinite(llr)
        curve = [axis.round(5).tolist() for axis in thinned(*roc(llr, occupied))]
        rows.append(
            {
                "methods": list(chosen),
                "threshold": finite(cut),
                "answered_occupied": int(answered[occupied].sum()),
                "answered_empty": int(answered[~occupied].sum()),
                "auc": auc(llr, occupied),
                "detection": rate_json(Rate(int(found.sum()), int(found.size))),
                "false_alarms": rate_json(Rate(int(alarms[~occupied].sum()), int((~occupied).sum()))),
                "only_this": int((found & ~by_all).sum()),
                "only_all": int((by_all & ~found).sum()),
                "p": mcnemar(found, by_all),
                "roc": {"false_alarms": curve[0], "detection": curve[1]},
            }
        )
    return rows


def _ready(outcome: Outcome, name: str) -> bool:
    said = outcome.said.get(name)
    return said is not None and said.ready
