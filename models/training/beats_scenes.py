"""What the beat network learns from: records of simulated vehicles, and of sensors near a body without one.

A beat's wave is the simulated ballistocardiogram or one of random shape, so that
the network learns what beats have in common and not one wave. Noise is
everything that `scanner.simulation.vibration` knows, confounders included;
without a vehicle it is coloured noise of random spectrum. Some empty records
hold the same bursts at random times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import fft

from models.training.beats_recorded import FS_HZ as RECORDED_HZ
from models.training.beats_recorded import recorded_hearts
from scanner.signals.heart import DELAY_S, hear_features, heart_state
from scanner.signals.rhythm import GRID_HZ
from scanner.simulation.hearts import pulse_train
from scanner.simulation.vibration import LEAD_S, record_vibration
from scanner.simulation.vibration_forces import HeartCourse, heart_n
from scanner.simulation.vibration_noise import knocks_n
from scanner.simulation.vibration_spec import (
    Condition,
    Confounder,
    Person,
    VibrationSpec,
    draw_person,
    draw_vibration,
)

Array = npt.NDArray[np.float64]

FIRST_SEED = 6_000_000
"""Scenes take seeds from here on; trials of the bench start at 1 000 000 000."""

FS_HZ = 100.0
DURATION_S = 30.0
AFTER_S = 0.18
"""A beat's largest wave comes so long after its start, at the usual wave's scale."""

KNOCK_AFTER_S = 0.04
"""A body answers a knock at once."""

STRETCH = (0.7, 2.4)
"""Without a vehicle beats are up to so many times as slow: beds and chairs pass 1 to 6 Hz of the recoil."""

KNOCK_LEAST = 1e-3
PHASES = 8
CONFOUNDED_SHARE = 0.75
CONFOUNDED = (0.35, 0.05, 0.4, 0.15, 0.05)
"""Steps, idling neighbour, drips, exhaust, slosh: what hits like a heart more often, and all of it far more
often than at a lane, so that a moment that may be either is taken for a knock."""

RECORDED_SHARE = 0.45
DIRECT_SHARE = 0.35
FILTERED_SHARE = 0.3
WHITE_FLOOR = 0.3
LEVELS_DB = (-28.0, 4.0)
DIRECT_DB = (-16.0, 20.0)


@dataclass(frozen=True, slots=True)
class BeatScene:
    """One record as the network meets it.

    ``features`` ``(N_FEATURES, n)``, ``beats`` ``(n,)`` 1 where a beat's largest
    wave is, ``knocks`` ``(n,)`` 1 where a drop falls or an exhaust ticks,
    ``usable`` ``(n,)``.
    """

    features: Array
    beats: npt.NDArray[np.float32]
    knocks: npt.NDArray[np.float32]
    usable: npt.NDArray[np.bool_]
    occupied: bool
    level_db: float


def draw_scene(number: int, recorded: Path | None = None) -> BeatScene:
    """Draw one scene, without a vehicle or with one; many of the hearts are ``recorded`` ones, if given."""
    rng = np.random.default_rng([FIRST_SEED, number])
    knocks_s: Array = np.empty(0)
    if rng.random() < DIRECT_SHARE:
        counts, n_chassis, times_s, level_db = _direct(rng, recorded)
    else:
        counts, n_chassis, times_s, knocks_s, level_db = _vehicle(number, rng, recorded)
    state = heart_state(n_chassis, counts.shape[0] - n_chassis, FS_HZ)
    features, usable, _ = hear_features(counts, np.ones(counts.shape, bool), state)
    features = features[0]
    beats, knocks = (_marks(times, usable.size) for times in (times_s, knocks_s))
    return BeatScene(features, beats, knocks, usable, bool(times_s.size), level_db)


def _marks(times_s: Array, n: int) -> npt.NDArray[np.float32]:
    marks = np.zeros(n, np.float32)
    at = np.round((times_s + DELAY_S) * GRID_HZ).astype(int)
    marks[at[(at >= 0) & (at < n)]] = 1.0
    return marks


def random_wave(rng: np.random.Generator, stretch: float = 1.0) -> Array:
    """Return a beat of random shape, peak 1, at `PHASES` sub-sample delays ``(PHASES, n)``.

    Some are a chain of waves of alternating sign, some one or two rings; all ``stretch`` times as slow.
    """
    n = round(0.9 * stretch * FS_HZ)
    t_s = (np.arange(n) - np.arange(PHASES)[:, np.newaxis] / PHASES) / FS_HZ / stretch
    wave = np.zeros_like(t_s)
    if rng.random() < 0.6:
        at, sign = 0.05, 1.0
        for _ in range(int(rng.integers(3, 7))):
            at += rng.uniform(0.04, 0.10)
            wave += sign * rng.uniform(0.2, 1.0) * np.exp(-0.5 * ((t_s - at) / rng.uniform(0.015, 0.04)) ** 2)
            sign = -sign
    else:
        fall_s = rng.uniform(0.05, 0.2)
        rings = [(0.08, rng.uniform(3, 11), 1.0)]
        if rng.random() < 0.6:
            rings.append((rng.uniform(0.3, 0.45), rng.uniform(4, 14), rng.uniform(0.2, 0.7)))
        for at, hz, size in rings:
            after = np.maximum(t_s - at, 0.0)
            wave += size * np.exp(-after / fall_s) * np.sin(2 * np.pi * hz * after)
    return np.asarray(wave / np.abs(wave).max())


def beat_times_s(person: Person, rng: np.random.Generator, length_s: float) -> Array:
    """Return times of beats as `heart_n` draws them."""
    mean_s = 60.0 / person.bpm
    count = int(length_s / mean_s * 1.5) + 10
    breath = np.sin(2 * np.pi * person.breathing_hz * mean_s * np.arange(count) + rng.uniform(0, 2 * np.pi))
    share = person.jitter * (np.sqrt(0.5) * rng.standard_normal(count) + breath)
    share += np.cumsum(rng.standard_normal(count)) * 0.05 * person.jitter
    times = rng.uniform(0, mean_s) + np.cumsum(mean_s * np.clip(1.0 + share, 0.6, 1.6))
    return np.asarray(times[times < length_s])


def _played(recorded: Path | None, rng: np.random.Generator, n: int) -> tuple[Array, Array] | None:
    """A piece of a recorded force, ``(n,)``, and its beats' times; None for the other hearts."""
    if recorded is None or rng.random() > RECORDED_SHARE:
        return None
    hearts = recorded_hearts(recorded)
    force, beats = hearts[int(rng.integers(len(hearts)))]
    at = int(rng.integers(0, force.size - n))
    times = beats - at / RECORDED_HZ
    return force[at : at + n], times[(times >= 0) & (times < n / RECORDED_HZ)]


