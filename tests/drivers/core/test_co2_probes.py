"""The two CO2 drivers against their twins, another library's Modbus server, and misbehaving wires."""

from __future__ import annotations

import asyncio
import math
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.framer import FramerType
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.api import DeviceTimeout, Identity, ProtocolError, Quality, Quantity, Sample
from drivers.devices.senseair_s8 import S8Config, SenseairS8
from drivers.devices.vaisala_gmp252 import Gmp252Config, VaisalaGmp252
from drivers.transport import PortLinks
from drivers.twins.modbus_probe import Gmp252Twin, S8Twin
from drivers.twins.ports import PtyPort, TcpPort, WirePort


def one_sample(device: Any) -> Sample:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for reading in device.read():
            return reading
    pytest.fail("no sample within 20 s")


@pytest.fixture(params=["pty", "tcp"])
def port(request: pytest.FixtureRequest) -> WirePort:
    return PtyPort() if request.param == "pty" else TcpPort()


def gmp252(url: str, **settings: Any) -> VaisalaGmp252:
    return VaisalaGmp252(Gmp252Config(url, poll_s=0.1, **settings), PortLinks())


def s8(url: str, **settings: Any) -> SenseairS8:
    return SenseairS8(S8Config(url, poll_s=0.1, **settings), PortLinks())


def raw_exchange(port: WirePort, request: str, length: int) -> str:
    link = PortLinks().open(port.url)
    link.write(bytes.fromhex(request))
    answer, end = b"", time.monotonic() + 5
    while len(answer) < length and time.monotonic() < end:
        answer += link.read()
    link.close()
    return answer.hex(" ").upper()


# Twins say the makers' bytes


def test_gmp252_twin_answers_with_the_manuals_bytes(port: WirePort) -> None:
    printed = struct.unpack(">f", bytes.fromhex("43 E8 D4 7A"))[0]
    with Gmp252Twin(port, lambda: printed) as twin:
        said = raw_exchange(port, "F0 03 00 00 00 02 D1 2A", 9)
        assert said == "F0 03 04 D4 7A 43 E8 33 AB"
        twin.device_status, twin.co2_status = 4, 258
        assert raw_exchange(port, "F0 03 08 00 00 02 D3 4A", 9).startswith("F0 03 04 00 04 01 02")
        assert twin.requests == 2


@pytest.mark.parametrize(
    ("request_hex", "answer"),
    [
        ("FE 04 00 03 00 01 D5 C5", "FE 04 02 03 88 AD B2"),
        ("FE 04 00 00 00 04 E5 C6", "FE 04 08 00 00 00 00 00 00 03 88 17 8C"),
        ("FE 06 00 1F 00 00 AC 03", "FE 06 00 1F 00 00 AC 03"),
    ],
)
def test_s8_twin_answers_with_the_makers_bytes(port: WirePort, request_hex: str, answer: str) -> None:
    with S8Twin(port, lambda: 904.0):
        assert raw_exchange(port, request_hex, len(bytes.fromhex(answer))) == answer


def test_s8_twin_switches_abc_off() -> None:
    with S8Twin(TcpPort(), lambda: 904.0, abc_hours=180) as twin:
        assert raw_exchange(twin.port, "FE 03 00 1F 00 01 A1 C3", 7).startswith("FE 03 02 00 B4")
        raw_exchange(twin.port, "FE 06 00 1F 00 00 AC 03", 8)
        assert raw_exchange(twin.port, "FE 03 00 1F 00 01 A1 C3", 7).startswith("FE 03 02 00 00")


def test_gmp252_twin_understands_another_librarys_client() -> None:
    with Gmp252Twin(PtyPort(), lambda: 1234.5) as twin:
        client = ModbusSerialClient(twin.url, baudrate=19200, stopbits=2, timeout=10, retries=0)
        assert client.connect()
        with closing(client):
            words = client.read_holding_registers(0, count=2, device_id=240).registers
            value = client.convert_from_registers(words, client.DATATYPE.FLOAT32, word_order="little")
            assert value == 1234.5
            assert client.read_holding_registers(0x0100, count=2, device_id=240).registers == [1234, 123]
            assert client.read_holding_registers(0x0700, count=1, device_id=240).exception_code == 2
            information = client.read_device_information(read_code=1, device_id=240).information
            assert information[0] == b"Vaisala"


