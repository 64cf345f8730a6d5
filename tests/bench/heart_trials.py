"""Trials of the heart bench: which vehicle, which heart, with whom inside, and their records.

A trial's seed follows from its set, condition, confounder, number and side, so that
every detector meets the same record, and 15 and 30 s are the beginning of the 60 s.
Recorded hearts and intervals are split by subject: even places of the sorted list
tune, odd places test. Empty trials carry a heart, too, that is left out of the
record: the ceilings look for it, as they do in the occupied ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scanner.simulation.chassis import Geophone
from scanner.simulation.priors import stream
from scanner.simulation.vibration import LEAD_S, VibrationRecord, record_vibration
from scanner.simulation.vibration_forces import HeartCourse
from scanner.simulation.vibration_spec import Condition, Confounder, VibrationSpec, draw_vibration

Array = npt.NDArray[np.float64]

FS_HZ = 100.0
DURATIONS_S = (15.0, 30.0, 60.0)
LONGEST_S = DURATIONS_S[-1]
LEVELS_DB = tuple(float(level) for level in range(-40, 25, 5))

FIRST_SEED = {"tune": 1_000_000_000, "test": 2_000_000_000}
MOST_NUMBERS = 1_000_000
"""Trials of one condition, confounder and side: seeds of different cells never meet."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One record to be made. ``seeds`` is "tune" or "test"."""

    seeds: str
    condition: Condition
    confounder: Confounder
    number: int
    occupied: bool

    @property
    def key(self) -> str:
        side = "occupied" if self.occupied else "empty"
        return f"{self.seeds}/{self.condition}/{self.confounder}/{side}/{self.number}"

    @property
    def seed(self) -> int:
        """Same for each run; apart between sets and cells.

        >>> from dataclasses import replace
        >>> a = Trial("tune", Condition.CALM, Confounder.NONE, 0, True)
        >>> a.seed, replace(a, seeds="test").seed, replace(a, occupied=False).seed
        (1000000000, 2000000000, 1001000000)
        """
        cell = list(Condition).index(self.condition) * len(Confounder)
        cell += list(Confounder).index(self.confounder)
        if not 0 <= self.number < MOST_NUMBERS:
            raise ValueError(f"a trial's number lies within 0 and {MOST_NUMBERS}, not {self.number}")
        return FIRST_SEED[self.seeds] + (2 * cell + (not self.occupied)) * MOST_NUMBERS + self.number

    @property
    def real(self) -> bool:
        """Odd numbers play a recorded heart's force, even ones simulated beats at recorded intervals."""
        return self.number % 2 == 1


@dataclass(frozen=True)
class Hearts:
    """Recorded hearts of one set's subjects: forces (any unit, with their rate) and beat intervals, s."""

    forces: list[tuple[Array, float]]
    intervals: list[Array]


@dataclass(frozen=True)
class Made:
    """A trial's vehicle, its record (heart and people in it, whether occupied or not), and its heart."""

    trial: Trial
    spec: VibrationSpec
    record: VibrationRecord
    course: HeartCourse


@lru_cache(maxsize=4)
def load_hearts(folder: Path, seeds: str) -> Hearts:
    """Return one set's recorded hearts from the folder that holds ``mscardio`` and ``rr_intervals``."""
    from tests.bench.heart_forces import load_forces, load_intervals

    forces = load_forces(folder, seeds)
    intervals = sorted(load_intervals(folder), key=lambda found: str(found[0]))
    first = 0 if seeds == "tune" else 1
    return Hearts(
        [(force, fs_hz) for _, force, fs_hz in forces],
        [found for _, found in intervals[first::2]],
    )


def course_of(trial: Trial, hearts: Hearts) -> HeartCourse:
    """Draw a trial's recorded heart: whose, and from where on."""
    rng = stream(trial.seed, "course")
    length_s = LONGEST_S + 2 * LEAD_S + 2.0
    if trial.real:
        force, fs_hz = hearts.forces[int(rng.integers(len(hearts.forces)))]
        spare_s = max(0.0, force.size / fs_hz - length_s)
        return HeartCourse(force=force, fs_hz=fs_hz, start_s=float(rng.uniform(0, spare_s)))
    intervals = hearts.intervals[int(rng.integers(len(hearts.intervals)))]
    at = int(rng.integers(intervals.size))
    turned = np.roll(intervals, -at)
    while turned.sum() < length_s:
        turned = np.tile(turned, 2)
    enough = int(np.searchsorted(np.cumsum(turned), length_s)) + 1
    return HeartCourse(intervals_s=turned[:enough])


def make(trial: Trial, hearts: Hearts) -> Made:
    """Make a trial's record of `LONGEST_S`."""
    spec = draw_vibration(trial.seed, trial.condition, 1, trial.confounder)
    course = course_of(trial, hearts)
    return Made(trial, spec, record_vibration(spec, LONGEST_S, FS_HZ, course), course)


def counts_of(made: Made, *, level_db: float = 0.0, moving: bool = True) -> npt.NDArray[np.int32]:
    """Return what the converter gives, ``(6, n)``: the heart at a level, other motion as it is or left out.

    An empty trial has neither.
    """
    record = made.record
    total = record.noise
    if made.trial.occupied:
        total = total + 10 ** (level_db / 20) * record.heart
        if moving:
            total = total + record.people
    top = Geophone().full_scale
    return np.clip(np.rint(total), -top - 1, top).astype(np.int32)


def samples(duration_s: float) -> int:
    return round(duration_s * FS_HZ)
