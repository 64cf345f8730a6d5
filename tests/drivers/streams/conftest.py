"""Shared by the stream devices' tests: drivers that are closed, and reading until enough has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from drivers.api import Device, Link, Reading
from drivers.transport import PortLinks
from drivers.twins.twin import Twin


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
        device: Device[Any], enough: Callable[[Sequence[Reading]], bool], deadline_s: float = 15.0
    ) -> list[Reading]:
        readings: list[Reading] = []
        end = time.monotonic() + deadline_s
        while not enough(readings):
            assert time.monotonic() < end, f"after {deadline_s} s there were only {len(readings)} readings"
            readings += device.read()
        return readings

    return read_on


class StartOnOpen(PortLinks):
    """Starts a twin when the driver has opened its end, so that no datagram is sent to nobody."""

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


class ScriptedLink:
    """A wire that says what a test puts into it."""

    def __init__(self) -> None:
        self.says: list[bytes] = []
        self.heard = b""
        self.closed = False

    def read(self, size: int = 65536) -> bytes:
        return self.says.pop(0) if self.says else b""

    def write(self, data: bytes) -> None:
        self.heard += data

    def discard_input(self) -> None:
        self.says.clear()

    def close(self) -> None:
        self.closed = True


class ScriptedLinks:
    """Opens one scripted link."""

    def __init__(self, *says: bytes) -> None:
        self.link = ScriptedLink()
        self.link.says = list(says)

    def open(self, url: str, **settings: Any) -> ScriptedLink:
        return self.link


@pytest.fixture
def scripted() -> type[ScriptedLinks]:
    """Class of links that say given chunks."""
    return ScriptedLinks