def test_s8_twin_understands_another_librarys_client_and_is_silent_to_strangers() -> None:
    with S8Twin(TcpPort(), lambda: 612.0, address=0x68) as twin:
        port = int(twin.url.rsplit(":", 1)[1])
        client = ModbusTcpClient("127.0.0.1", port=port, framer=FramerType.RTU, timeout=10, retries=0)
        assert client.connect()
        with closing(client):
            for address in (0xFE, 0x68):
                assert client.read_input_registers(3, count=1, device_id=address).registers == [612]
            link = PortLinks()  # a stranger's request is not answered, not even with an exception
        wire = link.open(twin.url)
        wire.write(bytes.fromhex("11 04 00 03 00 01 C3 5A"))
        assert wire.read() == b""
        wire.close()
        assert twin.requests == 2


# Drivers against twins


def test_gmp252_reads_and_identifies(port: WirePort) -> None:
    with Gmp252Twin(port, lambda: 465.66) as twin, closing(gmp252(twin.url)) as device:
        device.open()
        assert device.identify() == Identity("Vaisala", "GMP252", "K0710040", "1.2.3")
        sample = one_sample(device)
        assert sample.quantity is Quantity.CO2_PPM
        assert sample.value == pytest.approx(465.66, abs=1e-4)
        assert sample.quality is Quality.GOOD
        assert twin.eeprom_writes == 0


def test_s8_reads_identifies_and_switches_self_calibration_off(port: WirePort) -> None:
    with S8Twin(port, lambda: 904.4, abc_hours=180) as twin, closing(s8(twin.url)) as device:
        device.open()
        assert twin.abc_hours == 0
        identity = device.identify()
        assert (identity.maker, identity.serial, identity.firmware) == ("Senseair", "0123ABCD", "1.99")
        assert one_sample(device).value == 904.0


def test_s8_with_stuck_self_calibration_is_refused() -> None:
    with S8Twin(PtyPort(), lambda: 904.0) as twin, closing(s8(twin.url)) as device:
        twin.abc_stuck = True
        with pytest.raises(ProtocolError, match=r"self-calibration stays on .*180 h"):
            device.open()


def test_s8_whose_self_calibration_comes_back_is_refused_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.devices.senseair_sensor.ABC_CHECK_S", 0.0)
    with S8Twin(PtyPort(), lambda: 904.0) as twin, closing(s8(twin.url)) as device:
        device.open()
        assert one_sample(device).quality is Quality.GOOD
        twin.abc_hours = 180  # as after a power cut
        with pytest.raises(ProtocolError, match="self-calibration"):
            one_sample(device)


@pytest.mark.parametrize(
    ("device_status", "co2_status", "error_code", "value", "quality", "complaint"),
    [
        (0, 0, 0, 500.0, Quality.GOOD, ""),
        (4, 0, 0, 500.0, Quality.GOOD, ""),
        (0, 2, 0, 500.0, Quality.UNRELIABLE, ""),
        (0, 256, 0, math.nan, Quality.WARMING_UP, ""),
        (0, 258, 0, 200.0, Quality.WARMING_UP, ""),
        (0, 64, 0, 500.0, Quality.UNRELIABLE, ""),
        (0, 0, 0, math.nan, Quality.INVALID, ""),
        (2, 0, 0x1000, 40_000.0, Quality.OVER_RANGE, ""),
        (2, 0, 0x10010, 500.0, Quality.UNRELIABLE, "supply voltage low, internal 2.5 V fault"),
        (1, 0, 0x0001, 500.0, Quality.UNRELIABLE, "program memory damaged"),
    ],
)
def test_gmp252_status_becomes_quality(
    device_status: int, co2_status: int, error_code: int, value: float, quality: Quality, complaint: str
) -> None:
    with Gmp252Twin(TcpPort(), lambda: value) as twin, closing(gmp252(twin.url)) as device:
        twin.device_status, twin.co2_status, twin.error_code = device_status, co2_status, error_code
        device.open()
        assert one_sample(device).quality is quality
        assert complaint in device.complaint()
        assert bool(complaint) == bool(device.complaint())


