"""Lanes that may speak to the service, each with a token; a revoked one has none."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypedDict, Unpack

from sqlalchemy import Connection, insert, select, update

from service.resources import Lane, Scope, TokenKind
from service.store import audit, events, tables, tokens, witness
from service.store.errors import Conflict, NotFound
from service.store.tokens import token_sha256

_L = tables.lanes.c


class Given(TypedDict, total=False):
    """What a new token is given: scopes (all without) and its end (none without)."""

    scopes: Collection[Scope] | None
    expires_utc_ms: int | None


def add(c: Connection, lane_id: str, by: str, now_ms: int, **given: Unpack[Given]) -> str:
    """Add a lane, or take a revoked one back, and return its token: it cannot be shown again.

    Raises
    ------
    Conflict : ``exists``: the lane has a token.
    """
    found = c.execute(select(_L.token_sha256).where(_L.id == lane_id)).first()
    if found is not None and found.token_sha256 is not None:
        raise Conflict("exists", f"lane {lane_id} is there already: give it a new token, or revoke it first")
    token = tokens.add(c, TokenKind.LANE, lane_id, now_ms, **given)
    if found is None:
        row = {"id": lane_id, "token_sha256": token_sha256(token), "created_utc_ms": now_ms}
        c.execute(insert(tables.lanes).values(row))
        witness.mark(c, "lanes", lane_id)
    else:
        _set_token(c, lane_id, token)
    _tell(c, lane_id, False, by, "lane_added", now_ms, given)
    return token


def rotate(
    c: Connection, lane_id: str, by: str, now_ms: int, *, overlap_ms: int = 0, **given: Unpack[Given]
) -> str:
    """Give a lane a new token and return it; the old one works for ``overlap_ms`` more.

    Raises
    ------
    NotFound : there is no such lane.
    """
    _require(c, lane_id)
    tokens.end(c, TokenKind.LANE, lane_id, now_ms + overlap_ms, now_ms)
    token = tokens.add(c, TokenKind.LANE, lane_id, now_ms, **given)
    _set_token(c, lane_id, token)
    _tell(c, lane_id, False, by, "lane_token_changed", now_ms, given)
    return token


def revoke(c: Connection, lane_id: str, by: str, now_ms: int) -> None:
    """Take a lane's tokens away; what it told stays. Revoking again changes nothing.

    Raises
    ------
    NotFound : there is no such lane.
    """
    if _require(c, lane_id) is None:
        return
    tokens.end(c, TokenKind.LANE, lane_id, now_ms, now_ms)
    _set_token(c, lane_id, None)
    _tell(c, lane_id, True, by, "lane_revoked", now_ms, {})


def lane_of(c: Connection, token: str, now_ms: int) -> str | None:
    """Return which lane a token belongs to, None when it is nobody's, has ended or is revoked."""
    found = tokens.bearer(c, token, now_ms)
    return found.owner if found is not None and found.kind is TokenKind.LANE else None


def listed(c: Connection) -> list[Lane]:
    """Return all lanes by name, revoked ones too; the store does not know which were heard."""
    query = select(_L.id, _L.token_sha256).order_by(_L.id)
    return [_lane(row.id, row.token_sha256 is None) for row in c.execute(query)]


def require_active(c: Connection, lane_id: str) -> None:
    """Check that a lane may speak and be spoken to.

    Raises
    ------
    NotFound : there is no such lane.
    Conflict : ``lane_revoked``.
    """
    if _require(c, lane_id) is None:
        raise Conflict("lane_revoked", f"lane {lane_id} was revoked: give it a new token first")


def _lane(lane_id: str, revoked: bool) -> Lane:
    return Lane(id=lane_id, heard_utc_ms=None, silent=True, revoked=revoked)


def _require(c: Connection, lane_id: str) -> str | None:
    found = c.execute(select(_L.token_sha256).where(_L.id == lane_id)).first()
    if found is None:
        raise NotFound(f"there is no lane {lane_id}: check its name, or add it")
    return str(found.token_sha256) if found.token_sha256 is not None else None


def _set_token(c: Connection, lane_id: str, token: str | None) -> None:
    kept = None if token is None else token_sha256(token)
    c.execute(update(tables.lanes).where(_L.id == lane_id).values(token_sha256=kept))
    witness.mark(c, "lanes", lane_id)


def _tell(
    c: Connection, lane_id: str, revoked: bool, by: str, action: str, now_ms: int, given: Given
) -> None:
    events.append(c, "lane", lane_id, _lane(lane_id, revoked), now_ms)
    detail: dict[str, object] = {}
    if given.get("scopes") is not None:
        detail["scopes"] = sorted(given["scopes"] or ())
    if given.get("expires_utc_ms") is not None:
        detail["expires_utc_ms"] = given["expires_utc_ms"]
    audit.append(c, by, action, lane_id, detail, now_ms)
