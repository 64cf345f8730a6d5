"""Every Modbus probe against another library's server, over a pty, TCP and RFC 2217."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.api import Device, DeviceTimeout, Identity, Quality, Quantity, Sample
from drivers.devices.senseair_k30 import K30Config, K33Config, SenseairK30, SenseairK33
from drivers.devices.senseair_s8 import S8Config, SenseairS8
from drivers.devices.sensirion_scd30 import Scd30Config, SensirionScd30
from drivers.devices.vaisala_gmp252 import Gmp251Config, Gmp252Config, VaisalaGmp251, VaisalaGmp252
from drivers.transport import PortLinks
from drivers.twins.ports import PtyPort, WirePort

# pyserial's RFC 2217 client names its thread in the old way
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is deprecated")

Started = Callable[..., str]


def first_samples(device: Device[Any]) -> list[Sample]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if found := [reading for reading in device.read() if isinstance(reading, Sample)]:
            return found
    pytest.fail("no sample within 20 s")


def until_answered(act: Callable[[], Any]) -> Any:
    """Try again as a lane does: a loaded machine answers too late now and then."""
    for _ in range(5):
        with suppress(DeviceTimeout):
            return act()
    return act()


def words(at: int, *values: int) -> SimData:
    return SimData(at, values=list(values), datatype=DataType.REGISTERS)


def split(holding: list[SimData], inputs: list[SimData]) -> tuple[list[SimData], ...]:
    off = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    return off, off, holding, inputs


@pytest.mark.parametrize(
    ("driver", "config", "model"),
    [(VaisalaGmp251, Gmp251Config, "GMP251"), (VaisalaGmp252, Gmp252Config, "GMP252")],
)
def test_vaisala(far_end: Started, driver: Any, config: Any, model: str) -> None:
    names = ModbusDeviceIdentification(info_name={"VendorName": "Vaisala", "ProductCode": model})
    registers = [words(0x0000, 0xD47A, 0x43E8), words(0x0800, 0, 0)]
    url = far_end(SimDevice(id=0xF0, simdata=registers), identity=names, stopbits=2)
    with closing(driver(config(url, poll_s=0.1), PortLinks())) as device:
        device.open()
        assert device.identify().model == model
        (sample,) = first_samples(device)
        assert sample.value == pytest.approx(465.66, abs=0.005)  # as the manual prints it
        assert sample.quality is Quality.GOOD


@pytest.mark.parametrize(
    ("driver", "config", "address"),
    [
        (SenseairS8, lambda url: S8Config(url, poll_s=0.1), 0xFE),
        (SenseairK30, lambda url: K30Config(url, address=0x68, poll_s=0.1, ask="registers"), 0x68),
    ],
    ids=["s8", "k30"],
)
def test_senseair_registers(far_end: Started, driver: Any, config: Any, address: int) -> None:
    inputs = [words(0x0000, 0, 0, 0, 904), words(0x0019, 1, 0x0E01, 0x40, 0x0163, 0x0123, 0xABCD)]
    holding = [words(0x001F, 180)]
    url = far_end(SimDevice(id=address, simdata=split(holding, inputs)), baudrate=9600)
    with closing(driver(config(url), PortLinks())) as device:
        device.open()  # switches ABC off and reads it back
        assert device.identify().serial == "0123ABCD"
        assert first_samples(device)[0].value == 904.0


class RamPdu(ModbusPDU):
    """Function 0x44 for pymodbus's server: a K33's RAM, framed and summed by pymodbus."""

    function_code = 0x44
    rtu_frame_size = 7
    ram = bytearray(256)

    def decode(self, data: bytes) -> None:
        self.first, self.wanted = struct.unpack(">HB", data[:3])

    def encode(self) -> bytes:
        return bytes((self.wanted,)) + bytes(self.ram[self.first : self.first + self.wanted])

    async def datastore_update(self, context: Any, device_id: int) -> ModbusPDU:
        return self


def test_senseair_ram(far_end: Started) -> None:
    RamPdu.ram[0x08:0x0A] = struct.pack(">h", 904)
    RamPdu.ram[0x12:0x16] = struct.pack(">hh", -1850, 6125)
    RamPdu.ram[0x28:0x2C] = bytes.fromhex("0123ABCD")
    simdata = split([words(0x001F, 180)], [words(0x0000, 0)])
    url = far_end(SimDevice(id=0xFE, simdata=simdata), baudrate=9600, custom_pdu=[RamPdu])
    with closing(SenseairK33(K33Config(url, poll_s=0.1), PortLinks())) as device:
        device.open()
        assert device.identify().serial == "0123ABCD"
        assert [(s.quantity, s.value, s.quality) for s in first_samples(device)] == [
            (Quantity.CO2_PPM, 904.0, Quality.GOOD),
            (Quantity.TEMPERATURE_C, -18.5, Quality.GOOD),
            (Quantity.HUMIDITY_PCT, 61.25, Quality.GOOD),
        ]


def test_scd30(far_end: Started) -> None:
    printed = struct.unpack(">6H", bytes.fromhex("43DB8B85 41D9EB85 42433333"))
    registers = [words(0x0020, 0x0342), words(0x0025, 5), words(0x0027, 1, *printed)]
    registers += [words(0x0036, 9), words(0x003A, 1)]
    url = far_end(SimDevice(id=0x61, simdata=registers))
    with closing(SensirionScd30(Scd30Config(url, poll_s=0.1), PortLinks())) as device:
        device.open()  # sets the interval, switches ASC off, reads both back
        assert device.identify() == Identity("Sensirion", "SCD30", "", "3.66")
        co2, celsius, humidity = (sample.value for sample in first_samples(device))
        assert co2 == pytest.approx(439.09, abs=0.005)  # as the guide prints them
        assert celsius == pytest.approx(27.2, abs=0.05)
        assert humidity == pytest.approx(48.8, abs=0.05)


class Spoiler:
    """Spoils every other answer of pymodbus's server."""

    def __init__(self, spoil: Callable[[bytes], bytes]) -> None:
        self.spoil = spoil
        self.answers = 0
        self.always = False

    def __call__(self, sending: bool, data: bytes) -> bytes:
        if not sending:
            return data
        self.answers += 1
        return self.spoil(data) if self.always or self.answers % 2 else data


