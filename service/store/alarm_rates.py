"""Alarm rates, counted from every alarm that was raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, select

from service.alarm_resources import AlarmRates, Eemua, LevelShares, Rates
from service.resources import AlertLevel, AlertState
from service.store import lanes, tables
from service.store.alert_tables import alarms

TEN_MIN_MS = 600_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WINDOWS = DAY_MS // TEN_MIN_MS

_Alarm = tuple[int, AlertLevel]


def rates(c: Connection, now_ms: int) -> AlarmRates:
    """Return how often it alarmed until now."""
    told: dict[str, list[_Alarm]] = {lane.id: [] for lane in lanes.listed(c) if not lane.revoked}
    a = alarms.c
    day = select(a.lane_id, a.utc_ms, a.level).where(a.utc_ms > now_ms - DAY_MS, a.utc_ms <= now_ms)
    for lane_id, utc_ms, level in c.execute(day.order_by(a.utc_ms, a.sequence)):
        told.setdefault(lane_id, []).append((utc_ms, AlertLevel(level)))
    standing, shelved = _open_ones(c, now_ms)
    for lane_id in {*standing, *shelved}:
        told.setdefault(lane_id, [])
    every = sorted(alarm for of_lane in told.values() for alarm in of_lane)
    return AlarmRates(
        utc_ms=now_ms,
        eemua_191=Eemua(),
        overall=_rates(every, standing.total(), shelved.total(), now_ms),
        lanes={
            lane_id: _rates(of_lane, standing[lane_id], shelved[lane_id], now_ms)
            for lane_id, of_lane in sorted(told.items())
        },
    )


def _open_ones(c: Connection, now_ms: int) -> tuple[Counter[str], Counter[str]]:
    """Return for each lane how many alerts are standing, and how many on the shelf."""
    a, s = tables.alerts.c, tables.scans.c
    query = (
        select(s.lane_id, a.raised_utc_ms, a.shelved_until_utc_ms)
        .join(tables.scans, s.id == a.scan_id)
        .where(a.state != AlertState.CLOSED.value)
    )
    rows = c.execute(query).all()
    return (
        Counter(row.lane_id for row in rows if row.raised_utc_ms < now_ms - DAY_MS),
        Counter(row.lane_id for row in rows if row.shelved_until_utc_ms is not None),
    )


def _rates(told: Sequence[_Alarm], standing: int, shelved: int, now_ms: int) -> Rates:
    times = [utc_ms for utc_ms, _ in told]
    windows = Counter((now_ms - utc_ms) // TEN_MIN_MS for utc_ms in times)
    floods = sum(n >= Eemua().flood_per_10_min for n in windows.values())
    return Rates(
        last_10_min=sum(utc_ms > now_ms - TEN_MIN_MS for utc_ms in times),
        last_hour=sum(utc_ms > now_ms - HOUR_MS for utc_ms in times),
        last_day=len(times),
        average_per_10_min=len(times) / WINDOWS,
        peak_10_min=_peak(times),
        flood_share=floods / WINDOWS,
        shares=_shares([level for _, level in told]),
        standing=standing,
        shelved=shelved,
    )


def _peak(times: Sequence[int]) -> int:
    """Return the most within any ten minutes; times ascend."""
    peak = first = 0
    for last, utc_ms in enumerate(times):
        while times[first] <= utc_ms - TEN_MIN_MS:
            first += 1
        peak = max(peak, last - first + 1)
    return peak


def _shares(levels: Sequence[AlertLevel]) -> LevelShares | None:
    if not levels:
        return None
    return LevelShares(**{level.value: levels.count(level) / len(levels) for level in AlertLevel})
