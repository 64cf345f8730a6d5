"""Figures of the X-ray judgement: shares with Wilson intervals, AUC with bootstrap intervals, by class.

*Unavailable* is a miss and a search. An AUC takes every score there is; a passage without one ranks lowest
when occupied and highest when empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from scanner.evidence import EvidenceState
from scanner.simulation.xray.cargo import Load
from tests.bench.xray_people_answers import Answer
from tests.bench.xray_people_frozen import Frozen
from tests.bench.xray_people_trials import EMPTY, OCCUPIED, TWIN

Array = npt.NDArray[np.float64]
Figure = dict[str, float]

LEAST_VISIBLE_M2 = 0.05
"""A scene in which somebody is visible: about a head and a neck from the side. Chosen before any scene."""

WANTED = {
    Load.EMPTY.value: 0.95,
    Load.LIQUID.value: 0.95,
    Load.BOXES.value: 0.85,
    Load.BULK.value: 0.85,
    Load.DRUMS.value: 0.75,
    Load.IRREGULAR.value: 0.50,
    Load.MIXED.value: 0.50,
    Load.FRUIT.value: 0.35,
    Load.CARCASSES.value: 0.35,
}
"""Least detection at 6 MV and `FALSE_ALARMS`; frozen goods and dry ice have none."""
WANTED_ON_PERSON = 0.85
WANTED_TWIN = (0.47, 0.53)
BOOTSTRAPS = 1000
ALL = "all"
LOADS = tuple(load.value for load in Load)


def wilson(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a proportion.

    References
    ----------
    Wilson, Journal of the American Statistical Association 22 (1927) 209-212.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(1, 100)]
    [0.002, 0.054]
    """
    if n == 0:
        return 0.0, 1.0
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    share, widen = hits / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / widen
    half = z / widen * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == n else middle + half)


def share(hits: npt.ArrayLike) -> Figure:
    """Return a proportion with its interval.

    >>> share([True, False, True, False])["value"]
    0.5
    """
    found = np.asarray(hits, bool)
    low, high = wilson(int(found.sum()), found.size)
    return {
        "value": float(found.mean()) if found.size else math.nan,
        "low": low,
        "high": high,
        "n": found.size,
    }


def auc(occupied: npt.ArrayLike, empty: npt.ArrayLike) -> float:
    """Return how likely an occupied scene scores higher than an empty one, ties counted half.

    References
    ----------
    Hanley, McNeil, Radiology 143 (1982) 29-36.

    Examples
    --------
    >>> auc([2.0, 3.0], [1.0, 2.0])
    0.875
    """
    one, none = np.asarray(occupied, float), np.sort(np.asarray(empty, float))
    if not one.size or not none.size:
        return math.nan
    below = np.searchsorted(none, one, "left") + np.searchsorted(none, one, "right")
    return float(below.mean() / (2 * none.size))


def bootstrap(figure: Callable[[np.random.Generator], float], value: float, seed: int) -> Figure:
    """Return a value with the 95 % interval of what ``figure`` gives of trials that are drawn again."""
    rng = np.random.default_rng((86_020, seed))
    low, high = np.quantile([figure(rng) for _ in range(BOOTSTRAPS)], [0.025, 0.975])
    return {"value": value, "low": float(low), "high": float(high)}


def _again(values: Array, rng: np.random.Generator) -> Array:
    return values[rng.integers(values.size, size=values.size)]


def auc_figure(occupied: Array, empty: Array, seed: int = 0) -> Figure:
    """Return `auc` with its interval; both sides are drawn again."""
    if not occupied.size or not empty.size:
        return {"value": math.nan, "low": math.nan, "high": math.nan, "n": occupied.size}
    found = bootstrap(lambda rng: auc(_again(occupied, rng), _again(empty, rng)), auc(occupied, empty), seed)
    return {**found, "n": occupied.size}


