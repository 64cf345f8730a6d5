"""Messages of lanes: taken once, as received, and never turning newer state back."""

from __future__ import annotations

import hashlib
import json

import pytest

from scanner.evidence import Recommendation
from service.resources import ScanState
from service.store import events, lanes, scans
from service.store.errors import Conflict, Malformed, NotFound


def test_first_message_opens_the_scan(lane, rows):
    assert lane.tell(lane.opened("É-123 AB"))
    scan = lane.kept()
    assert (scan.state, scan.visits, scan.in_visit, scan.version) == (ScanState.OPEN, 1, True, 1)
    assert (scan.opened_by, scan.opened_utc_ms, scan.lane_id) == ("officer.north", lane.now_ms, lane.id)
    assert scan.declaration is not None
    assert scan.declaration.plate == "É-123 AB"
    assert rows("SELECT who, action, subject FROM audit WHERE who LIKE 'lane:%'") == [
        ("lane:north-quay-2", "scan_opened", lane.scan)
    ]
    [(kind, subject, data)] = rows("SELECT kind, subject, data FROM events WHERE kind = 'scan'")
    assert (kind, subject) == ("scan", lane.scan)
    assert json.loads(data) == scan.model_dump(mode="json")


def test_same_key_same_contents_is_taken_once(lane, rows):
    raw = lane.assessed("search")
    assert lane.tell(raw)
    before = [rows(f"SELECT count(*) FROM {t}") for t in ("messages", "events", "audit", "alerts")]
    reordered = dict(reversed(raw.items()))
    assert not lane.tell(reordered)
    assert [rows(f"SELECT count(*) FROM {t}") for t in ("messages", "events", "audit", "alerts")] == before


def test_same_key_other_contents_is_refused_and_changes_nothing(lane, rows):
    raw = lane.assessed("no-indication")
    lane.tell(raw)
    dump = rows("SELECT * FROM messages"), rows("SELECT * FROM events"), rows("SELECT * FROM audit")
    other = {**raw, "body": lane.content("search")}
    with pytest.raises(Conflict) as refused:
        lane.tell(other)
    assert refused.value.code == "key_reused"
    assert (
        rows("SELECT * FROM messages"),
        rows("SELECT * FROM events"),
        rows("SELECT * FROM audit"),
    ) == dump
    assert rows("SELECT count(*) FROM alerts") == [(0,)]


