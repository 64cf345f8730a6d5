"""Shared by the Güralp tests: real blocks, drivers that are closed, reading until enough has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.api import Device, Reading

BLOCK = 1024


@pytest.fixture
def real_files(shared_data: Path) -> list[bytes]:
    """Two GCF files of a DM24: 500 Hz in records of two, 100 Hz in records of one."""
    files = sorted((shared_data / "seismic_wire/gcf_samples").glob("*.gcf"))
    assert len(files) == 2
    return [file.read_bytes() for file in files]


@pytest.fixture
def real_blocks(real_files: list[bytes]) -> list[bytes]:
    """Every block of the two files."""
    return [whole[at : at + BLOCK] for whole in real_files for at in range(0, len(whole), BLOCK)]


def later(block: bytes, seconds: int) -> bytes:
    """Move a block in time; the payload stays as it is."""
    date = int.from_bytes(block[8:12], "big") + seconds
    return block[:8] + date.to_bytes(4, "big") + block[12:]


@pytest.fixture
def many_blocks(real_files: list[bytes]) -> Callable[[int], list[bytes]]:
    """Give a function that repeats the real blocks ``n`` times, each round later than the last."""

    def repeat(rounds: int) -> list[bytes]:
        return [
            later(whole[at : at + BLOCK], turn * length_s)
            for turn in range(rounds)
            for whole, length_s in zip(real_files, (2, 3), strict=True)
            for at in range(0, len(whole), BLOCK)
        ]

    return repeat


@pytest.fixture
def as_obspy_reads(tmp_path: Path) -> Callable[[list[bytes]], dict[str, np.ndarray]]:
    """Give a function that reads blocks as one GCF file: counts by stream ID."""
    obspy = pytest.importorskip("obspy")

    def read(blocks: list[bytes]) -> dict[str, np.ndarray]:
        file = tmp_path / "blocks.gcf"
        file.write_bytes(b"".join(blocks))
        traces = obspy.read(str(file), format="GCF")
        assert len({trace.stats.gcf.stream_id for trace in traces}) == len(traces)
        return {trace.stats.gcf.stream_id: trace.data for trace in traces}

    return read


@pytest.fixture
def opened() -> Iterator[Callable[[Device[Any]], Any]]:
    """Open a driver and close it after the test."""
    devices: list[Device[Any]] = []

    def open_it(device: Device[Any]) -> Device[Any]:
        devices.append(device)
        device.open()
        return device

    yield open_it
    for device in devices:
        device.close()


@pytest.fixture
def collect() -> Callable[..., list[Any]]:
    """Read until ``enough(readings)``; fail when the deadline passes."""

    def read_on(
        device: Device[Any], enough: Callable[[list[Reading]], bool], deadline_s: float = 20.0
    ) -> list[Reading]:
        readings: list[Reading] = []
        end = time.monotonic() + deadline_s
        while not enough(readings):
            assert time.monotonic() < end, f"after {deadline_s} s there were only {len(readings)} readings"
            readings += device.read()
        return readings

    return read_on


class ScriptedLink:
    """A wire that says what a test puts into it and keeps what it hears."""

    def __init__(self, says: tuple[bytes, ...]) -> None:
        self.says = list(says)
        self.heard: list[bytes] = []
        self.closed = False

    def read(self, size: int = 65536) -> bytes:
        return self.says.pop(0) if self.says else b""

    def write(self, data: bytes) -> None:
        self.heard.append(data)

    def discard_input(self) -> None:
        self.says.clear()

    def close(self) -> None:
        self.closed = True


class ScriptedLinks:
    """Opens one scripted link."""

    def __init__(self, *says: bytes) -> None:
        self.link = ScriptedLink(says)
        self.settings: dict[str, Any] = {}

    def open(self, url: str, **settings: Any) -> ScriptedLink:
        self.settings = settings
        return self.link


@pytest.fixture
def scripted() -> type[ScriptedLinks]:
    """Class of links that say given chunks."""
    return ScriptedLinks
