"""Alerts: acknowledged by an officer, assigned, searched, closed; or laid aside for some minutes."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Request, Response
from pydantic import TypeAdapter

from scanner.lane.wire import UtcMs
from service.alarm_resources import AlarmRates
from service.api.access import Booth, TheSession, needs
from service.api.accesses import look
from service.api.answers import LISTED, MOST_LISTED, json_page
from service.api.context import TheService
from service.api.problems import Problem
from service.api.route import router
from service.config.privacy_table import Disclosed
from service.resources import (
    Alert,
    AlertLevel,
    AlertState,
    AssignRequest,
    OutcomeRequest,
    Permission,
    ShelveRequest,
)
from service.store import alerts as stored
from service.store.alarm_rates import rates
from service.store.clock import store_now_ms

routes = router("alerts")
HANDLE = Booth(Permission.HANDLE_ALERTS)
_ALERTS = TypeAdapter(list[Alert])


@routes.get("/api/v1/alerts", operation_id="alerts", response_model=list[Alert])
@needs(Booth(locked=True))
def alerts(
    service: TheService,
    request: Request,
    session: TheSession,
    state: Literal["open", "all"] | AlertState = "open",
    level: AlertLevel | None = None,
    lane: Annotated[str | None, Query(max_length=64)] = None,
    plate: Annotated[str | None, Query(max_length=24, description="letters and digits in a row")] = None,
    since_utc_ms: Annotated[UtcMs | None, Query(description="raised then or later")] = None,
    until_utc_ms: Annotated[UtcMs | None, Query(description="raised before then")] = None,
    shelved: Annotated[bool | None, Query(description="laid aside now, or not")] = None,
    before: Annotated[str | None, Query(max_length=64, description="an alert's id: only older ones")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = LISTED,
) -> Response:
    """List alerts, the one raised last first; a search by plate is an entry of the audit log."""
    if plate:
        if session.locked:
            raise Problem(423, "locked", "This booth is locked: give your PIN or your password first.")
        look(service, session, request, Disclosed.CLOSED_SCANS, "alerts", {"plate": plate})
    only = state if isinstance(state, AlertState) else None
    wanted = stored.Wanted(only, level, lane, plate, since_utc_ms, until_utc_ms, shelved)
    with service.database.reading() as c:
        found = stored.listed(c, state == "open", before, limit, wanted)
    return json_page(request, _ALERTS, found, limit, before=found[-1].id if found else "")


@routes.get("/api/v1/alerts/{alert_id}", operation_id="alert")
@needs(Booth(locked=True))
def alert(alert_id: str, service: TheService) -> Alert:
    """Give one alert."""
    with service.database.reading() as c:
        return stored.get(c, alert_id)


@routes.post("/api/v1/alerts/{alert_id}/acknowledge", operation_id="acknowledge")
@needs(HANDLE)
def acknowledge(alert_id: str, session: TheSession, service: TheService) -> Alert:
    """Take an alert on; 409 when another officer has it, with who and since when."""
    with service.database.writing() as c:
        return stored.acknowledge(c, alert_id, session.name, store_now_ms(c), service.config.alerts)


@routes.post("/api/v1/alerts/{alert_id}/assign", operation_id="assign_search")
@needs(HANDLE)
def assign_search(alert_id: str, asked: AssignRequest, session: TheSession, service: TheService) -> Alert:
    """Say who searches: an account's name, or what a team without one is called; may be changed."""
    with service.database.writing() as c:
        return stored.assign(c, alert_id, asked.to, session.name, store_now_ms(c), service.config.alerts)


@routes.post("/api/v1/alerts/{alert_id}/shelve", operation_id="shelve_alert")
@needs(HANDLE)
def shelve_alert(alert_id: str, asked: ShelveRequest, session: TheSession, service: TheService) -> Alert:
    """Lay an alert aside for some minutes, with the reason; never a rescue."""
    with service.database.writing() as c:
        return stored.shelve(c, alert_id, asked, session.name, store_now_ms(c), service.config.alerts)


@routes.post("/api/v1/alerts/{alert_id}/unshelve", operation_id="unshelve_alert")
@needs(HANDLE)
def unshelve_alert(alert_id: str, session: TheSession, service: TheService) -> Alert:
    """Take an alert off the shelf before its time."""
    with service.database.writing() as c:
        return stored.unshelve(c, alert_id, session.name, store_now_ms(c), service.config.alerts)


@routes.post("/api/v1/alerts/{alert_id}/outcome", operation_id="record_outcome")
@needs(HANDLE)
def record_outcome(alert_id: str, asked: OutcomeRequest, session: TheSession, service: TheService) -> Alert:
    """Record what the search found; may be corrected until the alert is closed."""
    with service.database.writing() as c:
        return stored.record_outcome(c, alert_id, asked, session.name, store_now_ms(c), service.config.alerts)


@routes.post("/api/v1/alerts/{alert_id}/close", operation_id="close_alert")
@needs(HANDLE)
def close_alert(alert_id: str, session: TheSession, service: TheService) -> Alert:
    """Close an alert that has its outcome."""
    with service.database.writing() as c:
        return stored.close(c, alert_id, session.name, store_now_ms(c), service.config.alerts)


@routes.get("/api/v1/alarm-rates", operation_id="alarm_rates")
@needs(Booth())
def alarm_rates(service: TheService) -> AlarmRates:
    """Say how often it alarms, over all and by lane, beside what EEMUA 191 holds to be manageable."""
    with service.database.reading() as c:
        return rates(c, store_now_ms(c))
