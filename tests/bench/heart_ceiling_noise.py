"""What the ceilings of the heart bench know of a vehicle's noise: how it is coloured, shared and timed.

Other realisations of the same noise (same vehicle, levels and gusts) are cut into
overlapping frames. Their cross-spectra by frame and frequency, drawn halfway
towards the mean shape at the frame's own level, give the weights of a symmetric
operator that stands for the inverse of the noise's covariance. Frames that reach
over the ends of a record are cut there in both, so no sample is wasted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import fft, signal

from scanner.simulation.vibration import record_vibration
from scanner.simulation.vibration_spec import VibrationSpec
from tests.bench.heart_trials import FS_HZ, LONGEST_S

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]

FRAME = 400
"""Samples of a frame: gusts change in 4 s and slower, body modes are some tenths of a hertz wide."""

HOP = FRAME // 4
FADE = 100
TAKES, HELD_OUT = 24, 8
TOWARDS_MEAN = 0.5
LEVEL_BANDS_HZ = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 50.0)
WINDOW = np.hanning(FRAME + 1)[:-1]


def noise_takes(spec: VibrationSpec, takes: int = TAKES + HELD_OUT, first: int = 1) -> Array:
    """Return other realisations of a vehicle's noise, counts ``(takes, 6, n)``."""
    empty = replace(spec, persons=())
    return np.stack([record_vibration(empty, LONGEST_S, FS_HZ, take=first + k).noise for k in range(takes)])


def fade(n: int) -> Array:
    """Rise and fall of a record's ends: cut off sharply, loud low frequencies would reach all others."""
    return np.asarray(signal.windows.tukey(n, min(1.0, 2 * FADE / n)))


def frames(x: Array) -> Complex:
    """Return spectra of Hann frames, ``(..., n_frames, n_f)``, of ``(..., n)`` padded with zeros."""
    edge = FRAME - HOP
    faded = x * fade(x.shape[-1])
    padded = np.concatenate(
        [np.zeros((*x.shape[:-1], edge)), faded, np.zeros((*x.shape[:-1], edge))], axis=-1
    )
    cut = np.lib.stride_tricks.sliding_window_view(padded, FRAME, axis=-1)[..., ::HOP, :]
    return np.asarray(fft.rfft(cut * WINDOW, axis=-1))


def joined(spectra: Complex, n: int) -> Array:
    """Return the adjoint of `frames`, scaled for weights that are one over a frame's power."""
    pieces = fft.irfft(spectra, FRAME, axis=-1) * WINDOW
    edge = FRAME - HOP
    count = pieces.shape[-2]
    out = np.zeros((*pieces.shape[:-2], (count - 1) * HOP + FRAME))
    for k in range(count):
        out[..., k * HOP : k * HOP + FRAME] += pieces[..., k, :]
    return HOP * out[..., edge : edge + n] * fade(n)


@dataclass(frozen=True)
class Precision:
    """The inverse of a noise's covariance, as ``weights (n_frames, n_f, rows, rows)``."""

    weights: Complex
    n: int

    @classmethod
    def of(cls, noise: Array) -> Precision:
        """Estimate from realisations ``(takes, rows, n)``, of mean 0 or not."""
        rows, n = noise.shape[1:]
        scale = noise.std(axis=(0, 2))
        spectra = frames(noise / scale[:, np.newaxis]).transpose(2, 3, 1, 0)  # frames, f, rows, takes
        local = spectra @ spectra.conj().swapaxes(-1, -2) / noise.shape[0]
        padded = np.concatenate([local[:, 1:2].conj(), local, local[:, -2:-1].conj()], axis=1)
        local = 0.25 * padded[:, :-2] + 0.5 * padded[:, 1:-1] + 0.25 * padded[:, 2:]
        mean = local.mean(axis=0)
        mean = mean + 1e-9 * np.einsum("fcc->f", mean).real[:, np.newaxis, np.newaxis] * np.eye(rows)
        # the level of a frame in a band: its mean power after the mean spectrum is divided out
        ratio = np.einsum("fcd,tfdc->tf", np.linalg.inv(mean), local).real / rows
        f_hz = np.fft.rfftfreq(FRAME, 1 / FS_HZ)
        level = np.empty_like(ratio)
        for low, high in pairwise(LEVEL_BANDS_HZ):
            band = (f_hz >= low) & (f_hz <= high if high == LEVEL_BANDS_HZ[-1] else f_hz < high)
            level[:, band] = ratio[:, band].mean(axis=1, keepdims=True)
        model = (1 - TOWARDS_MEAN) * local + TOWARDS_MEAN * level[:, :, np.newaxis, np.newaxis] * mean
        return cls(np.linalg.inv(model) / (scale[:, np.newaxis] * scale), n)

    def __call__(self, x: Array) -> Array:
        """Apply to ``(..., rows, n)``."""
        spectra = np.moveaxis(frames(x), -3, -1)[..., np.newaxis]  # ..., frames, f, rows, 1
        weighed = (self.weights @ spectra)[..., 0]
        return joined(np.moveaxis(weighed, -1, -3), self.n)

    def near(self, x: Array, start: int) -> tuple[Array, int]:
        """Apply to a record that is ``x`` ``(rows, m)`` from ``start`` on and 0 elsewhere.

        Returns
        -------
        Where the result is not 0, ``(rows, k)``, and the sample at which that begins.
        """
        edge = FRAME - HOP
        first = start // HOP  # frame k covers the samples from k HOP - edge on
        last = min((start + x.shape[1] - 1 + edge) // HOP, self.weights.shape[0] - 1)
        begin = first * HOP - edge
        window = np.zeros((x.shape[0], (last - first) * HOP + FRAME))
        faded = fade(self.n)
        window[:, start - begin : start - begin + x.shape[1]] = x * faded[start : start + x.shape[1]]
        cut = np.lib.stride_tricks.sliding_window_view(window, FRAME, axis=-1)[:, ::HOP]
        spectra = fft.rfft(cut * WINDOW, axis=-1).transpose(1, 2, 0)[..., np.newaxis]
        weighed = (self.weights[first : last + 1] @ spectra)[..., 0].transpose(2, 0, 1)
        pieces = fft.irfft(weighed, FRAME, axis=-1) * WINDOW
        out = np.zeros_like(window)
        for k in range(pieces.shape[1]):
            out[:, k * HOP : k * HOP + FRAME] += pieces[:, k]
        low, high = max(begin, 0), min(begin + out.shape[1], self.n)
        return HOP * out[:, low - begin : high - begin] * faded[low:high], low
