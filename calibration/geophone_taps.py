"""Tap test: does each channel answer its own tap, first downwards, and as strongly each time?

Three taps beside each geophone, in the order of the channels, tell a dead
channel, plugs that were exchanged, turned poles and a foot that does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import signal

from calibration.geophone_spectra import GeophoneRefused

Array = npt.NDArray[np.float64]

HIGHPASS_HZ = 2.0
BEFORE_S, AFTER_S, APART_S = 0.5, 0.4, 0.7
ANSWER = 10.0
"""Times its own noise that a channel must move to have answered."""
FIRST_SHARE = 0.15
"""Share of the peak that the first movement must reach."""
SPREAD = 4.0
"""Largest over smallest answer to like taps, relative to the other channels', from which a foot is loose."""


class TapFault(StrEnum):
    """What a tap test finds; "" = nothing wrong."""

    NONE = ""
    SILENT = "silent"
    EXCHANGED = "exchanged"
    REVERSED = "reversed"
    UNSTEADY = "unsteady"


@dataclass(frozen=True, slots=True)
class TapChannel:
    """What the taps beside one geophone say.

    ``peak_counts`` the median answer, ``signal_to_noise`` it over the noise
    before; ``first_sign`` of the first movement (0 = not told);
    ``loudest`` the channel that answered most; ``spread`` largest over smallest
    answer after the tap's own strength is taken off.
    """

    name: str
    fault: TapFault
    taps: int
    peak_counts: float
    signal_to_noise: float
    first_sign: int
    loudest: str
    spread: float


def find_taps(counts: Array, fs_hz: float) -> Array:
    """Return the times of taps, s: where any channel leaps far above its rest, `APART_S` apart at least."""
    x = _moving(counts, fs_hz)
    rest = 1.4826 * np.median(np.abs(x), axis=1, keepdims=True)
    loud = (np.abs(x) / np.maximum(rest, 1.0)).max(axis=0)
    taps, _ = signal.find_peaks(loud, height=3 * ANSWER, distance=max(1, round(APART_S * fs_hz)))
    # the peak follows the tap: go back to where it begins
    begun = []
    for at in taps:
        early = max(0, int(at) - round(0.15 * fs_hz))
        begun.append(early + int(np.argmax(loud[early : int(at) + 1] > 0.2 * loud[int(at)])))
    return np.asarray(begun, dtype=float) / fs_hz


def tap_test(
    counts: Array, fs_hz: float, names: Sequence[str], taps_s: Sequence[float], beside: Sequence[int]
) -> tuple[TapChannel, ...]:
    """Judge each channel by the taps beside it.

    Parameters
    ----------
    counts : float ``(n_channels, n_samples)``.
    taps_s : when each tap was.
    beside : index of the geophone that each was beside, same length.

    Raises
    ------
    GeophoneRefused : a geophone without a tap, or a tap too near the recording's ends.
    """
    missing = [name for k, name in enumerate(names) if k not in beside]
    if missing:
        raise GeophoneRefused(
            f"no tap beside {', '.join(missing)}: tap beside each geophone, the same number of times"
        )
    x = _moving(counts, fs_hz)
    answers = np.array([_answer(x, fs_hz, at) for at in taps_s])  # (n_taps, 3, n_channels)
    peaks, signs, noise = answers[:, 0], answers[:, 1], answers[:, 2]
    place = np.asarray(beside)
    usual = np.median(peaks, axis=1, keepdims=True)  # each tap's own strength, as all channels feel it
    found = []
    for row, name in enumerate(names):
        mine = place == row
        peak = float(np.median(peaks[mine, row]))
        ratio = peak / max(float(np.median(noise[mine, row])), 1e-9)
        told = signs[mine, row]
        sign = int(np.sign(told.sum())) if abs(told.sum()) > 0.5 * told.size else 0
        loudest = int(np.argmax(np.median(peaks[mine] / np.maximum(noise[mine], 1.0), axis=0)))
        relative = peaks[mine, row] / np.maximum(usual[mine, 0], 1e-9)
        spread = float(relative.max() / max(relative.min(), 1e-9))
        found.append(
            TapChannel(name, TapFault.NONE, int(mine.sum()), peak, ratio, sign, names[loudest], spread)
        )
    own = {channel.name for channel in found if channel.loudest == channel.name}
    return tuple(_judged(channel, own) for channel in found)


def _judged(channel: TapChannel, own: set[str]) -> TapChannel:
    """``own`` names the channels that answer their own taps most."""
    fault = TapFault.NONE
    if channel.signal_to_noise < ANSWER:
        fault = TapFault.SILENT
    elif channel.loudest != channel.name:
        # louder at a neighbour that has its own taps too: nothing is exchanged, this one hardly holds
        fault = TapFault.UNSTEADY if channel.loudest in own else TapFault.EXCHANGED
    elif channel.first_sign > 0:
        fault = TapFault.REVERSED
    elif channel.spread > SPREAD:
        fault = TapFault.UNSTEADY
    return TapChannel(
        channel.name,
        fault,
        channel.taps,
        channel.peak_counts,
        channel.signal_to_noise,
        channel.first_sign,
        channel.loudest,
        channel.spread,
    )


def _moving(counts: Array, fs_hz: float) -> Array:
    sos = signal.butter(2, HIGHPASS_HZ, "highpass", fs=fs_hz, output="sos")
    centred = counts - np.median(counts, axis=1, keepdims=True)
    return np.asarray(signal.sosfilt(sos, centred, axis=1))


def _answer(x: Array, fs_hz: float, at_s: float) -> Array:
    """Peak, sign of the first movement, and noise before one tap, ``(3, n_channels)``."""
    at = round(at_s * fs_hz)
    early, rest, late = at - round(0.03 * fs_hz), at - round(BEFORE_S * fs_hz), at + round(AFTER_S * fs_hz)
    if rest < 0 or late > x.shape[1]:
        raise GeophoneRefused(
            f"the tap at {at_s:.1f} s is too near the recording's end: wait a second before and after"
        )
    noise = x[:, rest:early].std(axis=1)
    after = x[:, early:late]
    peak = np.abs(after).max(axis=1)
    over = np.abs(after) > np.maximum(FIRST_SHARE * peak, 5 * noise)[:, None]
    first = after[np.arange(x.shape[0]), over.argmax(axis=1)]
    return np.stack([peak, np.where(over.any(axis=1), np.sign(first), 0.0), noise])
