"""Fixtures: a wire of each kind, and the next sample."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

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
        end = time.monotonic() + 30
        while time.monotonic() < end:
            for reading in device.read():
                if isinstance(reading, Sample) and reading.quantity is quantity and such(reading):
                    return reading
        pytest.fail(f"no such sample of {quantity} within 30 s")

    return read_on
