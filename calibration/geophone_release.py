"""Release test: natural frequency and damping of a geophone from the free decay of its own mass.

A step of current through the coil (or the calibration coil) holds the mass
aside; switched off, it swings back. Nothing of the ground is in that, so it
finds both without a reference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from calibration.geophone_spectra import GeophoneRefused

Array = npt.NDArray[np.float64]

WINDOW_S = 1.5
MIN_PEAK = 20.0
"""Peak over the noise before the release that a fit needs."""
MAX_MISFIT = 0.15


@dataclass(frozen=True, slots=True)
class Release:
    """Free decay of one channel.

    ``misfit`` is the rms residual that the noise before it does not explain, over the
    rms of the decay; the sigmas are
    standard uncertainties of the fit.
    """

    natural_frequency_hz: float
    damping: float
    natural_frequency_sigma_hz: float
    damping_sigma: float
    misfit: float


def free_decay(t_s: Array, natural_frequency_hz: float, damping: float) -> Array:
    """Return the velocity of a mass released at t = 0 from rest aside, peak-free scale, 0 before.

    Underdamped and overdamped alike: exp(-h w t) sin(w sqrt(1 - h²) t) / sqrt(1 - h²).

    References
    ----------
    Havskov & Alguacil, Instrumentation in Earthquake Seismology, 2nd ed. (2016), 2.3 and 10.3.

    Examples
    --------
    >>> decay = free_decay(np.array([0.0, 0.05]), 5.0, 0.0)
    >>> [round(float(x), 3) for x in decay]  # a quarter of a period: the peak
    [0.0, 1.0]
    """
    t = np.maximum(np.asarray(t_s, dtype=float), 0.0)
    w = 2 * math.pi * natural_frequency_hz
    root = np.sqrt(complex(1 - damping**2))
    if abs(root) < 1e-6:
        return np.asarray(np.exp(-w * t) * w * t)
    return np.asarray(
        (np.exp((-damping + 1j * root) * w * t) - np.exp((-damping - 1j * root) * w * t)) / (2j * root)
    ).real


def fit_release(counts: Array, fs_hz: float, at_s: float) -> Release:
    """Fit the decay of one channel after a release.

    Parameters
    ----------
    counts : float ``(n_samples,)``, a second of rest before and one after.
    at_s : about when it was released; the fit finds the sample.

    Raises
    ------
    GeophoneRefused : no decay stands above the noise, or it is none of a damped mass.
    """
    start = round((at_s - 0.3) * fs_hz)
    stop = start + round((0.3 + WINDOW_S) * fs_hz)
    before = counts[max(0, start - round(fs_hz)) : max(start, 0)]
    cut = counts[max(start, 0) : stop]
    if before.size < 0.5 * fs_hz or cut.size < fs_hz:
        raise GeophoneRefused("a release needs a second of rest before and one after it in the recording")
    x = cut - np.median(before)
    noise, peak = float(before.std()), float(np.abs(x).max())
    if peak < MIN_PEAK * max(noise, 0.3):
        raise GeophoneRefused(
            f"nothing swings at {at_s:g} s (peak {peak:.0f} counts, noise {noise:.1f}): use more current, "
            "or check the time"
        )
    t_s = np.arange(x.size) / fs_hz
    first = float(t_s[np.argmax(np.abs(x) > 0.1 * peak)])

    def shape(q: Array) -> Array:
        return free_decay(t_s - q[0], math.exp(q[1]), math.exp(q[2]))

    def residual(q: Array) -> Array:
        wave = shape(q)
        size = float(wave @ x) / max(float(wave @ wave), 1e-300)  # the best scale for this shape
        return np.asarray((x - size * wave) / peak)

    tries = [
        optimize.least_squares(residual, [first, math.log(f0), math.log(damping)], x_scale=[0.01, 0.1, 0.1])
        for f0 in (2.0, 4.5, 10.0)
        for damping in (0.25, 0.7)
    ]
    best = min(tries, key=lambda found: found.cost)
    off = max(2 * best.cost - x.size * (noise / peak) ** 2, 0.0)  # what the noise does not explain
    misfit = math.sqrt(off / float(np.sum((x / peak) ** 2)))
    if misfit > MAX_MISFIT:
        raise GeophoneRefused(
            f"what follows {at_s:g} s is no decay of a damped mass (misfit {100 * misfit:.0f} %): "
            "keep off the plate, and release the mass by its coil, not by a knock"
        )
    spread = 2 * best.cost / (x.size - 4)
    jacobian = np.asarray(best.jac)
    sigma = np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)) * spread)
    f0, damping = math.exp(best.x[1]), math.exp(best.x[2])
    return Release(f0, damping, f0 * float(sigma[1]), damping * float(sigma[2]), misfit)
