"""The application: routes, what stands before them, and what goes on beside them."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from scanner.recording.code_identity import software_version
from service.api import problems
from service.api.booth_files import BoothFiles
from service.api.context import Service
from service.api.document import document
from service.api.forwarded import Forwarded
from service.api.headers import SecurityHeaders
from service.api.limits import BodyLimits
from service.api.problems import Faults, problem_response
from service.api.routes import (
    alerts,
    audit,
    booth,
    commands,
    gates,
    handovers,
    health,
    lane_link,
    lanes,
    lock,
    login,
    people,
    privacy,
    replays,
    scans,
    sessions,
    validation,
    vehicles,
)
from service.api.running import running
from service.config.service_file import ServiceConfig
from service.store.database import Database
from service.store.errors import Conflict, Malformed, NotFound, StoreUnavailable

STATIC = Path(__file__).resolve().parents[1] / "static"
SUBJECTS = (
    login,
    lock,
    sessions,
    booth,
    scans,
    replays,
    alerts,
    handovers,
    commands,
    lanes,
    gates,
    vehicles,
    people,
    audit,
    privacy,
    validation,
    lane_link,
    health,
)

log = logging.getLogger("lorryscan.service")


def create_app(database: Database, config: ServiceConfig | None = None, *, static: Path = STATIC) -> FastAPI:
    """Return the application over a store; it begins its work when a server starts it.

    Parameters
    ----------
    config : what the service's file says; None: the defaults.
    static : the folder of the built page.
    """
    service = Service(database, software_version(), config or ServiceConfig())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running(service):
            yield

    app = bare_app(lifespan, service.config.accounts.trusted_proxies)
    app.state.service = service
    app.router.default = BoothFiles(static)
    return app


def bare_app(lifespan: object = None, trusted_proxies: Iterable[str] = ()) -> FastAPI:
    """Return the application without a store: enough for its document."""
    app = FastAPI(
        title="lorryscan",
        version=software_version(),
        openapi_url=None,  # ours is at the same address as everything else, with our errors in it
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,  # type: ignore[arg-type]
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    for subject in SUBJECTS:
        app.include_router(subject.routes)
    # the last that is added stands first
    app.add_middleware(BodyLimits)
    app.add_middleware(Faults)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Forwarded, trusted=trusted_proxies)
    problems.install(app)
    app.add_exception_handler(405, _other_method)
    for kind, answer in (
        (NotFound, _not_found),
        (Conflict, _conflict),
        (Malformed, _malformed),
        (StoreUnavailable, _unavailable),
    ):
        app.add_exception_handler(kind, answer)
    app.openapi = functools.cache(lambda: document(app))  # type: ignore[method-assign]
    return app


async def _other_method(request: Request, error: Exception) -> JSONResponse:
    """Say which methods an address knows; the router names those of one route only."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    known = {
        method
        for subject in SUBJECTS
        for route in subject.routes.routes
        if isinstance(route, APIRoute) and route.path_regex.match(path)
        for method in route.methods or ()
    }
    headers = {"Allow": ", ".join(sorted(known))} if known else error.headers
    return problem_response(
        path, 405, "method_not_allowed", "This address does not know this method.", headers
    )


async def _not_found(request: Request, error: Exception) -> JSONResponse:
    return problem_response(request.url.path, 404, "not_found", str(error))


async def _conflict(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Conflict)
    return problem_response(request.url.path, 409, error.code, str(error))


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    errors = [{"location": "body", "message": str(error)}]
    return problem_response(request.url.path, 422, "malformed", str(error), errors=errors)


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s: %s", request.method, request.url.path, error)
    return problem_response(request.url.path, 503, "store_unavailable", str(error), {"Retry-After": "2"})
