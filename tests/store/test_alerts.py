"""Alerts: raised once a scan, handled by officers, raised again only where more is known."""

from __future__ import annotations

import json

import pytest

from service.resources import AlertLevel, AlertState, OutcomeKind, OutcomeRequest
from service.store import alerts, scans
from service.store.errors import Conflict, NotFound

FOUND = OutcomeRequest(kind=OutcomeKind.PEOPLE_FOUND, people=3, medical_help=True, note="à l’avant")
NOTHING = OutcomeRequest(kind=OutcomeKind.NOTHING_FOUND)


def refused(code):
    return pytest.raises(Conflict, check=lambda error: error.code == code)


@pytest.mark.parametrize("recommendation", ["search", "rescue"])
def test_assessment_raises_alert_scan_event_and_audit_at_once(lane, rows, recommendation):
    lane.tell(lane.opened())
    lane.tell(lane.assessed(recommendation, mono_ns=5))
    alert = lane.alert()
    assert (alert.level.value, alert.state) == (recommendation, AlertState.RAISED)
    assert (alert.plate, alert.lane_id, alert.raised_by) == ("AB12 CDE", lane.id, "lane:north-quay-2")
    assert (alert.persons_likely, alert.version, alert.raised_utc_ms) == (2, 1, lane.now_ms)
    assert alert.minutes_low == (12.5 if recommendation == "rescue" else "inf")
    assert alert.reasons[0].text["fr"] == "C’est ainsi"
    assert (lane.kept().alert_id, lane.kept().version) == (alert.id, 2)
    told = rows("SELECT kind, data FROM events ORDER BY sequence")[-2:]
    assert [(kind, json.loads(data)) for kind, data in told] == [
        ("scan", lane.kept().model_dump(mode="json")),
        ("alert", alert.model_dump(mode="json")),
    ]
    assert rows("SELECT who FROM audit WHERE action = 'alert_raised' AND subject = ?", alert.id) == [
        ("lane:north-quay-2",)
    ]


@pytest.mark.parametrize("recommendation", ["no-indication", "inconclusive"])
def test_nothing_else_raises(lane, rows, recommendation):
    lane.tell(lane.assessed(recommendation, final=True))
    assert rows("SELECT count(*) FROM alerts") == [(0,)]


def test_one_alert_and_no_event_for_what_is_known(lane, rows):
    lane.tell(lane.assessed("search", mono_ns=1))
    before = lane.alert()
    lane.tell(lane.visit_ended("search", mono_ns=1))
    lane.tell(lane.assessed("no-indication", mono_ns=2))
    assert lane.alert() == before
    assert rows("SELECT count(*) FROM events WHERE kind = 'alert'") == [(1,)]


def test_newer_assessment_brings_newer_reasons(lane, handle):
    lane.tell(lane.assessed("search", mono_ns=2))
    handle(alerts.acknowledge)
    persons = {"low": 2, "likely": 5, "high": 9}
    lane.tell(lane.assessed("search", mono_ns=1, persons=persons))
    assert lane.alert().persons_likely == 2  # that was older
    lane.tell(lane.assessed("search", mono_ns=3, persons=persons, final=True))
    alert = lane.alert()
    assert (alert.persons_likely, alert.state, alert.version) == (5, AlertState.ACKNOWLEDGED, 3)


def test_danger_is_told_from_when_it_was_raised(lane, handle):
    """A lane that was cut off tells late: the minutes that have passed are gone."""
    told_ms = lane.now_ms
    lane.tell(lane.assessed("rescue", mono_ns=1), now_ms=told_ms + 5 * 60_000)
    assert lane.alert().minutes_low == pytest.approx(7.5)
    lane.tell(lane.visit_ended("rescue", mono_ns=1), now_ms=told_ms + 6 * 60_000)
    assert lane.alert().version == 1
    lane.now_ms = told_ms + 8 * 60_000
    lane.tell(lane.visit_ended("rescue", mono_ns=2), now_ms=told_ms + 9 * 60_000)
    alert = lane.alert()
    assert alert.raised_utc_ms == told_ms + 5 * 60_000
    assert alert.minutes_low == pytest.approx(15.5)  # until 12.5 min after the eighth


@pytest.mark.parametrize(("clock_ms", "minutes"), [(-3_600_000, 0.0), (3_600_000, 12.5)])
def test_danger_is_never_later_for_a_lane_with_a_wrong_clock(lane, clock_ms, minutes):
    now_ms = lane.now_ms
    lane.now_ms += clock_ms
    lane.tell(lane.assessed("rescue"), now_ms=now_ms)
    assert lane.alert().minutes_low == minutes


def test_nonsense_of_persons_does_not_lose_the_alert(lane):
    lane.tell(lane.assessed("rescue", persons={"low": 1, "likely": 10**30, "high": 10**30}))
    assert lane.alert().persons_likely == 9999


