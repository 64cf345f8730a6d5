"""Searching the audit log, the newest entries first."""

from __future__ import annotations

import json

from sqlalchemy import Connection, func, select

from service.resources import AuditEntry
from service.store import tables
from service.store.audit import COLUMNS, ROWS

_A = tables.audit.c


def search(
    c: Connection,
    span_ms: tuple[int, int],
    before: int,
    limit: int,
    *,
    who: str = "",
    action: str = "",
    subject: str = "",
) -> list[AuditEntry]:
    """Return entries that fit, without those that only vouch for rows.

    Parameters
    ----------
    span_ms : first and last time, ms since 1970.
    before : only entries with a lower sequence.
    who, subject : letters in a row, case does not count; action : the whole word.
    """
    query = (
        select(tables.audit)
        .where(_A.sequence < before, _A.utc_ms.between(*span_ms), _A.action.not_in((ROWS, COLUMNS)))
        .order_by(_A.sequence.desc())
        .limit(limit)
    )
    if action:
        query = query.where(_A.action == action)
    for column, letters in ((_A.who, who), (_A.subject, subject)):
        if letters:
            query = query.where(func.lower(column).contains(letters.lower(), autoescape=True))
    return [
        AuditEntry(
            sequence=row.sequence,
            utc_ms=row.utc_ms,
            who=row.who,
            action=row.action,
            subject=row.subject,
            detail=json.loads(row.detail),
        )
        for row in c.execute(query)
    ]
