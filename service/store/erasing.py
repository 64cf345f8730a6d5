"""Erasing the personal parts of scans: plate, names and notes go; evidence, figures and every proof stay."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from service.resources import ScanState
from service.store import alerts, audit, handovers, scans, tables, witness
from service.store.errors import Conflict
from service.store.messages import ERASED
from service.store.privacy_tables import minimised
from service.store.vehicle_tables import vehicles

_AUDIT = tables.audit.c


@dataclass(frozen=True, slots=True)
class About:
    """What the store holds about scans: rows by table and key, and entries of the audit log."""

    scans: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]
    entries: frozenset[int]
    read_until: int


def about(
    c: Connection, scan_ids: Collection[str], known: About | None = None, *, unscanned: Collection[str] = ()
) -> About:
    """Return all that is about scans, and about vehicles that were announced and never scanned.

    Parameters
    ----------
    unscanned : ids of such vehicles.
    known : the answer of a moment ago: only entries after it are read. The log is long, and nobody can
        write while a writing transaction reads it.
    """
    found = {name: _keys(c, name, list(scan_ids)) for name in _OF_SCAN}
    found["scans"] = tuple(scan_ids)
    found["vehicles"] += tuple(unscanned)
    found["outcomes"] = tuple(
        str(each)
        for each in c.execute(
            select(tables.outcomes.c.sequence).where(tables.outcomes.c.alert_id.in_(found["alerts"]))
        ).scalars()
    )
    wanted = {(name, key) for name, keys in found.items() for key in keys}
    subjects = {*scan_ids, *found["alerts"], *found["vehicles"]}
    entries = set(known.entries if known else ())
    last = after = known.read_until if known else 0
    while rows := _entries(c, last):
        for row in rows:
            last = row.sequence
            if row.action in audit.LOOKED:
                continue  # who looked at it stays known
            if row.subject in subjects or (row.action == audit.ROWS and _speaks_of(row.detail, wanted)):
                entries.add(last)
    return About(tuple(scan_ids), found, frozenset(entries), max(last, after))


def erase(c: Connection, found: About, by: str, reason: str, now_ms: int) -> int:
    """Erase the personal parts of scans, and of what the log says of them; return how many scans.

    Raises
    ------
    Conflict : ``scan_open``: one is still open.
    """
    still_open = select(tables.scans.c.id).where(
        tables.scans.c.id.in_(found.scans), tables.scans.c.state == ScanState.OPEN.value
    )
    if c.execute(still_open.limit(1)).first() is not None:
        raise Conflict("scan_open", "the scan is still open: close it first")
    of_scans = _keys(c, "vehicles", list(found.scans))
    unscanned = [each for each in found.rows["vehicles"] if each not in of_scans]
    found = about(c, found.scans, found, unscanned=unscanned)
    for vehicle_id in found.rows["vehicles"]:
        _minimise_vehicle(c, vehicle_id)
    for scan_id in found.scans:
        _minimise(c, scan_id, now_ms)
    handovers.forget(c, found.scans)
    for name, keys in found.rows.items():
        for key in keys:
            witness.mark(c, name, key)
    forget_entries(c, found.entries, by, reason, now_ms)
    erased = {"scans": len(found.scans), "vehicles": len(unscanned), "reason": reason}
    audit.append(c, by, "scans_erased", "", erased, now_ms)
    return len(found.scans)


def of_plate(c: Connection, plate: str) -> list[str]:
    """Return the scans of a plate: exactly these letters and digits."""
    key = scans.plate_key(plate)
    query = select(tables.scans.c.id).where(tables.scans.c.plate_key == key).order_by(tables.scans.c.id)
    return list(c.execute(query).scalars()) if key else []


def vehicles_of_plate(c: Connection, plate: str) -> list[str]:
    """Return the vehicles of a plate that were announced and never scanned."""
    key = scans.plate_key(plate)
    v = vehicles.c
    query = select(v.id).where(v.plate_key == key, v.scan_id.is_(None)).order_by(v.id)
    return list(c.execute(query).scalars()) if key else []


def forget_entries(c: Connection, sequences: Iterable[int], by: str, reason: str, now_ms: int) -> int:
    """Erase the personal parts of entries, and vouch anew for the rows that only they vouched for."""
    asked = set(sequences)
    for row in _rows_entries(c, asked):
        for name, hashes in json.loads(row.detail).items():
            if name in witness.VOUCHED:
                for key in hashes:
                    witness.mark(c, name, key)
    return audit.erase_personal(c, asked, by, reason, now_ms)


_OF_SCAN = ("alerts", "assessments", "messages", "vehicles")


def _keys(c: Connection, name: str, scan_ids: list[str]) -> tuple[str, ...]:
    table, column = witness.table(name), witness.key_column(name)
    some = select(column).where(table.c.scan_id.in_(scan_ids)).order_by(column)
    return tuple(str(key) for key in c.execute(some).scalars())


def _entries(c: Connection, after: int) -> list[Any]:
    query = select(_AUDIT.sequence, _AUDIT.action, _AUDIT.subject, _AUDIT.detail)
    rest = query.where(_AUDIT.sequence > after).order_by(_AUDIT.sequence)
    return list(c.execute(rest.limit(1000)))


def _rows_entries(c: Connection, sequences: set[int]) -> list[Any]:
    asked = sorted(sequences)
    found: list[Any] = []
    for first in range(0, len(asked), 500):
        some = _AUDIT.sequence.in_(asked[first : first + 500])
        found += c.execute(select(_AUDIT.detail).where(some, _AUDIT.action == audit.ROWS)).all()
    return found


def _speaks_of(detail: str, wanted: set[tuple[str, str]]) -> bool:
    return any((name, key) in wanted for name, keys in json.loads(detail).items() for key in keys)


def _minimise(c: Connection, scan_id: str, now_ms: int) -> None:
    row = scans.row_of(c, scan_id)
    if row is None:
        return
    declared = json.loads(row["declaration"]) | {"plate": ""} if row["declaration"] else None
    changes = {
        "declaration": None if declared is None else json.dumps(declared, ensure_ascii=False),
        "plate_key": "",
        "opened_by": "",
        "closed_by": "",
    }
    m = tables.messages.c
    for sequence, raw in c.execute(select(m.sequence, m.raw).where(m.scan_id == scan_id)).all():
        plain = json.dumps(_without_names(json.loads(raw)), ensure_ascii=False)
        c.execute(update(tables.messages).where(m.sequence == sequence).values(raw=plain, sha256=ERASED))
    for alert in c.execute(select(tables.alerts).where(tables.alerts.c.scan_id == scan_id)).mappings().all():
        _minimise_alert(c, dict(alert))
        _forget_events(c, alert["id"])
    _forget_events(c, scan_id)
    if c.execute(select(minimised).where(minimised.c.scan_id == scan_id)).first() is None:
        c.execute(insert(minimised).values(scan_id=scan_id, utc_ms=now_ms))
        witness.mark(c, "minimised", scan_id)
    scans.save(c, scan_id, changes, now_ms)
    alerts.tell(c, scan_id, now_ms)


def _minimise_vehicle(c: Connection, vehicle_id: str) -> None:
    v = vehicles.c
    told = c.execute(select(v.told).where(v.id == vehicle_id)).scalar_one()
    plain = json.dumps(_without_names(json.loads(told)) | {"manifest": ""}, ensure_ascii=False)
    c.execute(update(vehicles).where(v.id == vehicle_id).values(told=plain, plate_key=""))
    _forget_events(c, vehicle_id)


def _minimise_alert(c: Connection, alert: Mapping[str, Any]) -> None:
    a, o = tables.alerts.c, tables.outcomes.c
    by_lane = str(alert["raised_by"]).startswith(audit.lane_who(""))
    values = {
        "raised_by": alert["raised_by"] if by_lane else "",
        "acknowledged_by": "",
        "owner": "",
        "assigned_to": "",
        "assigned_by": "",
        "shelved_by": "",
        "shelved_reason": "",
        "closed_by": "",
        "reasons": json.dumps(_without_names(json.loads(alert["reasons"])), ensure_ascii=False),
    }
    c.execute(update(tables.alerts).where(a.id == alert["id"]).values(values))
    plain = {"note": "", "recorded_by": "", "safeguarding_reference": ""}
    c.execute(update(tables.outcomes).where(o.alert_id == alert["id"]).values(plain))


def _without_names(value: Any) -> Any:
    """Return JSON values without plates, names of people, and what an officer wrote."""
    if isinstance(value, list):
        return [_without_names(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("code") == "officer_note":
        return {**value, "values": {}, "text": dict.fromkeys(value.get("text", {}), "")}
    return {
        key: "" if key in ("plate", "by") and isinstance(each, str) else _without_names(each)
        for key, each in value.items()
    }


def _forget_events(c: Connection, subject: str) -> None:
    """Remove the events that hold what a resource was; the one that says how it is now comes after them."""
    c.execute(delete(tables.events).where(tables.events.c.subject == subject))
