"""The driver's conformance suite: which wires to try, and how its far end is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acme_air.twin import AcmeAirTwin
from drivers.api import Quantity
from drivers.conformance import DriverSuite, Told, Twin, WirePort


class AcmeAirSuite(DriverSuite):
    """Values that change with every poll, so that a stale one cannot pass for a new one."""

    driver = "acme-air"
    wires = ("pty", "tcp")
    readings = 6  # three polls of two samples
    tolerance = 0.05  # the wire rounds to 1 ppm and 0.1 °C; the sources below give such values

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "poll_s": 0.2}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return AcmeAirTwin(
            port,
            told.samples(Quantity.CO2_PPM),
            told.samples(Quantity.TEMPERATURE_C, told.zigzag(-20.0, 40.0, 0.5)),
        )
