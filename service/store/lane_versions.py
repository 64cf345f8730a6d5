"""What each lane's newest assessment was made with: code, models, calibrations, policy."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import Connection, select

from service.store import tables

LOOKED_BACK_MS = 30 * 24 * 3_600_000
_S = tables.scans.c


def newest_versions(
    c: Connection, lane_ids: Iterable[str], now_ms: int
) -> dict[str, tuple[int, dict[str, str]]]:
    """Return by lane when its newest assessment of the last 30 days was told, and the versions in it."""
    found = {}
    for lane_id in lane_ids:
        recent = (_S.lane_id == lane_id) & (_S.opened_utc_ms > now_ms - LOOKED_BACK_MS)
        query = (
            select(_S.assessment, _S.assessed_utc_ms)
            .where(recent & _S.assessment.is_not(None))
            .order_by(_S.opened_utc_ms.desc(), _S.id.desc())
            .limit(1)
        )
        if row := c.execute(query).first():
            found[lane_id] = int(row.assessed_utc_ms), dict(json.loads(row.assessment).get("versions", {}))
    return found
