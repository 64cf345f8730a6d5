"""A booth that is left alone: locked, unlocked with PIN or password; and a password given again."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import Field, model_validator
from sqlalchemy import Connection

from service.api import access
from service.api.access import Booth, TheSession, needs
from service.api.context import TheService, now_ms
from service.api.passwords_asked import begin, turn
from service.api.problems import Problem
from service.api.route import router
from service.identities import NamePassword
from service.resources import Me, Pin
from service.resources import Request as Asked
from service.store import accounts, pins, sessions

routes = router("login")
Typed = Annotated[str, Field(max_length=200)]


class UnlockRequest(Asked):
    """The PIN, or the password."""

    pin: Annotated[str, Field(max_length=8)] | None = None
    password: Typed | None = None

    @model_validator(mode="after")
    def _one(self) -> UnlockRequest:
        if (self.pin is None) == (self.password is None):
            raise ValueError("give pin or password, not both")
        return self


class ReauthenticateRequest(Asked):
    """One's own password."""

    password: Typed


class PinRequest(Asked):
    """A PIN to unlock with."""

    pin: Pin


@routes.post("/api/v1/lock", operation_id="lock")
@needs(Booth(locked=True))
async def lock(request: Request, session: TheSession, service: TheService) -> Me:
    """Lock the booth: alarms stay, acting needs the PIN or the password."""
    if not session.locked:
        await service.writing(lambda c: sessions.lock(c, session.id, session.name, now_ms()))
        service.sessions_changed.set()
    return await _me(request, service)


@routes.post("/api/v1/unlock", operation_id="unlock")
@needs(Booth(locked=True))
async def unlock(asked: UnlockRequest, request: Request, session: TheSession, service: TheService) -> Me:
    """Unlock it; after five wrong PINs or passwords the session ends."""
    throttle = service.pin_throttle if asked.password is None else service.throttle
    attempt = begin(service, throttle, session.name, access.address_of(request), known=True)
    tries = await service.writing(lambda c: sessions.count_secret(c, session.id))
    right = tries <= sessions.WRONG_SECRETS
    if right:
        async with turn(service):
            right = await service.reading(lambda c: _is_right(c, service, session.name, asked))
    if not right:
        service.metrics.login_failures.labels("unlock").inc()
        over = await service.writing(
            lambda c: sessions.unlock_refused(c, session.id, session.name, tries, now_ms())
        )
        if over:
            service.sessions_changed.set()
            raise Problem(401, "session_ended", "Five wrong PINs or passwords: log in again.")
        left = sessions.WRONG_SECRETS - tries
        raise Problem(403, "wrong_pin", f"That is not right: {left} more tries, then log in again.")
    throttle.succeeded(attempt)
    fresh = asked.password is not None
    await service.writing(lambda c: sessions.unlock(c, session.id, session.name, now_ms(), fresh=fresh))
    service.sessions_changed.set()
    return await _me(request, service)


@routes.post("/api/v1/reauthenticate", operation_id="reauthenticate")
@needs(Booth())
async def reauthenticate(
    asked: ReauthenticateRequest, request: Request, session: TheSession, service: TheService
) -> Me:
    """Give one's password again: opens sensitive acts for some minutes."""
    attempt = begin(service, service.throttle, session.name, access.address_of(request), known=True)
    shown = NamePassword(session.name, asked.password)
    async with turn(service):
        right = await service.reading(lambda c: service.identities.who(c, shown)) is not None
    if not right:
        service.metrics.login_failures.labels("wrong_password").inc()
        await service.writing(lambda c: accounts.login_refused(c, session.name, now_ms()))
        raise Problem(403, "wrong_password", "The password is not right: type it again.")
    service.throttle.succeeded(attempt)
    await service.writing(lambda c: sessions.refresh(c, session.id, session.name, now_ms()))
    return await _me(request, service)


@routes.put("/api/v1/me/pin", operation_id="set_pin", status_code=204)
@needs(Booth(fresh=True))
async def set_pin(asked: PinRequest, session: TheSession, service: TheService) -> None:
    """Set the PIN that unlocks one's booths; it is forgotten when a supervisor resets the password."""
    async with turn(service):
        await service.writing(lambda c: pins.set_pin(c, session.name, asked.pin, now_ms()))


@routes.delete("/api/v1/me/pin", operation_id="forget_pin", status_code=204)
@needs(Booth(fresh=True))
async def forget_pin(session: TheSession, service: TheService) -> None:
    """Take one's PIN away: the password unlocks."""
    await service.writing(lambda c: pins.forget(c, session.name, session.name, now_ms()))


@routes.put("/api/v1/me/active", operation_id="active", status_code=204)
@needs(Booth())
async def active() -> None:
    """Say that somebody is there, typing or pointing: the booth does not lock."""


def _is_right(c: Connection, service: TheService, name: str, asked: UnlockRequest) -> bool:
    if asked.password is not None:
        return service.identities.who(c, NamePassword(name, asked.password)) is not None
    return pins.matches(c, name, asked.pin or "")


async def _me(request: Request, service: TheService) -> Me:
    token = request.cookies[access.COOKIE]
    session = await service.reading(lambda c: accounts.session(c, token, now_ms(), service.limits))
    if session is None:
        raise Problem(401, "session_ended", "Your session has ended: log in again.")
    return access.me(session)
