"""All figures of a set of judged scans, as JSON values: what the report shows and other programs read."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from scanner.comparison.figures import auc, roc
from scanner.evidence import Reason, Recommendation
from scanner.policy import Policy
from scanner.validation.about import RESULTS_VERSION
from scanner.validation.classes import by_class
from scanner.validation.combinations import FALSE_ALARMS, Fuse, compare_methods, fused_of, methods_of
from scanner.validation.figures import (
    Rate,
    cllr,
    cllr_min,
    exceedances,
    logit_slope,
    predictive_values,
    reliability,
    upper_bound,
)
from scanner.validation.outcome import Outcome
from scanner.validation.tables import (
    alarmed,
    decision_times,
    finite,
    groups,
    parted,
    rate_json,
    rates,
    recommendations,
    share,
    thinned,
    times,
    weighted_rates,
)

BASE_RATES = (1e-2, 1e-3, 1e-4)
SEARCH_LLRS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
WORST = 20
NEEDED_OCCUPIED, NEEDED_EMPTY = 299, 5000
SAME_LLR = 0.01


def results_of(
    outcomes: Sequence[Outcome], fuse: Fuse, policy: Policy, about: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return every figure.

    Parameters
    ----------
    fuse : how ratios of methods are put together, for combinations of them.
    policy : demands of the vehicle classes: time limits, dwell and the boundaries in force (`settled`).
    about : what judged and what was judged, copied.

    Raises
    ------
    ValueError : there is no scan.
    """
    if not outcomes:
        raise ValueError("no scan was judged: there is nothing to count")
    outcomes = sorted(outcomes, key=lambda outcome: outcome.scan)
    occupied, empty = parted(outcomes)
    limits_s = {name.value: demands.time_limit_s for name, demands in policy.items()}
    told = rates(outcomes)
    return {
        "results_version": RESULTS_VERSION,
        "about": dict(about or {}),
        "counts": {
            "scans": len(outcomes),
            "occupied": len(occupied),
            "empty": len(empty),
            "persons": sum(outcome.truth.persons for outcome in outcomes),
        },
        "cautions": [{"code": one.code, "values": dict(one.values)} for one in cautions(outcomes, fuse)],
        "recommendations": recommendations(outcomes),
        "rates": told,
        "weighted": weighted_rates(outcomes),
        "ratios": ratios(outcomes),
        "times": times(outcomes, limits_s),
        "time_curves": {
            name: [round(float(t), 2) for t in np.sort(decision_times(group, limits_s))]
            for name, group in (("occupied", occupied), ("empty", empty))
        },
        "groups": groups(outcomes),
        "classes": by_class(outcomes, fuse, limits_s),
        "methods": compare_methods(outcomes, fuse),
        "thresholds": what_if(outcomes, policy),
        "predictive": predictive(told),
        "worst": worst(outcomes),
        "scans": [
            {
                "scan": o.scan,
                "source": o.source,
                "persons": o.truth.persons,
                "recommendation": o.recommendation,
                "llr": round(o.llr, 4),
                "decided_s": o.decided_s,
                "digest": o.digest,
            }
            for o in outcomes
        ],
    }


def ratios(outcomes: Sequence[Outcome]) -> dict[str, Any] | None:
    """Return how good and how honest the fused ratios at the decision are; None without both kinds."""
    occupied = np.array([outcome.truth.occupied for outcome in outcomes], bool)
    if occupied.all() or not occupied.any():
        return None
    llr = np.array([outcome.llr for outcome in outcomes], float)
    slope, intercept = logit_slope(llr, occupied)
    beyond = zip((10, 100, 1000), exceedances(llr, occupied), strict=True)
    alarms, found = thinned(*roc(llr, occupied))
    return {
        "auc": auc(llr, occupied),
        "cllr": cllr(llr, occupied),
        "cllr_min": cllr_min(llr, occupied),
        "slope": slope,
        "intercept": intercept,
        "exceedances": [
            {
                "ratio": ratio,
                "claimed": 1 / ratio,
                **rate_json(rate),
                "upper": upper_bound(rate.hits, rate.of),
            }
            for ratio, rate in beyond
        ],
        "reliability": [
            {"low": one.low, "high": one.high, "mean": one.mean, "occupied": rate_json(one.occupied)}
            for one in reliability(llr, occupied)
        ],
        "roc": {"false_alarms": alarms.tolist(), "detection": found.tolist()},
    }


