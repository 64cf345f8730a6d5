"""The GMP343 driver against its twin: formats, echo, errors, restarts, and who is refused."""

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
from drivers.codecs import vaisala_ascii as wire
from drivers.devices.vaisala_gmp343 import Gmp343Config, VaisalaGmp343
from drivers.transport import PortLinks
from drivers.twins.ports import PtyPort, TcpPort, WirePort
from drivers.twins.vaisala_gmp343 import Gmp343Twin
from tests.drivers.port_server import PtySerial

NextSample = Callable[..., Sample]


def gmp343(url: str, **settings: Any) -> VaisalaGmp343:
    device = VaisalaGmp343(Gmp343Config(url, poll_s=0.1, **settings), PortLinks())
    # tests need not wait two seconds for the next
    device.capabilities = replace(device.capabilities, period_s=0.0)
    return device


def test_reads_and_identifies(port: WirePort, next_sample: NextSample) -> None:
    with Gmp343Twin(port, lambda: 452.0) as twin, closing(gmp343(twin.url)) as device:
        device.open()
        assert device.identify() == Identity("Vaisala", "GMP343", "D1240008", "STD 2.00")
        sample = next_sample(device)
        assert (sample.value, sample.quality) == (452.0, Quality.GOOD)


@pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is deprecated")
def test_behind_a_port_server(
    port_server: Callable[[serial.SerialBase], str], next_sample: NextSample
) -> None:
    port = PtyPort()
    with Gmp343Twin(port, lambda: 452.0):
        line = PtySerial(port.url, timeout=0)
        url = port_server(line)
        with closing(gmp343(url)) as device:
            device.open()
            assert next_sample(device).value == 452.0
            assert (line.baudrate, line.parity, line.stopbits) == (19200, "N", 1)


def test_the_twin_streams_at_its_interval_and_stops(port: WirePort) -> None:
    with Gmp343Twin(port, lambda: 452.0) as twin:
        link = PortLinks().open(twin.url)
        link.write(wire.encode_command("intv 0 s") + wire.encode_command("r"))
        said, end = b"", time.monotonic() + 20
        while said.count(b"CO2=   452 ppm\r\n") < 3 and time.monotonic() < end:
            said += link.read()
        link.write(wire.encode_command("s"))
        while link.read() or twin.running:  # what was under way
            assert time.monotonic() < end
        link.close()
        assert said.startswith(b"Output interval: 0 S\r\n")


@pytest.mark.parametrize("echo", [False, True])
@pytest.mark.parametrize("running", [False, True])
def test_a_probe_that_streams_or_echoes(echo: bool, running: bool, next_sample: NextSample) -> None:
    twin = Gmp343Twin(PtyPort(), lambda: 777.0, running=running, interval_s=0.05, echo=echo)
    with twin, closing(gmp343(twin.url)) as device:
        device.open()
        assert not twin.running
        assert next_sample(device).value == 777.0
        assert device.complaint() == ""


def test_a_half_typed_command_is_cleared(next_sample: NextSample) -> None:
    with Gmp343Twin(TcpPort(), lambda: 452.0) as twin:
        twin._typed = b"average 6"
        with closing(gmp343(twin.url)) as device:
            device.open()
            assert next_sample(device).value == 452.0
        assert twin.average_s == 30


@pytest.mark.parametrize(
    ("line", "ppm"),
    [
        ("CO2=  452 ppm", 452.0),
        (" 452.4 ppm", 452.4),
        ("CO2= 452", 452.0),
        ("CO2= 0.05 %CO2", 500.0),
        ("0.05 %", 500.0),
    ],
)
def test_formats_that_say_what_they_are(line: str, ppm: float, next_sample: NextSample) -> None:
    with Gmp343Twin(TcpPort(), lambda: 0.0) as twin, closing(gmp343(twin.url)) as device:
        twin.write_value = lambda value: wire.encode_line(line)
        device.open()
        assert next_sample(device).value == pytest.approx(ppm)
        assert not any(command.startswith("form") for command in twin.commands)


