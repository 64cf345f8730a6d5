"""Rule 7: X-ray sources are only read, and short time to danger comes first."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# starts a generator: Spellman's HV command, or anything named so
SWITCHES_ON = re.compile(r"\bxray_on\b|\bhv_on\b|\bhigh_voltage_on\b|\"99,|b\"99|'99,", re.IGNORECASE)


def test_nothing_in_the_product_switches_xrays_on():
    sources = [p for d in ("drivers", "scanner", "service") for p in (ROOT / d).rglob("*.py")]
    assert sources
    assert not [str(p) for p in sources if SWITCHES_ON.search(p.read_text(encoding="utf-8"))]


def test_the_line_scan_driver_sends_nothing(tmp_path):
    """The detector's stream has no host message that could reach a generator: the driver never writes."""
    from drivers.api import Direction
    from drivers.devices.line_scan import LineScan, LineScanConfig
    from drivers.transport import PortLinks
    from drivers.twins.line_scan import LineScanTwin
    from drivers.twins.ports import TcpPort
    from scanner.demo.twins import BITS, LINE_PITCH_UM, N_PIXELS, PIXEL_PITCH_UM, LineHello

    sent: list[bytes] = []

    def tap(direction: Direction, data: bytes) -> None:
        if direction is Direction.TX:
            sent.append(data)

    hello = LineHello(N_PIXELS, BITS, 1, PIXEL_PITCH_UM, LINE_PITCH_UM)
    with LineScanTwin(TcpPort(), hello) as twin:
        device = LineScan(LineScanConfig(twin.url), PortLinks(tap))
        device.open()
        device.identify()
        device.read()
        device.close()
    assert sent == []
