"""Suite of the waveform stream."""

from __future__ import annotations

from drivers.api import Quantity
from drivers.codecs.wave_stream import WaveChannel, WaveHello
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin
from drivers.twins.wave_stream import WaveStreamTwin

CHANNEL = (28.8, 4.5, 0.7)


class WaveStreamSuite(DriverSuite):
    """A board of three geophones at 500 Hz."""

    driver = "wave-stream"
    lossless = True
    numbered = True
    readings = 8

    def twin(self, port: WirePort, told: Told) -> Twin:
        hello = WaveHello(500.0, 24, 838_861, tuple(WaveChannel(role, *CHANNEL) for role in (0, 0, 1)), "G7")
        board_c = told.sample(Quantity.TEMPERATURE_C, 21.5)
        return WaveStreamTwin(port, hello, told.waveform(["ch1", "ch2", "ch3"]), temperature_c=board_c)
