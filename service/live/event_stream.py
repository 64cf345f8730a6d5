"""An answer of server-sent events: written as it comes, and given up when the far end does not read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.live.hub import SEND_LIMIT_S


def aborting(scope: Scope) -> Callable[[], None]:
    """Return what closes a request's connection at once; see `service.api.server.BoothProtocol`."""
    abort: Callable[[], None] = scope.get("state", {}).get("abort", lambda: None)
    return abort


class EventStream(Response):
    """Sends what a generator gives until it ends, the client goes, or does not read for 5 s.

    ``stuck`` is called then, and must end the connection.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        stuck: Callable[[], None],
        gone: Callable[[], None],
        status_code: int = 200,
    ) -> None:
        self._events = events
        self._stuck = stuck
        self._gone = gone
        self.status_code = status_code
        self.background = None
        self.body = b""
        # proxies are to neither keep it nor wait for its end
        self.raw_headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send until one side ends it."""
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            writing.cancel()
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving
            try:
                with contextlib.suppress(asyncio.CancelledError):
                    await writing
            finally:
                self._gone()

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with contextlib.aclosing(self._events) as events:
            async for payload in events:
                try:
                    async with asyncio.timeout(SEND_LIMIT_S):
                        await send({"type": "http.response.body", "body": payload, "more_body": True})
                except TimeoutError:
                    self._stuck()
                    return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
