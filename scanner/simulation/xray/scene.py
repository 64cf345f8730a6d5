"""One lorry in a line scanner: the scene by its seed, with people or without, and what it lets through.

Every quantity has its own random stream, so an occupied scene and its empty twin (the
same seed, nobody inside) have the same lorry, load, holes, things, beam, speed, detector
and noise. They differ where the people are and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from scanner.simulation.attenuation import Spectrum
from scanner.simulation.body_library import Split
from scanner.simulation.priors import stream
from scanner.simulation.xray.beam import Beam, draw_spectrum
from scanner.simulation.xray.canvas import FanCanvas, Image
from scanner.simulation.xray.cargo import Load, draw_cargo, draw_liquid
from scanner.simulation.xray.fan import Fan, arc_fan, straight_fan
from scanner.simulation.xray.hiding import draw_holes
from scanner.simulation.xray.people import Who, draw_driver, draw_people
from scanner.simulation.xray.ranges import Draw, Ranges, read_ranges
from scanner.simulation.xray.things import draw_things
from scanner.simulation.xray.vehicles import Body, LoadSpace, draw_vehicle

Array = npt.NDArray[np.float64]

START_M, RANGE_M = -0.3, 17.6
"""Lines begin before the bumper and end behind the last door."""


@dataclass(frozen=True, slots=True)
class SceneSpec:
    """What a scene is drawn from.

    Parameters
    ----------
    persons : who hide in the load space.
    bodies : part of the body library that they come from: train, validation or test.
    n_pixels, n_lines : of the detector and of the passage.
    """

    seed: int
    beam: Beam
    body: Body
    load: Load
    persons: int = 0
    bodies: Split = "train"
    n_pixels: int = 256
    n_lines: int = 1024
    ranges: Ranges | None = None

    def draw(self, room: str) -> Draw:
        """Return the draws of one room of the scene."""
        return Draw(self.ranges or read_ranges(), stream(self.seed, "xray", room))

    def twin(self) -> SceneSpec:
        """Return the same scene with nobody inside."""
        return replace(self, persons=0)


@dataclass(frozen=True, slots=True)
class Masses:
    """What the rays of a scene pass, before any beam is switched on.

    Parameters
    ----------
    x_m, space, areal_g_cm2, people_m, who : as in `Scene`.
    without_people_g_cm2 : by material, without those who hide.
    """

    spec: SceneSpec
    fan: Fan
    x_m: Array
    space: LoadSpace
    areal_g_cm2: dict[str, Image]
    without_people_g_cm2: dict[str, Image]
    people_m: Image
    who: tuple[Who, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene as rays see it.

    Parameters
    ----------
    x_m : float ``(n_lines,)``, where each line cuts the lorry.
    space : its load space.
    areal_g_cm2 : by material, ``(n_lines, n_pixels)``, people included.
    people_m : float32 of that shape, length of each ray in people who hide (the driver is none).
    transmission, without_people : float32 of that shape, 0..1, of the primary beam.
    who : the people who hide.
    """

    spec: SceneSpec
    fan: Fan
    x_m: Array
    space: LoadSpace
    spectrum: Spectrum
    areal_g_cm2: dict[str, Image]
    people_m: Image
    transmission: Image
    without_people: Image
    who: tuple[Who, ...]

    @property
    def pixel_m(self) -> float:
        """Mean height of a pixel in the middle plane."""
        z = self.fan.z_m(0.0)
        return float((z[0] - z[-1]) / (z.size - 1))


def draw_group(spec: SceneSpec) -> int:
    """Return how many people hide together in an occupied scene of this seed."""
    return int(spec.draw("group").kind("hiding.group"))


def draw_load(seed: int, ranges: Ranges | None = None) -> tuple[Body, Load]:
    """Return a body and a load that belong together, all loads about as often."""
    draw = Draw(ranges or read_ranges(), stream(seed, "xray", "load"))
    load = draw.one_of(tuple(Load))
    if load is Load.LIQUID:
        return Body(f"{draw.kind('tanker.kind')} tanker"), load
    if load is Load.EMPTY:
        return draw.one_of(
            (Body.REEFER, Body.REEFER, Body.FUEL, Body.FOOD, Body.CHEMICAL, Body.CONTAINER)
        ), load
    if load in (Load.CARCASSES, Load.FROZEN, Load.DRY_ICE, Load.FRUIT):
        return draw.one_of((Body.REEFER, Body.REEFER, Body.REEFER, Body.CONTAINER)), load
    return draw.one_of((Body.REEFER, Body.REEFER, Body.CURTAIN, Body.CONTAINER)), load


def draw_scene(spec: SceneSpec) -> Scene:
    """Return the scene of a spec."""
    return shine(draw_masses(spec), draw_spectrum(spec.beam, spec.draw("beam")))


