"""Shared by the tests of FLIR's cameras: wires, drivers that are closed, reading until enough has come."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import serial
import serial.rfc2217

from drivers.api import Device, Reading
from drivers.twins.ports import PtyPort, TcpPort, WirePort


@pytest.fixture(params=["pty", "tcp"])
def port(request: pytest.FixtureRequest) -> WirePort:
    """A wire's far end."""
    return PtyPort() if request.param == "pty" else TcpPort()


@pytest.fixture
def opened() -> Iterator[Callable[[Device[Any]], Any]]:
    """Open a driver and close it after the test."""
    devices: list[Device[Any]] = []

    def open_it(device: Device[Any]) -> Device[Any]:
        devices.append(device)
        device.open()
        return device

    yield open_it
    for device in devices:
        device.close()


@pytest.fixture
def collect() -> Callable[..., list[Any]]:
    """Read until there are so many readings."""

    def read_on(device: Device[Any], count: int, deadline_s: float = 10.0) -> list[Reading]:
        readings: list[Reading] = []
        end = time.monotonic() + deadline_s
        while len(readings) < count:
            assert time.monotonic() < end, f"after {deadline_s} s there were only {len(readings)} readings"
            more: Sequence[Reading] = device.read()
            readings += more
        return readings[:count]

    return read_on


class ScriptedLink:
    """A wire that says what a test puts into it, one chunk a read; then nothing."""

    def __init__(self, *says: bytes) -> None:
        self.says = list(says)
        self.closed = False

    def open(self, url: str, **settings: Any) -> ScriptedLink:
        return self

    def read(self, size: int = 65536) -> bytes:
        return self.says.pop(0) if self.says else b""

    def write(self, data: bytes) -> None:
        pass

    def discard_input(self) -> None:
        pass

    def turn(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def scripted() -> type[ScriptedLink]:
    """Class of an opener whose link says given chunks."""
    return ScriptedLink


class PtySerial(serial.Serial):
    """A pty as a port: it has no modem lines to set."""

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass

    cts = dsr = ri = cd = False


class Negotiation:
    """What pyserial's server side writes its negotiation to."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)


@pytest.fixture
def port_server() -> Iterator[Callable[[PtyPort], str]]:
    """Put a pty behind pyserial's RFC 2217 server side; give its URL."""
    ending = threading.Event()
    threads: list[threading.Thread] = []

    def serve(server: socket.socket, line: serial.Serial) -> None:
        # the twin may end before the driver has hung up: then the pty is gone
        with contextlib.suppress(OSError), server, line:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(0.005)
                manager = serial.rfc2217.PortManager(line, Negotiation(connection))
                while not ending.is_set():
                    with contextlib.suppress(TimeoutError):
                        data = connection.recv(1024)
                        if not data:
                            return
                        line.write(b"".join(manager.filter(data)))
                    if line.in_waiting:
                        connection.sendall(b"".join(manager.escape(line.read(line.in_waiting))))

    def start(port: PtyPort) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(8)
        threads.append(threading.Thread(target=serve, args=(server, PtySerial(port.url, timeout=0))))
        threads[-1].start()
        return f"rfc2217://127.0.0.1:{server.getsockname()[1]}"

    yield start
    ending.set()
    for thread in threads:
        thread.join()
