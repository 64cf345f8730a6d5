"""What goes on beside the requests: events told, heartbeats, silence, late alerts, what ends."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection

from scanner.lane.wire import Live
from service.api import access
from service.api.context import Service, now_ms
from service.live import payloads
from service.live.tailer import tail
from service.live.troubles import Trouble
from service.resources import Lane
from service.store import (
    accounts,
    alerts,
    audit,
    commands,
    events,
    latest_values,
    request_keys,
    retention,
    tokens,
    vehicles,
)
from service.store.clock import store_now_ms
from service.store.errors import StoreUnavailable
from service.store.events import StoredEvent
from service.store.postgres_database import PostgresDatabase
from service.store.tokens import token_sha256

SILENCE_LOOK_S = 0.25
TROUBLES_LOOK_S = 1.0
WRITE_LATE_S = 3.0
EXPIRY_LOOK_S = 0.25
FORGET_S = 600.0
ALERT_TIMERS_LOOK_S = 0.5
SESSIONS_LOOK_S = 2.0
TOUCH_S = 30.0
RETENTION_EVERY_S = 24 * 3600.0

log = logging.getLogger("lorryscan.service")


@contextlib.asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """Have all of it go on while the service runs."""
    service.loop = asyncio.get_running_loop()
    service.hub.sequence = await service.reading(events.newest)
    woken = asyncio.Event()
    service.database.on_events(lambda _: service.on_loop(woken.set))
    tasks = [
        asyncio.create_task(each)
        for each in (
            _lasting(service, "events", lambda: _tell(service, woken)),
            _lasting(service, "heartbeats", lambda: _heartbeats(service)),
            _lasting(service, "troubles", lambda: _troubles(service)),
            _lasting(service, "silence", lambda: _silence(service)),
            _lasting(service, "expiry", lambda: _expiry(service)),
            _lasting(service, "alert timers", lambda: _alert_timers(service)),
            _lasting(service, "sessions", lambda: _sessions(service)),
            _lasting(service, "retention", lambda: _retention(service)),
            *_with_other_copies(service),
        )
    ]
    service.checkpoints.start()
    try:
        yield
    finally:
        service.shut_down()
        service.replays.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await _touch(service)
        await run_in_threadpool(service.checkpoints.stop)
        service.loop = None


def _with_other_copies(service: Service) -> list[Coroutine[Any, Any, None]]:
    """Return what passes live views between copies; nothing where this is the only one."""
    database, copies = service.database, service.copies
    if not isinstance(database, PostgresDatabase) or copies is None:
        return []

    def put(values: dict[tuple[str, str], latest_values.Value | None]) -> None:
        with database.telemetry() as c:
            latest_values.put(c, database.run, values)

    def show(lane_id: str, view: Live | None) -> None:
        service.heard(lane_id)
        if view is not None:
            service.show(lane_id, view)

    database.on_live(lambda note: service.on_loop(lambda: copies.told(note)))
    return [
        _lasting(
            service, "telling copies", lambda: copies.tell(lambda values: run_in_threadpool(put, values))
        ),
        _lasting(
            service,
            "hearing copies",
            lambda: copies.listen(
                lambda lane_id, parts: service.reading(lambda c: latest_values.get(c, lane_id, parts)), show
            ),
        ),
    ]


async def _lasting(service: Service, name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Begin again what failed: a booth must not go quiet because one look went wrong."""
    while True:
        try:
            await work()
        except StoreUnavailable as error:  # one line: it comes twice a second while the disk is full
            service.metrics.failures.labels(name).inc()
            log.error("%s: %s", name, error)
        except Exception:
            service.metrics.failures.labels(name).inc()
            log.exception("%s failed and begins again", name)
        await asyncio.sleep(0.5)


async def _tell(service: Service, woken: asyncio.Event) -> None:
    def publish(stored: StoredEvent) -> None:
        if stored.kind == "lane":
            lane = Lane.model_validate_json(stored.data)
            service.tokens.changed()  # perhaps by another copy
            if lane.revoked:
                service.latest.forget(lane.id)
            service.links.wake()  # one whose token is dead ends
        service.hub.publish(stored.sequence, service.encoded(stored))
        service.metrics.events.labels(stored.kind).inc()
        if stored.kind == "command":
            state = json.loads(stored.data)["state"]
            if state in ("done", "refused", "expired"):
                service.metrics.commands.labels(state).inc()
            service.links.wake()

    def looked() -> None:
        service.troubles.tail_s = time.monotonic()

    await tail(
        woken,
        lambda after, limit: service.reading(lambda c: events.after(c, after, limit)),
        publish,
        service.hub.sequence,
        looked,
    )


