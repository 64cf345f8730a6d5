"""Waveforms: decimation with explicit state, the usable mask, conditioning, and lines of machinery."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

from calibration.geophone import GeophoneResponse, velocity_sos

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CORNER_HZ = 0.7
"""Below this, chassis and ground tell nothing that the methods use; wind and drift live there."""

SETTLING_S = 2.5
"""A window's filters start in the middle of an engine's hum: so much is left out, s."""

TAPS_PER_FACTOR = 16


@dataclass(frozen=True, slots=True)
class DecimatorState:
    """What a decimator must remember between blocks: the newest samples, whether usable, and the phase."""

    newest: Array
    usable: Mask
    phase: int


def decimator_state(n_channels: int, factor: int) -> DecimatorState:
    """Return the state of a decimator that has seen nothing."""
    taps = max(TAPS_PER_FACTOR * factor, 1)
    return DecimatorState(np.zeros((n_channels, taps)), np.ones((n_channels, taps), bool), 0)


@lru_cache(maxsize=16)
def _decimation_taps(factor: int) -> Array:
    return signal.firwin(TAPS_PER_FACTOR * factor + 1, 0.8 / factor)


def decimate(
    counts: Array, usable: Mask, factor: int, state: DecimatorState
) -> tuple[Array, Mask, DecimatorState]:
    """Lower the rate of a stream by an integer factor, block by block.

    Parameters
    ----------
    counts : float ``(n_channels, n_samples)``, finite; where ``usable`` is
        False its value only carries the filter over.
    usable : bool, same shape.
    factor : integer ratio of the rates, 1 = unchanged.
    state : from `decimator_state` or the block before.

    Returns
    -------
    decimated : float ``(n_channels, n_out)``, delayed by 8 samples of the lower rate.
    usable : bool; an output is unusable where an unusable input is under the filter.
    state : for the next block. Any split into blocks gives the same samples.

    Examples
    --------
    >>> x = np.ones((1, 100)); ok = np.ones((1, 100), bool)
    >>> whole, _, _ = decimate(x, ok, 5, decimator_state(1, 5))
    >>> a, _, s = decimate(x[:, :33], ok[:, :33], 5, decimator_state(1, 5))
    >>> b, _, _ = decimate(x[:, 33:], ok[:, 33:], 5, s)
    >>> bool(np.allclose(np.hstack([a, b]), whole)), whole.shape
    (True, (1, 20))
    """
    if factor == 1:
        return counts.astype(float), usable.copy(), state
    taps = _decimation_taps(factor)
    before = taps.size - 1
    x = np.hstack([state.newest, counts])
    good = np.hstack([state.usable, usable])
    first = -state.phase % factor
    n = max(0, -(-(counts.shape[1] - first) // factor))
    phase = (state.phase + counts.shape[1]) % factor
    after = DecimatorState(x[:, -before:], good[:, -before:], phase)
    if not n:
        return x[:, :0], good[:, :0], after
    # only the outputs that are kept are computed: output k ends at the input first + k * factor
    smooth = signal.upfirdn(taps, x[:, first:], 1, factor, axis=1)[:, before // factor :][:, :n]
    whole = np.ones((x.shape[0], n), bool)
    if not good.all():
        poor = np.cumsum(np.pad(~good, ((0, 0), (1, 0))), axis=1)
        ends = first + taps.size + factor * np.arange(n)
        whole = poor[:, ends] == poor[:, ends - taps.size]
    return np.asarray(smooth), whole, after


def widen_unusable(usable: Mask, samples: int) -> Mask:
    """Return the mask with everything within ``samples`` of an unusable sample unusable too."""
    if usable.all():
        return usable.copy()
    return ~ndimage.maximum_filter1d(~usable, 2 * samples + 1, axis=1, mode="nearest")


def bridge(x: Array, usable: Mask) -> Array:
    """Return ``x`` with unusable stretches bridged by straight lines.

    The bridge only carries filters over the stretch without a step; whoever
    weighs the result leaves it out by the mask.
    """
    bridged = np.where(np.isfinite(x), x, 0.0)
    index = np.arange(x.shape[1])
    for row, good in zip(bridged, usable, strict=True):
        if not good.all() and good.any():
            row[~good] = np.interp(index[~good], index[good], row[good])
        elif not good.any():
            row[:] = 0.0
    return bridged


def to_velocity(
    counts: Array, usable: Mask, responses: list[GeophoneResponse], fs_hz: float
) -> tuple[Array, Mask]:
    """Turn a window of counts into ground velocity above `CORNER_HZ`.

    Parameters
    ----------
    counts : float ``(n_channels, n_samples)``.
    usable : bool, same shape.
    responses : one a channel.

    Returns
    -------
    velocity_m_s : float, same shape.
    usable : bool; the filters' settling at the ends of gaps is unusable too.
    """
    carried = bridge(counts, usable)
    velocity = np.empty_like(carried)
    for channel, response in enumerate(responses):
        centred = carried[channel] - np.median(carried[channel])
        velocity[channel] = signal.sosfilt(_velocity_filter(response, fs_hz), centred)
    settled = widen_unusable(usable, round(0.5 * fs_hz))
    settled[:, : round(SETTLING_S * fs_hz)] = False
    return velocity, settled


@lru_cache(maxsize=64)
def highpass_sos(order: int, corner_hz: float, fs_hz: float) -> Array:
    """Return a Butterworth high-pass; kept, since its design takes longer than to filter a second."""
    return np.asarray(signal.butter(order, corner_hz, "highpass", fs=fs_hz, output="sos"))


@lru_cache(maxsize=64)
def _velocity_filter(response: GeophoneResponse, fs_hz: float) -> Array:
    highpass = highpass_sos(2, CORNER_HZ, fs_hz)
    return np.vstack([highpass, velocity_sos(response, fs_hz, CORNER_HZ)])


def running_median(x: Array, bins: int) -> Array:
    """Running median along the last axis from a thinned grid (it varies slowly by purpose)."""
    step = max(1, bins // 8)
    n = x.shape[1]
    centres = np.arange(0, n, step)
    padded = np.pad(x, ((0, 0), (bins // 2, bins // 2)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * (bins // 2) + 1, axis=1)[:, centres]
    # an odd length, and nothing but numbers: np.median would look for more, and take half as long again
    medians = np.partition(windows, bins // 2, axis=2)[:, :, bins // 2]
    return np.stack([np.interp(np.arange(n), centres, row) for row in medians])


def line_share(x: Array, fs_hz: float, low_hz: float = 1.0, high_hz: float = 40.0) -> float:
    """Return the share of power in narrow lines (bins 30 times the median power around them).

    >>> t = np.arange(6000) / 100
    >>> noise = np.random.default_rng(1).normal(size=6000)
    >>> tone = 5 * np.sin(2 * np.pi * 25 * t)
    >>> line_share(noise[None], 100.0) < 0.02, line_share((noise + tone)[None], 100.0) > 0.9
    (True, True)
    """
    spectrum = np.fft.rfft(x * signal.windows.hann(x.shape[1]), axis=1)
    f_hz = np.fft.rfftfreq(x.shape[1], 1 / fs_hz)
    power = np.abs(spectrum) ** 2
    level = running_median(power, max(3, round(2.0 / (f_hz[1] - f_hz[0])) | 1))
    band = (f_hz >= low_hz) & (f_hz <= high_hz)
    lines = np.where(power > 30 * level, power, 0.0)[:, band].sum(axis=1)
    total = power[:, band].sum(axis=1)
    return float(np.median(lines / np.maximum(total, np.finfo(float).tiny)))
