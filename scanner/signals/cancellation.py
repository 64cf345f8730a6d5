"""Ground noise removed from chassis channels: a multichannel Wiener filter over references."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import signal

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SEGMENT_S = 4.0
REGULARISATION = 1e-3
"""Added to the references' normalised cross-spectra: twin references must not be told apart by noise."""


def cancel_references(
    chassis: Array, references: Array, fs_hz: float, usable: Mask | None = None
) -> tuple[Array, Array]:
    """Subtract from each chassis channel what the references predict of it.

    The transfer functions are estimated from Welch cross-spectra over usable
    segments, per frequency with regularised least squares, and applied as
    finite impulse responses of one segment's length; only what is coherent
    with the references is removed. What a finite number of segments finds
    coherent by chance is left alone: predicting it would add noise.

    Parameters
    ----------
    chassis : float ``(n_chassis, n_samples)``.
    references : float ``(n_references, n_samples)``, at least one.
    usable : bool ``(n_samples,)``; segments that touch an unusable sample do
        not take part in the estimate. None = all usable.

    Returns
    -------
    residual, predicted : float, shape of ``chassis``; they add up to it. With
        fewer than four usable segments per reference nothing is predicted.

    References
    ----------
    Bendat & Piersol, Random Data, 4th ed., section 7.3 (multiple-input systems):
    the residual's spectrum is (1 - multiple coherence) times the output's.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ground = rng.normal(size=(1, 6000))
    >>> own = 0.1 * rng.normal(size=(1, 6000))
    >>> residual, predicted = cancel_references(np.roll(ground, 3) + own, ground, 100.0)
    >>> bool(0.08 < residual.std() < 0.16)
    True
    """
    length = min(round(SEGMENT_S * fs_hz), chassis.shape[1])
    starts = np.arange(0, chassis.shape[1] - length + 1, max(length // 2, 1))
    if usable is not None and not usable.all():
        poor = np.concatenate([[0], np.cumsum(~usable)])
        starts = starts[poor[starts + length] == poor[starts]]
    n_references = references.shape[0]
    independent = max(
        1.0, 0.7 * starts.size
    )  # half-overlapping Hann segments are worth less than their count
    if starts.size < 4 * n_references:
        return chassis.copy(), np.zeros_like(chassis)
    taper = signal.windows.hann(length, sym=False)

    def segments(x: Array) -> npt.NDArray[np.complex128]:
        cut = np.stack([x[:, s : s + length] for s in starts], axis=1)
        return np.fft.rfft(signal.detrend(cut, type="constant") * taper, axis=2)

    out, ref = segments(chassis), segments(references)  # (channels, segments, frequencies)
    ref_f = ref.transpose(2, 0, 1)
    power = ref_f @ ref_f.conj().transpose(0, 2, 1)  # (frequencies, references, references)
    cross = out.transpose(2, 0, 1) @ ref_f.conj().transpose(0, 2, 1)
    scale = np.sqrt(np.maximum(np.einsum("frr->fr", power).real, np.finfo(float).tiny))
    normalised = power / (scale[:, :, None] * scale[:, None, :])
    normalised += REGULARISATION * np.eye(n_references)
    transfer = np.linalg.solve(normalised.transpose(0, 2, 1), (cross / scale[:, None, :]).transpose(0, 2, 1))
    transfer = transfer.transpose(0, 2, 1) / scale[:, None, :]
    transfer *= _believed(transfer, cross, out, n_references / independent)[:, :, None]
    # a centred impulse response under a taper: smooths what single segments made ragged
    impulse = np.roll(np.fft.irfft(transfer, length, axis=0), length // 2, axis=0)
    impulse *= signal.windows.tukey(length, 0.5)[:, None, None]
    predicted = np.zeros_like(chassis)
    size = chassis.shape[1] + length
    n_fft = 1 << (size - 1).bit_length()
    ref_spectrum = np.fft.rfft(references, n_fft, axis=1)
    filters = np.fft.rfft(impulse, n_fft, axis=0)  # (frequencies, chassis, references)
    for channel in range(chassis.shape[0]):
        whole = np.fft.irfft((filters[:, channel].T * ref_spectrum).sum(axis=0), n_fft)
        predicted[channel] = whole[length // 2 : length // 2 + chassis.shape[1]]
    return chassis - predicted, predicted


def _believed(
    transfer: npt.NDArray[np.complex128],
    cross: npt.NDArray[np.complex128],
    out: npt.NDArray[np.complex128],
    by_chance: float,
) -> Array:
    """Share of the prediction to apply, ``(frequencies, chassis)``, from the multiple coherence."""
    predicted = np.einsum("fcr,fcr->fc", transfer, cross.conj()).real
    power = (np.abs(out) ** 2).sum(axis=1).T
    coherence = np.clip(predicted / np.maximum(power, np.finfo(float).tiny), 0.0, 1.0)
    # coherence of unrelated signals averages n / segments and exceeds three times that rarely
    real = (coherence - by_chance) / max(1.0 - by_chance, 1e-3)
    share: Array = np.where(coherence > 3 * by_chance, real / np.maximum(coherence, 1e-12), 0.0)
    return share
