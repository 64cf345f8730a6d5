"""How long a lane's queue is and how fast it goes, from its own last scans."""

from __future__ import annotations

from statistics import median

from sqlalchemy import Connection, select

from service.resources import Queue, ScanState
from service.store import lanes, tables, vehicles

LAST = 20
"""Scans that the median is of."""

_S = tables.scans.c


def of_lanes(c: Connection) -> list[Queue]:
    """Return each lane's queue, by lane."""
    waiting = vehicles.waiting(c)
    return [
        _queue(lane.id, waiting.get(lane.id, 0), waiting.get(None, 0), _durations_ms(c, lane.id))
        for lane in lanes.listed(c)
        if not lane.revoked
    ]


def _durations_ms(c: Connection, lane_id: str) -> list[int]:
    """Return how long a lane's last scans took from opening to closing; a clock set back does not count."""
    query = (
        select(_S.opened_utc_ms, _S.closed_utc_ms)
        .where(_S.state == ScanState.CLOSED.value, _S.lane_id == lane_id, _S.closed_utc_ms > _S.opened_utc_ms)
        .order_by(_S.opened_utc_ms.desc(), _S.id.desc())
        .limit(LAST)
    )
    return [closed - opened for opened, closed in c.execute(query)]


def _queue(lane_id: str, waiting: int, any_lane: int, took_ms: list[int]) -> Queue:
    one_s = median(took_ms) / 1000 if took_ms else None
    return Queue(
        lane_id=lane_id,
        waiting=waiting,
        waiting_any_lane=any_lane,
        measured_scans=len(took_ms),
        scan_s=one_s,
        scans_per_hour=None if one_s is None else 3600 / one_s,
        wait_s=None if one_s is None else waiting * one_s,
    )
