"""Who may ask: every route declares it, and nothing of a request is read before it is settled."""

from __future__ import annotations

import hmac
import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from service.api.context import Service, now_ms
from service.api.problems import Problem
from service.permissions import ALLOWED
from service.resources import Me, Permission
from service.store import accounts
from service.store.accounts import Session

COOKIE = "__Host-lorryscan"
COOKIE_S = 12 * 3600
METRICS_TOKEN = "LORRYSCAN_METRICS_TOKEN"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Everybody:
    """No login; a browser must be on the service's own page to change something."""


@dataclass(frozen=True, slots=True)
class Booth:
    """Somebody who is logged in, and may do this; None: anybody who is logged in."""

    permission: Permission | None = None


@dataclass(frozen=True, slots=True)
class LaneItself:
    """A lane with its token."""


@dataclass(frozen=True, slots=True)
class Scraper:
    """This machine itself, or whoever has the metrics token."""


Access = Everybody | Booth | LaneItself | Scraper
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
    Problem : 401 without a login, a session that ended, an unknown lane token; 403 from another
        site's page, or without the permission.
    """
    match access:
        case Everybody():
            _check_origin(request)
        case Booth(permission=permission):
            _check_origin(request)
            request.state.session = await _session(request, service, permission)
        case LaneItself():
            request.state.lane_id = await _lane(request, service)
        case Scraper():
            _check_scraper(request)


def _check_origin(request: Request) -> None:
    if request.method in SAFE:
        return
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if request.headers.get("origin", "").lower() != own.lower():
        raise Problem(
            403,
            "origin_refused",
            "Changes are taken from the service's own page only: send its address as Origin.",
        )


async def _session(request: Request, service: Service, permission: Permission | None) -> Session:
    token = request.cookies.get(COOKIE, "")
    if not token:
        raise Problem(401, "not_logged_in", "Log in first.")
    session = await service.reading(lambda c: accounts.session(c, token, now_ms()))
    if session is None:
        raise Problem(401, "session_ended", "Your session has ended: log in again.")
    service.sessions_used.add(session.id)
    if permission is not None and permission not in ALLOWED[session.role]:
        raise Problem(
            403, "not_allowed", f"The role {session.role.value} does not include this ({permission.value})."
        )
    return session


async def _lane(request: Request, service: Service) -> str:
    token = _bearer(request)
    lane_id = service.tokens.known(token)
    if lane_id is None and token:
        lane_id = await run_in_threadpool(service.tokens.look_up, token)
    if lane_id is None:
        raise Problem(
            401,
            "lane_unknown",
            "No lane has this token: give the lane the token that it was added with, or a new one.",
            {"WWW-Authenticate": "Bearer"},
        )
    return lane_id


def _check_scraper(request: Request) -> None:
    token = os.environ.get(METRICS_TOKEN, "")
    if token and hmac.compare_digest(_bearer(request).encode(), token.encode()):
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


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def address_of(request: Request) -> str:
    """Return where a request came from."""
    return request.client.host if request.client else ""


def keep_cookie(response: Response, token: str) -> None:
    """Have the browser keep a session's token, for this service alone and out of scripts' reach."""
    response.set_cookie(
        COOKIE, token, max_age=COOKIE_S, path="/", secure=True, httponly=True, samesite="strict"
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
    )


async def the_session(request: Request) -> Session:
    """Give routes the session that `admit` found."""
    session: Session = request.state.session
    return session


async def the_lane(request: Request) -> str:
    """Give routes the lane that `admit` found."""
    lane_id: str = request.state.lane_id
    return lane_id


TheSession = Annotated[Session, Depends(the_session)]
TheLane = Annotated[str, Depends(the_lane)]
