"""Time to danger on its way: canonical JSON, lane message, replay file; messages of older lanes; decision."""

from __future__ import annotations

import math

import pytest

from scanner.canonical import life_risk_json
from scanner.decision import decide
from scanner.evidence import (
    Evidence,
    EvidenceState,
    Fused,
    LifeLimit,
    LifePoint,
    LifeRisk,
    OxygenNow,
    Reason,
    Recommendation,
    TemperatureLevel,
    TemperatureRisk,
)
from scanner.lane.wire import LifeRiskWire
from scanner.policy import make_policy
from scanner.replay_schema import LifeRisk as ReplayedLifeRisk
from scanner.sequential import Limits
from scanner.vehicle import VehicleClass

POLICY = make_policy({})[VehicleClass.REEFER]
LIMITS = Limits(4.0, -2.0)
SEEN = (Evidence("co2", EvidenceState.READY, 6.0), Evidence("heartbeat", EvidenceState.READY, 2.0))

OLDER = {"minutes_low": 12.0, "minutes_high": "inf", "reason": {"code": "life_risk_from", "values": {}}}
"""As lanes and recordings said it before the air inside was estimated."""

WHOLE = LifeRisk(
    95.0,
    math.inf,
    Reason("life_risk_from", {"minutes_low": 95.0, "ppm": 9800.0}),
    minutes_likely=190.0,
    limits=(
        LifeLimit("co2", 40_000.0, 95.0, 190.0, math.inf),
        LifeLimit("oxygen", 10.0, 300.0, 500.0, 900.0),
    ),
    oxygen_pct=OxygenNow(19.5, 20.1, 20.4),
    temperature=TemperatureRisk(TemperatureLevel.DANGER, True, 120.0, None),
    course=(LifePoint(0.0, 2e3, 4e3, 9e3), LifePoint(60.0, 6e3, 15e3, 30e3)),
)


def text(content: object) -> object:
    """As the canonical JSON writes infinity."""
    if isinstance(content, dict):
        return {key: text(value) for key, value in content.items()}
    if isinstance(content, list):
        return [text(value) for value in content]
    return "inf" if content == math.inf else content


def test_nothing_is_lost_between_assessment_and_message() -> None:
    said = text(life_risk_json(WHOLE))
    assert LifeRiskWire.model_validate(said).model_dump(mode="json") == said


def test_the_replay_file_has_all_of_it() -> None:
    said = text(life_risk_json(WHOLE))
    assert ReplayedLifeRisk.model_validate(said).model_dump(mode="json") == said


def test_an_older_lane_is_understood() -> None:
    risk = LifeRiskWire.model_validate(OLDER)
    assert (risk.minutes_low, risk.minutes_high, risk.minutes_likely) == (12.0, "inf", None)
    assert risk.limits == []
    assert risk.temperature.level is TemperatureLevel.UNKNOWN


def test_an_older_replay_file_is_understood() -> None:
    older = {**OLDER, "reason": {"code": "life_risk_from", "values": {}, "text": {"en": "-", "fr": "-"}}}
    assert ReplayedLifeRisk.model_validate(older).course == []


@pytest.mark.parametrize(("cold", "code"), [(True, "life_cold_now"), (False, "life_heat_now")])
def test_people_in_dangerous_cold_or_heat_are_a_rescue(cold: bool, code: str) -> None:
    risk = LifeRisk(
        600.0,
        math.inf,
        Reason("life_risk_from"),
        temperature=TemperatureRisk(TemperatureLevel.DANGER, cold),
    )
    decision = decide(SEEN, Fused(8.0, {}, math.inf), LIMITS, risk, POLICY, 30.0, ended=False)
    assert decision.recommendation is Recommendation.RESCUE
    assert decision.reasons[0].code == code


def test_a_frozen_load_with_nobody_in_it_is_no_rescue() -> None:
    risk = LifeRisk(
        600.0, math.inf, Reason("life_risk_from"), temperature=TemperatureRisk(TemperatureLevel.DANGER, True)
    )
    decision = decide((), Fused(0.0, {}, math.inf), LIMITS, risk, POLICY, 30.0, ended=False)
    assert decision.recommendation is Recommendation.INCONCLUSIVE
    assert all(not reason.code.startswith("life_") for reason in decision.reasons)


def test_watched_cold_changes_no_recommendation() -> None:
    risk = LifeRisk(
        600.0, math.inf, Reason("life_risk_from"), temperature=TemperatureRisk(TemperatureLevel.WATCH, True)
    )
    assert (
        decide(SEEN, Fused(8.0, {}, math.inf), LIMITS, risk, POLICY, 30.0, ended=False).recommendation
        is Recommendation.SEARCH
    )
