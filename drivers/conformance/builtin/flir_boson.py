"""Suite of the FLIR Boson's control line."""

from __future__ import annotations

from drivers.api import Quantity
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.flir_boson import FlirBosonTwin
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin


class FlirBosonSuite(DriverSuite):
    """A camera that warms and cools by 0.3 °C a second."""

    driver = "flir-boson"
    tolerance = 0.051

    def twin(self, port: WirePort, told: Told) -> Twin:
        return FlirBosonTwin(port, told.samples(Quantity.TEMPERATURE_C, told.zigzag(20.0, 60.0, 0.3)))
