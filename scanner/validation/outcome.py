"""What is known of one labelled scan after it was judged: its truth, what was said of it, and when.

Recorded scans and simulated lorries give the same rows: whoever counts does not know where a row came from.
A row is one line of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from scanner.evidence import Assessment, Evidence, EvidenceState

_NOTHING: Mapping[str, float] = {}
"""One for all moments without."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What was inside, as a search or the simulator knows it.

    Parameters
    ----------
    persons : who hid inside.
    cargo : what was loaded; the papers' word is the outcome's ``declared``.
    conditions : in words, by name, for tables; examples: ``{"site": "port", "fault": "c2 silent"}``.
    weight : 1 / the chance that a scan like this was searched at all; 1 for simulated and planted ones; 0
        where the chance is not known, as after an officer's own choice.
    """

    persons: int
    cargo: str
    conditions: Mapping[str, str] = field(default_factory=dict)
    weight: float = 1.0

    @property
    def occupied(self) -> bool:
        """Whether anybody was inside."""
        return self.persons > 0


@dataclass(frozen=True, slots=True)
class Said:
    """What one method said at the decision.

    Parameters
    ----------
    llr : natural-log likelihood ratio, 0 unless ready.
    score : before it was weighed, None = none.
    reason : its code, "" = none.
    """

    state: str
    llr: float
    score: float | None
    reason: str

    @property
    def ready(self) -> bool:
        """Whether it counts."""
        return self.state == EvidenceState.READY


@dataclass(frozen=True, slots=True)
class Moment:
    """The scan at one tick.

    Parameters
    ----------
    elapsed_s : of its visit.
    llr : fused.
    methods : ratio of each method that was ready.
    scores : before they were weighed, by method; of one that is not among ``methods`` the score can only
        speak for people. Kept where thresholds or fits are to be chosen later, else empty.
    """

    elapsed_s: float
    llr: float
    methods: Mapping[str, float]
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One judged scan.

    Parameters
    ----------
    scan : name; a recorded scan's id, or the campaign's seed and number.
    source : hash of what it was computed from (recordings, or the drawn lorry).
    vehicle, declared : class and cargo that the papers say.
    recommendation : the last one.
    decided_s : seconds of measuring until the recommendation was final, or the scan's end.
    final : whether it became final by itself.
    llr : fused, at the decision.
    persons : estimated low and high, None = no estimate.
    said : by method.
    course : ticks in order, until the decision, or to the time limit where scores are kept.
    links : files to replay it from.
    """

    scan: str
    source: str
    vehicle: str
    declared: str
    truth: Truth
    recommendation: str
    decided_s: float
    final: bool
    llr: float
    posterior: float
    persons: tuple[float, float] | None
    said: Mapping[str, Said]
    course: tuple[Moment, ...] = ()
    digest: str = ""
    links: tuple[str, ...] = ()


def said_of(assessment: Assessment) -> dict[str, Said]:
    """Return what each method said in an assessment."""
    return {
        e.modality: Said(
            e.state.value,
            e.llr if e.state is EvidenceState.READY else 0.0,
            e.score,
            "" if e.reason is None else e.reason.code,
        )
        for e in assessment.evidences
    }


def moment_of(
    assessment: Assessment, elapsed_s: float, scored: Callable[[Evidence], bool] | None = None
) -> Moment:
    """Return a tick's ratios; ``scored`` tells whose scores are kept."""
    ready = {e.modality: round(e.llr, 4) for e in assessment.evidences if e.state is EvidenceState.READY}
    scores = {
        e.modality: round(e.score, 6)
        for e in assessment.evidences
        if e.score is not None and scored is not None and scored(e)
    }
    return Moment(round(elapsed_s, 2), round(assessment.fused.llr, 4), ready, scores)


def lean(outcome: Outcome) -> Outcome:
    """Return the outcome without what each method said at each tick: counting needs the fused ratio alone.

    What makes a report of very many rows wants memory for each (docs/scaling.md).
    """
    course = tuple(Moment(moment.elapsed_s, moment.llr, _NOTHING, _NOTHING) for moment in outcome.course)
    return replace(outcome, course=course)


def to_json(outcome: Outcome) -> str:
    """Return an outcome as one line, keys sorted."""
    return json.dumps(asdict(outcome), sort_keys=True, allow_nan=False)


def from_json(line: str) -> Outcome:
    """Return the outcome of a line.

    Raises
    ------
    ValueError, KeyError, TypeError : the line is cut off or of another version.
    """
    told: dict[str, Any] = json.loads(line)
    truth = Truth(**told.pop("truth"))
    said = {name: Said(**one) for name, one in told.pop("said").items()}
    course = tuple(Moment(**one) for one in told.pop("course"))
    persons = told.pop("persons")
    links = tuple(told.pop("links"))
    return Outcome(
        **told,
        truth=truth,
        said=said,
        course=course,
        persons=None if persons is None else (persons[0], persons[1]),
        links=links,
    )
