"""Logging in and out, and one's own password."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request, Response
from pydantic import Field
from sqlalchemy import Connection

from service.api import access
from service.api.access import Booth, Everybody, TheSession, needs
from service.api.context import TheService, now_ms
from service.api.passwords_asked import begin, turn
from service.api.problems import Problem
from service.api.route import router
from service.identities import NamePassword
from service.resources import Me, Password
from service.resources import Request as Asked
from service.store import accounts
from service.store.errors import Conflict

routes = router("login")


class LoginRequest(Asked):
    """Who wants to enter."""

    name: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=200)]


class PasswordRequest(Asked):
    """One's own password, the old and the new."""

    old: Annotated[str, Field(max_length=200)]
    new: Password


@routes.post("/api/v1/login", operation_id="login")
@needs(Everybody())
async def login(asked: LoginRequest, request: Request, response: Response, service: TheService) -> Me:
    """Log in: the answer carries the session's cookie."""
    address = access.address_of(request)
    attempt = begin(service, service.throttle, asked.name, address)
    shown = NamePassword(asked.name, asked.password)
    old = request.cookies.get(access.COOKIE, "")
    async with turn(service):
        user = await service.reading(lambda c: service.identities.who(c, shown))
    if user is None:
        service.metrics.login_failures.labels("refused").inc()
        await service.writing(lambda c: accounts.login_refused(c, asked.name, now_ms()))
        raise Problem(401, "login_refused", "Name and password do not fit together.")
    service.throttle.succeeded(attempt)

    def enter(c: Connection) -> tuple[str, accounts.Session | None]:
        if old:
            accounts.end_session(c, old, now_ms())
        token = accounts.open_session(c, user.name, now_ms(), address, service.limits)
        return token, accounts.session(c, token, now_ms(), service.limits)

    token, session = await service.writing(enter)
    if session is None:  # disabled between the check and here
        raise Problem(401, "login_refused", "Name and password do not fit together.")
    if old:
        service.sessions_changed.set()
    access.keep_cookie(response, token, service.limits.absolute_ms // 1000)
    return access.me(session)


@routes.post("/api/v1/logout", operation_id="logout", status_code=204)
@needs(Everybody())
async def logout(request: Request, response: Response, service: TheService) -> None:
    """Log out; without a session it is done already."""
    token = request.cookies.get(access.COOKIE, "")
    if token:
        await service.writing(lambda c: accounts.end_session(c, token, now_ms()))
        service.sessions_changed.set()
    access.drop_cookie(response)


@routes.get("/api/v1/me", operation_id="me")
@needs(Booth(locked=True))
async def me(session: TheSession) -> Me:
    """Say who is logged in."""
    return access.me(session)


@routes.put("/api/v1/me/password", operation_id="change_password", status_code=204)
@needs(Booth())
async def change_password(
    asked: PasswordRequest, request: Request, session: TheSession, service: TheService
) -> None:
    """Change one's own password; one's other sessions end."""
    attempt = begin(service, service.throttle, session.name, access.address_of(request))
    try:
        async with turn(service):
            await service.writing(
                lambda c: accounts.change_password(
                    c, session.name, asked.old, asked.new, now_ms(), keep_session=session.id
                )
            )
    except Conflict as error:
        service.metrics.login_failures.labels("wrong_password").inc()
        raise Problem(403, error.code, "The old password is not right: type it again.") from error
    service.throttle.succeeded(attempt)
    service.sessions_changed.set()
