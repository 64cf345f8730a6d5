"""The X-ray supply's driver against its twin on a pty, TCP and a port server."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import serial

from drivers.api import (
    ConfigError,
    ConnectionState,
    DeviceLost,
    DeviceTimeout,
    GeneratorState,
    ProtocolError,
    Role,
)
from drivers.codecs.spellman_uxman import Framing
from drivers.devices.spellman_uxman import SpellmanUxman, UxmanConfig
from drivers.registry import make_config
from drivers.runner import DeviceGroup, DeviceSpec
from drivers.transport import PortLinks
from drivers.twins.ports import PtyPort, TcpPort, WirePort
from drivers.twins.spellman_uxman import SpellmanUxmanTwin, Supply

ON = Supply(True, False, False, 45.0, 1.8, 45.0, 1.8)
REST = Supply(kv_set=45.0, ma_set=1.8)


@contextmanager
def running(twin: SpellmanUxmanTwin, url: str = "", **keys: Any) -> Iterator[SpellmanUxman]:
    config = UxmanConfig(url or twin.url, twin.framing, 50.0, 2.0, **{"poll_s": 0.1} | keys)
    with twin, closing(SpellmanUxman(config, PortLinks())) as driver:
        driver.open()
        yield driver


def collect(driver: SpellmanUxman, enough: Callable[[list[GeneratorState]], Any]) -> list[GeneratorState]:
    states: list[Any] = []
    end = time.monotonic() + 30
    while not enough(states):
        assert time.monotonic() < end, f"only {states}"
        states += driver.read()
    return states


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize("port", [PtyPort, TcpPort])
def test_state_and_monitors_arrive(port: type[WirePort], framing: Framing) -> None:
    with running(SpellmanUxmanTwin(port(), lambda: ON, framing)) as driver:
        (state,) = collect(driver, lambda got: len(got) == 1)
    assert state.state == "on"
    assert state.kv == pytest.approx(45.0, abs=50 / 4095 * 0.501)
    assert state.ma == pytest.approx(1.8, abs=2.4 / 4095 * 0.501)


def test_the_scaling_is_that_of_a_public_program_for_the_ux50p50() -> None:
    """12.21 V a count and 0.58608 µA a count, for a supply of 50 kV and 2 mA."""
    twin = SpellmanUxmanTwin(PtyPort(), lambda: ON, Framing.PLAIN)
    twin.values[20] = ("433", "2276", "3686", "3071", "228", "88", "334")
    with running(twin) as driver:
        (state,) = collect(driver, lambda got: len(got) == 1)
    assert state.kv == pytest.approx(3686 * 12.21e-3, rel=1e-4)
    assert state.ma == pytest.approx(3071 * 0.58608e-3, rel=1e-4)


def test_switching_on_and_off_is_followed() -> None:
    supply = [REST]
    with running(SpellmanUxmanTwin(PtyPort(), lambda: supply[0], Framing.CHECKSUM)) as driver:
        seen = []
        for now, wanted in [
            (REST, "off"),
            (Supply(True, False, False, 20.0, 0.2, 45.0, 1.8), "warming"),
            (ON, "on"),
            (Supply(False, True, False, 0.2, 0.0, 45.0, 1.8), "off"),
            (Supply(False, False, True, 0.2, 0.0, 45.0, 1.8), "fault"),
        ]:
            supply[0] = now
            states = collect(driver, lambda got, wanted=wanted: got and got[-1].state == wanted)
            seen.append(states[-1].state)
        assert "reports a fault" in driver.complaint()
    assert seen == ["off", "warming", "on", "off", "fault"]


def test_the_lanes_operating_point_goes_before_the_set_points() -> None:
    twin = SpellmanUxmanTwin(PtyPort(), lambda: Supply(True, kv=30.0, ma=1.0, kv_set=45.0), Framing.CHECKSUM)
    with running(twin, wanted_kv=30.0, wanted_ma=1.0) as driver:
        (state,) = collect(driver, lambda got: len(got) == 1)
    assert state.state == "on"
    assert b"\x0214," not in twin.received


def test_it_polls_at_least_twice_a_second() -> None:
    with running(SpellmanUxmanTwin(TcpPort(), lambda: ON, Framing.PLAIN), poll_s=0.4) as driver:
        began = time.monotonic()
        collect(driver, lambda got: len(got) == 4)
        assert time.monotonic() - began < 2.0


def test_it_says_who_it_is() -> None:
    with running(SpellmanUxmanTwin(PtyPort(), lambda: REST, Framing.CHECKSUM, model="X4817")) as driver:
        identity = driver.identify()
    assert (identity.maker, identity.model) == ("Spellman", "uX X4817")
    assert identity.firmware


def test_readbacks_that_miss_a_value_are_not_guessed() -> None:
    twin = SpellmanUxmanTwin(PtyPort(), lambda: ON, Framing.CHECKSUM)
    twin.short_readbacks = True
    with running(twin) as driver:
        (state,) = collect(driver, lambda got: len(got) == 1)
    assert (state.state, math.isnan(state.kv), math.isnan(state.ma)) == ("warming", True, True)


def test_an_echoing_line_is_no_answer() -> None:
    twin = SpellmanUxmanTwin(PtyPort(), lambda: ON, Framing.CHECKSUM)
    twin.echoes = True
    with running(twin) as driver:
        states = collect(driver, lambda got: len(got) == 3)
    assert {state.state for state in states} == {"on"}


def test_one_damaged_reply_is_asked_for_again() -> None:
    twin = SpellmanUxmanTwin(PtyPort(), lambda: ON, Framing.CHECKSUM)
    with running(twin) as driver:
        twin.damaged = 1
        (state,) = collect(driver, lambda got: len(got) == 1)
    assert state.state == "on"
    assert driver.counters.dropped == {"checksum": 1}


@pytest.mark.parametrize("flags", [("1",), ("0",) * 8, ("1",) * 17])
def test_another_family_is_not_believed(flags: tuple[str, ...]) -> None:
    twin = SpellmanUxmanTwin(PtyPort(), lambda: ON, Framing.CHECKSUM)
    twin.values[22] = flags
    with pytest.raises(ProtocolError, match="check that it is a uX"), running(twin):
        pass


def test_the_wrong_form_is_named() -> None:
    class Plain(SpellmanUxmanTwin):
        def step(self, received: bytes) -> None:
            if received:
                self.send(b"\x0222,0,0,0,\x03")

    with (
        pytest.raises(DeviceTimeout, match='framing has to be "plain"'),
        running(Plain(PtyPort(), lambda: ON, Framing.CHECKSUM)),
    ):
        pass


def test_a_silent_supply_is_a_timeout() -> None:
    twin = SpellmanUxmanTwin(PtyPort(), lambda: ON, Framing.CHECKSUM)
    twin.silence()
    with pytest.raises(DeviceTimeout, match="does not answer when asked for its status"), running(twin):
        pass


def test_a_pulled_plug_is_a_lost_device() -> None:
    twin = SpellmanUxmanTwin(TcpPort(), lambda: ON, Framing.PLAIN)
    with running(twin) as driver:
        twin.unplug()
        with pytest.raises(DeviceLost):
            collect(driver, lambda got: False)


def test_in_a_lane_its_fault_is_shown_and_its_silence_is_seen_within_two_seconds() -> None:
    supply = [REST]
    with SpellmanUxmanTwin(PtyPort(), lambda: supply[0], Framing.CHECKSUM) as twin:
        config = UxmanConfig(twin.url, Framing.CHECKSUM, 50.0, 2.0)
        group = DeviceGroup([DeviceSpec("tube", Role.GENERATOR, SpellmanUxman, config)])

        def wait_for(state: ConnectionState) -> float:
            began = time.monotonic()
            while group.states()["tube"].state is not state:
                assert time.monotonic() - began < 8, group.states()
                time.sleep(0.005)
            return time.monotonic() - began

        with group:
            wait_for(ConnectionState.READY)
            supply[0] = Supply(fault=True)
            wait_for(ConnectionState.DEGRADED)
            assert group.states()["tube"].reason.startswith("tube reports a fault")
            twin.silence()
            assert wait_for(ConnectionState.LOST) < 2.0


@pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is deprecated")
def test_behind_a_port_server_it_is_read_with_the_checksum_of_the_serial_line(
    port_server: Callable[[serial.SerialBase], str],
) -> None:
    twin = SpellmanUxmanTwin(TcpPort(), lambda: ON, Framing.CHECKSUM)
    url = port_server(serial.serial_for_url(twin.url, timeout=0))
    with running(twin, url, poll_s=0.5) as driver:
        (state,) = collect(driver, lambda got: len(got) == 1)
    assert (state.state, round(state.kv, 1)) == ("on", 45.0)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"framing": None}, "framing"),
        ({"framing": "auto"}, "framing"),
        ({"rated_kv": 0}, "rated_kv"),
        ({"rated_ma": None}, "rated_ma"),
        ({"poll_s": 0.6}, "poll_s"),
        ({"switch_on": True}, "unknown key"),
    ],
)
def test_a_config_that_leaves_something_open_is_refused(keys: dict[str, Any], words: str) -> None:
    whole = {"url": "socket://192.0.2.3:50001", "framing": "plain", "rated_kv": 160.0, "rated_ma": 3.0} | keys
    with pytest.raises(ConfigError, match=words):
        make_config(SpellmanUxman, {key: value for key, value in whole.items() if value is not None})


def test_the_form_is_given_in_words() -> None:
    keys = {"url": "/dev/ttyUSB0", "framing": "checksum", "rated_kv": 65, "rated_ma": 5}
    assert make_config(SpellmanUxman, keys).framing is Framing.CHECKSUM
