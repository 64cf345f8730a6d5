"""Fixtures: drivers that are closed, reading on, scripted wires, a group of devices, port servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import serial

from drivers.api import ConnectionState, Device, DeviceState, Item, Link, Reading, Sample
from drivers.runner import DeviceGroup, DeviceSpec
from drivers.transport import PortLinks
from drivers.twins.ports import PtyPort
from drivers.twins.twin import Twin
from tests.drivers.port_server import serving


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition; fail with what was awaited when it does not come in time."""

    def wait(condition: Callable[[], Any], what: str, limit_s: float = 30.0) -> None:
        end = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"{what} did not happen within {limit_s} s")
            time.sleep(0.002)

    return wait


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
    """Read until ``enough(readings)``; fail when the deadline passes."""

    def read_on(
        device: Device[Any], enough: Callable[[list[Reading]], Any], deadline_s: float = 60.0
    ) -> list[Reading]:
        readings: list[Reading] = []
        end = time.monotonic() + deadline_s
        while not enough(readings):
            assert time.monotonic() < end, f"after {deadline_s} s there were only {len(readings)} readings"
            readings += device.read()
        return readings

    return read_on


@pytest.fixture
def patient_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a wire wait longer for a reader who is there but slow, as on a busy machine."""
    monkeypatch.setattr("drivers.twins.ports._FULL_WAIT_S", 2.0)


class ScriptedLinks:
    """Opens itself: a wire that says what a test puts into it, one chunk a read, and keeps what it hears."""

    def __init__(self, *says: bytes) -> None:
        self.says = list(says)
        self.heard: list[bytes] = []
        self.settings: dict[str, Any] = {}
        self.closed = False

    def open(self, url: str, **settings: Any) -> ScriptedLinks:
        self.settings = settings
        return self

    def read(self, size: int = 65536) -> bytes:
        return self.says.pop(0) if self.says else b""

    def write(self, data: bytes) -> None:
        self.heard.append(data)

    def discard_input(self) -> None:
        pass  # what it says is still to come

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def scripted() -> type[ScriptedLinks]:
    """Class of links that say given chunks."""
    return ScriptedLinks


class StartOnOpen(PortLinks):
    """Starts a twin when the driver has opened its end, so that nothing is sent to nobody."""

    def __init__(self, twin: Twin) -> None:
        super().__init__()
        self._twin = twin

    def open(self, url: str, **settings: Any) -> Link:
        link = super().open(url, **settings)
        self._twin.start()
        return link


@pytest.fixture
def start_on_open() -> type[StartOnOpen]:
    """Class of links that start a twin."""
    return StartOnOpen


@pytest.fixture
def port_server() -> Iterator[Callable[[serial.SerialBase], str]]:
    """Put a serial port server before a line; give its URL."""
    with ExitStack() as stack:
        yield lambda line: stack.enter_context(serving(line))


class Lane:
    """A running group whose items are taken as they come."""

    def __init__(self, group: DeviceGroup) -> None:
        self.group = group
        self.items: list[Item] = []
        self._taker = threading.Thread(target=self._take, name="test taker")
        self._taker.start()
        group.start()

    def _take(self) -> None:
        while (item := self.group.items.get()) is not None:
            self.items.append(item)

    def stop(self) -> list[str]:
        left = self.group.stop()
        self.group.items.put(None)  # type: ignore[arg-type]
        self._taker.join()
        return left

    def of(self, name: str, kind: type) -> list[Any]:
        return [item for item in list(self.items) if isinstance(item, kind) and item.stamp.sensor == name]

    def samples(self, name: str) -> list[Sample]:
        return self.of(name, Sample)

    def states(self, name: str) -> list[DeviceState]:
        return self.of(name, DeviceState)

    def is_in(self, name: str, state: ConnectionState) -> bool:
        """Tell whether this is a device's newest state, and has come through the queue as well."""
        told = self.states(name)
        return self.group.states()[name].state is state and bool(told) and told[-1].state is state

    def first_after(self, name: str, state: ConnectionState, mono_ns: int) -> DeviceState | None:
        """Return the first state of this kind that was published after a time."""
        for seen in self.states(name):
            if seen.state is state and seen.stamp.mono_ns >= mono_ns:
                return seen
        return None


@pytest.fixture
def lane() -> Iterator[Callable[..., Lane]]:
    """Start lanes; they are stopped at the end of the test."""
    started: list[Lane] = []

    def start(*specs: DeviceSpec, **settings: Any) -> Lane:
        started.append(Lane(DeviceGroup(specs, **settings)))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def crossed() -> Iterator[tuple[PtyPort, PtyPort]]:
    """Two ptys joined back to back: what goes into one comes out of the other."""
    one, other = PtyPort(), PtyPort()
    ending = threading.Event()

    def pump() -> None:
        while not ending.is_set():
            for source, drain in ((one, other), (other, one)):
                data = source.read(0.002)
                if data:
                    drain.write(data)

    thread = threading.Thread(target=pump, name="pump")
    thread.start()
    yield one, other
    ending.set()
    thread.join()
    one.close()
    other.close()
