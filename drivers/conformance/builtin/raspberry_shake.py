"""Suite of the Raspberry Shake's datacast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.ports import WirePort
from drivers.twins.raspberry_shake import RaspberryShakeTwin
from drivers.twins.twin import Twin


class RaspberryShakeSuite(DriverSuite):
    """A Shake of two channels; its packets have times and no check."""

    driver = "raspberry-shake"
    wires = ("udp",)
    lossless = True
    numbered = True
    wire_check = False
    readings = 6

    def config(self, url: str) -> Mapping[str, Any]:
        return {"url": url, "channels": {"EHZ": "ground", "EHN": "ground"}}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return RaspberryShakeTwin(port, told.waveform(["EHZ", "EHN"]), ["EHZ", "EHN"])
