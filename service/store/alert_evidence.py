"""What a lane's assessment does to a scan's alert, in the transaction that takes it.

An alert goes back to raised only when a `rescue` comes where less was known, or when a further visit
of a settled scan points to people again; either ends a shelf, and so does a higher level or a further
visit that points to people. Minutes to danger count from ``raised_utc_ms``: what was lost on the way
from a lane that was cut off is taken off.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from scanner.evidence import Recommendation
from scanner.lane.wire import AssessmentWire
from service.config.alerts_table import AlertsTable
from service.resources import AlertLevel, AlertState, OutcomeKind
from service.store import alert_rows, audit, tables
from service.store.alert_raising import keep_alarm, raise_again, raise_first, why

_A = tables.alerts.c

_LEVELS = {Recommendation.SEARCH: AlertLevel.SEARCH, Recommendation.RESCUE: AlertLevel.RESCUE}
_RANK = {AlertLevel.OFFICER: 0, AlertLevel.SEARCH: 1, AlertLevel.RESCUE: 2}
_SETTLED = (AlertState.OUTCOME, AlertState.CLOSED)


def weigh(
    c: Connection,
    lane_id: str,
    assessment: AssessmentWire,
    told_ms: int,
    now_ms: int,
    limits: AlertsTable,
) -> bool:
    """Raise or raise again what an assessment calls for; return whether the alert changed.

    Called after the scan's row is there and before it is told; `tell` then tells the alert.
    ``told_ms`` is when the lane said it.
    """
    level = _LEVELS.get(assessment.recommendation)
    if level is None:
        return False
    who = audit.lane_who(lane_id)
    row = c.execute(select(tables.alerts).where(_A.scan_id == assessment.scan_id)).first()
    if row is None:
        reasons = why(assessment.reasons, assessment, told_ms, now_ms)
        alert_id = raise_first(c, assessment.scan_id, level, who, reasons, now_ms, limits)
        _audit_raise(c, who, "alert_raised", alert_id, assessment, {}, now_ms)
        return True
    if _alarms_again(c, row, assessment, level):
        _raise_again(c, row, assessment, who, told_ms, now_ms, limits)
        return True
    held = AlertLevel(row.level)
    newer = (assessment.visit, assessment.mono_ns) > (row.assessed_visit, row.assessed_mono_ns)
    less_or_known = _RANK[level] < _RANK[held] or (level is held and not newer)
    if AlertState(row.state) in _SETTLED or less_or_known:
        return False  # or older, or the visit's end that says its last assessment again
    reasons = why(assessment.reasons, assessment, told_ms, row.raised_utc_ms)
    alert_rows.put(c, row.id, {"level": level.value, **reasons})
    if level is not held:
        _audit_raise(c, who, "alert_level_lifted", row.id, assessment, {}, now_ms)
    if row.shelved_until_utc_ms is not None and (level is not held or assessment.visit > row.assessed_visit):
        _off_shelf(c, row, assessment, level, who, now_ms, limits)
    return True


def tell(c: Connection, scan_id: str, now_ms: int) -> None:
    """Raise the version of a scan's alert, if it has one, and tell the booths."""
    alert_id = c.execute(select(_A.id).where(_A.scan_id == scan_id)).scalar()
    if alert_id is not None:
        alert_rows.tell(c, alert_id, now_ms)


def _alarms_again(c: Connection, row: Row[Any], assessment: AssessmentWire, level: AlertLevel) -> bool:
    held = AlertLevel(row.level)
    if AlertState(row.state) in _SETTLED:
        worse = _RANK[level] > _RANK[held] and not _found_people(c, row)
        return assessment.visit > row.settled_visit or worse
    return level is AlertLevel.RESCUE and held is not AlertLevel.RESCUE


def _found_people(c: Connection, row: Row[Any]) -> bool:
    kind = tables.outcomes.c.kind
    found = c.execute(select(kind).where(tables.outcomes.c.sequence == row.outcome)).scalar()
    return found == OutcomeKind.PEOPLE_FOUND.value


def _raise_again(
    c: Connection,
    row: Row[Any],
    assessment: AssessmentWire,
    who: str,
    told_ms: int,
    now_ms: int,
    limits: AlertsTable,
) -> None:
    before = {"state": row.state, "level": row.level, "acknowledged_by": row.acknowledged_by}
    before |= {"owner": row.owner, "assigned_to": row.assigned_to, "shelved_by": row.shelved_by}
    reasons = why(assessment.reasons, assessment, told_ms, now_ms)
    raise_again(c, row.id, _LEVELS[assessment.recommendation], who, reasons, now_ms, limits)
    settled = AlertState(row.state) in _SETTLED
    action = "alert_raised_again" if settled or row.acknowledged_by else "alert_level_lifted"
    _audit_raise(c, who, action, row.id, assessment, {"before": before}, now_ms)


def _off_shelf(
    c: Connection,
    row: Row[Any],
    assessment: AssessmentWire,
    level: AlertLevel,
    who: str,
    now_ms: int,
    limits: AlertsTable,
) -> None:
    step = alert_rows.step(limits, level, AlertState(row.state), now_ms)
    alert_rows.put(c, row.id, {**alert_rows.OFF_SHELF, **step})
    keep_alarm(c, row.id, level, now_ms)
    more: dict[str, object] = {"why": "new_evidence", "shelved_by": row.shelved_by}
    _audit_raise(c, who, "alert_unshelved", row.id, assessment, more, now_ms)


def _audit_raise(
    c: Connection,
    who: str,
    action: str,
    alert_id: str,
    assessment: AssessmentWire,
    more: dict[str, object],
    now_ms: int,
) -> None:
    detail = {
        "scan": assessment.scan_id,
        "level": _LEVELS[assessment.recommendation].value,
        "visit": assessment.visit,
        "digest": assessment.digest,
        **more,
    }
    audit.append(c, who, action, alert_id, detail, now_ms)
