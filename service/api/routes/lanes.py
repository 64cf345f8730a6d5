"""Lanes and their tokens, for those who manage them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body
from pydantic import BaseModel, Field, field_validator

from scanner.lane.wire import UtcMs
from service.api.access import Booth, TheSession, needs
from service.api.context import TheService, now_ms
from service.api.repeats import never_repeated
from service.api.route import router
from service.resources import Lane, LaneId, Permission, Request, Scope, TokenInfo, TokenKind
from service.store import lanes as stored
from service.store import tokens
from service.store.lanes import Given

routes = router("lanes")
SEE = Booth(Permission.MANAGE_LANES)
MANAGE = Booth(Permission.MANAGE_LANES, fresh=True)
LaneScope = Annotated[Scope, Field(description="messages, live or commands")]


class TokenRequest(Request):
    """What a new token is given: scopes (null: all of a lane's) and its end (null: none by date)."""

    scopes: Annotated[list[LaneScope], Field(min_length=1, max_length=3)] | None = None
    expires_utc_ms: UtcMs | None = None

    @field_validator("scopes")
    @classmethod
    def _a_lanes(cls, given: list[Scope] | None) -> list[Scope] | None:
        if given is not None and not set(given) <= set(tokens.SCOPES[TokenKind.LANE]):
            raise ValueError("a lane's token is for messages, live or commands")
        return given

    def given(self) -> Given:
        """Return it as the store takes it."""
        return Given(scopes=self.scopes, expires_utc_ms=self.expires_utc_ms)


class LaneRequest(TokenRequest):
    """A new lane."""

    id: LaneId


class LaneToken(BaseModel):
    """A lane's new token; it cannot be shown again."""

    id: str
    token: str


@routes.get("/api/v1/lanes", operation_id="lanes")
@needs(Booth(locked=True))
async def lanes(service: TheService) -> list[Lane]:
    """List all lanes, revoked ones too."""
    return [service.latest.lane(lane.id, lane.revoked) for lane in await service.reading(stored.listed)]


@routes.get("/api/v1/lanes/{lane}/tokens", operation_id="lane_tokens")
@needs(SEE)
def lane_tokens(lane: str, service: TheService) -> list[TokenInfo]:
    """List a lane's tokens that work, with their scopes and when each was used last."""
    with service.database.reading() as c:
        tokens.require_any(c, TokenKind.LANE, lane)
        return tokens.listed(c, TokenKind.LANE, now_ms(), lane)


@routes.post("/api/v1/lanes", operation_id="add_lane", status_code=201)
@needs(MANAGE)
@never_repeated
def add_lane(asked: LaneRequest, session: TheSession, service: TheService) -> LaneToken:
    """Add a lane, or take a revoked one back."""
    with service.database.writing() as c:
        token = stored.add(c, asked.id, session.name, now_ms(), **asked.given())
    service.tokens.changed()
    return LaneToken(id=asked.id, token=token)


@routes.post("/api/v1/lanes/{lane}/token", operation_id="change_lane_token", status_code=201)
@needs(MANAGE)
@never_repeated
def change_lane_token(
    lane: str,
    session: TheSession,
    service: TheService,
    asked: Annotated[TokenRequest | None, Body()] = None,
) -> LaneToken:
    """Give a lane a new token; the old one is dead at once, or after [accounts] token_overlap_min."""
    overlap_min = service.config.accounts.token_overlap_min
    given = (asked or TokenRequest()).given()
    with service.database.writing() as c:
        token = stored.rotate(c, lane, session.name, now_ms(), overlap_ms=overlap_min * 60_000, **given)
    service.tokens.changed()
    if overlap_min == 0:
        _cut(service, lane)
    return LaneToken(id=lane, token=token)


@routes.delete("/api/v1/lanes/{lane}/token", operation_id="revoke_lane", status_code=204)
@needs(MANAGE)
def revoke_lane(lane: str, session: TheSession, service: TheService) -> None:
    """Take a lane's tokens away; what it told stays."""
    with service.database.writing() as c:
        stored.revoke(c, lane, session.name, now_ms())
    _cut(service, lane)


def _cut(service: TheService, lane: str) -> None:
    service.tokens.changed()
    service.on_loop(lambda: service.links.end(lane))
