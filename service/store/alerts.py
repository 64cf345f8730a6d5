"""Alerts: one a scan, raised in the transaction that took the assessment, then handled by officers.

raised → acknowledged → outcome → closed. It goes back to raised only when a `rescue` comes where
less was known, or when a further visit of a settled scan points to people again. Minutes to danger
count from ``raised_utc_ms``: what was lost on the way from a lane that was cut off is taken off.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, update
from ulid import ULID

from scanner.evidence import Recommendation
from scanner.lane.wire import AssessmentWire, DeclarationWire, Said
from scanner.wording import LANGUAGES
from service.resources import Alert, AlertLevel, AlertState, Outcome, OutcomeKind, OutcomeRequest
from service.store import audit, events, scans, tables, witness
from service.store.errors import Conflict, NotFound

_A, _S, _O = tables.alerts.c, tables.scans.c, tables.outcomes.c

_LEVELS = {Recommendation.SEARCH: AlertLevel.SEARCH, Recommendation.RESCUE: AlertLevel.RESCUE}
_RANK = {AlertLevel.OFFICER: 0, AlertLevel.SEARCH: 1, AlertLevel.RESCUE: 2}
_MOST_PERSONS = 9999  # more is nonsense, and no reason to refuse an alert
_UNHANDLED = {
    "state": AlertState.RAISED.value,
    "acknowledged_utc_ms": None,
    "acknowledged_by": "",
    "outcome": None,
    "settled_visit": None,
    "closed_utc_ms": None,
    "closed_by": "",
}


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
    *,
    state: AlertState | None = None,
) -> list[Alert]:
    """Return alerts, the one raised last first.

    Parameters
    ----------
    open_only : only those that are not closed.
    before : only those raised before the alert with this id.
    limit : at most so many.
    state : only those in this state.

    Raises
    ------
    NotFound : there is no alert ``before``.
    """
    query = _query().order_by(_A.raised_utc_ms.desc(), _A.id.desc())
    if open_only:
        query = query.where(_A.state != AlertState.CLOSED.value)
    if state is not None:
        query = query.where(_A.state == state.value)
    if before is not None:
        raised = get(c, before).raised_utc_ms
        older = _A.raised_utc_ms < raised
        query = query.where(or_(older, and_(_A.raised_utc_ms == raised, _A.id < before)))
    return [_alert(row) for row in c.execute(query.limit(limit))]


def raise_by_officer(c: Connection, scan_id: str, by: str, note: str, now_ms: int) -> tuple[Alert, bool]:
    """Raise an alert by hand; a scan with one that is still handled keeps it, and False says so.

    One that has its outcome, or is closed, is raised again.

    Raises
    ------
    NotFound : there is no such scan.
    """
    scan = scans.get(c, scan_id)
    held = get(c, scan.alert_id) if scan.alert_id is not None else None
    if held is not None and held.state in (AlertState.RAISED, AlertState.ACKNOWLEDGED):
        return held, False
    text = dict.fromkeys(LANGUAGES, note)
    said = [Said(code="officer_note", values={"note": note}, text=text)] if note.strip() else []
    why = _why(said, None, now_ms, now_ms)
    if held is None:
        alert_id, action = _insert(c, scan_id, AlertLevel.OFFICER, by, why, now_ms), "alert_raised"
    else:
        alert_id, action = held.id, "alert_raised_again"
        values = {"level": AlertLevel.OFFICER.value, "raised_utc_ms": now_ms, "raised_by": by}
        _set(c, alert_id, {**_UNHANDLED, **values, **why})
    audit.append(c, by, action, alert_id, {"scan": scan_id, "level": "officer", "note": note}, now_ms)
    scans.save(c, scan_id, {}, now_ms)
    return _tell(c, alert_id, now_ms), True


def acknowledge(c: Connection, alert_id: str, by: str, now_ms: int) -> Alert:
    """Note that an officer takes the alert on; the same officer again changes nothing.

    Raises
    ------
    NotFound : there is no such alert.
    Conflict : ``already_acknowledged`` by another officer; says who and when.
    """
    alert = get(c, alert_id)
    if alert.state is not AlertState.RAISED:
        if alert.acknowledged_by == by:
            return alert
        when = _clock(alert.acknowledged_utc_ms or 0)
        raise Conflict("already_acknowledged", f"{alert.acknowledged_by} acknowledged this alert at {when}")
    values = {
        "state": AlertState.ACKNOWLEDGED.value,
        "acknowledged_by": by,
        "acknowledged_utc_ms": now_ms,
    }
    _set(c, alert_id, values)
    audit.append(c, by, "alert_acknowledged", alert_id, {"level": alert.level.value}, now_ms)
    return _tell(c, alert_id, now_ms)


def record_outcome(c: Connection, alert_id: str, request: OutcomeRequest, by: str, now_ms: int) -> Alert:
    """Record what the search found, or correct it; the same contents again change nothing.

    Raises
    ------
    NotFound : there is no such alert.
    Conflict : ``not_acknowledged``: nobody has taken it on; ``closed``: it can no longer be corrected.
    """
    alert = get(c, alert_id)
    if alert.state is AlertState.RAISED:
        raise Conflict("not_acknowledged", "nobody has acknowledged this alert: acknowledge it first")
    before = alert.outcome
    if before is not None and before.model_dump(include=set(OutcomeRequest.model_fields)) == (
        request.model_dump()
    ):
        return alert
    if alert.state is AlertState.CLOSED:
        when = _clock(alert.closed_utc_ms or 0)
        raise Conflict("closed", f"{alert.closed_by} closed this alert at {when}: its outcome stands")
    row = {
        "alert_id": alert_id,
        "kind": request.kind.value,
        "people": request.people,
        "medical_help": request.medical_help,
        "note": request.note,
        "recorded_by": by,
        "utc_ms": now_ms,
    }
    recorded = c.execute(
        insert(tables.outcomes).values(row).returning(tables.outcomes.c.sequence)
    ).scalar_one()
    witness.mark(c, "outcomes", str(recorded))
    settled = scans.get(c, alert.scan_id).visits
    _set(c, alert_id, {"state": AlertState.OUTCOME.value, "outcome": recorded, "settled_visit": settled})
    detail: dict[str, object] = request.model_dump(mode="json")
    if before is not None:
        detail["instead_of"] = before.model_dump(mode="json")
    action = "outcome_recorded" if before is None else "outcome_corrected"
    audit.append(c, by, action, alert_id, detail, now_ms)
    return _tell(c, alert_id, now_ms)


def close(c: Connection, alert_id: str, by: str, now_ms: int) -> Alert:
    """Close an alert that has its outcome; closing again changes nothing.

    Raises
    ------
    NotFound : there is no such alert.
    Conflict : ``no_outcome``: nobody has recorded what was found.
    """
    alert = get(c, alert_id)
    if alert.state is AlertState.CLOSED:
        return alert
    if alert.state is not AlertState.OUTCOME:
        raise Conflict("no_outcome", "this alert has no outcome: record what the search found first")
    values = {
        "state": AlertState.CLOSED.value,
        "closed_by": by,
        "closed_utc_ms": now_ms,
        "settled_visit": scans.get(c, alert.scan_id).visits,
    }
    _set(c, alert_id, values)
    audit.append(c, by, "alert_closed", alert_id, {}, now_ms)
    return _tell(c, alert_id, now_ms)


# -- called while a lane's message is taken ---------------------------------------------


def weigh(c: Connection, lane_id: str, assessment: AssessmentWire, told_ms: int, now_ms: int) -> bool:
    """Raise or raise again what an assessment calls for; return whether the alert changed.

    Called after the scan's row is there and before it is told; `tell` then tells the alert.
    ``told_ms`` is when the lane said it.
    """
    level = _LEVELS.get(assessment.recommendation)
    if level is None:
        return False
    who = audit.lane_who(lane_id)
    scan_id = assessment.scan_id
    row = c.execute(select(tables.alerts).where(_A.scan_id == scan_id)).first()
    if row is None:
        why = _why(assessment.reasons, assessment, told_ms, now_ms)
        alert_id = _insert(c, scan_id, level, who, why, now_ms)
        _audit_raise(c, who, "alert_raised", alert_id, assessment, {}, now_ms)
        return True
    state, held = AlertState(row.state), AlertLevel(row.level)
    if state in (AlertState.OUTCOME, AlertState.CLOSED):
        worse = _RANK[level] > _RANK[held] and not _found_people(c, row)
        if assessment.visit <= row.settled_visit and not worse:
            return False
        return _raise_again(c, row, assessment, who, told_ms, now_ms)
    if level is AlertLevel.RESCUE and held is not AlertLevel.RESCUE:
        return _raise_again(c, row, assessment, who, told_ms, now_ms)
    newer = (assessment.visit, assessment.mono_ns) > (row.assessed_visit, row.assessed_mono_ns)
    if _RANK[level] < _RANK[held] or (level is held and not newer):
        return False  # less, or older, or the visit's end that says its last assessment again
    why = _why(assessment.reasons, assessment, told_ms, row.raised_utc_ms)
    _set(c, row.id, {"level": level.value, **why})
    if level is not held:
        _audit_raise(c, who, "alert_level_lifted", row.id, assessment, {}, now_ms)
    return True


def _found_people(c: Connection, row: Row[Any]) -> bool:
    kind = tables.outcomes.c.kind
    found = c.execute(select(kind).where(tables.outcomes.c.sequence == row.outcome)).scalar()
    return found == OutcomeKind.PEOPLE_FOUND.value


def tell(c: Connection, scan_id: str, now_ms: int) -> None:
    """Raise the version of a scan's alert, if it has one, and tell the booths."""
    alert_id = c.execute(select(_A.id).where(_A.scan_id == scan_id)).scalar()
    if alert_id is not None:
        _tell(c, alert_id, now_ms)


