"""What is shown of a heart: vibration before and after the whitening, and where it is felt most."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import signal

from calibration.geophone import GeophoneResponse
from calibration.geophone_spectra import response_at
from scanner.signals.heart import AROUND, RATE_HZ, HeartState

Array = npt.NDArray[np.float64]

SPECTRUM_HZ = (1.0, 20.0)
SEGMENT_S = 4.0
SEEN_HZ = (2.0, 9.0)
"""Where the body of a vehicle passes a heart's force on."""

BEATS_LATE_S = 2.6
"""The newest moment of the beats is so much older than the newest sample: a beat is weighed against what
comes before and after it, and is felt a moment after the heart beats. Measured on simulated hearts whose
beats are known."""

BEAT = (-2, 1)
"""Moments around a beat at which its energy stands above the rest."""


def left_over(state: HeartState) -> Array:
    """Return the newest part of the chassis' counts that no model foretold, ``(n_chassis, n)``."""
    whitener = state.whitener.fits[0].whitener
    if whitener is None:
        return np.zeros((state.kept.shape[0], 0))
    return np.asarray(np.linalg.solve(whitener, state.kept))


def removed_db(state: HeartState) -> float:
    """Return how much of the chassis channels' power the models foretell, dB, the median channel's."""
    fit = state.whitener.fits[0]
    if fit.whitener is None:
        return 0.0
    left = np.diag(np.linalg.inv(fit.whitener @ fit.whitener))
    whole = np.diag(fit.power) / max(fit.weight, 1.0)
    return float(np.median(10 * np.log10(np.maximum(whole, 1e-12) / np.maximum(left, 1e-12))))


def spectra(
    counts: Array, fs_hz: float, left: Array, left_hz: float, responses: Sequence[GeophoneResponse]
) -> Array:
    """Return the chassis channels' median spectra before and after, ``(3, n_freq)``.

    Parameters
    ----------
    counts : ``(n_chassis, n_samples)`` at ``fs_hz``.
    left : from `left_over`, at ``left_hz``.

    Returns
    -------
    Frequency, Hz, then amplitude density before and after, dB over 1 nm/s per root hertz.
    """
    f_hz = np.arange(SPECTRUM_HZ[0], min(SPECTRUM_HZ[1], 0.4 * left_hz) + 0.01, 1 / SEGMENT_S)
    rows = [f_hz]
    for x, rate_hz in ((counts, fs_hz), (left, left_hz)):
        length = min(round(SEGMENT_S * rate_hz), x.shape[1])
        if length < rate_hz:
            return np.zeros((3, 0))
        # the taper keeps a mean within the lowest bins, below what is shown
        found_hz, power = signal.welch(x, rate_hz, nperseg=length, detrend=False, axis=1)
        gain = np.array([r.counts_per_m_s * np.abs(response_at(r, f_hz)) for r in responses])
        density = np.array([np.interp(f_hz, found_hz, row) for row in power]) / gain**2
        rows.append(10 * np.log10(np.median(density, axis=0) * 1e18 + 1e-9))
    return np.stack(rows)


def seen_shares(state: HeartState, posterior: Array, responses: Sequence[GeophoneResponse]) -> Array:
    """Return each chassis channel's share of the energy that is there at the beats only, ``(n_chassis,)``.

    Parameters
    ----------
    posterior : ``(n,)`` of `beat_track`, of ``state.moments``.

    Returns
    -------
    Adds up to 1; equal where nothing stands out.
    """
    gain = np.array([r.counts_per_m_s for r in responses])[:, np.newaxis]
    n_chassis = gain.shape[0]
    x = left_over(state)[:, : -2 * AROUND]
    n = min(x.shape[1] // 2, posterior.size)
    if n < round(RATE_HZ):
        return np.full(n_chassis, 1 / n_chassis)
    x = signal.sosfiltfilt(_seen_sos(state.rate_hz), x[:, -2 * n :] / gain, axis=1)
    energy = (x**2).reshape(n_chassis, n, 2).mean(axis=2)
    weight = sum(np.roll(posterior[-n:], shift) for shift in range(BEAT[0], BEAT[1] + 1))
    weight = np.asarray(weight) / max(float(np.sum(weight)), 1e-12)
    above = np.maximum(energy @ weight - energy.mean(axis=1), 0.0)
    total = float(above.sum())
    return above / total if total > 0 else np.full(n_chassis, 1 / n_chassis)


@lru_cache(maxsize=8)
def _seen_sos(rate_hz: float) -> Array:
    return np.asarray(signal.butter(2, SEEN_HZ, "bandpass", fs=rate_hz, output="sos"))
