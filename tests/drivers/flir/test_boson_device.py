"""The Boson's driver against its twin: identity, temperature, complaints, echo, refusals, strangers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from drivers.api import ConfigError, DeviceLost, DeviceTimeout, ProtocolError, Quantity
from drivers.codecs import boson_fslp as wire
from drivers.devices.flir_boson import FlirBoson, FlirBosonConfig
from drivers.transport import PortLinks
from drivers.twins.flir_boson import FlirBosonTwin
from drivers.twins.ports import PtyPort
from tests.drivers.port_server import PtySerial


def boson(url: str, links: Any = None) -> FlirBoson:
    return FlirBoson(FlirBosonConfig(url), links or PortLinks())


def steadily(value: float) -> Any:
    return lambda: value


def test_identity_and_temperature(port, opened, collect) -> None:
    with FlirBosonTwin(port, steadily(-7.25), serial=93588, revision=(2, 0, 14583)) as twin:
        driver = opened(boson(twin.url))
        identity = driver.identify()
        (sample,) = collect(driver, 1)
    assert (identity.maker, identity.model) == ("Teledyne FLIR", "Boson 20640A050-6IAAX")
    assert (identity.serial, identity.firmware) == ("93588", "2.0.14583")
    assert sample.quantity is Quantity.TEMPERATURE_C
    assert sample.value == pytest.approx(-7.2)


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_over_rfc2217(port_server, opened, collect) -> None:
    port = PtyPort()
    with FlirBosonTwin(port, steadily(38.0)):
        driver = opened(boson(port_server(PtySerial(port.url, timeout=0))))
        (sample,) = collect(driver, 1)
        driver.close()
    assert sample.value == 38.0


def test_the_twin_answers_as_the_camera_did(port) -> None:
    with FlirBosonTwin(port, steadily(38.0), serial=93588) as twin:
        link = PortLinks().open(twin.url, baudrate=921600)
        for question, answer in (
            ("8E0000000001 00050002 FFFFFFFF 010B AE", "8E0000000001 00050002 00000000 00016D94 3010 AE"),
            ("8E0000000001 00050030 FFFFFFFF 4966 AE", "8E0000000001 00050030 00000000 017C BDCE AE"),
        ):
            link.write(bytes.fromhex(question))
            wanted, got, end = bytes.fromhex(answer), b"", time.monotonic() + 5
            while len(got) < len(wanted):
                assert time.monotonic() < end
                got += link.read()
            assert got == wanted
        link.close()


def test_an_echo_is_no_answer(opened, collect) -> None:
    with FlirBosonTwin(PtyPort(), steadily(25.0), echo=True) as twin:
        (sample,) = collect(opened(boson(twin.url)), 1)
    assert sample.value == 25.0


def test_nothing_is_asked_but_what_reads(opened, collect) -> None:
    with FlirBosonTwin(PtyPort(), steadily(25.0)) as twin:
        driver = opened(boson(twin.url))
        driver.identify()
        collect(driver, 3)
    assert set(twin.asked) == {
        wire.CAMERA_PART,
        wire.CAMERA_SERIAL,
        wire.SOFTWARE_REVISION,
        wire.FPA_TEMPERATURE,
        wire.FFC_STATUS,
        wire.OVER_TEMPERATURE,
    }


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"ffc_status": wire.FFC_NEVER}, "never corrected"),
        ({"ffc_status": 9}, "state 9 of its correction"),
        ({"ffc_status": wire.FFC_RUNNING}, ""),
        ({"over_temperature": True}, "too hot"),
        ({"refusals": {wire.FFC_STATUS: 646}}, "supply voltage error"),
        ({"refusals": {wire.FFC_STATUS: wire.BAD_COMMAND, wire.OVER_TEMPERATURE: wire.UNDEFINED}}, ""),
    ],
)
def test_what_the_camera_says_of_itself_is_a_complaint(state, words, opened, collect) -> None:
    with FlirBosonTwin(PtyPort(), steadily(25.0)) as twin:
        for name, value in state.items():
            setattr(twin, name, value)
        driver = opened(boson(twin.url))
        collect(driver, 1)
        complaint = driver.complaint()
    assert (words in complaint) if words else complaint == ""


def test_a_complaint_ends_with_its_reason(opened, collect) -> None:
    with FlirBosonTwin(PtyPort(), steadily(25.0)) as twin:
        twin.ffc_status = wire.FFC_NEVER
        driver = opened(boson(twin.url))
        assert driver.complaint()
        twin.ffc_status = wire.FFC_COMPLETE
        collect(driver, 3)
        assert driver.complaint() == ""


def test_a_camera_that_is_busy_for_a_moment_is_waited_for(opened, collect) -> None:
    with FlirBosonTwin(PtyPort(), steadily(25.0)) as twin:
        driver = opened(boson(twin.url))
        twin.refusals[wire.FPA_TEMPERATURE] = wire.READ_FAILED
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            assert driver.read() == ()
        twin.refusals.clear()
        collect(driver, 1)


def test_a_camera_that_refuses_for_good_is_an_error(opened, collect) -> None:
    with FlirBosonTwin(PtyPort(), steadily(25.0)) as twin:
        driver = opened(boson(twin.url))
        twin.refusals[wire.FPA_TEMPERATURE] = 513
        with pytest.raises(ProtocolError, match=r"00050030 with result 513 \(error\)"):
            collect(driver, 1)


def test_a_silent_camera_is_noticed_within_two_seconds(opened, collect) -> None:
    with FlirBosonTwin(PtyPort(), steadily(25.0)) as twin:
        driver = opened(boson(twin.url))
        twin.silence()
        began = time.monotonic()
        with pytest.raises(DeviceTimeout, match="check its power and cable"):
            collect(driver, 1)
        assert time.monotonic() - began < 2


def test_a_pulled_plug_is_a_lost_device(port, opened, collect) -> None:
    with FlirBosonTwin(port, steadily(25.0)) as twin:
        driver = opened(boson(twin.url))
        twin.unplug()
        with pytest.raises(DeviceLost):
            collect(driver, 1)


def test_a_dust_sensor_is_no_camera(scripted) -> None:
    link = scripted(*[bytes.fromhex("424D001C000100020003000400050006000700080009000A000B000C000D00A1")] * 40)
    with pytest.raises(DeviceTimeout, match="no answer of a Boson"):
        boson("scripted", link).open()
    assert link.closed


def test_late_and_foreign_answers_are_not_taken(scripted) -> None:
    late = wire.encode(wire.FslpFrame(wire.CAMERA_PART, 0x70, 0, b"OTHER".ljust(20, b"\0")))
    foreign = wire.encode(wire.FslpFrame(wire.CAMERA_SERIAL, 1, 0, bytes(4)))
    with pytest.raises(DeviceTimeout):
        boson("scripted", scripted(late, foreign)).open()


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"\x01" * 20, "it is no Boson"), (b"short", "5 bytes where 20 belong")],
    ids=["no text", "short"],
)
def test_a_part_number_that_is_none_is_refused(data: bytes, words: str, scripted) -> None:
    answer = wire.encode(wire.FslpFrame(wire.CAMERA_PART, 1, 0, data))
    with pytest.raises(ProtocolError, match=words):
        boson("scripted", scripted(answer)).open()


def test_a_line_speed_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError):
        FlirBosonConfig("/dev/ttyUSB0", baudrate=250_000)
