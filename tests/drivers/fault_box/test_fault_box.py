"""The box on real wires: between a port and a link, and between a twin and its driver."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from drivers.api import DeviceLost, Frame, Link
from drivers.devices.gy_mcu90640 import GyMcu90640, GyMcu90640Config
from drivers.transport import PortLinks
from drivers.twins.fault_box import FaultBox, Faults
from drivers.twins.gy_mcu90640 import GyMcu90640Twin
from drivers.twins.ports import PtyPort, TcpPort, UdpPort, WirePort
from drivers.twins.recorded import RecordedFrames
from drivers.twins.twin import Twin

WIRES = {"pty": PtyPort, "tcp": TcpPort, "udp": UdpPort}


class Parrot(Twin):
    """Sends back what it hears, and counts its steps."""

    steps = 0

    def step(self, received: bytes) -> None:
        self.steps += 1
        if received:
            self.send(received)


@pytest.fixture
def parrot() -> Iterator[Callable[[FaultBox], tuple[Parrot, Link]]]:
    """Start a parrot on a box and open the host's end; both are closed after the test."""
    twins: list[Parrot] = []
    links: list[Link] = []

    def start(box: FaultBox) -> tuple[Parrot, Link]:
        twin = Parrot(box).start()
        twins.append(twin)
        links.append(PortLinks().open(box.url))
        if box.url.startswith("socket"):
            until(lambda: box.connections == 1)
        return twin, links[-1]

    yield start
    for link in links:
        link.close()
    for twin in twins:
        twin.stop()


def until(true: Callable[[], bool], deadline_s: float = 10.0) -> None:
    end = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def read_bytes(link: Link, count: int, deadline_s: float = 20.0) -> bytes:
    got = bytearray()
    end = time.monotonic() + deadline_s
    while len(got) < count:
        assert time.monotonic() < end, f"{len(got)} of {count} bytes"
        got += link.read()
    return bytes(got)


def threads_and_descriptors() -> tuple[int, int]:
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def streams() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("wire", ["pty", "tcp"])


@streams()
def test_a_box_without_faults_is_a_wire(wire: str, parrot) -> None:
    _, link = parrot(FaultBox(WIRES[wire]()))
    link.write(b"polly")
    assert read_bytes(link, 5) == b"polly"


@streams()
def test_both_directions_have_their_own_faults(wire: str, parrot) -> None:
    box = FaultBox(WIRES[wire](), faults=Faults(double=1.0))
    box.to_device.faults = Faults()
    _, link = parrot(box)
    link.write(b"polly")
    assert read_bytes(link, 10) == b"pollypolly"
    assert [crossing.unchanged for crossing in box.to_device.crossings()] == [True]


@streams()
def test_what_is_injected_arrives(wire: str, parrot) -> None:
    box = FaultBox(WIRES[wire]())
    _, link = parrot(box)
    box.inject(b"garbage")
    assert read_bytes(link, 7) == b"garbage"


def test_what_is_injected_is_one_datagram() -> None:
    box = FaultBox(UdpPort())
    link = PortLinks().open(box.url)
    box.inject(b"garbage")
    box.write(b"packet")
    assert [link.read(), link.read()] == [b"garbage", b"packet"]
    link.close()
    box.close()


def test_datagrams_are_dropped_whole() -> None:
    box = FaultBox(UdpPort(), seed=3, faults=Faults(drop=0.5))
    link = PortLinks().open(box.url)
    sent = [bytes([n]) * 50 for n in range(100)]
    for data in sent:
        box.write(data)
    whole = [crossing.sent for crossing in box.to_host.crossings() if crossing.unchanged]
    assert 20 < len(whole) < 80
    assert [link.read() for _ in whole] == whole
    link.close()
    box.close()


@pytest.mark.usefixtures("patient_wire")
@streams()
def test_a_flood_of_20_mb_comes_through_and_the_twin_after_it(wire: str, parrot) -> None:
    box = FaultBox(WIRES[wire]())
    _, link = parrot(box)
    box.flood(20_000_000)
    got, tail = 0, b""
    end = time.monotonic() + 120
    while (data := link.read()) or box.to_host.waiting_bytes:
        assert time.monotonic() < end
        got += len(data)
    link.write(b"polly")
    while not tail.endswith(b"polly"):
        assert time.monotonic() < end
        data = link.read()
        got, tail = got + len(data), (tail + data)[-5:]
    # a wire without flow control drops what is not read in time, and the box says how much
    assert got - 5 == box.done["flood"] == 20_000_000 - box.done["not taken"]
    assert got > 10_000_000