def test_gmp252_starting_up_says_not_ready() -> None:
    with Gmp252Twin(TcpPort(), lambda: 500.0, start_up_s=60.0) as twin, closing(gmp252(twin.url)) as device:
        device.open()
        assert one_sample(device).quality is Quality.WARMING_UP


@pytest.mark.parametrize(
    ("value", "status", "quality"),
    [
        (904, 0, Quality.GOOD),
        (904, 8, Quality.GOOD),
        (-17, 0, Quality.INVALID),
        (-1, 0, Quality.INVALID),
        (0, 0, Quality.INVALID),
        (904, 32, Quality.OVER_RANGE),
        (10_000, 0, Quality.OVER_RANGE),
        (904, 1, Quality.UNRELIABLE),
        (904, 16, Quality.UNRELIABLE),
        (904, 0x100, Quality.UNRELIABLE),
    ],
)
def test_s8_status_becomes_quality(value: int, status: int, quality: Quality) -> None:
    with S8Twin(TcpPort(), lambda: float(value)) as twin, closing(s8(twin.url)) as device:
        twin.meter_status = status
        device.open()
        sample = one_sample(device)
        assert (sample.value, sample.quality) == (value, quality)


def test_s8_good_values_between_minus_ones_are_not_trusted() -> None:
    with S8Twin(TcpPort(), lambda: 904.0) as twin, closing(s8(twin.url)) as device:
        twin.minus_one_by_turns = True
        device.open()
        found = {(s.value, s.quality) for s in (one_sample(device) for _ in range(4))}
        assert found == {(-1.0, Quality.INVALID), (904.0, Quality.UNRELIABLE)}
        assert "cut its power" in device.complaint()


# Wires that misbehave


@pytest.mark.parametrize("make", [gmp252, s8])
def test_a_silent_probe_times_out_in_time_and_says_what_to_check(make: Callable[[str], Any]) -> None:
    port = TcpPort()
    twin = Gmp252Twin(port, lambda: 500.0)
    twin.silence()
    with twin, closing(make(twin.url)) as device:
        began = time.monotonic()
        with pytest.raises(DeviceTimeout, match="does not answer: check its cable, power and address"):
            device.open()
        assert time.monotonic() - began < 1.2


@pytest.mark.parametrize("twin_class", [Gmp252Twin, S8Twin])
def test_an_adapter_that_echoes(twin_class: type[Gmp252Twin] | type[S8Twin]) -> None:
    with twin_class(PtyPort(), lambda: 777.0) as twin:
        twin.echo = True
        device: Any = gmp252(twin.url) if twin_class is Gmp252Twin else s8(twin.url)
        with closing(device):
            device.open()
            device.identify()
            assert one_sample(device).value == 777.0


def test_a_damaged_line_is_named_as_such() -> None:
    class Damaging(Gmp252Twin):
        def send(self, data: bytes) -> None:
            super().send(data[:-1] + bytes((data[-1] ^ 1,)))

    with (
        Damaging(TcpPort(), lambda: 500.0) as twin,
        closing(gmp252(twin.url)) as device,
        pytest.raises(DeviceTimeout, match="damaged: check its cable"),
    ):
        device.open()


def test_one_lost_answer_is_asked_for_again() -> None:
    class Forgetful(Gmp252Twin):
        asked = 0

        def send(self, data: bytes) -> None:
            self.asked += 1
            if self.asked % 2 == 0:
                super().send(data)

    with Forgetful(TcpPort(), lambda: 500.0) as twin, closing(gmp252(twin.url)) as device:
        device.open()
        assert one_sample(device).value == 500.0


def test_another_makers_device_is_refused() -> None:
    with Gmp252Twin(TcpPort(), lambda: 500.0) as twin, closing(gmp252(twin.url)) as device:
        twin.objects = {0: b"Acme", 1: b"Door lock", 2: b"1"}
        device.open()
        with pytest.raises(ProtocolError, match="Acme Door lock, no Vaisala probe"):
            device.identify()


