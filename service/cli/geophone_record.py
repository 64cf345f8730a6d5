"""Counts of geophones from a file: a recording of the lane, miniSEED records, or a table."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calibration.geophone_spectra import GeophoneRefused
from drivers.api import Channel, ConfigError, Role, WaveformBlock
from drivers.codecs.counters import DecodeCounters
from drivers.codecs.miniseed import decode
from scanner.recording.reader import read_recording

MINISEED_BYTES = 512


@dataclass(frozen=True, slots=True)
class GeophoneRecord:
    """One stretch without gaps.

    ``counts`` float ``(n_channels, n_samples)``; ``channels`` as the device
    declares them (bare names from miniSEED and tables); ``sha256`` of the file.
    """

    counts: npt.NDArray[np.float64]
    fs_hz: float
    channels: tuple[Channel, ...]
    sha256: str

    @property
    def names(self) -> list[str]:
        """Of the channels."""
        return [channel.name for channel in self.channels]

    def row(self, name: str, option: str) -> int:
        """Return a channel's index.

        Raises
        ------
        ConfigError : it has none of this name.
        """
        if name not in self.names:
            raise ConfigError(f"{option} {name}: the recording has {', '.join(self.names)}")
        return self.names.index(name)


def read_geophones(path: Path, device: str = "") -> GeophoneRecord:
    """Read ``.mcap``, ``.csv`` (``t_s`` and a column a channel) or else miniSEED.

    Raises
    ------
    ConfigError : the file cannot be read, or several devices are in it and none is named.
    GeophoneRefused : samples are missing in it.
    """
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if path.suffix == ".mcap":
            counts, fs_hz, channels = _mcap(path, device)
        elif path.suffix == ".csv":
            counts, fs_hz, channels = _table(path)
        else:
            counts, fs_hz, channels = _miniseed(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}: check the path") from None
    return GeophoneRecord(counts, fs_hz, channels, sha256)


_Read = tuple[npt.NDArray[np.float64], float, tuple[Channel, ...]]


def _mcap(path: Path, device: str) -> _Read:
    blocks: dict[str, list[WaveformBlock]] = defaultdict(list)
    for item in read_recording(path):
        if isinstance(item, WaveformBlock):
            blocks[item.stamp.sensor].append(item)
    if not blocks:
        raise ConfigError(f"{path}: no waveform is in it: record with the geophone board in the lane's file")
    if not device and len(blocks) > 1:
        raise ConfigError(f"{path}: say with --device which board: {', '.join(sorted(blocks))}")
    if device and device not in blocks:
        raise ConfigError(f"--device {device}: the recording has {', '.join(sorted(blocks))}")
    chosen = blocks[device] if device else next(iter(blocks.values()))
    first = chosen[0]
    if any(b.channels != first.channels or b.fs_hz != first.fs_hz for b in chosen):
        raise GeophoneRefused(f"{path}: channels or rate changed within it: record again")
    lost = sum(block.samples_lost for block in chosen[1:])
    if lost:
        raise GeophoneRefused(f"{path}: {lost} samples were lost in it: check the board's link, record again")
    counts = np.concatenate([block.counts for block in chosen], axis=1).astype(float)
    return counts, first.fs_hz, first.channels


def _table(path: Path) -> _Read:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            names, *rows = [row for row in csv.reader(file) if row]
        table = np.array([[float(value) for value in row] for row in rows])
        t_s = table[:, names.index("t_s")]
        step = np.diff(t_s)
        fs_hz = round(1.0 / float(np.median(step)), 6)  # what decimals took from the times
    except (ValueError, IndexError, UnicodeDecodeError):
        raise ConfigError(f"{path}: want a table with t_s and a column of counts for each channel") from None
    if table.shape[0] < 2 or np.abs(step * fs_hz - 1.0).max() > 0.5:
        raise GeophoneRefused(f"{path}: its times are not even: samples are missing, record again")
    columns = [k for k, name in enumerate(names) if name != "t_s"]
    return table[:, columns].T.copy(), fs_hz, tuple(Channel(names[k], Role.CHASSIS) for k in columns)


def _miniseed(path: Path) -> _Read:
    data = path.read_bytes()
    counters = DecodeCounters()
    pieces: dict[str, list[tuple[int, npt.NDArray[np.int32]]]] = defaultdict(list)
    rates = set()
    for at in range(0, len(data) - MINISEED_BYTES + 1, MINISEED_BYTES):
        record = decode(data[at : at + MINISEED_BYTES], counters)
        if record is not None and record.counts.size:
            pieces[".".join(part for part in (record.location, record.channel) if part)].append(
                (record.start_ns, record.counts)
            )
            rates.add(record.fs_hz)
    if not pieces:
        raise ConfigError(
            f"{path}: neither .mcap nor .csv, and no miniSEED records of 512 bytes: check the file"
        )
    if len(rates) > 1:
        raise GeophoneRefused(f"{path}: its channels have different rates: give one file of one rate")
    fs_hz = rates.pop()
    tick_ns = 1e9 / fs_hz
    whole: dict[str, tuple[int, npt.NDArray[np.int32]]] = {}
    for name, parts in sorted(pieces.items()):
        parts.sort(key=lambda part: part[0])
        for (before_ns, before), (after_ns, _) in pairwise(parts):
            if abs(after_ns - before_ns - before.size * tick_ns) > 0.5 * tick_ns:
                raise GeophoneRefused(f"{path}: samples of {name} are missing in it: record again")
        whole[name] = parts[0][0], np.concatenate([counts for _, counts in parts])
    start_ns = max(begins for begins, _ in whole.values())
    rows = [counts[round((start_ns - begins) / tick_ns) :] for begins, counts in whole.values()]
    shortest = min(row.size for row in rows)
    if not shortest:
        raise GeophoneRefused(f"{path}: its channels have no time in common: record them together")
    counts = np.stack([row[:shortest] for row in rows]).astype(float)
    return counts, fs_hz, tuple(Channel(name, Role.CHASSIS) for name in whole)
