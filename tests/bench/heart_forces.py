"""Recorded hearts for the vibration simulator: their force, and their beats' intervals.

``python -m tests.bench.heart_forces --data FOLDER --subjects tune --out FILE`` writes the forces for
``models/training/beats.py``.

Forces are what a phone on the chest felt (mscardio); what it felt besides the heart
(its own noise, breath above 0.8 Hz) is part of them. Intervals are those of sleepers (rr_intervals).
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

from tests.bench.heart_baselines import autocorrelation_peaks
from tests.bench.real_hearts_read import FS_HZ, Recording, longest_run, read_mscardio

Array = npt.NDArray[np.float64]

BAND_HZ = (0.8, 25.0)
RMS_BAND_HZ = (1.0, 10.0)
SHORTEST_S = 75.0
HANDLING_RATIO = 3.0
"""A second with more than this many times the recording's median rms is handling."""

FADE_S, SLACK_S = 1.0, 2.0
MEDIAN_BEATS = 31
LIKELY = (0.6, 1.6)
POSSIBLE_S = (0.3, 2.0)
FEWEST_BEATS = 60


def load_forces(folder: Path, subjects: str) -> list[tuple[str, Array, float]]:
    """Return one force of each subject of one half.

    Parameters
    ----------
    folder : holds ``mscardio``.
    subjects : "tune", "test" or "all".

    Returns
    -------
    list of (subject, force ``(n,)`` of rms 1 within 1-10 Hz, ``fs_hz``), at least
    `SHORTEST_S` long: the longest stretch without handling of the subject's
    recordings, on the axis with the most regular beats, repeated with a
    cross-fade where it is shorter (18 of the 62).
    """
    out = []
    for subject, recordings in read_mscardio(folder, subjects):
        stretch = max((quiet(recording) for recording in recordings), key=lambda x: x.shape[1])
        beats = autocorrelation_peaks(stretch, FS_HZ)
        force = repeated(stretch[int(beats.argmax())], round(SHORTEST_S * FS_HZ))
        out.append((subject, force / rms(force), FS_HZ))
    return out


def rms(force: Array) -> float:
    """Return the rms of what lies within `RMS_BAND_HZ`, by Parseval.

    >>> round(rms(np.sin(2 * np.pi * 5 * np.arange(1000) / 100) + 1.0), 3)
    0.707
    """
    power = 2 * np.abs(np.fft.rfft(force) / force.size) ** 2
    f_hz = np.fft.rfftfreq(force.size, 1 / FS_HZ)
    return float(np.sqrt(power[(f_hz >= RMS_BAND_HZ[0]) & (f_hz <= RMS_BAND_HZ[1])].sum()))


def quiet(recording: Recording) -> Array:
    """Return the longest stretch of whole seconds without handling, band-passed, ``(n_axes, n)``."""
    sos = signal.butter(4, BAND_HZ, "bandpass", fs=recording.fs_hz, output="sos")
    x = signal.sosfiltfilt(sos, recording.x, axis=1)
    second = round(recording.fs_hz)
    whole = x.shape[1] // second
    rms = np.sqrt((x[:, : whole * second].reshape(-1, whole, second) ** 2).mean(axis=2).sum(axis=0))
    still = rms < HANDLING_RATIO * np.median(rms)
    # what precedes and follows a handled second is suspect, too
    first, last = longest_run(ndimage.binary_erosion(still, np.ones(3), border_value=1))
    return np.asarray(x[:, first * second : last * second])


