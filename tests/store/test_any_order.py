"""Whatever order messages come in, and however often: one alert a scan, and never a lower state."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from service.config.alerts_table import AlertsTable
from service.resources import (
    AlertLevel,
    AlertState,
    OutcomeKind,
    OutcomeRequest,
    Scan,
    ScanState,
    ShelveRequest,
)
from service.store import alerts, lanes, scans, tables
from service.store.database import Database
from service.store.errors import Conflict, NotFound
from service.store.sqlite_database import SqliteDatabase

RANK = {AlertLevel.OFFICER: 0, AlertLevel.SEARCH: 1, AlertLevel.RESCUE: 2}
LEVEL_OF = {"search": AlertLevel.SEARCH, "rescue": AlertLevel.RESCUE}
NEXT = {
    AlertState.RAISED: AlertState.ACKNOWLEDGED,
    AlertState.ACKNOWLEDGED: AlertState.ASSIGNED,
    AlertState.ASSIGNED: AlertState.OUTCOME,
    AlertState.OUTCOME: AlertState.CLOSED,
}
RECOMMENDATIONS = st.sampled_from(["no-indication", "search", "rescue", "inconclusive"])


@pytest.fixture(scope="module")
def shared_database() -> Iterator[Database]:
    """Give one store for all examples: each has a scan of its own."""
    with tempfile.TemporaryDirectory() as folder:
        made = SqliteDatabase(Path(folder))
        with made.writing() as c:
            lanes.add(c, "north-quay-2", "test", 1)
        yield made
        made.close()


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Draw what happens to one scan, in the order in which it happens at the lane."""
    story: list[tuple[Any, ...]] = [("opened",)] if draw(st.booleans()) else []
    mono_ns = 0
    for visit in range(1, draw(st.integers(1, 3)) + 1):
        for recommendation in draw(st.lists(RECOMMENDATIONS, max_size=3)):
            mono_ns += 1
            story.append(("assessed", recommendation, visit, mono_ns))
        mono_ns += 1
        end = draw(st.sampled_from(["ended", "interrupted", ""]))
        if end:
            last = (draw(RECOMMENDATIONS), visit, mono_ns) if end == "ended" else (visit,)
            story.append((end, *last))
    if draw(st.booleans()):
        story.append(("closed",))
    return story


def written(lane: Any, step: tuple[Any, ...]) -> dict[str, Any]:
    """Return a step as the lane writes it."""
    names = {"opened": lane.opened, "assessed": lane.assessed, "ended": lane.visit_ended}
    names |= {"interrupted": lane.interrupted, "closed": lane.closed}
    return names[step[0]](*step[1:])


def look(database: Database, scan_id: str) -> tuple[Scan | None, alerts.Alert | None]:
    """Return the scan and its alert as they are now."""
    with database.reading() as c:
        try:
            scan = scans.get(c, scan_id)
        except NotFound:
            return None, None
        return scan, alerts.get(c, scan.alert_id) if scan.alert_id else None


def newest_of(scan: Scan) -> tuple[int, int]:
    return (scan.assessment.visit, scan.assessment.mono_ns) if scan.assessment else (0, 0)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories(), data=st.data())
def test_any_order_and_repetition_ends_alike(shared_database, lane_of, story, data):
    lane = lane_of(shared_database)
    raws = [written(lane, step) for step in story]
    order = data.draw(st.permutations(range(len(story))))
    repeats = data.draw(st.lists(st.sampled_from(order), max_size=4)) if order else []
    seen: set[int] = set()
    before: Scan | None = None
    level = -1
    for index in [*order, *repeats]:
        assert lane.tell(raws[index]) is (index not in seen)
        seen.add(index)
        scan, alert = look(shared_database, lane.scan)
        assert scan is not None
        if before is not None:
            assert scan.version >= before.version
            assert scan.visits >= before.visits
            assert newest_of(scan) >= newest_of(before)
            assert not (before.state is ScanState.CLOSED and scan.state is ScanState.OPEN)
            assert (scan == before) is (scan.version == before.version)
        assert (RANK[alert.level] if alert else -1) >= level
        before, level = scan, RANK[alert.level] if alert else -1
    _check_end(lane, story)


def _check_end(lane: Any, story: list[tuple[Any, ...]]) -> None:
    scan, alert = look(lane.database, lane.scan)
    if not story:
        assert scan is None
        return
    assert scan is not None
    told = [step[1:] for step in story if step[0] in ("assessed", "ended")]
    levels = [LEVEL_OF[r] for r, _, _ in told if r in LEVEL_OF]
    with lane.database.reading() as c:
        mine = [a for a in alerts.listed(c, False, None, None) if a.scan_id == lane.scan]
        kept = scans.assessments(c, lane.scan)
    assert len(mine) == (1 if levels else 0)
    assert [(a.visit, a.mono_ns) for a in kept] == sorted((v, m) for _, v, m in told)
    if levels:
        assert alert is not None
        assert alert.level is max(levels, key=lambda level: RANK[level])
        assert alert.state is AlertState.RAISED
    over = [step[-1] if step[0] == "interrupted" else step[2] for step in story if step[0] in ENDS]
    visits = max([v for _, v, _ in told] + over + [1 if ("opened",) in story else 0])
    assert scan.visits == visits
    assert scan.state is (ScanState.CLOSED if ("closed",) in story else ScanState.OPEN)
    assert scan.in_visit is (scan.state is ScanState.OPEN and visits > max(over, default=0))
    assert scan.interrupted is any(step[0] == "interrupted" for step in story)
    assert (scan.declaration is not None) is (("opened",) in story)
    newest = max(told, key=lambda one: one[1:], default=None)
    assert (scan.recommendation.value if scan.recommendation else None) == (newest[0] if newest else None)


