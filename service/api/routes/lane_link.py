"""What lanes say, and the orders they take."""

from __future__ import annotations

import re
import time
from typing import Annotated

from fastapi import Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy import Connection

from scanner.lane.wire import Live, LiveAnswer, Message, OrderSent, Ulid
from service.api.access import LaneItself, TheLane, bearer_token, needs
from service.api.context import Service, TheService, now_ms
from service.api.problems import Problem
from service.api.route import router
from service.live import payloads
from service.live.event_stream import EventStream, aborting
from service.live.lane_links import order_stream
from service.live.pictures import Picture, fault_of
from service.resources import Scope
from service.store import commands, messages
from service.store.clock import store_now_ms
from service.store.errors import Conflict, StoreError, StoreUnavailable

routes = router("lane link")
MOST = 2**53 - 1
_LAST_EVENT_ID = re.compile(r"[0-9]{1,15}")


class MessageAnswer(BaseModel):
    """A message is on disk; ``new`` is false when it was there already."""

    key: Ulid
    new: bool


@routes.post("/api/v1/lane/messages", operation_id="post_message", status_code=201)
@needs(LaneItself(Scope.MESSAGES))
async def post_message(
    message: Message, request: Request, response: Response, lane_id: TheLane, service: TheService
) -> MessageAnswer:
    """Tell something once: answered after the commit; 200 when the key is known with the same contents."""
    raw, limits = request.state.raw, service.config.alerts
    began_s = time.perf_counter()
    try:
        new = await service.writing(
            lambda c: messages.take(c, lane_id, message, raw, store_now_ms(c), limits)
        )
    except StoreError as error:
        why = error.code if isinstance(error, Conflict) else type(error).__name__.lower()
        service.metrics.messages.labels(message.kind, why).inc()
        raise
    service.metrics.commit_s.observe(time.perf_counter() - began_s)
    service.metrics.messages.labels(message.kind, "new" if new else "known").inc()
    heard(service, lane_id)
    response.status_code = 201 if new else 200
    return MessageAnswer(key=message.key, new=new)


@routes.post("/api/v1/lane/live", operation_id="post_live")
@needs(LaneItself(Scope.LIVE))
async def post_live(view: Live, lane_id: TheLane, service: TheService) -> LiveAnswer:
    """Show the lane as it is now; never stored. 409 where another process speaks for the same lane."""
    if service.latest.is_rival(lane_id, view.run):
        raise Problem(
            409,
            "lane_twice",
            f"Another process speaks for lane {lane_id} with the same token: end one of the two, "
            "or give each a lane of its own.",
        )
    heard(service, lane_id)
    if service.show(lane_id, view) and service.copies is not None:
        service.copies.shown(lane_id, view)
    return LiveAnswer(run=service.database.run, pictures=service.latest.picture_versions(lane_id))


@routes.put("/api/v1/lane/pictures/{sensor}", operation_id="put_picture", status_code=204)
@needs(LaneItself(Scope.LIVE))
async def put_picture(
    sensor: Annotated[str, Path(min_length=1, max_length=64)],
    version: Annotated[int, Query(ge=0, le=MOST)],
    request: Request,
    lane_id: TheLane,
    service: TheService,
    heat: bool = False,
) -> None:
    """Show a sensor's newest picture, or the heat map over it, as grey PNG of 8 or 16 bits."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "image/png":
        raise Problem(415, "unsupported_media_type", "Send a PNG, with Content-Type: image/png.")
    png = await request.body()
    fault = fault_of(png)
    if fault is not None:
        errors = [{"location": "body", "message": fault}]
        raise Problem(422, "malformed", "What was sent is no picture.", errors=errors)
    picture = await run_in_threadpool(Picture, version, png)
    service.latest.pictures(lane_id).put(sensor, picture, heat)
    if service.copies is not None:
        service.copies.pictured(lane_id, sensor, heat, picture)


@routes.get("/api/v1/lane/commands", operation_id="orders", response_class=EventStream)
@needs(LaneItself(Scope.COMMANDS))
async def orders(
    request: Request,
    lane_id: TheLane,
    service: TheService,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> EventStream:
    """Follow the orders to this lane, as server-sent events; goes on after ``Last-Event-ID``."""
    after = int(last_event_id) if last_event_id and _LAST_EVENT_ID.fullmatch(last_event_id) else 0
    if after > await service.reading(commands.newest):
        after = 0  # ahead of the store: it was put back from a copy, and counts from there again
    links = service.links
    link = links.open(lane_id)
    token = bearer_token(request)

    async def pending(after: int) -> list[tuple[int, OrderSent]]:
        try:
            if await service.bearer(token, now_ms()) is None:
                link.end()
                return []
            return await _pending(service, lane_id, after)
        except StoreUnavailable:
            return []  # woken again within two seconds

    return EventStream(
        order_stream(
            link,
            after,
            pending,
            lambda: payloads.heartbeat(now_ms(), service.hub.sequence),
        ),
        stuck=aborting(request.scope),
        gone=lambda: links.close(link),
    )


async def _pending(service: Service, lane_id: str, after: int) -> list[tuple[int, OrderSent]]:
    if not await service.reading(lambda c: commands.pending(c, lane_id, after, now_ms())):
        return []

    def send(c: Connection) -> list[tuple[int, OrderSent]]:
        waiting = commands.pending(c, lane_id, after, now_ms())
        commands.mark_sent(c, [sequence for sequence, _ in waiting], now_ms())
        return waiting

    return await service.writing(send)


def heard(service: Service, lane_id: str) -> None:
    """Note that a lane spoke to this copy."""
    service.heard(lane_id)
    if service.copies is not None:
        service.copies.heard(lane_id)
