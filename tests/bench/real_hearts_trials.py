"""Trials on recorded hearts: which windows, what is added to them, and what their nulls are.

Windows of 30 s of phones on chests (mscardio), one after the other, all that lie
clear of the handling at a recording's ends; no gate on their quality. z alone and
three axes; as recorded ("clean"), and with noise of the window's smoothed spectrum
at 0 and -5 dB (ratio of power within 4-30 Hz).

Nulls, with the same noise at the same level added where the hearts have it:

smooth      Gaussian noise with the window's smoothed spectrum
surrogate   the window's spectra and cross-spectra exactly, phases drawn
shuffled    the same bursts, their intervals independent and log-uniform
poisson     the same bursts at Poisson's times; some overlap, which makes them burstier
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import signal

from tests.bench.real_hearts_bursts import without_rhythm
from tests.bench.real_hearts_noise import at_ratio, noise_like, phases_drawn
from tests.bench.real_hearts_read import FS_HZ, HANDLED_END_S, HANDLED_START_S, Recording, read_mscardio

Array = npt.NDArray[np.float64]

WINDOW_S = 30.0
SLOWEST_HZ = 0.7
"""Below it lie breath and the phone's own drift."""

AXES = {"z": slice(2, 3), "xyz": slice(0, 3)}
CONDITIONS: dict[str, float | None] = {"clean": None, "0 dB": 0.0, "-5 dB": -5.0}
NULLS = ("smooth", "surrogate", "shuffled", "poisson")
HEART = "heart"
BLOCK = 5
"""Empty trials of a kind in one block; a block has one occupied trial of each condition."""


@dataclass(frozen=True)
class Window:
    """One window ``(3, n)`` of a subject, above `SLOWEST_HZ`; ``name`` tells recording and place."""

    subject: str
    name: str
    x: Array


@dataclass(frozen=True)
class Trial:
    """One record to be judged. ``kind`` is `HEART` or one of `NULLS`."""

    axes: str
    condition: str
    kind: str
    number: int
    x: Array


def windows(folder: Path, which: str) -> Iterator[Window]:
    """Give all windows of one half's subjects."""
    for subject, recordings in read_mscardio(folder, which):
        for recording in recordings:
            for at_s, x in cut(recording):
                yield Window(subject, f"{recording.name}@{at_s:.0f}", x)


def cut(recording: Recording) -> list[tuple[float, Array]]:
    """Return a recording's windows and where they begin, s.

    >>> [at_s for at_s, _ in cut(Recording("a", np.zeros((3, 7500)), 100.0))]
    [10.0, 40.0]
    """
    fs_hz, n = recording.fs_hz, round(WINDOW_S * recording.fs_hz)
    sos = signal.butter(4, SLOWEST_HZ, "highpass", fs=fs_hz, output="sos")
    x = signal.sosfiltfilt(sos, recording.x, axis=1)
    last = x.shape[1] - round(HANDLED_END_S * fs_hz) - n
    return [(at / fs_hz, x[:, at : at + n]) for at in range(round(HANDLED_START_S * fs_hz), last + 1, n)]


def trials(window: Window, block: int) -> Iterator[Trial]:
    """Give one block of a window's trials; the same for each run, whatever else is asked."""
    numbers = range(block * BLOCK, (block + 1) * BLOCK)
    for axes, rows in AXES.items():
        heart = window.x[rows]
        for condition, ratio_db in CONDITIONS.items():
            if ratio_db is not None or block == 0:
                rng = _rng(window, axes, condition, HEART, block)
                yield Trial(axes, condition, HEART, block, noisy(heart, heart, ratio_db, rng))
            for kind in NULLS:
                # more of the same noise is the same noise: one condition speaks for all
                if kind == "smooth" and ratio_db is not None:
                    continue
                for number in numbers:
                    rng = _rng(window, axes, condition, kind, number)
                    yield Trial(axes, condition, kind, number, empty(heart, kind, ratio_db, rng))


def empty(heart: Array, kind: str, ratio_db: float | None, rng: np.random.Generator) -> Array:
    """Return one record of a null, of the power that the heart with its noise has."""
    if kind == "smooth":
        return noise_like(heart, FS_HZ, rng)
    if kind == "surrogate":
        return phases_drawn(noisy(heart, heart, ratio_db, rng), rng)
    bursts = without_rhythm(heart, FS_HZ, rng, poisson=kind == "poisson")
    return noisy(bursts, heart, ratio_db, rng)


def noisy(x: Array, heart: Array, ratio_db: float | None, rng: np.random.Generator) -> Array:
    """Return x with the noise that the heart would have."""
    if ratio_db is None:
        return x
    return np.asarray(x + at_ratio(heart, noise_like(heart, FS_HZ, rng), ratio_db, FS_HZ))


def _rng(window: Window, axes: str, condition: str, kind: str, number: int) -> np.random.Generator:
    key = f"{window.name}/{axes}/{condition}/{kind}".encode()
    return np.random.default_rng((2026, zlib.crc32(key), number))