def _vehicle(
    number: int, rng: np.random.Generator, recorded: Path | None
) -> tuple[Array, int, Array, Array, float]:
    condition = list(Condition)[int(rng.integers(len(Condition)))]
    confounder = Confounder.NONE
    if rng.random() < CONFOUNDED_SHARE:
        confounder = list(Confounder)[int(rng.choice(5, p=CONFOUNDED)) + 1]
    persons = (1 if rng.random() < 0.85 else 2) if rng.random() < 0.65 else 0
    spec = draw_vibration(FIRST_SEED + number, condition, persons, confounder)
    n = fft.next_fast_len(round((DURATION_S + 2 * LEAD_S) * FS_HZ), real=True)
    course, times_s = _course(spec, rng, n, recorded)
    record = record_vibration(spec, DURATION_S, FS_HZ, course)
    level_db = float(rng.uniform(*LEVELS_DB))
    x = record.noise + record.heart * 10 ** (level_db / 20)
    if rng.random() < 0.6:
        x = x + record.people
    chassis = [0, 1, 2, 3]
    if rng.random() < 0.3:
        chassis = sorted(int(row) for row in rng.choice(4, int(rng.integers(1, 4)), replace=False))
    references = [[4, 5], [4], [5], []][int(rng.choice(4, p=[0.5, 0.35, 0.05, 0.1]))]
    return x[chassis + references], len(chassis), times_s, _knock_times_s(spec, n), level_db


def _knock_times_s(spec: VibrationSpec, n: int) -> Array:
    """Return when drops fall and an exhaust ticks."""
    if spec.confounder not in (Confounder.DRIPS, Confounder.EXHAUST):
        return np.empty(0)
    # the bounce feels every knock, and no slosh
    size = np.abs(fft.irfft(knocks_n(spec, n, FS_HZ)[0], n))
    return np.asarray(np.flatnonzero(size > KNOCK_LEAST * size.max()) / FS_HZ - LEAD_S + KNOCK_AFTER_S)


