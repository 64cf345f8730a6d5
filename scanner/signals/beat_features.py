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

from scanner.signals.whitening import RATE_HZ, Innovations

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FEATURE_HZ = 25.0
BANDS_HZ = (1.8, 2.7, 3.9, 5.4, 7.3, 9.8, 13.0, 17.5)
WIDTH = 0.35
"""Standard deviation of a band's gain over its centre."""

HALF_TAPS = 38
"""Half of the filters' length: three standard deviations of the lowest band's impulse response."""

LEVEL_BLOCK = 10
LEVEL_BLOCKS = (12, 2)
"""A level is the median power of blocks of 0.2 s, so many before and after."""

CLIP = 3.5
FLOOR = 0.02
N_FEATURES = 5 * len(BANDS_HZ)

CONTEXT_BEFORE = 170
"""Samples before the first feature that it depends on, whole level blocks."""

CONTEXT_AFTER = 80
"""Samples after the last feature that it depends on, whole level blocks."""


def beat_features(new: Innovations, n_chassis: int) -> tuple[Array, Mask]:
    """Return log energies for all but the contexts at both ends.

    Parameters
    ----------
    new : innovations, ``CONTEXT_BEFORE + n + CONTEXT_AFTER`` samples, n a multiple of `LEVEL_BLOCK`, the
        first one at a block's start.

    Returns
    -------
    features : float ``(N_FEATURES, n / 2)`` at `FEATURE_HZ`: mean and maximum over the channels of the
        joint innovations, mean and maximum over the chassis channels' own ones, maximum over the
        references' (their usual level where there are none).
    usable : bool ``(n / 2,)``.
    """
    groups = [new.joint, new.own[:n_chassis]]
    has_references = new.own.shape[0] > n_chassis
    if has_references:
        groups.append(new.own[n_chassis:])
    rows = np.vstack([_levelled(group, new.usable) for group in groups])
    energy = _band_energy(rows[:, CONTEXT_BEFORE - HALF_TAPS : rows.shape[1] - CONTEXT_AFTER + HALF_TAPS])
    joint, own = energy[:n_chassis], energy[n_chassis : 2 * n_chassis]
    parts = [joint.mean(axis=0), joint.max(axis=0), own.mean(axis=0), own.max(axis=0)]
    parts.append(energy[2 * n_chassis :].max(axis=0) if has_references else np.ones_like(parts[0]))
    near = np.lib.stride_tricks.sliding_window_view(
        new.usable[CONTEXT_BEFORE - LEVEL_BLOCK : new.usable.size - CONTEXT_AFTER + LEVEL_BLOCK],
        2 * LEVEL_BLOCK + 1,
    ).all(axis=1)
    return np.log(np.concatenate(parts) + FLOOR), near.reshape(-1, 2).all(axis=1)


def _levelled(x: Array, usable: Mask) -> Array:
    """Divide by the usual level of all rows together, and bound how far a sample stands out."""
    x = np.where(usable, x, 0.0)
    power = (x**2).mean(axis=0)
    blocks = power.reshape(-1, LEVEL_BLOCK).mean(axis=1)
    blocks = np.where(usable.reshape(-1, LEVEL_BLOCK).all(axis=1), blocks, np.nan)
    before, after = LEVEL_BLOCKS
    padded = np.pad(blocks, (before, after), constant_values=np.nan)
    around = np.sort(np.lib.stride_tricks.sliding_window_view(padded, before + after + 1), axis=1)
    known = np.isfinite(around).sum(axis=1)  # nan sorts last
    row = np.arange(blocks.size)
    median = 0.5 * (around[row, np.maximum(known - 1, 0) // 2] + around[row, known // 2 - (known == around.shape[1])])
    median = np.where(known > 1, median, around[:, 0])
    level = np.where((known > 0) & (median > 0), median, 1.0)
    centres = LEVEL_BLOCK * (np.arange(blocks.size) + 0.5) - 0.5
    x = x / np.sqrt(np.interp(np.arange(power.size), centres, level))
    size = np.sqrt((x**2).mean(axis=0))
    return np.asarray(x * np.minimum(1.0, CLIP / np.maximum(size, 1e-12)))


def _band_energy(x: Array) -> Array:
    """Energy in each band, ``(n_rows, n_bands, n / 2)``, for all but `HALF_TAPS` at both ends."""
    windows = np.lib.stride_tricks.sliding_window_view(x, 2 * HALF_TAPS + 1, axis=1)
    filtered = windows @ _filters()
    n_bands = len(BANDS_HZ)
    energy = filtered[..., :n_bands] ** 2 + filtered[..., n_bands:] ** 2
    pairs = energy.reshape(x.shape[0], -1, 2, n_bands).mean(axis=2)
    return np.asarray(pairs.transpose(0, 2, 1))


@cache
def _filters() -> Array:
    """Real and imaginary parts of the bands' impulse responses, ``(taps, 2 n_bands)``; unit noise gives
    energy 1."""
    t_s = np.arange(-HALF_TAPS, HALF_TAPS + 1) / RATE_HZ
    out = []
    for centre in BANDS_HZ:
        width_s = 1 / (2 * np.pi * WIDTH * centre)
        tap = np.exp(-0.5 * (t_s / width_s) ** 2) * np.exp(-2j * np.pi * centre * t_s)
        out.append(tap / np.sqrt(np.sum(np.abs(tap) ** 2)))
    taps = np.array(out).T
    return np.hstack([taps.real, taps.imag])
