"""The audit log, for those who read it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import TypeAdapter

from service.api.access import Booth, needs
from service.api.answers import json_page
from service.api.context import TheService
from service.api.route import router
from service.resources import AuditEntry, Permission
from service.store import audit as stored

routes = router("audit")
MOST = 2**53 - 1
_ENTRIES = TypeAdapter(list[AuditEntry])


@routes.get("/api/v1/audit", operation_id="audit", response_model=list[AuditEntry])
@needs(Booth(Permission.READ_AUDIT))
def audit(
    service: TheService,
    request: Request,
    after: Annotated[int, Query(ge=0, le=MOST)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """List who did what, oldest first, after a sequence."""
    with service.database.reading() as c:
        found = stored.after(c, after, limit)
    return json_page(request, _ENTRIES, found, limit, after=found[-1].sequence if found else after)
