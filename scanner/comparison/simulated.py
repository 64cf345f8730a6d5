"""Simulated lorries to compare models on: seeds that no training, validation or test scene has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

from calibration.certificates import Certificate
from drivers.api import GeneratorState, LineBlock, LineScanEnd, Reading, Role, Stamp
from scanner.comparison.trials import ImageTrial, scored
from scanner.modality import Sensor
from scanner.simulation.xray.beam import BEAM_KV, Beam, draw_spectrum
from scanner.simulation.xray.cargo import Load
from scanner.simulation.xray.lines import line_blocks
from scanner.simulation.xray.passage import ENCODER_UM_PER_COUNT, Passage, drive_through
from scanner.simulation.xray.scene import SceneSpec, draw_group, draw_load, draw_masses, nobody_in, shine
from scanner.simulation.xray.vehicles import TANKERS
from scanner.vehicle import CargoClass, Declaration, VehicleClass

FIRST_SEED = 40_000_000
"""Training scenes begin at 10, validation at 20 and test at 30 million."""
DECLARED = {
    Load.EMPTY: CargoClass.EMPTY,
    Load.BOXES: CargoClass.BOXED,
    Load.FROZEN: CargoClass.FROZEN,
    Load.DRY_ICE: CargoClass.DRY_ICE,
    Load.FRUIT: CargoClass.PRODUCE,
    Load.CARCASSES: CargoClass.MEAT,
    Load.DRUMS: CargoClass.BOXED,
    Load.BULK: CargoClass.BOXED,
    Load.IRREGULAR: CargoClass.BOXED,
    Load.MIXED: CargoClass.BOXED,
    Load.LIQUID: CargoClass.LIQUID,
}
_SENSOR, _SUPPLY = "portal", "supply"
_LATER_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Lorry:
    """One drawn lorry, at one beam, with people or without.

    Parameters
    ----------
    items : what a lane's drivers hand over of its passage, in order.
    """

    seed: int
    beam: Beam
    load: Load
    occupied: bool
    declaration: Declaration
    sensors: dict[str, Sensor]
    items: tuple[Reading, ...]


def lorries(
    seed: int, beams: Sequence[Beam] = tuple(Beam), n_pixels: int = 256, n_lines: int = 1024
) -> Iterator[Lorry]:
    """Yield the lorry of a seed at each beam, occupied and empty.

    Where nobody finds room in it there is only the empty one.
    """
    body, load = draw_load(seed)
    spec = SceneSpec(seed, beams[0], body, load, bodies="test", n_pixels=n_pixels, n_lines=n_lines)
    masses = draw_masses(replace(spec, persons=draw_group(spec)))
    kind = VehicleClass.TANKER if body in TANKERS else VehicleClass.REEFER
    declaration = Declaration(kind, DECLARED[load], laden=load is not Load.EMPTY)
    for beam in beams:
        of_beam = replace(masses, spec=replace(masses.spec, beam=beam))
        scene = shine(of_beam, draw_spectrum(beam, of_beam.spec.draw("beam")))
        for one in (scene, nobody_in(scene)) if scene.who else (nobody_in(scene),):
            passage = drive_through(one)
            yield Lorry(
                seed, beam, load, bool(one.who), declaration, _sensors(passage, beam), _items(passage, beam)
            )


def simulated_trials(
    count: int, models: Sequence[Path], beams: Sequence[Beam] = tuple(Beam), workers: int = 1
) -> Iterator[tuple[ImageTrial, ...]]:
    """Yield the trials of one lorry after another, seeds from `FIRST_SEED` on."""
    seeds = range(FIRST_SEED, FIRST_SEED + count)
    if workers == 1:
        yield from map(_of_seed, seeds, repeat(tuple(models)), repeat(tuple(beams)))
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_of_seed, seeds, repeat(tuple(models)), repeat(tuple(beams)))


def _of_seed(seed: int, models: Sequence[Path], beams: Sequence[Beam]) -> tuple[ImageTrial, ...]:
    trials = []
    for lorry in lorries(seed, beams):
        scores, why = scored(lorry.items, lorry.sensors, lorry.declaration, models)
        name = f"{seed} {'occupied' if lorry.occupied else 'empty'} {lorry.beam.value}"
        trials.append(
            ImageTrial(name, str(seed), lorry.beam.value, lorry.load.value, lorry.occupied, scores, why)
        )
    return tuple(trials)


def _sensors(passage: Passage, beam: Beam) -> dict[str, Sensor]:
    certificate = Certificate(
        "simulated",
        dt.date(2026, 1, 1),
        dt.date(2027, 1, 1),
        {
            "top_mm": passage.top_mm,
            "encoder_um_per_count": float(ENCODER_UM_PER_COUNT),
            "beam_kv": BEAM_KV[beam],
        },
    )
    portal = Sensor(_SENSOR, Role.PORTAL, ("lines", "line_scan_end"), 0.0, certificate=certificate)
    return {_SENSOR: portal}


def _items(passage: Passage, beam: Beam) -> tuple[Reading, ...]:
    blocks: list[LineBlock] = list(line_blocks(passage, sensor=_SENSOR))
    received = sum(block.line_numbers.size for block in blocks)
    sent = max(int(block.line_numbers[-1]) for block in blocks if block.line_numbers.size)
    supply = GeneratorState("on", BEAM_KV[beam], 1.0, Stamp(_SUPPLY, Role.GENERATOR, 0, 0))
    end = LineScanEnd(
        blocks[0].scan,
        sent,
        max(sent - received, 0),
        "",
        received,
        received >= sent,
        stamp=Stamp(_SENSOR, Role.PORTAL, _LATER_NS, 0),
    )
    return (supply, *blocks, end)
