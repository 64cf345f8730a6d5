"""Suite of the Sensirion SCD30."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.api import Quantity
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.ports import WirePort
from drivers.twins.sensirion_scd30 import Scd30Twin
from drivers.twins.twin import Twin


class SensirionScd30Suite(DriverSuite):
    """A module as delivered: self-calibration on, interval 5 s, not measuring; it gives float32."""

    driver = "sensirion-scd30"
    readings = 6

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "warm_up_s": 0.0}

    def twin(self, port: WirePort, told: Told) -> Twin:
        twin = Scd30Twin(port, told.samples(Quantity.CO2_PPM))
        twin.temperature_c = told.samples(Quantity.TEMPERATURE_C, told.zigzag(-20.0, 30.0, 0.25))
        twin.humidity_pct = told.samples(Quantity.HUMIDITY_PCT, told.zigzag(20.0, 90.0, 0.5))
        return twin
