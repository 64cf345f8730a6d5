"""A route of this service: who asks is settled first, then what was sent must be sound JSON."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from service.api.access import DECLARED, Booth, admit
from service.api.context import Service
from service.api.problems import Problem
from service.api.repeats import once
from service.api.sound_json import Unsound, parse


class SoundRequest(Request):
    """A request whose JSON is parsed strictly; what was received stays in ``state.raw``."""

    async def json(self) -> Any:
        """Return the body."""
        try:
            self.state.raw = parse(await self.body())
        except Unsound as error:
            raise Problem(
                422,
                "malformed",
                "The body is not JSON that this service takes: see errors.",
                errors=[{"location": "body", "message": str(error)}],
            ) from None
        return self.state.raw


class ServiceRoute(APIRoute):
    """A route with a declared access; one without cannot be made."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()
        access = DECLARED[self.endpoint]
        takes_json = self.body_field is not None

        async def handle(request: Request) -> Response:
            service: Service = request.app.state.service
            await admit(access, request, service)
            if takes_json:
                _check_is_json(request)
            sound = SoundRequest(request.scope, request.receive)
            if not isinstance(access, Booth):
                return await answer(sound)
            who = sound.state.session.name
            return await once(sound, service, who, self.endpoint, lambda: answer(sound))

        return handle


def _check_is_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("", "application/json"):
        return
    raise Problem(415, "unsupported_media_type", "Send JSON, with Content-Type: application/json.")


def router(tag: str) -> APIRouter:
    """Return an empty set of routes about one subject."""
    return APIRouter(route_class=ServiceRoute, tags=[tag], strict_content_type=False)
