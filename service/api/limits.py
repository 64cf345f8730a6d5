"""How large a body may be: refused by its declared length, and cut off where it goes past the limit."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import Problem, problem_response

MOST_BYTES = 1 << 20
MOST_PICTURE_BYTES = 16 << 20
PICTURES = "/api/v1/lane/pictures/"


class BodyLimits:
    """ASGI middleware that answers 413 for bodies over 1 MiB, for pictures over 16 MiB."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MOST_PICTURE_BYTES if scope["path"].startswith(PICTURES) else MOST_BYTES
        detail = f"A body here may have {most} bytes at most."
        if _declared(scope) > most:
            answer = problem_response(scope["path"], 413, "too_large", detail)
            await answer(scope, receive, send)
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > most:
                    raise Problem(413, "too_large", detail)
            return message

        await self._app(scope, limited, send)


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) < 20:
            return int(value)
    return 0  # chunked: counted as it comes
