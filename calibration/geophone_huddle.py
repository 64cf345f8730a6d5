"""Huddle test: geophones side by side on one plate to responses, self-noise and how sure they are.

All sensors feel one motion, so what differs between two channels is their
responses, and what one channel has that none of the others shares is its own
noise. A reference, a sensor of known response among them, makes the ratios
absolute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from calibration.geophone import GeophoneResponse
from calibration.geophone_spectra import CrossSpectra, GeophoneRefused, cross_spectra, response_at

Array = npt.NDArray[np.float64]

BAND_HZ = (0.7, 40.0)
"""Where the ratios are fitted; the upper end also stays below 0.4 of the rate."""
MIN_COHERENCE = 0.5
HANN_BINS = 1.5
"""Noise bandwidth of a Hann taper: so many neighbouring frequencies are worth one."""
MIN_SEGMENTS = 20
MIN_FREQUENCIES = 12


@dataclass(frozen=True, slots=True)
class HuddleChannel:
    """What a huddle test says of one channel.

    Parameters
    ----------
    response : fitted; its ``counts_per_m_s`` is positive.
    polarity : 1, or -1 when it moves against the reference.
    sensitivity_sigma, natural_frequency_sigma, damping_sigma : standard
        uncertainties of the fit alone, relative (frequency and sensitivity) and
        absolute (damping); 0 for the reference.
    coherence : mean with the reference over the fitted frequencies.
    misfit_db : rms of the ratio's modulus about the fitted one.
    f_hz, self_noise_m_s : ``(n_freq,)`` Hz, and m/s/√Hz; NaN where noise cannot be told.
    """

    name: str
    response: GeophoneResponse
    polarity: int
    sensitivity_sigma: float
    natural_frequency_sigma: float
    damping_sigma: float
    coherence: float
    misfit_db: float
    f_hz: Array
    self_noise_m_s: Array


def huddle(
    counts: Array, fs_hz: float, names: Sequence[str], reference: int, known: GeophoneResponse
) -> tuple[HuddleChannel, ...]:
    """Compare sensors that stand side by side.

    Parameters
    ----------
    counts : float ``(n_channels, n_samples)``, three channels or more, some minutes.
    names : of the channels.
    reference : index of the channel whose response is ``known``.

    Raises
    ------
    GeophoneRefused : too few channels, too short, or no motion in common.

    References
    ----------
    Sleeman, van Wettum, Trampert: Three-channel correlation analysis: a new
    technique to measure instrumental noise of digitizers and seismic sensors,
    Bull. Seism. Soc. Am. 96 (2006) 258: with a third channel k the ratio
    P_ik / P_jk is free of the noise of all three, and
    N_ii = P_ii - P_ij P_ik / P_jk (indices as there).
    """
    if counts.shape[0] < 3:
        raise GeophoneRefused("a huddle test needs three channels or more: put a third sensor beside them")
    dead = [name for name, row in zip(names, counts, strict=True) if np.ptp(row) == 0]
    if dead:
        raise GeophoneRefused(
            f"{', '.join(dead)} sends one constant value: check its plug, then record again"
        )
    spectra = cross_spectra(counts, fs_hz, (BAND_HZ[0], min(BAND_HZ[1], 0.4 * fs_hz)))
    if spectra.segments < MIN_SEGMENTS:
        raise GeophoneRefused("the recording is too short for a huddle test: five minutes or more are wanted")
    n = counts.shape[0]
    return tuple(
        _channel(spectra, row, reference, [k for k in range(n) if k not in (row, reference)], names, known)
        for row in range(n)
    )


def ratio_of(
    spectra: CrossSpectra, row: int, reference: int, thirds: Sequence[int]
) -> npt.NDArray[np.complex128]:
    """Return the transfer from ``reference`` to ``row``, free of either's noise, ``(n_freq,)``.

    Each third channel gives one; they are averaged by the power they share with
    the reference.
    """
    p = spectra.power
    weight = np.stack([np.abs(p[:, reference, k]) ** 2 / p[:, k, k].real for k in thirds])
    each = np.stack([p[:, row, k] / p[:, reference, k] for k in thirds])
    return np.asarray((weight * each).sum(axis=0) / weight.sum(axis=0))


def self_noise_power(spectra: CrossSpectra, row: int) -> Array:
    """Return the noise power that a channel shares with no other, counts²/Hz ``(n_freq,)``.

    The median over all pairs of others; it may come out negative where noise is
    far below the common motion.
    """
    p = spectra.power
    others = [k for k in range(p.shape[1]) if k != row]
    each = [
        (p[:, row, row] - p[:, row, k] * p[:, j, row] / p[:, j, k]).real
        for j in others
        for k in others
        if j != k
    ]
    return np.asarray(np.median(np.stack(each), axis=0))


def _channel(
    spectra: CrossSpectra,
    row: int,
    reference: int,
    thirds: list[int],
    names: Sequence[str],
    known: GeophoneResponse,
) -> HuddleChannel:
    p, f_hz = spectra.power, spectra.f_hz
    coherence = np.abs(p[:, row, reference]) ** 2 / (p[:, row, row] * p[:, reference, reference]).real
    fitted, polarity, sigmas, misfit_db, shared = known, 1, (0.0, 0.0, 0.0), 0.0, 1.0
    if row != reference:
        good = coherence > MIN_COHERENCE
        if good.sum() < MIN_FREQUENCIES:
            raise GeophoneRefused(
                f"{names[row]} shares too little motion with {names[reference]} "
                f"(coherence {float(coherence.mean()):.2f}): set both firmly on one plate, near each other, "
                "and record where the ground moves more"
            )
        ratio = ratio_of(spectra, row, reference, thirds)[good]
        spread = np.sqrt((1 - coherence[good]) / (2 * coherence[good] * spectra.independent))
        fitted, polarity, sigmas, misfit_db = _fit(f_hz[good], ratio, np.maximum(spread, 1e-4), known)
        shared = float(coherence[good].mean())
    noise = self_noise_power(spectra, row)
    scale = fitted.counts_per_m_s * np.abs(response_at(fitted, f_hz))
    # the common motion cancels to first order; what rounding leaves of it is no noise
    told = np.where(noise > 1e-9 * p[:, row, row].real, np.sqrt(np.maximum(noise, 0.0)) / scale, np.nan)
    return HuddleChannel(names[row], fitted, polarity, *sigmas, shared, misfit_db, f_hz, told)


def _fit(
    f_hz: Array, ratio: npt.NDArray[np.complex128], spread: Array, known: GeophoneResponse
) -> tuple[GeophoneResponse, int, tuple[float, float, float], float]:
    """Fit ln of the ratio by sensitivity, natural frequency and damping, each point by its spread."""
    high = f_hz > np.median(f_hz)
    polarity = 1 if float(np.median(ratio[high].real)) > 0 else -1
    target = polarity * ratio * response_at(known, f_hz)

    def model(x: Array) -> npt.NDArray[np.complex128]:
        tried = GeophoneResponse(1.0, math.exp(x[1]), math.exp(x[2]), "")
        return math.exp(x[0]) * response_at(tried, f_hz)

    def residual(x: Array) -> Array:
        off = np.log(target / model(x))  # the principal branch: phases within half a turn
        return np.asarray(np.concatenate([off.real, off.imag]) / np.concatenate([spread, spread]))

    start_hz = known.natural_frequency_hz or 4.5
    start = np.array([math.log(float(np.median(np.abs(ratio[high])))), math.log(start_hz), math.log(0.7)])
    found = optimize.least_squares(residual, start, loss="soft_l1", x_scale=0.1)
    free = 2 * f_hz.size - 3
    # what scatters more than coherence promises widens the stated uncertainty
    stretch = max(1.0, float(np.sum(residual(found.x) ** 2)) / free) * HANN_BINS
    jacobian = np.asarray(found.jac)
    covariance = np.linalg.inv(jacobian.T @ jacobian) * stretch
    sigma = np.sqrt(np.diag(covariance))
    gain, f0, damping = (math.exp(v) for v in found.x)
    misfit = 20 * np.log10(np.abs(target / model(found.x)))
    return (
        GeophoneResponse(known.counts_per_m_s * gain, f0, damping, "huddle"),
        polarity,
        (float(sigma[0]), float(sigma[1]), float(damping * sigma[2])),
        float(np.sqrt(np.mean(misfit**2))),
    )
