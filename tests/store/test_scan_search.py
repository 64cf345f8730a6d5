"""Scans are found by what is known of them, in pages; the columns for it come with the migration."""

from __future__ import annotations

import itertools

import pytest
from alembic import command
from sqlalchemy import create_engine

from scanner.evidence import Recommendation
from scanner.vehicle import VehicleClass
from service.resources import OutcomeKind, OutcomeRequest, ScanState
from service.store import alerts, lanes
from service.store.errors import NotFound
from service.store.scan_search import Became, ScanSearch, found
from service.store.upgrade import alembic_config
from tests.store.conftest import NOON_MS

STEP_MS = 60_000


@pytest.fixture
def told(database, new_lane):
    """Tell of four scans, a minute apart: name → (lane, id)."""
    by_name = {}
    with database.writing() as c:
        for lane_id in ("lane-reefer", "lane-tanker"):
            lanes.add(c, lane_id, "test", NOON_MS)
    words = (
        ("empty", "no-indication", "reefer", None),
        ("found", "search", "reefer", OutcomeRequest(kind=OutcomeKind.PEOPLE_FOUND, people=2)),
        ("nothing", "search", "tanker", OutcomeRequest(kind=OutcomeKind.NOTHING_FOUND)),
        ("waits", "rescue", "tanker", None),
    )
    for number, (name, recommendation, vehicle, outcome) in enumerate(words):
        lane = new_lane(f"lane-{vehicle}")
        lane.now_ms = NOON_MS + number * STEP_MS
        opened = lane.opened(f"{name} 1")
        opened["body"]["declaration"] |= {"vehicle_class": vehicle, "cargo": "boxed"}
        lane.tell(opened)
        lane.tell(lane.assessed(recommendation))
        if outcome is not None:
            with database.writing() as c:
                [alert] = [a for a in alerts.listed(c, False, None, None) if a.scan_id == lane.scan]
                alerts.acknowledge(c, alert.id, "anna", lane.now_ms)
                alerts.record_outcome(c, alert.id, outcome, "anna", lane.now_ms)
        by_name[name] = lane.scan
    return by_name


def names(database, told, asked, before=None, limit=10):
    by_id = {scan: name for name, scan in told.items()}
    with database.reading() as c:
        return [by_id[one.id] for one in found(c, asked, before, limit)]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (ScanSearch(), ["waits", "nothing", "found", "empty"]),
        (ScanSearch(state=ScanState.CLOSED), []),
        (ScanSearch(plate="FOUND"), ["found"]),
        (ScanSearch(vehicle_class=VehicleClass.TANKER), ["waits", "nothing"]),
        (ScanSearch(recommendation=Recommendation.SEARCH), ["nothing", "found"]),
        (ScanSearch(outcome=Became.PEOPLE_FOUND), ["found"]),
        (ScanSearch(outcome=Became.NOTHING_FOUND), ["nothing"]),
        (ScanSearch(outcome=Became.NOT_SEARCHED), []),
        (ScanSearch(outcome=Became.NOT_RECORDED), ["waits"]),
        (ScanSearch(outcome=Became.NO_ALERT), ["empty"]),
        (ScanSearch(lane_id="lane-reefer"), ["found", "empty"]),
        (ScanSearch(since_ms=NOON_MS + STEP_MS, until_ms=NOON_MS + 3 * STEP_MS), ["nothing", "found"]),
        (ScanSearch(vehicle_class=VehicleClass.REEFER, recommendation=Recommendation.RESCUE), []),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "asked",
)
def test_each_condition_narrows(database, told, asked, wanted):
    assert names(database, told, asked) == wanted


def test_pages_follow_each_other_without_a_gap(database, told):
    tankers_and_reefers = ScanSearch(since_ms=NOON_MS)
    pages, before = [], None
    while page := names(database, told, tankers_and_reefers, before, 1):
        pages += page
        before = told[page[-1]]
    assert pages == ["waits", "nothing", "found", "empty"]
    with database.reading() as c, pytest.raises(NotFound):
        found(c, tankers_and_reefers, "nobody", 1)


def test_a_correction_of_the_outcome_counts(database, told):
    with database.writing() as c:
        [alert] = [a for a in alerts.listed(c, False, None, None) if a.scan_id == told["found"]]
        alerts.record_outcome(
            c, alert.id, OutcomeRequest(kind=OutcomeKind.NOTHING_FOUND), "anna", NOON_MS + 1
        )
    assert names(database, told, ScanSearch(outcome=Became.PEOPLE_FOUND)) == []
    assert names(database, told, ScanSearch(outcome=Became.NOTHING_FOUND)) == ["nothing", "found"]


def test_found_scans_say_what_was_found(database, told):
    with database.reading() as c:
        brought = {one.id: (one.outcome, one.people) for one in found(c, ScanSearch(), None, 10)}
    assert brought[told["found"]] == (OutcomeKind.PEOPLE_FOUND, 2)
    assert brought[told["waits"]] == (None, None)


def test_the_migration_fills_what_scans_are_found_by():
    engine = create_engine("sqlite://")
    with engine.begin() as c:
        config = alembic_config(c)
        command.upgrade(config, "0008")
        c.exec_driver_sql("INSERT INTO lanes (id, created_utc_ms) VALUES ('quay', 1)")
        columns = (
            "id, lane_id, state, declaration, assessment, plate_key, opened_utc_ms, opened_by, closed_by"
        )
        declared, assessed = '{"vehicle_class": "tanker"}', '{"recommendation": "search"}'
        for name, told in zip("ab", itertools.chain([(declared, assessed)], [(None, None)]), strict=True):
            c.exec_driver_sql(
                f"INSERT INTO scans ({columns}, visits, ended_visit, interrupted, version) "
                "VALUES (?, 'quay', 'open', ?, ?, '', 1, '', '', 1, 0, 0, 1)",
                (name, *told),
            )
        command.upgrade(config, "0009")
        kept = c.exec_driver_sql("SELECT id, vehicle_class, recommendation FROM scans ORDER BY id").all()
        assert [tuple(row) for row in kept] == [("a", "tanker", "search"), ("b", "", "")]
    engine.dispose()
