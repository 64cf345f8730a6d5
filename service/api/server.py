"""The HTTP server around the application: uvicorn, told when to say goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

GRACE_S = 2
PEER_GONE_MS = 10_000
LOOK_S = 5.0
HEAD_LOOKS = 2
BODY_LOOKS = 6


class BoothProtocol(H11Protocol):
    """Lets the application close a connection at once, and ends those whose far end is gone or dawdles.

    A pulled cable says nothing: without a limit the kernel tries for a quarter of an hour, and the
    officer's session would live on. Who opens connections and asks nothing, or sends a request a letter
    at a time, would take every file descriptor: a head has about 15 s to come, a body 35 s.
    """

    _looking: asyncio.TimerHandle | None = None
    _looked_at: tuple[object, object] = (None, None)
    _looks = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}
        connection = transport.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):
                # asyncio does so only for sockets that were made with their protocol's number: without it
                # the second packet of an answer waits 40 ms for the first one's acknowledgement
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PEER_GONE_MS)
        self._looking = self.loop.call_later(LOOK_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """End the connection when the same part of the same request has been awaited for too long."""
        now = self.conn.their_state, self.cycle
        self._looks = self._looks + 1 if now == self._looked_at else 0
        self._looked_at = now
        begun = self.cycle is None or bool(self.conn.trailing_data[0])  # else keep-alive has its own limit
        head_late = now[0] is h11.IDLE and begun and self._looks >= HEAD_LOOKS
        body_late = now[0] is h11.SEND_BODY and self._looks >= BODY_LOOKS
        if head_late or body_late:
            self.transport.abort()
        else:
            self._looking = self.loop.call_later(LOOK_S, self._look)


class BoothServer(uvicorn.Server):
    """A server that says goodbye on every open stream before it waits for them to end.

    Parameters
    ----------
    app : the application; goodbye : called on the event loop when the server is to end;
    options : further settings of `uvicorn.Config`, for example for TLS.
    """

    def __init__(self, app: Any, goodbye: Callable[[], None], **options: Any) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=BoothProtocol,
                ws="none",
                loop="asyncio",
                lifespan="on",
                timeout_graceful_shutdown=GRACE_S,
                timeout_keep_alive=30,
                server_header=False,
                proxy_headers=False,  # an address that a client writes itself is worth nothing
                access_log=False,
                log_config=None,
                **options,
            )
        )
        self._goodbye = goodbye

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: streams first, then the connections, then the application."""
        self._goodbye()
        await super().shutdown(sockets)
