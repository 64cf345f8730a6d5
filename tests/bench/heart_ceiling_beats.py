"""What the ceilings of the heart bench know of a heart: one beat's shape, and how beats follow each other.

The likelihood ratio of a train of beats at unknown times is summed over all trains
by a forward recursion over (time of the last beat, mean interval): 40-180 a minute,
intervals that jitter by 4 or 9 %, a mean that drifts, a rare pause. Each beat's size
is free around its mean. A beat that rings into the next is allowed for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft, signal

from scanner.simulation.vibration import LEAD_S, record_vibration
from scanner.simulation.vibration_forces import HeartCourse, beat_wave, heart_n
from scanner.simulation.vibration_spec import VibrationSpec
from tests.bench.heart_trials import FS_HZ, LONGEST_S, Made

Array = npt.NDArray[np.float64]

STEP = 2
"""Samples at `FS_HZ` of a step of the recursion (20 ms)."""

STEP_S = STEP / FS_HZ
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 0.24, 1.9
LAGS = round(LONGEST_INTERVAL_S / STEP_S)
MEANS_S: Array = np.geomspace(60 / 180, 60 / 40, 24)
JITTERS = ((0.6, 0.04), (0.4, 0.09))
PAUSE = 0.02
DRIFT = 0.05
RINGING_S = 6.0
MISPLACED = 12
"""Samples by which an envelope's peak may lie beside its beat."""

MOST = 60.0
"""A beat's log ratio is held within this: sums over trains stay within the numbers of the machine."""

LEAST_OVERLAP = 1e-3
"""Beats whose log ratio no other changes by more do not ring into each other."""

MOST_BY_OVERLAP = 1.0
"""Only neighbours' overlaps are counted: loud beats must not be paid for being placed cleverly."""


def impulse_response(spec: VibrationSpec) -> Array:
    """Return counts on six channels a newton on one sample at the first person's place, ``(6, n)``.

    Measured by playing a click through the simulator.
    """
    length_s = RINGING_S + 1.0
    n = fft.next_fast_len(round((length_s + 2 * LEAD_S) * FS_HZ), real=True)
    click = np.zeros(n + 2)
    click[round(LEAD_S * FS_HZ)] = 1.0
    course = HeartCourse(force=click, fs_hz=FS_HZ)
    newton = heart_n(spec, 0, n, FS_HZ, course)[0].max()
    heard = record_vibration(spec, length_s, FS_HZ, course).heart
    fade = np.ones(heard.shape[1])
    fade[-round(FS_HZ) :] = np.cos(0.5 * np.pi * np.arange(round(FS_HZ)) / FS_HZ) ** 2
    return np.asarray(heard / newton * fade)


def mean_beat(force: Array) -> Array:
    """Return the mean beat of a force at `FS_HZ`, aligned on its own beats, ``(n_beat,)``.

    The first guess of the times are the peaks of the envelope; the mean beat then
    places them better, some times over.
    """
    sos = signal.butter(2, (1.0, 15.0), "bandpass", fs=FS_HZ, output="sos")
    x = signal.sosfiltfilt(sos, force)
    envelope = np.abs(signal.hilbert(x))
    slow = signal.sosfiltfilt(signal.butter(2, 3.0, fs=FS_HZ, output="sos"), envelope)
    before, after = round(0.25 * FS_HZ), round(0.55 * FS_HZ)
    centred = slow - slow.mean()
    lags = np.arange(round(60 / 180 * FS_HZ), round(60 / 40 * FS_HZ))
    usual = int(lags[np.argmax(signal.correlate(centred, centred)[x.size - 1 + lags])])
    peaks, _found = signal.find_peaks(slow, distance=max(1, round(0.6 * usual)))
    peaks = peaks[(peaks >= before + MISPLACED) & (peaks < x.size - after - MISPLACED)]
    fade = np.hanning(before + after) ** 0.5
    beat = np.zeros(before + after)
    for _ in range(4):
        beat = np.mean([x[at - before : at + after] for at in peaks], axis=0) * fade
        moves = [
            np.argmax(np.correlate(x[at - before - MISPLACED : at + after + MISPLACED], beat)) - MISPLACED
            for at in peaks
        ]
        moved = peaks + np.array(moves, int)
        peaks = np.clip(moved, before + MISPLACED, x.size - after - MISPLACED - 1)
    return np.asarray(beat)


def beat_shape(made: Made) -> Array:
    """Return the trial's usual beat on six channels, counts ``(6, n)``."""
    if made.course.force is None:
        person = made.spec.persons[0]
        beat = person.force_n * beat_wave(FS_HZ, person.wave_scale, 1)[0]
    else:
        n = fft.next_fast_len(round((LONGEST_S + 2 * LEAD_S) * FS_HZ), real=True)
        beat = mean_beat(heart_n(made.spec, 0, n, FS_HZ, made.course)[0])
    return np.asarray(signal.fftconvolve(impulse_response(made.spec), beat[np.newaxis], axes=1))


