"""Suite of the GY-MCU90640 thermal module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.gy_mcu90640 import GyMcu90640Twin
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin


class GyMcu90640Suite(DriverSuite):
    """Frames of a room; the wire rounds to 0.01 °C."""

    driver = "gy-mcu90640"
    lossless = True
    tolerance = 0.006
    readings = 6

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "baudrate": 460800, "rate_hz": 8.0}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return GyMcu90640Twin(port, told.frames((24, 32)))