def alike_auc(parts: Sequence[tuple[Array, Array]], seed: int = 0) -> Figure:
    """Return the mean of the classes' `auc`, classes alike, with its interval."""
    whole = [p for p in parts if p[0].size and p[1].size]
    if not whole:
        return {"value": math.nan, "low": math.nan, "high": math.nan, "n": 0}

    def mean(rng: np.random.Generator) -> float:
        return float(np.mean([auc(_again(one, rng), _again(none, rng)) for one, none in whole]))

    value = float(np.mean([auc(one, none) for one, none in whole]))
    return {**bootstrap(mean, value, seed), "n": sum(one.size for one, _ in whole)}


def scores(answers: Sequence[Answer]) -> Array:
    """Return scores; without one the worst: lowest where somebody is inside, highest where nobody is."""
    worst = [-math.inf if a.side == OCCUPIED else math.inf for a in answers]
    found = [w if math.isnan(a.score) else a.score for a, w in zip(answers, worst, strict=True)]
    return np.array(found, float)


def alarms(answers: Sequence[Answer], frozen: Frozen) -> npt.NDArray[np.bool_]:
    """Return which passages alarm at their frozen threshold; *unavailable* does not."""
    found = [not a.unavailable and a.score > frozen.threshold(a.beam, a.load) for a in answers]
    return np.array(found, bool)


def searches(answers: Sequence[Answer], frozen: Frozen) -> npt.NDArray[np.bool_]:
    """Return which passages are searched: alarms, and those that cannot be told."""
    return alarms(answers, frozen) | np.array([a.unavailable for a in answers], bool)


def pick(
    answers: Sequence[Answer], beam: str, side: str, load: str = ALL, least_m2: float = 0.0
) -> list[Answer]:
    """Return answers of a beam, a side and a load."""
    return [
        a
        for a in answers
        if a.beam == beam and a.side == side and load in (ALL, a.load) and a.visible_m2 >= least_m2
    ]


def detection(answers: Sequence[Answer], frozen: Frozen, beam: str, least_m2: float = 0.0) -> dict[str, Any]:
    """Return detection, false alarms, searches and AUC by load and of all, in scenes with so much visible."""
    out = {}
    for number, load in enumerate((*LOADS, ALL)):
        occupied = pick(answers, beam, OCCUPIED, load, least_m2)
        empty = pick(answers, beam, EMPTY, load)
        found = alarms(occupied, frozen)
        out[load] = {
            "detected": share(found),
            "false_alarms": share(alarms(empty, frozen)),
            "searches": share(searches(empty, frozen)),
            "unavailable": share([a.unavailable for a in occupied]),
            "auc": auc_figure(scores(occupied), scores(empty), number),
            "on_person": share([a.on_person for a, hit in zip(occupied, found, strict=True) if hit]),
            "wanted": WANTED.get(load),
        }
    return out


def twins(answers: Sequence[Answer], frozen: Frozen, beam: str) -> dict[str, Any]:
    """Return how occupied scenes stand against their own twins, and those against other empty scenes."""
    out: dict[str, Any] = {}
    for number, load in enumerate((*LOADS, ALL)):
        occupied, twin, empty = (pick(answers, beam, s, load) for s in (OCCUPIED, TWIN, EMPTY))
        by_seed = {a.seed: a for a in twin}
        pairs = [(a, by_seed[a.seed]) for a in occupied if a.seed in by_seed]
        one, none = scores([p[0] for p in pairs]), scores([p[1] for p in pairs])
        won = (one > none) + 0.5 * (one == none)

        out[load] = {
            "own_twin": {
                **bootstrap(lambda rng, won=won: float(_again(won, rng).mean()), float(won.mean()), number),
                "n": won.size,
            }
            if won.size
            else {"value": math.nan, "low": math.nan, "high": math.nan, "n": 0},
            "auc": auc_figure(one, none, number),
            "detected": share(alarms(occupied, frozen)),
            "twin_alarms": share(alarms(twin, frozen)),
            "erased": auc_figure(scores(twin), scores(empty), number),
        }
    parts = [
        (scores(pick(answers, beam, TWIN, load)), scores(pick(answers, beam, EMPTY, load))) for load in LOADS
    ]
    out[ALL]["erased"] = alike_auc(parts)
    return out


