"""Shared by the Güralp tests: real blocks, and how ObsPy reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

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
