"""Rule 7: X-ray sources are only read, and short time to danger comes first."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# starts a generator: Spellman's HV command (99 of the uX, 98 of the XRV), or anything named so
SWITCHES_ON = re.compile(
    r"\bxray_on\b|\bhv_on\b|\bhigh_voltage_on\b|[\"']9[89],|b[\"']9[89]|x029[89]", re.IGNORECASE
)


def test_nothing_in_the_product_switches_xrays_on():
    sources = [
        p
        for d in ("drivers", "scanner", "service", "models", "calibration")
        for p in (ROOT / d).rglob("*.py")
    ]
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


@pytest.mark.parametrize("state", ["off", "on", "fault"])
def test_an_x_ray_supply_is_sent_read_requests_alone(state):
    """Every byte that reaches the supply is one of these; its twin breaks at anything else."""
    from drivers.codecs.spellman_uxman import Framing
    from drivers.devices.spellman_uxman import SpellmanUxman, UxmanConfig
    from drivers.transport import PortLinks
    from drivers.twins.ports import TcpPort
    from drivers.twins.spellman_uxman import SpellmanUxmanTwin, Supply

    asks = {b"14,", b"15,", b"20,", b"22,", b"23,", b"24,", b"26,"}
    supply = {
        "off": Supply(interlock_open=True),
        "on": Supply(True, kv=160, ma=3, kv_set=160, ma_set=3),
        "fault": Supply(fault=True),
    }
    with SpellmanUxmanTwin(TcpPort(), lambda: supply[state], Framing.PLAIN, rated_kv=160, rated_ma=3) as twin:
        device = SpellmanUxman(UxmanConfig(twin.url, Framing.PLAIN, 160, 3, poll_s=0.1), PortLinks())
        with closing(device):
            device.open()
            device.identify()
            readings = [*device.read(), *device.read(), *device.read()]
    assert {reading.state for reading in readings} == {state}
    assert set(twin.received.replace(b"\x02", b"").split(b"\x03")) == asks | {b""}