def draw_masses(spec: SceneSpec) -> Masses:
    """Return what the rays of a scene pass, whatever the beam."""
    fan = _fan(spec)
    x_m = _positions(spec)
    canvas = FanCanvas(x_m, fan)
    space = draw_vehicle(canvas, spec.body, spec.draw("vehicle"))
    if space.seat is not None and spec.draw("driver").happens("vehicle.driver"):
        draw_driver(canvas, space.seat, spec.draw("driver's body"), spec.bodies)
    cargo = spec.draw("cargo")
    height_m = min(cargo("cargo.height_m"), space.box.z1 - space.box.z0 - 0.1)
    height_m *= spec.load is not Load.EMPTY
    levels = _levels(space, spec.load, spec.draw("levels"))
    holes = draw_holes(space, height_m, levels, spec.draw("holes"))
    liquid = None
    if space.compartments:
        liquid = draw_liquid(canvas, space, levels, cargo)
    else:
        draw_cargo(canvas, space, spec.load, height_m, holes, cargo)
    draw_things(canvas, space, holes, spec.draw("things"))
    before = {name: areal.copy() for name, areal in canvas.areal_g_cm2.items()} if spec.persons else {}
    who, people_m = draw_people(
        canvas, holes, max(levels, default=None), liquid, spec.persons, spec.bodies, spec.draw("people")
    )
    areal = {name: np.maximum(layer, 0) for name, layer in canvas.areal_g_cm2.items()}
    without = {name: np.maximum(layer, 0) for name, layer in before.items()} if spec.persons else areal
    return Masses(spec, fan, x_m, space, areal, without, people_m, who)


def shine(masses: Masses, spectrum: Spectrum) -> Scene:
    """Return a scene's masses as rays of one spectrum see them."""
    without = spectrum.transmission(masses.without_people_g_cm2)
    transmission = without.copy()
    lines = masses.people_m.any(axis=1)
    if lines.any():
        with_people = {name: layer[lines] for name, layer in masses.areal_g_cm2.items()}
        transmission[lines] = spectrum.transmission(with_people)
    return Scene(
        masses.spec,
        masses.fan,
        masses.x_m,
        masses.space,
        spectrum,
        masses.areal_g_cm2,
        masses.people_m,
        transmission,
        without,
        masses.who,
    )


def _levels(space: LoadSpace, load: Load, draw: Draw) -> tuple[float, ...]:
    """How high the liquid stands in each compartment, m above the road."""
    levels = []
    for room in space.compartments:
        filled = draw("cargo.liquid_fill") if load is Load.LIQUID else 0.0
        levels.append(room.z - room.half_z + 2 * room.half_z * filled)
    if levels and load is Load.LIQUID:
        # one compartment is dry or shallow, or nobody could be in it
        dry = int(draw.rng.integers(len(levels)))
        room = space.compartments[dry]
        levels[dry] = room.z - room.half_z + draw.between(0.0, 0.45) * 2 * room.half_z
    return tuple(levels)


def _fan(spec: SceneSpec) -> Fan:
    draw = spec.draw("geometry")
    ends = draw("geometry.top_m"), draw("geometry.bottom_m")
    source = -draw("geometry.source_m"), draw("geometry.source_z_m")
    make = arc_fan if draw.happens("geometry.arc") else straight_fan
    return make(spec.n_pixels, *ends, *source)


def _positions(spec: SceneSpec) -> Array:
    """Where each line was taken: a lorry never drives at exactly nominal speed."""
    draw = spec.draw("drive")
    knots = 1 + draw("drive.speed_spread") * draw.rng.normal(size=6)
    speed = np.interp(np.linspace(0, 5, spec.n_lines), np.arange(6), np.clip(knots, 0.5, 1.8))
    way = np.cumsum(speed) - 0.5 * speed
    return np.asarray(START_M + RANGE_M * way / speed.sum())


def visible(scene: Scene, photons: float, electronic: float, patch_m: float = 0.05) -> npt.NDArray[np.bool_]:
    """Return where people who hide stand above the noise, bool ``(n_lines, n_pixels)``.

    There the change of transmission that they make, mean over a patch, is more than three standard
    deviations of the patch's own noise.

    Parameters
    ----------
    photons : counted a pixel and line in the open beam.
    electronic : standard deviation of the dark signal, in shares of the open beam.
    """
    if not scene.who:
        return np.zeros(scene.people_m.shape, bool)
    line_m = float(np.mean(np.diff(scene.x_m)))
    size = (max(round(patch_m / line_m), 1), max(round(patch_m / scene.pixel_m), 1))
    change = ndimage.uniform_filter(scene.without_people - scene.transmission, size, mode="nearest")
    variance = ndimage.uniform_filter(scene.without_people, size, mode="nearest") / photons + electronic**2
    seen = np.abs(change) > 3 * np.sqrt(np.maximum(variance, 0) / (size[0] * size[1]))
    return np.asarray(seen & (scene.people_m > 0.01))


def visible_m2(scene: Scene, photons: float, electronic: float, patch_m: float = 0.05) -> float:
    """Return the area in which people who hide are `visible`, m2 in the middle plane."""
    line_m = float(np.mean(np.diff(scene.x_m)))
    return float(visible(scene, photons, electronic, patch_m).sum() * line_m * scene.pixel_m)


def load_space(scene: Scene) -> npt.NDArray[np.bool_]:
    """Return which rays cross the load space's box, bool ``(n_lines, n_pixels)``."""
    box = scene.space.box
    across = np.zeros(scene.fan.n_pixels, bool)
    for y in (box.y0, 0.0, box.y1):
        z = scene.fan.z_m(y)
        across |= (z > box.z0) & (z < box.z1)
    along = (scene.x_m > box.x0) & (scene.x_m < box.x1)
    return np.asarray(along[:, np.newaxis] & across)


def nobody_in(scene: Scene) -> Scene:
    """Return a drawn scene's twin without drawing it again (its areal masses stay the occupied one's)."""
    nothing = np.zeros_like(scene.people_m)
    return replace(scene, spec=scene.spec.twin(), people_m=nothing, transmission=scene.without_people, who=())
