"""The HTTP server around the application: uvicorn, told when to say goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

GRACE_S = 2
PEER_GONE_MS = 10_000


class BoothProtocol(H11Protocol):
    """Lets the application close a connection at once, and ends those whose far end is gone.

    A pulled cable says nothing: without a limit the kernel tries for a quarter of an hour, and the
    officer's session would live on.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}
        connection = transport.get_extra_info("socket")
        if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PEER_GONE_MS)


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
