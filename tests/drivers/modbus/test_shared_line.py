"""Several devices on one port: turns in order, each tap its own bytes, one death told to all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from drivers.api import ConfigError, DeviceLost, DeviceOpenError, Direction, Link
from drivers.shared_line import FairLock, SharedLines
from drivers.transport import PortLinks
from drivers.twins.ports import PtyPort, TcpPort, WirePort

Until = Callable[..., None]


@pytest.fixture(params=["pty", "tcp"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WirePort]:
    made: WirePort = PtyPort(tmp_path / "pair") if request.param == "pty" else TcpPort()
    yield made
    made.close()


@pytest.fixture
def join() -> Iterator[Callable[..., Link]]:
    """Open ends of a shared line; they are closed with the test."""
    with ExitStack() as stack:
        yield lambda url, links=None, **settings: stack.enter_context(
            closing((links or PortLinks()).open(url, shared=True, **settings))
        )


def far_read(port: WirePort, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += port.read(5.0)
    return data


def near_read(link: Link, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += link.read()
    return data


def test_one_port_serves_two_ends(port: WirePort, join: Any) -> None:
    one, other = join(port.url), join(port.url)
    for link, word in ((one, b"one"), (other, b"two"), (one, b"three")):
        with link.turn():
            link.write(word)
            assert far_read(port, len(word)) == word
            port.write(word.upper())
            assert near_read(link, len(word)) == word.upper()


def test_a_turn_keeps_the_others_waiting(port: WirePort, join: Any, until: Until) -> None:
    one, other = join(port.url), join(port.url)
    had = threading.Event()

    def wait_and_have() -> None:
        with other.turn():
            had.set()

    thread = threading.Thread(target=wait_and_have)
    with one.turn():
        thread.start()
        until(lambda: one._line.turns._waiting, "the other end waits")
        assert not had.is_set()
    thread.join(5)
    assert had.is_set()


def test_turns_are_given_in_the_order_of_asking(until: Until) -> None:
    lock, order = FairLock(), []

    def take(number: int) -> None:
        lock.acquire()
        order.append(number)
        lock.release()

    lock.acquire()
    threads = [threading.Thread(target=take, args=(number,)) for number in range(6)]
    for number, thread in enumerate(threads):
        thread.start()
        until(lambda number=number: len(lock._waiting) == number + 1, "it waits in the row")
    lock.release()
    for thread in threads:
        thread.join(5)
    assert order == list(range(6))


def test_what_came_before_a_turn_is_dropped(port: WirePort, join: Any) -> None:
    one, other = join(port.url), join(port.url)
    with one.turn():
        one.write(b"?")
        far_read(port, 1)
        port.write(b"late answer")
        assert one.read(1) == b"l"  # the first byte tells that they are there
    with other.turn():
        port.write(b"new")
        assert near_read(other, 3) == b"new"


def test_a_turn_within_a_turn_is_the_same(port: WirePort, join: Any) -> None:
    link = join(port.url)
    with link.turn(), link.turn():
        link.write(b"x")
        assert far_read(port, 1) == b"x"


def test_a_wire_of_ones_own_has_turns_too(port: WirePort) -> None:
    with closing(PortLinks().open(port.url)) as link, link.turn(), link.turn():
        link.write(b"x")
        assert far_read(port, 1) == b"x"


def test_use_outside_a_turn_is_the_drivers_mistake(port: WirePort, join: Any) -> None:
    link = join(port.url)
    with pytest.raises(RuntimeError, match=r"outside a turn.*with link\.turn"):
        link.write(b"?")


def test_settings_must_agree(tmp_path: Path, join: Any) -> None:
    port = PtyPort(tmp_path / "pair")
    join(port.url, baudrate=9600, stopbits=1)
    with pytest.raises(
        ConfigError, match=r"baudrate 9600, stopbits 1 and .* baudrate 19200, stopbits 1: give"
    ):
        PortLinks().open(port.url, shared=True, baudrate=19200, stopbits=1)
    port.close()


def test_over_tcp_line_settings_are_the_gateways(join: Any) -> None:
    port = TcpPort()
    join(port.url, baudrate=9600)
    join(port.url, baudrate=19200)
    port.close()


def test_the_last_close_closes_the_port(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "pair")
    one, other = (PortLinks().open(port.url, shared=True) for _ in range(2))
    for link in (one, one):  # a second close does nothing
        link.close()
        with pytest.raises(DeviceOpenError, match="held by another program"):
            PortLinks().open(port.url)
    other.close()
    PortLinks().open(port.url).close()
    port.close()


def test_a_port_that_dies_is_lost_to_all_and_opened_anew(port: WirePort, join: Any) -> None:
    one, other = join(port.url), join(port.url)
    with one.turn():
        one.write(b"x")
        far_read(port, 1)
    port.unplug()
    with pytest.raises(DeviceLost, match="check"), one.turn():
        near_read(one, 1)
    with pytest.raises(DeviceLost, match="check"), other.turn():
        pass
    with pytest.raises(DeviceOpenError):
        PortLinks().open(port.url, shared=True)
    port.replug()
    again = join(port.url)  # while the dead ends are not closed yet
    one.close()
    other.close()
    with again.turn():
        again.write(b"again")
        assert far_read(port, 5) == b"again"


def test_who_asks_while_it_is_opened_gets_what_comes_of_that(until: Until) -> None:
    lines, may_fail = SharedLines(), threading.Event()
    failures: list[str] = []

    def fail() -> Link:
        may_fail.wait(5)
        raise DeviceOpenError("there is no port: plug it in")

    def join() -> None:
        try:
            lines.open("/dev/pair", {}, fail)
        except DeviceOpenError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=join) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: (line := lines._lines.get("/dev/pair")) and line.users == 3, "all three have asked")
    may_fail.set()
    for thread in threads:
        thread.join(5)
    assert failures == ["there is no port: plug it in"] * 3
    assert lines._lines == {}


def test_each_tap_sees_the_bytes_of_its_own_turns(port: WirePort, join: Any) -> None:
    seen: dict[str, list[tuple[Direction, bytes]]] = {"one": [], "other": []}
    ends = {
        name: join(
            port.url, PortLinks(lambda direction, data, name=name: seen[name].append((direction, data)))
        )
        for name in seen
    }
    for name, link in ends.items():
        with link.turn():
            link.write(name.encode())
            far_read(port, len(name))
            port.write(b"!")
            assert link.read() == b"!"
    for name in seen:
        assert seen[name] == [(Direction.TX, name.encode()), (Direction.RX, b"!")]


def test_a_tap_that_waits_keeps_nobody_from_the_line(port: WirePort, join: Any) -> None:
    recorder_is_back = threading.Event()
    slow = join(port.url, PortLinks(lambda direction, data: recorder_is_back.wait(5)))
    other = join(port.url)

    def ask() -> None:
        with slow.turn():
            slow.write(b"x")

    thread = threading.Thread(target=ask)
    thread.start()
    far_read(port, 1)
    with other.turn():  # comes although the first one's tap still waits
        assert thread.is_alive()
    recorder_is_back.set()
    thread.join(5)
