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
from service.api.rates import Rate
from service.api.throttle import LoginThrottle
from service.audit.checkpoint_writer import CheckpointWriter
from service.config.service_file import ServiceConfig
from service.identities import IdentityProvider, LocalPasswords, NamePassword
from service.live import payloads
from service.live.hub import Hub
from service.live.lane_links import LaneLinks
from service.live.latest import Latest
from service.live.other_copies import OtherCopies
from service.live.recent_looks import RecentLooks
from service.live.troubles import Troubles
from service.replays.shelf import Shelf
from service.resources import Lane, TokenKind
from service.store import tokens
from service.store.database import Database
from service.store.events import StoredEvent
from service.store.sessions import Limits
from service.store.tokens import Bearer

PASSWORD_CHECKS = 2
MOST_LOGINS_WAITING = 32

T = TypeVar("T")


def now_ms() -> int:
    """Return UTC, ms since 1970."""
    return time.time_ns() // 1_000_000


class Tokens:
    """Whose a token is. Of a lane's the store is asked once: a lane speaks several times a second.

    What a change to a lane's token is told by (its event) tells every copy of the service to ask again;
    a gate asks seldom, and has none.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Bearer] = {}
        self._changes = 0
        self._lock = threading.Lock()

    def known(self, token: str) -> Bearer | None:
        """Return whose it was when it was asked for before."""
        return self._known.get(token)

    def look_up(self, token: str, now_ms: int) -> Bearer | None:
        """Return whose it is as the store has it."""
        changes = self._changes
        with self._database.reading() as c:
            found = tokens.bearer(c, token, now_ms)
        with self._lock:
            if found is not None and found.kind is TokenKind.LANE and changes == self._changes:
                self._known[token] = found
        return found

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
    checkpoints: CheckpointWriter = field(init=False)
    tokens: Tokens = field(init=False)
    limits: Limits = field(init=False)
    session_rate: Rate = field(init=False)
    token_rate: Rate = field(init=False)
    address_rate: Rate = field(init=False)
    identities: IdentityProvider[NamePassword] = field(default_factory=LocalPasswords)
    pin_throttle: LoginThrottle = field(default_factory=LoginThrottle)
    sessions_used: set[str] = field(default_factory=set)
    tokens_used: dict[str, int] = field(default_factory=dict)
    sessions_changed: asyncio.Event = field(default_factory=asyncio.Event)
    password_checks: asyncio.Semaphore = field(
        default_factory=functools.partial(asyncio.Semaphore, PASSWORD_CHECKS)
    )
    logins_waiting: int = 0
    troubles: Troubles = field(init=False)
    loop: asyncio.AbstractEventLoop | None = None
    looked: RecentLooks = field(default_factory=RecentLooks)
    copies: OtherCopies | None = None
    replays: Shelf = field(init=False)

    def __post_init__(self) -> None:
        self.hub = Hub(self._counted)
        asked = self.config.audit
        every_s = asked.checkpoint_minutes * 60
        self.checkpoints = CheckpointWriter(self.database, asked.checkpoints, every_s)
        self.troubles = Troubles(self.database.path)
        if self.database.shared:
            self.copies = OtherCopies(self.database.run, self.latest)
        self.replays = Shelf(self.config.recordings.largest_mb * 1e6)
        self.tokens = Tokens(self.database)
        said = self.config.accounts
        minute_ms = 60_000
        self.limits = Limits(
            idle_ms=said.idle_min * minute_ms,
            absolute_ms=said.absolute_min * minute_ms,
            lock_ms=said.lock_after_min * minute_ms,
            fresh_ms=said.reauthenticated_min * minute_ms,
        )
        self.session_rate = Rate(said.session_per_min)
        self.token_rate = Rate(said.token_per_min)
        self.address_rate = Rate(said.address_per_min)

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

    async def bearer(self, token: str, now_ms: int) -> Bearer | None:
        """Return whose a token is now."""
        bearer = self.tokens.known(token)
        if (bearer is None or not bearer.holds(now_ms)) and token:
            bearer = await run_in_threadpool(self.tokens.look_up, token, now_ms)
        return bearer

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
        self.hub.live(payloads.live(lane_id, new))
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
