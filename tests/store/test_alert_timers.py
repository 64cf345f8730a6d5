"""Steps that are late are escalated once a level; shelves end; a clock that was set does no harm."""

from __future__ import annotations

import pytest

from service.config.alerts_table import AlertsTable, StepsTable
from service.resources import AlertState, OutcomeKind, OutcomeRequest, ShelveRequest
from service.store import alert_rows, alerts
from service.store.alert_timers import RunOut
from service.store.errors import Conflict

LIMITS = AlertsTable(
    search=StepsTable(acknowledge_s=60, assign_s=120, outcome_s=300, close_s=600),
    rescue=StepsTable(acknowledge_s=20, assign_s=40, outcome_s=100, close_s=200),
    most_escalations=2,
    shelve_most_min=30,
)
HOUR_MS = 3_600_000
NOTHING = OutcomeRequest(kind=OutcomeKind.NOTHING_FOUND)
SHELVE = ShelveRequest(minutes=10, reason="search bay 2 is taken")


@pytest.fixture
def alarm(lane):
    """Give a function that has the lane raise an alert under the limits of this file."""

    def tell(recommendation="search", now_ms=None, **more):
        raw = lane.assessed(recommendation, **more)
        lane.tell(raw, now_ms=now_ms, limits=LIMITS)
        return lane.alert()

    return tell


@pytest.fixture
def do(handle):
    """Give a function that has an officer act under the limits of this file."""
    return lambda function, *values, **more: handle(function, *values, limits=LIMITS, **more)


@pytest.fixture
def time_goes(lane):
    """Give a function that looks at the timers so many seconds after the beginning."""

    def look(seconds):
        now_ms = lane.now_ms + round(seconds * 1000)
        with lane.database.reading() as c:
            expected = alerts.any_run_out(c, LIMITS, now_ms)
        with lane.database.writing() as c:
            done = alerts.carry_out(c, LIMITS, now_ms)
        assert bool(done) is expected
        return [what for what, _ in done]

    return look


@pytest.mark.parametrize(("recommendation", "seconds"), [("search", 60), ("rescue", 20)])
def test_unacknowledged_alert_is_escalated_once_a_level(
    lane, alarm, time_goes, audited, recommendation, seconds
):
    assert alarm(recommendation).due_utc_ms == lane.now_ms + seconds * 1000
    assert time_goes(seconds - 0.001) == []
    assert time_goes(seconds) == [RunOut.STEP]
    assert time_goes(seconds) == []  # another copy, a moment later
    alert = lane.alert()
    assert (alert.escalation, alert.due_utc_ms, alert.version) == (1, lane.now_ms + 2000 * seconds, 2)
    assert time_goes(2 * seconds) == [RunOut.STEP]
    assert time_goes(9 * seconds) == []  # as far as it goes
    assert lane.alert().escalation == 2
    assert [(e.who, e.detail["to"], e.detail["state"]) for e in audited("alert_escalated")] == [
        ("(service)", 1, "raised"),
        ("(service)", 2, "raised"),
    ]


def test_a_service_that_was_away_escalates_by_one(lane, alarm, time_goes):
    alarm()
    assert time_goes(3600) == [RunOut.STEP]
    assert lane.alert().escalation == 1


STEPS = [
    ((alerts.acknowledge,), 120),
    ((alerts.assign, "dog team"), 300),
    ((alerts.record_outcome, NOTHING), 600),
]


def test_each_step_has_its_own_time_and_begins_without_escalation(lane, alarm, do, time_goes):
    alarm()
    assert time_goes(60) == [RunOut.STEP]
    for (function, *values), seconds in STEPS:
        alert = do(function, *values)
        assert (alert.due_utc_ms, alert.escalation) == (lane.now_ms + seconds * 1000, 0)
        assert time_goes(seconds - 1) == []
        assert time_goes(seconds) == [RunOut.STEP]
    closed = do(alerts.close)
    assert closed.due_utc_ms is None
    assert time_goes(10 * HOUR_MS) == []


def test_a_late_step_is_told(lane, alarm, time_goes, rows):
    alarm()
    time_goes(60)
    [(told,)] = rows("SELECT count(*) FROM events WHERE kind = 'alert'")
    assert told == 2
    [(data,)] = rows("SELECT data FROM events WHERE kind = 'alert' ORDER BY sequence DESC LIMIT 1")
    assert '"escalation":1' in data


def test_a_clock_set_back_neither_fires_nor_silences(lane, alarm, time_goes):
    alarm()
    assert time_goes(-3600) == [RunOut.TIMER]
    assert time_goes(-3600 + 59.9) == []
    assert lane.alert().escalation == 0
    assert time_goes(-3600 + 60) == [RunOut.STEP]


def test_clocks_of_copies_may_differ_a_little(alarm, time_goes):
    alarm()
    assert time_goes(-1.9) == []


def test_an_alert_from_before_there_were_timers_gets_its_time(lane, alarm, time_goes, audited):
    alert = alarm()
    with lane.database.writing() as c:
        alert_rows.put(c, alert.id, {"due_utc_ms": None})
    assert time_goes(HOUR_MS / 1000) == [RunOut.TIMER]
    assert lane.alert().due_utc_ms == lane.now_ms + HOUR_MS + 60_000
    assert len(audited("alert_timer_restarted")) == 1