def test_unknown_keys_count_as_contents_and_are_kept(lane, rows):
    raw = lane.assessed("search", wind={"m_s": 0.1, "from": "Ärmelkanal"}) | {"from_the_future": [1, 2.5]}
    lane.tell(raw)
    [(text, sha256)] = rows("SELECT raw, sha256 FROM messages")
    assert json.loads(text) == raw
    assert sha256 == hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()
    with pytest.raises(Conflict):
        lane.tell(raw | {"from_the_future": [1, 2.6]})
    with lane.database.reading() as c:
        [assessment] = scans.assessments(c, lane.scan)
    assert assessment.model_dump()["wind"] == {"m_s": 0.1, "from": "Ärmelkanal"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_is_not_json_text_is_refused(lane, rows, value):
    with pytest.raises(Malformed, match="plain JSON"):
        lane.tell(lane.assessed("search", odd=value) | {"odd": value})
    assert rows("SELECT count(*) FROM messages") == [(0,)]


def test_newest_assessment_stands_whatever_comes_late(lane):
    lane.tell(lane.assessed("search", visit=2, mono_ns=50))
    late = lane.assessed("no-indication", visit=1, mono_ns=900)
    assert lane.tell(late)
    assert lane.tell(lane.assessed("inconclusive", visit=2, mono_ns=40))
    scan = lane.kept()
    assert scan.recommendation is Recommendation.SEARCH
    assert (scan.visits, scan.version) == (2, 1)
    with lane.database.reading() as c:
        kept = scans.assessments(c, lane.scan)
    assert [(a.visit, a.mono_ns) for a in kept] == [(1, 900), (2, 40), (2, 50)]


def test_equal_clock_is_settled_by_arrival(lane):
    lane.tell(lane.assessed("inconclusive", mono_ns=7))
    lane.tell(lane.assessed("no-indication", mono_ns=7))
    assert lane.kept().recommendation is Recommendation.NO_INDICATION


def test_assessed_time_is_when_the_lane_first_told(lane):
    first = lane.assessed("search", mono_ns=3)
    lane.tell(first, now_ms=lane.now_ms + 5000)
    told_ms = lane.now_ms
    lane.now_ms += 60_000
    lane.tell(lane.visit_ended("search", mono_ns=3))
    assert lane.kept().assessed_utc_ms == told_ms
    lane.tell(lane.assessed("rescue", mono_ns=4))
    assert lane.kept().assessed_utc_ms == told_ms + 60_000


def test_visits_begin_and_end(lane):
    lane.tell(lane.opened())
    lane.tell(lane.visit_ended("inconclusive", visit=1))
    assert (lane.kept().in_visit, lane.kept().visits) == (False, 1)
    lane.tell(lane.assessed("inconclusive", visit=1, mono_ns=2))  # late: the visit stays over
    assert not lane.kept().in_visit
    lane.tell(lane.assessed("inconclusive", visit=2, mono_ns=1))
    assert (lane.kept().in_visit, lane.kept().visits, lane.kept().interrupted) == (True, 2, False)
    lane.tell(lane.interrupted(visit=2))
    assert (lane.kept().in_visit, lane.kept().interrupted) == (False, True)
    lane.tell(lane.assessed("inconclusive", visit=3, mono_ns=1))
    assert (lane.kept().in_visit, lane.kept().interrupted) == (True, True)
    lane.now_ms += 1000
    lane.tell(lane.closed())
    scan = lane.kept()
    assert (scan.state, scan.in_visit, scan.closed_by) == (ScanState.CLOSED, False, "officer.north")
    assert scan.closed_utc_ms == lane.now_ms


def test_closed_stays_closed(lane):
    lane.tell(lane.opened())
    lane.tell(lane.closed())
    lane.tell(lane.assessed("no-indication", visit=2))
    lane.now_ms += 9
    assert lane.tell(lane.closed())  # a kill in between lets a lane tell it twice
    scan = lane.kept()
    assert (scan.state, scan.closed_utc_ms) == (ScanState.CLOSED, lane.now_ms - 9)


def test_the_visits_end_alone_raises_the_alert(lane):
    lane.tell(lane.opened())
    lane.tell(lane.visit_ended("search"))
    assert lane.alert().level.value == "search"
    assert lane.kept().alert_id == lane.alert().id


def test_scan_that_nobody_opened_is_made(lane):
    lane.tell(lane.assessed("search", visit=2))
    scan = lane.kept()
    assert (scan.declaration, scan.opened_by, scan.visits) == (None, "", 2)
    alert = lane.alert()
    assert alert.plate == ""
    lane.tell(lane.opened("ZZ-1"))  # late: now the alert has its plate, and booths are told
    assert lane.kept().visits == 2
    assert (lane.alert().plate, lane.alert().version) == ("ZZ-1", alert.version + 1)
    with lane.database.reading() as c:
        told = [json.loads(e.data)["plate"] for e in events.after(c, 0, 100) if e.kind == "alert"]
    assert told == ["", "ZZ-1"]


def test_another_lanes_scan_or_key_is_refused(lane, new_lane):
    other = new_lane("south")
    with lane.database.writing() as c:
        lanes.add(c, "south", "test", lane.now_ms)
    raw = lane.opened()
    lane.tell(raw)
    other.scan = lane.scan
    for message in (other.assessed("search"), raw):
        with pytest.raises(Conflict) as refused:
            other.tell(message)
        assert refused.value.code == "lane_mismatch"
    assert lane.kept().alert_id is None


def test_envelope_and_assessment_must_name_one_scan(lane):
    raw = lane.assessed("search")
    raw["body"]["scan_id"] = "01JD8Z6W8S4N0T7K3Q5V9X2B1C"
    with pytest.raises(Conflict) as refused:
        lane.tell(raw)
    assert refused.value.code == "scan_mismatch"
    with pytest.raises(NotFound):
        lane.kept()


def test_unknown_and_revoked_lanes_are_refused(lane, new_lane):
    with pytest.raises(NotFound, match="no lane stranger"):
        new_lane("stranger").tell(lane.opened())
    with lane.database.writing() as c:
        lanes.revoke(c, lane.id, "test", lane.now_ms)
    with pytest.raises(Conflict, match="revoked"):
        lane.tell(lane.opened())


def test_scans_are_listed_newest_first_and_found_by_plate(database, new_lane):
    told = []
    for number, plate in enumerate(["É-123 AB", "e 123", "XY_9", "XY-9 Z"]):
        lane = new_lane()
        lane.now_ms += number
        lane.tell(lane.opened(plate))
        told.insert(0, lane.scan)
    lane.tell(lane.closed())
    with database.reading() as c:
        assert [s.id for s in scans.listed(c, None, None, None, None)] == told
        assert [s.id for s in scans.listed(c, None, None, told[1], 1)] == [told[2]]
        assert [s.id for s in scans.listed(c, ScanState.CLOSED, None, None, 10)] == told[:1]
        assert [s.id for s in scans.listed(c, None, "é123", None, 10)] == [told[3]]
        assert [s.id for s in scans.listed(c, None, "xy 9", None, 10)] == told[:2]
        assert [s.id for s in scans.listed(c, None, "%", None, 10)] == told
        with pytest.raises(NotFound):
            scans.listed(c, None, None, "nobody", 1)
