"""Opens wires by URL: local serial ports and RFC 2217 through pyserial, TCP and UDP on sockets.

TCP has its own link because pyserial's ``socket://`` throws away what the device
says on connecting (a HELLO), waits 0.3 s in ``close`` and leaks the descriptor
when the peer went first.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import serial

from drivers.api import ConfigError, DeviceLost, DeviceOpenError, Direction, Link
from drivers.shared_line import SHARED_LINES

READ_WAIT_S = 0.2
"""Longest wait of one read: a pty's read without a limit stays blocked after close."""

CONNECT_WAIT_S = 2.0
WRITE_WAIT_S = 1.0

Tap: TypeAlias = Callable[[Direction, bytes], None]


class PortLinks:
    """Opens local ports, ``socket://``, ``rfc2217://`` and ``udp://`` as `Link`.

    Parameters
    ----------
    tap : called with every chunk that was read or written, as it crossed the wire.
    """

    def __init__(self, tap: Tap | None = None) -> None:
        self._tap = tap

    def open(self, url: str, *, shared: bool = False, **settings: Any) -> Link:
        """Open a link; see `drivers.api.LinkOpener.open`.

        Raises
        ------
        DeviceOpenError : the port is missing or busy, the connection refused.
        ConfigError : the URL names no kind of wire that is known, or another
            device has the shared line open with other settings.
        """
        link: Link
        if shared:
            # TCP ignores line settings, so they need not agree.
            agreed = {} if url.startswith("socket://") else settings
            link = SHARED_LINES.open(url, agreed, lambda: _open_wire(url, settings))
        else:
            link = _open_wire(url, settings)
        return link if self._tap is None else TappedLink(link, self._tap, late=shared)


def _open_wire(url: str, settings: dict[str, Any]) -> Link:
    if url.startswith("socket://"):
        return TcpLink(*_host_and_port(url))
    if url.startswith("udp://"):
        peer = settings.get("peer", "")
        return UdpLink(*_host_and_port(url), peer=_host_and_port(f"udp://{peer}") if peer else None)
    return SerialLink(url, **settings)


class TappedLink:
    """A link whose every byte is shown to a tap.

    Parameters
    ----------
    link : the link.
    tap : called with what was read and written.
    late : call the tap when the turn has ended. A tap may wait for the lane's
        recorder; meanwhile nobody else on a shared line should wait for us.
    """

    def __init__(self, link: Link, tap: Tap, late: bool = False) -> None:
        self._link = link
        self._tap = tap
        self._late = late
        self._seen: list[tuple[Direction, bytes]] = []

    def read(self, size: int = 65536) -> bytes:
        data = self._link.read(size)
        if data:
            self._show(Direction.RX, data)
        return data

    def write(self, data: bytes) -> None:
        self._link.write(data)
        self._show(Direction.TX, bytes(data))

    def discard_input(self) -> None:
        self._link.discard_input()

    @contextmanager
    def turn(self) -> Iterator[None]:
        try:
            with self._link.turn():
                yield
        finally:
            seen, self._seen = self._seen, []
            for direction, data in seen:
                self._tap(direction, data)

    def close(self) -> None:
        self._link.close()

    def _show(self, direction: Direction, data: bytes) -> None:
        if self._late:
            self._seen.append((direction, data))
        else:
            self._tap(direction, data)


class OwnWire:
    """Base of links that one device has to itself: its turn never ends."""

    def turn(self) -> AbstractContextManager[None]:
        """Return at once; see `drivers.api.Link.turn`."""
        return nullcontext()


class SerialLink(OwnWire):
    """A local serial port, held exclusively, or an RFC 2217 port server."""

    def __init__(self, url: str, **settings: Any) -> None:
        self._url = url
        self._remote = "://" in url
        extra = {} if self._remote else {"exclusive": True, "write_timeout": WRITE_WAIT_S}
        try:
            self._port = serial.serial_for_url(url, timeout=READ_WAIT_S, **extra, **settings)
        except (serial.SerialException, OSError) as error:
            raise DeviceOpenError(_why_not_open(url, error)) from error
        except ValueError as error:
            raise ConfigError(f"{url} cannot be opened with {settings}: {error}") from error

    def read(self, size: int = 65536) -> bytes:
        try:
            if self._remote:
                first: bytes = self._port.read(1)
                if not first or size == 1:
                    return first
                waiting = min(self._port.in_waiting, size - 1)
                return first + self._port.read(waiting) if waiting else first
            # pyserial's own read costs three times as much: adapters hand over few bytes at a time
            if not select.select([self._port.fd], [], [], READ_WAIT_S)[0]:
                return b""
            data = os.read(self._port.fd, size)
        except BlockingIOError:  # somebody discarded what had come
            return b""
        except (serial.SerialException, OSError, TypeError) as error:
            # TypeError: a port that another thread has just closed has no descriptor.
            raise self._lost(error) from error
        if not data:
            raise self._lost(OSError("it hung up"))
        return data

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except (serial.SerialException, OSError, TypeError) as error:
            raise self._lost(error) from error

    def discard_input(self) -> None:
        try:
            self._port.reset_input_buffer()
        except Exception as error:  # termios.error is no OSError
            raise self._lost(error) from error

    def close(self) -> None:
        # pyserial's RFC 2217 client forgets to close its socket when the peer went first.
        connection = getattr(self._port, "_socket", None)
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.close()
        if connection is not None:
            connection.close()

    def _lost(self, error: Exception) -> DeviceLost:
        if self._remote:
            return DeviceLost(f"the connection to {self._url} broke ({error}): check network and port server")
        return DeviceLost(f"the port {self._url} is gone: check that its plug is in")


