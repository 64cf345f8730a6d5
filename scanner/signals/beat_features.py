"""What a beat may look like: energies of the innovations in eight bands, against their usual level.

Energies do not care which way a sensor looks or which mode carries the beat:
the sum over white channels is the same however they are turned. Levels are
those of the last seconds, so that a gust weighs no more than a calm, and no
sample weighs more than a few times the usual.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from scanner.signals.whitening import Innovations

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FEATURE_HZ = 25.0
BANDS_HZ = (1.8, 2.7, 3.9, 5.4, 7.3, 9.8, 13.0, 17.5)
LOW_BANDS_HZ = BANDS_HZ[:5]
"""Bands of the low-rate innovations, below a refrigeration unit's half orders."""

WIDTH = 0.35
"""Standard deviation of a band's gain over its centre."""

FILTER_S = 0.76
"""Half of the filters' length: three standard deviations of the lowest band's impulse response."""

LEVEL_BLOCK_S = 0.2
LEVEL_BLOCKS = (12, 2)
"""A level is the median power of blocks, so many before and after."""

CLIP = 3.5
FLOOR = 0.02
N_FEATURES = 5 * len(BANDS_HZ) + 2 * len(LOW_BANDS_HZ)

LOUDEST = slice(len(BANDS_HZ), 2 * len(BANDS_HZ))
"""Features that are the loudest channel's, by band."""

BEFORE_S, AFTER_S = 3.4, 1.6
"""Contexts that the first and the last feature depend on, whole level blocks."""


def beat_features(new: Innovations, low: Innovations) -> tuple[Array, Mask]:
    """Return log energies for all but the contexts at both ends.

    Parameters
    ----------
    new : innovations at 50 Hz, ``BEFORE_S``, n samples (a multiple of a level block, the first at a
        block's start) and ``AFTER_S``.
    low : innovations at 25 Hz of the same time.

    Returns
    -------
    features : float ``(2, N_FEATURES, n / 2)`` at `FEATURE_HZ`. First of the chassis: mean and maximum over
        the channels of the joint innovations, mean and maximum over the chassis channels' own ones, maximum
        over the references' (their usual level where there are none), mean and maximum of the low-rate
        joint ones. Then the same of the references alone, as if they were the chassis; without references
        the usual level.
    usable : bool ``(n / 2,)``.
    """
    n_chassis = new.joint.shape[0]
    groups = [new.joint, new.own[:n_chassis], new.own[n_chassis:]]
    joint, own, heard = (_group(rows, new.usable, 2 * FEATURE_HZ, BANDS_HZ) for rows in groups)
    below = _group(low.joint, low.usable, FEATURE_HZ, LOW_BANDS_HZ)
    usual = np.ones_like(joint[0])
    if not heard.shape[0]:
        heard = usual[np.newaxis]
    n_low = len(LOW_BANDS_HZ)
    loudest, mean = heard.max(axis=0), heard.mean(axis=0)
    chassis = [joint.mean(axis=0), joint.max(axis=0), own.mean(axis=0), own.max(axis=0), loudest]
    chassis += [below.mean(axis=0), below.max(axis=0)]
    references = [mean, loudest, mean, loudest, usual, mean[:n_low], loudest[:n_low]]
    around = round(LEVEL_BLOCK_S * FEATURE_HZ)
    first, last = round(BEFORE_S * FEATURE_HZ), round(AFTER_S * FEATURE_HZ)
    usable = new.usable.reshape(-1, 2).all(axis=1) & low.usable
    near = np.lib.stride_tricks.sliding_window_view(
        usable[first - around : usable.size - last + around], 2 * around + 1
    )
    both = np.stack([np.concatenate(chassis), np.concatenate(references)])
    return np.log(both + FLOOR), np.asarray(near.all(axis=1))


def _group(x: Array, usable: Mask, rate_hz: float, bands_hz: tuple[float, ...]) -> Array:
    """Band energies of channels that share a level, ``(n_rows, n_bands, n)`` without the contexts."""
    taps = _filters(rate_hz, bands_hz)
    half = taps.shape[0] // 2
    start, stop = round(BEFORE_S * rate_hz) - half, x.shape[1] - round(AFTER_S * rate_hz) + half
    levelled = _levelled(x, usable, round(LEVEL_BLOCK_S * rate_hz))[:, start:stop]
    filtered = np.lib.stride_tricks.sliding_window_view(levelled, taps.shape[0], axis=1) @ taps
    n_bands = len(bands_hz)
    energy = filtered[..., :n_bands] ** 2 + filtered[..., n_bands:] ** 2
    per_feature = round(rate_hz / FEATURE_HZ)
    shape = (x.shape[0], energy.shape[1] // per_feature, per_feature, n_bands)
    mean = energy.reshape(shape).mean(axis=2)
    return np.asarray(mean.transpose(0, 2, 1))


def _levelled(x: Array, usable: Mask, block: int) -> Array:
    """Divide by the usual level of all rows together, and bound how far a sample stands out."""
    if not x.shape[0]:
        return x
    x = np.where(usable, x, 0.0)
    power = (x**2).mean(axis=0)
    blocks = power.reshape(-1, block).mean(axis=1)
    blocks = np.where(usable.reshape(-1, block).all(axis=1), blocks, np.nan)
    before, after = LEVEL_BLOCKS
    padded = np.pad(blocks, (before, after), constant_values=np.nan)
    around = np.sort(np.lib.stride_tricks.sliding_window_view(padded, before + after + 1), axis=1)
    known = np.isfinite(around).sum(axis=1)  # nan is sorted last
    row = np.arange(blocks.size)
    low, high = around[row, np.maximum(known - 1, 0) // 2], around[row, np.minimum(known // 2, known - 1)]
    median = np.where(known > 0, 0.5 * (low + high), 1.0)
    level = np.where(median > 0, median, 1.0)
    centres = block * (np.arange(blocks.size) + 0.5) - 0.5
    x = x / np.sqrt(np.interp(np.arange(power.size), centres, level))
    size = np.sqrt((x**2).mean(axis=0))
    return np.asarray(x * np.minimum(1.0, CLIP / np.maximum(size, 1e-12)))


@cache
def _filters(rate_hz: float, bands_hz: tuple[float, ...]) -> Array:
    """Real and imaginary parts of the bands' impulse responses, ``(taps, 2 n_bands)``.

    Noise of unit variance leaves energy 1 in each band.
    """
    half = round(FILTER_S * rate_hz)
    t_s = np.arange(-half, half + 1) / rate_hz
    out = []
    for centre in bands_hz:
        width_s = 1 / (2 * np.pi * WIDTH * centre)
        tap = np.exp(-0.5 * (t_s / width_s) ** 2) * np.exp(-2j * np.pi * centre * t_s)
        out.append(tap / np.sqrt(np.sum(np.abs(tap) ** 2)))
    taps = np.array(out).T
    return np.hstack([taps.real, taps.imag])
