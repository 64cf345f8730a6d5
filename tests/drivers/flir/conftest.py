"""Shared by the tests of FLIR's cameras: wires, and reading until enough has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from drivers.api import Device, Reading
from drivers.twins.ports import PtyPort, TcpPort, WirePort


@pytest.fixture(params=["pty", "tcp"])
def port(request: pytest.FixtureRequest) -> WirePort:
    """A wire's far end."""
    return PtyPort() if request.param == "pty" else TcpPort()


@pytest.fixture
def collect() -> Callable[..., list[Any]]:
    """Read until there are so many readings."""

    def read_on(device: Device[Any], count: int, deadline_s: float = 30.0) -> list[Reading]:
        readings: list[Reading] = []
        end = time.monotonic() + deadline_s
        while len(readings) < count:
            assert time.monotonic() < end, f"after {deadline_s} s there were only {len(readings)} readings"
            more: Sequence[Reading] = device.read()
            readings += more
        return readings[:count]

    return read_on
