"""Alerts as rows: read, listed, written, and told to the booths."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select, update

from scanner.lane.wire import DeclarationWire, Said
from service.config.alerts_table import AlertsTable
from service.resources import Alert, AlertLevel, AlertState, Conditions, Outcome, OutcomeKind
from service.store import events, scans, tables, witness
from service.store.errors import NotFound

_A, _S, _O = tables.alerts.c, tables.scans.c, tables.outcomes.c

OFF_SHELF: Mapping[str, Any] = {
    "shelved_utc_ms": None,
    "shelved_until_utc_ms": None,
    "shelved_by": "",
    "shelved_reason": "",
}
"""What an alert has that is not shelved."""

UNHANDLED: Mapping[str, Any] = {
    **OFF_SHELF,
    "state": AlertState.RAISED.value,
    "acknowledged_utc_ms": None,
    "acknowledged_by": "",
    "owner": "",
    "assigned_to": "",
    "assigned_is_account": False,
    "assigned_by": "",
    "assigned_utc_ms": None,
    "outcome": None,
    "settled_visit": None,
    "closed_utc_ms": None,
    "closed_by": "",
}
"""What an alert has that was raised, or raised again, and that nobody has touched since."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts are asked for; None is any.

    ``plate``: letters and digits in a row, case and spaces do not count. ``since_ms`` and ``until_ms`` are
    when it was raised last, the first included, the second not. ``shelved``: laid aside now, or not.
    """

    state: AlertState | None = None
    level: AlertLevel | None = None
    lane_id: str | None = None
    plate: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    shelved: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what a row must fulfil."""
        on_shelf = _A.shelved_until_utc_ms.is_not(None)
        plate = scans.plate_key(self.plate or "")
        asked = [
            None if self.state is None else _A.state == self.state.value,
            None if self.level is None else _A.level == self.level.value,
            None if self.lane_id is None else _S.lane_id == self.lane_id,
            _S.plate_key.contains(plate, autoescape=True) if plate else None,
            None if self.since_ms is None else _A.raised_utc_ms >= self.since_ms,
            None if self.until_ms is None else _A.raised_utc_ms < self.until_ms,
            None if self.shelved is None else (on_shelf if self.shelved else ~on_shelf),
        ]
        return [each for each in asked if each is not None]


ANY = Wanted()


def get(c: Connection, alert_id: str) -> Alert:
    """Return one alert.

    Raises
    ------
    NotFound : there is none with this id.
    """
    row = c.execute(_query().where(_A.id == alert_id)).first()
    if row is None:
        raise NotFound(f"there is no alert {alert_id}: check the id")
    return _alert(row)


def listed(
    c: Connection,
    open_only: bool,
    before: str | None,
    limit: int | None,
    wanted: Wanted = ANY,
) -> list[Alert]:
    """Return alerts, the one raised last first.

    Parameters
    ----------
    open_only : only those that are not closed.
    before : only those raised before the alert with this id.
    limit : at most so many.
    wanted : only those.

    Raises
    ------
    NotFound : there is no alert ``before``.
    """
    query = _query().where(*wanted.conditions()).order_by(_A.raised_utc_ms.desc(), _A.id.desc())
    if open_only:
        query = query.where(_A.state != AlertState.CLOSED.value)
    if before is not None:
        raised = get(c, before).raised_utc_ms
        older = _A.raised_utc_ms < raised
        query = query.where(or_(older, and_(_A.raised_utc_ms == raised, _A.id < before)))
    return [_alert(row) for row in c.execute(query.limit(limit))]


# -- written by what officers, lanes and timers do ---------------------------------------------


def step(limits: AlertsTable, level: AlertLevel, state: AlertState, now_ms: int) -> dict[str, Any]:
    """Return what an alert has whose step begins now."""
    lasts_ms = limits.step_ms(level, state)
    return {"due_utc_ms": now_ms + lasts_ms if lasts_ms else None, "escalation": 0}


def put(c: Connection, alert_id: str, values: Mapping[str, Any]) -> None:
    """Write values into an alert's row."""
    c.execute(update(tables.alerts).where(_A.id == alert_id).values(dict(values)))
    witness.mark(c, "alerts", alert_id)


def tell(c: Connection, alert_id: str, now_ms: int) -> Alert:
    """Raise an alert's version, tell the booths, and return it as it is now."""
    put(c, alert_id, {"version": _A.version + 1})
    alert = get(c, alert_id)
    events.append(c, "alert", alert_id, alert, now_ms)
    return alert


def _query() -> Select[Any]:
    joined = tables.alerts.join(tables.scans, _S.id == _A.scan_id)
    joined = joined.outerjoin(tables.outcomes, _O.sequence == _A.outcome)
    return select(
        tables.alerts,
        _S.lane_id,
        _S.declaration,
        _O.kind,
        _O.people,
        _O.conditions,
        _O.medical_help,
        _O.safeguarding_referral,
        _O.safeguarding_reference,
        _O.note,
        _O.recorded_by,
        _O.utc_ms,
    ).select_from(joined)


def _alert(row: Row[Any]) -> Alert:
    outcome = None
    if row.kind is not None:
        outcome = Outcome(
            kind=OutcomeKind(row.kind),
            people=row.people,
            conditions=Conditions.model_validate_json(row.conditions) if row.conditions else None,
            medical_help=row.medical_help,
            safeguarding_referral=row.safeguarding_referral,
            safeguarding_reference=row.safeguarding_reference,
            note=row.note,
            by=row.recorded_by,
            utc_ms=row.utc_ms,
        )
    minutes = row.minutes_low
    declared = DeclarationWire.model_validate_json(row.declaration) if row.declaration else None
    return Alert(
        id=row.id,
        scan_id=row.scan_id,
        lane_id=row.lane_id,
        plate=declared.plate if declared else "",
        level=AlertLevel(row.level),
        state=AlertState(row.state),
        raised_utc_ms=row.raised_utc_ms,
        raised_by=row.raised_by,
        reasons=[Said.model_validate(said) for said in json.loads(row.reasons)],
        persons_likely=row.persons_likely,
        minutes_low="inf" if minutes is not None and math.isinf(minutes) else minutes,
        acknowledged_utc_ms=row.acknowledged_utc_ms,
        acknowledged_by=row.acknowledged_by,
        owner=row.owner,
        assigned_to=row.assigned_to,
        assigned_is_account=row.assigned_is_account,
        assigned_by=row.assigned_by,
        assigned_utc_ms=row.assigned_utc_ms,
        outcome=outcome,
        closed_utc_ms=row.closed_utc_ms,
        closed_by=row.closed_by,
        due_utc_ms=row.due_utc_ms,
        escalation=row.escalation,
        shelved_utc_ms=row.shelved_utc_ms,
        shelved_until_utc_ms=row.shelved_until_utc_ms,
        shelved_by=row.shelved_by,
        shelved_reason=row.shelved_reason,
        version=row.version,
    )
