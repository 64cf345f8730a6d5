"""Movement: bursts of the chassis' motion that neither the ground nor what is usual explains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BAND_HZ = (0.7, 8.0)
FRAME_S = 0.5
USUAL_S = 15.0
"""What is usual is the median over this time: wind rises and falls more slowly than a person shifts."""

BUSY_SHARE = 0.1
"""Share of the frames that counts as bursts: a person shifts now and then, not all the time."""

FEWEST_FRAMES = 20


@dataclass(frozen=True, slots=True)
class Movement:
    """Unexplained motion of the chassis.

    ``log_ratio`` = ln of the mean, over the busiest tenth of the frames, of the
    power that the references do not explain over what is usual around that
    frame plus what they explain in it. The others are medians over all frames.
    """

    log_ratio: float
    residual_rms_m_s: float
    explained_rms_m_s: float


def frame_power(x: Array, fs_hz: float) -> Array:
    """Return mean power in `BAND_HZ` of frames of `FRAME_S`, the median over channels.

    Parameters
    ----------
    x : float ``(n_channels, n_samples)``, m/s.

    Returns
    -------
    float ``(n_frames,)``, (m/s)².

    Examples
    --------
    >>> t = np.arange(2000) / 100
    >>> power = frame_power(np.sin(2 * np.pi * 4 * t)[None], 100.0)
    >>> bool(abs(power[20] - 0.5) < 0.01)
    True
    """
    sos = signal.butter(4, [BAND_HZ[0], min(BAND_HZ[1], 0.45 * fs_hz)], "bandpass", fs=fs_hz, output="sos")
    filtered = signal.sosfilt(sos, x, axis=1)
    frames = _framed(filtered, fs_hz)
    power: Array = np.median((frames**2).mean(axis=2), axis=0)
    return power


def measure_movement(
    residual: Array, explained: Array, fs_hz: float, usable: Mask | None = None
) -> Movement | None:
    """Compare bursts of unexplained motion with what is usual and what the references explain.

    Parameters
    ----------
    residual, explained : float ``(n_channels, n_samples)``, m/s, from
        `scanner.signals.cancellation.cancel_references`.
    usable : bool ``(n_samples,)``; frames that touch an unusable sample are left out.

    Returns
    -------
    Movement, or None with fewer than `FEWEST_FRAMES` usable frames or no motion at all.
    """
    left, predicted = frame_power(residual, fs_hz), frame_power(explained, fs_hz)
    if usable is not None:
        whole = _framed(usable[np.newaxis], fs_hz)[0].all(axis=1)
        left, predicted = left[whole], predicted[whole]
    if left.size < FEWEST_FRAMES:
        return None
    width = min(round(USUAL_S / FRAME_S), left.size) // 2 * 2 + 1
    usual = ndimage.median_filter(left, width, mode="reflect")
    expected = usual + predicted
    if expected.min() <= 0 or left.max() <= 0:
        return None
    ratio = np.sort(left / expected)
    busiest = float(ratio[-max(1, round(BUSY_SHARE * ratio.size)) :].mean())
    return Movement(
        log_ratio=math.log(busiest),
        residual_rms_m_s=math.sqrt(float(np.median(left))),
        explained_rms_m_s=math.sqrt(float(np.median(predicted))),
    )


def _framed(x: npt.NDArray, fs_hz: float) -> npt.NDArray:  # type: ignore[type-arg]
    length = round(FRAME_S * fs_hz)
    n_frames = x.shape[1] // length
    return x[:, : n_frames * length].reshape(x.shape[0], n_frames, length)
