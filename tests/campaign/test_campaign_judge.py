"""One lorry of a campaign is judged as a lane judges it, and its recording replays to the same."""

from dataclasses import replace

import pytest

from scanner.campaign.draw import draw_campaign_lorry
from scanner.campaign.faults import Fault
from scanner.campaign.judge import Ticks, judge
from scanner.campaign.record import Recorder
from scanner.fitting import assess_in_sequence
from scanner.methods import load_kit
from scanner.policy import make_policy
from scanner.recording import manifest
from scanner.recording.reader import read_header
from scanner.replay import replay_scan
from scanner.simulation.items import START_NS
from scanner.validation.outcome import from_json, to_json

POLICY = make_policy({})
SLOW = Ticks(every_s=5.0)


@pytest.fixture(scope="module")
def kit():
    """Calibrations and models as shipped."""
    return load_kit()


@pytest.fixture(scope="module")
def lorry():
    """An occupied lorry whose sensors are sound."""
    drawn = (draw_campaign_lorry("tuning", 4, number, 1.0) for number in range(100))
    return next(one for one in drawn if one.fault is None and one.spec.loaded is None)


def test_it_says_what_a_lane_says(kit, lorry):
    outcome = judge(lorry, kit, POLICY)
    lane = assess_in_sequence(lorry.spec, kit)
    assert outcome.recommendation == lane.recommendation.value
    assert outcome.decided_s == pytest.approx((lane.mono_ns - START_NS) / 1e9, abs=0.01)
    assert outcome.posterior == lane.posterior
    assert {name: said.llr for name, said in outcome.said.items() if said.ready} == {
        e.modality: e.llr for e in lane.evidences if e.state.value == "ready"
    }
    assert outcome.truth.occupied
    assert outcome.course[-1].elapsed_s == outcome.decided_s
    assert not any(moment.scores for moment in outcome.course)
    assert from_json(to_json(outcome)) == outcome


def test_going_on_changes_no_decision_and_keeps_scores(kit, lorry):
    short, whole = (judge(lorry, kit, POLICY, Ticks(5.0, on)) for on in (False, True))
    assert (whole.recommendation, whole.decided_s, whole.digest) == (
        short.recommendation,
        short.decided_s,
        short.digest,
    )
    limit_s = POLICY[lorry.spec.declaration.vehicle_class].time_limit_s
    assert whole.course[-1].elapsed_s == pytest.approx(limit_s, abs=5.0)
    assert [m.methods for m in whole.course[: len(short.course)]] == [m.methods for m in short.course]
    for moment in whole.course:
        assert set(moment.methods) <= set(moment.scores)
    at_decision = next(m for m in whole.course if m.elapsed_s == whole.decided_s)
    for name, said in whole.said.items():
        if said.ready:
            assert at_decision.scores[name] == pytest.approx(said.score, abs=1e-6)


def test_scores_without_a_fit_wait_for_one(lorry):
    uncalibrated = judge(lorry, load_kit(calibrated=False), POLICY, Ticks(10.0, whole=True))
    assert not any(value for moment in uncalibrated.course for value in moment.methods.values())
    assert {"movement", "thermal"} <= set(uncalibrated.course[-1].scores)


def test_a_fault_reaches_the_methods_and_the_row(kit, lorry):
    faulty = replace(lorry, fault=Fault("geophones", "never speaks"))
    outcome = judge(faulty, kit, POLICY, SLOW)
    assert outcome.said["heartbeat"].reason == "seismic_silent"
    assert outcome.truth.conditions["fault"] == "geophones never speaks"
    assert outcome.truth.conditions["faulty sensor"] == "geophones"


def test_the_recording_is_a_lane_s_and_replays_to_the_same(kit, lorry, tmp_path):
    faulty = replace(lorry, fault=Fault("co2-outside", "late", values={"late_s": 2.0}))
    outcome = judge(faulty, kit, POLICY, SLOW, Recorder(tmp_path, faulty, kit, POLICY))
    (link,) = outcome.links
    replayed = replay_scan([(read_header(tmp_path / link), tmp_path / link)], kit)
    assert replayed.same is True
    assert replayed.assessment.digest == outcome.digest
    assert replayed.differences == []
    told = manifest.load(tmp_path, lorry.name)
    assert not told.is_open
    assert [visit.whole for visit in told.visits] == [True]
    assert outcome == replace(judge(faulty, kit, POLICY, SLOW), links=outcome.links)


def test_what_an_interrupted_run_left_is_written_anew(kit, lorry, tmp_path):
    Recorder(tmp_path, lorry, kit, POLICY).abandon()
    outcome = judge(lorry, kit, POLICY, Ticks(10.0), Recorder(tmp_path, lorry, kit, POLICY))
    assert [visit.visit for visit in manifest.load(tmp_path, lorry.name).visits] == [1]
    assert (tmp_path / outcome.links[0]).stat().st_size > 100_000
