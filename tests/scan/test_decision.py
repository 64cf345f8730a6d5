"""The recommendation: four outcomes, and what may never become no-indication."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.decision import decide
from scanner.evidence import Evidence, EvidenceState, Fused, LifeRisk, Reason, Recommendation
from scanner.fusion import fuse
from scanner.method_faults import FAULTS
from scanner.policy import MODALITIES, make_policy
from scanner.sequential import Limits
from scanner.vehicle import VehicleClass
from scanner.wording import catalogue

POLICY = make_policy({})[VehicleClass.REEFER]
LIMITS = Limits(4.0, -2.0)
SAFE = LifeRisk(None, None, Reason("measuring"))


def evidences(**states: tuple[EvidenceState, float]) -> list[Evidence]:
    return [Evidence(name, *states.get(name, (EvidenceState.UNAVAILABLE, 0.0))) for name in MODALITIES]


def ready(llr: float) -> tuple[EvidenceState, float]:
    return EvidenceState.READY, llr


def ratio(llr: float) -> Fused:
    return Fused(llr, {}, math.inf)


def test_all_required_against_people_gives_no_indication():
    said = evidences(co2=ready(-2.0), heartbeat=ready(-2.0))
    decision = decide(said, ratio(-4.0), LIMITS, SAFE, POLICY, elapsed_s=60.0, ended=False)
    assert decision.recommendation is Recommendation.NO_INDICATION
    assert decision.final


@pytest.mark.parametrize("state", [EvidenceState.UNAVAILABLE, EvidenceState.PENDING])
@pytest.mark.parametrize("name", POLICY.required)
def test_required_method_without_an_answer_is_inconclusive(name: str, state: EvidenceState):
    said = evidences(**{m: ready(-5.0) for m in MODALITIES} | {name: (state, 0.0)})
    decision = decide(said, ratio(-20.0), LIMITS, SAFE, POLICY, elapsed_s=POLICY.time_limit_s, ended=True)
    assert decision.recommendation is Recommendation.INCONCLUSIVE
    assert any(r.values.get("modality") == name for r in decision.reasons)


@given(
    llrs=st.lists(st.floats(-10, 10), min_size=5, max_size=5),
    states=st.lists(st.sampled_from(EvidenceState), min_size=5, max_size=5),
    elapsed_s=st.floats(0, 500),
    ended=st.booleans(),
)
def test_no_indication_needs_every_required_method_and_the_bound(llrs, states, elapsed_s, ended):
    said = [
        Evidence(name, state, llr if state is EvidenceState.READY else 0.0)
        for name, state, llr in zip(MODALITIES, states, llrs, strict=True)
    ]
    fused = fuse(said, dict.fromkeys(MODALITIES, 1.0), 0.0)
    decision = decide(said, fused, LIMITS, SAFE, POLICY, elapsed_s, ended)
    if decision.recommendation is Recommendation.NO_INDICATION:
        assert all(e.state is EvidenceState.READY for e in said if e.modality in POLICY.required)
        assert sum(e.llr for e in said) <= LIMITS.no_indication_llr + 1e-9


def test_people_likely_and_time_short_is_rescue():
    said = evidences(co2=ready(5.0))
    risk = LifeRisk(10.0, 30.0, Reason("measuring"))
    assert decide(said, ratio(5.0), LIMITS, risk, POLICY, 30.0, False).recommendation is Recommendation.RESCUE
    later = LifeRisk(POLICY.rescue_minutes + 1, math.inf, Reason("measuring"))
    assert (
        decide(said, ratio(5.0), LIMITS, later, POLICY, 30.0, False).recommendation is Recommendation.SEARCH
    )


def test_one_strong_method_suffices_to_search_though_others_are_lost():
    said = evidences(xray=ready(6.0))
    assert decide(said, ratio(6.0), LIMITS, SAFE, POLICY, 30.0, False).recommendation is Recommendation.SEARCH


def test_who_is_known_to_be_inside_is_not_xrayed():
    known = decide(evidences(co2=ready(5.0)), ratio(5.0), LIMITS, SAFE, POLICY, 30.0, False)
    assert known.reasons[0].code == "open_not_xray"
    seen = decide(evidences(xray=ready(5.0)), ratio(5.0), LIMITS, SAFE, POLICY, 30.0, False)
    assert "open_not_xray" not in [r.code for r in seen.reasons]


def test_nothing_is_final_before_the_minimum_dwell():
    said = evidences(co2=ready(-3.0), heartbeat=ready(-3.0))
    assert not decide(said, ratio(-6.0), LIMITS, SAFE, POLICY, POLICY.minimum_dwell_s - 1, False).final


def test_what_would_help_most_is_said_only_where_nothing_is_decided():
    advice = Reason("would_help_most", {"modality": "heartbeat", "seconds": 30.0})
    open_ = decide(evidences(co2=ready(1.0)), ratio(1.0), LIMITS, SAFE, POLICY, 30.0, False, advice=advice)
    assert advice in open_.reasons
    found = decide(evidences(co2=ready(5.0)), ratio(5.0), LIMITS, SAFE, POLICY, 30.0, False, advice=advice)
    assert advice not in found.reasons


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_a_method_that_failed_keeps_a_scan_from_no_indication(code: str):
    said = evidences(co2=ready(-3.0), heartbeat=ready(-3.0))
    said = [e if e.modality != "xray" else replace(e, reason=Reason(code)) for e in said]
    decision = decide(said, ratio(-6.0), LIMITS, SAFE, POLICY, POLICY.time_limit_s, True)
    assert decision.recommendation is Recommendation.INCONCLUSIVE
    assert [r.code for r in decision.reasons[:2]] == ["method_out", code]


@pytest.mark.parametrize("code", ["xray_no_detector", "xray_could_hide", "thermal_doors_open"])
def test_what_was_never_there_or_physics_hides_does_not(code: str):
    said = evidences(co2=ready(-3.0), heartbeat=ready(-3.0))
    said = [e if e.modality != "xray" else replace(e, reason=Reason(code)) for e in said]
    decision = decide(said, ratio(-6.0), LIMITS, SAFE, POLICY, 60.0, False)
    assert decision.recommendation is Recommendation.NO_INDICATION


def test_a_lorry_without_a_picture_gets_no_indication_only_where_not_every_lorry_passes_the_portal():
    said = evidences(co2=ready(-3.0), heartbeat=ready(-3.0))
    said = [e if e.modality != "xray" else replace(e, reason=Reason("xray_no_passage")) for e in said]
    for every, time_up, recommendation, codes in (
        (True, False, Recommendation.INCONCLUSIVE, ["xray_no_passage"]),
        (True, True, Recommendation.INCONCLUSIVE, ["portal_not_passed"]),
        (False, False, Recommendation.NO_INDICATION, []),
    ):
        policy = replace(POLICY, xray_every_lorry=every)
        decision = decide(said, ratio(-6.0), LIMITS, SAFE, policy, 60.0, time_up)
        assert (decision.recommendation, [r.code for r in decision.reasons]) == (recommendation, codes)


def test_every_fault_is_a_reason_that_there_is():
    assert set(catalogue()) >= FAULTS
