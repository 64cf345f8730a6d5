"""Figures of any group of judged scans as JSON values: rates, times, weighted rates."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from scanner.evidence import Recommendation
from scanner.validation.figures import Rate, clopper_pearson, upper_bound
from scanner.validation.outcome import Outcome

ALARMS = (Recommendation.SEARCH, Recommendation.RESCUE)
RESAMPLES = 2000
ROC_POINTS = 300
CONDITION = "condition "
"""How the names of tables by condition begin."""


def alarmed(outcome: Outcome) -> bool:
    """Tell whether a scan's recommendation was search or rescue."""
    return outcome.recommendation in ALARMS


def finite(value: float) -> float | None:
    """Return a number as JSON has it, None where it is infinite or not a number."""
    return float(value) if math.isfinite(value) else None


def rate_json(rate: Rate) -> dict[str, Any]:
    """Return a share with its exact interval; without any scan its value is None."""
    low, high = rate.interval
    return {"hits": rate.hits, "of": rate.of, "value": finite(rate.value), "low": low, "high": high}


def share(outcomes: Sequence[Outcome], told: Callable[[Outcome], bool]) -> dict[str, Any]:
    """Return the share of scans of which something holds."""
    return rate_json(Rate(sum(map(told, outcomes)), len(outcomes)))