def by_kind(answers: Sequence[Answer], frozen: Frozen, beam: str) -> dict[str, dict[str, Any]]:
    """Return detection by pose, place and age class (one person), by number of people, body and blind share.

    Where several hide, nobody knows whom a score is for.
    """
    occupied = pick(answers, beam, OCCUPIED)
    hit = alarms(occupied, frozen)
    kinds: dict[str, Callable[[Answer], str | None]] = {
        "pose": lambda a: a.poses[0] if a.persons == 1 else None,
        "place": lambda a: a.places[0] if a.persons == 1 else None,
        "age class": lambda a: a.ages[0] if a.persons == 1 else None,
        "persons": lambda a: str(a.persons),
        "vehicle": lambda a: a.body,
        "blind share of the load space": lambda a: _bin(a.blind, (0.0, 0.05, 0.3, 0.6, 1.0)),
        "visible, m2": lambda a: _bin(a.visible_m2, (0.0, 0.05, 0.2, 0.5, math.inf)),
    }
    out: dict[str, dict[str, Any]] = {}
    for name, of in kinds.items():
        each = [of(a) for a in occupied]
        found = {
            value: share(hit[np.array([e == value for e in each])])
            for value in sorted({e for e in each if e})
        }
        out[name] = found
    return out


def _bin(value: float, edges: tuple[float, ...]) -> str:
    """Return the bin that holds a value; its upper end is not in it, but at the last.

    >>> _bin(0.0, (0.0, 0.5, 1.0)), _bin(1.0, (0.0, 0.5, 1.0))
    ('0 to 0.5', '0.5 to 1')
    """
    at = int(np.clip(np.searchsorted(edges, value, "right") - 1, 0, len(edges) - 2))
    low, high = edges[at], edges[at + 1]
    return f"{low:g} or more" if math.isinf(high) else f"{low:g} to {high:g}"


def unseen(answers: Sequence[Answer], beam: str) -> dict[str, Any]:
    """Count what the product says of occupied scenes in which nobody can be seen."""
    out: dict[str, Any] = {}
    for name, most in (("nothing", 0.0), (f"less than {LEAST_VISIBLE_M2:g} m2", LEAST_VISIBLE_M2)):
        hidden = [a for a in pick(answers, beam, OCCUPIED) if a.visible_m2 <= 0 or a.visible_m2 < most]
        ready = [a for a in hidden if a.state == EvidenceState.READY]
        reasons: dict[str, int] = {}
        for a in hidden:
            if a.state != EvidenceState.READY:
                reasons[a.reason] = reasons.get(a.reason, 0) + 1
        out[name] = {
            "of": len(pick(answers, beam, OCCUPIED)),
            "scenes": len(hidden),
            "absence": share([a.state == EvidenceState.READY and a.llr <= 0 for a in hidden]),
            "presence": len([a for a in ready if a.llr > 0]),
            "not_told": dict(sorted(reasons.items())),
        }
    return out


def told_apart(answers: Sequence[Answer], beam: str) -> Figure:
    """Return how far the product's own scores are from those judged here: median, most, and of how many."""
    own = [a for a in answers if a.beam == beam]
    apart = np.abs([a.told_score - a.score for a in own])
    apart = apart[np.isfinite(apart)]
    if not apart.size:
        return {"median": math.nan, "most": math.nan, "n": 0, "of": len(own)}
    return {
        "median": float(np.median(apart)),
        "most": float(apart.max()),
        "n": apart.size,
        "of": len(own),
    }


def results(answers: Sequence[Answer], frozen: Frozen, beams: Sequence[str]) -> dict[str, Any]:
    """Return all figures as nested dictionaries, by beam."""
    return {
        beam: {
            "detection": detection(answers, frozen, beam),
            "visible": detection(answers, frozen, beam, LEAST_VISIBLE_M2),
            "twins": twins(answers, frozen, beam),
            "kinds": by_kind(answers, frozen, beam),
            "unseen": unseen(answers, beam),
            "told_apart": told_apart(answers, beam),
        }
        for beam in beams
    }