def _raise_again(
    c: Connection, row: Row[Any], assessment: AssessmentWire, who: str, told_ms: int, now_ms: int
) -> bool:
    settled = row.state in (AlertState.OUTCOME.value, AlertState.CLOSED.value)
    before = {"state": row.state, "level": row.level, "acknowledged_by": row.acknowledged_by}
    level = _LEVELS[assessment.recommendation]
    values = {"level": level.value, "raised_utc_ms": now_ms, "raised_by": who}
    _set(c, row.id, {**_UNHANDLED, **values, **_why(assessment.reasons, assessment, told_ms, now_ms)})
    action = "alert_raised_again" if settled or row.acknowledged_by else "alert_level_lifted"
    _audit_raise(c, who, action, row.id, assessment, {"before": before}, now_ms)
    return True


def _insert(
    c: Connection, scan_id: str, level: AlertLevel, by: str, why: Mapping[str, Any], now_ms: int
) -> str:
    alert_id = str(ULID())
    row = {
        **_UNHANDLED,
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
    return alert_id


def _why(
    reasons: list[Said], assessment: AssessmentWire | None, told_ms: int, raised_ms: int
) -> dict[str, Any]:
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


def _set(c: Connection, alert_id: str, values: dict[str, Any]) -> None:
    c.execute(update(tables.alerts).where(_A.id == alert_id).values(values))
    witness.mark(c, "alerts", alert_id)


def _tell(c: Connection, alert_id: str, now_ms: int) -> Alert:
    _set(c, alert_id, {"version": _A.version + 1})
    alert = get(c, alert_id)
    events.append(c, "alert", alert_id, alert, now_ms)
    return alert


def _clock(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _query() -> Select[Any]:
    joined = tables.alerts.join(tables.scans, _S.id == _A.scan_id)
    joined = joined.outerjoin(tables.outcomes, _O.sequence == _A.outcome)
    return select(
        tables.alerts,
        _S.lane_id,
        _S.declaration,
        _O.kind,
        _O.people,
        _O.medical_help,
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
            medical_help=row.medical_help,
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
        outcome=outcome,
        closed_utc_ms=row.closed_utc_ms,
        closed_by=row.closed_by,
        version=row.version,
    )
