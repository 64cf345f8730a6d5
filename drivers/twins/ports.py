"""The far end of a wire: a pty, a TCP server or a UDP sender that can be unplugged.

A port drops what nobody reads, as a wire without flow control does, and counts it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import threading
import time
import tty
from abc import ABC, abstractmethod
from pathlib import Path

_SLICE_S = 0.02  # a wait holds the lock for no longer, so that unplug acts at once
_FULL_WAIT_S = 0.2  # how long a write waits for a reader who is there but slow


class WirePort(ABC):
    """One end of a wire, held by a twin; the driver opens ``url``.

    Safe to use from two threads: one reads and writes, another unplugs.
    ``connections`` counts clients that connected (TCP alone can see them);
    ``bytes_dropped`` counts what was sent and nobody took.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pulled = False
        self.connections = 0
        self.bytes_dropped = 0

    @property
    @abstractmethod
    def url(self) -> str:
        """What a driver opens to reach this port."""

    @abstractmethod
    def _wait(self, timeout_s: float) -> bytes:
        """Return what has arrived within ``timeout_s``; called with the lock held."""

    @abstractmethod
    def _send(self, data: bytes) -> int:
        """Send what can be sent and return how much; called with the lock held."""

    @abstractmethod
    def _plug(self) -> None:
        """Make the wire; called with the lock held."""

    @abstractmethod
    def _pull(self) -> None:
        """Break the wire; a second call does nothing; called with the lock held."""

    def read(self, timeout_s: float) -> bytes:
        """Return what the host sent, waiting at most ``timeout_s``; empty when nothing came."""
        end = time.monotonic() + timeout_s
        while True:
            left = end - time.monotonic()
            if self._pulled:
                time.sleep(max(0.0, min(left, _SLICE_S)))
            else:
                with self._lock:
                    data = b"" if self._pulled else self._wait(max(0.0, min(left, _SLICE_S)))
                if data:
                    return data
            if left <= 0:
                return b""

    def write(self, data: bytes) -> None:
        """Send ``data``; what nobody takes is dropped and counted."""
        with self._lock:
            sent = 0 if self._pulled else self._send(data)
        self.bytes_dropped += len(data) - sent

    def unplug(self) -> None:
        """Pull the plug: the host's end hangs up and cannot be opened until `replug`."""
        self._pulled = True  # first, so that a reading thread lets go of the lock
        with self._lock:
            self._pull()

    def replug(self) -> None:
        """Put the plug in again, under the same URL where the port has a stable name."""
        with self._lock:
            if self._pulled:
                self._plug()
                self._pulled = False

    def close(self) -> None:
        """Unplug for good; a second call does nothing."""
        self.unplug()


class PtyPort(WirePort):
    """A pseudo-terminal in raw mode: what a USB serial adapter looks like to the host.

    Parameters
    ----------
    link : symbolic link to make, as udev does under ``/dev/serial/by-id``; with it
        the URL stays the same over `unplug` and `replug`, without it a replugged
        port has a new name.
    """

    def __init__(self, link: Path | None = None) -> None:
        super().__init__()
        self._link = link
        self._far = self._near = -1
        self._name = ""
        self._blocked = False
        self._plug()

    @property
    def url(self) -> str:
        return str(self._link) if self._link is not None else self._name

    def _plug(self) -> None:
        self._far, self._near = os.openpty()
        tty.setraw(self._near)
        os.set_blocking(self._far, False)
        self._name = os.ttyname(self._near)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._name)

    def _pull(self) -> None:
        if self._far < 0:
            return
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        os.close(self._far)
        os.close(self._near)
        self._far = self._near = -1

    def _wait(self, timeout_s: float) -> bytes:
        if not select.select([self._far], [], [], timeout_s)[0]:
            return b""
        try:
            return os.read(self._far, 65536)
        except BlockingIOError:
            return b""

    def _send(self, data: bytes) -> int:
        sent = 0
        end = time.monotonic() + (0.0 if self._blocked else _FULL_WAIT_S)
        while sent < len(data):
            try:
                sent += os.write(self._far, data[sent:])
                if self._blocked:  # somebody reads again: the rest may wait for him
                    self._blocked = False
                    end = time.monotonic() + _FULL_WAIT_S
            except BlockingIOError:
                # Nobody reads: wait once, then not again before somebody does, or a
                # twin without a host would lose its pace.
                left = end - time.monotonic()
                if left <= 0 or not select.select([], [self._far], [], left)[1]:
                    self._blocked = True
                    break
        return sent


class TcpPort(WirePort):
    """A TCP server on 127.0.0.1 that serves one client at a time; others wait their turn.

    Parameters
    ----------
    port : port number; 0 takes a free one and keeps it over `replug`.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self._port = port
        self._server: socket.socket | None = None
        self._client: socket.socket | None = None
        self._plug()

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self._port}"

    def _plug(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self._port), backlog=1)
        self._server.setblocking(False)
        self._port = self._server.getsockname()[1]

    def _pull(self) -> None:
        self._drop_client()
        if self._server is not None:
            self._server.close()
            self._server = None

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _wait(self, timeout_s: float) -> bytes:
        if self._client is not None:
            if not select.select([self._client], [], [], timeout_s)[0]:
                return b""
            try:
                data = self._client.recv(65536)
            except BlockingIOError:
                return b""
            except OSError:
                data = b""
            if not data:
                self._drop_client()
            return data
        if self._server is not None and select.select([self._server], [], [], timeout_s)[0]:
            with contextlib.suppress(BlockingIOError, ConnectionError):
                self._client, _ = self._server.accept()
                self._client.setblocking(False)
                self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
        return b""

    def _send(self, data: bytes) -> int:
        sent = 0
        end = time.monotonic() + _FULL_WAIT_S
        while self._client is not None and sent < len(data):
            try:
                sent += self._client.send(data[sent:])
            except BlockingIOError:
                left = end - time.monotonic()
                if left <= 0 or not select.select([], [self._client], [], left)[1]:
                    break
            except OSError:
                self._drop_client()
        return sent


class UdpPort(WirePort):
    """Sends datagrams to where a driver listens; each `write` is one datagram.

    Parameters
    ----------
    host, port : where the driver binds; port 0 chooses one that is free now.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__()
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        if port == 0:
            with socket.socket(self._family, socket.SOCK_DGRAM) as probe:
                probe.bind((host, 0))
                port = probe.getsockname()[1]
        self._target = (host, port)
        self._socket: socket.socket | None = None
        self._plug()

    @property
    def url(self) -> str:
        host, port = self._target
        return f"udp://[{host}]:{port}" if ":" in host else f"udp://{host}:{port}"

    def _plug(self) -> None:
        self._socket = socket.socket(self._family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def _pull(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _wait(self, timeout_s: float) -> bytes:
        if self._socket is None or not select.select([self._socket], [], [], timeout_s)[0]:
            return b""
        try:
            return self._socket.recv(65536)
        except OSError:  # nobody listens: the kernel reports the answer "port unreachable" here
            return b""

    def _send(self, data: bytes) -> int:
        if self._socket is None:
            return 0
        try:
            return self._socket.sendto(data, self._target)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise
            return 0
