"""Validation reports: their key figures, and their pages for a sandboxed frame."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from fastapi import Query, Response
from sqlalchemy import Connection

from scanner.lane.wire import Live
from service import validation_reports
from service.api.access import Booth, needs
from service.api.context import Service, TheService, now_ms
from service.api.headers import SANDBOXED
from service.api.route import router
from service.store import lane_versions, lanes
from service.store.errors import NotFound
from service.validation_resources import LaneVersions, ValidationReports

routes = router("validation")


@routes.get("/api/v1/validation", operation_id="validation")
@needs(Booth())
def validation(service: TheService) -> ValidationReports:
    """List the reports, the newest first, and say whether lanes run what each has judged."""
    with service.database.reading() as c:
        run = _lane_versions(service, c)
    found = validation_reports.find(_folder(service))
    return ValidationReports(
        shipped=not service.config.validation.folder,
        reports=[validation_reports.tell(one, run) for one in found],
        lanes=run,
    )


@routes.get("/api/v1/validation/{name}/report", operation_id="validation_report")
@needs(Booth())
def validation_report(
    name: str,
    service: TheService,
    language: Annotated[Literal["en", "fr"], Query(description="the language to show")] = "en",
) -> Response:
    """Give a report's page; nothing runs in it, and only this service's own page may frame it."""
    for found in validation_reports.find(_folder(service)):
        if found.name == name:
            try:
                text = validation_reports.page(found, language)
            except OSError:
                break
            return Response(text, media_type="text/html", headers={"Content-Security-Policy": SANDBOXED})
    raise NotFound("there is no such report: see the list")


def _folder(service: Service) -> Path:
    folder = service.config.validation.folder
    return Path(folder) if folder else validation_reports.SHIPPED


def _lane_versions(service: Service, c: Connection) -> list[LaneVersions]:
    ids = [lane.id for lane in lanes.listed(c) if not lane.revoked]
    stored = lane_versions.newest_versions(c, ids, now_ms())
    told = []
    for lane_id in ids:
        at_ms, versions = stored.get(lane_id, (None, {}))
        live: Live | None = service.latest.view(lane_id)
        if live is not None and live.assessment is not None and live.assessment.versions:
            at_ms, versions = live.utc_ms, live.assessment.versions
        told.append(LaneVersions(lane_id=lane_id, told_utc_ms=at_ms, versions=versions))
    return told