@dataclass(frozen=True)
class Train:
    """How beats follow each other: intervals' probabilities by mean, ``interval (n_means, LAGS)``."""

    interval: Array
    later: Array
    move: Array

    @classmethod
    def usual(cls) -> Train:
        lag_s = STEP_S * np.arange(1, LAGS + 1)
        away = np.log(lag_s / MEANS_S[:, np.newaxis])
        chance = sum(share * np.exp(-0.5 * (away / jitter) ** 2) / jitter for share, jitter in JITTERS)
        chance = np.asarray(chance) / lag_s * (lag_s >= SHORTEST_INTERVAL_S)
        possible = (lag_s >= SHORTEST_INTERVAL_S) / (lag_s >= SHORTEST_INTERVAL_S).sum()
        chance = (1 - PAUSE) * chance / chance.sum(axis=1, keepdims=True) + PAUSE * possible
        later = 1.0 - np.cumsum(chance, axis=1) + chance  # the interval lasts this lag or longer
        k = MEANS_S.size
        move = (1 - 2 * DRIFT) * np.eye(k) + DRIFT * (np.eye(k, k=1) + np.eye(k, k=-1))
        move[0, 0] += DRIFT
        move[-1, -1] += DRIFT
        return cls(chance, later, move)


TRAIN = Train.usual()


def beat_ratio(z: Array, energy: Array, amplitude: Array, spread: float) -> Array:
    """Return the log likelihood ratio of a beat at each time, its size normal about ``amplitude``.

    Parameters
    ----------
    z : matched-filter output ``(n_batch, n)``; ``energy`` its expectation for a
        beat of size 1, ``(n,)``; ``amplitude`` ``(n_batch,)``; ``spread`` the
        size's standard deviation over its mean.

    Examples
    --------
    >>> z = np.array([[4.0]])
    >>> float(beat_ratio(z, np.array([4.0]), np.array([1.0]), 1e-4).round(3)[0, 0])
    2.0
    """
    a = amplitude[:, np.newaxis]
    precision = 1.0 / (a * spread) ** 2
    return np.asarray(
        0.5 * (z + a * precision) ** 2 / (energy + precision)
        - 0.5 * a**2 * precision
        - 0.5 * np.log1p(energy / precision)
    )


def train_ratio(log_beat: Array, overlap: Array, amplitude: Array, train: Train = TRAIN) -> Array:
    """Return the log likelihood ratio of some train against none, ``(n_batch,)``.

    Parameters
    ----------
    log_beat : log ratio of a beat at each step, ``(n_batch, n_steps)``.
    overlap : product of a beat and the one ``lag`` steps before, ``(n_steps, LAGS)``, lags from 1.
    amplitude : ``(n_batch,)``.
    """
    ringing = np.abs(overlap).max(initial=0.0) * amplitude**2 > LEAST_OVERLAP
    out = np.empty(log_beat.shape[0])
    for rings in (False, True):
        part = ringing == rings
        if part.any():
            out[part] = _summed(log_beat[part], overlap if rings else None, amplitude[part], train)
    return out


def _summed(log_beat: Array, overlap: Array | None, amplitude: Array, train: Train) -> Array:
    """`train_ratio`; without ``overlap`` beats do not ring into each other."""
    batch, steps = log_beat.shape
    k, lags = train.interval.shape
    # no interval is shorter than a block: its steps do not depend on each other
    block = int(np.argmax(train.interval.any(axis=0))) + 1
    shortest = block - 1
    weight = np.exp(np.clip(log_beat, -MOST, MOST)).astype(np.float32)[:, np.newaxis]
    interval = np.ascontiguousarray(train.interval[:, shortest:][:, ::-1], np.float32)
    move = train.move.astype(np.float32)
    first = np.zeros((k, steps))  # the first beat comes somewhere within an interval
    begun = min(lags, steps)
    first[:, :begun] = (train.later / train.later.sum(axis=1, keepdims=True) / k)[:, :begun]
    power = (amplitude**2).astype(np.float32)[:, np.newaxis, np.newaxis]
    longest_first = None if overlap is None else overlap[:, shortest:][:, ::-1].astype(np.float32)
    reaching = np.zeros((k, lags - shortest + block - 1, block), np.float32)
    for j in range(block):
        reaching[:, j : j + lags - shortest, j] = interval
    alpha = np.zeros((batch, k, lags + steps), np.float32)
    log_scale = np.zeros(batch)
    for t in range(0, steps, block):
        size = min(block, steps - t)
        at = lags + t
        before = alpha[:, :, t : at + size - block]
        if longest_first is None:
            come = (before.transpose(1, 0, 2) @ reaching[:, : before.shape[2], :size]).transpose(1, 0, 2)
        else:
            ringing = np.exp(np.clip(-power * longest_first[t : t + size], -0.5 * MOST, MOST_BY_OVERLAP))
            windows = np.lib.stride_tricks.sliding_window_view(before, lags - shortest, axis=2)
            come = np.einsum("bkjd,kd->bkj", windows * ringing[:, np.newaxis], interval)
        come = np.asarray(move.T @ come)
        if t < begun:
            begins = first[:, t : t + size] * np.exp(-log_scale)[:, np.newaxis, np.newaxis]
            come = come + begins.astype(np.float32)
        alpha[:, :, at : at + size] = come * weight[:, :, t : t + size]
        recent = alpha[:, :, max(0, at + size - lags) : at + size]
        top = recent.max(axis=(1, 2))
        recent /= top[:, np.newaxis, np.newaxis]
        log_scale += np.log(top)
    whole = np.einsum("bkd,kd->b", alpha[:, :, steps:].astype(float), train.later[:, ::-1])
    return np.asarray(np.log(whole) + log_scale)
