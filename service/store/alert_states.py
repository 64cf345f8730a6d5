"""What may be done with an alert in which state, and what becomes of it: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from service.resources import Alert, AlertState
from service.store.errors import Conflict


class Act(StrEnum):
    """What somebody does with an alert."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    RECORD_OUTCOME = "record_outcome"
    CLOSE = "close"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"


@dataclass(frozen=True, slots=True)
class Refused:
    """An act that is not possible in a state: a stable code, and what the officer is told."""

    code: str
    words: str


_R, _K, _S, _O, _C = (
    AlertState.RAISED,
    AlertState.ACKNOWLEDGED,
    AlertState.ASSIGNED,
    AlertState.OUTCOME,
    AlertState.CLOSED,
)
_TAKEN = Refused("already_acknowledged", "{alert.acknowledged_by} acknowledged this alert at {acknowledged}")
_NOT_TAKEN = Refused("not_acknowledged", "nobody has acknowledged this alert: acknowledge it first")
_NO_OUTCOME = Refused("no_outcome", "this alert has no outcome: record what the search found first")
_SEARCHED = Refused(
    "already_searched", "this alert has its outcome: close it, or raise it again for another search"
)
_CLOSED = Refused("closed", "{alert.closed_by} closed this alert at {closed}: its outcome stands")
_DONE = Refused("nothing_to_shelve", "this alert has its outcome: there is nothing left to lay aside")

NEXT: Mapping[Act, Mapping[AlertState, AlertState | Refused]] = {
    Act.ACKNOWLEDGE: {_R: _K, _K: _TAKEN, _S: _TAKEN, _O: _TAKEN, _C: _TAKEN},
    Act.ASSIGN: {_R: _NOT_TAKEN, _K: _S, _S: _S, _O: _SEARCHED, _C: _CLOSED},
    Act.RECORD_OUTCOME: {_R: _NOT_TAKEN, _K: _O, _S: _O, _O: _O, _C: _CLOSED},
    Act.CLOSE: {_R: _NO_OUTCOME, _K: _NO_OUTCOME, _S: _NO_OUTCOME, _O: _C, _C: _C},
    Act.SHELVE: {_R: _R, _K: _K, _S: _S, _O: _DONE, _C: _CLOSED},
    Act.UNSHELVE: {_R: _R, _K: _K, _S: _S, _O: _O, _C: _C},
}


def after(alert: Alert, act: Act) -> AlertState:
    """Return the state that an act leads to.

    Raises
    ------
    Conflict : it is not possible in the alert's state; says why.
    """
    found = NEXT[act][alert.state]
    if isinstance(found, AlertState):
        return found
    words = found.words.format(
        alert=alert, acknowledged=clock(alert.acknowledged_utc_ms), closed=clock(alert.closed_utc_ms)
    )
    raise Conflict(found.code, words)


def clock(utc_ms: int | None) -> str:
    """Return a time as officers are told it.

    Examples
    --------
    >>> clock(1_793_620_800_000)
    '2026-11-02 12:00:00 UTC'
    """
    return datetime.fromtimestamp((utc_ms or 0) / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
