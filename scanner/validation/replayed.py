"""One labelled scan from its recordings: replayed through the pipeline until the decision, as an outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from drivers.api import LorryscanError
from scanner.evidence import Recommendation
from scanner.methods import MethodKit
from scanner.recording.header import RecordingHeader
from scanner.replay import Replayed, ReplayedTick, replay_ticks
from scanner.validation.outcome import Moment, Outcome, Truth, moment_of, said_of


class NothingDecided(LorryscanError, ValueError):
    """A recorded scan holds no tick, so that nothing was ever asked of it.

    Example: a recording that ended within its first second.
    """


def source_of(sha256s: Sequence[str]) -> str:
    """Return the identity of a scan's recordings: a hash over those of its files, in the order of visits.

    Examples
    --------
    >>> source_of(["ab"]) == source_of(["ab"]) != source_of(["ab", "ab"])
    True
    """
    return hashlib.sha256("\n".join(sha256s).encode()).hexdigest()


def recorded_conditions(header: RecordingHeader) -> dict[str, str]:
    """Return what a recording itself says for the tables: its lane, and whether people were put into it."""
    marked = {"projected": "yes"} if header.projection else {}
    return {"lane": header.lane, **marked}


def judge(
    visits: Sequence[tuple[RecordingHeader, Path]],
    truth: Truth,
    kit: MethodKit,
    source: str,
    links: Sequence[str] = (),
) -> Outcome:
    """Replay a scan until its decision.

    The decision is the first final assessment; one that is *inconclusive* counts only where no further
    visit follows, as a lane goes on measuring then. Without any, it is the last tick of the last file. What
    a lane recorded later is not read.

    Raises
    ------
    NothingDecided : there is no tick.
    RecordingDamaged, RecordingTooNew, EventUnusable, ConfigError : a recording cannot be used.
    """
    header = visits[0][0]
    replayed = Replayed(header, [path for _, path in visits])
    course: list[Moment] = []
    last: ReplayedTick | None = None
    before_s = 0.0
    for tick in replay_ticks(list(visits), kit, replayed):
        if last is not None and tick.visit != last.visit:
            before_s += last.elapsed_s
        last = tick
        course.append(moment_of(tick.assessment, tick.elapsed_s))
        inconclusive = tick.assessment.recommendation is Recommendation.INCONCLUSIVE
        more_to_come = inconclusive and tick.visit < visits[-1][0].visit
        if tick.assessment.final and not more_to_come:
            break
    if last is None:
        raise NothingDecided(f"{header.scan_id}: no tick recorded: leave this scan out")
    said = last.assessment
    persons = said.persons
    return Outcome(
        scan=header.scan_id,
        source=source,
        vehicle=header.declaration.vehicle_class.value,
        declared=header.declaration.cargo.value,
        truth=labelled(truth, header.declaration.cargo.value, recorded_conditions(header)),
        recommendation=said.recommendation.value,
        decided_s=round(before_s + last.elapsed_s, 2),
        final=said.final,
        llr=said.fused.llr,
        posterior=said.posterior,
        persons=None if persons is None else (float(persons.low), float(persons.high)),
        said=said_of(said),
        course=tuple(course),
        digest=said.digest,
        links=tuple(links),
    )


def labelled(truth: Truth, declared: str, recorded: Mapping[str, str]) -> Truth:
    """Return a label's truth with what the recording adds: the declared cargo where the label is silent."""
    return replace(truth, cargo=truth.cargo or declared, conditions={**recorded, **truth.conditions})
