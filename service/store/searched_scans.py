"""Scans with what became of them: alarmed, chosen by lot, searched, and who was found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, select

from scanner.random_search import ALARMS, CHOSEN
from service.resources import OutcomeKind
from service.store import scans, tables
from service.store.alert_tables import alarms

_S, _A, _O = tables.scans.c, tables.alerts.c, tables.outcomes.c
_LEVELS = tuple(one.value for one in ALARMS)  # an alert's level has the words of the recommendation
_AT_ONCE = 200  # assessments are large


class Why(StrEnum):
    """What asked for a search."""

    ALARM = "alarm"
    LOT = "lot"
    OWN_CHOICE = "own choice"


@dataclass(frozen=True, slots=True)
class SearchedOrNot:
    """One scan.

    Parameters
    ----------
    decided : it has a final recommendation, or alarmed.
    alarmed : the lane asked for a search at any time; an alert that an officer raised is none.
    share : chance that a lot had which fell on this lorry; None = it did not.
    found : people whom the search found, 0 = nobody; None = not searched, or not yet.
    """

    scan: str
    decided: bool
    alarmed: bool
    share: float | None
    found: int | None

    @property
    def why(self) -> Why:
        """What asked for the search, if there was one."""
        if self.alarmed:
            return Why.ALARM
        return Why.OWN_CHOICE if self.share is None else Why.LOT

    @property
    def chance(self) -> float | None:
        """How likely the lorry was to be searched; None = not known: nobody draws lots for a hunch."""
        return 1.0 if self.alarmed else self.share


def ids(c: Connection, since_ms: int | None, until_ms: int | None, lane_id: str | None) -> list[str]:
    """Return the ids of scans in the order in which they were opened.

    Parameters
    ----------
    since_ms, until_ms : opened at or after, and before; None = no end.
    lane_id : of this lane alone; None = of all.
    """
    query = select(_S.id).order_by(_S.opened_utc_ms, _S.id)
    if since_ms is not None:
        query = query.where(_S.opened_utc_ms >= since_ms)
    if until_ms is not None:
        query = query.where(_S.opened_utc_ms < until_ms)
    if lane_id is not None:
        query = query.where(_S.lane_id == lane_id)
    return list(c.execute(query).scalars())


def listed(c: Connection, scan_ids: Sequence[str]) -> Iterator[SearchedOrNot]:
    """Give what became of each of these scans, in their order."""
    rang = exists().where(and_(alarms.c.alert_id == _A.id, alarms.c.level.in_(_LEVELS)))
    query = (
        select(_S.id, _S.visits, _S.assessment, _A.level, rang.label("rang"), _O.kind, _O.people)
        .select_from(tables.scans)
        .outerjoin(tables.alerts, _A.scan_id == _S.id)
        .outerjoin(tables.outcomes, _O.sequence == _A.outcome)
    )
    for first in range(0, len(scan_ids), _AT_ONCE):
        some = scan_ids[first : first + _AT_ONCE]
        rows = {row.id: row for row in c.execute(query.where(_S.id.in_(some)))}
        for scan_id in some:
            yield _one(c, rows[scan_id])


def _one(c: Connection, row: Row[Any]) -> SearchedOrNot:
    newest = json.loads(row.assessment) if row.assessment else {}
    final = bool(newest.get("final", False))
    share = _share(newest.get("reasons", ()))
    if not final and row.visits > 1:
        # a later visit that came to no end does not take back what an earlier one decided
        for earlier in scans.assessments(c, row.id):
            if earlier.final:
                final, share = True, _share([reason.model_dump() for reason in earlier.reasons])
    alarmed = bool(row.rang) or row.level in _LEVELS
    found = {
        OutcomeKind.PEOPLE_FOUND.value: row.people,
        OutcomeKind.NOTHING_FOUND.value: 0,
    }.get(row.kind)
    return SearchedOrNot(row.id, final or alarmed, alarmed, share, found)


def _share(reasons: Any) -> float | None:
    for reason in reasons:
        if reason["code"] == CHOSEN:
            share = reason.get("values", {}).get("share")
            # a lane of another version may say something else
            return float(share) if isinstance(share, int | float) and 0 < share < 1 else None
    return None
