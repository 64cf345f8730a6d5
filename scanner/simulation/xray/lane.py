"""The X-ray passage of a declared lorry in a lane: what it carries, and a scanner that is well kept."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from importlib import resources

from scanner.simulation.body_library import Split
from scanner.simulation.lorry_spec import BODIES
from scanner.simulation.priors import stream
from scanner.simulation.xray.beam import Beam, draw_spectrum
from scanner.simulation.xray.cargo import Load
from scanner.simulation.xray.passage import Passage, drive_through
from scanner.simulation.xray.ranges import Draw, Ranges, read_ranges
from scanner.simulation.xray.scene import RANGE_M, SceneSpec, draw_masses, shine
from scanner.simulation.xray.vehicles import TANKERS, Body
from scanner.vehicle import CargoClass, Declaration, VehicleClass

TABLE = "lane.toml"

LOADS: dict[CargoClass, tuple[Load, ...]] = {
    CargoClass.EMPTY: (Load.EMPTY,),
    CargoClass.BOXED: (Load.BOXES, Load.BOXES, Load.BOXES, Load.MIXED, Load.DRUMS, Load.IRREGULAR),
    CargoClass.FROZEN: (Load.FROZEN,),
    CargoClass.PRODUCE: (Load.FRUIT,),
    CargoClass.MEAT: (Load.CARCASSES,),
    CargoClass.DRY_ICE: (Load.DRY_ICE, Load.DRY_ICE, Load.FROZEN),
    CargoClass.LIQUID: (Load.DRUMS,),
    CargoClass.INERT: (Load.DRUMS, Load.BULK),
}
"""What a box body carries under each declared cargo, one of them drawn (assumption); dry ice also cools
frozen goods, liquids come in drums there."""

TANK_LOADS = {CargoClass.EMPTY: (Load.EMPTY,), CargoClass.INERT: (Load.EMPTY, Load.LIQUID)}
"""What a tank holds; anything else is a liquid. Under inert gas it is empty or has product."""

FILL = {True: [0.6, 1.0], False: [0.25, 0.6]}
"""Share of pallet places, by whether the lorry is declared laden."""


@cache
def lane_ranges() -> Ranges:
    """Return the ranges of a lane whose scanner is well kept."""
    text = resources.files(__package__).joinpath(TABLE).read_text(encoding="utf-8")
    return read_ranges().but(**tomllib.loads(text))


def lane_pitch_um(n_pixels: int, n_lines: int) -> tuple[int, int]:
    """Return what a lane's detector declares: pixel and line pitch in the lorry's middle plane.

    Examples
    --------
    >>> lane_pitch_um(256, 1024)
    (17773, 17188)
    """
    ends = lane_ranges().entries
    height_m = ends["geometry.top_m"][0] - ends["geometry.bottom_m"][0]
    return round(1e6 * height_m / n_pixels), round(1e6 * RANGE_M / n_lines)


def noisier(ranges: Ranges, noise: float) -> Ranges:
    """Return ranges of a detector whose noise has ``noise`` times the amplitude: fewer photons, more hiss.

    Examples
    --------
    >>> [round(end) for end in noisier(lane_ranges(), 2.0).entries["detector.photons"][:2]]
    [1000, 3000]
    """
    entries = ranges.entries
    fewest, most, *shape = entries["detector.photons"]
    least, largest, *hiss = entries["detector.electronic"]
    return ranges.but(
        detector={
            "photons": [fewest / noise**2, most / noise**2, *shape],
            "electronic": [least * noise, largest * noise, *hiss],
        }
    )


def declared_load(declaration: Declaration, seed: int) -> tuple[Body, Load]:
    """Return body and load of a declared lorry; the declaration is true."""
    draw = Draw(lane_ranges(), stream(seed, "xray", "declared"))
    if declaration.vehicle_class is VehicleClass.TANKER:
        return draw.one_of(TANKERS), draw.one_of(TANK_LOADS.get(declaration.cargo, (Load.LIQUID,)))
    return Body.REEFER, draw.one_of(LOADS[declaration.cargo])


def declared_spec(
    declaration: Declaration,
    persons: int,
    seed: int,
    beam: Beam = Beam.LINAC,
    n_pixels: int = 512,
    n_lines: int = 1024,
    ranges: Ranges | None = None,
    bodies: Split = BODIES,
) -> SceneSpec:
    """Return the scene of a declared lorry.

    Parameters
    ----------
    persons : who hide inside; lorry, load, detector and noise of a seed do not depend on it.
    ranges : None = those of a well-kept lane.
    bodies : part of the body library that people come from.
    """
    body, load = declared_load(declaration, seed)
    chosen = (ranges or lane_ranges()).but(cargo={"fill": FILL[declaration.laden]})
    return SceneSpec(seed, beam, body, load, persons, bodies, n_pixels, n_lines, chosen)


def lane_passages(
    spec: SceneSpec, beams: Sequence[Beam], visit_seed: int | None = None
) -> Iterator[tuple[Beam, Passage]]:
    """Yield the passage of one lorry at each of some beams.

    Parameters
    ----------
    visit_seed : of detector and noise, None = the scene's.
    """
    masses = draw_masses(spec)
    for beam in beams:
        scene = shine(masses, draw_spectrum(beam, spec.draw("beam")))
        seen = replace(spec, beam=beam, seed=spec.seed if visit_seed is None else visit_seed)
        yield beam, drive_through(replace(scene, spec=seen))


def lane_passage(spec: SceneSpec, visit_seed: int | None = None) -> Passage:
    """Return the passage of one lorry at its own beam."""
    return next(lane_passages(spec, (spec.beam,), visit_seed))[1]


@lru_cache(maxsize=4)
def declared_passage(
    declaration: Declaration,
    persons: int,
    seed: int,
    visit_seed: int,
    beam: Beam = Beam.LINAC,
    n_pixels: int = 512,
    n_lines: int = 1024,
    bodies: Split = BODIES,
    noise: float = 1.0,
) -> Passage:
    """Return the passage of a declared lorry; played again it is the same object: do not change it.

    Parameters
    ----------
    noise : amplitude, in that of a well-kept lane.
    """
    ranges = lane_ranges() if noise == 1.0 else noisier(lane_ranges(), noise)
    spec = declared_spec(declaration, persons, seed, beam, n_pixels, n_lines, ranges, bodies)
    return lane_passage(spec, visit_seed)
