"""Fixtures: commands run in this process, twins whose values are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymodbus.framer import FramerRTU
from typer.testing import CliRunner

from drivers.api import ConfigError, LorryscanError
from drivers.twins.gy_mcu90640 import GyMcu90640Twin
from drivers.twins.modbus_probe import S8Twin
from drivers.twins.ports import PtyPort
from service.cli import app


@dataclass(frozen=True)
class Done:
    """What a command printed, and how it ended, with ``main``'s meaning of errors."""

    status: int
    out: str
    said: str = ""


@pytest.fixture
def lorryscan() -> Callable[..., Done]:
    """Run a command as a pipe would see it."""

    def run(*arguments: object) -> Done:
        result = CliRunner().invoke(app, [str(one) for one in arguments])
        if isinstance(result.exception, LorryscanError):
            status = 2 if isinstance(result.exception, ConfigError) else 1
            return Done(status, result.output, str(result.exception))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.output)

    return run


@pytest.fixture
def s8() -> Iterator[S8Twin]:
    """A probe that measures 904 ppm."""
    with S8Twin(PtyPort(), lambda: 904.0) as twin:
        yield twin


@pytest.fixture
def told_images() -> list[np.ndarray]:
    """Images that `imager` has sent, °C."""
    return []


@pytest.fixture
def imager(told_images: list[np.ndarray]) -> Iterator[GyMcu90640Twin]:
    """A thermal module whose every image is different, 40 a second."""
    rng = np.random.default_rng(7)

    def image() -> np.ndarray:
        told_images.append(np.round(rng.uniform(15.0, 35.0, (24, 32)), 2))
        return told_images[-1]

    with GyMcu90640Twin(PtyPort(), image, pace=10) as twin:
        yield twin


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Lay down what pip would for another maker's distribution: metadata, and a module."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(distribution: str, entry: str, source: str) -> None:
        folder = tmp_path / f"{distribution.replace('-', '_')}-2.5.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.5\n")
        (folder / "entry_points.txt").write_text(f"[lorryscan.drivers]\n{entry}\n")
        module = entry.split("=")[1].split(":")[0].strip()
        if source:
            (tmp_path / f"{module}.py").write_text(source)

    return install


def modbus(body_hex: str) -> str:
    """Return a Modbus frame in hex, its check computed by another library."""
    body = bytes.fromhex(body_hex)
    return (body + FramerRTU.compute_CRC(body).to_bytes(2, "big")).hex()


@pytest.fixture
def makers_lines() -> list[dict[str, Any]]:
    """A transcript of a Senseair S8, from the bytes that its maker prints: 904 ppm."""
    return [
        {
            "lorryscan_transcript": 1,
            "driver": "senseair-s8",
            "config": {"url": "x"},
            "checked_against": "TDE2067",
        },
        {"t": 0.0, "open": "x", "settings": {"baudrate": 9600, "parity": "N", "stopbits": 1}},
        {"t": 0.1, "tx": "fe03001f0001a1c3"},
        {"t": 0.2, "rx": "fe030200b4ac27"},  # 180 h
        {"t": 0.3, "tx": "fe06001f0000ac03"},
        {"t": 0.4, "rx": "fe06001f0000ac03"},
        {"t": 0.5, "tx": "fe03001f0001a1c3"},
        {"t": 0.6, "rx": modbus("fe03020000")},
        {"t": 0.7, "tx": modbus("fe0400190006")},
        {"t": 0.8, "rx": modbus("fe8402")},  # firmware without these registers
        {"t": 0.9, "tx": "fe0400000004e5c6"},
        {"t": 1.0, "rx": "fe0408000000000000"},
        {"t": 1.1, "rx": "0388178c"},
    ]


@pytest.fixture
def by_hand(tmp_path: Path) -> Callable[[list[dict[str, Any]]], Path]:
    """Write a transcript's lines to a file."""

    def write(lines: list[dict[str, Any]]) -> Path:
        path = tmp_path / "by-hand.transcript.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return path

    return write
