"""Gates and their tokens, for those who manage them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body
from pydantic import BaseModel

from scanner.lane.wire import UtcMs
from service.api.access import Booth, TheSession, needs
from service.api.context import TheService, now_ms
from service.api.repeats import never_repeated
from service.api.route import router
from service.resources import GateName, Permission, Request, TokenInfo, TokenKind
from service.store import gates as stored
from service.store import tokens

routes = router("gates")
SEE = Booth(Permission.MANAGE_LANES)
MANAGE = Booth(Permission.MANAGE_LANES, fresh=True)


class GateTokenRequest(Request):
    """When a new token ends; null: not by date."""

    expires_utc_ms: UtcMs | None = None


class GateRequest(GateTokenRequest):
    """A new gate."""

    name: GateName


class GateToken(BaseModel):
    """A gate's new token; it cannot be shown again."""

    name: str
    token: str


@routes.get("/api/v1/gates", operation_id="gates")
@needs(SEE)
def gates(service: TheService) -> list[TokenInfo]:
    """List the gates' tokens that work, with when each was used last."""
    with service.database.reading() as c:
        return tokens.listed(c, TokenKind.GATE, now_ms())


@routes.post("/api/v1/gates", operation_id="add_gate", status_code=201)
@needs(MANAGE)
@never_repeated
def add_gate(asked: GateRequest, session: TheSession, service: TheService) -> GateToken:
    """Add a gate, or take a revoked one back."""
    with service.database.writing() as c:
        token = stored.add(c, asked.name, session.name, now_ms(), asked.expires_utc_ms)
    return GateToken(name=asked.name, token=token)


@routes.post("/api/v1/gates/{name}/token", operation_id="change_gate_token", status_code=201)
@needs(MANAGE)
@never_repeated
def change_gate_token(
    name: str,
    session: TheSession,
    service: TheService,
    asked: Annotated[GateTokenRequest | None, Body()] = None,
) -> GateToken:
    """Give a gate a new token; the old one is dead at once, or after [accounts] token_overlap_min."""
    overlap_ms = service.config.accounts.token_overlap_min * 60_000
    until = None if asked is None else asked.expires_utc_ms
    with service.database.writing() as c:
        token = stored.rotate(c, name, session.name, now_ms(), overlap_ms=overlap_ms, expires_utc_ms=until)
    service.tokens.changed()
    return GateToken(name=name, token=token)


@routes.delete("/api/v1/gates/{name}/token", operation_id="revoke_gate", status_code=204)
@needs(MANAGE)
def revoke_gate(name: str, session: TheSession, service: TheService) -> None:
    """Take a gate's tokens away; what it told stays."""
    with service.database.writing() as c:
        stored.revoke(c, name, session.name, now_ms())
    service.tokens.changed()