def parted(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """Return occupied and empty scans."""
    occupied = [outcome for outcome in outcomes if outcome.truth.occupied]
    return occupied, [outcome for outcome in outcomes if not outcome.truth.occupied]


def recommendations(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Return how often each recommendation was given, by truth."""
    occupied, empty = parted(outcomes)
    return {
        truth: {name.value: Counter(o.recommendation for o in group)[name.value] for name in Recommendation}
        for truth, group in (("occupied", occupied), ("empty", empty))
    }


def rates(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the rates of recommendations.

    ``detection`` : occupied scans with search or rescue; *inconclusive* is a miss.
    ``detection_decided`` : the same among occupied scans that are not *inconclusive*.
    ``false_alarms`` : empty scans with search or rescue.
    ``workload`` : empty scans that would be opened: false alarms and *inconclusive*.
    ``no_indication`` : occupied scans with that recommendation, with the one-sided 95 % bound ``upper``.
    ``inconclusive_occupied``, ``inconclusive_empty`` : shares.
    """
    occupied, empty = parted(outcomes)
    decided = [outcome for outcome in occupied if not _inconclusive(outcome)]
    silent = share(occupied, lambda o: o.recommendation == Recommendation.NO_INDICATION)
    return {
        "detection": share(occupied, alarmed),
        "detection_decided": share(decided, alarmed),
        "false_alarms": share(empty, alarmed),
        "workload": share(empty, lambda o: alarmed(o) or _inconclusive(o)),
        "no_indication": {**silent, "upper": upper_bound(silent["hits"], silent["of"])},
        "inconclusive_occupied": share(occupied, _inconclusive),
        "inconclusive_empty": share(empty, _inconclusive),
    }


def weighted_rates(outcomes: Sequence[Outcome], seed: int = 0) -> dict[str, Any] | None:
    """Return detection and false alarms with each scan weighed by 1 / its chance to be searched.

    Planted scans stand for themselves and are left out, as are those whose chance is not known. None where
    all others weigh the same.
    ``effective`` is the number of equally weighed scans that would tell as much (Kish). The interval is a
    percentile bootstrap over scans of the same truth; where none or all alarm, which leaves nothing to
    resample, it is the exact one of the effective number.

    References
    ----------
    Horvitz & Thompson, Journal of the American Statistical Association 47 (1952) 663-685; Hájek 1971
    (the ratio form); Kish, Survey Sampling, Wiley 1965, 11.7; Korn & Graubard, Survey Methodology 24
    (1998) 193-201 (the effective number in the exact interval).
    """
    chosen = [o for o in outcomes if o.truth.weight > 0 and o.truth.conditions.get("planted") != "yes"]
    if len({outcome.truth.weight for outcome in chosen}) < 2:
        return None
    rng = np.random.default_rng(seed)
    occupied, empty = parted(chosen)
    found: dict[str, Any] = {}
    for name, group in (("detection", occupied), ("false_alarms", empty)):
        if not group:
            found[name] = None
            continue
        weight = np.array([outcome.truth.weight for outcome in group])
        hit = np.array([alarmed(outcome) for outcome in group])
        effective = float(weight.sum() ** 2 / (weight**2).sum())
        if hit.all() or not hit.any():
            whole = max(int(effective), 1)
            low, high = clopper_pearson(whole if hit.all() else 0, whole)
        else:
            evenly = np.full(weight.size, 1 / weight.size)
            draws = (weight * rng.multinomial(weight.size, evenly) for _ in range(RESAMPLES))
            low, high = map(float, np.quantile([d[hit].sum() / d.sum() for d in draws], (0.025, 0.975)))
        found[name] = {
            "value": float(weight[hit].sum() / weight.sum()),
            "low": low,
            "high": high,
            "of": len(group),
            "effective": effective,
        }
    return found


def times(outcomes: Sequence[Outcome], limits_s: Mapping[str, float]) -> dict[str, Any]:
    """Return the time to decision, s: mean, median and 90th percentile, occupied and empty apart.

    An *inconclusive* scan counts with its class's time limit, however early its recording ended.
    """
    told = {}
    for name, group in zip(("occupied", "empty"), parted(outcomes), strict=True):
        seconds = decision_times(group, limits_s)
        told[name] = {
            "n": seconds.size,
            "mean_s": finite(seconds.mean()) if seconds.size else None,
            "median_s": finite(np.median(seconds)) if seconds.size else None,
            "p90_s": finite(np.quantile(seconds, 0.9)) if seconds.size else None,
        }
    return told


def decision_times(outcomes: Sequence[Outcome], limits_s: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Return the time to decision of each scan, s ``(n,)``, *inconclusive* at the class's limit."""
    return np.array(
        [
            max(o.decided_s, limits_s.get(o.vehicle, 0.0)) if _inconclusive(o) else o.decided_s
            for o in outcomes
        ],
        float,
    )


def thinned(
    alarms: npt.NDArray[np.float64], found: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return points of a curve, few enough to draw, evenly on the axes of a DET plot; the ends stay."""
    if alarms.size <= ROC_POINTS:
        return alarms, found
    places = [ndtri(np.clip(axis, 1e-5, 1 - 1e-5)) for axis in (alarms, found)]
    length = np.r_[0.0, np.cumsum(np.hypot(*(np.diff(place) for place in places)))]
    wanted = np.searchsorted(length, np.linspace(0.0, length[-1], ROC_POINTS))
    chosen = np.unique(np.r_[0, np.minimum(wanted, alarms.size - 1), alarms.size - 1])
    return alarms[chosen], found[chosen]


def groups(outcomes: Sequence[Outcome]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return rates by vehicle, cargo, number of people and each condition: table, value, figures."""
    tables: dict[str, dict[str, list[Outcome]]] = {}
    for outcome in outcomes:
        facts = {
            "vehicle": outcome.vehicle,
            "cargo": outcome.truth.cargo,
            "persons": str(outcome.truth.persons),
            **{f"{CONDITION}{name}": value for name, value in outcome.truth.conditions.items()},
        }
        for table, value in facts.items():
            tables.setdefault(table, {}).setdefault(value, []).append(outcome)
    return {
        table: {
            value: rates(tables[table][value])
            for value in sorted(tables[table], key=lambda word: (word.isdecimal(), word.zfill(4)))
        }
        for table in tables
    }


def _inconclusive(outcome: Outcome) -> bool:
    return outcome.recommendation == Recommendation.INCONCLUSIVE
