"""Recorded hearts from the folder of real recordings, evenly sampled, split by subject.

The folder is the one that holds `mscardio`, `muse_padova`, `rr_intervals` and `rwth_bcg`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import io, signal

Array = npt.NDArray[np.float64]
Named = TypeVar("Named")

FS_HZ = 100.0
HANDLED_START_S, HANDLED_END_S = 10.0, 5.0
"""The phone is laid down and taken away: left out of every recording."""

BED_HANDLING_S = 2.0
BED_HANDLING_RATIO = 4.0
MUSE = (
    "1_Stave_supine_static",
    "2_Mattress_supine",
    "3_Subject_sitting_chair",
    "4_Chest_sweater",
    "5_Under_chair",
    "center_sternum",
)


@dataclass(frozen=True)
class Recording:
    """One recording: whose or what, and its axes ``(n_axes, n)`` at ``fs_hz``."""

    name: str
    x: Array
    fs_hz: float


def half(subjects: Iterable[Named], which: str) -> list[Named]:
    """Return the subjects that "tune" (even places of the sorted list), "test" (odd places), or "all".

    >>> half(["c", "a", "b"], "tune"), half(["c", "a", "b"], "test")
    (['a', 'c'], ['b'])
    """
    found = sorted(subjects)  # type: ignore[type-var]
    return found if which == "all" else found[which == "test" :: 2]


def evenly(t_s: Array, x: Array, fs_hz: float = FS_HZ) -> Array:
    """Return axes ``(n_axes, m)`` at ``fs_hz`` of samples ``(n, n_axes)`` at nearly even times ``(n,)``.

    What a faster phone saw above half the rate is filtered out, not folded down; an
    offset, such as gravity, leaves no step at the ends.

    >>> t_s = np.arange(0, 10, 1 / 200)
    >>> bool(evenly(t_s, np.sin(2 * np.pi * 90 * t_s)[:, np.newaxis])[0, 100:-100].std() < 0.01)
    True
    >>> bool(np.ptp(evenly(t_s, np.full((2000, 1), 5.0))) < 0.01)
    True
    """
    t_s = t_s - t_s[0]
    factor = max(1, round((t_s.size - 1) / t_s[-1] / fs_hz))
    grid = np.arange(0, t_s[-1], 1 / (factor * fs_hz))
    even = np.stack([np.interp(grid, t_s, axis) for axis in x.T])
    return np.asarray(even if factor == 1 else signal.resample_poly(even, 1, factor, axis=1, padtype="line"))


def read_mscardio(folder: Path, which: str) -> Iterator[tuple[str, list[Recording]]]:
    """Give each subject of one half and the phone's recordings ``(3, n)`` of it, whole."""
    paths: dict[str, list[Path]] = {}
    for path in sorted((folder / "mscardio" / "npz").glob("*.npz")):
        paths.setdefault(path.name.split("_")[1], []).append(path)
    for subject in half(paths, which):
        recordings = []
        for path in paths[subject]:
            with np.load(path) as stored:
                x = evenly(stored["t"].astype(float), stored["xyz"].astype(float))
            recordings.append(Recording(path.stem, x, FS_HZ))
        yield subject, recordings


def read_muse(folder: Path) -> list[Recording]:
    """Return the structure-borne recordings: acceleration (mg) and turning (dps), ``(6, n)``, at 100 Hz.

    Times are the sample's number over the logged rate. Handling at both ends is cut:
    everything outside the longest stretch of seconds whose steps from sample to
    sample stay below `BED_HANDLING_RATIO` times their median, and `BED_HANDLING_S` more.
    """
    out = []
    for name in MUSE:
        table = np.loadtxt(folder / "muse_padova" / f"{name}.txt", skiprows=1, usecols=range(9))
        rate_hz, x = table[0, 1], table[:, 3:]
        x = evenly(np.arange(x.shape[0]) / rate_hz, x)
        second = round(FS_HZ)
        whole = x.shape[1] // second
        steps = (
            np.diff(x[:, : whole * second], axis=1, prepend=x[:, :1]).reshape(6, whole, second).std(axis=2)
        )
        still = (steps < BED_HANDLING_RATIO * np.median(steps, axis=1, keepdims=True)).all(axis=0)
        first, last = longest_run(still)
        rest = round(BED_HANDLING_S * FS_HZ)
        out.append(Recording(name, x[:, first * second + rest : last * second - rest], FS_HZ))
    return out


def read_rwth(folder: Path) -> tuple[Recording, Array]:
    """Return the ballistocardiogram ``(1, n)`` at 100 Hz and its ECG's R peaks, s."""
    stored = io.loadmat(folder / "rwth_bcg" / "rec_proc_Aydin-Left-1.mat")
    t_s = stored["time"].ravel().astype(float)
    # the peaks are numbered from one
    peaks_s = (stored["peaks_r"].ravel().astype(float) - 1) / float(stored["Fs"].item())
    return Recording("Aydin-Left-1", evenly(t_s, stored["bcg"].astype(float)), FS_HZ), peaks_s


def longest_run(flags: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return the first and one past the last place of the longest run of true.

    >>> longest_run(np.array([True, False, True, True, False]))
    (2, 4)
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    if not edges.size:
        return 0, 0
    starts, ends = edges[::2], edges[1::2]
    best = int((ends - starts).argmax())
    return int(starts[best]), int(ends[best])
