"""The events of the booth stream as bytes, each encoded once however many read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict

from scanner.lane.wire import Live, OrderSent, UtcMs
from service.live.troubles import Trouble
from service.resources import Lane, LaneId, Me

HEARTBEAT_S = 0.8


class Hello(BaseModel):
    """First event of a stream: the service's process, its version and its newest event."""

    run: str
    version: str
    sequence: int
    utc_ms: UtcMs


class Heartbeat(BaseModel):
    """Comes every 0.8 s; after two that did not come, what a page shows is old.

    ``troubles`` is what is wrong with the service itself.
    """

    utc_ms: UtcMs
    sequence: int
    troubles: list[Trouble] = []


class Bye(BaseModel):
    """Why the service ends the stream."""

    code: Literal["session_ended", "shutting_down"]


class Reset(BaseModel):
    """The stream cannot go on from where the page was: fetch /api/v1/state again; the stream goes on."""

    model_config = ConfigDict(extra="forbid")


class LiveEvent(Live):
    """A lane's live view on the stream: its traces hold only points that no earlier one held.

    ``same_assessment``: the assessment is that of the lane's view before on this stream, and ``assessment``,
    most of a view, is left out.
    """

    lane_id: LaneId
    same_assessment: bool = False


@dataclass(frozen=True)
class LiveView:
    """A lane's view in pieces of JSON, so that a reader is not sent again what it has.

    ``rest`` is the view without its assessment.
    """

    lane_id: str
    rest: str
    assessment: str

    @cached_property
    def whole(self) -> bytes:
        """The event with everything in it."""
        return self._event(f'"assessment":{self.assessment}')

    @cached_property
    def lean(self) -> bytes:
        """The event for a reader who has the assessment."""
        return self.whole if self.assessment == "null" else self._event('"same_assessment":true')

    def _event(self, last: str) -> bytes:
        return event("live", f'{{"lane_id":{json.dumps(self.lane_id)},{self.rest[1:-1]},{last}}}')


def event(name: str, data: str, sequence: int | None = None) -> bytes:
    """Return one server-sent event; ``data`` is JSON text.

    Examples
    --------
    >>> event("scan", "{}", 7)
    b'event: scan\\ndata: {}\\nid: 7\\n\\n'
    """
    return format_sse_event(data_str=data, event=name, id=None if sequence is None else str(sequence))


def hello(run: str, version: str, sequence: int, utc_ms: int) -> bytes:
    """Return the first event of a stream."""
    said = Hello(run=run, version=version, sequence=sequence, utc_ms=utc_ms)
    return event("hello", said.model_dump_json())


def heartbeat(utc_ms: int, sequence: int, troubles: Sequence[Trouble] = ()) -> bytes:
    """Return a heartbeat."""
    beat = Heartbeat(utc_ms=utc_ms, sequence=sequence, troubles=list(troubles))
    return event("heartbeat", beat.model_dump_json())


def bye(code: Literal["session_ended", "shutting_down"]) -> bytes:
    """Return the last event of a stream."""
    return event("bye", Bye(code=code).model_dump_json())


def reset() -> bytes:
    """Return the order to fetch the state again."""
    return event("reset", "{}")


def lane(said: Lane) -> bytes:
    """Return that a lane fell silent or spoke again; not in the table, so without an id."""
    return event("lane", said.model_dump_json())


def me(said: Me) -> bytes:
    """Return that a booth was locked or unlocked; for its own pages alone."""
    return event("me", said.model_dump_json())


def live(lane_id: str, view: Live) -> LiveView:
    """Return a lane's live view."""
    assessment = "null" if view.assessment is None else view.assessment.model_dump_json()
    return LiveView(lane_id, view.model_dump_json(exclude={"assessment"}), assessment)


def order(sequence: int, sent: OrderSent) -> bytes:
    """Return an order to a lane."""
    return event("order", sent.model_dump_json(), sequence)