class TcpLink(OwnWire):
    """A TCP connection; a peer that closes is a device that is lost."""

    def __init__(self, host: str, port: int) -> None:
        self._name = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), CONNECT_WAIT_S)
        except TimeoutError as error:
            raise DeviceOpenError(
                f"{self._name} does not answer within {CONNECT_WAIT_S:g} s: check power, cable and address"
            ) from error
        except ConnectionRefusedError as error:
            raise DeviceOpenError(
                f"{self._name} refuses the connection: check that the device is on, that the port number "
                "is right and that no other program is connected to it"
            ) from error
        except OSError as error:
            raise DeviceOpenError(f"{self._name} cannot be reached ({error}): check the address") from error
        self._socket.settimeout(READ_WAIT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A pulled network cable ends no connection by itself: let the kernel ask.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", 1), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, option):
                self._socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def read(self, size: int = 65536) -> bytes:
        try:
            data = self._socket.recv(size)
        except TimeoutError:
            return b""
        except OSError as error:
            raise self._lost(str(error)) from error
        if not data:
            raise self._lost("the far end closed it")
        return data

    def write(self, data: bytes) -> None:
        try:
            self._socket.settimeout(WRITE_WAIT_S)
            self._socket.sendall(data)
            self._socket.settimeout(READ_WAIT_S)
        except OSError as error:
            raise self._lost(str(error)) from error

    def discard_input(self) -> None:
        try:
            self._socket.settimeout(0.0)
            while self._socket.recv(65536):
                pass
        except BlockingIOError:
            self._socket.settimeout(READ_WAIT_S)
            return
        except OSError as error:
            raise self._lost(str(error)) from error
        raise self._lost("the far end closed it")

    def close(self) -> None:
        self._socket.close()

    def _lost(self, why: str) -> DeviceLost:
        return DeviceLost(
            f"the connection to {self._name} is gone ({why}): check the device's power and cable"
        )


class UdpLink(OwnWire):
    """A bound UDP socket: one datagram a read; what is written goes to the peer, else to the last sender.

    Parameters
    ----------
    host, port : address of this computer to listen on; port 0 takes a free one.
    peer : host and port of who has to be asked before he sends.
    """

    def __init__(self, host: str, port: int, peer: tuple[str, int] | None = None) -> None:
        self._name = f"UDP port {port}"
        self._sender: Any = None
        self._peer = peer
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            mend = (
                "another program listens there: close it, or give the device another port"
                if error.errno == errno.EADDRINUSE
                else f"{error}: check that {host or 'the address'} belongs to this computer"
            )
            raise DeviceOpenError(f"cannot listen on {self._name}: {mend}") from error
        # Bursts wait in the kernel while the reader is busy; the default holds about 200 small packets.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.settimeout(READ_WAIT_S)

    def read(self, size: int = 65536) -> bytes:
        try:
            data, self._sender = self._socket.recvfrom(max(size, 65536))
        except TimeoutError:
            return b""
        except OSError as error:
            raise DeviceLost(f"{self._name} failed ({error}): check the network interface") from error
        return data

    def write(self, data: bytes) -> None:
        to = self._peer or self._sender
        if to is None:
            raise DeviceLost(f"nobody has sent to {self._name} yet, so nobody can be answered")
        try:
            self._socket.sendto(data, to)
        except OSError as error:
            raise DeviceLost(f"{self._name} cannot send ({error}): check the network") from error

    def discard_input(self) -> None:
        self._socket.settimeout(0.0)
        try:
            while True:
                self._socket.recvfrom(65536)
        except BlockingIOError:
            self._socket.settimeout(READ_WAIT_S)
        except OSError as error:
            raise DeviceLost(f"{self._name} failed ({error}): check the network interface") from error

    def close(self) -> None:
        self._socket.close()


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{url} has no usable port number: {error}") from error
    if port is None:
        raise ConfigError(f"{url} lacks a port number: write {parts.scheme}://host:port")
    return parts.hostname or "", port


def _why_not_open(url: str, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if "://" in url:
        return f"{url} cannot be opened ({error}): check the port server's power, address and RFC 2217 mode"
    if code == errno.ENOENT:
        return f"there is no port {url}: check that the adapter is plugged in and how it is called"
    if code in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
        return f"{url} is held by another program: close the other lane or terminal program that uses it"
    if code in (errno.EACCES, errno.EPERM):
        return f"{url} may not be opened by this user: add the user to the port's group (often dialout)"
    if code in (errno.EIO, errno.ENXIO, errno.ENODEV):
        return f"the device behind {url} is gone: check that its plug is in"
    return f"{url} cannot be opened as a serial port ({error}): check that it names one"
