"""What became of each scan: what asked for a search, with which chance, and who was found."""

from __future__ import annotations

import pytest

from scanner.random_search import CHOSEN
from service.resources import OutcomeKind, OutcomeRequest
from service.store import alerts, searched_scans
from service.store.searched_scans import SearchedOrNot, Why

NOTHING = OutcomeRequest(kind=OutcomeKind.NOTHING_FOUND)
TWO = OutcomeRequest(kind=OutcomeKind.PEOPLE_FOUND, people=2)
NOT_SEARCHED = OutcomeRequest(kind=OutcomeKind.NOT_SEARCHED, note="the lorry had left")
BY_LOT = {
    "code": CHOSEN,
    "values": {"share": 0.05},
    "text": {"en": "Chosen at random", "fr": "Tiré au sort"},
}


def listed(database, since_ms=None, until_ms=None, lane_id=None) -> list[SearchedOrNot]:
    with database.reading() as c:
        return list(searched_scans.listed(c, searched_scans.ids(c, since_ms, until_ms, lane_id)))


def only(database) -> SearchedOrNot:
    [one] = listed(database)
    return one


@pytest.fixture
def silent(lane):
    """Give a function that tells of a scan that ended without an alarm, chosen by lot or not."""

    def end(chosen: bool, visit: int = 1, final: bool = True, mono_ns: int = 1) -> None:
        content = lane.content("no-indication", visit, mono_ns, final=final)
        content["reasons"] = [BY_LOT] * chosen + content["reasons"]
        lane.tell(lane.message("visit_ended", {"why": "decided", "visit": visit, "assessment": content}))

    lane.tell(lane.opened())
    return end


@pytest.fixture
def searched(database, lane, handle):
    """Give a function that has an officer search: raised by hand where the lane raised nothing."""

    def search(outcome: OutcomeRequest) -> None:
        with database.writing() as c:
            alerts.raise_by_officer(c, lane.scan, "anna", "", lane.now_ms)
        handle(alerts.acknowledge)
        handle(alerts.record_outcome, outcome)

    return search


def test_an_alarm_is_searched_for_sure(database, lane, handle):
    lane.tell(lane.opened())
    lane.tell(lane.assessed("search"))
    assert only(database) == SearchedOrNot(lane.scan, True, True, None, None)
    handle(alerts.acknowledge)
    handle(alerts.record_outcome, TWO)
    one = only(database)
    assert (one.found, one.why, one.chance) == (2, Why.ALARM, 1.0)


def test_a_correction_counts_and_not_what_it_corrects(database, lane, handle):
    lane.tell(lane.assessed("rescue"))
    handle(alerts.acknowledge)
    handle(alerts.record_outcome, NOTHING)
    assert only(database).found == 0
    handle(alerts.record_outcome, TWO)
    assert only(database).found == 2
    handle(alerts.record_outcome, NOT_SEARCHED)
    assert only(database).found is None


def test_the_lot_s_share_is_the_chance(database, silent, searched):
    silent(chosen=True)
    assert only(database).found is None
    searched(NOTHING)
    one = only(database)
    assert (one.decided, one.alarmed, one.found, one.why, one.chance) == (True, False, 0, Why.LOT, 0.05)


def test_the_chance_of_a_hunch_is_not_known(database, silent, searched):
    silent(chosen=False)
    searched(TWO)
    one = only(database)
    assert (one.found, one.why, one.chance) == (2, Why.OWN_CHOICE, None)


def test_an_alarm_that_was_told_after_an_officer_s_alert_is_an_alarm(database, lane, searched):
    lane.tell(lane.opened())
    searched(NOTHING)
    assert not only(database).alarmed
    lane.tell(lane.assessed("search", visit=2))
    one = only(database)
    assert (one.alarmed, one.found) == (True, None)  # what was found before is of another visit


def test_an_alarm_while_an_officer_s_alert_is_handled_is_an_alarm(database, lane, handle):
    lane.tell(lane.opened())
    with database.writing() as c:
        alerts.raise_by_officer(c, lane.scan, "anna", "", lane.now_ms)
    lane.tell(lane.assessed("search"))
    handle(alerts.acknowledge)
    handle(alerts.record_outcome, TWO)
    assert only(database).why is Why.ALARM


def test_an_officer_who_searches_again_after_an_alarm_makes_it_no_hunch(database, lane, handle, searched):
    lane.tell(lane.assessed("search"))
    handle(alerts.acknowledge)
    handle(alerts.record_outcome, NOTHING)
    searched(TWO)
    one = only(database)
    assert (one.found, one.why) == (2, Why.ALARM)


def test_an_alarm_stays_one_though_later_evidence_speaks_against_it(database, lane, handle):
    lane.tell(lane.assessed("search", mono_ns=1))
    handle(alerts.acknowledge)
    handle(alerts.record_outcome, NOTHING)
    lane.tell(lane.visit_ended("no-indication", visit=2, mono_ns=9))
    assert only(database).chance == 1.0


def test_a_later_visit_that_came_to_no_end_takes_no_lot_back(database, silent):
    silent(chosen=True, visit=1)
    silent(chosen=False, visit=2, final=False, mono_ns=2)
    one = only(database)
    assert (one.decided, one.share) == (True, 0.05)


def test_a_scan_that_was_never_decided_is_said_to_be_so(database, silent):
    silent(chosen=False, final=False)
    assert not only(database).decided


@pytest.mark.parametrize("share", ["often", 0.0, 1.5, None])
def test_a_share_that_is_none_is_no_chance(database, lane, share):
    odd = {**BY_LOT, "values": {} if share is None else {"share": share}}
    lane.tell(lane.opened())
    lane.tell(lane.assessed("no-indication", final=True, reasons=[odd]))
    assert only(database).share is None


def test_days_and_lane_choose_scans(database, new_lane):
    first, second = new_lane(), new_lane()
    second.now_ms += 86_400_000
    for one in (first, second):
        one.tell(one.opened())
    day = second.now_ms
    assert [s.scan for s in listed(database)] == [first.scan, second.scan]
    assert [s.scan for s in listed(database, since_ms=day)] == [second.scan]
    assert [s.scan for s in listed(database, until_ms=day)] == [first.scan]
    assert listed(database, lane_id="south-quay-1") == []
    assert len(listed(database, lane_id="north-quay-2")) == 2
