"""The live view on a real terminal: what is typed is obeyed, however fast it comes; its end is an end."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.api import Event, EventKind
from scanner.recording.info import recording_info
from scanner.recording.reader import read_recording

WITHIN_S = 60.0


class TerminalLane:
    """``lorryscan lane`` with its keys on one pseudo-terminal and its screen on another."""

    def __init__(self, config: Path) -> None:
        self.keys, keys_end = pty.openpty()
        self.screen, screen_end = pty.openpty()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "service", "lane", "--config", str(config)],
            stdin=keys_end,
            stdout=screen_end,
            stderr=screen_end,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "TERM": "xterm-256color", "COLUMNS": "150"},
        )
        os.close(keys_end)
        os.close(screen_end)
        self.shown = b""

    def until(self, condition: Callable[[], bool]) -> None:
        """Read the screen until the condition holds."""
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {WITHIN_S} s; the screen's end: {self.shown[-1500:]!r}")
            ready, _, _ = select.select([self.screen], [], [], 0.05)
            if ready:
                try:
                    self.shown += os.read(self.screen, 65536)
                except OSError:  # the child has gone, and its end of the terminal
                    self.child.wait(timeout=WITHIN_S)
                    if not condition():
                        pytest.fail(f"the lane ended; the screen's end: {self.shown[-1500:]!r}")

    def hang_up(self) -> None:
        """Take the keyboard away."""
        os.close(self.keys)
        self.keys = -1

    def close(self) -> None:
        """End the child if need be."""
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for descriptor in (self.keys, self.screen):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def terminal(lane_file: Path) -> Iterator[TerminalLane]:
    """Start a lane that is attended from a terminal."""
    lane = TerminalLane(lane_file)
    yield lane
    lane.close()


def scans(lane_file: Path) -> list[dict[str, Any]]:
    """Return the manifests of the lane's scans."""
    found = (lane_file.parent / "data" / "scans").glob("*/manifest.json")
    return [json.loads(file.read_text(encoding="utf-8")) for file in found]


def test_lines_that_come_in_one_burst_are_obeyed(terminal, lane_file: Path):
    terminal.until(lambda: b"lorryscan lane" in terminal.shown)
    os.write(terminal.keys, "start reefer boxed ÉÇ12\rprobe in\rquit\r".encode())
    terminal.until(lambda: terminal.child.poll() is not None)
    assert terminal.child.returncode == 0
    (scan,) = scans(lane_file)
    assert scan["declaration"]["plate"] == "ÉÇ12"
    (recording,) = (lane_file.parent / "data" / "scans").glob("*/visit-01.mcap")
    kinds = [record.kind for record in read_recording(recording) if isinstance(record, Event)]
    assert EventKind.PROBE_IN in kinds
    assert kinds[-1] is EventKind.VISIT_END


def test_a_character_split_between_two_reads(terminal, lane_file: Path):
    terminal.until(lambda: b"lorryscan lane" in terminal.shown)
    first, second = "start reefer boxed É1\r".encode().split(b"\x89")
    os.write(terminal.keys, first)
    terminal.until(lambda: b"start reefer boxed" in terminal.shown)
    os.write(terminal.keys, b"\x89" + second)
    terminal.until(lambda: bool(scans(lane_file)))
    assert scans(lane_file)[0]["declaration"]["plate"] == "É1"


def test_a_keyboard_that_hangs_up_ends_the_lane(terminal, lane_file: Path):
    terminal.until(lambda: b"lorryscan lane" in terminal.shown)
    os.write(terminal.keys, b"start reefer boxed AB12\r")
    terminal.until(lambda: bool(scans(lane_file)))
    terminal.hang_up()
    terminal.until(lambda: terminal.child.poll() is not None)
    assert terminal.child.returncode == 0
    assert b"Traceback" not in terminal.shown
    (recording,) = (lane_file.parent / "data" / "scans").glob("*/visit-01.mcap")
    assert recording_info(recording).whole
