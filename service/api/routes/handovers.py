"""Hand-overs between shifts, whose signatures ask for the officer's own password; and the sound check."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import TypeAdapter

from service.api.access import Booth, TheSession, address_of, needs
from service.api.answers import LISTED, MOST_LISTED, json_page
from service.api.context import TheService
from service.api.route import router
from service.handover_resources import (
    Handover,
    HandoverRequest,
    HandoverSignature,
    SoundCheck,
    SoundCheckRequest,
)
from service.resources import Permission
from service.store import audit
from service.store import handovers as stored
from service.store.clock import store_now_ms

routes = router("handovers")
SIGN = Booth(Permission.HANDLE_ALERTS, fresh=True)
_HANDOVERS = TypeAdapter(list[Handover])


@routes.get("/api/v1/handovers", operation_id="handovers", response_model=list[Handover])
@needs(Booth())
def handovers(
    service: TheService,
    request: Request,
    before: Annotated[str | None, Query(max_length=64, description="an id: only older ones")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = LISTED,
) -> Response:
    """List hand-overs, the newest first."""
    with service.database.reading() as c:
        found = stored.listed(c, before, limit)
    return json_page(request, _HANDOVERS, found, limit, before=found[-1].id if found else "")


@routes.get("/api/v1/handovers/{handover_id}", operation_id="handover")
@needs(Booth())
def handover(handover_id: str, service: TheService) -> Handover:
    """Give one hand-over; while it is open, with what is open now and the digest to sign."""
    with service.database.reading() as c:
        return stored.get(c, handover_id)


@routes.post("/api/v1/handovers", operation_id="begin_handover", status_code=201)
@needs(SIGN)
def begin_handover(asked: HandoverRequest, session: TheSession, service: TheService) -> Handover:
    """Hand over: everything that is open, with notes; the outgoing officer's signature."""
    with service.database.writing() as c:
        return stored.begin(c, asked, session.name, store_now_ms(c))


@routes.post("/api/v1/handovers/{handover_id}/sign", operation_id="sign_handover")
@needs(SIGN)
def sign_handover(
    handover_id: str, asked: HandoverSignature, session: TheSession, service: TheService
) -> Handover:
    """Take over: the incoming officer's signature on what was shown; 409 when that has changed."""
    with service.database.writing() as c:
        return stored.sign(c, handover_id, asked.digest, session.name, store_now_ms(c))


@routes.put("/api/v1/me/sound-check", operation_id="check_sound")
@needs(Booth())
def check_sound(
    asked: SoundCheckRequest, request: Request, session: TheSession, service: TheService
) -> SoundCheck:
    """Note in the audit log whether the officer heard the alarm at this booth, and from which address."""
    with service.database.writing() as c:
        now = store_now_ms(c)
        detail = {"heard": asked.heard, "address": address_of(request)}
        audit.append(c, session.name, "sound_checked", session.name, detail, now)
    return SoundCheck(heard=asked.heard, by=session.name, utc_ms=now)
