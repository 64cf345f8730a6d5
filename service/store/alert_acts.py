"""What officers do with alerts: raise, acknowledge, assign, record what was found, close."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert

from scanner.lane.wire import Said
from scanner.wording import LANGUAGES
from service.config.alerts_table import AlertsTable
from service.permissions import ALLOWED
from service.resources import Alert, AlertLevel, AlertState, OutcomeRequest, Permission
from service.store import accounts, alert_rows, alert_shelf, alert_states, audit, scans, tables, witness
from service.store.alert_raising import keep_alarm, raise_again, raise_first, why
from service.store.alert_states import Act
from service.store.errors import Conflict, NotFound

_DEFAULT = AlertsTable()
_HANDLED = (AlertState.RAISED, AlertState.ACKNOWLEDGED, AlertState.ASSIGNED)


def raise_by_officer(
    c: Connection, scan_id: str, by: str, note: str, now_ms: int, limits: AlertsTable = _DEFAULT
) -> tuple[Alert, bool]:
    """Raise an alert by hand; a scan with one that is still handled keeps it, and False says so.

    One that has its outcome, or is closed, is raised again; one on the shelf comes off it, and alarms.

    Raises
    ------
    NotFound : there is no such scan.
    """
    scan = scans.get(c, scan_id)
    held = alert_rows.get(c, scan.alert_id) if scan.alert_id is not None else None
    if held is not None and held.state in _HANDLED:
        if held.shelved_until_utc_ms is None:
            return held, False
        keep_alarm(c, held.id, AlertLevel.OFFICER, now_ms)
        return alert_shelf.unshelve(c, held.id, by, now_ms, limits, why="raised_by_hand", note=note), False
    text = dict.fromkeys(LANGUAGES, note)
    said = [Said(code="officer_note", values={"note": note}, text=text)] if note.strip() else []
    reasons = why(said, None, now_ms, now_ms)
    if held is None:
        alert_id = raise_first(c, scan_id, AlertLevel.OFFICER, by, reasons, now_ms, limits)
        action = "alert_raised"
    else:
        alert_id, action = held.id, "alert_raised_again"
        raise_again(c, alert_id, AlertLevel.OFFICER, by, reasons, now_ms, limits)
    audit.append(c, by, action, alert_id, {"scan": scan_id, "level": "officer", "note": note}, now_ms)
    scans.save(c, scan_id, {}, now_ms)
    return alert_rows.tell(c, alert_id, now_ms), True


def acknowledge(c: Connection, alert_id: str, by: str, now_ms: int, limits: AlertsTable = _DEFAULT) -> Alert:
    """Note that an officer takes the alert on; the same officer again changes nothing.

    Raises
    ------
    NotFound : there is no such alert.
    Conflict : ``already_acknowledged`` by another officer; says who and when.
    """
    alert = alert_rows.get(c, alert_id)
    if alert.state is not AlertState.RAISED and by in (alert.acknowledged_by, alert.owner):
        return alert
    values = {"acknowledged_by": by, "acknowledged_utc_ms": now_ms, "owner": by}
    _go_on(c, alert, Act.ACKNOWLEDGE, values, now_ms, limits)
    detail = {"level": alert.level.value, **_from_shelf(alert)}
    audit.append(c, by, "alert_acknowledged", alert_id, detail, now_ms)
    return alert_rows.tell(c, alert_id, now_ms)


def assign(
    c: Connection, alert_id: str, to: str, by: str, now_ms: int, limits: AlertsTable = _DEFAULT
) -> Alert:
    """Say who searches: an account, or a team by its name; the same again changes nothing.

    Raises
    ------
    NotFound : there is no such alert.
    Conflict : ``not_acknowledged``, ``already_searched``, ``closed``; ``cannot_search``: that account
        is disabled, or its role does not handle alerts.
    """
    alert = alert_rows.get(c, alert_id)
    alert_states.after(alert, Act.ASSIGN)
    to = to.strip()
    is_account = _is_account(c, to)
    if alert.assigned_to == to:
        return alert
    _go_on(c, alert, Act.ASSIGN, _assigned(to, is_account, by, now_ms), now_ms, limits)
    detail: dict[str, object] = {"to": to, "is_account": is_account, **_from_shelf(alert)}
    if alert.assigned_to:
        detail["instead_of"] = alert.assigned_to
    audit.append(c, by, "search_assigned", alert_id, detail, now_ms)
    return alert_rows.tell(c, alert_id, now_ms)


def record_outcome(
    c: Connection,
    alert_id: str,
    request: OutcomeRequest,
    by: str,
    now_ms: int,
    limits: AlertsTable = _DEFAULT,
) -> Alert:
    """Record what the search found, or correct it; the same contents again change nothing.

    Where no search was assigned, the one who records it counts as assigned.

    Raises
    ------
    NotFound : there is no such alert.
    Conflict : ``not_acknowledged``: nobody has taken it on; ``closed``: it can no longer be corrected.
    """
    alert = alert_rows.get(c, alert_id)
    before = alert.outcome
    if before is not None and before.model_dump(include=set(OutcomeRequest.model_fields)) == (
        request.model_dump()
    ):
        return alert
    alert_states.after(alert, Act.RECORD_OUTCOME)
    recorded = _keep_outcome(c, alert_id, request, by, now_ms)
    values: dict[str, Any] = {"outcome": recorded, "settled_visit": scans.get(c, alert.scan_id).visits}
    detail: dict[str, object] = {**request.model_dump(mode="json"), **_from_shelf(alert)}
    if before is not None:
        detail["instead_of"] = before.model_dump(mode="json")
    if not alert.assigned_to:
        values |= _assigned(by, True, by, now_ms)
        detail["assigned_to"] = by
    _go_on(c, alert, Act.RECORD_OUTCOME, values, now_ms, limits)
    action = "outcome_recorded" if before is None else "outcome_corrected"
    audit.append(c, by, action, alert_id, detail, now_ms)
    return alert_rows.tell(c, alert_id, now_ms)


def close(c: Connection, alert_id: str, by: str, now_ms: int, limits: AlertsTable = _DEFAULT) -> Alert:
    """Close an alert that has its outcome; closing again changes nothing.

    Raises
    ------
    NotFound : there is no such alert.
    Conflict : ``no_outcome``: nobody has recorded what was found.
    """
    alert = alert_rows.get(c, alert_id)
    if alert.state is AlertState.CLOSED:
        return alert
    values = {
        "closed_by": by,
        "closed_utc_ms": now_ms,
        "settled_visit": scans.get(c, alert.scan_id).visits,
    }
    _go_on(c, alert, Act.CLOSE, values, now_ms, limits)
    audit.append(c, by, "alert_closed", alert_id, {}, now_ms)
    return alert_rows.tell(c, alert_id, now_ms)


def _go_on(
    c: Connection, alert: Alert, act: Act, values: dict[str, Any], now_ms: int, limits: AlertsTable
) -> None:
    """Write what an act leads to; a new state begins its step anew, and handling ends a shelf."""
    state = alert_states.after(alert, act)
    new: dict[str, Any] = {"state": state.value, **values}
    if state is not alert.state or alert.shelved_until_utc_ms is not None:
        new |= {**alert_rows.OFF_SHELF, **alert_rows.step(limits, alert.level, state, now_ms)}
    alert_rows.put(c, alert.id, new)


def _from_shelf(alert: Alert) -> dict[str, object]:
    """Return what the log says where handling an alert takes it off the shelf."""
    return {} if alert.shelved_until_utc_ms is None else {"was_shelved_by": alert.shelved_by}


def _assigned(to: str, is_account: bool, by: str, now_ms: int) -> dict[str, Any]:
    return {
        "assigned_to": to,
        "assigned_is_account": is_account,
        "assigned_by": by,
        "assigned_utc_ms": now_ms,
    }


def _is_account(c: Connection, name: str) -> bool:
    try:
        user = accounts.user(c, name)
    except NotFound:
        return False
    if user.disabled or Permission.HANDLE_ALERTS not in ALLOWED[user.role]:
        raise Conflict(
            "cannot_search",
            f"the account {name} is disabled, or its role does not handle alerts: assign somebody else",
        )
    return True


def _keep_outcome(c: Connection, alert_id: str, request: OutcomeRequest, by: str, now_ms: int) -> int:
    o = tables.outcomes
    row = {
        "alert_id": alert_id,
        "kind": request.kind.value,
        "people": request.people,
        "conditions": None if request.conditions is None else request.conditions.model_dump_json(),
        "medical_help": request.medical_help,
        "safeguarding_referral": request.safeguarding_referral,
        "safeguarding_reference": request.safeguarding_reference,
        "note": request.note,
        "recorded_by": by,
        "utc_ms": now_ms,
    }
    recorded = int(c.execute(insert(o).values(row).returning(o.c.sequence)).scalar_one())
    witness.mark(c, "outcomes", str(recorded))
    return recorded
