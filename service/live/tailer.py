"""Reads new events from the table as soon as they are committed, and puts each before the booths once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from service.live.hub import MOST_WAITING
from service.store.errors import StoreUnavailable
from service.store.events import StoredEvent

PAGE = MOST_WAITING // 4  # readers take what waits between two pages
LOOK_S = 1.0
AGAIN_S = 0.5

log = logging.getLogger("lorryscan.service")


async def tail(
    woken: asyncio.Event,
    read: Callable[[int, int], Awaitable[Sequence[StoredEvent]]],
    publish: Callable[[StoredEvent], None],
    last: int,
    looked: Callable[[], None],
) -> None:
    """Publish every event after ``last``, until cancelled; ``looked`` is called after each look.

    Woken by each commit; it looks once a second by itself too.
    """
    while True:
        woken.clear()
        try:
            page = await read(last, PAGE)
        except StoreUnavailable as error:
            log.error("events cannot be read: %s", error)
            await asyncio.sleep(AGAIN_S)
            continue
        for stored in page:
            publish(stored)
            last = stored.sequence
        looked()
        if not page:
            try:
                async with asyncio.timeout(LOOK_S):
                    await woken.wait()
            except TimeoutError:
                pass
