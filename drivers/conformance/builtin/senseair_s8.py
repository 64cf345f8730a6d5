"""Suite of the Senseair S8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.api import Quantity
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.modbus_probe import S8Twin
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin


class SenseairS8Suite(DriverSuite):
    """A sensor as delivered, with its self-calibration on; it gives whole ppm."""

    driver = "senseair-s8"

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "warm_up_s": 0.0}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return S8Twin(port, told.samples(Quantity.CO2_PPM))
