"""Thermal training and test images of simulated doors, through the product's own signal path."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scanner.signals.thermal import temperature_excess_k
from scanner.simulation.thermal_scene import SHAPE, DoorsScene
from scanner.vehicle import CargoClass, Declaration, VehicleClass

SPLITS = {"train": 0, "validation": 1, "test": 2}
_REEFER_CARGO = (
    CargoClass.EMPTY, CargoClass.BOXED, CargoClass.PRODUCE,
    CargoClass.MEAT, CargoClass.FROZEN, CargoClass.DRY_ICE,
)  # fmt: skip
_TANKER_CARGO = (CargoClass.EMPTY, CargoClass.LIQUID, CargoClass.INERT)


@dataclass(frozen=True, slots=True)
class Scene:
    """One image as the model will see it: physical values, truth and where people could be."""

    image: npt.NDArray[np.float32]
    people: npt.NDArray[np.bool_]
    space: npt.NDArray[np.bool_]
    occupied: bool
    group: str


def seed_text(seed: int, split: str, count: int) -> str:
    """Return how the scenes of a split are numbered, for the card."""
    return f"default_rng([{seed}, {SPLITS[split]}, i]) for i in 0..{count - 1}"


def _declared(rng: np.random.Generator) -> Declaration:
    tanker = rng.random() < 0.25
    cargo = _TANKER_CARGO if tanker else _REEFER_CARGO
    return Declaration(
        VehicleClass.TANKER if tanker else VehicleClass.REEFER,
        cargo[int(rng.integers(len(cargo)))],
        laden=bool(rng.random() < 0.5),
    )


def thermal_scene(seed: int, split: str, index: int) -> Scene:
    """Return the mean of 4 to 16 frames of some doors; even numbers are empty."""
    rng = np.random.default_rng([seed, SPLITS[split], index])
    declaration = _declared(rng)
    persons = int(rng.integers(1, 13)) if index % 2 else 0
    outside_c = float(rng.uniform(-8, 33))
    cold = declaration.cargo in (CargoClass.FROZEN, CargoClass.DRY_ICE)
    chilled = declaration.cargo in (CargoClass.PRODUCE, CargoClass.MEAT, CargoClass.BOXED)
    near_outside = outside_c + float(rng.normal(0, 4))
    inside_c = (
        float(rng.uniform(-25, -12)) if cold else float(rng.uniform(0, 12)) if chilled else near_outside
    )
    scene = DoorsScene(declaration, persons, inside_c, outside_c, rng)
    start = 100 * rng.random()
    times = start + 0.25 * np.arange(int(rng.integers(4, 17)))
    frames = np.stack([scene.frame_c(float(t)) for t in times])
    warm = np.mean([scene.persons_k(float(t)) for t in times], axis=0) > 0.25
    group = f"{declaration.vehicle_class.value} {'ajar' if scene.ajar else 'closed'}"
    everywhere = np.ones(SHAPE, bool)
    return Scene(temperature_excess_k(frames), warm, everywhere, persons > 0, group)


def code_sha256() -> str:
    """Return a hash of the sources that make the scenes and the network."""
    root = Path(__file__).parents[2]
    folders = ("models/training", "scanner/simulation", "scanner/signals")
    files = [
        path for folder in folders for path in (root / folder).iterdir() if path.suffix in (".py", ".csv")
    ]
    wanted = [f for f in files if f.stem in _SOURCES] + [root / "calibration" / "imager.py"]
    digest = hashlib.sha256()
    for path in sorted(wanted):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


_SOURCES = {"figures", "fitting", "networks", "scenes", "thermal", "thermal_scene", "training"}