@streams()
def test_a_flood_that_nobody_reads_ends(wire: str, parrot) -> None:
    box = FaultBox(WIRES[wire]())
    _, _unread = parrot(box)
    box.flood(300_000 if wire == "pty" else 8_000_000)
    until(lambda: box.bytes_dropped == box.done["not taken"] > 0)  # they are counted one after the other


@streams()
def test_a_stall_is_silence_and_then_everything(wire: str, parrot) -> None:
    box = FaultBox(WIRES[wire]())
    _, link = parrot(box)
    box.to_host.stall()
    link.write(b"polly")
    until(lambda: box.to_host.waiting_bytes == 5)
    assert link.read() == b""
    box.resume()
    assert read_bytes(link, 5) == b"polly"


def test_a_delay_does_not_hold_up_the_twin(parrot) -> None:
    box = FaultBox(PtyPort())
    box.to_host.faults = Faults(delay_s=1.0)
    twin, link = parrot(box)
    began, steps = time.monotonic(), twin.steps
    link.write(b"polly")
    assert read_bytes(link, 5) == b"polly"
    assert time.monotonic() - began >= 1.0
    assert twin.steps - steps >= 20  # its pace is 20 ms


@streams()
def test_a_hang_up_is_a_lost_device_and_a_replugged_one_speaks(wire: str, tmp_path: Path, parrot) -> None:
    box = FaultBox(PtyPort(tmp_path / "tty") if wire == "pty" else TcpPort())
    url = box.url
    _, link = parrot(box)
    box.hang_up()
    with pytest.raises(DeviceLost):
        read_bytes(link, 1)
    box.replug()
    assert box.url == url
    again = PortLinks().open(url)
    again.write(b"polly")
    assert read_bytes(again, 5) == b"polly"
    again.close()
    assert box.done["hang_up"] == 1


def test_a_hang_up_can_come_in_the_middle_of_a_piece(parrot) -> None:
    box = FaultBox(TcpPort())
    _, link = parrot(box)
    box.hang_up(after_bytes=3)
    link.write(b"polly")
    assert read_bytes(link, 3) == b"pol"
    with pytest.raises(DeviceLost):
        read_bytes(link, 1)


def test_what_waited_for_one_client_does_not_reach_the_next(parrot) -> None:
    box = FaultBox(TcpPort())
    _, first = parrot(box)
    box.to_host.stall()
    first.write(b"old")
    until(lambda: box.to_host.waiting_bytes == 3)
    first.close()
    second = PortLinks().open(box.url)
    until(lambda: box.connections == 2)
    box.resume()
    second.write(b"new")
    assert read_bytes(second, 3) == b"new"
    second.close()


def test_faults_may_be_set_from_another_thread(parrot) -> None:
    box = FaultBox(PtyPort())
    _, link = parrot(box)
    setter = threading.Thread(target=box.set_faults, args=(Faults(drop=1.0),))
    setter.start()
    setter.join()
    link.write(b"polly")
    until(lambda: box.to_device.done["drop"] == 1)
    assert link.read() == b""


@pytest.mark.parametrize("wire", WIRES)
def test_nothing_is_left_behind(wire: str) -> None:
    before = threads_and_descriptors()
    box = FaultBox(WIRES[wire](), faults=Faults(delay_s=5.0))
    with Parrot(box):
        box.write(b"late")
        box.stall()
        box.flood(1_000_000)
    box.close()
    assert threads_and_descriptors() == before


@pytest.mark.usefixtures("patient_wire")
def test_a_driver_gets_exactly_the_frames_that_crossed_unchanged() -> None:
    images = [np.full((24, 32), 20.0 + n) for n in range(60)]
    box: WirePort = FaultBox(PtyPort(), seed=9)
    with GyMcu90640Twin(box, RecordedFrames(images), pace=40) as twin:
        driver = GyMcu90640(GyMcu90640Config(twin.url), PortLinks())
        driver.open()
        box.to_host.faults = Faults(corrupt=0.2, drop=0.1)
        frames: list[Frame] = []
        end = time.monotonic() + 20
        while not twin.finished.is_set():
            assert time.monotonic() < end
            frames += driver.read()
        for _ in range(3):  # a read may take a part of a frame and return nothing
            while last := driver.read():
                frames += last
        driver.close()
    got = {round(float(frame.pixels[0, 0] * frame.scale + frame.offset)) for frame in frames}
    whole = {
        round(int.from_bytes(crossing.sent[4:6], "little", signed=True) / 100)
        for crossing in box.to_host.crossings()
        if crossing.unchanged and len(crossing.sent) == 1544
    }
    assert 20 < len(whole) < 60
    # the first ones were read by `open`
    assert got == {value for value in whole if value >= min(got)}
    assert min(got) < 25
