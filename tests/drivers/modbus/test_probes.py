"""The K30, K33, GMP251 and SCD30 drivers against twins that say the makers' bytes."""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from drivers.api import Device, DeviceTimeout, Identity, ProtocolError, Quality, Quantity, Sample
from drivers.devices.senseair_k30 import K30Config, K33Config, SenseairK30, SenseairK33
from drivers.devices.sensirion_scd30 import Scd30Config, SensirionScd30
from drivers.devices.vaisala_gmp252 import Gmp251Config, Gmp252Config, VaisalaGmp251, VaisalaGmp252
from drivers.registry import make_config
from drivers.transport import PortLinks
from drivers.twins.modbus_probe import Gmp251Twin, Gmp252Twin, K30Twin, K33Twin
from drivers.twins.ports import PtyPort, TcpPort, WirePort
from drivers.twins.sensirion_scd30 import Scd30Twin


def samples(device: Device[Any]) -> list[Sample]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if found := [reading for reading in device.read() if isinstance(reading, Sample)]:
            return found
    pytest.fail("no sample within 20 s")


def raw_exchange(twin: Any, request: str, length: int) -> str:
    link = PortLinks().open(twin.url)
    link.write(bytes.fromhex(request))
    answer, end = b"", time.monotonic() + 5
    while len(answer) < length and time.monotonic() < end:
        answer += link.read()
    link.close()
    return answer.hex(" ").upper()


@pytest.fixture
def run() -> Iterator[Callable[..., Any]]:
    """Start twins and make drivers; both end with the test."""
    with ExitStack() as stack:
        yield lambda thing: stack.enter_context(thing if hasattr(thing, "__enter__") else closing(thing))


@pytest.fixture(params=["pty", "tcp"])
def port(request: pytest.FixtureRequest) -> WirePort:
    return PtyPort() if request.param == "pty" else TcpPort()


def k30(twin: Any, **settings: Any) -> SenseairK30:
    return SenseairK30(K30Config(twin.url, poll_s=0.1, **settings), PortLinks())


def k33(twin: Any) -> SenseairK33:
    return SenseairK33(K33Config(twin.url, poll_s=0.1), PortLinks())


def gmp251(twin: Any, **settings: Any) -> VaisalaGmp251:
    return VaisalaGmp251(Gmp251Config(twin.url, poll_s=0.1, **settings), PortLinks())


def scd30(twin: Any, **settings: Any) -> SensirionScd30:
    return SensirionScd30(Scd30Config(twin.url, poll_s=0.1, **settings), PortLinks())


# Twins say the makers' bytes


@pytest.mark.parametrize(
    ("twin_class", "value", "request_hex", "answer"),
    [
        (K30Twin, 904.0, "FE 44 00 08 02 9F 25", "FE 44 02 03 88 B8 72"),
        (K30Twin, 769.0, "68 04 00 03 00 01 C8 F3", "68 04 02 03 01 24 09"),  # CO2Meter AN-123
        (Scd30Twin, 0.0, "61 03 00 27 00 01 3D A1", "61 03 02 00 01 F9 8C"),
        (
            Scd30Twin,
            0.0,
            "61 03 00 28 00 06 4C 60",
            "61 03 0C 43 DB 8B 85 41 D9 EB 85 42 43 33 33 B5 A2",
        ),
        (Scd30Twin, 0.0, "61 06 00 36 00 00 60 64", "61 06 00 36 00 00 60 64"),
        (Scd30Twin, 0.0, "61 06 00 3A 00 00 A0 67", "61 06 00 3A 00 00 A0 67"),
    ],
)
def test_twins_answer_with_the_makers_bytes(
    run: Any, twin_class: Any, value: float, request_hex: str, answer: str
) -> None:
    twin = twin_class(TcpPort(), lambda: value)
    twin.raw, twin.started_with = bytes.fromhex("43DB8B85 41D9EB85 42433333"), 0
    assert raw_exchange(run(twin), request_hex, len(bytes.fromhex(answer))) == answer


# Senseair K30 and K33


@pytest.mark.parametrize(("ask", "firmware"), [("ram", "2.13"), ("registers", "1.99")])
def test_k30_reads_identifies_and_switches_self_calibration_off(
    run: Any, port: WirePort, ask: str, firmware: str
) -> None:
    twin = run(K30Twin(port, lambda: 904.4, abc_hours=180))
    device = run(k30(twin, ask=ask))
    device.open()
    assert twin.abc_hours == 0
    identity = device.identify()
    assert (identity.maker, identity.serial, identity.firmware) == ("Senseair", "0123ABCD", firmware)
    assert samples(device) == [Sample(Quantity.CO2_PPM, 904.0)]


