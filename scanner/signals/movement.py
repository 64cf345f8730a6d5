"""Movement: how much the chassis moves that the ground does not explain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

Array = npt.NDArray[np.float64]

BAND_HZ = (0.7, 8.0)
FRAME_S = 1.0
BUSY_SHARE = 0.1
"""Share of the frames that counts as bursts: a person shifts now and then, not all the time."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Unexplained motion of the chassis.

    ``log_ratio`` = ln(power of the busiest tenth of the frames that references
    do not explain / median power that they explain); ``burstiness`` =
    ln(that tenth / median of the unexplained power).
    """

    log_ratio: float
    burstiness: float
    residual_rms_m_s: float
    explained_rms_m_s: float


def band_power(x: Array, fs_hz: float, usable: npt.NDArray[np.bool_] | None = None) -> Array:
    """Return mean power in `BAND_HZ` of frames of `FRAME_S`, the median over channels.

    Parameters
    ----------
    x : float ``(n_channels, n_samples)``, m/s.
    usable : bool ``(n_samples,)``; frames that touch an unusable sample are left out.

    Returns
    -------
    float ``(n_frames,)``, (m/s)².

    Examples
    --------
    >>> t = np.arange(2000) / 100
    >>> power = band_power(np.sin(2 * np.pi * 3 * t)[None], 100.0)
    >>> bool(abs(power[5] - 0.5) < 0.01)
    True
    """
    high_hz = min(BAND_HZ[1], 0.45 * fs_hz)
    sos = signal.butter(4, [BAND_HZ[0], high_hz], "bandpass", fs=fs_hz, output="sos")
    filtered = signal.sosfiltfilt(sos, x, axis=1)
    length = round(FRAME_S * fs_hz)
    n_frames = x.shape[1] // length
    frames = filtered[:, : n_frames * length].reshape(x.shape[0], n_frames, length)
    power: Array = np.median((frames**2).mean(axis=2), axis=0)
    if usable is not None:
        power = power[usable[: n_frames * length].reshape(n_frames, length).all(axis=1)]
    return power


def measure_movement(
    residual: Array, explained: Array, fs_hz: float, usable: npt.NDArray[np.bool_] | None = None
) -> Movement | None:
    """Compare what the references leave of the chassis' motion with what they explain.

    Parameters
    ----------
    residual, explained : float ``(n_channels, n_samples)``, m/s, from
        `scanner.signals.cancellation.cancel_references`.

    Returns
    -------
    Movement, or None with fewer than ten usable frames or no motion at all.
    """
    left, predicted = band_power(residual, fs_hz, usable), band_power(explained, fs_hz, usable)
    if left.size < 10:
        return None
    busiest = float(np.sort(left)[-max(1, round(BUSY_SHARE * left.size)) :].mean())
    usual, expected = float(np.median(left)), float(np.median(predicted))
    if min(busiest, usual, expected) <= 0:
        return None
    return Movement(
        log_ratio=math.log(busiest / expected),
        burstiness=math.log(busiest / usual),
        residual_rms_m_s=math.sqrt(usual),
        explained_rms_m_s=math.sqrt(expected),
    )