def test_rescue_alarms_again_after_search(lane, handle, rows):
    lane.tell(lane.assessed("search", mono_ns=1))
    handle(alerts.acknowledge, by="anna")
    lane.now_ms += 1000
    lane.tell(lane.assessed("rescue", mono_ns=2))
    alert = lane.alert()
    assert (alert.level, alert.state) == (AlertLevel.RESCUE, AlertState.RAISED)
    assert (alert.acknowledged_by, alert.acknowledged_utc_ms) == ("", None)
    assert (alert.raised_utc_ms, alert.minutes_low) == (lane.now_ms, 12.5)
    [(detail,)] = rows("SELECT detail FROM audit WHERE action = 'alert_raised_again'")
    assert json.loads(detail)["before"]["acknowledged_by"] == "anna"
    assert handle(alerts.acknowledge, by="bert").acknowledged_by == "bert"
    lane.tell(lane.assessed("rescue", mono_ns=3))
    lane.tell(lane.assessed("search", mono_ns=4))
    alert = lane.alert()
    assert (alert.level, alert.state) == (AlertLevel.RESCUE, AlertState.ACKNOWLEDGED)


def test_late_rescue_alarms_too(lane, handle):
    lane.tell(lane.assessed("search", mono_ns=9))
    handle(alerts.acknowledge)
    lane.tell(lane.assessed("rescue", mono_ns=3))
    assert (lane.alert().level, lane.alert().state) == (AlertLevel.RESCUE, AlertState.RAISED)


@pytest.mark.parametrize("closing", [False, True])
def test_settled_visit_does_not_alarm_but_the_next_one_does(lane, handle, rows, closing):
    lane.tell(lane.assessed("search", visit=1, mono_ns=1))
    handle(alerts.acknowledge)
    handle(alerts.record_outcome, NOTHING)
    if closing:
        handle(alerts.close)
    settled = lane.alert()
    lane.tell(lane.assessed("search", visit=1, mono_ns=2))
    assert lane.alert() == settled
    lane.tell(lane.assessed("no-indication", visit=2, mono_ns=3))
    assert lane.alert() == settled
    lane.tell(lane.assessed("search", visit=2, mono_ns=4))
    again = lane.alert()
    assert (again.id, again.state, again.outcome, again.closed_by) == (
        settled.id,
        AlertState.RAISED,
        None,
        "",
    )
    assert again.level is AlertLevel.SEARCH
    assert rows("SELECT kind FROM outcomes") == [("nothing_found",)]  # the first search stays on record
    handle(alerts.acknowledge)
    assert handle(alerts.record_outcome, FOUND).outcome.people == 3
    assert rows("SELECT kind FROM outcomes") == [("nothing_found",), ("people_found",)]


@pytest.mark.parametrize(("outcome", "state"), [(NOTHING, AlertState.RAISED), (FOUND, AlertState.OUTCOME)])
def test_rescue_alarms_again_after_a_search_that_found_nobody(lane, handle, outcome, state):
    lane.tell(lane.assessed("search", mono_ns=1))
    handle(alerts.acknowledge)
    handle(alerts.record_outcome, outcome)
    lane.tell(lane.assessed("rescue", mono_ns=2))
    assert lane.alert().state is state
    if state is AlertState.RAISED:
        handle(alerts.acknowledge)
        handle(alerts.record_outcome, outcome)
        lane.tell(lane.assessed("rescue", mono_ns=3))  # known: once is enough
        assert lane.alert().state is AlertState.OUTCOME


def test_officer_raises_a_settled_alert_again(lane, handle, rows):
    lane.tell(lane.assessed("search"))
    handle(alerts.acknowledge)
    handle(alerts.record_outcome, NOTHING)
    handle(alerts.close)
    with lane.database.writing() as c:
        again, new = alerts.raise_by_officer(c, lane.alert().scan_id, "bert", "look again", lane.now_ms)
    assert (new, again.state, again.level) == (True, AlertState.RAISED, AlertLevel.OFFICER)
    assert (again.outcome, again.closed_by, again.raised_by) == (None, "", "bert")
    assert rows("SELECT count(*) FROM alerts") == [(1,)]
    with lane.database.writing() as c:
        assert alerts.raise_by_officer(c, again.scan_id, "anna", "", lane.now_ms) == (again, False)


def test_closing_speaks_for_the_visits_until_then(lane, handle):
    lane.tell(lane.assessed("search", visit=1))
    handle(alerts.acknowledge)
    handle(alerts.record_outcome, NOTHING)
    lane.tell(lane.assessed("inconclusive", visit=2))
    handle(alerts.close)
    lane.tell(lane.assessed("search", visit=2, mono_ns=9))
    assert lane.alert().state is AlertState.CLOSED
    lane.tell(lane.assessed("search", visit=3))
    assert lane.alert().state is AlertState.RAISED


