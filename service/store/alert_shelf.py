"""Laying an alert aside for some minutes, with a reason; it comes back by itself."""

from __future__ import annotations

from sqlalchemy import Connection

from service.config.alerts_table import AlertsTable
from service.resources import Alert, AlertLevel, ShelveRequest
from service.store import alert_rows, alert_states, audit
from service.store.alert_states import Act
from service.store.errors import Conflict

_DEFAULT = AlertsTable()


def shelve(
    c: Connection,
    alert_id: str,
    request: ShelveRequest,
    by: str,
    now_ms: int,
    limits: AlertsTable = _DEFAULT,
) -> Alert:
    """Lay an alert aside; one on the shelf already stays there for so many minutes from now.

    Raises
    ------
    NotFound : there is no such alert.
    Conflict : ``rescue_not_shelved``; ``shelved_too_long``: more minutes than the service's file allows;
        ``nothing_to_shelve``: it has its outcome; ``closed``.
    """
    alert = alert_rows.get(c, alert_id)
    alert_states.after(alert, Act.SHELVE)
    if alert.level is AlertLevel.RESCUE:
        raise Conflict("rescue_not_shelved", "people are in danger: a rescue cannot be laid aside")
    if request.minutes > limits.shelve_most_min:
        raise Conflict(
            "shelved_too_long",
            f"an alert may be laid aside for at most {limits.shelve_most_min} min: give fewer minutes",
        )
    until_ms = now_ms + request.minutes * 60_000
    values = {
        "shelved_utc_ms": now_ms,
        "shelved_until_utc_ms": until_ms,
        "shelved_by": by,
        "shelved_reason": request.reason,
        "due_utc_ms": None,
    }
    alert_rows.put(c, alert_id, values)
    detail = {"minutes": request.minutes, "reason": request.reason, "until_utc_ms": until_ms}
    audit.append(c, by, "alert_shelved", alert_id, detail, now_ms)
    return alert_rows.tell(c, alert_id, now_ms)


def unshelve(
    c: Connection,
    alert_id: str,
    by: str,
    now_ms: int,
    limits: AlertsTable = _DEFAULT,
    why: str = "asked",
    **more: object,
) -> Alert:
    """Take an alert off the shelf: its step begins anew, as far escalated as it was.

    One that is on no shelf stays as it is. ``more`` goes into the log.

    Raises
    ------
    NotFound : there is no such alert.
    """
    alert = alert_rows.get(c, alert_id)
    if alert.shelved_until_utc_ms is None:
        return alert
    step = alert_rows.step(limits, alert.level, alert_states.after(alert, Act.UNSHELVE), now_ms)
    # whoever lays a late alert aside and takes it back has not called the supervisors off
    alert_rows.put(c, alert_id, {**alert_rows.OFF_SHELF, **step, "escalation": alert.escalation})
    detail = {"why": why, "shelved_by": alert.shelved_by, **more}
    audit.append(c, by, "alert_unshelved", alert_id, detail, now_ms)
    return alert_rows.tell(c, alert_id, now_ms)
