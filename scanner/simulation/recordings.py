"""Real recordings as sources: hearts, CO2 series, thermal frames and seismic packets made by others.

Each function reads one file that the caller names and returns what a sensor's
wire can carry. What had to be assumed (a force behind an acceleration, a faster
time) is a parameter and is said at its function.
"""

from __future__ import annotations

import csv
import itertools
import re
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.io
from scipy import signal

from drivers.api import LorryscanError

Array = npt.NDArray[np.float64]

FORCE_FS_HZ = 500.0
# breathing's harmonics end below 2 Hz: there the beats of a ballistocardiogram repeat best against its ECG
HEART_BAND_HZ = (2.0, 20.0)
FIRST_FRAMES = 2  # of an MLX90640 after its half-empty ones: conversions still settling


class RecordingUnusable(LorryscanError, ValueError):
    """A file does not hold what was asked of it.

    Example: a MATLAB file without a ballistocardiogram in it.
    """


def heart_force(path: Path, peak_n: float = 3.0) -> tuple[Array, float]:
    """Read a recorded heart as vertical force, N ``(n,)``, and its rate, Hz.

    Two kinds of file are read: ``.npz`` with ``t`` (s) and ``xyz`` (acceleration
    of a phone on the chest; the axis with the clearest beat is taken), and
    ``.mat`` with a ballistocardiogram (``bcg`` and ``Fs``, or ``data`` and
    ``fs``). Neither is a force at the floor. The shape is kept within 2-20 Hz
    and scaled so that the median peak of one-second pieces is ``peak_n``. Seconds
    at either end that stand out three times (switching on, putting the phone
    down) are left out; what stands out more than four times in between is cut.

    Raises
    ------
    RecordingUnusable : the file holds neither.
    """
    record, fs_hz = _phone(path) if path.suffix == ".npz" else _ballistocardiogram(path)
    ratio = Fraction(FORCE_FS_HZ / fs_hz).limit_denominator(1000)
    sos = signal.butter(3, HEART_BAND_HZ, "bandpass", fs=fs_hz, output="sos")
    beat = signal.sosfiltfilt(sos, record - np.median(record))
    beat = signal.resample_poly(beat, ratio.numerator, ratio.denominator)
    second = round(FORCE_FS_HZ)
    peaks = np.abs(beat[: len(beat) // second * second]).reshape(-1, second).max(axis=1)
    usual = np.flatnonzero(peaks <= 3 * np.median(peaks))
    beat = beat[usual[0] * second : (usual[-1] + 1) * second]
    force_n = beat * peak_n / float(np.median(peaks))
    return np.clip(force_n, -4 * peak_n, 4 * peak_n), FORCE_FS_HZ


def _phone(path: Path) -> tuple[Array, float]:
    with np.load(path) as stored:
        if not {"t", "xyz"} <= set(stored.files):
            raise RecordingUnusable(f"{path} holds {', '.join(stored.files)}, not t and xyz")
        t_s, xyz = np.asarray(stored["t"], float), np.asarray(stored["xyz"], float)
    fs_hz = 100.0
    even_s = np.arange(t_s[0], t_s[-1], 1 / fs_hz)
    axes = np.stack([np.interp(even_s, t_s, axis) for axis in xyz.T])
    # the clearest beat: the axis on which a usual second's peak stands out most from what lies between
    sos = signal.butter(3, HEART_BAND_HZ, "bandpass", fs=fs_hz, output="sos")
    size = np.abs(signal.sosfiltfilt(sos, axes, axis=1))
    second = round(fs_hz)
    by_second = size[:, : size.shape[1] // second * second].reshape(3, -1, second)
    clearness = np.median(by_second.max(axis=2) / np.median(by_second, axis=2), axis=1)
    return axes[int(np.argmax(clearness))], fs_hz


def _ballistocardiogram(path: Path) -> tuple[Array, float]:
    stored = scipy.io.loadmat(path)
    for name, rate in (("bcg", "Fs"), ("data", "fs")):
        if name in stored and rate in stored:
            return np.asarray(stored[name], float).ravel(), float(np.ravel(stored[rate])[0])
    named = ", ".join(sorted(key for key in stored if not key.startswith("_")))
    raise RecordingUnusable(f"{path} holds no ballistocardiogram (bcg and Fs, or data and fs), but {named}")


@dataclass(frozen=True, slots=True, eq=False)
class Co2Series:
    """A recorded CO2 series, ppm over seconds from its first value.

    ``occupied`` holds the truth at each value where the file knows it.
    """

    t_s: Array
    ppm: Array
    occupied: npt.NDArray[np.bool_]

    def tip(self, begin_s: float = 0.0, speed: float = 1.0) -> Co2Tip:
        """Return it as what a probe's tip meets from ``begin_s`` of the recording.

        ``speed`` recorded seconds pass in one second; values in between are
        interpolated linearly.
        """
        return Co2Tip(self, begin_s, speed)


@dataclass(frozen=True, slots=True, eq=False)
class Co2Tip:
    """Concentration as a function of the time since the tip went in."""

    series: Co2Series
    begin_s: float
    speed: float

    def __call__(self, since_s: npt.ArrayLike) -> Array:
        """Return ppm at ``since_s``, the shape of ``since_s``; after the end the last value stays."""
        at_s = self.begin_s + self.speed * np.asarray(since_s, dtype=float)
        return np.asarray(np.interp(at_s, self.series.t_s, self.series.ppm))


def co2_series(path: Path) -> Co2Series:
    """Read a series from CSV with columns ``date`` and ``CO2``, and ``Occupancy`` if there.

    The rows' own times are used; a header that leaves out the row number (as
    R's ``write.csv`` does) is understood.

    Raises
    ------
    RecordingUnusable : a column is missing, or fewer than two rows.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        data = [row for row in rows if row]
    if not {"date", "CO2"} <= set(header):
        raise RecordingUnusable(f"{path} has the columns {', '.join(header)}, not date and CO2")
    if len(data) < 2:
        raise RecordingUnusable(f"{path} holds {len(data)} rows, at least two are needed")
    unnamed = len(data[0]) - len(header)
    at = {name: header.index(name) + unnamed for name in header}
    times = [datetime.fromisoformat(row[at["date"]]) for row in data]
    t_s = np.array([(time - times[0]).total_seconds() for time in times])
    ppm = np.array([float(row[at["CO2"]]) for row in data])
    occupied = np.array([row[at["Occupancy"]] == "1" if "Occupancy" in at else False for row in data])
    return Co2Series(t_s, ppm, occupied)


def mlx90640_frames(path: Path) -> npt.NDArray[np.float32]:
    """Read raw float32 frames of an MLX90640, degC ``(n_frames, 24, 32)``.

    The imager measures its pixels in two halves, like the squares of a
    chessboard. In the first frame of a recording the second half has not been
    measured and holds zeros, and the next two conversions still settle: frames
    are dropped up to there. A half that is zero later on keeps its value of the
    frame before.

    Raises
    ------
    RecordingUnusable : the file is no whole number of frames, or has none to use.
    """
    flat = np.fromfile(path, "<f4")
    if flat.size == 0 or flat.size % (24 * 32):
        raise RecordingUnusable(f"{path} holds {flat.size} values, no multiple of 24 x 32")
    frames = flat.reshape(-1, 24, 32).copy()
    whole = (frames != 0.0).all(axis=(1, 2))
    if not whole.any():
        raise RecordingUnusable(f"{path} holds no frame with every pixel measured")
    frames = frames[int(np.argmax(whole)) + FIRST_FRAMES :]
    for earlier, frame in itertools.pairwise(frames):
        frame[frame == 0.0] = earlier[frame == 0.0]
    if not len(frames):
        raise RecordingUnusable(f"{path} ends before its imager has settled")
    return frames


def shake_packets(path: Path) -> list[tuple[float, bytes]]:
    """Read Raspberry Shake datagrams, one a line, to be sent unchanged.

    Returns
    -------
    list of (seconds after the first packet's time, datagram), in the file's order.

    Raises
    ------
    RecordingUnusable : no packet in the file.
    """
    packets = []
    for line in path.read_bytes().splitlines():
        packet = line.strip()
        if found := re.match(rb"\{'[^']+', (\d+\.?\d*)", packet):
            packets.append((float(found[1]), packet))
    if not packets:
        raise RecordingUnusable(f"{path} holds no Raspberry Shake packet")
    first_s = min(time_s for time_s, _ in packets)
    return [(time_s - first_s, packet) for time_s, packet in packets]
