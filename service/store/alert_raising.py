"""Raising an alert, for the first time or again: its row, its reasons, and the alarm on record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select
from ulid import ULID

from scanner.lane.wire import AssessmentWire, Said
from service.config.alerts_table import AlertsTable
from service.resources import AlertLevel, AlertState
from service.store import alert_rows, tables, witness
from service.store.alert_tables import alarms

_MOST_PERSONS = 9999  # more is nonsense, and no reason to refuse an alert


def raise_first(
    c: Connection,
    scan_id: str,
    level: AlertLevel,
    by: str,
    why: Mapping[str, Any],
    now_ms: int,
    limits: AlertsTable,
) -> str:
    """Add a scan's alert and return its id."""
    alert_id = str(ULID())
    row = {
        **alert_rows.UNHANDLED,
        **alert_rows.step(limits, level, AlertState.RAISED, now_ms),
        "id": alert_id,
        "scan_id": scan_id,
        "level": level.value,
        "raised_utc_ms": now_ms,
        "raised_by": by,
        **why,
        "version": 0,
    }
    c.execute(insert(tables.alerts).values(row))
    witness.mark(c, "alerts", alert_id)
    keep_alarm(c, alert_id, level, now_ms)
    return alert_id


def raise_again(
    c: Connection,
    alert_id: str,
    level: AlertLevel,
    by: str,
    why: Mapping[str, Any],
    now_ms: int,
    limits: AlertsTable,
) -> None:
    """Begin an alert anew: nobody has acknowledged it, nothing is found, it is on no shelf."""
    values = {
        **alert_rows.UNHANDLED,
        **alert_rows.step(limits, level, AlertState.RAISED, now_ms),
        "level": level.value,
        "raised_utc_ms": now_ms,
        "raised_by": by,
        **why,
    }
    alert_rows.put(c, alert_id, values)
    keep_alarm(c, alert_id, level, now_ms)


def keep_alarm(c: Connection, alert_id: str, level: AlertLevel, now_ms: int) -> None:
    """Put on record that an alert alarmed: alarm rates are counted from these."""
    scan = select(tables.alerts.c.scan_id).where(tables.alerts.c.id == alert_id).scalar_subquery()
    lane = select(tables.scans.c.lane_id).where(tables.scans.c.id == scan)
    row = {
        "alert_id": alert_id,
        "lane_id": c.execute(lane).scalar_one(),
        "level": level.value,
        "utc_ms": now_ms,
    }
    kept = c.execute(insert(alarms).values(row).returning(alarms.c.sequence)).scalar_one()
    witness.mark(c, "alarms", str(kept))


def why(
    reasons: list[Said], assessment: AssessmentWire | None, told_ms: int, raised_ms: int
) -> dict[str, Any]:
    """Return what an alert's row says of its reasons, of how many people and of how long they have."""
    persons = assessment.persons if assessment else None
    minutes = assessment.life_risk.minutes_low if assessment else None
    # a lane whose clock is behind makes it sooner, one whose clock is ahead as if told now: never later
    from_raised = None if minutes is None else max(float(minutes) + (told_ms - raised_ms) / 60_000, 0.0)
    return {
        "reasons": json.dumps([said.model_dump() for said in reasons], ensure_ascii=False),
        "persons_likely": min(persons.likely, _MOST_PERSONS) if persons else None,
        "minutes_low": from_raised,
        "assessed_visit": assessment.visit if assessment else 0,
        "assessed_mono_ns": assessment.mono_ns if assessment else 0,
    }