ENDS = ("ended", "interrupted")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories(), data=st.data())
def test_officers_in_between_never_lose_an_alarm(shared_database, lane_of, story, data):
    """An alert goes forward, and back to raised only by a first rescue, after a search that found
    nobody too, or by a visit after the outcome."""
    lane = lane_of(shared_database)
    settled: int | None = None
    for step in data.draw(st.permutations(story)) if story else []:
        scan, alert = look(shared_database, lane.scan)
        lane.tell(written(lane, step))
        _, after = look(shared_database, lane.scan)
        if step[0] in ("assessed", "ended") and step[1] in LEVEL_OF:
            assert after is not None
            first_rescue = step[1] == "rescue" and alert is not None and alert.level is not AlertLevel.RESCUE
            handled = alert is not None and alert.state in (AlertState.OUTCOME, AlertState.CLOSED)
            if alert is None or (handled and step[2] > (settled or 0)) or first_rescue:
                assert after.state is AlertState.RAISED
                assert after.outcome is None
            else:
                assert after.state is alert.state
        else:
            assert (after.state if after else None) is (alert.state if alert else None)
        for _ in range(data.draw(st.integers(0, 3))):
            scan, alert = look(shared_database, lane.scan)
            if alert is None or alert.state is AlertState.CLOSED:
                break
            after = _go_on(lane, alert)
            assert after.state is NEXT[alert.state]
            assert after.version == alert.version + 1
            if after.state in (AlertState.OUTCOME, AlertState.CLOSED):
                assert scan is not None
                settled = scan.visits


def _go_on(lane: Any, alert: alerts.Alert) -> alerts.Alert:
    nothing = OutcomeRequest(kind=OutcomeKind.NOTHING_FOUND)
    with lane.database.writing() as c:
        if alert.state is AlertState.RAISED:
            return alerts.acknowledge(c, alert.id, "anna", lane.now_ms)
        if alert.state is AlertState.ACKNOWLEDGED:
            return alerts.assign(c, alert.id, "dog team", "anna", lane.now_ms)
        if alert.state is AlertState.ASSIGNED:
            return alerts.record_outcome(c, alert.id, nothing, "anna", lane.now_ms)
        return alerts.close(c, alert.id, "anna", lane.now_ms)


ACTS = {
    "acknowledge": lambda c, alert, now_ms: alerts.acknowledge(c, alert, "anna", now_ms),
    "assign": lambda c, alert, now_ms: alerts.assign(c, alert, "dog team", "bert", now_ms),
    "nothing": lambda c, alert, now_ms: alerts.record_outcome(c, alert, NOTHING, "anna", now_ms),
    "found": lambda c, alert, now_ms: alerts.record_outcome(c, alert, FOUND, "bert", now_ms),
    "close": lambda c, alert, now_ms: alerts.close(c, alert, "anna", now_ms),
    "shelve": lambda c, alert, now_ms: alerts.shelve(c, alert, SHELVE, "anna", now_ms),
    "unshelve": lambda c, alert, now_ms: alerts.unshelve(c, alert, "bert", now_ms),
    "time": lambda c, alert, now_ms: alerts.carry_out(c, AlertsTable(), now_ms),
}
NOTHING = OutcomeRequest(kind=OutcomeKind.NOTHING_FOUND)
FOUND = OutcomeRequest(kind=OutcomeKind.PEOPLE_FOUND, people=2)
SHELVE = ShelveRequest(minutes=10, reason="search bay 2 is taken")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories(), data=st.data())
def test_whatever_officers_try_nothing_is_lost(shared_database, lane_of, story, data):
    """Never closed without an outcome, nothing gone from `outcomes`, no rescue on the shelf, time for all."""
    lane = lane_of(shared_database)
    now_ms, outcomes = lane.now_ms, 0
    for step in story:
        lane.tell(written(lane, step), now_ms=now_ms)
        for act in data.draw(st.lists(st.sampled_from(sorted(ACTS)), max_size=6)):
            _, before = look(shared_database, lane.scan)
            if before is None:
                break
            now_ms += data.draw(st.integers(0, 900_000))
            with contextlib.suppress(Conflict), shared_database.writing() as c:
                ACTS[act](c, before.id, now_ms)
            _, alert = look(shared_database, lane.scan)
            assert alert is not None
            kept = outcomes_of(shared_database, alert.id)
            assert kept >= outcomes
            outcomes = kept
            assert alert.state is not AlertState.CLOSED or alert.outcome is not None
            assert (alert.owner == "") is (alert.state is AlertState.RAISED)
            shelved = alert.shelved_until_utc_ms is not None
            settled = alert.state in (AlertState.OUTCOME, AlertState.CLOSED)
            assert not (shelved and (settled or alert.level is AlertLevel.RESCUE))
            assert (alert.due_utc_ms is None) is (shelved or alert.state is AlertState.CLOSED)


def outcomes_of(database: Database, alert_id: str) -> int:
    """Return how many outcomes are kept of an alert."""
    o = tables.outcomes.c
    with database.reading() as c:
        return len(c.execute(select(o.sequence).where(o.alert_id == alert_id)).all())
