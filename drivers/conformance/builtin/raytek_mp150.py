"""Suite of the MP150 thermal line scanner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.ports import WirePort
from drivers.twins.raytek_mp150 import RaytekMp150Twin
from drivers.twins.twin import Twin

LOW_C, HIGH_C = 0, 100
LINES, PIXELS = 10, 64


class RaytekMp150Suite(DriverSuite):
    """Frames of ten lines; the wire rounds to 1/65535 of the range."""

    driver = "raytek-mp150"
    lossless = True
    numbered = True
    tolerance = (HIGH_C - LOW_C) / 65535 * 0.51
    readings = 6

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "pixels": PIXELS, "lines_per_s": 100, "lines_per_frame": LINES}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return RaytekMp150Twin(port, told.frames((LINES, PIXELS)), low_c=LOW_C, high_c=HIGH_C)
