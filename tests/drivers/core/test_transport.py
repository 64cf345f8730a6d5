"""Links: what is read, who is lost, and messages that say what to do."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial
import serial.rfc2217

from drivers.api import ConfigError, DeviceLost, DeviceOpenError, Direction, Link
from drivers.transport import PortLinks
from drivers.twins.ports import PtyPort, TcpPort, UdpPort, WirePort

SAMPLE = bytes(range(256))  # every byte: a line that is not raw would eat or change some


@pytest.fixture(params=["pty", "named pty", "tcp"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WirePort]:
    made: WirePort
    if request.param == "tcp":
        made = TcpPort()
    else:
        made = PtyPort(tmp_path / "co2-inside" if request.param == "named pty" else None)
    yield made
    made.close()


def read_until(link: Link, length: int) -> bytes:
    data, end = b"", time.monotonic() + 5
    while len(data) < length and time.monotonic() < end:
        data += link.read()
    return data


def lost(link: Link) -> DeviceLost:
    with pytest.raises(DeviceLost) as caught:
        read_until(link, 1 << 20)
    return caught.value


def far_read(port: WirePort, length: int) -> bytes:
    data, end = b"", time.monotonic() + 5
    while len(data) < length and time.monotonic() < end:
        data += port.read(0.1)
    return data


def test_bytes_pass_unchanged_both_ways_and_by_the_tap(port: WirePort) -> None:
    seen: dict[Direction, bytes] = {Direction.RX: b"", Direction.TX: b""}

    def tap(direction: Direction, data: bytes) -> None:
        seen[direction] += data

    link = PortLinks(tap).open(port.url)
    try:
        link.write(SAMPLE)
        assert far_read(port, 256) == SAMPLE
        port.write(SAMPLE[::-1])
        assert read_until(link, 256) == SAMPLE[::-1]
        assert seen == {Direction.TX: SAMPLE, Direction.RX: SAMPLE[::-1]}
    finally:
        link.close()
        link.close()


def test_a_read_waits_no_longer_than_a_moment(port: WirePort) -> None:
    link = PortLinks().open(port.url)
    began = time.monotonic()
    assert link.read() == b""
    assert 0.1 < time.monotonic() - began < 0.5
    link.close()


def test_stale_bytes_can_be_dropped(port: WirePort) -> None:
    link = PortLinks().open(port.url)
    link.write(b"?")
    far_read(port, 1)
    port.write(b"old")
    # The bytes are on their way to the reader's side; the first of them tells that they are there.
    assert link.read(1) == b"o"
    link.discard_input()
    port.write(b"new")
    assert read_until(link, 3) == b"new"
    link.close()


def test_unplugging_is_a_lost_device_and_replugging_serves_again(
    port: WirePort, until: Callable[..., None]
) -> None:
    link = PortLinks().open(port.url)
    link.write(b"x")
    far_read(port, 1)
    began = time.monotonic()
    port.unplug()
    assert "check" in str(lost(link))
    assert time.monotonic() - began < 0.5
    link.close()
    with pytest.raises(DeviceOpenError, match="check"):
        PortLinks().open(port.url)
    port.replug()
    link = PortLinks().open(port.url)
    link.write(b"again")
    assert far_read(port, 5) == b"again"
    link.close()


def test_writing_to_a_pulled_plug_is_a_lost_device(port: WirePort) -> None:
    link = PortLinks().open(port.url)
    link.write(b"x")
    far_read(port, 1)
    port.unplug()

    def write_on() -> None:
        for _ in range(100):  # TCP notices at the second packet
            link.write(b"x")

    with pytest.raises(DeviceLost):
        write_on()
    with pytest.raises(DeviceLost):
        link.discard_input()
    link.close()


def test_a_tcp_greeting_is_not_thrown_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        # The kernel connects before anybody accepts: the greeting is there as early as it can be.
        connected = threading.Event()

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HELLO")
                connected.wait()

        greeter = threading.Thread(target=greet)
        greeter.start()
        link = PortLinks().open(f"socket://127.0.0.1:{server.getsockname()[1]}")
        assert read_until(link, 5) == b"HELLO"
        connected.set()
        greeter.join()
        link.close()


def test_missing_port_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeviceOpenError, match=r"there is no port .* plugged in"):
        PortLinks().open(str(tmp_path / "ttyUSB7"))


def test_busy_port_says_so(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "tty")
    link = PortLinks().open(port.url)
    with pytest.raises(DeviceOpenError, match="held by another program"):
        PortLinks().open(port.url)
    link.close()
    PortLinks().open(port.url).close()
    port.close()


def test_a_file_is_no_port(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no port")
    with pytest.raises(DeviceOpenError, match="check that it names one"):
        PortLinks().open(str(file))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_forbidden_port_names_the_group(tmp_path: Path) -> None:
    file = tmp_path / "tty"
    file.touch(mode=0)
    with pytest.raises(DeviceOpenError, match="dialout"):
        PortLinks().open(str(file))


def test_refused_connection_says_so() -> None:
    port = TcpPort()
    port.close()
    with pytest.raises(DeviceOpenError, match="refuses the connection: check that the device is on"):
        PortLinks().open(port.url)


@pytest.mark.parametrize("url", ["socket://127.0.0.1", "udp://127.0.0.1:99999", "carrier-pigeon://loft:1"])
def test_a_useless_url_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError):
        PortLinks().open(url)


def test_udp_keeps_datagrams_apart_and_refuses_a_second_listener() -> None:
    port = UdpPort()
    link = PortLinks().open(port.url)
    with pytest.raises(DeviceOpenError, match="another program listens"):
        PortLinks().open(port.url)
    with pytest.raises(DeviceLost, match="nobody has sent"):
        link.write(b"?")
    port.write(b"one")
    port.write(b"two")
    assert [link.read(), link.read()] == [b"one", b"two"]
    link.write(b"back")
    assert far_read(port, 4) == b"back"
    port.unplug()
    port.write(b"lost")
    port.replug()
    port.write(b"heard")
    assert link.read() == b"heard"
    link.close()
    port.close()


@pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is deprecated")
def test_rfc2217_port_server(port_server: Callable[[serial.SerialBase], str]) -> None:
    """pyserial's own server side at the far end, its line looped back."""
    link = PortLinks().open(
        port_server(serial.serial_for_url("loop://", timeout=0)), baudrate=19200, stopbits=2
    )
    link.write(SAMPLE)
    assert read_until(link, 256) == SAMPLE
    link.close()


def test_a_port_without_a_reader_keeps_its_twins_pace() -> None:
    port = PtyPort()
    began = time.monotonic()
    for _ in range(200):
        port.write(bytes(1000))
    assert time.monotonic() - began < 2.0
    assert port.bytes_dropped > 0
    port.close()
