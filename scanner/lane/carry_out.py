"""Carrying out a command on the scans that a lane has in hand."""

from __future__ import annotations

from typing import assert_never

from ulid import ULID

from drivers.api import Event, EventKind
from scanner.lane.commands import (
    CommandRefused,
    End,
    Leave,
    Probe,
    Return,
    Start,
    same_plate,
)
from scanner.lane.open_scans import OpenScans
from scanner.lane.risk_profiles import unknown_profile
from scanner.lane.visits import forget_scan
from scanner.lane.wire import GATE
from scanner.pipeline import declaration_data
from scanner.recording import manifest
from scanner.vehicle import Declaration


def carry_out(
    scans: OpenScans, command: Start | Probe | Leave | Return | End, by: str, order: str = ""
) -> str:
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
            return _start(scans, declaration, by, order)
        case Return(name):
            _require_no_lorry(scans)
            scan_id = _find(scans, name)
            scans.start_visit(scan_id, by)
            _record_order(scans, "return", by, order)
            return f"{scan_id}, visit {scans.open[scan_id].visits}"
        case Probe(inside):
            _require_lorry(scans)
            _record_order(scans, "probe", by, order)
            scans.note_probe(inside, by)
            return f"probe {'in' if inside else 'out'}"
        case Leave():
            _require_lorry(scans)
            scan_id = scans.active
            _record_order(scans, "leave", by, order)
            scans.end_visit("left")
            return f"{scan_id} stays open"
        case End(name):
            scan_id = _find(scans, name) if name else (scans.active or _last_decided(scans))
            if scan_id == scans.active:
                _record_order(scans, "end", by, order)
                scans.decide_now(by)
            scans.close_scan(scan_id, by)
            return f"{scan_id} closed"
        case _:
            assert_never(command)


def _start(scans: OpenScans, declaration: Declaration, by: str, order: str) -> str:
    _require_no_lorry(scans)
    unknown = unknown_profile(scans.config.policy, declaration)
    if unknown is not None and not by.startswith(GATE):  # nobody at a gate would correct it
        raise CommandRefused("order_profile_unknown", **unknown)
    scan_id, data_dir = str(ULID()), scans.config.data_dir
    declared = declaration_data(declaration)
    try:
        manifest.create(data_dir, scan_id, scans.config.lane_id, declared)
        scans.open_scan(scan_id, declaration)
        scans.start_visit(scan_id, by)
    except OSError as error:
        scans.open.pop(scan_id, None)
        forget_scan(data_dir, scan_id, scans.wall())
        raise CommandRefused("order_recording_cannot_begin", why=str(error.strerror or error)) from error
    _record_order(scans, "start", by, order)
    scans.tell("scan_opened", scan_id, declaration=declared, by=by)
    return scan_id


def _record_order(scans: OpenScans, name: str, by: str, order: str) -> None:
    if order:
        data = {"name": name, "by": by, "command": order}
        scans.record(Event(EventKind.COMMAND, scans.clock(), scans.active, data))


def _require_lorry(scans: OpenScans) -> None:
    if not scans.active:
        raise CommandRefused("order_no_lorry")


def _require_no_lorry(scans: OpenScans) -> None:
    if scans.active:
        raise CommandRefused("order_lorry_there")


def _last_decided(scans: OpenScans) -> str:
    if scans.last is None or scans.last.scan_id not in scans.open:
        raise CommandRefused("order_name_the_scan")
    return scans.last.scan_id


def _find(scans: OpenScans, name: str) -> str:
    found = [i for i, s in scans.open.items() if name == i or same_plate(name, s.declaration.plate)]
    if len(found) != 1:
        known = ", ".join(f"{s.declaration.plate} {i}".strip() for i, s in scans.open.items()) or "–"
        raise CommandRefused("order_scan_not_found", count=len(found), scan=repr(name), known=known)
    return found[0]
