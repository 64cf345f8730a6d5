"""Past scans from their recordings: everything on one line of time, and pictures as of a moment."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from drivers.api import LorryscanError
from scanner.timeline.shapes import Timeline
from service.api.access import Booth, TheSession, needs
from service.api.accesses import look
from service.api.byte_range import ranged
from service.api.context import Service, TheService
from service.api.problems import Problem
from service.api.route import router
from service.config.privacy_table import Disclosed
from service.live.pictures import Picture
from service.replays import find
from service.replays.find import FoundFile, Told
from service.replays.shelf import Ready
from service.resources import Scan, ScanState
from service.store import scans as stored
from service.store.sessions import Session

routes = router("scans")
MOST = 2**53 - 1


@routes.get("/api/v1/scans/{scan_id}/replay", operation_id="replay", response_model=Timeline)
@needs(Booth())
async def replay(scan_id: str, request: HttpRequest, session: TheSession, service: TheService) -> Response:
    """Give a scan's recordings on a line of time; while they are read, 503 ``replay_preparing``."""
    ready = await _ready(service, session, request, scan_id)
    body = await run_in_threadpool(ready.timeline)
    return Response(body, media_type="application/json", headers={"Cache-Control": "private, no-store"})


@routes.get(
    "/api/v1/scans/{scan_id}/replay/pictures/{sensor}", operation_id="replay_picture", response_class=Response
)
@needs(Booth())
async def replay_picture(
    scan_id: str,
    sensor: str,
    at: Annotated[int, Query(ge=0, le=MOST, description="the picture's version, as the replay names it")],
    request: HttpRequest,
    session: TheSession,
    service: TheService,
) -> Response:
    """Give one picture of a recorded scan, as `lane_picture` gives the newest."""
    ready = await _ready(service, session, request, scan_id)
    png = await run_in_threadpool(ready.picture, sensor, at)
    if png is None:
        raise Problem(404, "not_found", "The recording has no such picture.")
    return ranged(request, png, Picture(at, png).etag, "image/png")


async def _ready(service: Service, session: Session, request: HttpRequest, scan_id: str) -> Ready:
    def asked(c: Connection) -> tuple[Scan, bool, list[Told]]:
        return stored.get(c, scan_id), find.is_erased(c, scan_id), find.told(c, scan_id)

    scan, erased, told = await service.reading(asked)
    if scan.state is ScanState.CLOSED:
        await run_in_threadpool(look, service, session, request, Disclosed.CLOSED_SCANS, scan_id)
    if erased:
        raise Problem(404, "recording_erased", "The personal parts of this scan were erased.")
    files = await run_in_threadpool(_found, service, scan, told)
    if scan.in_visit:
        files = [file for file in files if file.told is not None]  # the last one is being written
        if not files:
            raise Problem(409, "scan_running", "The lorry is still in the lane: look at the lane.")
    if not files:
        raise Problem(404, "recording_absent", "The recording of this scan is not kept here.")
    return await service.replays.get(files)


def _found(service: Service, scan: Scan, told: list[Told]) -> list[FoundFile]:
    try:
        return find.find(service.config.recordings.folders, scan.lane_id, scan.id, told)
    except LorryscanError as error:
        raise Problem(422, "recording_damaged", str(error)) from None
    except Exception as error:  # each store has exceptions of its own
        raise Problem(503, "recording_unreachable", "The folder of recordings cannot be read.") from error
