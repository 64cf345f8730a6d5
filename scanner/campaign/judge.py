"""One lorry of a campaign through a lane's pipeline: what was said of it, when, and how it got there."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import Event
from scanner.campaign.draw import CampaignLorry
from scanner.campaign.faults import with_fault
from scanner.campaign.record import Recorder
from scanner.canonical import assessment_json
from scanner.evidence import Assessment, Evidence, EvidenceState
from scanner.methods import MethodKit
from scanner.pipeline import Scan
from scanner.policy import Policy
from scanner.simulation.items import VisitTimes, lorry_items
from scanner.simulation.layout import DEMO_LAYOUT
from scanner.simulation.lorry import SimulatedLorry
from scanner.validation.outcome import Moment, Outcome, Truth, moment_of, said_of
from scanner.xray_trials import is_blind


@dataclass(frozen=True, slots=True)
class Ticks:
    """When a lorry is weighed.

    Parameters
    ----------
    every_s : between two ticks; a lane takes 1 s.
    whole : go on to the class's time limit after the decision, and keep every method's score at each
        tick: what thresholds and fits over time are chosen on.
    """

    every_s: float = 1.0
    whole: bool = False


def judge(
    lorry: CampaignLorry,
    kit: MethodKit,
    policy: Policy,
    ticks: Ticks | None = None,
    recorder: Recorder | None = None,
) -> Outcome:
    """Scan one lorry as a lane does: a tick each second until the assessment is final.

    Parameters
    ----------
    ticks : None = a lane's.
    recorder : takes the visit as well, None = nothing is recorded.

    Raises
    ------
    RuntimeError : nothing was final by the class's time limit, which the decision forbids.
    """
    try:
        return _judge(lorry, kit, policy, ticks or Ticks(), recorder)
    except BaseException:
        if recorder is not None:
            recorder.abandon()
        raise


def _judge(
    lorry: CampaignLorry, kit: MethodKit, policy: Policy, ticks: Ticks, recorder: Recorder | None
) -> Outcome:
    declared, layout = lorry.spec.declaration, DEMO_LAYOUT
    scan = Scan(
        lorry.name,
        declared,
        layout.sensors,
        kit.make(),
        kit.calibrations,
        policy,
        kit.versions(policy),
    )
    limit_s = policy[declared.vehicle_class].time_limit_s
    tick_ns = round(ticks.every_s * 1e9)
    visit = lorry_items(
        SimulatedLorry(lorry.spec), layout, limit_s + ticks.every_s + 1.0, VisitTimes(lorry.name)
    )
    course: list[Moment] = []
    decided: tuple[Assessment, float] | None = None
    next_ns: int | None = None
    for item in with_fault(visit, lorry.fault, layout):
        now_ns = item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns
        if recorder is not None:
            recorder.write(item)
        scan.feed(item)
        next_ns = now_ns + tick_ns if next_ns is None else next_ns
        if now_ns < next_ns:
            continue
        next_ns += tick_ns
        assessment = scan.tick(now_ns)
        if recorder is not None:
            recorder.ticked(assessment_json(assessment), now_ns)
        elapsed_s = scan.view.elapsed_s
        course.append(moment_of(assessment, elapsed_s, _scored if ticks.whole else None))
        if assessment.final and decided is None:
            decided = assessment, elapsed_s
        if decided is not None and (not ticks.whole or elapsed_s >= limit_s):
            break
    if decided is None:
        raise RuntimeError(f"{lorry.name}: no final assessment within {limit_s:g} s, the class's time limit")
    links = () if recorder is None else (recorder.ended(now_ns),)
    return _outcome(lorry, *decided, tuple(course), links)


def _scored(evidence: Evidence) -> bool:
    return evidence.state is EvidenceState.READY or is_blind(evidence)


def _outcome(
    lorry: CampaignLorry,
    said: Assessment,
    elapsed_s: float,
    course: tuple[Moment, ...],
    links: tuple[str, ...],
) -> Outcome:
    spec, persons = lorry.spec, said.persons
    return Outcome(
        scan=lorry.name,
        source=lorry.source,
        vehicle=spec.declaration.vehicle_class.value,
        declared=spec.declaration.cargo.value,
        truth=Truth(spec.persons, spec.cargo.value, lorry.conditions()),
        recommendation=said.recommendation.value,
        decided_s=round(elapsed_s, 2),
        final=True,
        llr=said.fused.llr,
        posterior=said.posterior,
        persons=None if persons is None else (persons.low, persons.high),
        said=said_of(said),
        course=course,
        digest=said.digest,
        links=links,
    )
