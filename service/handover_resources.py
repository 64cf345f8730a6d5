"""What the service tells of shifts: hand-overs, the sound check at their start; and what officers ask."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from scanner.lane.wire import UtcMs
from service.alert_resources import AlertLevel
from service.resource_base import Note, Request, Resource


class HandoverState(StrEnum):
    """Whether a hand-over waits for its second signature; its officer's next one replaces it."""

    OPEN = "open"
    SIGNED = "signed"
    REPLACED = "replaced"


class HandoverItem(Resource):
    """One thing that the next shift takes over: an alert that is not closed, or an open scan."""

    kind: Literal["alert", "scan"]
    id: str
    scan_id: str
    lane_id: str
    state: str
    level: AlertLevel | None = None
    owner: str = ""
    assigned_to: str = ""
    shelved_until_utc_ms: UtcMs | None = None
    note: str = ""


class HandoverRequest(Request):
    """What the outgoing officer says: of the shift, and of single items by their ids."""

    note: Note = ""
    notes: Annotated[dict[str, Note], Field(max_length=500, default_factory=dict)]


class HandoverSignature(Request):
    """The ``digest`` of what the incoming officer was shown."""

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Handover(Resource):
    """A hand-over.

    ``items`` is what the outgoing officer signed. While it is open, ``present`` is how that is now and
    ``digest`` is of that: the incoming officer signs it. Afterwards they are what was signed.
    """

    id: str
    state: HandoverState
    outgoing: str
    opened_utc_ms: UtcMs
    note: str
    items: list[HandoverItem]
    present: list[HandoverItem]
    digest: str
    incoming: str = ""
    signed_utc_ms: UtcMs | None = None


class SoundCheckRequest(Request):
    """Whether the officer heard the alarm at this booth."""

    heard: bool


class SoundCheck(Resource):
    """A sound check as the audit log has it; the page keeps it, since the loudspeaker is the booth's."""

    heard: bool
    by: str
    utc_ms: UtcMs
