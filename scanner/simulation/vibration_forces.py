"""Forces of the people inside over a whole record: beats, breath, movements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

from scanner.simulation.hearts import WAVES, pulse_train
from scanner.simulation.priors import stream
from scanner.simulation.vibration_spec import VibrationSpec

Array = npt.NDArray[np.float64]

PHASES = 8
BEAT_S = 0.8
RMS_BAND_HZ = (1.0, 10.0)


@dataclass(frozen=True, slots=True)
class HeartCourse:
    """What a recorded heart did: its beats' intervals, or its force.

    ``intervals_s`` are successive beat intervals, used for a simulated wave;
    ``force`` (any unit, at ``fs_hz``) is played instead of simulated beats, from
    ``start_s`` on, scaled so that its rms over 1-10 Hz is that of simulated
    beats of the same person.
    """

    intervals_s: Array | None = None
    force: Array | None = None
    fs_hz: float = 100.0
    start_s: float = 0.0


def beat_wave(fs_hz: float, scale: float, phases: int = PHASES) -> Array:
    """Return one beat of J peak 1 at sub-sample delays, ``(phases, n_samples)``; ``scale`` stretches it."""
    t_s = (np.arange(round(BEAT_S * fs_hz)) - np.arange(phases)[:, np.newaxis] / phases) / fs_hz
    wave = sum(height * np.exp(-0.5 * ((t_s / scale - at) / width) ** 2) for at, width, height in WAVES)
    return np.asarray(wave)


def heart_n(
    spec: VibrationSpec, index: int, n: int, fs_hz: float, course: HeartCourse | None
) -> tuple[Array, Array]:
    """Return one person's force, N ``(n,)``, and the times of the beats, s (none where a force is played)."""
    person = spec.persons[index]
    rng = stream(spec.seed, "heart", index)
    length_s = n / fs_hz
    mean_s = 60.0 / person.bpm
    if course is not None and course.intervals_s is not None:
        intervals = course.intervals_s
        times = rng.uniform(0, 1.0) + np.cumsum(intervals)
        times = times[times < length_s]
        breath = np.sin(2 * np.pi * person.breathing_hz * times)
    else:
        count = int(length_s / mean_s * 1.5) + 10
        phase = rng.uniform(0, 2 * np.pi)
        breath = np.sin(2 * np.pi * person.breathing_hz * mean_s * np.arange(count) + phase)
        # half of the jitter's power follows the breath; a slow drift of the rate comes with it
        drift = np.cumsum(rng.standard_normal(count)) * 0.05 * person.jitter
        share = person.jitter * (np.sqrt(0.5) * rng.standard_normal(count) + breath) + drift
        times = rng.uniform(0, mean_s) + np.cumsum(mean_s * np.clip(1.0 + share, 0.6, 1.6))
        breath, times = breath[times < length_s], times[times < length_s]
    # stroke volume follows the breath by some ten per cent and varies from beat to beat
    heights = person.force_n * (1.0 + 0.12 * breath + 0.08 * rng.standard_normal(times.size))
    force = pulse_train(times, heights, beat_wave(fs_hz, person.wave_scale), 0, n, fs_hz)
    if course is None or course.force is None:
        return force, times
    at = (course.start_s + np.arange(n) / fs_hz) * course.fs_hz
    played = np.interp(at % (course.force.size - 1), np.arange(course.force.size), course.force)
    sos = signal.butter(2, RMS_BAND_HZ, "bandpass", fs=fs_hz, output="sos")
    loud, wanted = (float(signal.sosfiltfilt(sos, x).std()) for x in (played, force))
    return played * (wanted / loud), np.empty(0)


def person_n(spec: VibrationSpec, index: int, n: int, fs_hz: float, rng: np.random.Generator) -> Array:
    """Return one person's breath and movements as force, N ``(n,)``."""
    person = spec.persons[index]
    t_s = np.arange(n) / fs_hz
    phase = 2 * np.pi * person.breathing_hz * t_s + rng.uniform(0, 2 * np.pi)
    out = person.breathing_force_n * (np.sin(phase) + 0.3 * np.sin(2 * phase))
    for _ in range(rng.poisson(person.movements_per_min * n / fs_hz / 60.0)):
        length = round(rng.uniform(0.3, 3.0) * fs_hz)
        spectrum = np.fft.rfft(rng.standard_normal(length))
        f_hz = np.fft.rfftfreq(length, 1 / fs_hz)
        # limbs move slowly: energy from about 0.5 to 10 Hz
        burst = np.fft.irfft(spectrum * f_hz / (0.5 + f_hz) / (1 + (f_hz / 6.0) ** 2), length)
        burst *= np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2 / burst.std()
        at = int(rng.integers(0, n - length))
        out[at : at + length] += person.movement_force_n * np.exp(0.4 * rng.standard_normal()) * burst
    return out
