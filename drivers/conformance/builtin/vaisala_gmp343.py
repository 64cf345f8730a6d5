"""Suite of the Vaisala GMP343."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.api import Quantity
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin
from drivers.twins.vaisala_gmp343 import Gmp343Twin


class Gmp343Suite(DriverSuite):
    """A probe that is polled for text; the wire rounds to 1 ppm and carries no check."""

    driver = "vaisala-gmp343"
    tolerance = 0.51
    wire_check = False

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "warm_up_s": 0.0}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return Gmp343Twin(port, told.samples(Quantity.CO2_PPM), echo=True)
