"""Suite of GCF over a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.codecs.gcf_block import HEADER_BYTES
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.gcf_source import SampledBlocks
from drivers.twins.guralp_scream import GuralpScreamTwin
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

STREAMS = ("TWINZ2", "TWINN2", "TWINE2")


class GuralpScreamSuite(DriverSuite):
    """A server of three channels at 500 Hz: datagrams that it sends unasked, and a TCP stream."""

    driver = "guralp-scream"
    wires = ("udp", "tcp")
    lossless = True
    numbered = True
    unchecked_head = HEADER_BYTES  # a block's last sample proves the samples, and nothing its name and time
    readings = 6

    def config(self, url: str) -> Mapping[str, Any]:
        channels = {"TWINZ2": "chassis", "TWINN2": "chassis", "TWINE2": "ground"}
        return {"url": url, "channels": channels, "block_timeout_s": 2.5}

    def twin(self, port: WirePort, told: Told) -> Twin:
        source = SampledBlocks(told.waveform(STREAMS), STREAMS, fs_hz=500.0, block_s=0.5)
        return GuralpScreamTwin(port, source, unasked=port.url.startswith("udp://"))
