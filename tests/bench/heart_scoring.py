"""Figures of the heart bench: detection at a false-alarm rate, the level at Pd 0.5, paired differences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.simulation.vibration_spec import Condition, Confounder
from tests.bench.co2_scoring import interval, loss_interval, threshold, usable
from tests.bench.heart_answers import Answer, Answers
from tests.bench.heart_trials import LEVELS_DB, Trial

Array = npt.NDArray[np.float64]

RATE, RARE = 0.01, 0.001
BOOTSTRAPS = 400
FEWEST_RARE_EMPTIES = 5000
"""A threshold at 0.1 % from fewer empty trials is five events or less: left out."""

GROUP_OF = {"ours": "ours", "d": "ceiling", "e": "ceiling", "e1": "ceiling"}


@dataclass(frozen=True)
class Scores:
    """One detector's answers to one kind of trial, by ``number``: ``value`` ``(n,)``, NaN = unavailable."""

    number: npt.NDArray[np.int64]
    value: Array
    p_value: Array

    def among(self, numbers: npt.NDArray[np.int64]) -> Scores:
        """Return those of some trials."""
        keep = np.isin(self.number, numbers)
        return Scores(self.number[keep], self.value[keep], self.p_value[keep])


class Table:
    """All answers of one set of seeds, to be picked by what was asked."""

    def __init__(self, answers: Answers, trials: list[Trial]) -> None:
        self._found: dict[tuple[object, ...], dict[int, Answer]] = {}
        for trial in trials:
            for group in ("ours", "plain", "ceiling"):
                for a in answers.of(trial, group):
                    key = (a.detector, *_cell(trial), a.duration_s, a.level_db, a.moving)
                    self._found.setdefault(key, {})[trial.number] = a

    def occupied(
        self,
        detector: str,
        condition: Condition,
        duration_s: float,
        *,
        level_db: float = 0.0,
        moving: bool = True,
        confounder: Confounder = Confounder.NONE,
    ) -> Scores:
        return self._pick(detector, (condition, confounder, True), duration_s, level_db, moving)

    def empty(
        self,
        detector: str,
        condition: Condition,
        duration_s: float,
        *,
        level_db: float = 0.0,
        confounder: Confounder = Confounder.NONE,
    ) -> Scores:
        """Nobody moves in an empty vehicle; only e, which knows the level, says something else at each."""
        level = level_db if detector == "e" else 0.0
        moving = GROUP_OF.get(detector) != "ceiling"
        return self._pick(detector, (condition, confounder, False), duration_s, level, moving)

    def _pick(
        self, detector: str, cell: tuple[object, ...], duration_s: float, level_db: float, moving: bool
    ) -> Scores:
        found = self._found.get((detector, *cell, duration_s, level_db, moving), {})
        number = np.array(sorted(found), int)
        return Scores(
            number,
            np.array([found[k].score for k in number], float),
            np.array([found[k].p_value for k in number], float),
        )


def _cell(trial: Trial) -> tuple[object, ...]:
    return trial.condition, trial.confounder, trial.occupied


def share(hits: npt.ArrayLike) -> dict[str, float]:
    """Return a proportion with its exact 95 % interval.

    >>> share([True, False, True, False])["share"]
    0.5
    """
    found = np.asarray(hits, bool)
    if not found.size:
        return {"share": math.nan, "low": math.nan, "high": math.nan, "n": 0}
    low, high = interval(int(found.sum()), found.size)
    return {"share": float(found.mean()), "low": low, "high": high, "n": int(found.size)}


def detection(occupied: Scores, empty: Scores, rate: float = RATE) -> dict[str, object]:
    """Return Pd with the threshold of these empties; *unavailable* is a miss and is told beside."""
    limit = threshold(empty.value, rate) if empty.value.size else math.nan
    return {
        "pd": share(usable(occupied.value) > limit),
        "threshold": limit,
        "unavailable": share(np.isnan(occupied.value)),
        "unavailable_empty": share(np.isnan(empty.value)),
        "pd_by_p": share(occupied.p_value <= rate) if np.isfinite(occupied.p_value).any() else None,
        "false_by_p": share(empty.p_value <= rate) if np.isfinite(empty.p_value).any() else None,
    }


def difference(better: tuple[Scores, Scores], worse: tuple[Scores, Scores], seed: int) -> dict[str, float]:
    """Return Pd of the first less Pd of the second, (occupied, empty) each, with a bootstrap interval.

    Only trials that both have answered are used, for thresholds, too.
    """
    occupied = np.intersect1d(better[0].number, worse[0].number)
    empty = np.intersect1d(better[1].number, worse[1].number)
    if not occupied.size or not empty.size:
        return {"difference": math.nan, "low": math.nan, "high": math.nan, "n": 0}
    high, high_empty = better[0].among(occupied).value, better[1].among(empty).value
    low, low_empty = worse[0].among(occupied).value, worse[1].among(empty).value
    rng = np.random.default_rng((86_001, seed))
    first, least, most = loss_interval(low, low_empty, high, high_empty, RATE, rng)
    return {"difference": first, "low": least, "high": most, "n": int(occupied.size)}


