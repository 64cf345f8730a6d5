"""From fused evidence to one of four recommendations, and whether the scan may end.

A recommendation never clears a lorry: no-indication says that every required
method answered, that none failed, and that together they speak against people;
whatever falls short of that is inconclusive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scanner.evidence import (
    Evidence,
    EvidenceState,
    Fused,
    LifeRisk,
    Reason,
    Recommendation,
    TemperatureLevel,
)
from scanner.method_faults import NOT_PASSED, failed
from scanner.policy import ClassPolicy
from scanner.sequential import Limits

LEAST_SHARE = 0.1
"""Of the ratio: what a method adds below it is no reason worth a line."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A recommendation, why, and whether more measuring is of use."""

    recommendation: Recommendation
    final: bool
    reasons: tuple[Reason, ...]


def decide(
    evidences: Sequence[Evidence],
    fused: Fused,
    limits: Limits,
    life_risk: LifeRisk,
    policy: ClassPolicy,
    elapsed_s: float,
    ended: bool,
    *,
    second_dip: bool = False,
    advice: Reason | None = None,
) -> Decision:
    """Weigh the fused log-likelihood ratio against the class's demands.

    Parameters
    ----------
    evidences : one of each method.
    fused : their one ratio, and what each method added to it.
    limits : ratios at which the scan ends.
    elapsed_s : time measured in this visit.
    ended : the officer or the lane ended the scan.
    second_dip : whether a second CO2 dip promises to settle what is open.
    advice : what would help most, said where nothing is decided.
    """
    by_name = {e.modality: e for e in evidences}
    waiting, missing = [], []
    for name in policy.required:
        evidence = by_name.get(name)
        if evidence is None or evidence.state is EvidenceState.UNAVAILABLE:
            missing.append(name)
        elif evidence.state is EvidenceState.PENDING:
            waiting.append(name)
    broken = [
        e
        for e in failed(evidences, every_lorry_passes=policy.xray_every_lorry)
        if e.modality not in policy.required
    ]
    time_up = ended or elapsed_s >= policy.time_limit_s
    dwelt = elapsed_s >= policy.minimum_dwell_s
    ranked = tuple(
        Reason(
            "evidence_for" if share > 0 else "evidence_against",
            {"modality": name, "times": math.exp(abs(share))},
        )
        for name, share in sorted(fused.shares.items(), key=lambda item: -abs(item[1]))
        if abs(share) >= LEAST_SHARE
    )

    minutes = life_risk.minutes_low
    urgent = minutes is not None and minutes <= policy.rescue_minutes
    # a frozen load is cold every day: temperature alone is no news where nobody is likely inside
    unbearable = life_risk.temperature.level is TemperatureLevel.DANGER
    if fused.llr >= limits.search_llr:
        xray = by_name.get("xray")
        # an X-ray of people who are known to be there is dose without gain
        spare = () if xray is None or xray.state is EvidenceState.READY else (Reason("open_not_xray"),)
        danger = [life_risk.reason] if urgent else []
        if unbearable:
            danger.append(Reason("life_cold_now" if life_risk.temperature.cold else "life_heat_now"))
        return Decision(
            Recommendation.RESCUE if danger else Recommendation.SEARCH,
            final=dwelt or time_up,
            reasons=(*danger, *spare, *ranked),
        )
    if fused.llr <= limits.no_indication_llr and not (waiting or missing or broken):
        heard = elapsed_s >= policy.no_indication_dwell_s
        return Decision(Recommendation.NO_INDICATION, final=heard or time_up, reasons=ranked)

    # deadly air is said first even where nobody can say whether people are in it
    why = [life_risk.reason] if urgent else []
    for name in missing:
        why.append(Reason("required_unavailable", {"modality": name}))
        own = by_name[name].reason if name in by_name else None
        why += [own] if own else []  # says what to do
    for evidence in broken:
        if evidence.reason is not None and evidence.reason.code == NOT_PASSED:
            why.append(Reason("portal_not_passed") if time_up else evidence.reason)
            continue
        why.append(Reason("method_out", {"modality": evidence.modality}))
        why += [evidence.reason] if evidence.reason else []
    if waiting:
        code = "required_never_ready" if time_up else "required_pending"
        why += [Reason(code, {"modality": name}) for name in waiting]
    if not (missing or waiting or broken):
        why += [Reason("not_enough_evidence" if time_up else "measuring")]
    if advice is not None:
        why.append(advice)
    if second_dip and time_up:
        # time is up for this visit, not for the lorry
        why.insert(0, Reason("second_dip_would_tell"))
    return Decision(Recommendation.INCONCLUSIVE, final=time_up, reasons=(*why, *ranked))
