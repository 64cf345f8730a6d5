"""What a page begins with and follows: the state, the stream, a lane's newest view and pictures."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from service.api import access
from service.api.access import Booth, TheSession, needs
from service.api.answers import json_of
from service.api.byte_range import ranged
from service.api.context import TheService, now_ms
from service.api.problems import Problem
from service.api.route import router
from service.live import payloads
from service.live.booth_stream import booth_stream
from service.live.event_stream import EventStream, aborting
from service.live.other_copies import picture_part
from service.live.pictures import Picture
from service.resources import AlertState, LaneView, ScanState, State
from service.store import alerts, commands, events, lanes, latest_values, scans, vehicles

routes = router("booth")
SHOWN = Booth(locked=True)
NEWEST_CLOSED = 20
COMMANDS_MS = 60_000
MOST_VEHICLES = 200
MOST = 2**53 - 1
_LAST_EVENT_ID = re.compile(r"[0-9]{1,15}")


@routes.get("/api/v1/state", operation_id="state", response_model=State)
@needs(SHOWN)
async def state(session: TheSession, service: TheService) -> Response:
    """Give all that a page begins with; the stream goes on after its sequence."""
    now = now_ms()

    def read(c: Connection) -> State:
        return State(
            sequence=events.newest(c),
            run=service.database.run,
            version=service.version,
            utc_ms=now,
            me=access.me(session),
            lanes=[lane for lane in lanes.listed(c) if not lane.revoked],
            scans=scans.listed(c, ScanState.OPEN, None, None, None)
            + scans.listed(c, ScanState.CLOSED, None, None, NEWEST_CLOSED),
            alerts=alerts.listed(c, True, None, None)
            + alerts.listed(c, False, None, NEWEST_CLOSED, alerts.Wanted(AlertState.CLOSED)),
            commands=commands.recent(c, now - COMMANDS_MS),
            vehicles=vehicles.listed(c, None, None, MOST_VEHICLES),
        )

    stored = await service.reading(read)
    whole = stored.model_copy(update={"lanes": [service.latest.lane(lane.id) for lane in stored.lanes]})
    return await run_in_threadpool(json_of, whole)


@routes.get("/api/v1/events", operation_id="events", response_class=EventStream)
@needs(SHOWN)
async def booth_events(
    request: Request,
    session: TheSession,
    service: TheService,
    after: Annotated[int | None, Query(ge=0, le=MOST, description="the sequence the page has")] = None,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> EventStream:
    """Follow what happens, as server-sent events; goes on after ``Last-Event-ID``, else after ``after``."""
    hub, token = service.hub, request.cookies[access.COOKIE]
    if hub.open_of(token) >= service.config.accounts.streams_per_session:
        raise Problem(
            429, "too_many_streams", "This session has too many pages open: close some.", {"Retry-After": "5"}
        )
    reader = hub.open(token, aborting(request.scope), session.locked)
    if last_event_id:
        # an id that we never gave: the page holds something else, and is told to fetch the state
        after = int(last_event_id) if _LAST_EVENT_ID.fullmatch(last_event_id) else MOST

    def gone() -> None:
        hub.close(reader)

    return EventStream(
        booth_stream(
            hub,
            reader,
            after,
            hello=lambda sequence: payloads.hello(service.database.run, service.version, sequence, now_ms()),
            newest=lambda: service.reading(events.newest),
            read=lambda sequence, limit: service.reading(lambda c: events.after(c, sequence, limit)),
            encoded=service.encoded,
        ),
        stuck=lambda: hub.cut_off(reader),
        gone=gone,
    )


@routes.get("/api/v1/lanes/{lane}/live", operation_id="lane_live", response_model=LaneView)
@needs(SHOWN)
async def lane_live(lane: str, service: TheService) -> Response:
    """Give a lane's newest view with the last two minutes of its traces."""
    stored = await service.reading(lambda c: {each.id: each for each in lanes.listed(c)}.get(lane))
    if stored is None:
        raise Problem(404, "not_found", "There is no such lane.")
    view = LaneView(lane=service.latest.lane(lane, stored.revoked), live=service.latest.view(lane))
    return await run_in_threadpool(json_of, view)


@routes.get("/api/v1/lanes/{lane}/pictures/{sensor}", operation_id="lane_picture", response_class=Response)
@needs(SHOWN)
async def lane_picture(lane: str, sensor: str, request: Request, service: TheService) -> Response:
    """Give a sensor's newest picture, grey PNG of 8 or 16 bits."""
    return await _picture(request, service, lane, sensor, heat=False)


@routes.get("/api/v1/lanes/{lane}/pictures/{sensor}/heat", operation_id="lane_heat", response_class=Response)
@needs(SHOWN)
async def lane_heat(lane: str, sensor: str, request: Request, service: TheService) -> Response:
    """Give the heat map that goes with a sensor's newest picture."""
    return await _picture(request, service, lane, sensor, heat=True)


async def _picture(request: Request, service: TheService, lane: str, sensor: str, heat: bool) -> Response:
    picture = service.latest.picture(lane, sensor, heat)
    shown = service.latest.picture_shown(lane, sensor)
    if service.copies is not None and (picture is None or picture.version != shown):
        part = picture_part(sensor, heat)  # the lane sent it to another copy
        found = (await service.reading(lambda c: latest_values.get(c, lane, [part]))).get(part)
        picture = picture if found is None else await run_in_threadpool(Picture, found.number, found.data)
    if picture is None:
        raise Problem(404, "not_found", "There is no such picture now.")
    return ranged(request, picture.png, picture.etag, "image/png")
