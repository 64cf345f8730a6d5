"""Shared by the SeedLink tests: real miniSEED records, drivers that are closed, reading until enough came."""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.api import WaveformBlock
from drivers.devices.seedlink import SeedLink


@pytest.fixture(scope="session")
def obspy() -> Any:
    """ObsPy, the reference for miniSEED and for SeedLink's client side."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("obspy")
        pytest.importorskip("obspy.clients.seedlink")
    return module


@pytest.fixture(scope="session")
def shake_file(shared_data: Path) -> bytes:
    """Four channels of a real Raspberry Shake as miniSEED: 11001 samples each."""
    return (shared_data / "seismic_wire/rshake_udp/testdata.ms").read_bytes()


@pytest.fixture(scope="session")
def shake_stream(obspy: Any, shake_file: bytes) -> Any:
    """The file as ObsPy reads it."""
    return obspy.read(io.BytesIO(shake_file))


@pytest.fixture(scope="session")
def shake_records(obspy: Any, shake_file: bytes) -> list[bytes]:
    """The file's records in the order in which a server would send them: by the time of their ends."""
    records = [shake_file[at : at + 512] for at in range(0, len(shake_file), 512)]
    return sorted(records, key=lambda record: obspy.read(io.BytesIO(record))[0].stats.endtime)


@pytest.fixture
def opened() -> Iterator[Callable[[SeedLink], SeedLink]]:
    """Open a driver and close it after the test."""
    drivers: list[SeedLink] = []

    def open_it(driver: SeedLink) -> SeedLink:
        drivers.append(driver)
        driver.open()
        return driver

    yield open_it
    for driver in drivers:
        driver.close()


@pytest.fixture
def collect() -> Callable[[SeedLink, int], list[WaveformBlock]]:
    """Read until so many samples of one channel have come."""

    def read_on(driver: SeedLink, n_samples: int) -> list[WaveformBlock]:
        blocks: list[WaveformBlock] = []
        end = time.monotonic() + 10
        while sum(block.counts.shape[1] for block in blocks) < n_samples:
            assert time.monotonic() < end, f"only {len(blocks)} blocks came"
            blocks += driver.read()  # type: ignore[arg-type]
        return blocks

    return read_on


class ScriptedLink:
    """A server that says what a test puts into it, one chunk a read."""

    def __init__(self, *says: bytes) -> None:
        self.says = list(says)
        self.heard = b""
        self.closed = False

    def open(self, url: str, **settings: Any) -> ScriptedLink:
        return self

    def read(self, size: int = 65536) -> bytes:
        return self.says.pop(0) if self.says else b""

    def write(self, data: bytes) -> None:
        self.heard += data

    def discard_input(self) -> None:
        self.says.clear()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def scripted() -> type[ScriptedLink]:
    """Class of an opener whose link says given chunks."""
    return ScriptedLink
