"""Forces that people put on a floor: heartbeats, breathing, movements.

A beat is the I-J-K-L wave of a ballistocardiogram; its timing jitters and
follows the breath. Every force is vertical, in newtons, a function of time that
can be asked for in any pieces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from scanner.simulation.priors import stream

Array = npt.NDArray[np.float64]

# centre s after the beat, width s, height over the J peak: the ballistocardiogram's waves, H to N
# (Starr & Noordergraaf 1967; Inan et al., IEEE J. Biomed. Health Inform. 19 (2015) 1414)
WAVES = (
    (0.06, 0.022, 0.15),
    (0.12, 0.022, -0.55),
    (0.18, 0.024, 1.0),
    (0.25, 0.028, -0.80),
    (0.33, 0.032, 0.40),
    (0.42, 0.036, -0.20),
)
BEAT_S = 0.6
EARLIEST_S = -30.0  # beats begin this long before t = 0, so that filters have settled


@dataclass(frozen=True, slots=True)
class Heart:
    """One person as a source of force.

    Parameters
    ----------
    bpm : mean heart rate, beats per minute.
    jitter : standard deviation of the beat interval over its mean; half of its
        power follows the breath.
    force_n : vertical peak of the J wave, N.
    breathing_hz, breathing_force_n : rate and vertical force of breathing.
    along, across : place on the floor, -1 (rear, left) to 1 (front, right).
    coupling : share of the force that reaches the body (1 on the load floor).
    """

    bpm: float
    jitter: float
    force_n: float
    breathing_hz: float = 0.25
    breathing_force_n: float = 1.0
    along: float = 0.0
    across: float = 0.0
    coupling: float = 1.0


def beat_times_s(heart: Heart, seed: int, until_s: float) -> Array:
    """Return the times of beats from `EARLIEST_S` to ``until_s``, ascending.

    A later ``until_s`` only adds beats at the end.

    Examples
    --------
    >>> beats = beat_times_s(Heart(60.0, 0.0, 1.0), seed=1, until_s=60.0)
    >>> np.unique(np.diff(beats).round(6)).tolist()
    [1.0]
    """
    interval_s = 60.0 / heart.bpm
    rng = stream(seed, "beats")
    start_s = EARLIEST_S + interval_s * rng.random()
    breath_phase = 2 * math.pi * rng.random()
    n = math.ceil((until_s - EARLIEST_S) / interval_s * 1.2) + 10
    breath = np.sin(2 * np.pi * heart.breathing_hz * interval_s * np.arange(n) + breath_phase)
    share = heart.jitter * (math.sqrt(0.5) * rng.standard_normal(n) + breath)
    times = start_s + np.cumsum(interval_s * np.maximum(1.0 + share, 0.4))
    return times[times <= until_s]


@cache
def _beat_wave(fs_hz: float, phases: int = 8) -> Array:
    """Beats of peak 1 at ``phases`` sub-sample delays, ``(phases, n_samples)``."""
    t_s = (np.arange(round(BEAT_S * fs_hz)) - np.arange(phases)[:, np.newaxis] / phases) / fs_hz
    wave = sum(height * np.exp(-0.5 * ((t_s - at) / width) ** 2) for at, width, height in WAVES)
    return np.asarray(wave)


def pulse_train(
    times_s: Array, heights: Array, waves: Array, start: int, n_samples: int, fs_hz: float
) -> Array:
    """Sum pulses at given times over the samples ``start`` to ``start + n_samples``.

    ``waves`` is ``(phases, length)``, one pulse at each sub-sample delay.
    """
    phases, length = waves.shape
    out = np.zeros(n_samples + 2 * length)
    first, last = np.searchsorted(times_s, [(start - length) / fs_hz, (start + n_samples) / fs_hz])
    for time_s, height in zip(times_s[first:last], heights[first:last], strict=True):
        tick, phase = divmod(round(time_s * fs_hz * phases), phases)
        at = tick - start + length
        if 0 <= at <= n_samples + length:
            out[at : at + length] += height * waves[phase]
    return out[length : length + n_samples]


class HeartForce:
    """The force of one heart and its breathing, by pieces of samples.

    Parameters
    ----------
    heart : the person.
    seed : of this person in this visit.
    """

    def __init__(self, heart: Heart, seed: int) -> None:
        self.heart, self._seed = heart, seed
        self._until_s = 0.0
        self._times_s: Array = np.empty(0)
        self._heights: Array = np.empty(0)
        self._breath_phase = 2 * math.pi * stream(seed, "breath").random()

    def force_n(self, start: int, n_samples: int, fs_hz: float) -> Array:
        """Return the vertical force of samples ``start`` onwards at ``fs_hz``, N, ``(n_samples,)``."""
        heart = self.heart
        end_s = (start + n_samples) / fs_hz
        if end_s > self._until_s:
            self._until_s = max(300.0, 2 * end_s)
            self._times_s = beat_times_s(heart, self._seed, self._until_s)
            beats = len(self._times_s)
            breath = np.sin(2 * np.pi * heart.breathing_hz * self._times_s + self._breath_phase)
            spread = stream(self._seed, "stroke").standard_normal(beats)
            # stroke volume follows the breath by some ten per cent and varies from beat to beat
            self._heights = heart.force_n * (1.0 + 0.12 * breath + 0.06 * spread)
        beats_n = pulse_train(self._times_s, self._heights, _beat_wave(fs_hz), start, n_samples, fs_hz)
        t_s = (start + np.arange(n_samples)) / fs_hz
        phase = 2 * np.pi * heart.breathing_hz * t_s + self._breath_phase
        # breathing out is longer than breathing in: a second harmonic
        breathing_n = heart.breathing_force_n * (np.sin(phase) + 0.3 * np.sin(2 * phase))
        return heart.coupling * (beats_n + breathing_n)


class MovementForce:
    """Movements of one person: bursts of force at random times, by pieces of samples.

    Parameters
    ----------
    per_min : mean number of movements a minute.
    force_n : median of their root-mean-square force at the height of the burst, N.
    seed : of this person in this visit.
    """

    SLOT_S = 5.0

    def __init__(self, per_min: float, force_n: float, seed: int) -> None:
        self._per_slot = per_min * self.SLOT_S / 60.0
        self._force_n, self._seed = force_n, seed

    def force_n(self, start: int, n_samples: int, fs_hz: float) -> Array:
        """Return the vertical force of samples ``start`` onwards, N, ``(n_samples,)``."""
        out = np.zeros(n_samples)
        longest_s = 3.0
        first = math.floor((start / fs_hz - longest_s) / self.SLOT_S)
        last = math.floor((start + n_samples) / fs_hz / self.SLOT_S)
        for slot in range(first, last + 1):
            rng = stream(self._seed, "movement", slot)
            for _ in range(rng.poisson(self._per_slot)):
                begin = round((slot + rng.random()) * self.SLOT_S * fs_hz)
                burst = self._burst_n(rng, rng.uniform(0.3, longest_s), fs_hz)
                low, high = max(begin, start), min(begin + len(burst), start + n_samples)
                if low < high:
                    out[low - start : high - start] += burst[low - begin : high - begin]
        return out

    def _burst_n(self, rng: np.random.Generator, length_s: float, fs_hz: float) -> Array:
        n = round(length_s * fs_hz)
        spectrum = np.fft.rfft(rng.standard_normal(n))
        f_hz = np.fft.rfftfreq(n, 1 / fs_hz)
        # limbs move slowly: energy from about 0.5 to 10 Hz
        noise = np.fft.irfft(spectrum * f_hz / (0.5 + f_hz) / (1 + (f_hz / 6.0) ** 2), n)
        size_n = self._force_n * math.exp(0.4 * rng.standard_normal())
        return np.asarray(size_n * noise / noise.std() * np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2)


class RecordedForce:
    """A recorded force played as one person's heart, repeated when it ends.

    Parameters
    ----------
    force_n : vertical force, N, ``(n_samples,)``.
    fs_hz : its rate.

    Raises
    ------
    ValueError : shorter than two seconds, or not finite.
    """

    def __init__(self, force_n: npt.ArrayLike, fs_hz: float) -> None:
        record = np.asarray(force_n, dtype=float)
        if record.ndim != 1 or len(record) < 2 * fs_hz or not np.isfinite(record).all():
            raise ValueError("a heart's force is one finite channel of at least two seconds")
        # half a second at the seam is cross-faded, or each repeat would start with a step
        seam = round(0.5 * fs_hz)
        fade = np.linspace(0.0, 1.0, seam)
        body = record[:-seam].copy()
        body[:seam] = fade * body[:seam] + (1 - fade) * record[-seam:]
        self._record, self._fs_hz = body, fs_hz

    def force_n(self, start: int, n_samples: int, fs_hz: float) -> Array:
        """Return the force of samples ``start`` onwards at ``fs_hz``, N, ``(n_samples,)``."""
        at = (start + np.arange(n_samples)) / fs_hz * self._fs_hz
        n = len(self._record)
        return np.asarray(np.interp(at % n, np.arange(n + 1), np.append(self._record, self._record[0])))
