"""Posts the outbox to the service, in order and one at a time, and catches up after any absence."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable

from scanner.evidence import Reason
from scanner.lane.hearing import Hearing
from scanner.lane.service_client import Answer, ServiceAway, ServiceClient, TokenRefused
from scanner.outbox import Entry, Outbox, OutboxError

FIRST_RETRY_S, LAST_RETRY_S = 0.2, 5.0
TOKEN_RETRY_S = 5.0
IDLE_S = 1.0
REFUSED_SHOWN_NS = 24 * 3_600_000_000_000
"""A refused message is a fault of the lane for a day; in the outbox it stays."""

_log = logging.getLogger(__name__)


def jittered_s(wait_s: float) -> float:
    """Return a waiting time that differs between lanes: they must not all come back at once."""
    return wait_s * random.uniform(0.5, 1.0)


class Courier:
    """Takes messages from the outbox to the service.

    A message that the service commits is marked sent; one that it will never take is
    marked refused, in the service's words, and the next goes on. When the disk refuses a
    mark it is kept in memory: posting again is harmless, and the rest must not wait.

    Parameters
    ----------
    outbox : what is to be told.
    client : this thread's connection.
    hearing : told how it went.
    wall : wall time, ns since 1970.
    """

    def __init__(
        self, outbox: Outbox, client: ServiceClient, hearing: Hearing, wall: Callable[[], int]
    ) -> None:
        self.wake = threading.Event()
        self._outbox, self._client, self._hearing, self._wall = outbox, client, hearing, wall
        self._stopping = threading.Event()
        self._unmarked: dict[int, str] = {}  # by sequence; "" = sent
        self._refused: tuple[Reason, ...] = ()
        self._waiting = 0

    def stop(self) -> None:
        """Ask `run` to end after the message at hand."""
        self._stopping.set()
        self.wake.set()
        self._outbox.fresh.set()

    @property
    def waiting(self) -> int:
        """How many messages the service does not have yet, as of the last look."""
        return self._waiting

    def faults(self) -> tuple[Reason, ...]:
        """Return what the service has refused."""
        return self._refused

    def run(self) -> None:
        """Post until stopped."""
        wait_s = FIRST_RETRY_S
        self._guarded(self._look_at_refused)
        while not self._stopping.is_set():
            try:
                self._outbox.fresh.clear()
                if self._post_some():
                    wait_s = FIRST_RETRY_S
                else:
                    self._outbox.fresh.wait(IDLE_S)
                continue
            except TokenRefused as refused:
                self._hearing.failed(refused.trouble)
                pause_s = TOKEN_RETRY_S
            except ServiceAway as away:
                self._hearing.failed(away.trouble)
                pause_s = jittered_s(wait_s)
                wait_s = min(2 * wait_s, LAST_RETRY_S)
            except OutboxError as error:
                _log.warning("%s", error)
                pause_s = IDLE_S
            except Exception:  # a defect must not leave the booth without news for ever
                _log.exception("posting failed")
                pause_s = LAST_RETRY_S
            self._guarded(self._count)
            self.wake.wait(pause_s)
            if self.wake.is_set():  # the service is back
                self.wake.clear()
                wait_s = FIRST_RETRY_S

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except OutboxError as error:
            _log.warning("%s", error)

    def _post_some(self) -> bool:
        """Post the oldest messages; tell whether there were any."""
        self._mark_the_rest()
        self._count()
        posted = False
        for entry in self._outbox.unsent(limit=50 + len(self._unmarked)):
            if self._stopping.is_set():
                break
            if entry.sequence in self._unmarked:
                continue
            self._post(entry)
            self._waiting = max(self._waiting - 1, 0)
            posted = True
        return posted

    def _post(self, entry: Entry) -> None:
        message = {
            "key": entry.key,
            "kind": entry.kind,
            "scan_id": entry.scan_id,
            "created_utc_ns": entry.created_utc_ns,
            "body": entry.body,
        }
        answer = self._client.ask("POST", "/messages", json.dumps(message, allow_nan=False).encode())
        if answer.is_problem and answer.status in (400, 409, 413, 422):
            self._unmarked[entry.sequence] = answer.words
        elif answer.status in (200, 201) and answer.body.get("key") == entry.key:
            self._unmarked[entry.sequence] = ""
        else:
            raise self._client.foreign(_unexpected(answer))
        self._hearing.heard()
        self._mark_the_rest()

    def _mark_the_rest(self) -> None:
        while self._unmarked:
            sequence, why = next(iter(self._unmarked.items()))
            try:
                if why:
                    self._outbox.mark_refused(sequence, self._wall(), why)
                    self._look_at_refused()
                else:
                    self._outbox.mark_sent(sequence, self._wall())
            except OutboxError as error:
                _log.warning("%s", error)
                return
            del self._unmarked[sequence]

    def _look_at_refused(self) -> None:
        refused = self._outbox.refused_since(self._wall() - REFUSED_SHOWN_NS)
        if refused:
            values: dict[str, float | str] = {"count": len(refused), "why": refused[-1].refused}
            self._refused = (Reason("message_refused", values),)
        else:
            self._refused = ()

    def _count(self) -> None:
        self._waiting = max(self._outbox.waiting() - len(self._unmarked), 0)

    def drain(self, limit_s: float) -> None:
        """Wait until nothing is left to post, as long as the service answers, ``limit_s`` at most."""
        until_s = time.monotonic() + limit_s
        while self._hearing.connected and time.monotonic() < until_s:
            try:
                if self._outbox.waiting() <= len(self._unmarked):
                    return
            except OutboxError:
                return
            if self._stopping.wait(0.02):
                return


def _unexpected(answer: Answer) -> str:
    return f"HTTP {answer.status}: {answer.words}" if answer.is_problem else f"HTTP {answer.status}"