def _course(
    spec: VibrationSpec, rng: np.random.Generator, n: int, recorded: Path | None
) -> tuple[HeartCourse | None, Array]:
    """The first person's beats, some of random shape, and when all beats are."""
    if not spec.persons:
        return None, np.empty(0)
    course: HeartCourse | None = None
    times: list[Array] = []
    for index, person in enumerate(spec.persons):
        played = _played(recorded, rng, n + 1) if index == 0 else None
        if played is not None:
            course = HeartCourse(force=played[0], fs_hz=FS_HZ)
            times.append(played[1])
        elif index == 0 and rng.random() < 0.6:
            at = beat_times_s(person, rng, n / FS_HZ)
            heights = 1 + 0.1 * rng.standard_normal(at.size)
            force = pulse_train(at, heights, random_wave(rng), 0, n, FS_HZ)
            course = HeartCourse(force=np.append(force, force[-1]), fs_hz=FS_HZ)
            times.append(at + AFTER_S)
        else:
            times.append(heart_n(spec, index, n, FS_HZ, None)[1] + AFTER_S * person.wave_scale)
    return course, np.sort(np.concatenate(times)) - LEAD_S


def _direct(rng: np.random.Generator, recorded: Path | None) -> tuple[Array, int, Array, float]:
    """A sensor on a chest, a bed or a chair: one to six channels of one source, no vehicle."""
    n, channels = round(DURATION_S * FS_HZ), int(rng.integers(1, 7))
    kind = rng.random()
    occupied, shuffled = kind < 0.75, 0.75 <= kind < 0.85
    person = draw_person(int(rng.integers(1 << 30)), 0)
    times = beat_times_s(person, rng, DURATION_S + 1.0)
    if shuffled:
        times = np.sort(rng.uniform(0, DURATION_S + 1.0, times.size))
    # lying on something soft, a heart is felt as the breath lets it
    gated = rng.uniform(0, 0.8) * np.sin(2 * np.pi * person.breathing_hz * times + rng.uniform(0, 2 * np.pi))
    heights = np.exp(gated) * (1 + 0.1 * rng.standard_normal(times.size))
    stretch = math.exp(rng.uniform(*np.log(STRETCH)))
    trains = [pulse_train(times, heights, random_wave(rng, stretch), 0, n, FS_HZ) for _ in range(2)]
    played = _played(recorded, rng, n) if occupied else None
    if played is not None:
        trains, times, stretch = [played[0], played[0]], played[1] - AFTER_S, 1.0
    f_hz = fft.rfftfreq(n, 1 / FS_HZ)
    x, noise = np.zeros((channels, n)), np.zeros((channels, n))
    for row in range(channels):
        beats = trains[0] * rng.standard_normal()
        if rng.random() < 0.5:
            beats = beats + trains[1] * rng.standard_normal()
        if rng.random() < 0.5:
            ratio = f_hz / math.exp(rng.uniform(0.0, math.log(20)))
            damped = math.exp(rng.uniform(math.log(0.1), math.log(1.5)))
            beats = fft.irfft(fft.rfft(beats) / (1 - ratio**2 + 1j * ratio * damped), n)
        x[row] = beats / max(float(beats.std()), 1e-9)
        colour = (1 + (f_hz / rng.uniform(1, 15)) ** 2) ** -rng.uniform(0, 0.75)
        lift = np.exp(-0.5 * ((f_hz - rng.uniform(1, 20)) / rng.uniform(0.5, 4)) ** 2)
        colour *= (1 + rng.uniform(0, 4) * lift) * (f_hz > 0.5)
        if rng.random() < 0.5:  # a sensor's own noise
            colour = WHITE_FLOOR + colour * rng.random()
        noise[row] = fft.irfft(fft.rfft(rng.standard_normal(n)) * colour, n)
    noise = (0.5 * rng.standard_normal((channels, channels)) + np.eye(channels)) @ noise
    noise /= noise.std(axis=1, keepdims=True)
    if rng.random() < 0.3:
        course = np.interp(np.arange(n), np.linspace(0, n, 12), rng.standard_normal(12))
        noise = noise * np.exp(rng.uniform(0.1, 0.8) * course)
    level_db = float(rng.uniform(*DIRECT_DB))
    loud = 10 ** (rng.uniform(-20, 0, (channels, 1)) / 20)
    loud *= 10 ** (level_db / 20) / loud.max()
    out = noise + (x * loud if occupied or shuffled else 0.0)
    if rng.random() < FILTERED_SHARE:
        # recordists filter, and what follows adds a floor of its own
        cut = 1 / np.sqrt(1 + (f_hz / rng.uniform(8, 20)) ** 8)
        floor = 10 ** rng.uniform(-3, -1.5) * out.std(axis=1, keepdims=True)
        out = fft.irfft(fft.rfft(out, axis=1) * cut, n, axis=1) + floor * rng.standard_normal(out.shape)
    return 1e4 * out, channels, times + AFTER_S * stretch if occupied else np.empty(0), level_db
