"""What was thought of a visit at each moment: assessments, each method's ratio, the beats of hearts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from scanner.evidence import EvidenceState
from scanner.lane.wire import AssessmentWire, CurveWire
from scanner.signals.heart_display import BEATS_LATE_S
from scanner.timeline.shapes import TimelineBeats, TimelineCourse, TimelineFused, TimelineStep

MOST_STEPS = 300
MOST_POINTS = 1500
SETTLED_S = 3.0
"""A moment's chance of a beat is taken from an assessment that heard so much after it."""

LEAST_CHANCE, LEAST_BEAT = 0.05, 0.3

Array = npt.NDArray[np.float64]


@dataclass(slots=True)
class Course:
    """Collects the assessments of one visit."""

    steps: list[TimelineStep] = field(default_factory=list)
    _beats: list[tuple[float, CurveWire]] = field(default_factory=list)

    def take(self, assessment: AssessmentWire, t_s: float, heard_s: float) -> None:
        """Add what was thought at ``t_s``; ``heard_s`` is when the newest waveform had come."""
        for evidence in assessment.evidences:
            self._beats += [(heard_s, c) for c in evidence.curves if c.kind == "beats" and len(c.rows) == 2]
        plain = [evidence.model_copy(update={"curves": []}) for evidence in assessment.evidences]
        kept = assessment.model_copy(update={"evidences": plain})
        self.steps.append(TimelineStep(t_s=round(t_s, 2), assessment=kept))

    def thinned(self) -> list[TimelineStep]:
        """Return at most about `MOST_STEPS`: all that say something else than the one before, some others."""
        every = max(1, -(-len(self.steps) // MOST_STEPS))
        kept, before = [], None
        for number, step in enumerate(self.steps):
            said = _said(step.assessment)
            if said != before or number % every == 0 or number == len(self.steps) - 1:
                kept.append(step)
            before = said
        return kept

    def courses(self) -> list[TimelineCourse]:
        """Return each method over time."""
        names = dict.fromkeys(e.modality for step in self.steps for e in step.assessment.evidences)
        return [self._course(name) for name in names]

    def _course(self, name: str) -> TimelineCourse:
        found = [
            (step.t_s, next((e for e in step.assessment.evidences if e.modality == name), None))
            for step in _some(self.steps)
        ]
        told = [(t_s, e) for t_s, e in found if e is not None]
        ready = EvidenceState.READY
        return TimelineCourse(
            modality=name,
            t_s=[t_s for t_s, _ in told],
            llr=[round(e.llr, 3) if e.state is ready else None for _, e in told],
            state=[e.state for _, e in told],
        )

    def fused(self, limits: tuple[float, float] | None) -> TimelineFused:
        """Return all evidence in one ratio over time; ``limits`` for a search, and for no indication."""
        told = [(s.t_s, s.assessment.fused) for s in _some(self.steps) if s.assessment.fused is not None]
        return TimelineFused(
            t_s=[t_s for t_s, _ in told],
            llr=[round(fused.llr, 3) for _, fused in told if fused],
            search_llr=limits and limits[0],
            no_indication_llr=limits and limits[1],
        )

    def beats(self) -> TimelineBeats | None:
        """Return the beats that were believed, None where there are none."""
        if not self._beats:
            return None
        t_s, chance = _joined(self._beats)
        at_s, sure = beats_of(t_s, chance)
        return TimelineBeats(
            sensor=self._beats[-1][1].sensor,
            t_s=[round(t, 2) for t in at_s],
            chance=[round(c, 2) for c in sure],
        )


def _some(steps: list[TimelineStep]) -> list[TimelineStep]:
    every = max(1, -(-len(steps) // MOST_POINTS))
    return steps[::every]


def _said(assessment: AssessmentWire) -> tuple[object, ...]:
    states = tuple((e.modality, e.state, e.reason and e.reason.code) for e in assessment.evidences)
    return assessment.recommendation, assessment.final, states


def _joined(told: Sequence[tuple[float, CurveWire]]) -> tuple[Array, Array]:
    """Take each moment once, from an assessment that had heard some seconds more where there is one."""
    times, chances, after_s = [], [], -np.inf
    for number, (heard_s, curve) in enumerate(told):
        t_s = heard_s - BEATS_LATE_S + np.array(curve.rows[0])
        last = number == len(told) - 1
        until_s = np.inf if last else heard_s - BEATS_LATE_S - SETTLED_S
        new = (t_s > after_s) & (t_s <= until_s)
        times.append(t_s[new])
        chances.append(np.array(curve.rows[1])[new])
        if new.any():
            after_s = float(t_s[new][-1])
    return np.concatenate(times), np.concatenate(chances)


def beats_of(t_s: Array, chance: Array) -> tuple[list[float], list[float]]:
    """Return the beats in a row of moments: where the chance gathers, and how much of it.

    Examples
    --------
    >>> beats_of(np.array([0.0, 0.1, 0.2, 0.3, 0.4]), np.array([0.0, 0.5, 0.5, 0.0, 0.1]))
    ([0.15], [1.0])
    """
    near = np.flatnonzero(chance >= LEAST_CHANCE)
    if not near.size:
        return [], []
    at, sure = [], []
    for group in np.split(near, np.flatnonzero(np.diff(near) > 1) + 1):
        weight = chance[group]
        if weight.sum() >= LEAST_BEAT:
            at.append(round(float(t_s[group] @ weight / weight.sum()), 6))
            sure.append(min(float(weight.sum()), 1.0))
    return at, sure
