"""Reads the service's orders from their stream and has each carried out at most once."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, assert_never

import httpx
from httpx_sse import EventSource, ServerSentEvent, SSEError
from pydantic import BaseModel, ValidationError

from scanner.canonical import reason_json
from scanner.evidence import Reason
from scanner.lane.commands import (
    Command,
    CommandRefused,
    End,
    Leave,
    Probe,
    Return,
    Start,
    checked_plate,
    done,
)
from scanner.lane.courier import FIRST_RETRY_S, LAST_RETRY_S, TOKEN_RETRY_S, jittered_s
from scanner.lane.hearing import Hearing
from scanner.lane.service_client import ServiceAway, ServiceClient, TokenRefused
from scanner.lane.wire import (
    EndOrder,
    LeaveOrder,
    Order,
    OrderSent,
    ProbeOrder,
    ReturnOrder,
    StartOrder,
    Ulid,
)
from scanner.outbox import OutboxError
from scanner.vehicle import Declaration

if TYPE_CHECKING:
    from scanner.lane.agent import LaneAgent

SILENCE_S = 2.5
"""The service sends a heartbeat each 0.8 s: after three missed the stream is taken for dead."""

ANSWER_LIMIT_S = 10.0
"""The officer has turned away by then: what is late is not carried out."""

_log = logging.getLogger(__name__)


class _Addressed(BaseModel):
    """As much of an order as can be read when the rest is unknown."""

    command: Ulid


class OrderTaker:
    """Carries out what booths order, each order at most once.

    An order is committed as taken before it is begun. One that was taken and has no answer
    was cut off by a crash: nobody knows how far it went, so it is answered as interrupted
    and never begun again.

    Parameters
    ----------
    lane : who carries out, and whose outbox takes the answers.
    client : this thread's connection.
    hearing : told how it went.
    limit_s : what the lane does not get to in this time is not carried out.
    """

    def __init__(
        self, lane: LaneAgent, client: ServiceClient, hearing: Hearing, limit_s: float = ANSWER_LIMIT_S
    ) -> None:
        self._limit_s = limit_s
        self.wake = threading.Event()
        self._lane, self._client, self._hearing = lane, client, hearing
        self._stopping = threading.Event()
        self._newest = ""  # id of the last order that was seen
        self._not_kept: tuple[Reason, ...] = ()
        self._interrupted: list[str] | None = None  # not read yet

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()
        self.wake.set()

    def faults(self) -> tuple[Reason, ...]:
        """Return what keeps orders from being carried out."""
        return self._not_kept

    def run(self) -> None:
        """Answer what a crash cut off, then read orders until stopped."""
        wait_s = FIRST_RETRY_S
        while not self._stopping.is_set():
            before = self._newest
            if self._hearing.is_second:  # the orders are for the lane that is shown
                self.wake.wait(FIRST_RETRY_S)
                continue
            try:
                self._answer_interrupted()
                self._read()
                pause_s = FIRST_RETRY_S  # the service ended the stream in order
            except TokenRefused as refused:
                self._hearing.failed(refused.trouble)
                pause_s = TOKEN_RETRY_S
            except ServiceAway as away:
                self._hearing.failed(away.trouble)
                wait_s = FIRST_RETRY_S if self._newest != before else wait_s
                pause_s = jittered_s(wait_s)
                wait_s = min(2 * wait_s, LAST_RETRY_S)
            except Exception:  # a defect must not leave the lane deaf for ever
                _log.exception("reading orders failed")
                pause_s = LAST_RETRY_S
            self.wake.wait(pause_s)
            if self.wake.is_set():  # the service is back
                self.wake.clear()
                wait_s = FIRST_RETRY_S

    def _answer_interrupted(self) -> None:
        if self._interrupted is None:
            self._interrupted = self._lane.outbox.unanswered_orders()
        while self._interrupted:
            self._answer(self._interrupted[0], False, Reason("order_interrupted"))
            self._interrupted.pop(0)

    def _read(self) -> None:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._newest:
            headers["Last-Event-ID"] = self._newest
        with self._client.events("/commands", headers, SILENCE_S) as response:
            source = EventSource(response)
            try:
                for event in source.iter_sse():
                    if self._stopping.is_set():
                        return
                    if self._hearing.is_second:
                        break
                    self._hearing.heard()
                    if event.event == "order":
                        began_s = time.monotonic()
                        self._take(event)
                        if time.monotonic() - began_s > SILENCE_S:
                            return  # what came behind it is old: the service sends again what is fresh
            except SSEError as error:
                raise self._client.foreign(str(error)) from error
            except httpx.HTTPError as error:
                raise ServiceAway(str(error)) from error

    def _take(self, event: ServerSentEvent) -> None:
        sent = self._understood(event.data)
        if sent is not None:
            try:
                is_new = self._lane.outbox.take_order(sent.command, self._lane.wall())
            except OutboxError as error:
                # it stays before Last-Event-ID: the service may send it again while it is fresh
                self._not_kept = (Reason("orders_not_kept", {"why": str(error)}),)
                return
            self._not_kept = ()
            if is_new and isinstance(sent, OrderSent):
                self._carry_out(sent)
            elif is_new:
                self._answer(sent.command, False, Reason("order_unknown"))
        self._newest = event.id or self._newest

    def _understood(self, data: str) -> OrderSent | _Addressed | None:
        try:
            return OrderSent.model_validate_json(data)
        except ValidationError as error:
            _log.warning("an order cannot be read: %s", error)
        with contextlib.suppress(ValidationError):
            return _Addressed.model_validate_json(data)
        return None

    def _carry_out(self, sent: OrderSent) -> None:
        scan_id = ""
        try:
            command = command_of(sent.order)
            words = self._result(self._lane.submit(command, sent.by, sent.command))
            reason, was_done = done(command, words), True
            scan_id = words if isinstance(command, Start) else ""
        except CommandRefused as refused:
            reason, was_done = refused.reason, False
        except TimeoutError:
            reason, was_done = Reason("order_not_reached", {"seconds": self._limit_s}), False
        except Exception as error:
            reason, was_done = Reason("order_defect", {"why": repr(error)}), False
        self._answer(sent.command, was_done, reason, scan_id)

    def _result(self, given: concurrent.futures.Future[str]) -> str:
        try:
            return given.result(self._limit_s)
        except TimeoutError:
            if given.cancel():
                raise
        return given.result()  # it is being carried out: its end is the answer

    def _answer(self, command: str, was_done: bool, reason: Reason, scan_id: str = "") -> None:
        body = {"command": command, "done": was_done, "answer": reason_json(reason)}
        while True:
            try:
                self._lane.outbox.answer_order(command, scan_id, self._lane.wall(), body)
                return
            except OutboxError as error:
                if self._lane.stopped.is_set():
                    raise
                self._not_kept = (Reason("orders_not_kept", {"why": str(error)}),)
                if self._stopping.wait(1.0):
                    raise


def command_of(order: Order) -> Command:
    """Return the lane's own command for an order.

    Raises
    ------
    CommandRefused : a plate that cannot be written.

    Examples
    --------
    >>> command_of(ProbeOrder(name="probe", inside=True))
    Probe(inside=True)
    """
    match order:
        case StartOrder(declaration=told):
            plate = checked_plate(told.plate)
            declared = (told.vehicle_class, told.cargo, plate, told.laden, told.closed_minutes, told.profile)
            return Start(Declaration(*declared))
        case ProbeOrder(inside=inside):
            return Probe(inside)
        case LeaveOrder():
            return Leave()
        case ReturnOrder(scan_id=scan_id):
            return Return(scan_id)
        case EndOrder(scan_id=scan_id):
            return End(scan_id)
        case _:
            assert_never(order)
