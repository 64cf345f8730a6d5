"""What time does to open alerts: late steps are escalated, shelves end.

Every copy of the service may look at once: what is late is found again inside the transaction that
writes, so the second finds nothing. Times are of the clock that all copies share (`service.store.clock`):
where it was set back, what lies further ahead than it can begins anew, so that nobody waits for an hour
that comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, Row, select

from service.config.alerts_table import AlertsTable
from service.resources import Alert, AlertLevel, AlertState
from service.store import alert_rows, alert_shelf, audit, tables

SLEWED_MS = 2_000
"""By how much a clock may be moved back before its times are taken for wrong."""

_A = tables.alerts.c
_LOOKED_AT: tuple[Column[Any], ...] = (
    _A.id,
    _A.state,
    _A.level,
    _A.due_utc_ms,
    _A.escalation,
    _A.shelved_until_utc_ms,
)


class RunOut(StrEnum):
    """What has run out."""

    STEP = "step"
    SHELF = "shelf"
    TIMER = "timer"  # there is none, or one that this clock cannot have set


def any_run_out(c: Connection, limits: AlertsTable, now_ms: int) -> bool:
    """Say whether `carry_out` has something to do: a reader may look before anyone writes."""
    return next(_run_out(c, limits, now_ms), None) is not None


def carry_out(c: Connection, limits: AlertsTable, now_ms: int) -> list[tuple[RunOut, Alert]]:
    """Escalate each step that is late by one, end shelves, mend timers; return the alerts as they are."""
    done = []
    for row, what in list(_run_out(c, limits, now_ms)):
        if what is RunOut.SHELF:
            alert = alert_shelf.unshelve(c, row.id, audit.SERVICE, now_ms, limits, why="time")
        else:
            alert = _begin_again(c, row, what, limits, now_ms)
        done.append((what, alert))
    return done


def _begin_again(c: Connection, row: Row[Any], what: RunOut, limits: AlertsTable, now_ms: int) -> Alert:
    lasts_ms = limits.step_ms(AlertLevel(row.level), AlertState(row.state))
    escalation = row.escalation + (what is RunOut.STEP)
    alert_rows.put(c, row.id, {"due_utc_ms": now_ms + lasts_ms, "escalation": escalation})
    detail = {"state": row.state, "level": row.level, "due_utc_ms": row.due_utc_ms}
    if what is RunOut.STEP:
        audit.append(c, audit.SERVICE, "alert_escalated", row.id, detail | {"to": escalation}, now_ms)
    else:
        audit.append(c, audit.SERVICE, "alert_timer_restarted", row.id, detail, now_ms)
    return alert_rows.tell(c, row.id, now_ms)


def _run_out(c: Connection, limits: AlertsTable, now_ms: int) -> Iterator[tuple[Row[Any], RunOut]]:
    open_ones = select(*_LOOKED_AT).where(_A.state != AlertState.CLOSED.value).order_by(_A.id)
    for row in c.execute(open_ones).all():
        what = _what(row, limits, now_ms)
        if what is not None:
            yield row, what


def _what(row: Row[Any], limits: AlertsTable, now_ms: int) -> RunOut | None:
    until_ms, due_ms = row.shelved_until_utc_ms, row.due_utc_ms
    if until_ms is not None:
        longest_ms = limits.shelve_most_min * 60_000 + SLEWED_MS
        return None if now_ms < until_ms <= now_ms + longest_ms else RunOut.SHELF
    longest_ms = limits.step_ms(AlertLevel(row.level), AlertState(row.state)) + SLEWED_MS
    if due_ms is None or due_ms > now_ms + longest_ms:
        return RunOut.TIMER
    late = due_ms <= now_ms and row.escalation < limits.most_escalations
    return RunOut.STEP if late else None
