"""``drivers monitor``: a line a second in a pipe, a drawing in a terminal, raw bytes without a driver."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from drivers.codecs.line_scan import LineHello
from drivers.codecs.wave_stream import WaveChannel, WaveHello
from drivers.twins.line_scan import LineScanTwin
from drivers.twins.modbus_probe import S8Twin
from drivers.twins.ports import PtyPort, TcpPort
from drivers.twins.wave_stream import WaveStreamTwin


@pytest.fixture
def geophones() -> Iterator[WaveStreamTwin]:
    """Two channels of square waves: ±300 and ±20 counts."""
    hello = WaveHello(
        500.0, 24, 838_861, (WaveChannel(0, 28.8, 4.5, 0.7), WaveChannel(1, 28.8, 4.5, 0.7)), "G7"
    )

    def square(n_samples: int) -> np.ndarray:
        signs = np.where(np.arange(n_samples) % 2, 1, -1)
        return np.array([300 * signs, 20 * signs], np.int32)

    with WaveStreamTwin(TcpPort(), hello, square) as twin:
        yield twin


def test_a_probe_is_a_line_a_second(lorryscan, s8: S8Twin) -> None:
    done = lorryscan(
        "drivers", "monitor", s8.url, "--driver", "senseair-s8", "--set", "warm_up_s=0", "--seconds", 5.3
    )
    assert done.status == 0
    first, *_, last = done.out.splitlines()
    assert re.match(r"\d\d:\d\d:\d\d senseair-s8: ", first)
    assert "ready for " in last
    assert "co2 904 ppm;" in last
    assert int(re.search(r"(\d+) B received", last)[1]) > 100  # type: ignore[index]
    assert len(done.out.splitlines()) in (5, 6, 7)


def test_its_warm_up_is_said(lorryscan, s8: S8Twin) -> None:
    done = lorryscan("drivers", "monitor", s8.url, "--driver", "senseair-s8", "--seconds", 4.0)
    assert "warming up for" in done.out
    assert "co2 904 ppm (warming up);" in done.out


def test_channels_are_rms_and_range(lorryscan, geophones: WaveStreamTwin) -> None:
    done = lorryscan("drivers", "monitor", geophones.url, "--driver", "wave-stream", "--seconds", 4.0)
    last = done.out.splitlines()[-1]
    assert "ch1 rms 300 (-300 to 300); ch2 rms 20 (-20 to 20)" in last
    assert "frames whole, nothing dropped" in last


def test_frames_are_their_range(lorryscan, imager, told_images) -> None:
    done = lorryscan("drivers", "monitor", imager.url, "--driver", "gy-mcu90640", "--seconds", 4.0)
    found = re.findall(r"24 x 32 pixels, ([\d.]+) to ([\d.]+) °C", done.out)
    told = {(f"{image.min():.4g}", f"{image.max():.4g}") for image in told_images}
    assert found
    assert set(found) <= told


def test_lines_are_their_rate_and_the_passage(lorryscan) -> None:
    hello = LineHello(64, 16, 1, 5000, 4500, device_id="XD1")
    with LineScanTwin(TcpPort(), hello, line_rate_hz=400.0) as twin:

        def pass_by() -> None:
            while not twin.port.connections:
                time.sleep(0.005)
            twin.send_scan(7, np.full((300, 64), 9, np.uint16))

        lorry = threading.Thread(target=pass_by)
        lorry.start()
        done = lorryscan("drivers", "monitor", twin.url, "--driver", "line-scan", "--seconds", 6.0)
        lorry.join()
    assert re.search(r"[\d.]+ lines/s, passage 7, data line \d+, 64 pixels of 16 bits", done.out)
    assert "passage 7 ended: 300 of 300 lines, hash equal" in done.out


def test_no_reading_until_the_end_is_a_failure_with_its_reason(lorryscan, tmp_path) -> None:
    done = lorryscan("drivers", "monitor", tmp_path / "none", "--driver", "senseair-s8", "--seconds", 0.5)
    assert done.status == 1
    assert "there is no port" in done.said


def test_without_a_driver_it_says_which_there_are(lorryscan) -> None:
    done = lorryscan("drivers", "monitor", "/dev/ttyUSB0")
    assert done.status == 2
    assert "senseair-s8" in done.said
    assert "--raw" in done.said


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["poll_s=9"], "poll_s"),
        (["pol_s=0.2"], "did you mean poll_s"),
        (["poll_s"], "KEY=VALUE"),
        (["url=/dev/x"], "its own place"),
        (["poll_s=0.2", "poll_s=0.3"], "given twice"),
    ],
)
def test_a_setting_that_cannot_be_is_named(lorryscan, settings: list[str], says: str) -> None:
    pairs = [word for pair in settings for word in ("--set", pair)]
    done = lorryscan("drivers", "monitor", "/dev/ttyNONE", "--driver", "senseair-s8", *pairs)
    assert done.status == 2
    assert says in done.said


def test_raw_bytes_need_no_driver(lorryscan) -> None:
    port = PtyPort()
    ending = threading.Event()

    def speak() -> None:
        while not ending.wait(0.1):
            port.write(bytes.fromhex("424d001c") + b" CO2 \x1b[2J")

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        done = lorryscan(
            "drivers", "monitor", port.url, "--raw", "--seconds", 2.0, "--set", "baudrate=115200"
        )
    finally:
        ending.set()
        speaker.join()
        port.close()
    assert done.status == 0
    assert "at 115200 Bd" in done.out
    assert "42 4d 00 1c 20 43 4f 32" in done.out
    assert "BM.. CO2 .[2J" in done.out
    assert "\x1b" not in done.out  # what a device sends cannot steer the terminal


def test_raw_silence_is_a_failure(lorryscan) -> None:
    port = PtyPort()
    done = lorryscan("drivers", "monitor", port.url, "--raw", "--seconds", 0.3)
    port.close()
    assert done.status == 1
    assert "sent nothing" in done.said


def test_a_terminal_shows_it_live_and_ctrl_c_leaves_it_as_it_was(s8: S8Twin) -> None:
    main, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (30, 100))
    before = termios.tcgetattr(terminal)
    command = ["drivers", "monitor", s8.url, "--driver", "senseair-s8", "--set", "warm_up_s=0"]
    running = subprocess.Popen(
        [sys.executable, "-c", "from service.cli import main; main()", *command],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        shown = _until(main, lambda text: "904 ppm" in text and "co2_ppm, last 60 s" in text)
        assert "\x1b[?1049h" in shown  # a screen of its own
        assert "ready for" in shown
        running.send_signal(signal.SIGINT)
        rest = _until(main, lambda text: "\x1b[?1049l" in text and "904 ppm" in text.split("\x1b[?1049l")[1])
        assert running.wait(30) == 0
        assert "Traceback" not in rest
        assert termios.tcgetattr(terminal) == before
    finally:
        running.kill()
        running.wait()
        os.close(main)
        os.close(terminal)


def _until(descriptor: int, enough, limit_s: float = 60.0) -> str:
    """Read a terminal until there is enough on it."""
    text, end = b"", time.monotonic() + limit_s
    while time.monotonic() < end:
        if select.select([descriptor], [], [], 0.2)[0]:
            text += os.read(descriptor, 65536)
        if enough(text.decode("utf-8", "replace")):
            return text.decode("utf-8", "replace")
    pytest.fail(f"the terminal showed only {text[-2000:]!r}")
