"""Whether the service lives, takes writes and tells; and its counters."""

from __future__ import annotations

from collections import Counter

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict

from service.api.access import Everybody, Scraper, needs
from service.api.context import Service, TheService, now_ms
from service.api.problems import Problem
from service.api.route import router
from service.resources import AlertState
from service.store import alerts, lanes
from service.store.alarm_rates import rates
from service.store.errors import StoreError

routes = router("health")


class Health(BaseModel):
    """The service is well; ``warnings`` say what is wrong and harms no booth."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    run: str
    version: str
    warnings: list[str] = []


@routes.get("/api/health/live", operation_id="health_live")
@needs(Everybody())
async def health_live(service: TheService) -> Health:
    """Say that the process answers."""
    return Health(run=service.database.run, version=service.version)


@routes.get("/api/health/ready", operation_id="health_ready")
@needs(Everybody())
def health_ready(service: TheService) -> Health:
    """Say that the store takes writes and events go out; 503 with the reasons else."""
    reasons = _reasons(service)
    if reasons:
        raise Problem(503, "not_ready", "The service is not ready: see reasons.", reasons=reasons)
    warnings = service.checkpoints.warnings()
    return Health(run=service.database.run, version=service.version, warnings=warnings)


def _reasons(service: Service) -> list[str]:
    try:
        service.database.check_writes()  # asked now, as the rest was a second ago
    except StoreError as error:
        return [str(error), *(reason for reason in service.troubles.reasons() if reason != str(error))]
    return service.troubles.reasons()


@routes.get("/api/openapi.json", operation_id="openapi", include_in_schema=False)
@needs(Everybody())
def openapi(request: Request) -> JSONResponse:
    """Give the document of this interface."""
    return JSONResponse(request.app.openapi())


@routes.get("/metrics", operation_id="metrics", include_in_schema=False)
@needs(Scraper())
async def metrics(service: TheService) -> Response:
    """Give the counters in Prometheus' text format."""
    counted = service.metrics
    states, known = await service.reading(
        lambda c: (Counter(alert.state for alert in alerts.listed(c, True, None, None)), lanes.listed(c))
    )
    counted.show_alarm_rates(await service.reading(lambda c: rates(c, now_ms())))
    for state in AlertState:
        if state is not AlertState.CLOSED:
            counted.alerts.labels(state.value).set(states[state])
    silent = [lane for lane in known if not lane.revoked and service.latest.lane(lane.id).silent]
    counted.lanes_silent.set(len(silent))
    counted.streams.labels("booth").set(len(service.hub.readers))
    counted.streams.labels("lane").set(len(service.links))
    counted.checkpoints_failing.set(len(service.checkpoints.failing))
    return Response(generate_latest(counted.registry), media_type=CONTENT_TYPE_LATEST)
