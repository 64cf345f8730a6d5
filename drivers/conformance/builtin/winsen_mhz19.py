"""Suite of the Winsen MH-Z19."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.api import Quantity
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin
from drivers.twins.winsen_mhz19 import Mhz19Twin


class WinsenMhz19Suite(DriverSuite):
    """A sensor that is polled for frames; the wire rounds to 1 ppm."""

    driver = "winsen-mhz19"
    tolerance = 0.51

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "warm_up_s": 0.0}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return Mhz19Twin(port, told.samples(Quantity.CO2_PPM))