@pytest.fixture(
    params=[
        (lambda data: data[:-1] + bytes((data[-1] ^ 1,)), "arrive damaged"),
        (lambda data: bytes((data[0] ^ 1,)) + data[1:], "no answer of a probe at address 240"),
        # cut answers of two tries may run into each other on a slow machine
        (lambda data: data[:-3], "arrive damaged|what arrives is no answer"),
        (lambda data: b"\x42\x4d\x00\x1c" + data[:2], "no answer of a probe"),
    ],
    ids=["crc", "address", "truncated", "stranger"],
)
def spoiled(request: pytest.FixtureRequest) -> tuple[Spoiler, str]:
    spoil, words_of_it = request.param
    return Spoiler(spoil), words_of_it


@pytest.mark.parametrize("wire", [PtyPort], ids=["pty"])
def test_spoiled_answers(
    far_end: Started, wire: type[WirePort], spoiled: tuple[Spoiler, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.transport.READ_WAIT_S", 0.02)
    # longer than a busy machine takes: an answer after its limit may be taken for another question's
    monkeypatch.setattr("drivers.devices.modbus_line.ANSWER_LIMIT_S", 0.8)
    spoiler, words_of_it = spoiled
    registers = [words(0x0000, 0xD47A, 0x43E8), words(0x0800, 0, 0)]
    url = far_end(SimDevice(id=0xF0, simdata=registers), stopbits=2, trace_packet=spoiler)
    with closing(VaisalaGmp252(Gmp252Config(url, poll_s=0.1), PortLinks())) as device:
        until_answered(device.open)  # every question is asked twice and answered at the second
        (sample, *_) = until_answered(lambda: first_samples(device))
        assert sample.value == pytest.approx(465.66, abs=0.005)
        spoiler.always = True
        with pytest.raises(DeviceTimeout, match=words_of_it):
            first_samples(device)
