"""Suites of the GSS CozIR and SprintIR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.api import Quantity
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.gss_cozir import GssTwin
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin


class GssCozirSuite(DriverSuite):
    """A sensor that streams text; the wire rounds to 1 ppm and carries no check."""

    driver = "gss-cozir"
    tolerance = 0.51
    wire_check = False

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "warm_up_s": 0.0}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return GssTwin(port, told.samples(Quantity.CO2_PPM))


class GssSprintirSuite(DriverSuite):
    """Twenty values a second; counts are 10 ppm."""

    driver = "gss-sprintir"
    tolerance = 5.1
    wire_check = False
    readings = 20

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "warm_up_s": 0.0}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return GssTwin(port, told.samples(Quantity.CO2_PPM), rate_hz=20.0, multiplier=10)
