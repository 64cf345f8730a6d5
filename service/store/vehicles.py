"""Vehicles that gates announced: expected, scanned, done or gone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, insert, or_, select, update

from scanner.lane.wire import DeclarationWire
from service.resources import Vehicle, VehicleRequest, VehicleState
from service.store import audit, events, lanes, scans, witness
from service.store.errors import Conflict, NotFound
from service.store.gates import gate_who
from service.store.vehicle_tables import vehicles

OVERDUE_MS = 12 * 3_600_000
"""An expected vehicle that has not come so long after its time is gone."""

_V = vehicles.c
_OPEN = (VehicleState.EXPECTED.value, VehicleState.SCANNING.value)


def announce(c: Connection, gate: str, told: VehicleRequest, now_ms: int) -> tuple[Vehicle, bool]:
    """Expect a vehicle; the same key and contents again return the same one and False.

    Raises
    ------
    Conflict : ``key_reused``: the key came before with other contents or from another gate;
        ``lane_revoked``.
    NotFound : there is no such lane.
    """
    words = told.model_dump_json(exclude=None if told.profile else {"profile"})  # as before there were any
    known = c.execute(select(vehicles).where(_V.id == told.key)).first()
    if known is not None:
        if (known.gate, known.told) != (gate, words):
            raise Conflict("key_reused", f"vehicle {told.key} was announced before, with other contents")
        return _vehicle(known), False
    if told.lane is not None:
        lanes.require_active(c, told.lane)
    row = {
        "id": told.key,
        "gate": gate,
        "told": words,
        "plate_key": scans.plate_key(told.plate),
        "lane_id": told.lane,
        "expected_utc_ms": now_ms if told.expected_utc_ms is None else told.expected_utc_ms,
        "told_utc_ms": now_ms,
        "state": VehicleState.EXPECTED.value,
        "scan_id": None,
        "version": 0,
    }
    c.execute(insert(vehicles).values(row))
    audit.append(c, gate_who(gate), "vehicle_announced", told.key, {}, now_ms)
    return _set(c, told.key, {}, now_ms), True


def get(c: Connection, vehicle_id: str) -> Vehicle:
    """Return one vehicle.

    Raises
    ------
    NotFound : there is none with this id.
    """
    row = c.execute(select(vehicles).where(_V.id == vehicle_id)).first()
    if row is None:
        raise NotFound(f"there is no vehicle {vehicle_id}: check the id")
    return _vehicle(row)


def listed(
    c: Connection, state: VehicleState | None, lane_id: str | None, limit: int, after: str | None = None
) -> list[Vehicle]:
    """Return vehicles by the time they are expected; ``state`` None: expected and being scanned.

    Parameters
    ----------
    lane_id : only those of a lane, and those that may come to any.
    after : only those that follow the vehicle with this id.

    Raises
    ------
    NotFound : there is no vehicle ``after``.
    """
    query = select(vehicles).order_by(_V.expected_utc_ms, _V.id)
    query = query.where(_V.state.in_(_OPEN if state is None else (state.value,)))
    if lane_id is not None:
        query = query.where(or_(_V.lane_id == lane_id, _V.lane_id.is_(None)))
    if after is not None:
        at = get(c, after).expected_utc_ms
        query = query.where(or_(_V.expected_utc_ms > at, (_V.expected_utc_ms == at) & (_V.id > after)))
    return [_vehicle(row) for row in c.execute(query.limit(limit))]


def waiting(c: Connection) -> dict[str | None, int]:
    """Return how many vehicles are expected, by lane; None: those that may come to any."""
    query = select(_V.lane_id, func.count().label("waiting")).where(_V.state == VehicleState.EXPECTED.value)
    return {row.lane_id: row.waiting for row in c.execute(query.group_by(_V.lane_id))}


def declared(vehicle: Vehicle) -> DeclarationWire:
    """Return what a vehicle's manifest says, as a scan is opened with."""
    return DeclarationWire(
        vehicle_class=vehicle.vehicle_class,
        cargo=vehicle.cargo,
        plate=vehicle.plate,
        laden=vehicle.laden,
        closed_minutes=vehicle.closed_minutes,
        profile=vehicle.profile,
    )


