"""The streams on which lanes get their orders: one a lane, woken as soon as there may be a new one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from scanner.lane.wire import OrderSent
from service.live import payloads


class Link:
    """One open order stream."""

    def __init__(self, lane_id: str) -> None:
        self.lane_id = lane_id
        self.ended = False
        self.wake = asyncio.Event()

    def end(self) -> None:
        """End it: the lane came back on another, its token is dead, or the service ends."""
        self.ended = True
        self.wake.set()


class LaneLinks:
    """Every open order stream. All of it happens on the event loop's thread."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}
        self.closing = False

    def __len__(self) -> int:
        return len(self._links)

    def open(self, lane_id: str) -> Link:
        """Add a lane's stream; the one it had before ends: its far end may be gone."""
        self.end(lane_id)
        link = self._links[lane_id] = Link(lane_id)
        if self.closing:
            link.end()
        return link

    def close(self, link: Link) -> None:
        """Take a stream out."""
        if self._links.get(link.lane_id) is link:
            del self._links[link.lane_id]

    def wake(self) -> None:
        """Have every stream look for orders."""
        for link in self._links.values():
            link.wake.set()

    def end(self, lane_id: str) -> None:
        """End a lane's stream."""
        if (link := self._links.get(lane_id)) is not None:
            link.end()

    def shut_down(self) -> None:
        """End every stream, and those that open from now on."""
        self.closing = True
        for link in self._links.values():
            link.end()


async def order_stream(
    link: Link,
    after: int,
    pending: Callable[[int], Awaitable[Sequence[tuple[int, OrderSent]]]],
    heartbeat: Callable[[], bytes],
) -> AsyncGenerator[bytes, None]:
    """Give the bytes of a lane's stream: the orders that wait after ``after``, each as soon as it is given.

    ``pending(after)`` reads them from the store and marks them as sent.
    """
    clock = asyncio.get_running_loop().time
    last, beat_at_s = after, clock()
    while not link.ended:
        link.wake.clear()
        for sequence, sent in await pending(last):
            yield payloads.order(sequence, sent)
            last = sequence
        while not link.ended and not link.wake.is_set():
            if clock() >= beat_at_s:
                yield heartbeat()
                beat_at_s = max(beat_at_s + payloads.HEARTBEAT_S, clock())
            try:
                async with asyncio.timeout_at(beat_at_s):
                    await link.wake.wait()
            except TimeoutError:
                pass