def repeated(force: Array, n: int) -> Array:
    """Return a force of ``n`` samples or more, gone through again and again.

    Each join is a cross-fade of `FADE_S` (of constant power), at the place of the
    last `SLACK_S` that resembles the beginning most: a beat falls on a beat.

    >>> wave = np.sin(2 * np.pi * np.arange(3030) / 100)
    >>> longer = repeated(wave, 7500)
    >>> longer.size >= 7500, bool(np.abs(np.diff(longer)).max() < 0.1)
    (True, True)
    """
    fade, slack = round(FADE_S * FS_HZ), round(SLACK_S * FS_HZ)
    ramp = np.sin(0.5 * np.pi * (np.arange(fade) + 0.5) / fade) ** 2
    out = force
    while out.size < n:
        tail = out[-slack - fade :]
        windows = np.lib.stride_tricks.sliding_window_view(tail, fade)
        head = force[:fade]
        alike = windows @ head / np.maximum(np.linalg.norm(windows, axis=1), np.finfo(float).tiny)
        at = out.size - slack - fade + int(alike.argmax())
        joined = (1 - ramp) * out[at : at + fade] + ramp * head
        out = np.concatenate([out[:at], joined, force[fade:]])
    return out


def load_intervals(folder: Path) -> list[tuple[str, Array]]:
    """Return the beat-to-beat intervals, s, of each sleeper, the nights one after the other.

    See `mend_intervals` for what is mended and what is cut out.
    """
    nights: dict[str, list[Array]] = {}
    for path in sorted((folder / "rr_intervals").glob("*_RR.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            intervals = np.loadtxt(file, delimiter=",", skiprows=1, usecols=2)
        nights.setdefault(path.name.split("_")[0], []).append(mend_intervals(intervals))
    return [(subject, np.concatenate(found)) for subject, found in sorted(nights.items())]


def mend_intervals(intervals_s: Array) -> Array:
    """Return intervals without missed and invented beats; true jitter, early beats included, stays.

    By an interval's ratio to the median of the `MEDIAN_BEATS` around it:

    - two short ones (both below 0.75) that sum to one usual interval within 15 % had
      a beat invented between them: put together;
    - 2 or 3 usual ones within 10 % have missed beats: divided evenly;
    - others outside `LIKELY` or `POSSIBLE_S` are cut out with both neighbours, and so
      is what is left between two cuts if it has fewer than `FEWEST_BEATS` beats.

    >>> x = np.full(200, 0.8); x[40] = 1.6; x[80:82] = 0.4; x[120] = 7.0
    >>> mended = mend_intervals(x)
    >>> mended.size, float(mended.min()), float(mended.max())
    (197, 0.8, 0.8)
    """
    usual = ndimage.median_filter(intervals_s, MEDIAN_BEATS, mode="nearest")
    mended: list[float] = []
    good: list[bool] = []
    at = 0
    while at < intervals_s.size:
        ratio = float(intervals_s[at] / usual[at])
        count = round(ratio)
        if at + 1 < intervals_s.size:
            after = float(intervals_s[at + 1] / usual[at])
            if max(ratio, after) < 0.75 and abs(ratio + after - 1) < 0.15:
                mended.append(float(intervals_s[at] + intervals_s[at + 1]))
                good.append(True)
                at += 2
                continue
        if count in (2, 3) and abs(ratio / count - 1) < 0.1:
            mended += [float(intervals_s[at]) / count] * count
            good += [True] * count
        else:
            mended.append(float(intervals_s[at]))
            likely = LIKELY[0] < ratio < LIKELY[1]
            good.append(likely and POSSIBLE_S[0] < mended[-1] < POSSIBLE_S[1])
        at += 1
    keep = ndimage.binary_erosion(np.array(good), np.ones(3), border_value=1)
    labels, count = ndimage.label(keep)
    sizes = ndimage.sum_labels(keep, labels, np.arange(1, count + 1))
    return np.array(mended)[np.isin(labels, 1 + np.flatnonzero(sizes >= FEWEST_BEATS))]


def main() -> None:
    """Write the forces of one half of the subjects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--subjects", choices=("tune", "test", "all"), default="tune")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    np.savez(asked.out, **{subject: force for subject, force, _ in load_forces(asked.data, asked.subjects)})


if __name__ == "__main__":
    main()
