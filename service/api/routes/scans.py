"""Scans and their assessments."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from fastapi import Request as HttpRequest
from pydantic import TypeAdapter

from scanner.evidence import Recommendation
from scanner.lane.wire import AssessmentWire
from scanner.vehicle import VehicleClass
from service.api.access import Booth, TheSession, needs
from service.api.accesses import disclose, look
from service.api.answers import LISTED, MOST_LISTED, json_list, json_page
from service.api.context import TheService
from service.api.route import router
from service.audit.court_file import court_file
from service.audit.key_file import signing_key
from service.config.privacy_table import Disclosed
from service.resources import Alert, FoundScan, Note, Permission, Request, Scan, ScanState
from service.store import alerts as stored_alerts
from service.store import scan_search
from service.store import scans as stored
from service.store.clock import store_now_ms
from service.store.scan_search import Became, ScanSearch

routes = router("scans")
_SCANS = TypeAdapter(list[FoundScan])
MOST = 2**53 - 1
_ASSESSMENTS = TypeAdapter(list[AssessmentWire])


class AlertRequest(Request):
    """Why an officer raises an alert by hand."""

    note: Note = ""


@routes.get("/api/v1/scans", operation_id="scans", response_model=list[FoundScan])
@needs(Booth())
def scans(
    service: TheService,
    session: TheSession,
    request: HttpRequest,
    state: ScanState | None = None,
    plate: Annotated[str, Query(max_length=24, description="letters and digits in a row")] = "",
    vehicle_class: VehicleClass | None = None,
    recommendation: Annotated[Recommendation | None, Query(description="the newest assessment's")] = None,
    outcome: Annotated[Became | None, Query(description="what became of it")] = None,
    lane: Annotated[str, Query(max_length=64)] = "",
    since_utc_ms: Annotated[int | None, Query(ge=0, le=MOST, description="opened at or after")] = None,
    until_utc_ms: Annotated[int | None, Query(ge=0, le=MOST, description="opened before")] = None,
    before: Annotated[str | None, Query(max_length=64, description="a scan's id: only older ones")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = LISTED,
) -> Response:
    """List scans, the newest first; a search, or a look at what is past, is an entry of the audit log."""
    asked = ScanSearch(state, plate, vehicle_class, recommendation, outcome, lane, since_utc_ms, until_utc_ms)
    if asked.looks_back or before:
        look(service, session, request, Disclosed.CLOSED_SCANS, "scans", asked.words())
    with service.database.reading() as c:
        page = scan_search.found(c, asked, before, limit)
    return json_page(request, _SCANS, page, limit, before=page[-1].id if page else "")


@routes.get("/api/v1/scans/{scan_id}", operation_id="scan")
@needs(Booth())
def scan(scan_id: str, request: HttpRequest, session: TheSession, service: TheService) -> Scan:
    """Give one scan; one that is closed is an entry of the audit log."""
    with service.database.reading() as c:
        found = stored.get(c, scan_id)
    if found.state is ScanState.CLOSED:
        look(service, session, request, Disclosed.CLOSED_SCANS, scan_id)
    return found


@routes.get(
    "/api/v1/scans/{scan_id}/assessments", operation_id="assessments", response_model=list[AssessmentWire]
)
@needs(Booth())
def assessments(scan_id: str, request: HttpRequest, session: TheSession, service: TheService) -> Response:
    """List what was told of a scan's evidence, in the order of its lane's clock."""
    with service.database.reading() as c:
        closed = stored.get(c, scan_id).state is ScanState.CLOSED
        found = stored.assessments(c, scan_id)
    if closed:
        look(service, session, request, Disclosed.CLOSED_SCANS, scan_id)
    return json_list(_ASSESSMENTS, found)


@routes.get("/api/v1/scans/{scan_id}/file", operation_id="scan_file", response_class=Response)
@needs(Booth(Permission.DISCLOSE, fresh=True))
def scan_file(scan_id: str, request: HttpRequest, session: TheSession, service: TheService) -> Response:
    """Give a scan's whole file with its proofs, as ZIP; who asked and why is an entry of the audit log."""
    with service.database.reading() as c:
        stored.get(c, scan_id)
    disclose(service, session, request, Disclosed.EXPORT, scan_id)
    body = court_file(service.database, scan_id, signing_key(service.database.path))
    name = f'attachment; filename="scan-{scan_id}.zip"'
    return Response(body, media_type="application/zip", headers={"Content-Disposition": name})


@routes.post("/api/v1/scans/{scan_id}/alert", operation_id="raise_alert", status_code=201)
@needs(Booth(Permission.HANDLE_ALERTS))
def raise_alert(
    scan_id: str, asked: AlertRequest, response: Response, session: TheSession, service: TheService
) -> Alert:
    """Raise an alert by hand: an officer's own judgement; 200 when the scan has one."""
    with service.database.writing() as c:
        alert, new = stored_alerts.raise_by_officer(
            c, scan_id, session.name, asked.note, store_now_ms(c), service.config.alerts
        )
    response.status_code = 201 if new else 200
    return alert