def test_a_device_without_identity_is_refused_unless_allowed() -> None:
    with Gmp252Twin(TcpPort(), lambda: 500.0) as twin:
        twin.objects = {}
        with closing(gmp252(twin.url)) as device:
            device.open()
            with pytest.raises(ProtocolError, match="check_identity = false"):
                device.identify()
        with closing(gmp252(twin.url, check_identity=False)) as device:
            device.open()
            assert device.identify().maker == ""


def test_a_look_alike_that_streams_is_not_taken_for_a_probe() -> None:
    class Dust(Gmp252Twin):
        def step(self, received: bytes) -> None:
            self.send(bytes.fromhex("42 4D 00 1C 00 01 00 02 00 03"))

    with (
        Dust(PtyPort(), lambda: 0.0) as twin,
        closing(gmp252(twin.url)) as device,
        pytest.raises(DeviceTimeout),
    ):
        device.open()


# Another library at the far end


@pytest.fixture
def answers_may_come_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give another library's server on a busy machine more time than a probe."""
    monkeypatch.setattr("drivers.devices.modbus_line.ANSWER_LIMIT_S", 3.0)


@contextmanager
def pymodbus_server(port: str, device: SimDevice, **settings: Any) -> Iterator[None]:
    """Run pymodbus's serial server on a port in its own thread."""
    serving, ending = threading.Event(), threading.Event()

    async def serve() -> None:
        server = ModbusSerialServer(device, framer=FramerType.RTU, port=port, **settings)
        await server.serve_forever(background=True)
        serving.set()
        while not ending.is_set():
            await asyncio.sleep(0.01)
        await server.shutdown()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert serving.wait(30)
    try:
        yield
    finally:
        ending.set()
        thread.join()


@pytest.mark.usefixtures("answers_may_come_late")
def test_gmp252_against_pymodbus(crossed: tuple[PtyPort, PtyPort]) -> None:
    one, other = crossed
    registers = [
        SimData(0x0000, values=[0xD47A, 0x43E8], datatype=DataType.REGISTERS),
        SimData(0x0800, values=[0, 0], datatype=DataType.REGISTERS),
    ]
    identity = ModbusDeviceIdentification(info_name={"VendorName": "Vaisala", "ProductCode": "GMP252"})
    with (
        pymodbus_server(
            other.url, SimDevice(id=0xF0, simdata=registers), identity=identity, baudrate=19200, stopbits=2
        ),
        closing(gmp252(one.url)) as device,
    ):
        device.open()
        assert device.identify().model == "GMP252"
        sample = one_sample(device)
        assert sample.value == pytest.approx(465.66, abs=0.005)  # as the manual prints it
        assert sample.quality is Quality.GOOD


@pytest.mark.usefixtures("answers_may_come_late")
def test_s8_against_pymodbus(crossed: tuple[PtyPort, PtyPort]) -> None:
    one, other = crossed
    off = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    holding = [SimData(0x001F, values=[180], datatype=DataType.REGISTERS)]
    inputs = [
        SimData(0x0000, values=[0, 0, 0, 904], datatype=DataType.REGISTERS),
        SimData(0x0019, values=[1, 0x0E01, 0x40, 0x0163, 0x0123, 0xABCD], datatype=DataType.REGISTERS),
    ]
    with (
        pymodbus_server(other.url, SimDevice(id=0xFE, simdata=(off, off, holding, inputs)), baudrate=9600),
        closing(s8(one.url)) as device,
    ):
        device.open()
        assert device.identify().serial == "0123ABCD"
        assert one_sample(device).value == 904.0


def test_the_port_is_free_after_close(tmp_path: Path) -> None:
    with Gmp252Twin(PtyPort(tmp_path / "probe"), lambda: 500.0) as twin:
        for _ in range(3):
            with closing(gmp252(twin.url)) as device:
                device.open()
                assert device.identify().maker == "Vaisala"
                device.close()
