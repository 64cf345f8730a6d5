"""Recorded hearts for training: forces from a file, and when their beats are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

Array = npt.NDArray[np.float64]

FS_HZ = 100.0
BAND_HZ = (2.0, 20.0)
SMOOTH_S = 0.06
PERIOD_S = (0.4, 1.4)
SHARE = 0.65
"""Two beats are at least this share of the usual period apart."""


@cache
def recorded_hearts(path: Path) -> list[tuple[Array, Array]]:
    """Return forces at `FS_HZ` and their beats' times, s.

    Parameters
    ----------
    path : ``.npz`` of one array a subject, as ``python -m tests.bench.heart_forces --out`` writes it.
    """
    with np.load(path, allow_pickle=False) as stored:
        return [(stored[name], beats_of(stored[name])) for name in sorted(stored.files)]


def beats_of(force: Array) -> Array:
    """Return the times of the envelope's peaks, one a period, s.

    >>> train = np.zeros(6000); train[50::80] = 1.0
    >>> np.unique(np.diff(beats_of(train)).round(2)).tolist()
    [0.8]
    """
    sos = signal.butter(3, BAND_HZ, "bandpass", fs=FS_HZ, output="sos")
    envelope = np.abs(signal.hilbert(signal.sosfiltfilt(sos, force)))
    envelope = np.minimum(envelope, 4 * np.median(envelope))
    smooth = ndimage.gaussian_filter1d(envelope, SMOOTH_S * FS_HZ)
    centred = smooth - smooth.mean()
    power = np.abs(np.fft.rfft(centred, 2 * centred.size)) ** 2
    lags = (np.array(PERIOD_S) * FS_HZ).astype(int)
    period = lags[0] + int(np.fft.irfft(power)[lags[0] : lags[1]].argmax())
    peaks, _ = signal.find_peaks(smooth, distance=max(1, round(SHARE * period)))
    return np.asarray(peaks / FS_HZ)
