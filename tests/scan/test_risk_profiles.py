"""A lorry's risk profile: it moves probability and advice, never a boundary; without one nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from scipy.special import expit, logit

from calibration.worth import Worth
from drivers.api import Event, EventKind, Item
from scanner.evidence import Assessment, Evidence, EvidenceState, Reason, Recommendation
from scanner.limits import limits_of
from scanner.methods import MethodKit
from scanner.modality import ScanView
from scanner.pipeline import Scan, declaration_data, declaration_from
from scanner.policy import make_policy
from scanner.recording.header import METADATA_NAME, RecordingHeader, header_from
from scanner.replay import Replayed, replayed_json
from scanner.replay_schema import Vehicle
from scanner.vehicle import CargoClass, Declaration, VehicleClass

LORRY = Declaration(VehicleClass.REEFER, CargoClass.BOXED, "AB12 CDE", laden=True)
FERRY = replace(LORRY, profile="night ferry")
POLICY = {"reefer": {"profiles": {"night ferry": 0.3, "rarely": 1e-5}}}


class Always:
    """A method that always says the same."""

    def __init__(self, evidence: Evidence) -> None:
        self.name, self._evidence = evidence.modality, evidence

    def feed(self, item: Item) -> None:
        """Need nothing."""

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Say it."""
        return self._evidence


@pytest.fixture
def assess(kit_saying: Callable[[float], MethodKit]) -> Callable[..., Assessment]:
    """Give a function that assesses a lorry of which two methods say a ratio, and X-rays are to come."""
    worth = Worth("xray", "reefer", "all", 10.0, 1.0, (3.0, 3.0), (-3.0, -3.0))

    def run(declared: Declaration, llr: float, ended: bool = False, second_s: int = 90) -> Assessment:
        waiting = Evidence("xray", EvidenceState.PENDING, reason=Reason("xray_no_passage"))
        said = [Evidence(name, EvidenceState.READY, llr=llr) for name in ("co2", "heartbeat")]
        methods = [Always(one) for one in (*said, waiting)]
        calibrations = replace(kit_saying(0.0).calibrations, worth=(worth,))
        scan = Scan("scan", LORRY, {}, methods, calibrations, make_policy(POLICY), {})
        scan.feed(Event(EventKind.DECLARATION, 0, "scan", declaration_data(declared)))
        scan.feed(Event(EventKind.VISIT_START, 0, "scan", {"visit": 1}))
        if ended:
            scan.feed(Event(EventKind.SCAN_END, 1_000_000_000, "scan"))
        return scan.tick(second_s * 1_000_000_000)

    return run


@pytest.mark.parametrize(
    ("profile", "prior"), [("", 0.01), ("night ferry", 0.3), ("rarely", 1e-5), ("?", 0.01)]
)
def test_the_posterior_starts_from_the_profiles_share(assess, profile: str, prior: float):
    assessment = assess(replace(LORRY, profile=profile), 0.7)
    assert assessment.fused is not None
    assert assessment.posterior == pytest.approx(expit(assessment.fused.llr + logit(prior)))


def test_the_advice_weighs_what_the_profile_leaves_open(assess):
    """Where hardly anybody can be inside, no further method would tell anything."""

    def advised(profile: str) -> bool:
        reasons = assess(replace(LORRY, profile=profile), 0.3, ended=True, second_s=130).reasons
        return any(reason.code == "would_help_most" for reason in reasons)

    assert advised("night ferry")
    assert not advised("rarely")


@pytest.mark.parametrize("llr", [-3.0, -1.0, 0.0, 1.0, 2.5, 4.0])
@pytest.mark.parametrize("ended", [False, True])
def test_the_recommendation_does_not_depend_on_it(assess, llr: float, ended: bool):
    plain, ferry, rarely = (
        assess(replace(LORRY, profile=name), llr, ended) for name in ("", "night ferry", "rarely")
    )
    assert {one.recommendation for one in (plain, ferry, rarely)} == {plain.recommendation}
    assert {one.final for one in (plain, ferry, rarely)} == {plain.final}
    assert plain.fused == ferry.fused == rarely.fused
    assert rarely.posterior < plain.posterior < ferry.posterior


def test_there_are_several_recommendations_that_could_have_moved(assess):
    found = {assess(FERRY, llr, ended=True).recommendation for llr in (-3.0, 0.0, 4.0)}
    assert {Recommendation.SEARCH, Recommendation.INCONCLUSIVE} <= found


def test_boundaries_are_the_same_with_and_without_profiles(kit_saying):
    calibrations = kit_saying(0.0).calibrations
    for vehicle in VehicleClass:
        plain, named = (make_policy(tables)[vehicle] for tables in ({}, POLICY))
        assert limits_of(plain, calibrations, vehicle) == limits_of(named, calibrations, vehicle)


# What is written


def test_a_declaration_round_trips_and_without_a_profile_is_written_as_before():
    assert declaration_data(LORRY) == {
        "vehicle_class": "reefer",
        "cargo": "boxed",
        "plate": "AB12 CDE",
        "laden": True,
        "closed_minutes": None,
    }
    assert declaration_data(FERRY) == {**declaration_data(LORRY), "profile": "night ferry"}
    for one in (LORRY, FERRY):
        assert declaration_from(json.loads(json.dumps(declaration_data(one)))) == one


def test_a_header_round_trips_and_without_a_profile_is_written_as_before():
    texts = {one: RecordingHeader("scan", 1, "lane", one).to_metadata() for one in (LORRY, FERRY)}
    assert json.loads(texts[LORRY]["declaration"]) == declaration_data(LORRY)
    assert json.loads(texts[FERRY]["declaration"]) == declaration_data(FERRY)
    for one, metadata in texts.items():
        assert header_from(metadata, METADATA_NAME).declaration == one


def test_replays_json_names_the_profile_where_there_is_one():
    told = {
        one: replayed_json(Replayed(RecordingHeader("scan", 1, "lane", one), []))["vehicle"]
        for one in (LORRY, FERRY)
    }
    assert "profile" not in told[LORRY]
    assert told[FERRY]["profile"] == "night ferry"
    for one in told.values():
        assert Vehicle.model_validate(one).model_dump(mode="json") == one  # as documented, no more
