"""Suites of the Senseair K30 and K33."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.api import Quantity
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.modbus_probe import K30Twin, K33Twin
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin


class SenseairK30Suite(DriverSuite):
    """A sensor as delivered, read from its RAM; it gives whole ppm."""

    driver = "senseair-k30"

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "warm_up_s": 0.0}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return K30Twin(port, told.samples(Quantity.CO2_PPM))


class SenseairK33Suite(SenseairK30Suite):
    """Three quantities at once; temperature and humidity come in steps of 0.01."""

    driver = "senseair-k33"
    tolerance = 0.0051
    readings = 6

    def twin(self, port: WirePort, told: Told) -> Twin:
        twin = K33Twin(port, told.samples(Quantity.CO2_PPM))
        twin.temperature_c = told.samples(Quantity.TEMPERATURE_C, told.zigzag(-20.0, 30.0, 0.25))
        twin.humidity_pct = told.samples(Quantity.HUMIDITY_PCT, told.zigzag(20.0, 90.0, 0.5))
        return twin