async def _heartbeats(service: Service) -> None:
    clock = asyncio.get_running_loop().time
    at_s = clock()
    while True:
        service.hub.heartbeat(payloads.heartbeat(now_ms(), service.hub.sequence, service.troubles.now()))
        at_s += payloads.HEARTBEAT_S
        if at_s < clock():  # the machine slept: begin anew rather than send all that were missed
            at_s = clock() + payloads.HEARTBEAT_S
        await asyncio.sleep(at_s - clock())


async def _troubles(service: Service) -> None:
    while True:
        await _try_a_write(service)
        step_s = service.troubles.look()
        if step_s:
            log.error("the clock of this machine was set by %+.0f s: check its time service", step_s)
            await service.writing(functools.partial(_note_step, step_s=step_s, run=service.database.run))
        await asyncio.sleep(TROUBLES_LOOK_S)


async def _try_a_write(service: Service) -> None:
    trying = asyncio.create_task(run_in_threadpool(service.database.check_writes))
    _, late = await asyncio.wait({trying}, timeout=WRITE_LATE_S)
    if late:
        service.troubles.store = f"a write to {service.database.name} takes over {WRITE_LATE_S:.0f} s"
    try:
        await trying
    except StoreUnavailable as error:
        service.troubles.store = str(error)
    else:
        service.troubles.store = ""


def _note_step(c: Connection, step_s: float, run: str) -> None:
    audit.append(c, audit.SERVICE, "clock_stepped", run, {"by_s": round(step_s, 1)}, now_ms())


async def _silence(service: Service) -> None:
    while True:
        for lane_id in service.latest.fell_silent():
            service.hub.announce(payloads.lane(service.latest.lane(lane_id)))
            service.metrics.events.labels("lane").inc()
        await asyncio.sleep(SILENCE_LOOK_S)


async def _expiry(service: Service) -> None:
    forgot_s = time.monotonic()
    while True:
        if await service.reading(lambda c: commands.any_too_old(c, now_ms())):
            await service.writing(lambda c: commands.expire(c, now_ms()))
        if time.monotonic() - forgot_s > FORGET_S:
            forgot_s = time.monotonic()
            await service.writing(lambda c: request_keys.forget_old(c, now_ms()))
        if await service.reading(lambda c: vehicles.any_overdue(c, now_ms())):
            await service.writing(lambda c: vehicles.expire(c, now_ms()))
        await asyncio.sleep(EXPIRY_LOOK_S)


async def _retention(service: Service) -> None:
    while True:
        while Trouble.CLOCK_STEPPED in service.troubles.now():  # what is old by a wrong clock is not old
            await asyncio.sleep(60)
        asked, now = service.config.privacy, now_ms()
        due = await service.reading(functools.partial(retention.due, asked=asked, now_ms=now))
        await run_in_threadpool(retention.carry_out, service.database, due, now)
        await asyncio.sleep(RETENTION_EVERY_S)


async def _alert_timers(service: Service) -> None:
    limits = service.config.alerts
    while True:
        if await service.reading(lambda c: alerts.any_run_out(c, limits, store_now_ms(c))):
            for what, alert in await service.writing(lambda c: alerts.carry_out(c, limits, store_now_ms(c))):
                service.metrics.alert_timers.labels(what.value, alert.state.value).inc()
        await asyncio.sleep(ALERT_TIMERS_LOOK_S)


async def _sessions(service: Service) -> None:
    touched_s = time.monotonic()
    while True:
        service.sessions_changed.clear()
        open_now = service.hub.sessions()
        if open_now:
            held = await service.reading(functools.partial(_held, open_now=open_now, limits=service.limits))
            service.hub.end(open_now - held.keys())
            for token, session in held.items():
                service.hub.say_locked(token, session.locked, payloads.me(access.me(session)))
        service.links.wake()  # an order that a failing disk held back
        if time.monotonic() - touched_s > TOUCH_S:
            touched_s = time.monotonic()
            await _touch(service)
        try:
            async with asyncio.timeout(SESSIONS_LOOK_S):
                await service.sessions_changed.wait()
        except TimeoutError:
            pass


def _held(c: Connection, open_now: set[str], limits: accounts.Limits) -> dict[str, accounts.Session]:
    now = now_ms()
    found = {token: accounts.session(c, token, now, limits) for token in open_now}
    return {token: session for token, session in found.items() if session is not None}


async def _touch(service: Service) -> None:
    used = service.sessions_used | {token_sha256(token) for token in service.hub.sessions()}
    service.sessions_used.clear()
    of_tokens, service.tokens_used = service.tokens_used, {}

    def note(c: Connection) -> None:
        accounts.touch(c, used, now_ms(), service.limits)
        tokens.used(c, of_tokens)

    if used or of_tokens:
        await service.writing(note)