def half_level_db(pd: npt.ArrayLike, levels_db: npt.ArrayLike = LEVELS_DB) -> float:
    """Return the level at which Pd rises through 0.5, by straight lines; -inf or inf where it does not.

    A dip below a lower level's Pd is chance: the running maximum is taken.

    >>> half_level_db([0.0, 0.25, 0.75, 1.0], [-10, -5, 0, 5])
    -2.5
    """
    rising = np.maximum.accumulate(np.asarray(pd, float))
    levels = np.asarray(levels_db, float)
    above = np.flatnonzero(rising >= 0.5)
    if not above.size:
        return math.inf
    at = int(above[0])
    if at == 0:
        return -math.inf
    part = (0.5 - rising[at - 1]) / (rising[at] - rising[at - 1])
    return float(levels[at - 1] + part * (levels[at] - levels[at - 1]))


class Curve:
    """Pd against the heart's level of one detector: ``(n_levels, n)`` scores of the same trials."""

    def __init__(
        self,
        table: Table,
        detector: str,
        condition: Condition,
        duration_s: float,
        *,
        moving: bool = False,
        name: str = "",
    ) -> None:
        self.detector = name or detector
        picked = [
            table.occupied(detector, condition, duration_s, level_db=level, moving=moving)
            for level in LEVELS_DB
        ]
        empties = [table.empty(detector, condition, duration_s, level_db=level) for level in LEVELS_DB]
        self.numbers = picked[0].number
        for each in picked[1:]:
            self.numbers = np.intersect1d(self.numbers, each.number)
        self.empty_numbers = empties[0].number
        self._occupied = np.stack([usable(s.among(self.numbers).value) for s in picked])
        self._empty = [usable(s.among(self.empty_numbers).value) for s in empties]

    def pd(
        self, rows: npt.NDArray[np.int64] | None = None, empties: npt.NDArray[np.int64] | None = None
    ) -> Array:
        """Return Pd at each level, ``(n_levels,)``, of trials and empties by number (repeats count)."""
        at = slice(None) if rows is None else np.searchsorted(self.numbers, rows)
        free = slice(None) if empties is None else np.searchsorted(self.empty_numbers, empties)
        return np.array(
            [
                np.mean(row[at] > threshold(empty[free], RATE))
                for row, empty in zip(self._occupied, self._empty, strict=True)
            ]
        )


def levels(curves: list[Curve], seed: int) -> dict[str, object]:
    """Return each curve's level at Pd 0.5 with its interval, and all differences, from one paired bootstrap.

    A level of ``inf`` is never reached within `LEVELS_DB`, ``-inf`` always; a
    difference is only told where both are reached.
    """
    curves = [curve for curve in curves if curve.numbers.size and curve.empty_numbers.size]
    if not curves:
        return {"level": {}, "difference": {}}
    numbers, empties = curves[0].numbers, curves[0].empty_numbers
    for curve in curves[1:]:
        numbers = np.intersect1d(numbers, curve.numbers)
        empties = np.intersect1d(empties, curve.empty_numbers)
    rng = np.random.default_rng((86_002, seed))
    point = np.array([half_level_db(curve.pd(numbers, empties)) for curve in curves])
    again = np.empty((BOOTSTRAPS, len(curves)))
    for k in range(BOOTSTRAPS):
        rows, free = rng.choice(numbers, numbers.size), rng.choice(empties, empties.size)
        again[k] = [half_level_db(curve.pd(rows, free)) for curve in curves]
    out: dict[str, object] = {}
    different: dict[str, object] = {}
    for i, curve in enumerate(curves):
        low, high = np.quantile(again[:, i], [0.025, 0.975], method="closest_observation")
        out[curve.detector] = {"level_db": point[i], "low": float(low), "high": float(high)}
        for j, other in enumerate(curves):
            if i == j or not (math.isfinite(point[i]) and math.isfinite(point[j])):
                continue
            both = np.isfinite(again[:, i]) & np.isfinite(again[:, j])
            apart = again[both, i] - again[both, j]
            low, high = np.quantile(apart, [0.025, 0.975])
            name = f"{curve.detector} - {other.detector}"
            different[name] = {"db": point[i] - point[j], "low": float(low), "high": float(high)}
    return {"level": out, "difference": different, "n": int(numbers.size), "n_empty": int(empties.size)}


def false_alarms(
    table: Table, detector: str, duration_s: float, cells: list[tuple[Condition, Confounder]]
) -> dict[str, object]:
    """Return each cell's false-alarm rate with the threshold set on calm alone, and its share unavailable."""
    calm = table.empty(detector, Condition.CALM, duration_s)
    if not calm.value.size:
        return {}
    limit = threshold(calm.value, RATE)
    out: dict[str, object] = {}
    for condition, confounder in cells:
        empty = table.empty(detector, condition, duration_s, confounder=confounder)
        if not empty.value.size:
            continue
        name = condition.value if confounder is Confounder.NONE else f"{condition}, {confounder}"
        found = share(usable(empty.value) > limit)
        out[name] = {**found, "ratio": found["share"] / RATE, "unavailable": share(np.isnan(empty.value))}
    return out


def pooled(table: Table, detector: str, duration_s: float, conditions: list[Condition]) -> dict[str, object]:
    """Return Pd at 0.1 % with one threshold over all conditions; empty where there are too few trials."""
    empties = [table.empty(detector, c, duration_s).value for c in conditions]
    every = np.concatenate(empties) if empties else np.empty(0)
    if every.size < FEWEST_RARE_EMPTIES:
        return {}
    limit = threshold(every, RARE)
    moving = GROUP_OF.get(detector) != "ceiling"
    hits = [usable(table.occupied(detector, c, duration_s, moving=moving).value) > limit for c in conditions]
    return {"pd": share(np.concatenate(hits)), "threshold": limit, "n_empty": int(every.size)}
