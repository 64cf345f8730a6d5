"""The same bursts without their rhythm: a window's beats cut out at the troughs and laid at other times.

Burst shapes, their number and the order of their heights are kept, so that whatever
sees only that there are bursts sees no difference; intervals alone are drawn anew.
What lies between the bursts is Gaussian noise with the spectra and cross-spectra of
the troughs, faded with what the bursts bring along so that no seam shows, and with
the troughs' energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

from tests.bench.real_hearts_noise import joint_noise_like

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ENVELOPE_HZ = (2.0, 30.0)
PERIODS_S = (1 / 3, 1.5)
SMOOTHING = 0.12
"""Of the period: one beat's two sounds make one hump."""

LEAST_APART = 0.6
TAPER_S = 0.06
KEPT_ENERGY = 0.95
STRETCH = 2.5
"""Drawn intervals lie between 1/STRETCH and STRETCH times the mean, uniform in their logarithm."""


@dataclass(frozen=True)
class Bursts:
    """Where a window's bursts are: ``peak``, ``first`` and one past the ``last`` sample of each ``(k,)``."""

    peak: Ints
    first: Ints
    last: Ints


def envelope(x: Array, fs_hz: float) -> Array:
    """Return the root of the channels' summed power within 2-30 Hz, each channel at unit rms, ``(n,)``."""
    sos = signal.butter(4, ENVELOPE_HZ, "bandpass", fs=fs_hz, output="sos")
    filtered = signal.sosfiltfilt(sos, x, axis=1)
    filtered = filtered / np.maximum(filtered.std(axis=1, keepdims=True), np.finfo(float).tiny)
    return np.asarray(np.sqrt((np.abs(signal.hilbert(filtered, axis=1)) ** 2).sum(axis=0)))


def find_bursts(x: Array, fs_hz: float) -> Bursts:
    """Return the beats, or in noise its humps, of a window ``(n_channels, n)``.

    Peaks are those of the envelope smoothed over a part of its own period. A burst
    reaches from its peak to where `KEPT_ENERGY` of the mean beat's energy above the
    troughs is in, at most to the troughs beside it.
    """
    power = envelope(x, fs_hz) ** 2
    period = _period(power, fs_hz)
    hump = ndimage.gaussian_filter1d(np.sqrt(power), SMOOTHING * period, mode="wrap")
    peak, _ = signal.find_peaks(hump, distance=max(1, round(LEAST_APART * period)))
    trough = [int(a + hump[a:b].argmin()) for a, b in pairwise(peak)]
    starts, ends = np.array([0, *trough]), np.array([*trough, x.shape[1]])
    before, after = _reach(power, peak, starts, ends, round(period))
    return Bursts(peak, np.maximum(starts, peak - before), np.minimum(ends, peak + after))


def _period(power: Array, fs_hz: float) -> float:
    """Return the likeliest interval between bursts, samples."""
    sos = signal.butter(2, (0.5, 5.0), "bandpass", fs=fs_hz, output="sos")
    slow = signal.sosfiltfilt(sos, np.sqrt(power))
    n = slow.size
    correlation = np.fft.irfft(np.abs(np.fft.rfft(slow, 2 * n)) ** 2)[:n] / (n - np.arange(n))
    first, last = (round(period * fs_hz) for period in PERIODS_S)
    return float(first + correlation[first : last + 1].argmax())


def _reach(power: Array, peak: Ints, starts: Ints, ends: Ints, period: int) -> tuple[int, int]:
    """Return how far before and after its peak the mean burst holds `KEPT_ENERGY`, samples."""
    half = max(2, period // 2)
    offsets = np.arange(-half, period - half)
    at = peak[:, np.newaxis] + offsets
    own = (at >= starts[:, np.newaxis]) & (at < ends[:, np.newaxis])
    held = np.where(own, power[np.clip(at, 0, power.size - 1)], np.nan)
    seen = own.any(axis=0)
    mean = np.nanmean(held[:, seen], axis=0)
    above = np.cumsum(np.maximum(mean - np.quantile(mean, 0.1), 0.0))
    edge = 0.5 * (1 - KEPT_ENERGY)
    low, high = np.searchsorted(above / above[-1], [edge, 1 - edge])
    inside = offsets[seen]
    return max(1, -int(inside[low])), max(1, int(inside[min(high, inside.size - 1)]))


def times_drawn(count: int, n: int, poisson: bool, rng: np.random.Generator) -> Ints:
    """Return places of ``count`` bursts round a circle of ``n`` samples, in order of time.

    Poisson's (given their number: uniform), or with independent intervals of
    log-uniform length.
    """
    if poisson:
        return np.asarray(np.sort(rng.integers(0, n, count)))
    intervals = np.exp(rng.uniform(-np.log(STRETCH), np.log(STRETCH), count))
    ends = np.cumsum(intervals) / intervals.sum() * n
    return np.asarray(np.rint(ends + rng.uniform(0, n)).astype(int))


def without_rhythm(x: Array, fs_hz: float, rng: np.random.Generator, *, poisson: bool) -> Array:
    """Return the window's bursts at drawn times, ``(n_channels, n)``.

    Parameters
    ----------
    x : float ``(n_channels, n)``, without offset; time goes round in a circle.
    """
    n = x.shape[1]
    bursts = find_bursts(x, fs_hz)
    # squares of two tapers that meet at a trough sum to one: energy is shared out, not doubled
    half = max(1, round(0.5 * TAPER_S * fs_hz))
    rise = np.sin(0.25 * np.pi * (np.arange(2 * half) + 0.5) / half)
    taken = np.zeros(n)
    pieces = []
    for peak, first, last in zip(bursts.peak, bursts.first, bursts.last, strict=True):
        at = np.arange(first - half, last + half)
        weight = np.ones(at.size)
        weight[: 2 * half] *= rise
        weight[-2 * half :] *= rise[::-1]
        pieces.append((at - peak, weight, x[:, at % n] * weight))
        np.add.at(taken, at % n, weight**2)
    rest = np.sqrt(np.maximum(0.0, 1.0 - taken))
    troughs = joint_noise_like(x * rest, fs_hz, rng) / np.sqrt(max(float((rest**2).mean()), 1e-3))
    laid, carried = np.zeros(x.shape), np.zeros(n)
    for place, (offset, weight, piece) in zip(times_drawn(len(pieces), n, poisson, rng), pieces, strict=True):
        at = (place + offset) % n
        laid[:, at] += piece
        carried[at] += weight**2
    filled = np.maximum(0.0, 1.0 - carried)
    # bursts that overlap leave more to fill: the filling's energy stays that of the troughs
    filled *= (rest**2).mean() / max(float(filled.mean()), 1e-3)
    return np.asarray(laid + troughs * np.sqrt(filled))
