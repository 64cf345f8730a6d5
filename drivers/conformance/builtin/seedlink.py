"""Suite of SeedLink."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.ports import WirePort
from drivers.twins.seedlink import SeedLinkTwin
from drivers.twins.twin import Twin


class SeedLinkSuite(DriverSuite):
    """A server of two channels; its records are timed, and their packing checks the samples alone."""

    driver = "seedlink"
    wires = ("tcp",)
    lossless = True
    numbered = True
    wire_check = False
    readings = 6

    def config(self, url: str) -> Mapping[str, Any]:
        channels = {"EHZ": "ground", "EHN": "ground"}
        return {"url": url, "channels": channels, "network": "AM", "station": "R24FA"}

    def twin(self, port: WirePort, told: Told) -> Twin:
        return SeedLinkTwin(port, told.waveform(["EHZ", "EHN"]), ["EHZ", "EHN"], record_samples=25)