def test_officer_raises_by_hand(lane, rows):
    lane.tell(lane.opened())
    with lane.database.writing() as c:
        alert, new = alerts.raise_by_officer(c, lane.scan, "anna", "Klopfzeichen gehört", lane.now_ms)
    assert new
    assert (alert.level, alert.state, alert.raised_by) == (AlertLevel.OFFICER, AlertState.RAISED, "anna")
    assert alert.reasons[0].text == {"en": "Klopfzeichen gehört", "fr": "Klopfzeichen gehört"}
    assert lane.kept().alert_id == alert.id
    with lane.database.writing() as c:
        assert alerts.raise_by_officer(c, lane.scan, "bert", "", lane.now_ms) == (alert, False)
        with pytest.raises(NotFound):
            alerts.raise_by_officer(c, "nothing", "bert", "", lane.now_ms)
    assert rows("SELECT who FROM audit WHERE action = 'alert_raised'") == [("anna",)]


def test_search_lifts_the_officers_alert_and_rescue_alarms(lane, handle):
    lane.tell(lane.opened())
    with lane.database.writing() as c:
        alerts.raise_by_officer(c, lane.scan, "anna", "", lane.now_ms)
    handle(alerts.acknowledge)
    lane.tell(lane.assessed("search", mono_ns=1))
    alert = lane.alert()
    assert (alert.level, alert.state) == (AlertLevel.SEARCH, AlertState.ACKNOWLEDGED)
    assert (alert.persons_likely, alert.raised_by) == (2, "anna")
    lane.tell(lane.assessed("rescue", mono_ns=2))
    assert lane.alert().state is AlertState.RAISED


def test_acknowledging(lane, handle, rows):
    lane.tell(lane.assessed("search"))
    first = handle(alerts.acknowledge, by="anna", now_ms=1_793_620_801_000)
    assert (first.state, first.acknowledged_utc_ms) == (AlertState.ACKNOWLEDGED, 1_793_620_801_000)
    assert handle(alerts.acknowledge, by="anna", now_ms=1_793_620_809_000) == first
    with pytest.raises(Conflict, match=r"anna.*2026-11-02 12:00:01 UTC") as error:
        handle(alerts.acknowledge, by="bert")
    assert error.value.code == "already_acknowledged"
    assert rows("SELECT who FROM audit WHERE action = 'alert_acknowledged'") == [("anna",)]


def test_outcome_corrected_until_closed(lane, handle, rows):
    lane.tell(lane.assessed("search"))
    with refused("not_acknowledged"):
        handle(alerts.record_outcome, FOUND)
    with refused("no_outcome"):
        handle(alerts.close)
    handle(alerts.acknowledge)
    with refused("no_outcome"):
        handle(alerts.close)
    first = handle(alerts.record_outcome, NOTHING)
    assert (first.state, first.outcome.kind) == (AlertState.OUTCOME, OutcomeKind.NOTHING_FOUND)
    assert handle(alerts.record_outcome, NOTHING, by="bert") == first
    second = handle(alerts.record_outcome, FOUND, by="bert", now_ms=lane.now_ms + 5)
    assert (second.outcome.people, second.outcome.by) == (3, "bert")
    assert (second.outcome.note, second.outcome.utc_ms) == ("à l’avant", lane.now_ms + 5)
    closed = handle(alerts.close, by="bert")
    assert (closed.state, closed.closed_by, closed.version) == (AlertState.CLOSED, "bert", 5)
    assert handle(alerts.close, by="anna") == closed
    assert handle(alerts.record_outcome, FOUND) == closed  # the same contents: nothing to refuse
    with refused("closed"):
        handle(alerts.record_outcome, NOTHING)
    with refused("already_acknowledged"):
        handle(alerts.acknowledge, by="bert")
    log = rows("SELECT who, action, detail FROM audit WHERE action LIKE 'outcome%'")
    assert [(who, action) for who, action, _ in log] == [
        ("anna", "outcome_recorded"),
        ("bert", "outcome_corrected"),
    ]
    assert json.loads(log[1][2])["instead_of"]["kind"] == "nothing_found"


def test_listed_newest_first(database, new_lane):
    told = []
    for step in range(4):
        lane = new_lane()
        lane.tell(lane.assessed("search"), now_ms=lane.now_ms + step)
        told.insert(0, lane.alert().id)
    with database.writing() as c:
        for act, more in ((alerts.acknowledge, ()), (alerts.record_outcome, (NOTHING,)), (alerts.close, ())):
            act(c, told[0], *more, "anna", 1)
    with database.reading() as c:
        assert [a.id for a in alerts.listed(c, False, None, None)] == told
        assert [a.id for a in alerts.listed(c, True, None, 2)] == told[1:3]
        assert [a.id for a in alerts.listed(c, False, told[1], 1)] == [told[2]]
        assert [a.id for a in alerts.listed(c, False, None, 20, alerts.Wanted(AlertState.CLOSED))] == told[:1]
        with pytest.raises(NotFound):
            alerts.get(c, "nothing")
        with pytest.raises(NotFound):
            scans.get(c, "nothing")
