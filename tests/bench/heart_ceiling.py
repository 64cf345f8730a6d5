"""Ceilings of the heart bench: detectors that know of a trial what no detector can know.

d    everything: the heart's very record, the noise's recurring part (an engine's
     phase, when drops fall), its cross-spectra and how its level changes
e    the noise in the same way, one beat's shape on all channels, its usual size and
     spread; not when beats come or how fast
e1   the spectrum and level of the noise of one channel, the one with the most of the
     heart over its noise, and the beat's shape on it; not its size, times or rate

None models people's other motion: they are given records without it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from tests.bench.heart_ceiling_beats import (
    LAGS,
    STEP,
    beat_ratio,
    beat_shape,
    train_ratio,
)
from tests.bench.heart_ceiling_noise import TAKES, Precision, noise_takes
from tests.bench.heart_trials import DURATIONS_S, FS_HZ, LEVELS_DB, Made, counts_of, samples

Array = npt.NDArray[np.float64]

SIZE_SPREAD = {False: 0.2, True: 0.35}
"""Of simulated and of recorded beats: the latter also differ in shape."""

MEAN_SIZES = {False: (1.0,), True: (0.7, 1.0, 1.6, 2.5)}
"""What e holds for possible: the mean of recorded beats is smaller than they are, as they differ in time."""

SIZES_DB: Array = np.arange(-36.0, 13.0, 6.0)
"""Sizes that e1 holds for possible, over the usual one."""

LEVEL_EMPTIES = 300
"""Empty trials that tell the threshold of e at levels other than the nominal one: three of them exceed it."""

GRID_S = 2.0
CHECK_S = 1.0
"""Over so long the weights are checked on realisations that they have not seen."""


def ceilings(made: Made, sweep: bool) -> list[tuple[str, float, float, float]]:
    """Return (name, duration, level, score) of d, e and e1.

    Parameters
    ----------
    sweep : also at every level; e is asked of the first `LEVEL_EMPTIES` empty trials
        at every level in any case, as it knows the level.
    """
    takes = noise_takes(made.spec)
    recurring = takes[:TAKES].mean(axis=0)
    shape = beat_shape(made)
    heart = made.record.heart
    met = counts_of(made, moving=False).astype(float)
    noise = met - heart if made.trial.occupied else met
    channel = best_channel(takes[:TAKES, :4], heart[:4])
    out: list[tuple[str, float, float, float]] = []
    for duration_s in DURATIONS_S:
        n = samples(duration_s)
        levelled = sweep or (not made.trial.occupied and made.trial.number < LEVEL_EMPTIES)
        swept = duration_s > DURATIONS_S[0] and levelled
        levels = np.array(LEVELS_DB if swept else (0.0,))
        inside = float(made.trial.occupied)
        everything = Everything(takes[:, :, :n], recurring[:, :n])
        shown = levels if made.trial.occupied else levels[levels == 0.0]
        for level, score in zip(
            shown, everything.known(heart[:, :n], noise[:, :n], shown, inside), strict=True
        ):
            out.append(("d", duration_s, float(level), float(score)))
        real = made.trial.real
        e = everything.beats(
            shape, heart[:, :n], noise[:, :n], levels, inside, SIZE_SPREAD[real], MEAN_SIZES[real]
        )
        out += [("e", duration_s, float(v), float(s)) for v, s in zip(levels, e, strict=True)]
        one = Everything(takes[:, channel : channel + 1, :n], np.zeros((1, n)))
        row = slice(channel, channel + 1)
        e1 = one.beats_of_any_size(
            shape[row], heart[row, :n], noise[row, :n], shown, inside, SIZE_SPREAD[made.trial.real]
        )
        out += [("e1", duration_s, float(v), float(s)) for v, s in zip(shown, e1, strict=True)]
    return out


def best_channel(takes: Array, heart: Array) -> int:
    """Return the channel on which the heart stands highest over its noise."""
    energies = []
    for channel in range(heart.shape[0]):
        row = slice(channel, channel + 1)
        energies.append(float((Precision.of(takes[:, row])(heart[row]) * heart[row]).sum()))
    return int(np.argmax(energies))


class Everything:
    """A detector that knows the noise of one record.

    Parameters
    ----------
    takes : realisations of the noise ``(n_takes, rows, n)``; the last `HELD_OUT` check the others.
    recurring : what all realisations share ``(rows, n)``; 0 = treat it as noise.
    """

    def __init__(self, takes: Array, recurring: Array) -> None:
        self._recurring = recurring
        known = takes[:TAKES] - recurring
        if recurring.any():
            known *= math.sqrt(TAKES / (TAKES - 1))
        self._precision = Precision.of(known)
        self._held_out = takes[TAKES:] - recurring
        self._n = takes.shape[2]

    def known(self, heart: Array, noise: Array, levels_db: Array, inside: float) -> Array:
        """Return the matched filter's output in standard deviations at each level, ``(n_levels,)``."""
        weighed = self._precision(heart)
        energy = float((weighed * heart).sum())
        rest = float((weighed * (noise - self._recurring)).sum()) / math.sqrt(energy)
        return rest + inside * 10 ** (levels_db / 20) * math.sqrt(energy)

    def beats(
        self,
        shape: Array,
        heart: Array,
        noise: Array,
        levels_db: Array,
        inside: float,
        spread: float,
        sizes: tuple[float, ...] = (1.0,),
    ) -> Array:
        """Return the log ratio of a train of beats of the level's size, ``(n_levels,)``.

        ``sizes`` are the mean sizes over the level's that are held for as likely.
        """
        gain = 10 ** (levels_db / 20)
        ours, rest, energy, overlap = self._filtered(shape, heart, noise)
        z = inside * gain[:, np.newaxis] * ours + rest
        ratios = [
            train_ratio(_steps(beat_ratio(z, energy, size * gain, spread)), overlap, size * gain)
            for size in sizes
        ]
        return np.asarray(np.logaddexp.reduce(ratios, axis=0) - math.log(len(sizes)))

    def beats_of_any_size(
        self, shape: Array, heart: Array, noise: Array, levels_db: Array, inside: float, spread: float
    ) -> Array:
        """Return the same with the size unknown, each of `SIZES_DB` as likely, ``(n_levels,)``."""
        ours, rest, energy, overlap = self._filtered(shape, heart, noise)
        sizes = 10 ** (SIZES_DB / 20)
        out = []
        for gain in 10 ** (levels_db / 20):
            z = np.broadcast_to(inside * gain * ours + rest, (sizes.size, rest.size))
            ratios = train_ratio(_steps(beat_ratio(z, energy, sizes, spread)), overlap, sizes)
            out.append(float(np.logaddexp.reduce(ratios)) - math.log(sizes.size))
        return np.array(out)

    def _products(self, shape: Array, start: int) -> Array:
        """A beat at ``start`` times itself and those ``STEP``, ... samples before, ``(LAGS + 1,)``."""
        weighed, first = self._precision.near(shape[:, : self._n - start], start)
        length, reach = shape.shape[1], LAGS * STEP
        # what lies from the earliest beat's start to the latest one's end
        around = np.zeros((shape.shape[0], reach + length))
        low, high = max(first, start - reach), min(first + weighed.shape[1], start + length)
        around[:, low - start + reach : high - start + reach] = weighed[:, low - first : high - first]
        windows = np.lib.stride_tricks.sliding_window_view(around, length, axis=1)[:, ::-STEP]
        return np.asarray(np.einsum("rkt,rt->k", windows, shape))

    def _filtered(self, shape: Array, heart: Array, noise: Array) -> tuple[Array, Array, Array, Array]:
        """Matched-filter series of heart and noise, a beat's energy, its overlap with the one before."""
        n = self._n
        size = fft.next_fast_len(n + shape.shape[1], real=True)
        spectrum = fft.rfft(shape, size, axis=-1).conj()

        def correlate(weighed: Array) -> Array:
            return np.asarray(fft.irfft((fft.rfft(weighed, size, axis=-1) * spectrum).sum(axis=-2), size))

        starts = np.unique(np.append(np.arange(0, n - 1, round(GRID_S * FS_HZ)), [n - 50, n - 20, n - 2]))
        near = np.stack([self._products(shape, start) for start in starts])
        energy = np.interp(np.arange(n), starts, near[:, 0])
        steps = np.arange(0, n - STEP + 1, STEP)
        overlap = np.stack([np.interp(steps, starts, column) for column in near[:, 1:].T], axis=1)
        rest = correlate(self._precision(noise - self._recurring))[:n]
        # how far the weights are from the true inverse, on realisations that they have not seen
        seen = correlate(self._precision(self._held_out))[:, :n]
        excess = ndimage.uniform_filter1d((seen**2).mean(axis=0), round(CHECK_S * FS_HZ), mode="nearest")
        excess = excess / ndimage.uniform_filter1d(energy, round(CHECK_S * FS_HZ), mode="nearest")
        ours = correlate(self._precision(heart))[:n]
        return ours / excess, rest / excess, energy / excess, overlap / excess[steps, np.newaxis]


def _steps(log_beat: Array) -> Array:
    """A beat somewhere within a step: the mean of its samples' ratios."""
    batch, n = log_beat.shape
    whole = np.clip(log_beat[:, : n // STEP * STEP], -700, 700).reshape(batch, n // STEP, STEP)
    return np.asarray(np.logaddexp.reduce(whole, axis=2) - math.log(STEP))
