"""An answer that comes late never becomes another question's value."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from drivers.api import DeviceTimeout, Quality, Sample
from drivers.devices.vaisala_gmp252 import Gmp252Config, VaisalaGmp252
from drivers.freshness import ReadingJudge
from drivers.transport import PortLinks
from drivers.twins.modbus_probe import Gmp252Twin
from drivers.twins.ports import TcpPort


class LateTwin(Gmp252Twin):
    """A probe that holds every seventh answer back for longer than a question waits."""

    def __init__(self) -> None:
        super().__init__(TcpPort(), lambda: 812.5)
        self._answers = 0

    def send(self, data: bytes) -> None:
        self._answers += 1
        if self._answers % 7 == 0:
            time.sleep(0.45)  # the device is late; this is the fault, not a wait for something
        super().send(data)


@pytest.fixture
def late() -> Iterator[VaisalaGmp252]:
    """Give a driver of such a probe."""
    with LateTwin() as twin:
        device = VaisalaGmp252(Gmp252Config(twin.url, poll_s=0.1, warm_up_s=0), PortLinks())
        device.open()
        device.identify()
        yield device
        device.close()


def test_values_are_never_status_words(late: VaisalaGmp252) -> None:
    values = []
    end = time.monotonic() + 12.0
    while len(values) < 12 and time.monotonic() < end:
        try:
            values += [r for r in late.read() if isinstance(r, Sample)]
        except DeviceTimeout:
            continue
    assert len(values) >= 3
    assert {(v.value, v.quality) for v in values} == {(812.5, Quality.GOOD)}


@pytest.mark.parametrize("ppm", [0.0, 2.4e-38, 49.0])
def test_what_no_air_holds_is_not_good(ppm: float) -> None:
    from drivers.api import Quantity

    judged = ReadingJudge(VaisalaGmp252.capabilities).judge(Sample(Quantity.CO2_PPM, ppm), 0, False)
    assert isinstance(judged, Sample)
    assert judged.quality is Quality.UNDER_RANGE
