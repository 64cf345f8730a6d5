"""The rate of a train between the few mean intervals that the sum over trains goes through."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scanner.signals.rhythm import GRID_HZ

Array = npt.NDArray[np.float64]

AROUND = 0.15
"""Intervals that differ from the usual one by so much of it count."""

NEWEST = round(20 * GRID_HZ)
"""So many of the newest moments count."""


def finer_bpm(posterior: Array, bpm: float) -> float:
    """Return the rate of the newest beats, a minute.

    Parameters
    ----------
    posterior : probability of a beat at each moment, ``(n,)`` at `GRID_HZ`, from `beat_track.beat_track`.
    bpm : about what the rate is; returned as it is where no two beats tell more.

    Examples
    --------
    >>> beats = np.zeros(500); beats[::20] = 1.0  # every 0.8 s
    >>> round(finer_bpm(beats, 77.0), 2)
    75.0
    """
    p = posterior[-NEWEST:]
    usual = 60 * GRID_HZ / bpm
    lags = np.arange(int((1 - AROUND) * usual), int((1 + AROUND) * usual) + 2)
    lags = lags[lags < p.size]
    together = np.array([float(p[lag:] @ p[: p.size - lag]) for lag in lags])
    together -= together.min(initial=np.inf) if lags.size else 0.0
    whole = float(together.sum())
    return 60 * GRID_HZ * whole / float(together @ lags) if whole > 0 else bpm
