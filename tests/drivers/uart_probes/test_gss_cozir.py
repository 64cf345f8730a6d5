"""CozIR and SprintIR drivers against their twin: what they set, refuse, and make of values."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import serial

from drivers.api import DeviceLost, DeviceTimeout, Identity, ProtocolError, Quality, Quantity, Sample
from drivers.codecs import gss_ascii as wire
from drivers.devices.gss_cozir import CozirConfig, GssCozir, GssSprintir, SprintirConfig
from drivers.transport import PortLinks
from drivers.twins.gss_cozir import GssTwin
from drivers.twins.ports import PtyPort, TcpPort, WirePort
from tests.drivers.port_server import PtySerial

NextSample = Callable[..., Sample]


def cozir(url: str, **settings: Any) -> GssCozir:
    return GssCozir(CozirConfig(url, **settings), PortLinks())


def sprintir(url: str, **settings: Any) -> GssSprintir:
    return GssSprintir(SprintirConfig(url, **settings), PortLinks())


def fast_twin(port: WirePort, ppm: float = 500.0, **settings: Any) -> GssTwin:
    return GssTwin(port, lambda: ppm, pace=10, **settings)


def test_the_twin_answers_with_the_manuals_bytes(port: WirePort) -> None:
    with GssTwin(port, lambda: 500.0) as twin:
        link = PortLinks().open(twin.url)
        link.write(b"K 2\r\n")
        said, end = b"", time.monotonic() + 5
        while b" K 00002\r\n" not in said and time.monotonic() < end:
            said += link.read()
        link.write(b"M 6\r\n")
        link.write(b"Q\r\n")
        while not said.endswith(b" M 00006\r\n Z 00500 z 00500\r\n") and time.monotonic() < end:
            said += link.read()
        link.close()
        assert said.endswith(b" K 00002\r\n M 00006\r\n Z 00500 z 00500\r\n")


def test_cozir_reads_and_identifies(port: WirePort, next_sample: NextSample) -> None:
    with fast_twin(port, 517.0) as twin, closing(cozir(twin.url)) as device:
        device.open()
        assert device.identify() == Identity("Gas Sensing Solutions", "CozIR", "00233 00000", "AL17")
        sample = next_sample(device)
        assert (sample.value, sample.quality) == (517.0, Quality.GOOD)


def test_sprintir_gives_twenty_values_a_second(port: WirePort) -> None:
    with (
        GssTwin(port, lambda: 40_000.0, rate_hz=20.0, multiplier=10) as twin,
        closing(sprintir(twin.url)) as device,
    ):
        device.open()
        samples: list[Any] = []
        began = time.monotonic()
        while len(samples) < 61:
            assert time.monotonic() < began + 15
            samples += device.read()
        assert time.monotonic() - began == pytest.approx(3.0, abs=0.9)
    assert {sample.value for sample in samples} == {40_000.0}


@pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is deprecated")
def test_cozir_behind_a_port_server(
    port_server: Callable[[serial.SerialBase], str], next_sample: NextSample
) -> None:
    port = PtyPort()
    with fast_twin(port, 517.0):
        line = PtySerial(port.url, timeout=0)
        url = port_server(line)
        with closing(cozir(url, baudrate=38400)) as device:
            device.open()
            assert next_sample(device).value == 517.0
            assert line.baudrate == 38400


@pytest.mark.parametrize("multiplier", [1, 10, 100])
def test_the_multiplier_is_read(multiplier: int, next_sample: NextSample) -> None:
    with fast_twin(TcpPort(), 4200.0, multiplier=multiplier) as twin, closing(cozir(twin.url)) as device:
        device.open()
        assert next_sample(device).value == 4200.0


def test_an_unknown_multiplier_is_refused() -> None:
    with (
        fast_twin(TcpPort(), multiplier=7) as twin,
        closing(cozir(twin.url)) as device,
        pytest.raises(ProtocolError, match="multiplier is 7"),
    ):
        device.open()


def test_temperature_and_humidity_where_wanted(next_sample: NextSample) -> None:
    with (
        fast_twin(TcpPort(), climate=(-5.5, 34.5)) as twin,
        closing(cozir(twin.url, climate=True)) as device,
    ):
        device.open()
        assert next_sample(device, Quantity.TEMPERATURE_C).value == -5.5
        assert next_sample(device, Quantity.HUMIDITY_PCT).value == 34.5
        assert device.complaint() == ""


def test_a_missing_humidity_sensor_is_no_zero(next_sample: NextSample) -> None:
    with fast_twin(TcpPort()) as twin, closing(cozir(twin.url, climate=True)) as device:
        device.open()
        assert next_sample(device, Quantity.HUMIDITY_PCT).quality is Quality.INVALID
        assert "climate = false" in device.complaint()


# Self-protection


@pytest.mark.parametrize("in_mode_0", [False, True])
def test_self_calibration_is_switched_off_and_read_back(in_mode_0: bool, next_sample: NextSample) -> None:
    with fast_twin(TcpPort(), auto_zero="1.0 8.0") as twin, closing(cozir(twin.url)) as device:
        twin.auto_zero_in_mode_0 = in_mode_0
        device.open()
        assert twin.auto_zero == "0"
        assert twin.commands[twin.commands.index("@ 0") + 1] == "@"
        assert next_sample(device).quality is Quality.GOOD


def test_a_sensor_that_keeps_self_calibration_on_is_refused() -> None:
    with fast_twin(TcpPort()) as twin, closing(cozir(twin.url)) as device:
        twin.auto_zero_stuck = True
        with pytest.raises(ProtocolError, match=r"self-calibration is on \(1.0 8.0\)"):
            device.open()


def test_self_calibration_that_comes_back_is_noticed(
    monkeypatch: pytest.MonkeyPatch, next_sample: NextSample
) -> None:
    monkeypatch.setattr("drivers.devices.gss_cozir.AUTO_ZERO_CHECK_S", 0.0)
    with fast_twin(TcpPort()) as twin, closing(cozir(twin.url)) as device:
        device.open()
        assert next_sample(device).quality is Quality.GOOD
        twin.auto_zero = "1.0 8.0"  # as after a power cut
        with pytest.raises(ProtocolError, match="self-calibration is on"):
            next_sample(device, such=lambda sample: False)


def test_a_sensor_that_hears_no_more_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, next_sample: NextSample
) -> None:
    class Deaf(GssTwin):
        deaf = False

        def step(self, received: bytes) -> None:
            super().step(b"" if self.deaf else received)

    monkeypatch.setattr("drivers.devices.gss_cozir.AUTO_ZERO_CHECK_S", 0.2)
    with Deaf(TcpPort(), lambda: 500.0, pace=10) as twin, closing(cozir(twin.url)) as device:
        device.open()
        twin.deaf = True
        with pytest.raises(DeviceTimeout, match="does not say whether its self-calibration is off"):
            next_sample(device, such=lambda sample: False)


def test_the_filter_is_set_once_and_its_memory_spared() -> None:
    with fast_twin(TcpPort()) as twin:
        for _ in range(2):
            with closing(cozir(twin.url, digital_filter=64)) as device:
                device.open()
        assert (twin.filter, twin.settings_written) == (64, 1)


def test_nothing_is_sent_that_calibrates(next_sample: NextSample) -> None:
    with fast_twin(TcpPort(), climate=(20.0, 40.0)) as twin:
        with closing(cozir(twin.url, climate=True)) as device:
            device.open()
            device.identify()
            next_sample(device)
        assert {command[0] for command in twin.commands} <= set("K.aA@YM")


@pytest.mark.parametrize(
    ("ppm", "quality"),
    [(0.0, Quality.INVALID), (9_999.0, Quality.GOOD), (10_001.0, Quality.OVER_RANGE)],
)
def test_values_that_are_none(ppm: float, quality: Quality, next_sample: NextSample) -> None:
    with fast_twin(TcpPort(), ppm) as twin, closing(cozir(twin.url)) as device:
        device.open()
        assert next_sample(device).quality is quality


def test_more_than_sixteen_bits_is_over_range_whatever_the_label(next_sample: NextSample) -> None:
    with fast_twin(TcpPort(), 70_000.0) as twin, closing(cozir(twin.url, range_ppm=1_000_000)) as device:
        device.open()
        assert next_sample(device).quality is Quality.OVER_RANGE


# Wires that misbehave


def test_a_wire_that_echoes(next_sample: NextSample) -> None:
    with fast_twin(PtyPort()) as twin, closing(cozir(twin.url)) as device:
        twin.echo = True
        device.open()
        assert twin.auto_zero == "0"
        assert next_sample(device).value == 500.0


def test_a_half_typed_command_before_is_no_harm(next_sample: NextSample) -> None:
    with fast_twin(TcpPort()) as twin:
        twin._typed = b"M 40"
        with closing(cozir(twin.url)) as device:
            device.open()
            assert next_sample(device).value == 500.0


def test_garbage_between_values_costs_a_value_at_most(next_sample: NextSample) -> None:
    with fast_twin(TcpPort()) as twin, closing(cozir(twin.url)) as device:
        device.open()
        next_sample(device)
        twin.send(b"\x00\xff Z 9")
        assert next_sample(device).value == 500.0


def test_a_silent_sensor_says_what_to_check() -> None:
    twin = fast_twin(TcpPort())
    twin.silence()
    with twin, closing(cozir(twin.url)) as device:
        began = time.monotonic()
        with pytest.raises(DeviceTimeout, match="does not answer: check its cable, power and line speed"):
            device.open()
        assert time.monotonic() - began < 1.3


class Dust(GssTwin):
    """A dust sensor that sends frames whatever it hears."""

    def step(self, received: bytes) -> None:
        self.send(bytes.fromhex("42 4D 00 1C 00 01 00 02 00 03 0D 0A"))


def test_a_look_alike_that_streams_is_not_taken_for_a_sensor() -> None:
    with (
        Dust(PtyPort(), lambda: 0.0) as twin,
        closing(cozir(twin.url)) as device,
        pytest.raises(DeviceTimeout, match="holds no answer to 'K 2': check that a CozIR"),
    ):
        device.open()


def test_a_device_that_knows_no_such_command_is_refused() -> None:
    class Other(GssTwin):
        def step(self, received: bytes) -> None:
            if received:
                self.send(b" ?\r\n")

    with (
        Other(TcpPort(), lambda: 0.0) as twin,
        closing(cozir(twin.url)) as device,
        pytest.raises(ProtocolError, match="does not know the command"),
    ):
        device.open()


def test_a_pulled_plug_is_a_lost_device_and_a_failed_opening_leaves_the_port_free(
    tmp_path: Any, next_sample: NextSample
) -> None:
    with fast_twin(PtyPort(tmp_path / "probe"), 500.0) as twin, closing(cozir(twin.url)) as device:
        twin.auto_zero_stuck = True
        with pytest.raises(ProtocolError):
            device.open()
        twin.auto_zero_stuck = False
        device.open()
        next_sample(device)
        twin.unplug()
        with pytest.raises(DeviceLost):
            next_sample(device, such=lambda sample: False)
        device.close()
        twin.replug()
        device.open()
        assert next_sample(device).value == 500.0


def test_the_twin_writes_what_the_mask_asks_for() -> None:
    twin = GssTwin(TcpPort(), lambda: 651.0, climate=(19.5, 34.5))
    twin._obey(f"M {(wire.Output.HUMIDITY | wire.Output.TEMPERATURE | wire.Output.FILTERED).value}")
    assert twin.values() == b" H 00345 T 01195 Z 00651\r\n"
    twin.port.close()
