"""Scans as lanes told them, and their assessments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, update

from scanner.lane.wire import AssessmentWire, DeclarationWire
from service.resources import Scan, ScanState
from service.store import events, tables, witness
from service.store.errors import NotFound

_S, _A = tables.scans.c, tables.assessments.c


def get(c: Connection, scan_id: str) -> Scan:
    """Return one scan.

    Raises
    ------
    NotFound : there is none with this id.
    """
    row = c.execute(_query().where(_S.id == scan_id)).first()
    if row is None:
        raise NotFound(f"there is no scan {scan_id}: check the id")
    return scan_of(row)


def listed(
    c: Connection, state: ScanState | None, plate: str | None, before: str | None, limit: int | None
) -> list[Scan]:
    """Return scans, the newest first.

    Parameters
    ----------
    state : only those in this state.
    plate : only those whose plate has these letters and digits in a row; case and spaces do not count.
    before : only those older than the scan with this id.
    limit : at most so many.

    Raises
    ------
    NotFound : there is no scan ``before``.
    """
    query = _query().order_by(_S.opened_utc_ms.desc(), _S.id.desc())
    if state is not None:
        query = query.where(_S.state == state.value)
    if plate is not None and plate_key(plate):
        query = query.where(_S.plate_key.contains(plate_key(plate), autoescape=True))
    if before is not None:
        opened = get(c, before).opened_utc_ms
        older = _S.opened_utc_ms < opened
        query = query.where(or_(older, and_(_S.opened_utc_ms == opened, _S.id < before)))
    return [scan_of(row) for row in c.execute(query.limit(limit))]


def assessments(c: Connection, scan_id: str) -> list[AssessmentWire]:
    """Return a scan's assessments in the order of the lane's clock; repeats are left out.

    Raises
    ------
    NotFound : there is no such scan.
    """
    get(c, scan_id)
    m = tables.messages.c
    query = (
        select(m.kind, m.raw)
        .join(tables.assessments, _A.message == m.sequence)
        .where(_A.scan_id == scan_id)
        .order_by(_A.visit, _A.mono_ns, _A.sequence)
    )
    return [_assessment_of(row.kind, json.loads(row.raw)) for row in c.execute(query)]


def plate_key(plate: str) -> str:
    """Return the letters and digits of a plate, as plates are searched for.

    Examples
    --------
    >>> plate_key("é-123 ab")
    'é123ab'
    """
    return "".join(letter for letter in plate.casefold() if letter.isalnum())


# -- written from messages and alerts ---------------------------------------------


def row_of(c: Connection, scan_id: str) -> dict[str, Any] | None:
    """Return a scan's row, None when nobody told of it."""
    row = c.execute(select(tables.scans).where(_S.id == scan_id)).first()
    return None if row is None else dict(row._mapping)


def begin(c: Connection, scan_id: str, lane_id: str, opened_utc_ms: int) -> dict[str, Any]:
    """Add a scan of which nothing else is known yet, and return its row."""
    row: dict[str, Any] = {
        "id": scan_id,
        "lane_id": lane_id,
        "state": ScanState.OPEN.value,
        "declaration": None,
        "plate_key": "",
        "vehicle_class": "",
        "recommendation": "",
        "opened_utc_ms": opened_utc_ms,
        "opened_by": "",
        "closed_utc_ms": None,
        "closed_by": "",
        "visits": 0,
        "ended_visit": 0,
        "interrupted": False,
        "assessment": None,
        "assessed_utc_ms": None,
        "version": 0,
    }
    c.execute(insert(tables.scans).values(row))
    witness.mark(c, "scans", scan_id)
    return row


def keep_assessment(c: Connection, assessment: AssessmentWire, message: int) -> None:
    """Add an assessment that came in a message, unless it is there."""
    same = and_(
        _A.scan_id == assessment.scan_id,
        _A.visit == assessment.visit,
        _A.mono_ns == assessment.mono_ns,
        _A.digest == assessment.digest,
    )
    if c.execute(select(_A.sequence).where(same)).first() is None:
        row = {
            "scan_id": assessment.scan_id,
            "visit": assessment.visit,
            "mono_ns": assessment.mono_ns,
            "digest": assessment.digest,
            "recommendation": assessment.recommendation.value,
            "final": assessment.final,
            "message": message,
        }
        kept = c.execute(insert(tables.assessments).values(row).returning(_A.sequence)).scalar_one()
        witness.mark(c, "assessments", str(kept))


def save(c: Connection, scan_id: str, changes: Mapping[str, Any], now_ms: int) -> Scan:
    """Write changes, raise the version and tell the booths."""
    values = {**changes, "version": _S.version + 1}
    c.execute(update(tables.scans).where(_S.id == scan_id).values(values))
    witness.mark(c, "scans", scan_id)
    scan = get(c, scan_id)
    events.append(c, "scan", scan_id, scan, now_ms)
    return scan


def _assessment_of(kind: str, raw: Mapping[str, Any]) -> AssessmentWire:
    body = raw["body"]
    return AssessmentWire.model_validate(body if kind == "assessment" else body["assessment"])


def _query() -> Select[Any]:
    joined = tables.scans.outerjoin(tables.alerts, tables.alerts.c.scan_id == _S.id)
    return select(tables.scans, tables.alerts.c.id.label("alert_id")).select_from(joined)


def scan_of(row: Row[Any]) -> Scan:
    """Return the scan that a row of the table, with its ``alert_id``, tells of."""
    newest = AssessmentWire.model_validate_json(row.assessment) if row.assessment else None
    declared = DeclarationWire.model_validate_json(row.declaration) if row.declaration else None
    is_open = row.state == ScanState.OPEN.value
    return Scan(
        id=row.id,
        lane_id=row.lane_id,
        state=ScanState(row.state),
        declaration=declared,
        opened_utc_ms=row.opened_utc_ms,
        opened_by=row.opened_by,
        closed_utc_ms=row.closed_utc_ms,
        closed_by=row.closed_by,
        visits=row.visits,
        in_visit=is_open and row.visits > row.ended_visit,
        recommendation=newest.recommendation if newest else None,
        final=newest.final if newest else False,
        assessment=newest,
        assessed_utc_ms=row.assessed_utc_ms,
        interrupted=row.interrupted,
        alert_id=row.alert_id,
        version=row.version,
    )
