"""Finds scans by what is known of them: plate, lorry, recommendation, what a search found, lane and time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from scanner.evidence import Recommendation
from scanner.vehicle import VehicleClass
from service.resources import FoundScan, OutcomeKind, ScanState
from service.store import scans, tables

_S, _A, _O = tables.scans.c, tables.alerts.c, tables.outcomes.c


class Became(StrEnum):
    """What became of a scan: what its alert's search found, or that there is nothing to say of it."""

    PEOPLE_FOUND = OutcomeKind.PEOPLE_FOUND.value
    NOTHING_FOUND = OutcomeKind.NOTHING_FOUND.value
    NOT_SEARCHED = OutcomeKind.NOT_SEARCHED.value
    NOT_RECORDED = "not_recorded"
    NO_ALERT = "no_alert"


@dataclass(frozen=True, slots=True)
class ScanSearch:
    """What is looked for; None and "" are no condition.

    Parameters
    ----------
    plate : only those whose plate has these letters and digits in a row; case and spaces do not count.
    since_ms, until_ms : opened at or after, and before, ms since 1970.
    """

    state: ScanState | None = None
    plate: str = ""
    vehicle_class: VehicleClass | None = None
    recommendation: Recommendation | None = None
    outcome: Became | None = None
    lane_id: str = ""
    since_ms: int | None = None
    until_ms: int | None = None

    def words(self) -> dict[str, object]:
        """Return what the audit log says of it; the plate always."""
        said: dict[str, object] = {
            "vehicle_class": self.vehicle_class and self.vehicle_class.value,
            "recommendation": self.recommendation and self.recommendation.value,
            "outcome": self.outcome and self.outcome.value,
            "lane": self.lane_id or None,
            "since_utc_ms": self.since_ms,
            "until_utc_ms": self.until_ms,
        }
        return {"plate": self.plate, **{name: value for name, value in said.items() if value is not None}}

    @property
    def looks_back(self) -> bool:
        """Whether it asks for more than what is at work now."""
        return self.state is ScanState.CLOSED or len(self.words()) > 1 or bool(self.plate)


def found(c: Connection, asked: ScanSearch, before: str | None, limit: int) -> list[FoundScan]:
    """Return scans with what became of them, the newest first.

    Parameters
    ----------
    before : only those older than the scan with this id.
    limit : at most so many.

    Raises
    ------
    NotFound : there is no scan ``before``.
    """
    query = _narrowed(_query(), asked).order_by(_S.opened_utc_ms.desc(), _S.id.desc())
    if before is not None:
        opened = scans.get(c, before).opened_utc_ms
        query = query.where(or_(_S.opened_utc_ms < opened, and_(_S.opened_utc_ms == opened, _S.id < before)))
    return [
        FoundScan(
            **dict(scans.scan_of(row)),
            outcome=OutcomeKind(row.outcome_kind) if row.outcome_kind else None,
            people=row.outcome_people,
        )
        for row in c.execute(query.limit(limit))
    ]


def _query() -> Select[Any]:
    return (
        select(
            tables.scans,
            _A.id.label("alert_id"),
            _O.kind.label("outcome_kind"),
            _O.people.label("outcome_people"),
        )
        .select_from(tables.scans)
        .outerjoin(tables.alerts, _A.scan_id == _S.id)
        .outerjoin(tables.outcomes, _O.sequence == _A.outcome)
    )


def _narrowed(query: Select[Any], asked: ScanSearch) -> Select[Any]:
    key = scans.plate_key(asked.plate)
    conditions = [
        _S.state == asked.state.value if asked.state else None,
        _S.plate_key.contains(key, autoescape=True) if key else None,
        _S.vehicle_class == asked.vehicle_class.value if asked.vehicle_class else None,
        _S.recommendation == asked.recommendation.value if asked.recommendation else None,
        _S.lane_id == asked.lane_id if asked.lane_id else None,
        _S.opened_utc_ms >= asked.since_ms if asked.since_ms is not None else None,
        _S.opened_utc_ms < asked.until_ms if asked.until_ms is not None else None,
    ]
    match asked.outcome:
        case None:
            pass
        case Became.NO_ALERT:
            conditions.append(_A.id.is_(None))
        case Became.NOT_RECORDED:
            conditions.append(and_(_A.id.is_not(None), _O.kind.is_(None)))
        case kind:
            conditions.append(_O.kind == kind.value)
    return query.where(*(each for each in conditions if each is not None))
