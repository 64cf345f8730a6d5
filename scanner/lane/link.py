"""A lane's link to its service: threads of its own, so that the lane never waits for anybody."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING

from drivers.api import Item
from scanner.evidence import Reason
from scanner.lane.courier import Courier
from scanner.lane.hearing import Hearing
from scanner.lane.live import LiveTeller
from scanner.lane.orders import OrderTaker
from scanner.lane.pictures import Pictures
from scanner.lane.service_address import ServiceLink
from scanner.lane.service_client import ServiceClient

if TYPE_CHECKING:
    from scanner.lane.agent import LaneAgent

MESSAGE_LIMIT_S = 5.0
LIVE_LIMIT_S = 2.0
PICTURE_LIMIT_S = 10.0
DRAIN_LIMIT_S = 2.0
STOP_LIMIT_S = 1.0

_log = logging.getLogger(__name__)


class Link:
    """Posts the outbox, the live view and pictures, and takes orders: a daemon thread each.

    Pictures have a thread of their own because a large one must not hold up the live view, in
    which a fault has to be seen within two seconds.

    Parameters
    ----------
    lane : not running yet; its ``onlooker`` becomes this link.
    service : where to.
    """

    def __init__(self, lane: LaneAgent, service: ServiceLink) -> None:
        self._hearing = hearing = Hearing()
        self._clients = [
            ServiceClient(service, limit_s)
            for limit_s in (MESSAGE_LIMIT_S, LIVE_LIMIT_S, LIVE_LIMIT_S, PICTURE_LIMIT_S)
        ]
        for_messages, for_live, for_orders, for_pictures = self._clients
        self._courier = Courier(lane.outbox, for_messages, hearing, lane.wall)
        self._orders = OrderTaker(lane, for_orders, hearing)
        self._pictures = Pictures(lane, for_pictures, hearing)
        self._live = LiveTeller(
            lane, for_live, hearing, self._pictures, self.faults, lambda: self._courier.waiting
        )
        hearing.on_back += [self._courier.wake.set, self._orders.wake.set]
        lane.onlooker = self
        self._threads = [
            threading.Thread(target=room.run, name=name, daemon=True)
            for name, room in (
                ("courier", self._courier),
                ("live view", self._live),
                ("orders", self._orders),
                ("pictures", self._pictures),
            )
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask the threads to end; one that hangs in a request is left behind, it ends with the process."""
        for room in (self._courier, self._live, self._orders, self._pictures):
            room.stop()
        until_s = time.monotonic() + STOP_LIMIT_S
        for thread, client in zip(self._threads, self._clients, strict=True):
            if thread.ident is not None:
                thread.join(max(until_s - time.monotonic(), 0.0))
            if not thread.is_alive():
                with contextlib.suppress(Exception):
                    client.close()

    def faults(self) -> tuple[Reason, ...]:
        """Return what is wrong with the link, for the lane's own fault lines."""
        return (*self._hearing.faults(), *self._courier.faults(), *self._orders.faults())

    def status(self) -> Reason:
        """Return whether the service hears the lane, as one line."""
        return self._hearing.status(self._courier.waiting)

    # -- what the lane's thread calls -----------------------------------------

    def see(self, item: Item) -> None:
        """Take note of what passes through the lane."""
        try:
            self._live.view.see(item)
            self._pictures.see(item)
        except Exception:  # a defect in what is shown must not end what is measured
            _log.exception("%s cannot be shown", type(item).__name__)

    def published(self) -> None:
        """Know that there is a new snapshot."""
        self._live.published()

    def closing(self) -> None:
        """Give the last messages a moment to go out, if the service is there."""
        self._courier.drain(DRAIN_LIMIT_S)
