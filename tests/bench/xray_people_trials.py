"""Trials of the X-ray judgement: which lorry, who hides in it, and what the scanner sends of it.

Scenes are drawn from `RANGES`, other ranges than training's, with other people's bodies. An occupied
scene's twin has nobody inside and is otherwise the same; empty scenes have seeds of their own besides.
Each lorry is drawn once and shone through by both beams.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from models.training.xray_pictures import SPLITS, spec_of
from scanner.simulation.body_library import library
from scanner.simulation.xray.beam import Beam, draw_spectrum
from scanner.simulation.xray.cargo import Load
from scanner.simulation.xray.passage import Passage, drive_through
from scanner.simulation.xray.ranges import Ranges, read_ranges
from scanner.simulation.xray.scene import SceneSpec, draw_masses, nobody_in, shine
from scanner.simulation.xray.vehicles import TANKERS
from scanner.vehicle import CargoClass, Declaration, VehicleClass

RANGES = Path(__file__).with_name("xray_people.toml")

FIRST_OCCUPIED = SPLITS["test"]
FIRST_EMPTY = SPLITS["test"] + 1_000_000
MOST = 1_000_000
"""Trials of a kind: seeds of the two kinds never meet."""

OCCUPIED, TWIN, EMPTY = "occupied", "twin", "empty"

DECLARED = {
    Load.EMPTY: CargoClass.EMPTY,
    Load.FROZEN: CargoClass.FROZEN,
    Load.DRY_ICE: CargoClass.DRY_ICE,
    Load.FRUIT: CargoClass.PRODUCE,
    Load.CARCASSES: CargoClass.MEAT,
    Load.LIQUID: CargoClass.LIQUID,
}
"""What papers say of a load; everything else is boxed."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One lorry: an occupied one with its twin, or an empty one."""

    number: int
    occupied: bool

    @property
    def seed(self) -> int:
        """Apart from training's and validation's seeds, and from those of the other kind.

        >>> Trial(7, True).seed, Trial(7, False).seed
        (30000007, 31000007)
        """
        if not 0 <= self.number < MOST:
            raise ValueError(f"a trial's number lies within 0 and {MOST}, not {self.number}")
        return (FIRST_OCCUPIED if self.occupied else FIRST_EMPTY) + self.number


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who hides, by what tables tell apart."""

    pose: str
    place: str
    age: str


@dataclass(frozen=True, slots=True)
class View:
    """A lorry as one beam sees it.

    Parameters
    ----------
    side : `OCCUPIED`, its `TWIN`, or `EMPTY`.
    visible_m2 : area in which people stand above the noise.
    attenuation : median log-attenuation of the rays through people; NaN without any.
    """

    spec: SceneSpec
    side: str
    passage: Passage
    people: tuple[Person, ...]
    visible_m2: float
    attenuation: float


def declaration_of(spec: SceneSpec) -> Declaration:
    """Return the honest declaration of a scene."""
    kind = VehicleClass.TANKER if spec.body in TANKERS else VehicleClass.REEFER
    cargo = DECLARED.get(spec.load, CargoClass.BOXED)
    return Declaration(kind, cargo, laden=spec.load is not Load.EMPTY)


def views(trial: Trial, ranges: Ranges | None = None) -> Iterator[View]:
    """Draw a trial's lorry and yield what is sent of it: an occupied one and its twin, or the empty one."""
    spec = spec_of(trial.seed, Beam.LINAC, "test", ranges or held_out())
    return views_of(spec if trial.occupied else spec.twin())


def views_of(spec: SceneSpec) -> Iterator[View]:
    """Yield what is sent of one drawn lorry, both beams; with people in it, of its twin besides."""
    masses = draw_masses(spec)
    ages = _ages()
    people = tuple(Person(w.pose, w.place.value, ages[w.body]) for w in masses.who)
    for beam in Beam:
        own = replace(spec, beam=beam)
        scene = replace(shine(masses, draw_spectrum(beam, own.draw("beam"))), spec=own)
        if not people:
            yield View(own, EMPTY, drive_through(scene), (), 0.0, math.nan)
            continue
        passage = drive_through(scene)
        visible_m2 = float(passage.visible.sum()) * float(np.mean(np.diff(scene.x_m))) * scene.pixel_m
        through = passage.log_attenuation[passage.people_m > 0.02]
        middle = float(np.median(through)) if through.size else math.nan
        yield View(own, OCCUPIED, passage, people, visible_m2, middle)
        yield View(own.twin(), TWIN, drive_through(nobody_in(scene)), (), 0.0, math.nan)


@lru_cache(maxsize=1)
def held_out() -> Ranges:
    """Return the ranges of the judgement."""
    return read_ranges(RANGES)


@lru_cache(maxsize=1)
def _ages() -> dict[int, str]:
    return {entry.body: entry.age_class for entry in library().entries}
