"""Heart rates on a ballistocardiogram against its ECG's R peaks (rwth_bcg, one person, 19.8 s)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import signal

from tests.bench.real_hearts_read import FS_HZ, read_rwth
from tests.bench.real_hearts_statistics import Method
from tests.bench.real_hearts_trials import SLOWEST_HZ

Array = npt.NDArray[np.float64]

LENGTHS_S = (10.0, 15.0, 19.0)
CLOSE_BPM = 5.0


def rates(folder: Path, methods: dict[str, Method]) -> list[dict[str, Any]]:
    """Return each statistic's rate in the first and the last window of each length, beside the ECG's."""
    bcg, peaks_s = read_rwth(folder)
    sos = signal.butter(4, SLOWEST_HZ, "highpass", fs=FS_HZ, output="sos")
    x = signal.sosfiltfilt(sos, bcg.x, axis=1)
    out = []
    for length_s in LENGTHS_S:
        n = round(length_s * FS_HZ)
        for first in (0, x.shape[1] - n):
            start_s = first / FS_HZ
            true_bpm = mean_rate(peaks_s, start_s, start_s + length_s)
            for method in methods.values():
                found = method(x[:, first : first + n], FS_HZ, np.ones(n, bool))
                out += [
                    {
                        "statistic": name,
                        "length_s": length_s,
                        "start_s": start_s,
                        "ecg_bpm": true_bpm,
                        "bpm": each.bpm,
                        "error_bpm": each.bpm - true_bpm,
                    }
                    for name, each in found.items()
                    if np.isfinite(each.bpm)
                ]
    return out


def mean_rate(peaks_s: Array, start_s: float, end_s: float) -> float:
    """Return the mean rate of the beats within a window.

    >>> mean_rate(np.arange(0.0, 20.0, 0.75), 0.0, 10.0)
    80.0
    """
    inside = peaks_s[(peaks_s >= start_s) & (peaks_s < end_s)]
    return float(60 * (inside.size - 1) / (inside[-1] - inside[0]))
