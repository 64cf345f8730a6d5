"""Erasing the personal parts of scans on demand."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from service.api.access import Booth, TheSession, needs
from service.api.context import TheService, now_ms
from service.api.route import router
from service.resources import Permission, Request, Resource
from service.store import erasing, scans

routes = router("privacy")


class EraseRequest(Request):
    """Whose: one scan's, or all of a plate; and why."""

    scan_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    plate: Annotated[str, Field(min_length=1, max_length=24)] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _one(self) -> EraseRequest:
        if (self.scan_id is None) == (self.plate is None):
            raise ValueError("give scan_id or plate, and only one of them")
        return self


class Erased(Resource):
    """How many scans, and vehicles that were never scanned, have no personal parts any more."""

    scans: int
    vehicles: int


@routes.post("/api/v1/privacy/erase", operation_id="erase")
@needs(Booth(Permission.ERASE, fresh=True))
def erase(asked: EraseRequest, session: TheSession, service: TheService) -> Erased:
    """Erase plate, names and notes of closed scans; evidence, figures and proofs stay."""
    with service.database.reading() as c:
        if asked.scan_id is not None:
            ids = [scans.get(c, asked.scan_id).id]
        else:
            ids = erasing.of_plate(c, asked.plate or "")
        unscanned = erasing.vehicles_of_plate(c, asked.plate or "")
        found = erasing.about(c, ids, unscanned=unscanned)
    if ids or unscanned:
        with service.database.writing() as c:
            erasing.erase(c, found, session.name, asked.reason, now_ms())
    return Erased(scans=len(ids), vehicles=len(unscanned))