def test_k30_without_input_registers_is_read_from_ram(run: Any) -> None:
    twin = run(K30Twin(TcpPort(), lambda: 904.0))
    twin.registers_known = False
    device = run(k30(twin))
    device.open()
    assert samples(device)[0].value == 904.0


def test_k33_reads_temperature_and_humidity_too(run: Any, port: WirePort) -> None:
    twin = run(K33Twin(port, lambda: 612.0))
    twin.temperature_c, twin.humidity_pct = (lambda: -18.5), (lambda: 61.25)
    device = run(k33(twin))
    device.open()
    assert samples(device) == [
        Sample(Quantity.CO2_PPM, 612.0),
        Sample(Quantity.TEMPERATURE_C, -18.5),
        Sample(Quantity.HUMIDITY_PCT, 61.25),
    ]


def test_k33_with_a_dead_humidity_chip(run: Any) -> None:
    twin = run(K33Twin(TcpPort(), lambda: 612.0))
    twin.temperature_c, twin.humidity_pct = (lambda: -40.0), (lambda: 0.0)
    device = run(k33(twin))
    device.open()
    qualities = [sample.quality for sample in samples(device)]
    assert qualities == [Quality.GOOD, Quality.INVALID, Quality.INVALID]


@pytest.mark.parametrize(
    ("value", "status", "quality"),
    [
        (904, 0, Quality.GOOD),
        (-17, 0, Quality.INVALID),
        (0, 0, Quality.INVALID),
        (904, 32, Quality.OVER_RANGE),
        (10_000, 0, Quality.OVER_RANGE),
        (904, 1, Quality.UNRELIABLE),
    ],
)
@pytest.mark.parametrize("make", [k30, k33])
def test_k_status_becomes_quality(run: Any, make: Any, value: int, status: int, quality: Quality) -> None:
    twin = run(K33Twin(TcpPort(), lambda: float(value)))
    twin.meter_status = status
    device = run(make(twin))
    device.open()
    assert samples(device)[0].quality is quality


@pytest.mark.parametrize("make", [k30, k33])
def test_k_with_stuck_self_calibration_is_refused(run: Any, make: Any) -> None:
    twin = run(K33Twin(TcpPort(), lambda: 904.0))
    twin.abc_stuck = True
    device = run(make(twin))
    with pytest.raises(ProtocolError, match=r"self-calibration stays on .*180 h"):
        device.open()


# Vaisala GMP251


def test_gmp251_reads_percent_as_ppm(run: Any, port: WirePort) -> None:
    device = run(gmp251(run(Gmp251Twin(port, lambda: 123_456.0))))
    device.open()
    assert device.identify() == Identity("Vaisala", "GMP251", "K0710040", "1.2.3")
    assert samples(device) == [Sample(Quantity.CO2_PPM, 123_456.0)]


@pytest.mark.parametrize(
    ("twin_class", "driver", "config", "mend"),
    [
        (Gmp252Twin, VaisalaGmp251, Gmp251Config, 'GMP252: set driver = "vaisala-gmp252"'),
        (Gmp251Twin, VaisalaGmp252, Gmp252Config, 'GMP251: set driver = "vaisala-gmp251"'),
    ],
)
def test_the_other_vaisala_is_refused_by_name(
    run: Any, twin_class: Any, driver: Any, config: Any, mend: str
) -> None:
    twin = run(twin_class(TcpPort(), lambda: 500.0))
    device = run(driver(config(twin.url, poll_s=0.1), PortLinks()))
    device.open()
    with pytest.raises(ProtocolError, match=mend):
        device.identify()


# Sensirion SCD30


def test_scd30_is_set_up_and_read(run: Any, port: WirePort) -> None:
    twin = run(Scd30Twin(port, lambda: 439.09))
    twin.pace = 0.1
    device = run(scd30(twin, pressure_hpa=1013))
    device.open()
    assert (twin.asc, twin.interval_s, twin.started_with) == (0, 2, 1013)
    assert device.identify() == Identity("Sensirion", "SCD30", "", "3.66")
    found = samples(device)
    assert [sample.quantity for sample in found] == list(device.capabilities.quantities)
    assert [sample.value for sample in found] == pytest.approx([439.09, 27.2, 48.8], abs=1e-4)
    assert {sample.quality for sample in found} == {Quality.GOOD}


def test_scd30_set_up_already_is_not_written_again(run: Any) -> None:
    twin = run(Scd30Twin(TcpPort(), lambda: 439.0))
    for _ in range(2):
        device = run(scd30(twin))
        device.open()
        device.close()
    assert twin.writes == {0x25: 1, 0x3A: 1, 0x36: 2}  # interval and ASC are kept in its memory


