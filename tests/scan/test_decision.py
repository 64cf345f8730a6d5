"""The recommendation: four outcomes, and what may never become no-indication."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.decision import decide
from scanner.evidence import Evidence, EvidenceState, LifeRisk, Reason, Recommendation
from scanner.fusion import fused_llr
from scanner.policy import MODALITIES, make_policy
from scanner.vehicle import VehicleClass

POLICY = make_policy({})[VehicleClass.REEFER]
SAFE = LifeRisk(None, None, Reason("measuring"))


def evidences(**states: tuple[EvidenceState, float]) -> list[Evidence]:
    return [Evidence(name, *states.get(name, (EvidenceState.UNAVAILABLE, 0.0))) for name in MODALITIES]


def ready(llr: float) -> tuple[EvidenceState, float]:
    return EvidenceState.READY, llr


def test_all_required_against_people_gives_no_indication():
    said = evidences(co2=ready(-2.0), heartbeat=ready(-2.0))
    decision = decide(said, -4.0, SAFE, POLICY, elapsed_s=60.0, ended=False)
    assert decision.recommendation is Recommendation.NO_INDICATION
    assert decision.final


@pytest.mark.parametrize("state", [EvidenceState.UNAVAILABLE, EvidenceState.PENDING])
@pytest.mark.parametrize("name", POLICY.required)
def test_required_method_without_an_answer_is_inconclusive(name: str, state: EvidenceState):
    said = evidences(**{m: ready(-5.0) for m in MODALITIES} | {name: (state, 0.0)})
    decision = decide(said, -20.0, SAFE, POLICY, elapsed_s=POLICY.time_limit_s, ended=True)
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
    llr = fused_llr(said, dict.fromkeys(MODALITIES, 1.0))
    decision = decide(said, llr, SAFE, POLICY, elapsed_s, ended)
    if decision.recommendation is Recommendation.NO_INDICATION:
        assert all(e.state is EvidenceState.READY for e in said if e.modality in POLICY.required)
        assert sum(e.llr for e in said) <= POLICY.no_indication_llr + 1e-9


def test_people_likely_and_time_short_is_rescue():
    said = evidences(co2=ready(5.0))
    risk = LifeRisk(10.0, 30.0, Reason("measuring"))
    assert decide(said, 5.0, risk, POLICY, 30.0, False).recommendation is Recommendation.RESCUE
    later = LifeRisk(POLICY.rescue_minutes + 1, math.inf, Reason("measuring"))
    assert decide(said, 5.0, later, POLICY, 30.0, False).recommendation is Recommendation.SEARCH


def test_one_strong_method_suffices_to_search_though_others_are_lost():
    said = evidences(xray=ready(6.0))
    assert decide(said, 6.0, SAFE, POLICY, 30.0, False).recommendation is Recommendation.SEARCH


def test_who_is_known_to_be_inside_is_not_xrayed():
    known = decide(evidences(co2=ready(5.0)), 5.0, SAFE, POLICY, 30.0, False)
    assert known.reasons[0].code == "open_not_xray"
    seen = decide(evidences(xray=ready(5.0)), 5.0, SAFE, POLICY, 30.0, False)
    assert "open_not_xray" not in [r.code for r in seen.reasons]


def test_nothing_is_final_before_the_minimum_dwell():
    said = evidences(co2=ready(-3.0), heartbeat=ready(-3.0))
    assert not decide(said, -6.0, SAFE, POLICY, POLICY.minimum_dwell_s - 1, False).final
