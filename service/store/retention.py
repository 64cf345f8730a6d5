"""Retention: what has been kept for as long as its class says loses its personal parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from service.config.privacy_table import PrivacyTable
from service.resources import OutcomeKind, ScanState
from service.store import audit, erasing, tables
from service.store.database import Database
from service.store.privacy_tables import minimised
from service.store.vehicle_tables import vehicles

DAY_MS = 24 * 3_600_000
AT_ONCE = 50
"""Scans and entries that one transaction erases: an alarm waits for no longer."""

LOGINS = ("login", "logout", "login_refused")
_KEPT_WORDS = (*LOGINS, audit.ROWS, audit.COLUMNS, audit.ERASED)
_REASON = "retention"


@dataclass(frozen=True, slots=True)
class Due:
    """What is due: scans and vehicles by id, entries of the audit log by sequence."""

    scans: tuple[str, ...]
    vehicles: tuple[str, ...]
    logins: tuple[int, ...]
    entries: tuple[int, ...]


def due(c: Connection, asked: PrivacyTable, now_ms: int) -> Due:
    """Return what has been kept for long enough."""
    old = []
    for days, with_find in ((asked.scans_without_find_days, False), (asked.scans_with_find_days, True)):
        if days is not None:
            old += _scans(c, with_find, now_ms - int(days * DAY_MS))
    a = tables.audit.c
    logins = _entries(c, a.action.in_(LOGINS), asked.login_days, now_ms)
    others = _entries(c, a.action.not_in(_KEPT_WORDS), asked.audit_days, now_ms)
    return Due(tuple(sorted(old)), _vehicles(c, asked.vehicles_days, now_ms), logins, others)


def carry_out(
    database: Database, found: Due, now_ms: int, progress: Callable[[int], None] = lambda _: None
) -> None:
    """Erase what is due, some at a time."""
    for first in range(0, len(found.scans), AT_ONCE):
        some = found.scans[first : first + AT_ONCE]
        with database.reading() as c:
            known = erasing.about(c, some)
        with database.writing() as c:
            erasing.erase(c, known, audit.SERVICE, _REASON, now_ms)
        progress(len(some))
    for first in range(0, len(found.vehicles), AT_ONCE):
        some = found.vehicles[first : first + AT_ONCE]
        with database.reading() as c:
            known = erasing.about(c, (), unscanned=some)
        with database.writing() as c:
            erasing.erase(c, known, audit.SERVICE, _REASON, now_ms)
        progress(len(some))
    for entries in (found.logins, found.entries):
        for first in range(0, len(entries), AT_ONCE):
            some_entries = entries[first : first + AT_ONCE]
            with database.writing() as c:
                erasing.forget_entries(c, some_entries, audit.SERVICE, _REASON, now_ms)
            progress(len(some_entries))


def _scans(c: Connection, with_find: bool, before_ms: int) -> list[str]:
    s, a, o = tables.scans.c, tables.alerts.c, tables.outcomes.c
    people = (
        select(o.sequence)
        .join(tables.alerts, a.id == o.alert_id)
        .where(a.scan_id == s.id, o.kind == OutcomeKind.PEOPLE_FOUND.value)
        .exists()
    )
    done = select(minimised.c.scan_id).where(minimised.c.scan_id == s.id).exists()
    query = select(s.id).where(
        s.state == ScanState.CLOSED.value,
        func.coalesce(s.closed_utc_ms, s.opened_utc_ms) < before_ms,
        people if with_find else ~people,
        ~done,
    )
    return list(c.execute(query.order_by(s.id)).scalars())


def _vehicles(c: Connection, days: float | None, now_ms: int) -> tuple[str, ...]:
    if days is None:
        return ()
    v = vehicles.c
    old = (v.told_utc_ms < now_ms - int(days * DAY_MS)) & v.scan_id.is_(None) & (v.plate_key != "")
    return tuple(c.execute(select(v.id).where(old).order_by(v.id)).scalars())


def _entries(c: Connection, which: object, days: float | None, now_ms: int) -> tuple[int, ...]:
    if days is None:
        return ()
    a = tables.audit.c
    old = select(a.sequence).where(which, a.utc_ms < now_ms - int(days * DAY_MS), a.salt.is_not(None))  # type: ignore[arg-type]
    return tuple(c.execute(old.order_by(a.sequence)).scalars())
