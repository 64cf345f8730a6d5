"""What every route works with: the store, the streams, the newest of each lane, the counters."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from scanner.lane.wire import Live
from service.api.metrics import Metrics
from service.api.throttle import LoginThrottle
from service.config.service_file import ServiceConfig
from service.live import payloads
from service.live.hub import Hub
from service.live.lane_links import LaneLinks
from service.live.latest import Latest
from service.live.other_copies import OtherCopies
from service.live.troubles import Troubles
from service.resources import Lane
from service.store import lanes
from service.store.database import Database
from service.store.events import StoredEvent

PASSWORD_CHECKS = 2
MOST_LOGINS_WAITING = 32

T = TypeVar("T")


def now_ms() -> int:
    """Return UTC, ms since 1970."""
    return time.time_ns() // 1_000_000


class LaneTokens:
    """Which lane a token belongs to, asked of the store once: a lane speaks several times a second."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, str] = {}
        self._changes = 0
        self._lock = threading.Lock()

    def known(self, token: str) -> str | None:
        """Return the lane when it was asked for before."""
        return self._known.get(token)

    def look_up(self, token: str) -> str | None:
        """Return the lane as the store has it."""
        changes = self._changes
        with self._database.reading() as c:
            lane_id = lanes.lane_of(c, token)
        with self._lock:
            if lane_id is not None and changes == self._changes:  # not revoked since
                self._known[token] = lane_id
        return lane_id

    def changed(self) -> None:
        """Ask again from now on: a token was given or taken away."""
        with self._lock:
            self._known = {}
            self._changes += 1


@dataclass
class Service:
    """One running service."""

    database: Database
    version: str
    config: ServiceConfig = field(default_factory=ServiceConfig)
    latest: Latest = field(default_factory=Latest)
    links: LaneLinks = field(default_factory=LaneLinks)
    metrics: Metrics = field(default_factory=Metrics)
    throttle: LoginThrottle = field(default_factory=LoginThrottle)
    hub: Hub = field(init=False)
    tokens: LaneTokens = field(init=False)
    sessions_used: set[str] = field(default_factory=set)
    sessions_changed: asyncio.Event = field(default_factory=asyncio.Event)
    password_checks: asyncio.Semaphore = field(
        default_factory=functools.partial(asyncio.Semaphore, PASSWORD_CHECKS)
    )
    logins_waiting: int = 0
    troubles: Troubles = field(init=False)
    loop: asyncio.AbstractEventLoop | None = None
    copies: OtherCopies | None = None

    def __post_init__(self) -> None:
        self.hub = Hub(self._counted)
        self.tokens = LaneTokens(self.database)
        self.troubles = Troubles(self.database.path)
        if self.database.shared:
            self.copies = OtherCopies(self.database.run, self.latest)

    def _counted(self, what: str) -> None:
        (self.metrics.live_dropped if what == "live_dropped" else self.metrics.cut_off).inc()

    async def reading(self, query: Callable[[Connection], T]) -> T:
        """Return what a query gives, asked in another thread."""

        def run() -> T:
            with self.database.reading() as c:
                return query(c)

        return await run_in_threadpool(run)

    async def writing(self, change: Callable[[Connection], T]) -> T:
        """Return what a change gives, committed in another thread."""

        def run() -> T:
            with self.database.writing() as c:
                return change(c)

        return await run_in_threadpool(run)

    def heard(self, lane_id: str) -> None:
        """Note that a lane spoke, here or to another copy, and tell the booths when it was silent."""
        if self.latest.heard(lane_id):
            self.hub.announce(payloads.lane(self.latest.lane(lane_id)))
            self.metrics.events.labels("lane").inc()

    def show(self, lane_id: str, view: Live) -> bool:
        """Put a lane's live view before the booths; False when a newer one is here."""
        new = self.latest.take(lane_id, view)
        if new is None:
            return False
        self.hub.live(lane_id, payloads.live(lane_id, new))
        self.metrics.events.labels("live").inc()
        return True

    def encoded(self, stored: StoredEvent) -> bytes:
        """Return an event of the table as bytes; whether a lane is heard is not in the table."""
        data = stored.data
        if stored.kind == "lane":
            lane = Lane.model_validate_json(data)
            data = self.latest.lane(lane.id, lane.revoked).model_dump_json()
        return payloads.event(stored.kind, data, stored.sequence)

    def on_loop(self, call: Callable[[], object]) -> None:
        """Have the event loop do something; for other threads."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(call)

    def shut_down(self) -> None:
        """Say goodbye on every stream."""
        self.hub.shut_down()
        self.links.shut_down()


async def the_service(request: Request) -> Service:
    """Give routes the service."""
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(the_service)]