def test_scd30_gives_each_measurement_once(run: Any) -> None:
    measured = iter(range(400, 500))
    twin = run(Scd30Twin(TcpPort(), lambda: float(next(measured))))
    twin.pace = 0.5  # a second each: a busy machine misses none
    device = run(scd30(twin))
    device.open()
    assert [samples(device)[0].value for _ in range(3)] == [400.0, 401.0, 402.0]


@pytest.mark.parametrize(
    ("values", "qualities"),
    [
        ((0.0, 20.0, 40.0), (Quality.INVALID, Quality.GOOD, Quality.GOOD)),
        ((math.nan, 20.0, 40.0), (Quality.INVALID, Quality.GOOD, Quality.GOOD)),
        ((-3.0, 20.0, 40.0), (Quality.INVALID, Quality.GOOD, Quality.GOOD)),
        ((10_001.0, 20.0, 40.0), (Quality.OVER_RANGE, Quality.GOOD, Quality.GOOD)),
        ((500.0, math.nan, 0.0), (Quality.GOOD, Quality.INVALID, Quality.INVALID)),
        ((500.0, -45.0, 100.0), (Quality.GOOD, Quality.INVALID, Quality.GOOD)),
    ],
)
def test_scd30_values_that_stand_for_none(
    run: Any, values: tuple[float, ...], qualities: tuple[Quality, ...]
) -> None:
    twin = run(Scd30Twin(TcpPort(), lambda: 0.0))
    twin.pace, twin.raw = 0.05, struct.pack(">3f", *values)
    device = run(scd30(twin))
    device.open()
    assert tuple(sample.quality for sample in samples(device)) == qualities


def test_scd30_with_stuck_self_calibration_is_refused(run: Any) -> None:
    twin = run(Scd30Twin(TcpPort(), lambda: 439.0))
    twin.asc_stuck = True
    with pytest.raises(ProtocolError, match="self-calibration stays on"):
        run(scd30(twin)).open()


def test_scd30_whose_self_calibration_comes_back_is_refused_again(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.devices.sensirion_scd30.ASC_CHECK_S", 0.0)
    twin = run(Scd30Twin(TcpPort(), lambda: 439.0))
    twin.pace = 0.05
    device = run(scd30(twin))
    device.open()
    assert samples(device)[0].quality is Quality.GOOD
    twin.asc = 1
    with pytest.raises(ProtocolError, match="self-calibration"):
        samples(device)


def test_scd30_that_keeps_its_interval_is_refused(run: Any) -> None:
    twin = run(Scd30Twin(TcpPort(), lambda: 439.0))
    twin.interval_stuck = True
    with pytest.raises(ProtocolError, match="interval stays at 5 s"):
        run(scd30(twin)).open()


# All of them


@pytest.mark.parametrize(
    ("twin_class", "make"), [(K30Twin, k30), (K33Twin, k33), (Gmp251Twin, gmp251), (Scd30Twin, scd30)]
)
def test_an_adapter_that_echoes(run: Any, twin_class: Any, make: Any) -> None:
    twin = run(twin_class(PtyPort(), lambda: 777.0))
    twin.echo, twin.pace = True, 0.02
    device = run(make(twin))
    device.open()
    device.identify()
    assert samples(device)[0].value == 777.0


@pytest.mark.parametrize("make", [k30, k33, gmp251, scd30])
def test_a_look_alike_that_streams_is_not_taken_for_a_probe(run: Any, make: Any) -> None:
    class Dust(Gmp252Twin):
        def step(self, received: bytes) -> None:
            self.send(bytes.fromhex("42 4D 00 1C 00 01 00 02 00 03"))

    device = run(make(run(Dust(PtyPort(), lambda: 0.0))))
    with pytest.raises(DeviceTimeout, match="no answer of a probe at address"):
        device.open()


@pytest.mark.parametrize(
    ("driver", "settings", "complaint"),
    [
        (SenseairK30, {"ask": "i2c"}, "ask"),
        (SenseairK33, {"address": 0}, "address"),
        (VaisalaGmp251, {"baud": 9600}, "baudrate"),
        (SensirionScd30, {"pressure_hpa": 101}, "700 to 1400"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(driver: Any, settings: Any, complaint: str) -> None:
    assert make_config(driver, {"url": "/dev/ttyUSB0"}).url == "/dev/ttyUSB0"
    with pytest.raises(ValueError, match=complaint):
        make_config(driver, {"url": "/dev/ttyUSB0", **settings})
