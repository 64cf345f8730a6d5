"""Lanes and their tokens, for those who manage them."""

from __future__ import annotations

from pydantic import BaseModel

from service.api.access import Booth, TheSession, needs
from service.api.context import TheService, now_ms
from service.api.repeats import never_repeated
from service.api.route import router
from service.resources import Lane, LaneId, Permission, Request
from service.store import lanes as stored

routes = router("lanes")
MANAGE = Booth(Permission.MANAGE_LANES)


class LaneRequest(Request):
    """A new lane."""

    id: LaneId


class LaneToken(BaseModel):
    """A lane's new token; it cannot be shown again."""

    id: str
    token: str


@routes.get("/api/v1/lanes", operation_id="lanes")
@needs(Booth())
async def lanes(service: TheService) -> list[Lane]:
    """List all lanes, revoked ones too."""
    return [service.latest.lane(lane.id, lane.revoked) for lane in await service.reading(stored.listed)]


@routes.post("/api/v1/lanes", operation_id="add_lane", status_code=201)
@needs(MANAGE)
@never_repeated
def add_lane(asked: LaneRequest, session: TheSession, service: TheService) -> LaneToken:
    """Add a lane, or take a revoked one back."""
    with service.database.writing() as c:
        token = stored.add(c, asked.id, session.name, now_ms())
    service.tokens.changed()
    return LaneToken(id=asked.id, token=token)


@routes.post("/api/v1/lanes/{lane}/token", operation_id="change_lane_token", status_code=201)
@needs(MANAGE)
@never_repeated
def change_lane_token(lane: str, session: TheSession, service: TheService) -> LaneToken:
    """Give a lane a new token; the old one is dead at once."""
    with service.database.writing() as c:
        token = stored.rotate(c, lane, session.name, now_ms())
    _cut(service, lane)
    return LaneToken(id=lane, token=token)


@routes.delete("/api/v1/lanes/{lane}/token", operation_id="revoke_lane", status_code=204)
@needs(MANAGE)
def revoke_lane(lane: str, session: TheSession, service: TheService) -> None:
    """Take a lane's token away; what it told stays."""
    with service.database.writing() as c:
        stored.revoke(c, lane, session.name, now_ms())
    _cut(service, lane)


def _cut(service: TheService, lane: str) -> None:
    service.tokens.changed()
    service.on_loop(lambda: service.links.end(lane))
