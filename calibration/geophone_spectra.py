"""Cross-spectra of geophones side by side, and the response of one by frequency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

from calibration.geophone import GeophoneResponse
from drivers.api import LorryscanError

Array = npt.NDArray[np.float64]

SEGMENT_S = 10.0


class GeophoneRefused(LorryscanError, ValueError):
    """A recording makes no calibration of geophones; the words say why and what to do.

    Examples: two channels only; a minute of data; a hall so quiet that no motion
    stands above the sensors' noise; a geophone beside which nobody tapped.
    """


@dataclass(frozen=True, slots=True)
class CrossSpectra:
    """Mean cross-spectra.

    ``power`` complex ``(n_freq, n_channels, n_channels)``, counts²/Hz, one-sided;
    ``independent`` how many independent segments the overlapping ones are worth.
    """

    f_hz: Array
    power: npt.NDArray[np.complex128]
    segments: int
    independent: float


def cross_spectra(counts: Array, fs_hz: float, band_hz: tuple[float, float]) -> CrossSpectra:
    """Return Welch cross-spectra of ``(n_channels, n_samples)``: Hann, half overlapping, 10 s."""
    length = round(SEGMENT_S * fs_hz)
    starts = np.arange(0, counts.shape[1] - length + 1, max(length // 2, 1))
    taper = signal.windows.hann(length, sym=False)
    f_hz = np.fft.rfftfreq(length, 1 / fs_hz)
    band = (f_hz >= band_hz[0]) & (f_hz <= band_hz[1])
    total = np.zeros((int(band.sum()), counts.shape[0], counts.shape[0]), complex)
    for start in starts:
        cut = signal.detrend(counts[:, start : start + length]) * taper
        spectrum = np.fft.rfft(cut, axis=1)[:, band].T
        total += spectrum[:, :, None] * spectrum[:, None, :].conj()
    scale = 2.0 / (fs_hz * float(np.sum(taper**2)) * max(starts.size, 1))
    # half-overlapping Hann segments: Welch (1967), correlation 1/6 between neighbours
    independent = starts.size / (1 + 2 * (1 / 6) ** 2) if starts.size else 0.0
    power = np.asarray(total * scale, dtype=np.complex128)
    return CrossSpectra(np.asarray(f_hz[band], dtype=float), power, int(starts.size), independent)


def response_at(response: GeophoneResponse, f_hz: Array) -> npt.NDArray[np.complex128]:
    """Return velocity to output by frequency, 1 far above the natural frequency, ``(n_freq,)``.

    References
    ----------
    Havskov & Alguacil, Instrumentation in Earthquake Seismology, 2nd ed. (2016), 2.3.

    Examples
    --------
    >>> at = response_at(GeophoneResponse(1.0, 4.5, 0.5, ""), np.array([4.5, 450.0]))
    >>> [round(float(x), 3) for x in abs(at)]  # 1 / (2 damping) at the natural frequency
    [1.0, 1.0]
    """
    if response.natural_frequency_hz <= 0:
        return np.ones(f_hz.shape, complex)
    x = np.asarray(f_hz) / response.natural_frequency_hz
    return np.asarray(-(x**2) / (1 - x**2 + 2j * response.damping * x))
