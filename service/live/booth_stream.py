"""One booth's stream: what it missed from the table, then what comes, without gap or double."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from service.live import payloads
from service.live.hub import Hub, Reader
from service.store.events import StoredEvent

FURTHEST_BEHIND = 5000
PAGE = 200


async def booth_stream(
    hub: Hub,
    reader: Reader,
    after: int | None,
    hello: Callable[[int], bytes],
    newest: Callable[[], Awaitable[int]],
    read: Callable[[int, int], Awaitable[Sequence[StoredEvent]]],
    encoded: Callable[[StoredEvent], bytes],
) -> AsyncGenerator[bytes, None]:
    """Give the bytes of a stream that begins after event ``after``; None: with what comes from now on.

    ``read(after, limit)`` reads the table, ``newest()`` its newest sequence.
    """
    yield hello(hub.sequence)
    last = hub.sequence
    if after is not None:
        last = await newest()
        # ahead of the table: it was put back from a copy, and what the page holds is not ours
        if after > last or last - after > FURTHEST_BEHIND:
            yield payloads.reset()
        else:
            last = after
    while last < hub.sequence and reader.ending is None and not reader.cut:
        page = await read(last, PAGE)
        if page:
            last = page[-1].sequence
            yield b"".join([encoded(stored) for stored in page]) + reader.take_heartbeat()
        else:
            last = hub.sequence
    reader.follow(last)  # no await since the comparison: nothing was published in between
    while not reader.cut:
        if waiting := reader.take():
            yield waiting
        if reader.ending is not None:
            yield payloads.bye(reader.ending)
            return
        await reader.wake.wait()
        reader.wake.clear()
