"""Shared by the SeedLink tests: real miniSEED records, and reading until enough samples came."""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable
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
def collect() -> Callable[[SeedLink, int], list[WaveformBlock]]:
    """Read until so many samples of one channel have come."""

    def read_on(driver: SeedLink, n_samples: int) -> list[WaveformBlock]:
        blocks: list[WaveformBlock] = []
        end = time.monotonic() + 30
        while sum(block.counts.shape[1] for block in blocks) < n_samples:
            assert time.monotonic() < end, f"only {len(blocks)} blocks came"
            blocks += driver.read()  # type: ignore[arg-type]
        return blocks

    return read_on
