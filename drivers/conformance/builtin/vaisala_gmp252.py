"""Suites of the Vaisala GMP251 and GMP252."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.api import Quantity
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.modbus_probe import Gmp251Twin, Gmp252Twin
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin


class Gmp252Suite(DriverSuite):
    """A probe that has started; it gives float32."""

    driver = "vaisala-gmp252"

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "warm_up_s": 0.0}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return Gmp252Twin(port, told.samples(Quantity.CO2_PPM))


class Gmp251Suite(Gmp252Suite):
    """The percent probe, between 2 and 18 %."""

    driver = "vaisala-gmp251"

    def twin(self, port: WirePort, told: Told) -> Twin:
        return Gmp251Twin(port, told.samples(Quantity.CO2_PPM, told.zigzag(20_000.0, 180_000.0, 512.5)))
