"""The MH-Z19 driver against its twin: self-calibration, preheating, and who is refused."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import serial

from drivers.api import DeviceLost, DeviceTimeout, Identity, ProtocolError, Quality, Sample
from drivers.codecs import winsen_mhz19 as wire
from drivers.devices.winsen_mhz19 import Mhz19Config, WinsenMhz19
from drivers.transport import PortLinks
from drivers.twins.ports import PtyPort, TcpPort, WirePort
from drivers.twins.winsen_mhz19 import Mhz19Twin
from tests.drivers.port_server import PtySerial

NextSample = Callable[..., Sample]


def mhz19(url: str, **settings: Any) -> WinsenMhz19:
    device = WinsenMhz19(Mhz19Config(url, poll_s=0.1, **settings), PortLinks())
    # tests need not wait two seconds for the next
    device.capabilities = replace(device.capabilities, period_s=0.0)
    return device


def test_the_twin_answers_with_the_makers_bytes(port: WirePort) -> None:
    with Mhz19Twin(port, lambda: 544.0) as twin:
        twin.temperature_c = -40  # the printed answer has 0 in the byte of the temperature
        link = PortLinks().open(twin.url)
        link.write(bytes.fromhex("FF 01 86 00 00 00 00 00 79"))
        said, end = b"", time.monotonic() + 5
        while len(said) < 9 and time.monotonic() < end:
            said += link.read()
        link.close()
        assert said == bytes.fromhex("FF 86 02 20 00 00 00 00 58")


def test_reads_and_identifies(port: WirePort, next_sample: NextSample) -> None:
    with Mhz19Twin(port, lambda: 544.0) as twin, closing(mhz19(twin.url)) as device:
        device.open()
        assert device.identify() == Identity("Winsen", "MH-Z19", "", "0502")
        sample = next_sample(device)
        assert (sample.value, sample.quality) == (544.0, Quality.GOOD)


@pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is deprecated")
def test_behind_a_port_server(
    port_server: Callable[[serial.SerialBase], str], next_sample: NextSample
) -> None:
    port = PtyPort()
    # every frame begins with FF, which Telnet must double on its way
    with Mhz19Twin(port, lambda: float(0xFF)):
        line = PtySerial(port.url, timeout=0)
        url = port_server(line)
        with closing(mhz19(url)) as device:
            device.open()
            assert next_sample(device).value == 255.0
            assert line.baudrate == 9600


# Self-calibration


def test_self_calibration_is_switched_off_and_read_back(next_sample: NextSample) -> None:
    with Mhz19Twin(TcpPort(), lambda: 544.0) as twin, closing(mhz19(twin.url)) as device:
        device.open()
        assert not twin.self_calibration
        off = twin.commands.index(wire.SELF_CALIBRATION)
        assert twin.commands[off + 1] == wire.SELF_CALIBRATION_STATE


def test_a_sensor_that_keeps_self_calibration_on_is_refused() -> None:
    with Mhz19Twin(TcpPort(), lambda: 544.0) as twin, closing(mhz19(twin.url)) as device:
        twin.self_calibration_stuck = True
        with pytest.raises(ProtocolError, match="self-calibration is on though it was switched off"):
            device.open()


def test_self_calibration_that_comes_back_is_noticed(
    monkeypatch: pytest.MonkeyPatch, next_sample: NextSample
) -> None:
    monkeypatch.setattr("drivers.devices.winsen_mhz19.SELF_CALIBRATION_CHECK_S", 0.0)
    with Mhz19Twin(TcpPort(), lambda: 544.0) as twin, closing(mhz19(twin.url)) as device:
        device.open()
        next_sample(device)
        twin.restart()
        with pytest.raises(ProtocolError, match="self-calibration is on"):
            next_sample(device, such=lambda sample: False)


def test_a_sensor_that_cannot_say_is_refused() -> None:
    with Mhz19Twin(TcpPort(), lambda: 544.0) as twin, closing(mhz19(twin.url)) as device:
        twin.unknown = frozenset({wire.SELF_CALIBRATION_STATE})
        with pytest.raises(ProtocolError, match="accept_unread_self_calibration = true"):
            device.open()


def test_where_that_is_accepted_it_is_switched_off_again_and_again(
    monkeypatch: pytest.MonkeyPatch, next_sample: NextSample
) -> None:
    monkeypatch.setattr("drivers.devices.winsen_mhz19.SWITCH_OFF_AGAIN_S", 0.0)
    with Mhz19Twin(TcpPort(), lambda: 544.0) as twin:
        twin.unknown = frozenset({wire.SELF_CALIBRATION_STATE})
        with closing(mhz19(twin.url, accept_unread_self_calibration=True)) as device:
            device.open()
            next_sample(device)
            twin.restart()
            end = time.monotonic() + 5
            while twin.self_calibration:
                assert time.monotonic() < end
                device.read()


def test_accepting_does_not_accept_one_that_says_that_it_is_on() -> None:
    with Mhz19Twin(TcpPort(), lambda: 544.0) as twin:
        twin.self_calibration_stuck = True
        with (
            closing(mhz19(twin.url, accept_unread_self_calibration=True)) as device,
            pytest.raises(ProtocolError, match="self-calibration is on"),
        ):
            device.open()


def test_nothing_is_sent_that_calibrates(next_sample: NextSample) -> None:
    with Mhz19Twin(TcpPort(), lambda: 544.0) as twin, closing(mhz19(twin.url, range_ppm=2000)) as device:
        device.open()
        device.identify()
        next_sample(device)
        assert set(twin.commands) <= {0x86, 0x79, 0x7D, 0x99, 0x9B, 0xA0}


# Preheating, range, values that are none


@pytest.mark.parametrize("preheat_ppm", [400, 410])
def test_a_preheating_sensor_is_not_believed(preheat_ppm: int, next_sample: NextSample) -> None:
    twin = Mhz19Twin(TcpPort(), lambda: 544.0, preheat_s=3600.0, preheat_ppm=preheat_ppm)
    with twin, closing(mhz19(twin.url)) as device:
        device.open()
        sample = next_sample(device)
        assert (sample.value, sample.quality) == (preheat_ppm, Quality.WARMING_UP)
        twin.preheat_s = 0.0
        assert next_sample(device, such=lambda sample: sample.quality is Quality.GOOD).value == 544.0


def test_one_that_never_leaves_its_first_value_is_told(
    monkeypatch: pytest.MonkeyPatch, next_sample: NextSample
) -> None:
    monkeypatch.setattr("drivers.devices.winsen_mhz19.STUCK_LIMIT_S", 0.3)
    with Mhz19Twin(TcpPort(), lambda: 544.0, preheat_s=3600.0) as twin, closing(mhz19(twin.url)) as device:
        device.open()
        next_sample(device, such=lambda sample: sample.quality is Quality.UNRELIABLE)
        assert "stands at 410 ppm since it was started: let it see free air" in device.complaint()


def test_a_sensor_that_starts_anew_is_not_believed(next_sample: NextSample) -> None:
    with Mhz19Twin(TcpPort(), lambda: 2000.0) as twin, closing(mhz19(twin.url)) as device:
        device.open()
        next_sample(device, such=lambda sample: sample.quality is Quality.GOOD)
        twin.preheat_s = 3600.0
        assert next_sample(device, such=lambda sample: sample.value == 410).quality is Quality.WARMING_UP


def test_air_may_fall_to_four_hundred_ten(next_sample: NextSample) -> None:
    values = [430.0]
    with Mhz19Twin(TcpPort(), lambda: values[-1]) as twin, closing(mhz19(twin.url)) as device:
        device.open()
        next_sample(device)
        values.append(410.0)
        assert next_sample(device, such=lambda sample: sample.value == 410).quality is Quality.GOOD


@pytest.mark.parametrize(
    ("ppm", "quality"),
    [
        (math.nan, Quality.INVALID),
        (0.0, Quality.INVALID),
        (4999.0, Quality.GOOD),
        (9000.0, Quality.OVER_RANGE),
    ],
)
def test_values_that_are_none(ppm: float, quality: Quality, next_sample: NextSample) -> None:
    with Mhz19Twin(TcpPort(), lambda: ppm) as twin, closing(mhz19(twin.url)) as device:
        device.open()
        assert next_sample(device).quality is quality


def test_the_range_is_set_where_it_differs() -> None:
    with Mhz19Twin(TcpPort(), lambda: 544.0) as twin:
        for _ in range(2):
            with closing(mhz19(twin.url, range_ppm=2000)) as device:
                device.open()
        assert twin.range_ppm == 2000
        assert twin.commands.count(wire.SET_RANGE) == 1


def test_a_range_that_stays_is_refused() -> None:
    with Mhz19Twin(TcpPort(), lambda: 544.0) as twin, closing(mhz19(twin.url, range_ppm=10_000)) as device:
        twin.unknown = frozenset({wire.SET_RANGE})
        with pytest.raises(
            ProtocolError, match="its range stays at 5000 ppm, not 10000: set range_ppm to 5000"
        ):
            device.open()


def test_a_firmware_without_the_unprinted_commands(next_sample: NextSample) -> None:
    with Mhz19Twin(TcpPort(), lambda: 544.0) as twin:
        twin.unknown = frozenset({wire.SELF_CALIBRATION_STATE, wire.RANGE, wire.FIRMWARE})
        with closing(mhz19(twin.url, accept_unread_self_calibration=True)) as device:
            device.open()
            assert device.identify().firmware == ""
            assert next_sample(device).value == 544.0
            assert wire.SET_RANGE not in twin.commands


# Wires that misbehave


@pytest.mark.parametrize("acknowledges", [False, True])
def test_a_wire_that_echoes(acknowledges: bool, next_sample: NextSample) -> None:
    with Mhz19Twin(PtyPort(), lambda: 777.0) as twin, closing(mhz19(twin.url)) as device:
        twin.echo, twin.acknowledges = True, acknowledges
        device.open()
        assert next_sample(device).value == 777.0


def test_one_lost_answer_is_asked_for_again(next_sample: NextSample) -> None:
    class Forgetful(Mhz19Twin):
        asked = 0

        def send(self, data: bytes) -> None:
            self.asked += 1
            if self.asked % 2 == 0:
                super().send(data)

    with Forgetful(TcpPort(), lambda: 544.0) as twin:
        twin.unknown = frozenset({wire.RANGE, wire.FIRMWARE})
        with closing(mhz19(twin.url)) as device:
            device.open()
            assert next_sample(device).value == 544.0


def test_a_silent_sensor_says_what_to_check() -> None:
    twin = Mhz19Twin(TcpPort(), lambda: 544.0)
    twin.silence()
    with twin, closing(mhz19(twin.url)) as device:
        began = time.monotonic()
        with pytest.raises(DeviceTimeout, match="does not answer: check its cable and power"):
            device.open()
        assert time.monotonic() - began < 1.2


@pytest.mark.parametrize("inside", [b"", bytes.fromhex("FF 86 02 20 00 00 00 00 58")])
def test_a_look_alike_never_becomes_a_value(inside: bytes) -> None:
    class Dust(Mhz19Twin):
        def step(self, received: bytes) -> None:
            self.send(bytes.fromhex("42 4D 00 1C 00 01 00 02 00 03") + inside)

    with (
        Dust(PtyPort(), lambda: 0.0) as twin,
        closing(mhz19(twin.url)) as device,
        pytest.raises(ProtocolError, match=r"another device's frames \(42 4D ...\) arrive"),
    ):
        device.open()


def test_what_is_no_frame_is_named_as_such() -> None:
    class Text(Mhz19Twin):
        def step(self, received: bytes) -> None:
            self.send(b"CO2= 500 ppm\r\n")

    with (
        Text(TcpPort(), lambda: 0.0) as twin,
        closing(mhz19(twin.url)) as device,
        pytest.raises(DeviceTimeout, match="no answer of an MH-Z19: check that the right device"),
    ):
        device.open()


def test_a_pulled_plug_is_a_lost_device_and_a_refused_one_leaves_the_port_free(
    tmp_path: Any, next_sample: NextSample
) -> None:
    with Mhz19Twin(PtyPort(tmp_path / "probe"), lambda: 544.0) as twin, closing(mhz19(twin.url)) as device:
        twin.self_calibration_stuck = True
        with pytest.raises(ProtocolError):
            device.open()
        twin.self_calibration_stuck = False
        device.open()
        next_sample(device)
        twin.unplug()
        with pytest.raises(DeviceLost):
            next_sample(device, such=lambda sample: False)
        device.close()
        device.close()
