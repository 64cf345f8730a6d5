"""Fixtures: pymodbus's serial server as the far end, reached over a pty, over TCP and over RFC 2217."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import serial
import serial.rfc2217
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import SimDevice

from drivers.twins.ports import PtyPort, TcpPort, WirePort


class Rfc2217Port(TcpPort):
    """A serial port server: pyserial's own RFC 2217 side before the wire."""

    def __init__(self) -> None:
        super().__init__()
        self._served = 0
        self._settings = serial.serial_for_url("loop://")

    @property
    def url(self) -> str:
        return super().url.replace("socket://", "rfc2217://")

    def write_negotiation(self, data: bytes) -> None:
        super()._send(data)

    def _wait(self, timeout_s: float) -> bytes:
        data = super()._wait(timeout_s)
        if self.connections > self._served:
            self._served = self.connections
            self._manager = serial.rfc2217.PortManager(self._settings, Telnet(self))
        return b"".join(self._manager.filter(data)) if data else b""

    def _send(self, data: bytes) -> int:
        super()._send(b"".join(self._manager.escape(data)))
        return len(data)


class Telnet:
    """Where pyserial's server side writes its negotiation to."""

    def __init__(self, port: Rfc2217Port) -> None:
        self.write = port.write_negotiation


@contextmanager
def pumped(near: WirePort, far: WirePort) -> Iterator[None]:
    """Join two ports back to back: what goes into one comes out of the other."""
    ending = threading.Event()

    def pump(source: WirePort, drain: WirePort) -> None:
        while not ending.is_set():
            data = source.read(0.02)
            if data:
                drain.write(data)

    threads = [threading.Thread(target=pump, args=pair) for pair in ((near, far), (far, near))]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


@contextmanager
def serving(port: str, device: SimDevice, **settings: Any) -> Iterator[None]:
    """Run pymodbus's serial server on a port in its own thread."""
    ready, ending = threading.Event(), threading.Event()

    async def serve() -> None:
        server = ModbusSerialServer(device, framer=FramerType.RTU, port=port, **settings)
        await server.serve_forever(background=True)
        ready.set()
        while not ending.is_set():
            await asyncio.sleep(0.01)
        await server.shutdown()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        ending.set()
        thread.join()


@pytest.fixture
def far_end(wire: type[WirePort], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Start pymodbus's server behind a wire; returns the URL that a driver opens."""
    # on a busy machine it may take longer than a probe
    monkeypatch.setattr("drivers.devices.modbus_line.ANSWER_LIMIT_S", 3.0)
    with ExitStack() as stack:

        def start(device: SimDevice, **settings: Any) -> str:
            near, far = wire(), PtyPort()
            stack.callback(near.close)
            stack.callback(far.close)
            stack.enter_context(pumped(near, far))
            stack.enter_context(serving(far.url, device, **settings))
            return near.url

        yield start


@pytest.fixture(params=[PtyPort, TcpPort, Rfc2217Port], ids=["pty", "socket", "rfc2217"])
def wire(request: pytest.FixtureRequest) -> type[WirePort]:
    """Class of the wire to the far end."""
    return request.param
