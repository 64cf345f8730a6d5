"""The line scanner's driver against its twin on a pty and TCP, and against those who are no scanner."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import pytest

from drivers.api import ConfigError, DeviceLost, DeviceTimeout, Flag, Frame, ProtocolError
from drivers.codecs.raytek_mp150 import Order, encode_text
from drivers.devices.raytek_mp150 import Mp150Config, RaytekMp150
from drivers.registry import make_config
from drivers.transport import PortLinks
from drivers.twins.ports import PtyPort, TcpPort, WirePort
from drivers.twins.raytek_mp150 import RaytekMp150Twin

FAST = {"pixels": 64, "lines_per_s": 100, "lines_per_frame": 10}
Picture = np.ndarray[Any, Any]


def pictures(n: int = 40) -> list[Picture]:
    rng = np.random.default_rng(2)
    return [rng.uniform(21, 79, (10, 64)) for _ in range(n)]


def endless(images: list[Picture]) -> Callable[[], Picture]:
    return itertools.cycle(images).__next__


@contextmanager
def running(twin: RaytekMp150Twin, **keys: Any) -> Iterator[RaytekMp150]:
    config: Any = FAST | keys
    with twin, closing(RaytekMp150(Mp150Config(twin.url, **config), PortLinks())) as driver:
        driver.open()
        yield driver


def collect(driver: RaytekMp150, enough: Callable[[list[Frame]], Any], limit_s: float = 30.0) -> list[Frame]:
    frames: list[Any] = []
    end = time.monotonic() + limit_s
    while not enough(frames):
        assert time.monotonic() < end, f"only {len(frames)} frames within {limit_s} s"
        frames += driver.read()
    return frames


def celsius(frame: Frame) -> Picture:
    return frame.pixels * frame.scale + frame.offset


def gaps(frames: list[Frame]) -> list[bool]:
    return [bool(frame.flags & Flag.GAP_BEFORE) for frame in frames]


@pytest.mark.usefixtures("patient_wire")
@pytest.mark.parametrize("port", [PtyPort, TcpPort])
@pytest.mark.parametrize(
    ("data", "dtype", "rounding_k"),
    [("word", np.uint16, 100 / 65535 / 2), ("byte", np.uint8, 100 / 255 / 2), ("celsius", np.int16, 0.5)],
)
def test_lines_arrive_as_temperatures(
    port: type[WirePort], data: str, dtype: type, rounding_k: float
) -> None:
    sent = pictures(5)
    twin = RaytekMp150Twin(port(), endless(sent), low_c=0, high_c=100, pace=4)
    with running(twin, data=data) as driver:
        frames = collect(driver, lambda got: len(got) >= 5)
    for frame, image in zip(frames, sent, strict=False):
        assert frame.pixels.dtype == dtype
        assert np.abs(celsius(frame) - image).max() <= rounding_k * 1.000001
        assert (frame.unit, frame.ambient_c, frame.flags) == ("°C", 31.0, Flag.NONE)


def test_the_scanner_is_told_how_to_send_and_nothing_is_stored_in_its_flash() -> None:
    twin = RaytekMp150Twin(TcpPort(), endless(pictures()))
    with running(twin, low_c=10, high_c=60):
        told = {text for text in twin.commands if not text.startswith("G")}
    assert told == {"DMWT2", "LM13", "PM1", "FQ100", "RMB", "LC001", "ZM00", "AV0", "SB010", "ST060"}


def test_it_says_who_it_is() -> None:
    with running(RaytekMp150Twin(PtyPort(), endless(pictures()))) as driver:
        identity = driver.identify()
    assert (identity.model, identity.firmware) == ("MP150", "3.48")
    assert "RAY-M150-000-TEST0" in identity.serial


@pytest.mark.parametrize("order", Order)
def test_a_lost_line_is_a_gap_in_either_byte_order(order: Order) -> None:
    twin = RaytekMp150Twin(TcpPort(), endless(pictures()), pace=4)
    twin.counter_order = order
    with running(twin) as driver:
        collect(driver, lambda got: len(got) >= 2)
        twin.lose = 3
        frames = collect(driver, lambda got: any(gaps(got)) and not gaps(got)[-1])
    assert sum(gaps(frames)) == 1
    assert driver.counters.frames_dropped == 0


def test_what_comes_after_a_gap_is_what_was_sent_then() -> None:
    sent = pictures()
    twin = RaytekMp150Twin(TcpPort(), endless(sent), pace=4)
    with running(twin) as driver:
        collect(driver, lambda got: len(got) >= 2)
        twin.lose = 5
        frames = collect(driver, lambda got: any(gaps(got)))
    after = celsius(frames[-1])
    assert any(np.abs(after - image).max() < 0.001 for image in sent)


def test_answers_and_lines_that_come_twice_are_taken_once() -> None:
    class Doubling(RaytekMp150Twin):
        def send(self, data: bytes) -> None:
            super().send(data + data)

    sent = pictures()
    with running(Doubling(TcpPort(), endless(sent), high_c=90, pace=2)) as driver:
        frames = collect(driver, lambda got: len(got) >= 5)
    for frame, image in zip(frames, sent, strict=False):
        assert np.abs(celsius(frame) - image).max() < 0.001
    assert not any(gaps(frames))


def test_reported_errors_degrade_the_scanner_and_their_end_is_seen() -> None:
    twin = RaytekMp150Twin(TcpPort(), endless(pictures()), pace=4)
    with running(twin) as driver:
        collect(driver, lambda got: len(got) >= 1)
        assert driver.complaint() == ""
        twin.errors = 0x88
        collect(driver, lambda got: "too hot" in driver.complaint())
        assert driver.complaint().endswith(": cool it")
        twin.errors = 0
        collect(driver, lambda got: not driver.complaint())


def test_a_scanner_that_does_not_count_says_so() -> None:
    twin = RaytekMp150Twin(TcpPort(), endless(pictures()), pace=4)
    twin.counts = False
    with running(twin) as driver:
        collect(driver, lambda got: len(got) >= 3)
        assert "does not count" in driver.complaint()


def test_a_broken_scanner_is_not_opened_and_its_error_is_named() -> None:
    twin = RaytekMp150Twin(PtyPort(), endless(pictures()))
    twin.errors = 1 << 30
    with pytest.raises(ProtocolError, match="motor may stand still: send it to service"), running(twin):
        pass


def test_firmware_without_the_line_mode_is_refused() -> None:
    twin = RaytekMp150Twin(PtyPort(), endless(pictures()))
    twin.refuses = {"LM13"}
    with pytest.raises(ProtocolError, match="refuses the command LM13"), running(twin):
        pass


def test_a_setting_that_does_not_hold_is_seen() -> None:
    class Stubborn(RaytekMp150Twin):
        def _obey(self, text: str) -> None:
            super()._obey(text)
            self.settings["FQ"] = "50"

    with (
        pytest.raises(ProtocolError, match="was told FQ100 and says FQ50"),
        running(Stubborn(PtyPort(), endless(pictures()))),
    ):
        pass


def test_a_range_of_nothing_is_refused() -> None:
    twin = RaytekMp150Twin(PtyPort(), endless(pictures()), low_c=20, high_c=20)
    with pytest.raises(ProtocolError, match="low_c and high_c"), running(twin):
        pass


def test_a_scanner_that_streams_already_is_taken_over() -> None:
    sent = pictures()
    twin = RaytekMp150Twin(PtyPort(), endless(sent), pace=2)
    twin.settings |= {"DM": "WT2", "PM": "1", "LM": "13", "FQ": "100"}
    with twin:
        link = PortLinks().open(twin.url, baudrate=230400)
        link.write(b"\x02")
        while not link.read():
            pass
        link.close()
        with closing(RaytekMp150(Mp150Config(twin.url, **FAST), PortLinks())) as driver:  # type: ignore[arg-type]
            driver.open()
            (frame, *_) = collect(driver, lambda got: len(got) >= 1)
    assert any(np.abs(celsius(frame) - image).max() < 0.001 for image in sent)


def test_a_line_that_echoes_what_is_sent_is_no_answer() -> None:
    twin = RaytekMp150Twin(PtyPort(), endless(pictures()), pace=4)
    twin.echoes = True
    with running(twin) as driver:
        assert driver.identify().firmware == "3.48"
        assert not any(gaps(collect(driver, lambda got: len(got) >= 3)))


@pytest.mark.parametrize(("odd_c", "flagged"), [(-5.0, True), (130.0, True), (0.1, False), (99.9, False)])
@pytest.mark.parametrize("data", ["word", "byte", "celsius"])
def test_what_is_outside_the_range_is_flagged(odd_c: float, flagged: bool, data: str) -> None:
    if data != "word":
        odd_c = float(round(odd_c + (0.9 if odd_c == 0.1 else -0.9 if odd_c == 99.9 else 0)))
    image = np.full((10, 64), 30.0)
    image[4, 4] = odd_c
    with running(RaytekMp150Twin(TcpPort(), endless([image]), pace=4), data=data) as driver:
        (frame, *_) = collect(driver, lambda got: len(got) >= 1)
    assert bool(frame.flags & Flag.SATURATED) is flagged


def test_a_scanner_that_comes_back_has_a_gap_before_its_first_frame(tmp_path: Any) -> None:
    twin = RaytekMp150Twin(PtyPort(tmp_path / "port"), endless(pictures()), pace=4)
    with running(twin) as driver:
        collect(driver, lambda got: len(got) >= 1)
        twin.unplug()
        with pytest.raises(DeviceLost):
            collect(driver, lambda got: False)
        twin.replug()
        driver.open()
        assert gaps(collect(driver, lambda got: len(got) >= 2))[:2] == [True, False]


@contextmanager
def stranger(says: bytes, answers: bytes) -> Iterator[RaytekMp150]:
    """Put another device at the far end, which says something again and again, or answers all alike."""
    port = PtyPort()
    ending = threading.Event()

    def speak() -> None:
        while not ending.is_set():
            if port.read(0.01) and answers:
                port.write(answers)
            if says:
                port.write(says)

    thread = threading.Thread(target=speak)
    thread.start()
    try:
        yield RaytekMp150(Mp150Config(port.url), PortLinks())
    finally:
        ending.set()
        thread.join()
        port.close()


@pytest.mark.parametrize(
    ("says", "answers", "error", "words"),
    [
        (b"", b"", DeviceTimeout, "power, cable and line speed"),
        (b"BM\x00\x1c" * 8, b"", ProtocolError, "does not stop sending"),
        (b"", b"OK\r\n", ProtocolError, "no answer of an MP150"),
        (b"", b"\x06" + encode_text("HELLO"), ProtocolError, "no answer of an MP150"),
        (b"", b"\x06" + encode_text("ESKIMO"), ProtocolError, "no hexadecimal number"),
    ],
    ids=["nobody", "streams", "answers in words", "answers in frames", "answers much alike"],
)
def test_who_is_no_scanner_is_not_believed(says: bytes, answers: bytes, error: type, words: str) -> None:
    with stranger(says, answers) as driver, pytest.raises(error, match=words):
        driver.open()


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"lines_per_frame": 40}, "too late"),
        ({"pixels": 1024, "lines_per_s": 50}, "at most 40"),
        ({"lines_per_s": 60}, "do not pass at 230400 Bd"),
        ({"baudrate": 57600}, "do not pass at 57600 Bd"),
        ({"low_c": 50, "high_c": 20}, "not below"),
        ({"pixels": 100}, "pixels"),
        ({"baudrate": 9600}, "baudrate"),
        ({"data": "float"}, "data"),
    ],
)
def test_a_config_the_scanner_cannot_keep_is_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make_config(RaytekMp150, {"url": "/dev/ttyUSB0"} | keys)


def test_over_tcp_no_line_speed_limits_the_lines() -> None:
    config = make_config(RaytekMp150, {"url": "socket://192.0.2.2:2727", "lines_per_s": 150})
    assert config.lines_per_s == 150


def test_a_scanner_whose_source_ends_falls_silent_without_an_error() -> None:
    remaining = iter(pictures(2))
    twin = RaytekMp150Twin(TcpPort(), lambda: next(remaining, None), pace=4)
    with running(twin) as driver:
        assert len(collect(driver, lambda got: len(got) >= 2)) == 2
        assert twin.finished.wait(5)
        assert list(driver.read()) == []
