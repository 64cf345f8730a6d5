"""Vehicles from gate to scan, and what a lane's queue is measured by."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from ulid import ULID

from service.resources import CommandRequest, VehicleRequest, VehicleState
from service.store import commands, lanes, queues, vehicles
from service.store.errors import Conflict, NotFound
from service.store.vehicle_tables import vehicles as vehicle_table

from .conftest import NOON_MS

HOUR_MS = 3_600_000


@pytest.fixture
def announce(database):
    """Give a function that announces a vehicle and returns it."""

    def tell(plate="AB12 CDE", gate="reader-1", **more):
        told = {"key": str(ULID()), "plate": plate, "vehicle_class": "reefer", "cargo": "meat"} | more
        with database.writing() as c:
            return vehicles.announce(c, gate, VehicleRequest(**told), NOON_MS)[0]

    return tell


@pytest.fixture
def now(database):
    """Give a function that returns a vehicle as it is."""

    def look(vehicle):
        with database.reading() as c:
            return vehicles.get(c, vehicle.id)

    return look


def test_vehicle_goes_from_expected_through_its_scan_to_done(announce, now, lane, rows):
    vehicle = announce(plate="ab-12 cde")
    assert vehicle.state is VehicleState.EXPECTED
    lane.tell(lane.opened(plate="AB12 CDE"))
    seen = now(vehicle)
    assert (seen.state, seen.scan_id, seen.lane_id) == (VehicleState.SCANNING, lane.scan, lane.id)
    lane.tell(lane.closed())
    assert now(vehicle).state is VehicleState.DONE
    told = rows("SELECT subject FROM events WHERE kind = 'vehicle'")
    assert told == [(vehicle.id,)] * 3


def test_scan_that_was_closed_before_it_was_told_open_is_done(announce, now, lane):
    vehicle = announce()
    lane.tell(lane.closed())
    lane.tell(lane.opened())
    assert now(vehicle).state is VehicleState.DONE


@pytest.mark.parametrize(("expected", "scanned"), [("AB12 CDE", "XX99 XXX"), ("AB12 CDE", "")])
def test_other_plate_is_another_vehicle(announce, now, lane, expected, scanned):
    vehicle = announce(plate=expected)
    lane.tell(lane.opened(plate=scanned))
    assert now(vehicle).state is VehicleState.EXPECTED


def test_vehicle_of_another_lane_is_not_this_one(announce, now, lane, database):
    with database.writing() as c:
        lanes.add(c, "south", "test", NOON_MS)
    elsewhere, anywhere, here = announce(lane="south"), announce(), announce(lane=lane.id)
    lane.tell(lane.opened())
    states = [now(each).state.value for each in (elsewhere, anywhere, here)]
    assert states == ["expected", "expected", "scanning"]


def test_same_key_is_the_same_vehicle_and_never_another(announce):
    key = str(ULID())
    assert announce(key=key) == announce(key=key)
    for other in ({"plate": "XX99 XXX"}, {"gate": "reader-2"}):
        with pytest.raises(Conflict, match="other contents"):
            announce(key=key, **other)


def test_start_takes_class_cargo_and_plate_from_the_manifest(announce, database, lane):
    vehicle = announce(closed_minutes=90)
    request = CommandRequest(key=str(ULID()), vehicle=vehicle.id)
    with database.writing() as c:
        command, new = commands.give(c, lane.id, request, "anna", NOON_MS)
        again = commands.give(c, lane.id, request, "anna", NOON_MS)
    assert new
    assert again == (command, False)
    declared = command.order.declaration
    assert (declared.plate, declared.cargo, declared.closed_minutes) == ("AB12 CDE", "meat", 90)


def test_a_profile_is_kept_and_goes_with_the_start(announce, database, lane):
    vehicle = announce(profile="night ferry")
    assert vehicle.profile == "night ferry"
    with database.writing() as c:
        request = CommandRequest(key=str(ULID()), vehicle=vehicle.id)
        command, _ = commands.give(c, lane.id, request, "anna", NOON_MS)
    assert command.order.declaration.profile == "night ferry"


def test_without_a_profile_a_vehicle_is_kept_as_before_there_were_any(announce, database):
    """One that was announced to the version before is still the same one when it is told again."""
    key = str(ULID())
    assert announce(key=key).profile == ""
    with database.reading() as c:
        assert "profile" not in c.execute(select(vehicle_table.c.told)).scalar_one()
    announce(key=key)
    with pytest.raises(Conflict, match="other contents"):
        announce(key=key, profile="night ferry")


def test_plate_that_an_officer_corrected_finds_its_vehicle(announce, now, database, lane):
    vehicle = announce(plate="AB12 CD")
    declared = {"vehicle_class": "reefer", "cargo": "boxed", "plate": "AB12 CDE"}
    order = {"name": "start", "declaration": declared}
    with database.writing() as c:
        request = CommandRequest(key=str(ULID()), vehicle=vehicle.id, order=order)
        commands.give(c, lane.id, request, "anna", NOON_MS)
    lane.tell(lane.opened(plate="AB12 CDE"))
    assert now(vehicle).state is VehicleState.SCANNING
    assert now(vehicle).plate == "AB12 CD", "what the gate told stays"


def test_vehicle_that_is_not_expected_any_more_is_not_started(announce, database, lane):
    vehicle = announce()
    with database.writing() as c:
        vehicles.gone(c, vehicle.id, "anna", NOON_MS)
        with pytest.raises(Conflict, match="not expected"):
            commands.give(c, lane.id, CommandRequest(key=str(ULID()), vehicle=vehicle.id), "anna", NOON_MS)


def test_gate_takes_back_its_own_only(announce, database):
    vehicle = announce()
    with database.writing() as c:
        with pytest.raises(NotFound):
            vehicles.gone(c, vehicle.id, "gate:reader-2", NOON_MS, "reader-2")
        assert vehicles.gone(c, vehicle.id, "gate:reader-1", NOON_MS, "reader-1").state is VehicleState.GONE


def test_what_does_not_come_in_twelve_hours_is_gone(announce, now, database):
    late, later = announce(), announce(expected_utc_ms=NOON_MS + HOUR_MS)
    with database.writing() as c:
        assert not vehicles.any_overdue(c, NOON_MS + 12 * HOUR_MS - 1)
        vehicles.expire(c, NOON_MS + 12 * HOUR_MS)
    assert now(late).state is VehicleState.GONE
    assert now(later).state is VehicleState.EXPECTED


def test_listed_by_the_time_they_are_expected(announce, database):
    second, first = announce(expected_utc_ms=NOON_MS + 2), announce(expected_utc_ms=NOON_MS + 1)
    with database.reading() as c:
        assert [v.id for v in vehicles.listed(c, None, None, 10)] == [first.id, second.id]
        assert [v.id for v in vehicles.listed(c, None, None, 10, first.id)] == [second.id]


def test_queue_is_measured_by_the_median_of_the_lanes_own_scans(announce, database, new_lane):
    with database.reading() as c:
        [empty] = queues.of_lanes(c)
    assert (empty.measured_scans, empty.scan_s, empty.wait_s, empty.scans_per_hour) == (0, None, None, None)
    for took_s in (60, 120, 3600):
        lane = new_lane()
        lane.tell(lane.opened("X1"))
        lane.now_ms += took_s * 1000
        lane.tell(lane.closed())
    announce(plate="A1", lane="north-quay-2")
    announce(plate="A2", lane="north-quay-2")
    announce(plate="A3")
    with database.reading() as c:
        [queue] = queues.of_lanes(c)
    assert (queue.waiting, queue.waiting_any_lane, queue.measured_scans) == (2, 1, 3)
    assert (queue.scan_s, queue.wait_s, queue.scans_per_hour) == (120.0, 240.0, 30.0)
