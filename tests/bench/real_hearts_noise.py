"""Noise for recorded hearts: Gaussian with a window's smoothed spectrum; surrogates with exactly its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SMOOTHING_HZ = 3.0
RATIO_BAND_HZ = (4.0, 30.0)


def smoothed(power: Array, n: int, fs_hz: float) -> Array:
    """Return spectra ``(..., n // 2 + 1)`` of ``n`` samples averaged over `SMOOTHING_HZ`, ends mirrored."""
    width = max(3, round(SMOOTHING_HZ * n / fs_hz))
    taper = np.hanning(width + 2)[1:-1] / np.hanning(width + 2).sum()
    pad = [(0, 0)] * (power.ndim - 1) + [(width // 2, (width - 1) // 2)]
    padded = np.pad(power, pad, mode="reflect")
    size = padded.shape[-1] + width - 1
    spread = np.fft.ifft(np.fft.fft(padded, size) * np.fft.fft(taper, size))[..., width - 1 :]
    return np.asarray(spread[..., : power.shape[-1]])


def noise_like(x: Array, fs_hz: float, rng: np.random.Generator) -> Array:
    """Return Gaussian noise ``(n_channels, n)``: each channel's smoothed spectrum, channels independent.

    >>> rng = np.random.default_rng(1)
    >>> x = np.sin(2 * np.pi * 10 * np.arange(3000) / 100)[np.newaxis]
    >>> bool(0.6 < noise_like(x, 100.0, rng).std() < 0.8)
    True
    """
    n = x.shape[1]
    power = np.maximum(smoothed(np.abs(np.fft.rfft(x, axis=1)) ** 2, n, fs_hz).real, 0.0)
    white = np.fft.rfft(rng.standard_normal(x.shape), axis=1) / np.sqrt(n)
    return np.asarray(np.fft.irfft(white * np.sqrt(power), n, axis=1))


def joint_noise_like(x: Array, fs_hz: float, rng: np.random.Generator) -> Array:
    """Return Gaussian noise with the channels' smoothed spectra and cross-spectra, ``(n_channels, n)``."""
    n = x.shape[1]
    spectrum = np.fft.rfft(x, axis=1)
    cross = smoothed(spectrum[:, np.newaxis] * spectrum[np.newaxis].conj(), n, fs_hz)
    level, shape = np.linalg.eigh(np.moveaxis(cross, -1, 0))
    white = np.fft.rfft(rng.standard_normal(x.shape), axis=1) / np.sqrt(n)
    coloured = (shape * np.sqrt(np.maximum(level, 0.0))[:, np.newaxis]) @ white.T[..., np.newaxis]
    return np.asarray(np.fft.irfft(coloured[..., 0].T, n, axis=1))


def phases_drawn(x: Array, rng: np.random.Generator) -> Array:
    """Return a surrogate ``(n_channels, n)`` with exactly these spectra and cross-spectra.

    References
    ----------
    Prichard & Theiler, Generating surrogate data for time series with several
    simultaneously measured variables, Phys. Rev. Lett. 73 (1994) 951.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(size=(2, 100))
    >>> y = phases_drawn(x, np.random.default_rng(2))
    >>> bool(np.allclose(np.abs(np.fft.rfft(y)), np.abs(np.fft.rfft(x))))
    True
    """
    n = x.shape[1]
    turn = np.exp(2j * np.pi * rng.uniform(size=n // 2 + 1))
    # what is not turned: the mean, and the highest frequency of an even length, are real
    turn[0] = 1.0
    if n % 2 == 0:
        turn[-1] = 1.0
    return np.asarray(np.fft.irfft(np.fft.rfft(x, axis=1) * turn, n, axis=1))


def at_ratio(x: Array, noise: Array, ratio_db: float, fs_hz: float) -> Array:
    """Return ``noise`` scaled so that x over noise is ``ratio_db`` in each channel, power within 4-30 Hz.

    >>> rng = np.random.default_rng(1)
    >>> x, noise = rng.normal(size=(2, 1, 1000))
    >>> scaled = at_ratio(x, noise, -5.0, 100.0)
    >>> round(float(10 * np.log10(band_power(x, 100.0)[0] / band_power(scaled, 100.0)[0])), 6)
    -5.0
    """
    gain = band_power(x, fs_hz) / band_power(noise, fs_hz) * 10 ** (-ratio_db / 10)
    return np.asarray(noise * np.sqrt(gain)[:, np.newaxis])


def band_power(x: Array, fs_hz: float) -> Array:
    """Return each channel's power within `RATIO_BAND_HZ`, ``(n_channels,)``."""
    f_hz = np.fft.rfftfreq(x.shape[1], 1 / fs_hz)
    inside = (f_hz >= RATIO_BAND_HZ[0]) & (f_hz <= RATIO_BAND_HZ[1])
    power = np.abs(np.fft.rfft(x, axis=1)) ** 2
    return np.asarray(2 * power[:, inside].sum(axis=1) / x.shape[1] ** 2)