def name_for_scan(c: Connection, vehicle_id: str, lane_id: str, plate: str, now_ms: int) -> None:
    """Note that a scan of this vehicle was ordered; an officer may have corrected the plate.

    Raises
    ------
    NotFound : there is no such vehicle.
    Conflict : ``not_expected``: it is being scanned, was, or is gone.
    """
    if get(c, vehicle_id).state is not VehicleState.EXPECTED:
        raise Conflict("not_expected", f"vehicle {vehicle_id} is not expected any more: start without it")
    _set(c, vehicle_id, {"lane_id": lane_id, "plate_key": scans.plate_key(plate)}, now_ms)


def scan_opened(c: Connection, scan_id: str, lane_id: str, plate: str, over: bool, now_ms: int) -> None:
    """Find the expected vehicle with a scan's plate; one for this lane comes before one for any."""
    key = scans.plate_key(plate)
    if not key:
        return
    query = select(_V.id).where(
        _V.state == VehicleState.EXPECTED.value,
        _V.plate_key == key,
        or_(_V.lane_id == lane_id, _V.lane_id.is_(None)),
    )
    named_first = case((_V.lane_id == lane_id, 0), else_=1)
    found = c.execute(query.order_by(named_first, _V.expected_utc_ms, _V.id).limit(1)).scalar()
    if found is not None:
        state = VehicleState.DONE if over else VehicleState.SCANNING
        _set(c, found, {"state": state.value, "scan_id": scan_id, "lane_id": lane_id}, now_ms)


def scan_closed(c: Connection, scan_id: str, now_ms: int) -> None:
    """Note that a vehicle's scan is over."""
    mine = (_V.scan_id == scan_id) & (_V.state == VehicleState.SCANNING.value)
    for vehicle_id in c.execute(select(_V.id).where(mine)).scalars().all():
        _set(c, vehicle_id, {"state": VehicleState.DONE.value}, now_ms)


def gone(c: Connection, vehicle_id: str, by: str, now_ms: int, gate: str | None = None) -> Vehicle:
    """Expect a vehicle no more; ``gate``: only what this gate announced.

    Raises
    ------
    NotFound : there is no such vehicle, or it is another gate's.
    Conflict : ``not_expected``: it is being scanned, or was.
    """
    vehicle = get(c, vehicle_id)
    if gate is not None and vehicle.gate != gate:
        raise NotFound(f"gate {gate} announced no vehicle {vehicle_id}: check the id")
    if vehicle.state is VehicleState.GONE:
        return vehicle
    if vehicle.state is not VehicleState.EXPECTED:
        raise Conflict("not_expected", f"vehicle {vehicle_id} has come: its scan says what became of it")
    audit.append(c, by, "vehicle_gone", vehicle_id, {}, now_ms)
    return _set(c, vehicle_id, {"state": VehicleState.GONE.value}, now_ms)


def any_overdue(c: Connection, now_ms: int) -> bool:
    """Say whether `expire` has something to do."""
    return c.execute(select(_V.id).where(_overdue(now_ms)).limit(1)).first() is not None


def expire(c: Connection, now_ms: int) -> None:
    """Expect no more what has not come twelve hours after its time."""
    for vehicle_id in c.execute(select(_V.id).where(_overdue(now_ms))).scalars().all():
        gone(c, vehicle_id, audit.SERVICE, now_ms)


def _overdue(now_ms: int) -> ColumnElement[bool]:
    return (_V.state == VehicleState.EXPECTED.value) & (_V.expected_utc_ms <= now_ms - OVERDUE_MS)


def _set(c: Connection, vehicle_id: str, values: dict[str, Any], now_ms: int) -> Vehicle:
    c.execute(update(vehicles).where(_V.id == vehicle_id).values(**values, version=_V.version + 1))
    witness.mark(c, "vehicles", vehicle_id)
    vehicle = get(c, vehicle_id)
    events.append(c, "vehicle", vehicle_id, vehicle, now_ms)
    return vehicle


def _vehicle(row: Row[Any]) -> Vehicle:
    told = VehicleRequest.model_validate_json(row.told)
    return Vehicle(
        id=row.id,
        plate=told.plate,
        vehicle_class=told.vehicle_class,
        cargo=told.cargo,
        laden=told.laden,
        closed_minutes=told.closed_minutes,
        profile=told.profile,
        manifest=told.manifest,
        gate=row.gate,
        lane_id=row.lane_id,
        expected_utc_ms=row.expected_utc_ms,
        told_utc_ms=row.told_utc_ms,
        state=VehicleState(row.state),
        scan_id=row.scan_id,
        version=row.version,
    )