def what_if(outcomes: Sequence[Outcome], policy: Policy) -> list[dict[str, Any]]:
    """Return detection and false alarms, had another fused ratio been asked for before a search.

    A scan alarms at the first tick from the minimum dwell on whose ratio reaches the threshold, or at its
    decision. Above the threshold in force that is a lower bound (``exact`` is False): scans ended there
    that might have reached the higher one later. Below it, and for rescue, which asks for the same ratio,
    it is what would have been said.
    """
    occupied, empty = parted(outcomes)
    dwell_s = {name.value: demands.minimum_dwell_s for name, demands in policy.items()}
    in_force = min(d.search_llr for d in policy.values() if d.search_llr is not None)

    def reaches(ratio: float, outcome: Outcome) -> bool:
        dwell = dwell_s.get(outcome.vehicle, 0.0)
        until_s = np.inf if alarmed(outcome) else outcome.decided_s
        heard = (m.llr for m in outcome.course if dwell <= m.elapsed_s <= until_s)
        return max(heard, default=-np.inf) >= ratio or outcome.llr >= ratio

    return [
        {
            "search_llr": ratio,
            "exact": ratio <= in_force,
            "detection": share(occupied, partial(reaches, ratio)),
            "false_alarms": share(empty, partial(reaches, ratio)),
        }
        for ratio in sorted({*SEARCH_LLRS, in_force})
    ]


def predictive(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what an alarm and silence mean where so many lorries hide somebody.

    ``low`` takes the lower end of detection with the upper end of false alarms. Silence is a scan without
    search or rescue.
    """
    detection, alarms = told["detection"], told["false_alarms"]
    if not detection["of"] or not alarms["of"]:
        return []
    rows = []
    for base in BASE_RATES:
        found, hidden = predictive_values(detection["value"], alarms["value"], base)
        low, worst_hidden = predictive_values(detection["low"], alarms["high"], base)
        rows.append(
            {
                "base_rate": base,
                "alarm_finds": finite(found),
                "alarm_finds_low": finite(low),
                "silent_hides": finite(hidden),
                "silent_hides_high": finite(worst_hidden),
            }
        )
    return rows


def worst(outcomes: Sequence[Outcome]) -> dict[str, list[dict[str, Any]]]:
    """Return the misses and false alarms to look at first, the surest mistakes first.

    Misses that were told *no-indication* come before those left *inconclusive*.
    """
    occupied, empty = parted(outcomes)
    silent = [o for o in occupied if not alarmed(o)]
    silent.sort(key=lambda o: (o.recommendation != Recommendation.NO_INDICATION, o.llr))
    loud = sorted((o for o in empty if alarmed(o)), key=lambda o: -o.llr)
    return {"misses": [_case(o) for o in silent[:WORST]], "false_alarms": [_case(o) for o in loud[:WORST]]}


def _case(outcome: Outcome) -> dict[str, Any]:
    return {
        "scan": outcome.scan,
        "persons": outcome.truth.persons,
        "vehicle": outcome.vehicle,
        "cargo": outcome.truth.cargo,
        "declared": outcome.declared,
        "conditions": dict(outcome.truth.conditions),
        "recommendation": outcome.recommendation,
        "llr": round(outcome.llr, 3),
        "decided_s": outcome.decided_s,
        "said": {
            name: {"state": said.state, "llr": round(said.llr, 3), "reason": said.reason}
            for name, said in outcome.said.items()
        },
        "links": list(outcome.links),
        "replay": shlex.join(["lorryscan", "replay", *outcome.links]) if outcome.links else "",
    }


def cautions(outcomes: Sequence[Outcome], fuse: Fuse) -> list[Reason]:
    """Return what has to be known before the figures are believed."""
    occupied, empty = (len(group) for group in parted(outcomes))
    said = []
    if not occupied or not empty:
        said.append(Reason("validation_one_kind", {"occupied": occupied, "empty": empty}))
    if 0 < occupied < NEEDED_OCCUPIED:
        bound = 100 * upper_bound(0, occupied)
        said.append(Reason("validation_few_occupied", {"n": occupied, "bound": bound}))
    if 0 < empty < NEEDED_EMPTY:
        low, high = Rate(round(FALSE_ALARMS * empty), empty).interval
        said.append(Reason("validation_few_empty", {"n": empty, "low": 100 * low, "high": 100 * high}))
    if 0 < empty < 1 / FALSE_ALARMS:
        said.append(Reason("validation_no_threshold", {"n": empty}))
    if occupied and empty:
        said.append(Reason("validation_same_empty"))
    early = sum(not outcome.final for outcome in outcomes)
    if early:
        said.append(Reason("validation_not_final", {"n": early}))
    selected = [outcome for outcome in outcomes if "lane" in outcome.truth.conditions]
    if selected and all(
        o.truth.weight <= 1.0 and o.truth.conditions.get("planted") != "yes" for o in selected
    ):
        said.append(Reason("validation_selected"))
    projected = sum("projected" in outcome.truth.conditions for outcome in outcomes)
    if projected:
        said.append(Reason("validation_projected", {"n": projected}))
    fused = fused_of(outcomes, methods_of(outcomes), fuse)
    other = sum(
        bool(np.isfinite(a) and abs(a - outcome.llr) > SAME_LLR)
        for a, outcome in zip(fused, outcomes, strict=True)
    )
    if other:
        said.append(Reason("validation_other_weights", {"n": other}))
    return said
