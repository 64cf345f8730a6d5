"""Suite of the line-scan stream."""

from __future__ import annotations

from drivers.codecs.line_scan import LineHello
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.line_scan import LineScanTwin
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

N_PIXELS = 128


class LineScanSuite(DriverSuite):
    """A detector of 128 pixels; each passage has dark, air and data lines."""

    driver = "line-scan"
    lossless = True
    numbered = True
    readings = 6

    def twin(self, port: WirePort, told: Told) -> Twin:
        del told  # `provoke` tells, a passage at a time
        return LineScanTwin(port, LineHello(N_PIXELS, 16, 1, 5000, 4500, device_id="XD1"), line_rate_hz=400.0)

    def provoke(self, twin: Twin, told: Told) -> None:
        assert isinstance(twin, LineScanTwin)
        dark, air, data = (told.detector_lines(n, N_PIXELS) for n in (16, 16, 120))
        twin.send_scan(len(told.lines), data, dark=dark, air=air)
