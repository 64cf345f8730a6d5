"""The X-ray network on another renderer's lorries: the simulator of an earlier version, at 6 MV.

Run by hand:

    python -m tests.bench.xray_former [--model FILE] [--pairs 200]

Rays are parallel there, people are made of ellipsoids, and lorry, load and detector are drawn by other code;
nobody trained on it. Pictures go through the same chain, thresholds are the frozen ones.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track

from calibration.line_pixels import PixelClass
from drivers.api import LineBlock
from models.runtime import ImageModel, ImageScore, shipped_model
from models.training.xray_pictures import MM_PER_PX
from scanner.signals.xray_chain import chain_state, finish, gather
from scanner.signals.xray_scan import Setup
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.cargo import Load
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from tests.bench.xray_people_frozen import FROZEN, Frozen, NotFrozen, check, read, settle
from tests.bench.xray_people_judge import NOMINAL_KV
from tests.bench.xray_people_report import head, row, told
from tests.bench.xray_people_scoring import ALL, Array, Figure, auc_figure, share
from tests.simulation.former.lines import blocks
from tests.simulation.former.xray_scene import ENCODER_UM_PER_COUNT, XrayPassage, render_passage

FIRST_SEED = 39_000_000
MOST_PERSONS = 4
LOADS = {
    CargoClass.EMPTY: Load.EMPTY,
    CargoClass.BOXED: Load.BOXES,
    CargoClass.FROZEN: Load.FROZEN,
    CargoClass.PRODUCE: Load.FRUIT,
    CargoClass.MEAT: Load.CARCASSES,
    CargoClass.DRY_ICE: Load.DRY_ICE,
    CargoClass.LIQUID: Load.LIQUID,
}
"""Whose threshold each declared cargo takes."""

Look = Callable[["FormerPicture"], ImageScore]


@dataclass(frozen=True, slots=True)
class FormerPicture:
    """A corrected picture of the former simulator.

    Parameters
    ----------
    image : float32 ``(height, width)``, log-attenuation.
    clear : bool of that shape, where the beam came through and something was measured.
    people : bool of that shape, truth.
    """

    image: npt.NDArray[np.float32]
    clear: npt.NDArray[np.bool_]
    people: npt.NDArray[np.bool_]


def declaration(cargo: CargoClass) -> Declaration:
    """Return the declaration that a lorry of a cargo is drawn from."""
    kind = VehicleClass.TANKER if cargo is CargoClass.LIQUID else VehicleClass.REEFER
    return Declaration(kind, cargo, laden=cargo is not CargoClass.EMPTY)


def picture(seed: int, cargo: CargoClass, persons: int) -> FormerPicture:
    """Draw a lorry and take it through the chain; the same seed with 0 persons is the twin."""
    passage = render_passage(declaration(cargo), persons, np.random.default_rng(seed))
    state = chain_state(Setup(MM_PER_PX, encoder_um_per_count=float(ENCODER_UM_PER_COUNT)))
    for item in blocks(passage):
        if isinstance(item, LineBlock):
            state = gather(item, state)
    scan = finish(state)[0]
    return FormerPicture(
        scan.image,
        scan.mask <= PixelClass.INTERPOLATED,
        _people(passage, scan.line_of_column, scan.image.shape),
    )


def _people(passage: XrayPassage, line_of_column: Array, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    lines = np.clip(np.rint(line_of_column).astype(int), 0, passage.persons_mask.shape[0] - 1)
    pixels = np.rint((np.arange(shape[0]) + 0.5) * MM_PER_PX * 1000 / passage.pixel_pitch_um - 0.5)
    return passage.persons_mask[lines][:, np.clip(pixels.astype(int), 0, passage.persons_mask.shape[1] - 1)].T


@dataclass(frozen=True, slots=True)
class Pair:
    """Scores of an occupied scene and of its twin."""

    cargo: CargoClass
    occupied: float
    empty: float
    on_person: bool


def pairs(look: Look, number: int) -> list[Pair]:
    """Score occupied scenes and their twins, cargo classes in turn."""
    out = []
    for k in track(range(number), "pairs", console=Console(stderr=True)):
        cargo = tuple(LOADS)[k % len(LOADS)]
        persons = 1 + (k // len(LOADS)) % MOST_PERSONS
        seen, empty = picture(FIRST_SEED + k, cargo, persons), picture(FIRST_SEED + k, cargo, 0)
        found = look(seen)
        highest = found.heatmap == found.heatmap.max()
        out.append(Pair(cargo, found.score, look(empty).score, bool(seen.people[highest].mean() > 0.5)))
    return out


def figures(found: list[Pair], frozen: Frozen) -> dict[str, dict[str, Figure]]:
    """Return detection, false alarms and AUC by cargo and of all."""
    out = {}
    for name in (*(c.value for c in LOADS), ALL):
        own = [p for p in found if name in (ALL, p.cargo.value)]
        limits = np.array([frozen.threshold(Beam.LINAC.value, LOADS[p.cargo].value) for p in own])
        one, none = np.array([p.occupied for p in own]), np.array([p.empty for p in own])
        hit = one > limits
        out[name] = {
            "detected": share(hit),
            "false_alarms": share(none > limits),
            "auc": auc_figure(one, none),
            "on_person": share([p.on_person for p, h in zip(own, hit, strict=True) if h]),
        }
    return out


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, default=shipped_model("xray-people"))
    parser.add_argument("--frozen", type=Path, default=FROZEN)
    parser.add_argument("--pairs", type=int, default=200, help="occupied scenes with their twins")
    chosen = parser.parse_args(arguments)
    model = ImageModel(chosen.model, "log_attenuation")
    try:
        frozen = read(chosen.frozen)
        check(frozen, settle(chosen.model, model.card))
    except NotFrozen as refused:
        sys.exit(str(refused))
    found = figures(
        pairs(lambda p: model.infer(p.image, None, p.clear, NOMINAL_KV[Beam.LINAC]), chosen.pairs), frozen
    )
    print(*head("cargo", "pairs", "detected", "twins that alarm", "AUC", "maximum on a person"), sep="\n")
    for name, own in found.items():
        print(
            row(
                name,
                f"{own['detected']['n']}",
                told(own["detected"]),
                told(own["false_alarms"]),
                told(own["auc"], 3),
                told(own["on_person"]),
            )
        )


if __name__ == "__main__":
    main()
