"""Suite of GCF on a serial line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.gcf_source import SampledBlocks
from drivers.twins.guralp_gcf import GuralpGcfTwin
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

STREAMS = ("TWINZ2", "TWINN2", "TWINE2")


class GuralpGcfSuite(DriverSuite):
    """A digitiser of three channels at 500 Hz that sends its blocks until they are acknowledged."""

    driver = "guralp-gcf"
    lossless = True
    numbered = True
    readings = 6

    def config(self, url: str) -> Mapping[str, Any]:
        channels = {"TWINZ2": "chassis", "TWINN2": "chassis", "TWINE2": "ground"}
        return {"url": url, "channels": channels, "block_timeout_s": 3.0}

    def twin(self, port: WirePort, told: Told) -> Twin:
        source = SampledBlocks(told.waveform(STREAMS), STREAMS, fs_hz=500.0, block_s=0.5)
        return GuralpGcfTwin(port, source, narrow=True)
