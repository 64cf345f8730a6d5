"""Errors as problem details (RFC 9457): a stable code, a sentence, and nothing of what was sent."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from ulid import ULID

log = logging.getLogger("lorryscan.service")

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
MOST_LETTERS = 300

_CODES = {
    400: "malformed",
    401: "not_logged_in",
    403: "not_allowed",
    404: "not_found",
    413: "too_large",
    415: "unsupported_media_type",
    422: "malformed",
}
_DETAILS = {
    404: "There is nothing at this address.",
}


class FieldError(BaseModel):
    """One thing that is wrong with what was sent: where, and what."""

    location: str
    message: str


class ProblemBody(BaseModel):
    """An error, RFC 9457. ``code`` is stable: programs go by it; ``detail`` is for people.

    ``errors`` comes with malformed requests, ``reasons`` when the service is not ready, ``id`` with
    failures of the service itself: its log has the same id.
    """

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FieldError] | None = None
    reasons: list[str] | None = None
    id: str | None = None


class Problem(HTTPException):
    """An answer that is an error.

    Examples: a wrong password; an alert that somebody else acknowledged; a body that is too large.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.more = more


def problem_response(
    path: str,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """Return the answer for a problem; ``more`` are members that the code brings with it."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path,
        "code": code,
        **more,
    }
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return where and what, without the values that were sent: one may be a password."""
    return [
        {
            "location": ".".join(str(part) for part in error["loc"])[:MOST_LETTERS],
            "message": str(error["msg"])[:MOST_LETTERS],
        }
        for error in errors[:MOST_ERRORS]
    ]


async def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if isinstance(error, Problem):
        return problem_response(
            path, error.status_code, error.code, error.detail, error.headers, **error.more
        )
    status = error.status_code
    detail = _DETAILS.get(status, str(error.detail))
    return problem_response(path, status, _CODES.get(status, "refused"), detail, error.headers)


async def _answer_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return problem_response(
        request.url.path,
        422,
        "malformed",
        "What was sent is not what this address takes: see errors.",
        errors=field_errors(error.errors()),
    )


class Faults:
    """ASGI middleware: a failure of the service itself becomes a 500 with an id that the log has too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            number = str(ULID())
            log.exception("%s %s failed, id %s", scope["method"], scope["path"], number)
            if started:
                raise
            answer = problem_response(
                scope["path"],
                500,
                "internal",
                "The service failed at this request; its log says why under this id.",
                id=number,
            )
            await answer(scope, receive, send)


def install(app: FastAPI) -> None:
    """Make every error of an application a problem."""
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_validation)
