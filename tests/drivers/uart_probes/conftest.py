"""Fixtures: a wire of each kind, the next sample, and a port server that speaks RFC 2217."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import serial
import serial.rfc2217

from drivers.api import Device, Quantity, Sample
from drivers.twins.ports import PtyPort, TcpPort, WirePort


@pytest.fixture(params=["pty", "tcp"])
def port(request: pytest.FixtureRequest) -> WirePort:
    return PtyPort() if request.param == "pty" else TcpPort()


@pytest.fixture
def next_sample() -> Callable[..., Sample]:
    """Read until there is a sample of a quantity that fulfils a condition."""

    def read_on(
        device: Device[Any],
        quantity: Quantity = Quantity.CO2_PPM,
        such: Callable[[Sample], bool] = lambda sample: True,
    ) -> Sample:
        end = time.monotonic() + 8
        while time.monotonic() < end:
            for reading in device.read():
                if isinstance(reading, Sample) and reading.quantity is quantity and such(reading):
                    return reading
        pytest.fail(f"no such sample of {quantity} within 8 s")

    return read_on


class PtySerial(serial.Serial):
    """A pty as a port: it has no modem lines to set."""

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass

    cts = dsr = ri = cd = False


class Negotiation:
    """What pyserial's server side wants to write its negotiation to."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)


@pytest.fixture
def served() -> Iterator[Callable[[PtyPort], tuple[str, serial.Serial]]]:
    """Put pyserial's own RFC 2217 server before a pty; returns its URL and the line that it holds."""
    ending = threading.Event()
    threads: list[threading.Thread] = []

    def serve(server: socket.socket, line: serial.Serial) -> None:
        with server, line:
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

    def start(port: PtyPort) -> tuple[str, serial.Serial]:
        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(8)
        line = PtySerial(port.url, timeout=0)
        threads.append(threading.Thread(target=serve, args=(server, line)))
        threads[-1].start()
        return f"rfc2217://127.0.0.1:{server.getsockname()[1]}", line

    yield start
    ending.set()
    for thread in threads:
        thread.join()