@pytest.mark.parametrize("line", ["  452.4", "400.1 401.2 452.4 24.1 (R C C+F T)"])
def test_a_format_that_does_not_say_is_set_anew(
    line: str, monkeypatch: pytest.MonkeyPatch, next_sample: NextSample
) -> None:
    monkeypatch.setattr("drivers.devices.vaisala_gmp343.VALUE_LIMIT_S", 0.8)
    with Gmp343Twin(TcpPort(), lambda: 452.4) as twin, closing(gmp343(twin.url)) as device:
        twin.write_value = lambda value: wire.encode_line(line)
        device.open()
        assert next_sample(device).value == 452.4
        assert [command for command in twin.commands if command.startswith("form")] == [wire.LABELLED_FORMAT]


def test_a_format_that_stays_unreadable_is_refused(
    monkeypatch: pytest.MonkeyPatch, next_sample: NextSample
) -> None:
    class Stubborn(Gmp343Twin):
        def _set_format(self, text: str) -> None:
            pass

    monkeypatch.setattr("drivers.devices.vaisala_gmp343.VALUE_LIMIT_S", 0.2)
    with Stubborn(TcpPort(), lambda: 0.0) as twin, closing(gmp343(twin.url)) as device:
        twin.write_value = lambda value: wire.encode_line(" 452.4")
        device.open()
        with pytest.raises(ProtocolError, match=r"answers '452.4 without label and unit' .* \(form\)"):
            next_sample(device)


def test_a_value_that_takes_long_is_waited_for_without_blocking(next_sample: NextSample) -> None:
    with (
        Gmp343Twin(TcpPort(), lambda: 452.0, answer_delay_s=0.7) as twin,
        closing(gmp343(twin.url)) as device,
    ):
        device.open()
        longest_s, samples, end = 0.0, [], time.monotonic() + 8
        while not samples and time.monotonic() < end:
            began = time.monotonic()
            samples += device.read()
            longest_s = max(longest_s, time.monotonic() - began)
        assert longest_s < 0.4
        assert samples[0].value == 452.0


@pytest.mark.parametrize(
    ("ppm", "quality"),
    [
        (math.nan, Quality.INVALID),
        (0.0, Quality.INVALID),
        (-12.0, Quality.INVALID),
        (19_999.0, Quality.GOOD),
        (20_001.0, Quality.OVER_RANGE),
    ],
)
def test_values_that_are_none(ppm: float, quality: Quality, next_sample: NextSample) -> None:
    with Gmp343Twin(TcpPort(), lambda: ppm) as twin, closing(gmp343(twin.url)) as device:
        device.open()
        assert next_sample(device).quality is quality


def test_the_small_range_ends_at_its_end(next_sample: NextSample) -> None:
    with Gmp343Twin(TcpPort(), lambda: 1100.0) as twin, closing(gmp343(twin.url, range_ppm=1000)) as device:
        device.open()
        assert next_sample(device).quality is Quality.OVER_RANGE


def test_errors_of_the_probe_are_told_and_its_values_not_trusted(
    monkeypatch: pytest.MonkeyPatch, next_sample: NextSample
) -> None:
    monkeypatch.setattr("drivers.devices.vaisala_gmp343.ERRORS_CHECK_S", 0.5)
    with Gmp343Twin(TcpPort(), lambda: 452.0) as twin, closing(gmp343(twin.url)) as device:
        device.open()
        next_sample(device, such=lambda sample: sample.quality is Quality.GOOD)
        twin.errors = ("E5: Signal level low", "E12: Heater")
        next_sample(device, such=lambda sample: sample.quality is Quality.UNRELIABLE)
        assert device.complaint().startswith("reports: E5: Signal level low; E12: Heater: clean its optics")
        twin.errors = ()
        next_sample(device, such=lambda sample: sample.quality is Quality.GOOD)
        assert device.complaint() == ""


