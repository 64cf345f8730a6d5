"""What the service tells booths of alerts, and what officers ask about them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scanner.lane.wire import Said, UtcMs
from service.resource_base import Note, Request, Resource


class AlertState(StrEnum):
    """Where an alert is in its life; it never goes back, but a `rescue` raises it again."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    OUTCOME = "outcome"
    CLOSED = "closed"


class AlertLevel(StrEnum):
    """Why it was raised: what the lane recommends, or an officer's own judgement."""

    RESCUE = "rescue"
    SEARCH = "search"
    OFFICER = "officer"


class OutcomeKind(StrEnum):
    """What the search found."""

    PEOPLE_FOUND = "people_found"
    NOTHING_FOUND = "nothing_found"
    NOT_SEARCHED = "not_searched"


_Count = Annotated[int, Field(ge=0, le=999)]


class Conditions(BaseModel):
    """How the people are who were found: how many of each."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)

    well: _Count = 0
    needs_care: _Count = 0
    critical: _Count = 0
    dead: _Count = 0

    @property
    def people(self) -> int:
        """How many there are in all."""
        return self.well + self.needs_care + self.critical + self.dead


class OutcomeRequest(Request):
    """What an officer records; ``people`` with people found, ``note`` (the reason) with not searched.

    ``conditions`` may come later, as a correction: nothing stands before recording that people were found.
    """

    kind: OutcomeKind
    people: Annotated[int, Field(ge=1, le=999)] | None = None
    conditions: Conditions | None = None
    medical_help: bool = False
    safeguarding_referral: bool = False
    safeguarding_reference: Annotated[str, Field(max_length=100)] = ""
    note: Note = ""

    @model_validator(mode="after")
    def _whole(self) -> OutcomeRequest:
        found = self.kind is OutcomeKind.PEOPLE_FOUND
        if (self.people is not None) != found:
            raise ValueError("people is the number found: give it with people_found, and only then")
        if self.conditions is not None and self.conditions.people != self.people:
            raise ValueError("the conditions must add up to people: count everybody once")
        if self.safeguarding_referral and not found:
            raise ValueError("a safeguarding referral is made for people who were found")
        if self.safeguarding_reference and not self.safeguarding_referral:
            raise ValueError("safeguarding_reference is the referral's: say safeguarding_referral too")
        if self.kind is OutcomeKind.NOT_SEARCHED and not self.note.strip():
            raise ValueError("not_searched needs its reason in note")
        return self


class Outcome(Resource):
    """An outcome as recorded."""

    kind: OutcomeKind
    people: int | None
    conditions: Conditions | None = None
    medical_help: bool
    safeguarding_referral: bool = False
    safeguarding_reference: str = ""
    note: str
    by: str
    utc_ms: UtcMs


class AssignRequest(Request):
    """Who searches: the name of an account, or what a search team without one is called."""

    to: Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S")]


class ShelveRequest(Request):
    """For how long an alert is laid aside, and why."""

    minutes: Annotated[int, Field(ge=1, le=24 * 60)]
    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]


class Alert(Resource):
    """An alert: one a scan.

    ``owner`` answers for it now: whoever acknowledged it, or took it over at a hand-over.
    ``due_utc_ms`` is when the present step is late; ``escalation`` counts how often that was so
    (1: supervisors are called). ``assigned_is_account`` is false for a search team's name.
    """

    id: str
    scan_id: str
    lane_id: str
    plate: str
    level: AlertLevel
    state: AlertState
    raised_utc_ms: UtcMs
    raised_by: str
    reasons: list[Said]
    persons_likely: int | None = None
    minutes_low: float | Literal["inf"] | None = None
    acknowledged_utc_ms: UtcMs | None = None
    acknowledged_by: str = ""
    owner: str = ""
    assigned_to: str = ""
    assigned_is_account: bool = False
    assigned_by: str = ""
    assigned_utc_ms: UtcMs | None = None
    outcome: Outcome | None = None
    closed_utc_ms: UtcMs | None = None
    closed_by: str = ""
    due_utc_ms: UtcMs | None = None
    escalation: int = 0
    shelved_utc_ms: UtcMs | None = None
    shelved_until_utc_ms: UtcMs | None = None
    shelved_by: str = ""
    shelved_reason: str = ""
    version: int
