"""Carrying out a command in the lane's own thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ulid import ULID

from drivers.api import Event, EventKind
from scanner.lane.commands import (
    Command,
    CommandRefused,
    End,
    Leave,
    Probe,
    Quit,
    Return,
    Start,
    same_plate,
)
from scanner.lane.visits import forget_scan
from scanner.pipeline import declaration_data
from scanner.recording import manifest
from scanner.vehicle import Declaration

if TYPE_CHECKING:
    from scanner.lane.agent import LaneAgent


def carry_out(lane: LaneAgent, command: Command, by: str, order: str = "") -> str:
    """Do what a command says and return what it did in words.

    Parameters
    ----------
    by : who gave it.
    order : id of the booth's order, which is recorded in the visit; "" for a typed command.

    Raises
    ------
    CommandRefused : it cannot be done now; says why.
    OSError : the disk refuses.
    """
    match command:
        case Start(declaration):
            return _start(lane, declaration, by, order)
        case Return(name):
            _require_no_lorry(lane)
            scan_id = _find(lane, name)
            lane.start_visit(scan_id, by)
            _record_order(lane, "return", by, order)
            return f"{scan_id}, visit {lane.scans[scan_id].visits}"
        case Probe(inside):
            _require_lorry(lane)
            _record_order(lane, "probe", by, order)
            lane.note_probe(inside, by)
            return f"probe {'in' if inside else 'out'}"
        case Leave():
            _require_lorry(lane)
            scan_id = lane.active
            _record_order(lane, "leave", by, order)
            lane.end_visit("left")
            return f"{scan_id} stays open"
        case End(name):
            scan_id = _find(lane, name) if name else (lane.active or _last_decided(lane))
            if scan_id == lane.active:
                _record_order(lane, "end", by, order)
                lane.decide_now(by)
            lane.close_scan(scan_id, by)
            return f"{scan_id} closed"
        case Quit():
            lane.stop()
            return "stopping"
        case _:
            assert_never(command)


def _start(lane: LaneAgent, declaration: Declaration, by: str, order: str) -> str:
    _require_no_lorry(lane)
    scan_id, data_dir = str(ULID()), lane.config.data_dir
    declared = declaration_data(declaration)
    try:
        manifest.create(data_dir, scan_id, lane.config.lane_id, declared)
        lane.open_scan(scan_id, declaration)
        lane.start_visit(scan_id, by)
    except OSError as error:
        lane.scans.pop(scan_id, None)
        forget_scan(data_dir, scan_id, lane.wall())
        raise CommandRefused("order_recording_cannot_begin", why=str(error.strerror or error)) from error
    _record_order(lane, "start", by, order)
    lane.tell("scan_opened", scan_id, declaration=declared, by=by)
    return scan_id


def _record_order(lane: LaneAgent, name: str, by: str, order: str) -> None:
    if order:
        data = {"name": name, "by": by, "command": order}
        lane.record(Event(EventKind.COMMAND, lane.clock(), lane.active, data))


def _require_lorry(lane: LaneAgent) -> None:
    if not lane.active:
        raise CommandRefused("order_no_lorry")


def _require_no_lorry(lane: LaneAgent) -> None:
    if lane.active:
        raise CommandRefused("order_lorry_there")


def _last_decided(lane: LaneAgent) -> str:
    if lane.last is None or lane.last.scan_id not in lane.scans:
        raise CommandRefused("order_name_the_scan")
    return lane.last.scan_id


def _find(lane: LaneAgent, name: str) -> str:
    found = [i for i, s in lane.scans.items() if name == i or same_plate(name, s.declaration.plate)]
    if len(found) != 1:
        known = ", ".join(f"{s.declaration.plate} {i}".strip() for i, s in lane.scans.items()) or "–"
        raise CommandRefused("order_scan_not_found", count=len(found), scan=repr(name), known=known)
    return found[0]