def test_the_averaging_time_is_set_and_confirmed() -> None:
    with Gmp343Twin(TcpPort(), lambda: 452.0) as twin, closing(gmp343(twin.url, average_s=10)) as device:
        device.open()
        assert twin.average_s == 10


def test_an_averaging_time_that_is_not_confirmed_is_refused() -> None:
    with Gmp343Twin(TcpPort(), lambda: 452.0) as twin, closing(gmp343(twin.url, average_s=10)) as device:
        twin._obey = lambda typed: twin._say(*(twin.about if "?" in typed else ["Unknown command"]))
        with pytest.raises(ProtocolError, match="does not confirm an averaging time of 10 s"):
            device.open()


def test_a_probe_that_starts_anew_is_opened_anew(next_sample: NextSample) -> None:
    with Gmp343Twin(TcpPort(), lambda: 452.0) as twin, closing(gmp343(twin.url)) as device:
        device.open()
        next_sample(device)
        twin.restart()
        with pytest.raises(DeviceLost, match="its power was away and it warms up again"):
            next_sample(device, such=lambda sample: False)


@pytest.mark.parametrize("about", [("GMP231 / 1.1.0", "SNUM : K123"), ("Door lock ready",)])
def test_another_device_is_refused_unless_allowed(about: tuple[str, ...]) -> None:
    with Gmp343Twin(TcpPort(), lambda: 452.0) as twin:
        twin.about = about
        with (
            closing(gmp343(twin.url)) as device,
            pytest.raises(ProtocolError, match=r"does not say that it is a GMP343 but .*check_identity"),
        ):
            device.open()
        with closing(gmp343(twin.url, check_identity=False)) as device:
            device.open()
            assert device.identify().model == ""


def test_a_silent_probe_says_what_to_check() -> None:
    twin = Gmp343Twin(TcpPort(), lambda: 452.0)
    twin.silence()
    with twin, closing(gmp343(twin.url)) as device:
        began = time.monotonic()
        with pytest.raises(DeviceTimeout, match="does not answer: check its cable, power and line speed"):
            device.open()
        assert time.monotonic() - began < 1.3


def test_a_probe_that_falls_silent_is_noticed(
    monkeypatch: pytest.MonkeyPatch, next_sample: NextSample
) -> None:
    monkeypatch.setattr("drivers.devices.vaisala_gmp343.VALUE_LIMIT_S", 0.3)
    with Gmp343Twin(TcpPort(), lambda: 452.0) as twin, closing(gmp343(twin.url)) as device:
        device.open()
        next_sample(device)
        twin.silence()
        with pytest.raises(DeviceTimeout, match="gives no value: check its cable and power"):
            next_sample(device, such=lambda sample: False)


def test_a_look_alike_that_streams_is_not_taken_for_a_probe() -> None:
    class Dust(Gmp343Twin):
        def step(self, received: bytes) -> None:
            self.send(bytes.fromhex("42 4D 00 1C 00 01 0D 37 0A 02 00 03"))

    with (
        Dust(PtyPort(), lambda: 0.0) as twin,
        closing(gmp343(twin.url)) as device,
        pytest.raises(DeviceTimeout, match=r"no answer to .* check that a GMP343 is on this port"),
    ):
        device.open()


def test_a_pulled_plug_is_a_lost_device_and_a_refused_one_leaves_the_port_free(
    tmp_path: Any, next_sample: NextSample
) -> None:
    with Gmp343Twin(PtyPort(tmp_path / "probe"), lambda: 452.0) as twin:
        about, twin.about = twin.about, ("Door lock ready",)
        with closing(gmp343(twin.url)) as device:
            with pytest.raises(ProtocolError):
                device.open()
            twin.about = about
            device.open()
            next_sample(device)
            twin.unplug()
            with pytest.raises(DeviceLost):
                next_sample(device, such=lambda sample: False)
            device.close()
            device.close()
