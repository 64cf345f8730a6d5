"""Hearts through beds, chairs and clothes (muse_padova): each window against nulls made of itself.

Nulls in place: the window's phases drawn jointly over its six channels, and its
pieces of `PIECE_S` in another order. A p-value of one window is the rank of its score
among them; nobody else's recordings are needed.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import signal

from tests.bench import real_hearts_noise, real_hearts_read, real_hearts_statistics
from tests.bench.real_hearts_noise import phases_drawn
from tests.bench.real_hearts_read import FS_HZ, read_muse
from tests.bench.real_hearts_statistics import METHODS
from tests.bench.real_hearts_store import Store
from tests.bench.real_hearts_trials import SLOWEST_HZ, WINDOW_S

Array = npt.NDArray[np.float64]

PIECE_S = (0.2, 0.8)
FADE_S = 0.05
IN_PLACE = ("surrogate", "pieces")
SOURCES = (sys.modules[__name__], real_hearts_noise, real_hearts_read, real_hearts_statistics)


@dataclass(frozen=True)
class BedWindow:
    """One window ``(6, n)``, channels of unit rms."""

    recording: str
    start_s: float
    x: Array


def bed_windows(folder: Path) -> list[BedWindow]:
    """Return the windows, one after the other; what is left at a recording's end is not used."""
    sos = signal.butter(4, SLOWEST_HZ, "highpass", fs=FS_HZ, output="sos")
    n = round(WINDOW_S * FS_HZ)
    out = []
    for recording in read_muse(folder):
        x = signal.sosfiltfilt(sos, recording.x, axis=1)
        for at in range(0, x.shape[1] - n + 1, n):
            window = x[:, at : at + n]
            out.append(BedWindow(recording.name, at / FS_HZ, window / window.std(axis=1, keepdims=True)))
    return out


def pieces_shuffled(x: Array, fs_hz: float, rng: np.random.Generator) -> Array:
    """Return pieces of random length in random order, ``(n_channels, n)``, cross-faded at constant power.

    >>> x = np.random.default_rng(1).normal(size=(2, 3000))
    >>> y = pieces_shuffled(x, 100.0, np.random.default_rng(2))
    >>> y.shape, bool(abs(y.std() / x.std() - 1) < 0.05)
    ((2, 3000), True)
    """
    n, fade = x.shape[1], round(FADE_S * fs_hz)
    least, most = (round(edge * fs_hz) for edge in PIECE_S)
    ends = np.cumsum(rng.integers(least, most + 1, n // least + 1))
    bounds = np.concatenate([[0], ends[ends < n - least], [n]])
    rise = np.sin(0.5 * np.pi * (np.arange(fade) + 0.5) / fade)
    out, at = np.zeros(x.shape), 0
    for piece in rng.permutation(bounds.size - 1):
        first, last = int(bounds[piece]), int(bounds[piece + 1])
        # a piece reaches into its successor, and both circles are closed
        weight = np.concatenate([rise, np.ones(last - first - fade), rise[::-1]])
        there = np.arange(last - first + fade)
        out[:, (at + there) % n] += weight * x[:, (first + there) % n]
        at += last - first
    return out


def bed_p_values(
    folder: Path, out: Path, methods: Sequence[str], draws: int, workers: int
) -> list[dict[str, Any]]:
    """Return one row for each statistic and window: p-values on both nulls, and the rate it saw.

    Parameters
    ----------
    out : where answers are kept.
    draws : empties of each null; the least p-value is 1 / (draws + 1).
    """
    store = Store(out, "beds", methods, SOURCES)
    asked = [(f"{w.recording}@{w.start_s:.0f}/{draws}", (w, draws)) for w in bed_windows(folder)]
    store.complete(asked, judge, workers, "beds")
    return [row for method in methods for key, _ in asked for row in store.of(method, key)]


def judge(job: tuple[BedWindow, int], methods: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """Return each method's rows of one window."""
    window, draws = job
    rng = np.random.default_rng((2027, zlib.crc32(f"{window.recording}@{window.start_s}".encode())))
    nulls = {
        "surrogate": [phases_drawn(window.x, rng) for _ in range(draws)],
        "pieces": [pieces_shuffled(window.x, FS_HZ, rng) for _ in range(draws)],
    }
    usable = np.ones(window.x.shape[1], bool)
    out: dict[str, list[dict[str, Any]]] = {}
    for method in methods:
        one = METHODS[method][0]
        empties = {kind: [one(x, FS_HZ, usable) for x in xs] for kind, xs in nulls.items()}
        out[method] = []
        for statistic, found in one(window.x, FS_HZ, usable).items():
            ranks = {
                kind: rank(found.score, np.array([each[statistic].score for each in answers]))
                for kind, answers in empties.items()
            }
            place = {"recording": window.recording, "start_s": window.start_s, "statistic": statistic}
            out[method].append({**place, "score": found.score, "bpm": found.bpm, **ranks})
    return out


def rank(score: float, null: Array) -> float:
    """Return the p-value of a score among a null's, both counted; 1 where it is unavailable.

    >>> rank(3.0, np.array([1.0, 2.0, 4.0]))
    0.5
    """
    if np.isnan(score):
        return 1.0
    return float((1 + (np.nan_to_num(null, nan=-np.inf) >= score).sum()) / (1 + null.size))