def test_shelf_holds_the_step_and_ends_by_itself(lane, alarm, do, time_goes, audited):
    alarm()
    shelved = do(alerts.shelve, SHELVE, by="anna")
    assert (shelved.state, shelved.shelved_by, shelved.shelved_reason) == (
        AlertState.RAISED,
        "anna",
        SHELVE.reason,
    )
    assert (shelved.shelved_until_utc_ms, shelved.due_utc_ms) == (lane.now_ms + 600_000, None)
    assert time_goes(599.9) == []
    assert time_goes(600) == [RunOut.SHELF]
    assert time_goes(600) == []
    alert = lane.alert()
    assert (alert.shelved_until_utc_ms, alert.shelved_by, alert.shelved_reason) == (None, "", "")
    assert alert.due_utc_ms == lane.now_ms + 660_000
    [entry] = audited("alert_unshelved")
    assert (entry.who, entry.detail["why"], entry.detail["shelved_by"]) == ("(service)", "time", "anna")


def test_a_clock_set_back_ends_a_shelf_that_would_be_too_long(alarm, do, time_goes):
    alarm()
    do(alerts.shelve, SHELVE)
    assert time_goes(-3600) == [RunOut.SHELF]


def test_shelved_alert_is_listed(lane, alarm, do):
    alarm()
    do(alerts.shelve, SHELVE)
    with lane.database.reading() as c:
        assert [alert.shelved_by for alert in alerts.listed(c, True, None, None)] == ["anna"]


def test_shelf_is_extended_from_now(lane, alarm, do, audited):
    alarm()
    do(alerts.shelve, SHELVE)
    again = do(alerts.shelve, SHELVE, by="bert", now_ms=lane.now_ms + 60_000)
    assert (again.shelved_by, again.shelved_until_utc_ms) == ("bert", lane.now_ms + 660_000)
    assert [entry.who for entry in audited("alert_shelved")] == ["anna", "bert"]


def test_unshelved_by_an_officer(lane, alarm, do, audited):
    alarm()
    before = do(alerts.unshelve)
    assert before.version == 1  # it is on no shelf
    do(alerts.shelve, SHELVE)
    alert = do(alerts.unshelve, by="bert")
    assert (alert.shelved_until_utc_ms, alert.due_utc_ms) == (None, lane.now_ms + 60_000)
    assert [(entry.who, entry.detail["why"]) for entry in audited("alert_unshelved")] == [("bert", "asked")]


def test_too_long_a_shelf_is_refused(alarm, do):
    alarm()
    with pytest.raises(Conflict, match="30 min") as error:
        do(alerts.shelve, ShelveRequest(minutes=31, reason="tea"))
    assert error.value.code == "shelved_too_long"


def test_a_rescue_is_never_shelved(alarm, do):
    alarm("rescue")
    with pytest.raises(Conflict) as error:
        do(alerts.shelve, SHELVE)
    assert error.value.code == "rescue_not_shelved"


def test_a_rescue_ends_the_shelf_and_alarms(lane, alarm, do, audited):
    alarm("search", mono_ns=1)
    do(alerts.shelve, SHELVE, by="anna")
    alert = alarm("rescue", mono_ns=2)
    assert (alert.state, alert.shelved_until_utc_ms) == (AlertState.RAISED, None)
    assert alert.due_utc_ms == lane.now_ms + 20_000
    [entry] = audited("alert_level_lifted")
    assert entry.detail["before"]["shelved_by"] == "anna"


@pytest.mark.parametrize(("visit", "on_shelf"), [(1, True), (2, False)])
def test_a_further_visit_that_points_to_people_ends_the_shelf(alarm, do, visit, on_shelf):
    alarm("search", visit=1, mono_ns=1)
    do(alerts.shelve, SHELVE)
    alert = alarm("search", visit=visit, mono_ns=2)
    assert (alert.shelved_until_utc_ms is not None) is on_shelf


def test_a_higher_level_ends_the_shelf(lane, alarm, do, rows):
    lane.tell(lane.opened())
    with lane.database.writing() as c:
        alerts.raise_by_officer(c, lane.scan, "anna", "", lane.now_ms, LIMITS)
    do(alerts.shelve, SHELVE)
    assert alarm("search").shelved_until_utc_ms is None
    assert rows("SELECT level FROM alarms ORDER BY sequence") == [("officer",), ("search",)]


@pytest.mark.parametrize(("function", "values"), [(alerts.acknowledge, ()), (alerts.assign, ("dog team",))])
def test_handling_ends_the_shelf(alarm, do, audited, function, values):
    alarm()
    if function is alerts.assign:
        do(alerts.acknowledge)
    do(alerts.shelve, SHELVE)
    assert do(function, *values, by="bert").shelved_until_utc_ms is None
    actions = {alerts.acknowledge: "alert_acknowledged", alerts.assign: "search_assigned"}
    [entry] = audited(actions[function])[-1:]
    assert entry.detail["was_shelved_by"] == "anna"
