"""What an officer is told to do with the probe, from what CO2 says."""

from __future__ import annotations

import math
from typing import Any

import pytest

from scanner.decision import decide
from scanner.evidence import Evidence, EvidenceState, Fused, LifeRisk, Reason, Recommendation
from scanner.policy import make_policy
from scanner.procedure import next_steps
from scanner.sequential import Limits
from scanner.vehicle import VehicleClass
from scanner.wording import LANGUAGES, sentence

UTC_NS = 1_793_606_400_000_000_000
HELD: dict[str, float] = {"probe_in_s": 60.0, "hold_s": 0.0, "settled": 0.0, "dip_utc_s": UTC_NS / 1e9 - 60.0}


def co2(state: EvidenceState, code: str, **features: float) -> Evidence:
    return Evidence("co2", state, reason=Reason(code), features=features)


def ready(**features: float) -> Evidence:
    return co2(EvidenceState.READY, "co2_excess", **{**HELD, **features})


CASES: list[tuple[Evidence, list[str]]] = [
    (co2(EvidenceState.UNAVAILABLE, "co2_probe_not_in"), ["procedure_put_in"]),
    (co2(EvidenceState.UNAVAILABLE, "co2_probe_not_in", dip1_excess_ppm=90.0), ["procedure_put_in_again"]),
    (co2(EvidenceState.PENDING, "co2_not_yet_determinable", hold_s=9.0), ["procedure_hold"]),
    (co2(EvidenceState.UNAVAILABLE, "co2_breath"), ["procedure_dip_again"]),
    (ready(settles_30s=0.4, settles_second_dip=0.0), ["procedure_hold_on"]),
    (ready(settles_30s=0.0, settles_second_dip=0.6), ["procedure_no_more", "procedure_second_dip"]),
    (ready(settles_30s=0.0, settles_second_dip=0.0), ["procedure_no_more"]),
    (ready(settled=1.0), ["procedure_enough_take_out"]),
    (co2(EvidenceState.UNAVAILABLE, "co2_inert_tank"), []),
]


@pytest.mark.parametrize(
    ("evidence", "codes"), CASES, ids=lambda v: "-".join(v) if isinstance(v, list) else ""
)
def test_the_next_step(evidence: Evidence, codes: list[str]) -> None:
    steps = next_steps(evidence, UTC_NS).steps
    assert [s.code for s in steps] == codes
    for step in steps:
        for language in LANGUAGES:
            assert sentence(step, language)


def test_a_second_dip_is_due_a_quarter_of_an_hour_after_the_first() -> None:
    found = next_steps(ready(settles_second_dip=0.6), UTC_NS)
    assert found.second_dip_due_utc_ms == UTC_NS // 1_000_000 + 840_000
    assert found.steps[-1].values["minutes"] == pytest.approx(14.0)


def test_a_settled_question_asks_for_no_second_dip() -> None:
    assert next_steps(ready(settled=1.0, settles_second_dip=0.9), UTC_NS).second_dip_due_utc_ms is None


@pytest.mark.parametrize("second_dip", [True, False])
def test_time_up_says_that_a_second_dip_would_tell(second_dip: bool) -> None:
    policy: Any = make_policy({})[VehicleClass.REEFER]
    evidences = [Evidence(name, EvidenceState.READY) for name in policy.required]
    nothing = LifeRisk(None, None, Reason("life_risk_no_level"))
    decision = decide(
        evidences,
        Fused(1.0, {}, math.inf),
        Limits(4.0, -2.0),
        nothing,
        policy,
        1e6,
        False,
        second_dip=second_dip,
    )
    assert decision.recommendation is Recommendation.INCONCLUSIVE
    assert ("second_dip_would_tell" in [r.code for r in decision.reasons]) is second_dip
