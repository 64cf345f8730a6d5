"""Suite of the FLIR Lepton behind its bridge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.codecs.lepton_vospi import Model
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.flir_lepton import FlirLeptonTwin
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin


class FlirLeptonSuite(DriverSuite):
    """A Lepton 3.5 that sends temperatures, as often as a line of 921600 Bd carries; rounded to 0.01 K."""

    driver = "flir-lepton"
    lossless = True
    tolerance = 0.01
    readings = 3

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "model": "lepton3", "tlinear_kelvin": 0.01}

    def twin(self, port: WirePort, told: Told) -> Twin:
        rng = np.random.default_rng(told.seed)

        def scene() -> npt.NDArray[np.float32]:
            return rng.uniform(15.0, 35.0, (120, 160)).astype(np.float32)

        room = told.frames((120, 160), scene)

        def counts() -> npt.NDArray[np.uint16]:
            return np.rint((room() + 273.15) * 100).astype(np.uint16)

        return FlirLeptonTwin(port, counts, model=Model.LEPTON3, rate_hz=2.2)
