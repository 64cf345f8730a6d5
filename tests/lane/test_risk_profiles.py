"""Risk profiles at a lane: refused where unknown, taken from a gate, recorded, shown with their prior."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.special import expit, logit
from ulid import ULID

from drivers.api import Event, EventKind
from scanner.lane.commands import CommandRefused, Leave, Return, Start
from scanner.lane.wire import GATE, OrderSent
from scanner.policy import make_policy
from scanner.recording import manifest
from scanner.recording.reader import read_header, read_recording
from scanner.recording.records import RecordedAssessment
from scanner.replay import replay_scan
from scanner.wording import LANGUAGES, sentence, sentences
from tests.lane.short_lane import LORRY, ShortLane
from tests.lane.small_service import SmallService, small_service, wait_for
from tests.lane.test_orders import STARTING, answers

POLICY = {"reefer": {"profiles": {"night ferry": 0.25, "new haulier": 0.1}}}
PLAIN = LORRY.spec.declaration
FERRY = replace(PLAIN, profile="night ferry")
UNKNOWN = replace(PLAIN, profile="day ferry")
CLASS_PRIOR = make_policy({})[PLAIN.vehicle_class].prior


@pytest.fixture
def short_lane(kit_saying, tmp_path: Path) -> Iterator[Callable[..., ShortLane]]:
    """Give a function that makes lanes on one data folder, one after the other."""
    made: list[ShortLane] = []

    def make(policy: dict[str, dict[str, Any]] | None = None, url: str = "") -> ShortLane:
        made.append(ShortLane(tmp_path / "data", kit_saying(0.4), 3.0, url=url, policy=policy))
        return made[-1]

    yield make
    if made and not made[-1].agent.stopped.is_set():
        made[-1].stop()


@pytest.fixture
def service() -> Iterator[SmallService]:
    with small_service() as running:
        yield running


def visit_file(lane: ShortLane) -> Path:
    """Return the one recording of a lane."""
    (file,) = (lane.agent.config.data_dir / "scans").glob("*/visit-*.mcap")
    return file


def test_a_profile_is_recorded_and_its_prior_shown_and_replayed(short_lane, kit_saying):
    lane = short_lane(POLICY)
    (scan_id,) = lane.start(Start(FERRY))
    lane.played()
    wait_for(lambda: lane.agent.snapshot().assessment)
    snapshot = lane.agent.snapshot()
    assert (snapshot.prior, snapshot.faults) == (0.25, ())
    assert snapshot.assessment.posterior == pytest.approx(
        expit(snapshot.assessment.fused.llr + logit(snapshot.prior))
    )
    lane.stop()
    file = visit_file(lane)
    header = read_header(file)
    assert header.declaration == FERRY
    assert make_policy(header.config["policy"]) == make_policy(POLICY)
    entries = list(read_recording(file))
    declared = [e.data for e in entries if isinstance(e, Event) and e.kind is EventKind.DECLARATION]
    assert [one["profile"] for one in declared] == ["night ferry"]
    assert manifest.load(lane.agent.config.data_dir, scan_id).declaration["profile"] == "night ferry"
    told = [e.assessment for e in entries if isinstance(e, RecordedAssessment)]
    result = replay_scan([(header, file)], kit_saying(0.4))
    assert (result.digests_equal, result.digests_different) == (len(told), 0)
    assert told


def test_without_a_profile_nothing_of_it_is_written(short_lane):
    lane = short_lane()
    lane.start(Start(PLAIN))
    lane.played()
    wait_for(lambda: lane.agent.snapshot().assessment)
    assert lane.agent.snapshot().prior == CLASS_PRIOR
    lane.stop()
    assert b'"profile' not in visit_file(lane).with_name("manifest.json").read_bytes()
    header = read_header(visit_file(lane))
    assert "profile" not in "".join(header.to_metadata().values())
    events = [e for e in read_recording(visit_file(lane)) if isinstance(e, Event)]
    assert not [e for e in events if "profile" in e.data]


@pytest.mark.parametrize(
    ("policy", "known"), [(POLICY, "night ferry, new haulier"), ({"tanker": POLICY["reefer"]}, "–")]
)
def test_a_start_with_an_unknown_one_names_those_of_the_class(short_lane, policy, known: str):
    lane = short_lane(policy)
    with pytest.raises(CommandRefused) as refused:
        lane.start(Start(UNKNOWN))
    for language in LANGUAGES:
        said = sentence(refused.value.reason, language)
        assert "'day ferry'" in said
        assert known in said
    assert not (lane.agent.config.data_dir / "scans").exists()
    assert lane.agent.command(Start(PLAIN)), "without one it starts"


def test_an_unknown_one_from_a_gate_is_taken_with_the_class_prior_and_told(short_lane):
    lane = short_lane(POLICY)
    started = lane.agent.submit(Start(UNKNOWN), by=f"{GATE}reader-1", order=str(ULID()))
    lane.start()
    assert started.result(10)
    lane.played()
    wait_for(lambda: lane.agent.snapshot().assessment)
    snapshot = lane.agent.snapshot()
    assert (snapshot.declaration, snapshot.prior) == (UNKNOWN, CLASS_PRIOR)
    (fault,) = snapshot.faults
    for language in LANGUAGES:
        assert "'day ferry'" in sentence(fault, language)
        assert "night ferry, new haulier" in sentence(fault, language)
    assert snapshot.assessment.recommendation.value == "inconclusive"
    lane.agent.command(Leave())
    assert lane.agent.snapshot().faults == ()


@pytest.mark.timeout(360)
def test_it_never_keeps_a_lorry_from_no_indication(played_lane, kit_saying, monkeypatch):
    """Faults of a recording do; this is none: everything was measured and recorded."""
    plan = replace(LORRY, spec=replace(LORRY.spec, declaration=UNKNOWN))
    monkeypatch.setattr("scanner.lane.carry_out.GATE", "")  # whoever starts it is a gate
    found = []
    for one in (LORRY, plan):
        agent, scan_id = played_lane(one, kit_saying(-3.0))
        file = manifest.scan_folder(agent.config.data_dir, scan_id) / "visit-01.mcap"
        told = [e.assessment for e in read_recording(file) if isinstance(e, RecordedAssessment)]
        found.append([(a["recommendation"], a["final"], a["posterior"]) for a in told])
    assert found[0] == found[1]
    assert found[0]


def test_one_taken_out_of_the_policy_between_two_visits_is_told(short_lane):
    before = short_lane(POLICY)
    (scan_id,) = before.start(Start(FERRY))
    before.agent.command(Leave())
    before.stop()
    after = short_lane({"reefer": {"profiles": {"new haulier": 0.1}}})
    after.start()
    after.agent.command(Return(scan_id))
    snapshot = after.agent.snapshot()
    assert [fault.code for fault in snapshot.faults] == ["profile_unknown"]
    assert snapshot.prior == CLASS_PRIOR


# Towards the service


def openings(service: SmallService) -> list[dict[str, Any]]:
    return [m for m in service.committed if m["kind"] == "scan_opened"]


def test_the_live_view_tells_the_names_and_the_profiles_prior(service, short_lane):
    lane = short_lane(POLICY, service.url)
    lane.start(Start(FERRY))
    wait_for(lambda: service.lives and service.lives[-1].assessment)
    live = service.lives[-1]
    assert live.model_dump(mode="json")["profiles"] == {"reefer": ["night ferry", "new haulier"]}
    assert live.prior == 0.25
    assert live.declaration is not None
    assert live.declaration.profile == "night ferry"
    wait_for(lambda: openings(service))
    (opened,) = openings(service)
    assert opened["body"]["declaration"]["profile"] == "night ferry"


def test_orders_of_an_officer_and_of_a_gate(service, short_lane):
    lane = short_lane(POLICY, service.url)
    lane.start()
    order = {**STARTING, "declaration": {**STARTING["declaration"], "profile": "day ferry"}}
    refused, taken = str(ULID()), str(ULID())
    service.order(1, command=refused, by="officer.north", order=order)
    wait_for(lambda: refused in answers(service))
    told = answers(service)[refused]
    assert (told["done"], told["answer"]["code"]) == (False, "order_profile_unknown")
    for language in LANGUAGES:
        assert "night ferry, new haulier" in told["answer"]["text"][language]
    service.order(2, command=taken, by=f"{GATE}reader-1", order=order)
    wait_for(lambda: taken in answers(service))
    assert answers(service)[taken]["done"]
    wait_for(
        lambda: service.lives and [fault.code for fault in service.lives[-1].faults] == ["profile_unknown"]
    )
    assert service.lives[-1].faults[0].text == sentences(lane.agent.snapshot().faults[0])
    assert service.lives[-1].prior == CLASS_PRIOR


def test_an_order_of_an_older_service_has_no_profile():
    sent = OrderSent.model_validate({"command": str(ULID()), "by": "officer.north", "order": STARTING})
    assert sent.order.declaration.profile == ""
