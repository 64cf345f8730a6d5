"""Who may ask: every route declares it, and nothing of a request is read before it is settled."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from starlette.responses import Response

from service.api.context import Service, now_ms
from service.api.problems import Problem
from service.api.throttle import place_of
from service.permissions import ALLOWED
from service.resources import Me, Permission, Scope, TokenKind
from service.store import accounts, audit, sessions
from service.store.accounts import Session
from service.store.errors import StoreUnavailable
from service.store.tokens import Bearer

COOKIE = "__Host-lorryscan"
ACTED_MS = 20_000  # how stale the note of somebody's last act may be
METRICS_TOKEN = "LORRYSCAN_METRICS_TOKEN"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Everybody:
    """No login; a browser must be on the service's own page to change something."""


@dataclass(frozen=True, slots=True)
class Booth:
    """Somebody who is logged in, and may do this; None: anybody who is logged in.

    ``fresh``: only with a password that was given just now. ``locked``: also at a locked booth, and
    without counting as somebody's act: what shows alarms, and what is asked without a hand.
    """

    permission: Permission | None = None
    fresh: bool = False
    locked: bool = False


@dataclass(frozen=True, slots=True)
class LaneItself:
    """A lane, with a token for this."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class GateItself:
    """A gate (plate reader, port system) with its token."""


@dataclass(frozen=True, slots=True)
class Scraper:
    """This machine itself, or whoever has the metrics token."""


Access = Everybody | Booth | LaneItself | GateItself | Scraper
DECLARED: dict[Callable[..., Any], Access] = {}


def needs(access: Access) -> Callable[[Endpoint], Endpoint]:
    """Declare who may use a route."""

    def declare(endpoint: Endpoint) -> Endpoint:
        DECLARED[endpoint] = access
        return endpoint

    return declare


async def admit(access: Access, request: Request, service: Service) -> None:
    """Let a request in, and note who asks.

    Raises
    ------
    Problem : 401 without a login, a session that ended, an unknown token; 403 from another
        site's page, without the permission, or without a fresh password; 423 at a locked booth;
        429 too often.
    """
    match access:
        case Everybody():
            _check_address_rate(request, service)
            await _check_origin(request, service)
        case Booth():
            await _check_origin(request, service)
            request.state.session = await _session(request, service, access)
        case LaneItself(scope=scope):
            request.state.lane_id = (await _bearer_of(request, service, TokenKind.LANE, scope)).owner
        case GateItself():
            request.state.gate = (await _bearer_of(request, service, TokenKind.GATE, Scope.VEHICLES)).owner
        case Scraper():
            _check_scraper(request)


async def _check_origin(request: Request, service: Service) -> None:
    if request.method in SAFE:
        return
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if request.headers.get("origin", "").lower() != own.lower():
        await _note_refusal(request, service, audit.NOBODY, "origin_refused")
        raise Problem(
            403,
            "origin_refused",
            "Changes are taken from the service's own page only: send its address as Origin.",
        )


async def _session(request: Request, service: Service, access: Booth) -> Session:
    token = request.cookies.get(COOKIE, "")
    if not token:
        _check_address_rate(request, service)
        raise Problem(401, "not_logged_in", "Log in first.")
    now = now_ms()
    session = await service.reading(lambda c: accounts.session(c, token, now, service.limits))
    if session is None:
        _check_address_rate(request, service)
        raise Problem(401, "session_ended", "Your session has ended: log in again.")
    service.sessions_used.add(session.id)
    _check_rate(service.session_rate.wait_s(session.id, time.monotonic()))
    permission = access.permission
    if permission is not None and permission not in ALLOWED[session.role]:
        await _note_refusal(request, service, session.name, "not_allowed")
        raise Problem(
            403, "not_allowed", f"The role {session.role.value} does not include this ({permission.value})."
        )
    if not access.locked:
        await _act(service, session, now)
    if access.fresh and not session.fresh:
        raise Problem(403, "reauthenticate", "Give your password again first: this needs a fresh one.")
    return session


async def _note_refusal(request: Request, service: Service, who: str, code: str) -> None:
    """Have the audit log say that somebody tried what is not theirs, once per 15 min and operation."""
    operation = f"{request.method} {request.scope['route'].path}"
    if service.looked.is_new(("refused", who, code, operation), now := now_ms()):
        detail = {"code": code, "operation": operation, "address": address_of(request)}
        with contextlib.suppress(StoreUnavailable):  # it is refused all the same
            await service.writing(lambda c: audit.append(c, who, "refused", "", detail, now))


async def _act(service: Service, session: Session, now: int) -> None:
    """Count a request as somebody's act, which keeps the booth from locking."""
    if session.locked:
        raise Problem(423, "locked", "This booth is locked: give your PIN or your password first.")
    if now - (session.locks_utc_ms - service.limits.lock_ms) > min(ACTED_MS, service.limits.lock_ms // 3):
        with contextlib.suppress(StoreUnavailable):  # what is asked may still be read, or says so itself
            await service.writing(lambda c: sessions.acted(c, {session.id: now}))


def _check_address_rate(request: Request, service: Service) -> None:
    _check_rate(service.address_rate.wait_s(place_of(address_of(request)), time.monotonic()))


def _check_rate(wait_s: float) -> None:
    if wait_s > 0:
        after = str(math.ceil(wait_s))
        raise Problem(429, "too_many", f"Too many requests: wait {after} s.", {"Retry-After": after})


async def _bearer_of(request: Request, service: Service, kind: TokenKind, scope: Scope) -> Bearer:
    now = now_ms()
    bearer = await service.bearer(bearer_token(request), now)
    if bearer is None or bearer.kind is not kind:
        _check_address_rate(request, service)
        raise Problem(
            401,
            f"{kind.value}_unknown",
            f"No {kind.value} has this token: give it the token that it was added with, or a new one.",
            {"WWW-Authenticate": "Bearer"},
        )
    _check_rate(service.token_rate.wait_s(bearer.sha256, time.monotonic()))
    if scope not in bearer.scopes:
        await _note_refusal(request, service, f"{kind.value}:{bearer.owner}", "out_of_scope")
        raise Problem(403, "out_of_scope", f"This token is not for {scope.value}: give one that is.")
    service.tokens_used[bearer.sha256] = now
    return bearer


def _check_scraper(request: Request) -> None:
    token = os.environ.get(METRICS_TOKEN, "")
    if token and hmac.compare_digest(bearer_token(request).encode(), token.encode()):
        return
    # a proxy on this machine speaks for others
    if not {"forwarded", "x-forwarded-for"} & set(request.headers) and _is_loopback(request):
        return
    raise Problem(
        401,
        "metrics_refused",
        f"Ask from this machine, or with the value of {METRICS_TOKEN} as a bearer token.",
        {"WWW-Authenticate": "Bearer"},
    )


def _is_loopback(request: Request) -> bool:
    try:
        return ipaddress.ip_address(address_of(request)).is_loopback
    except ValueError:
        return False


def bearer_token(request: Request) -> str:
    """Return the token that a request carries; "" where it has none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def address_of(request: Request) -> str:
    """Return where a request came from."""
    return request.client.host if request.client else ""


def keep_cookie(response: Response, token: str, lasts_s: int) -> None:
    """Have the browser keep a session's token, for this service alone and out of scripts' reach."""
    response.set_cookie(
        COOKIE, token, max_age=lasts_s, path="/", secure=True, httponly=True, samesite="strict"
    )


def drop_cookie(response: Response) -> None:
    """Have the browser forget it."""
    response.set_cookie(COOKIE, "", max_age=0, path="/", secure=True, httponly=True, samesite="strict")


def me(session: Session) -> Me:
    """Return who is logged in as pages see it."""
    return Me(
        name=session.name,
        role=session.role,
        permissions=list(ALLOWED[session.role]),
        expires_utc_ms=session.expires_utc_ms,
        locked=session.locked,
        locks_utc_ms=session.locks_utc_ms,
        has_pin=session.has_pin,
    )


async def the_session(request: Request) -> Session:
    """Give routes the session that `admit` found."""
    session: Session = request.state.session
    return session


async def the_lane(request: Request) -> str:
    """Give routes the lane that `admit` found."""
    lane_id: str = request.state.lane_id
    return lane_id


async def the_gate(request: Request) -> str:
    """Give routes the gate that `admit` found."""
    gate: str = request.state.gate
    return gate


TheSession = Annotated[Session, Depends(the_session)]
TheLane = Annotated[str, Depends(the_lane)]
TheGate = Annotated[str, Depends(the_gate)]
