"""Lorries without cargo: running gear, cab, and the load space of each kind of body.

The front bumper is at about x = 0.25 m, the road at z = 0, the middle plane at y = 0.
Sizes: directive 96/53/EC (16.5 m long, 4.0 m high, 2.6 m wide when insulated).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from scanner.simulation.xray.blends import ALUMINIUM, DIESEL, FOAM, GLASS, GRP, RUBBER, SEAT, STEEL, WOOD
from scanner.simulation.xray.canvas import Blend, Extent, FanCanvas
from scanner.simulation.xray.ranges import Draw


class Body(StrEnum):
    """What a trailer or container is."""

    REEFER = "reefer"
    FUEL = "fuel tanker"
    FOOD = "food tanker"
    CHEMICAL = "chemical tanker"
    CURTAIN = "curtain-sider"
    CONTAINER = "container"


TANKERS = (Body.FUEL, Body.FOOD, Body.CHEMICAL)


@dataclass(frozen=True, slots=True)
class Compartment:
    """One room of a tank, an elliptic cylinder along the lorry."""

    x0: float
    x1: float
    z: float
    half_y: float
    half_z: float


@dataclass(frozen=True, slots=True)
class LoadSpace:
    """Where cargo and people can be; a tank's are its compartments, ``box`` then holds all of them."""

    body: Body
    box: Extent
    compartments: tuple[Compartment, ...] = ()
    seat: Extent | None = None
    """Where a driver sits, if there is a cab."""


def draw_vehicle(canvas: FanCanvas, body: Body, draw: Draw) -> LoadSpace:
    """Add a lorry without cargo and return its load space."""
    alone = draw.happens("vehicle.trailer_alone")
    radius = draw("vehicle.wheel_radius_m")
    seat = None if alone else _tractor(canvas, draw, radius)
    front = draw.between(2.7, 3.9) + draw.between(0.0, 0.9)
    if body in TANKERS:
        space = _tanker(canvas, body, front, radius, draw)
    elif body is Body.REEFER:
        space = _reefer(canvas, front, radius, draw)
    else:
        space = _open(canvas, body, front, radius, draw)
    _running_gear(canvas, space.box, radius, draw, alone)
    return LoadSpace(space.body, space.box, space.compartments, seat)


def box(
    canvas: FanCanvas,
    blend: Blend,
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
) -> None:
    """Add a box by its three sides."""
    canvas.box(blend, Extent(*x, *y, *z))


def _axle(canvas: FanCanvas, x: float, radius: float, twin: bool, rim: Blend) -> None:
    width = 0.56 if twin else 0.34
    for side in (-1.0, 1.0):
        y0, y1 = sorted((side * 1.24, side * (1.24 - width)))
        canvas.wheel(RUBBER, x, radius, radius, y0, y1)
        # what a rim takes out of the tyre is mostly air
        canvas.wheel({"rubber": -1.0}, x, radius, 0.6 * radius, y0, y1)
        canvas.wheel({"rubber": -0.85}, x, radius, 0.85 * radius, y0 + 0.02, y1 - 0.02)
        canvas.wheel(rim, x, radius, 0.55 * radius, y0 + 0.1, y0 + 0.112)
        drum0, drum1 = sorted((side * 0.70, side * 0.92))
        canvas.wheel({"iron": 3.5}, x, radius, 0.21, drum0, drum1)
    canvas.wheel({"iron": 5.0}, x, radius, 0.06, -0.95, 0.95)


def _tractor(canvas: FanCanvas, draw: Draw, radius: float) -> Extent:
    roof = draw("vehicle.cab_roof_m")
    rim = draw.one_of((STEEL, ALUMINIUM))
    _axle(canvas, draw.between(1.2, 1.6), radius, False, rim)
    _axle(canvas, draw.between(4.7, 5.4), radius, True, rim)
    for y in (-0.43, 0.43):
        box(canvas, STEEL, (0.2, 6.1), (y - 0.004, y + 0.004), (0.78, 1.04))
    box(canvas, {"iron": draw.between(1.5, 3.2)}, (0.5, 1.7), (-0.4, 0.4), (0.7, 1.35))  # engine
    box(canvas, {"aluminium": 1.3}, (1.7, 2.5), (-0.25, 0.25), (0.7, 1.15))
    box(canvas, {"aluminium": 0.6, "water": 0.3}, (0.3, 0.42), (-0.5, 0.5), (0.6, 1.5))  # radiator
    for side in (-1.0, 1.0):
        low, high = sorted((side * 0.65, side * 1.2))
        x0 = draw.between(2.4, 3.0)
        x1 = x0 + draw.between(0.6, 1.5)
        if draw.rng.random() < 0.75:
            shell = draw.one_of((STEEL, ALUMINIUM))
            hollow_box(canvas, shell, Extent(x0, x1, low, high, 0.45, 1.05), 0.002)
            level = 0.46 + 0.56 * draw.rng.random()
            box(canvas, DIESEL, (x0, x1), (low, high), (0.46, level))
        else:
            box(canvas, {"iron": 0.8}, (x0, x1), (low, high), (0.45, 1.05))  # batteries, exhaust, air
    cab = Extent(0.25, draw.between(2.1, 2.6), -1.22, 1.22, 1.0, roof)
    hollow_box(canvas, STEEL, cab, draw.between(0.001, 0.002))
    for side_y in ((-1.22, -1.216), (1.216, 1.22)):  # windows are thinner than doors
        box(canvas, {"iron": -7.85 * 0.3, "glass": 1.5}, (0.6, 1.4), side_y, (1.95, 2.65))
    box(canvas, GLASS, (0.27, 0.29), (-1.1, 1.1), (1.9, min(2.8, roof - 0.1)))
    for place_y in ((-0.95, -0.4), (0.4, 0.95)):
        box(canvas, SEAT, (1.3, 1.5), place_y, (1.3, 2.1))
        box(canvas, SEAT, (0.9, 1.4), place_y, (1.3, 1.48))
    box(canvas, {"polyurethane": 0.06}, (1.6, cab.x1 - 0.05), (-1.1, 1.1), (1.35, 1.55))
    box(canvas, {"polyethylene": 0.15}, (0.35, 0.7), (-1.1, 1.1), (1.4, 1.75))  # dashboard
    box(canvas, STEEL, (4.3, 5.3), (-0.3, 0.3), (1.04, 1.10))  # fifth wheel
    side = draw.one_of((-0.68, 0.68))
    return Extent(0.75, 1.45, side - 0.3, side + 0.3, 1.45, min(2.6, roof))


def hollow_box(canvas: FanCanvas, blend: Blend, extent: Extent, wall: float) -> None:
    """Add six walls."""
    canvas.box(blend, extent)
    inner = Extent(
        extent.x0 + wall, extent.x1 - wall, extent.y0 + wall, extent.y1 - wall,
        extent.z0 + wall, extent.z1 - wall,
    )  # fmt: skip
    canvas.box({material: -density for material, density in blend.items()}, inner)


def _running_gear(canvas: FanCanvas, space: Extent, radius: float, draw: Draw, alone: bool) -> None:
    rim = draw.one_of((STEEL, ALUMINIUM))
    pitch, last = draw.between(1.25, 1.45), space.x1 - draw.between(1.6, 2.8)
    twin = draw.rng.random() < 0.25
    for number in range(draw.whole("vehicle.axles")):
        _axle(canvas, last - number * pitch, radius, twin, rim)
    floor = space.z0
    beam = draw.between(0.006, 0.014)
    for y in (-0.5, 0.5):
        box(
            canvas,
            STEEL,
            (space.x0 + 0.4, space.x1 - 0.1),
            (y - beam / 2, y + beam / 2),
            (floor - 0.28, floor - 0.05),
        )
    down = 0.02 if alone else draw.between(0.25, 0.45)
    x = space.x0 + draw.between(2.2, 3.2)
    for y in (-0.85, 0.85):
        canvas.drum(STEEL, x, y, 0.06, down, floor - 0.1)
        canvas.drum({"iron": -7.85}, x, y, 0.05, down, floor - 0.1)
        box(canvas, STEEL, (x - 0.12, x + 0.12), (y - 0.12, y + 0.12), (down, down + 0.02))
    if draw.rng.random() < 0.5:
        x0 = x + draw.between(0.6, 1.5)
        low, high = draw.one_of(((-1.2, -0.6), (0.6, 1.2)))
        hollow_box(canvas, STEEL, Extent(x0, x0 + draw.between(0.8, 2.6), low, high, 0.45, 0.95), 0.002)
        box(canvas, {"cellulose": 0.25}, (x0, x0 + 0.7), (low, high), (0.46, 0.9))  # pallets, tools
    if draw.rng.random() < 0.4:
        canvas.wheel({"rubber": 0.5, "iron": 0.5}, x + 1.2, 0.75, 0.5, -0.3, 0.0)  # spare wheel
    if draw.rng.random() < 0.6:
        for y in (-1.24, 1.24):
            for z in (0.55, 0.85):
                box(canvas, ALUMINIUM, (x + 0.5, last - 2.6), (y - 0.01, y + 0.01), (z, z + 0.1))
    box(canvas, STEEL, (space.x1 + 0.02, space.x1 + 0.14), (-1.2, 1.2), (0.45, 0.57))  # underrun guard
    for y in (-0.3, 0.3):
        canvas.tube({"iron": 1.2}, last - 3.5, last - 2.8, 0.75, 0.14, 0.14, y=y)  # air tanks


def _reefer(canvas: FanCanvas, front: float, radius: float, draw: Draw) -> LoadSpace:
    length = min(draw("reefer.length_m"), 17.0 - front)
    half, wall, skin = draw("reefer.half_width_m"), draw("reefer.wall_m"), draw("reefer.skin_m")
    metal = {"steel": STEEL, "aluminium": ALUMINIUM, "grp": GRP}[draw.kind("reefer.skin")]
    if metal is GRP:
        skin *= 2.5
    floor = max(2 * radius + 0.12, 1.05) + draw.between(0.0, 0.2)
    z0 = floor + draw("reefer.floor_m")
    top = min(z0 + draw("reefer.inner_height_m") + wall, 4.1)
    outer = Extent(front, front + length, -half, half, floor, top)
    inner = Extent(front + wall, front + length - wall, -half + wall, half - wall, z0, top - wall)
    hollow_box(canvas, metal, outer, skin)
    canvas.box(FOAM, outer)
    canvas.box({"polyurethane": -0.045}, inner)
    lining = Extent(
        inner.x0 - skin, inner.x1 + skin, inner.y0 - skin, inner.y1 + skin, inner.z0, inner.z1 + skin
    )
    hollow_box(canvas, metal, lining, skin)
    bars = draw("reefer.t_floor_m")
    box(canvas, {"aluminium": 1.35}, (inner.x0, inner.x1), (inner.y0, inner.y1), (z0 - 2 * bars, z0))
    every = draw("reefer.bearers_every_m")
    for x in np.arange(outer.x0 + 0.2, outer.x1, every):
        box(canvas, STEEL, (x, x + 0.004), (-half, half), (floor - 0.1, floor))
    if draw.rng.random() < 0.7:  # posts and seals within the walls
        every = draw("reefer.posts_every_m")
        for x in np.arange(outer.x0 + 0.3, outer.x1, every):
            for y in (-half + wall / 2, half - wall / 2):
                box(canvas, {"polyethylene": 0.9}, (x, x + 0.04), (y - wall / 3, y + wall / 3), (floor, top))
    for x in (outer.x0, outer.x1 - 0.06):  # frames of bulkhead and doors
        for frame_y in ((-half, -half + 0.05), (half - 0.05, half)):
            box(canvas, STEEL, (x, x + 0.05), frame_y, (floor, top))
    for y in (-0.55, -0.12, 0.12, 0.55):  # bars that lock the doors
        canvas.drum(STEEL, outer.x1 + 0.02, y, 0.014, floor, top)
    deep = draw("reefer.evaporator_m")
    evaporator = Extent(inner.x0, inner.x0 + deep, -0.8, 0.8, inner.z1 - draw.between(0.3, 0.8), inner.z1)
    canvas.box({"aluminium": 0.25, "polyethylene": 0.05}, evaporator)
    unit = Extent(
        front - draw.between(0.35, 0.55), front - 0.02, -1.0, 1.0, top - draw.between(1.2, 2.2), top - 0.05
    )
    hollow_box(canvas, {"polyethylene": 1.2}, unit, 0.004)
    low = unit.z0 + 0.05
    box(canvas, {"iron": 2.2}, (unit.x0 + 0.08, unit.x1 - 0.05), (-0.5, 0.1), (low, low + 0.5))  # its engine
    box(canvas, {"aluminium": 0.5}, (unit.x0 + 0.03, unit.x0 + 0.1), (-0.9, 0.9), (low + 0.6, unit.z1 - 0.1))
    if draw.happens("reefer.rails"):
        metal = draw.one_of((ALUMINIUM, STEEL))
        for y in np.linspace(inner.y0 + 0.25, inner.y1 - 0.25, draw.one_of((3, 4, 5))):
            box(
                canvas,
                metal,
                (inner.x0, inner.x1),
                (y - 0.012, y + 0.012),
                (inner.z1 - 0.12, inner.z1 - 0.05),
            )
    x0 = inner.x0 + draw.one_of((0.0, deep))
    return LoadSpace(Body.REEFER, Extent(x0, inner.x1, inner.y0, inner.y1, inner.z0, inner.z1))


def _tanker(canvas: FanCanvas, body: Body, front: float, radius: float, draw: Draw) -> LoadSpace:
    x0 = front
    x1 = min(x0 + draw("tanker.length_m"), 16.9)
    half_z = draw("tanker.half_z_m")
    half_y = min(half_z * draw("tanker.ellipse"), 1.25)
    z = max(2 * radius + 0.2, 1.15) + half_z + draw.between(0.0, 0.15)
    metal, shell = STEEL, draw("tanker.steel_shell_m")
    if body is Body.FUEL:
        metal, shell = ALUMINIUM, draw("tanker.fuel_shell_m")
    least, most = draw.ranges.entries["tanker.compartments"]
    most = most if body is Body.FUEL else min(most, 4)
    number = int(draw.rng.integers(least, most + 1))
    _shell(canvas, metal, shell, (x0, x1), z, half_y, half_z)
    if body is not Body.FUEL:
        thick = draw("tanker.insulation_m")
        canvas.tube(FOAM, x0 - thick, x1 + thick, z, half_y + thick, half_z + thick)
        canvas.tube({"polyurethane": -0.045}, x0, x1, z, half_y, half_z)
        _shell(canvas, ALUMINIUM, 0.001, (x0 - thick, x1 + thick), z, half_y + thick, half_z + thick)
    walls = np.linspace(x0, x1, number + 1)
    walls[1:-1] += draw.rng.normal(0, 0.1, number - 1) if number > 1 else 0.0
    for x in walls[1:-1]:
        canvas.tube(metal, x, x + shell, z, half_y, half_z)
    for start, end in pairwise(walls.tolist()):
        for x in np.arange(start + 1.8, end - 0.8, draw.between(1.4, 2.4)):  # baffles with their hole
            canvas.tube(metal, x, x + 0.8 * shell, z, half_y, half_z)
            hole = 0.28 + 0.2 * draw.rng.random()
            canvas.tube({m: -d for m, d in metal.items()}, x, x + 0.8 * shell, z, hole, hole)
        middle = (start + end) / 2 + draw.between(-0.3, 0.3)
        canvas.drum(metal, middle, 0.0, 0.26, z + half_z, z + half_z + draw.between(0.08, 0.22))
        canvas.drum({m: -0.9 * d for m, d in metal.items()}, middle, 0.0, 0.25, z + half_z, z + half_z + 0.06)
    if body is Body.CHEMICAL or draw.happens("tanker.ring"):
        for x in np.arange(x0 + 0.5, x1, draw.between(0.8, 1.6)):
            canvas.tube(metal, x, x + 0.008, z, half_y + 0.06, half_z + 0.06)
            canvas.tube({m: -d for m, d in metal.items()}, x, x + 0.008, z, half_y, half_z)
    for y in (-0.3, 0.3):
        box(canvas, ALUMINIUM, (x0 + 0.3, x1 - 0.3), (y - 0.02, y + 0.02), (z + half_z, z + half_z + 0.12))
    pipe_z = z - half_z - draw.between(0.12, 0.25)
    for number in range(draw.one_of((1, 2, 4))):
        canvas.tube({"iron": 1.4}, x0 + 1.0, x1 - 2.0, pipe_z, 0.05, 0.05, y=-0.3 + 0.2 * number)
    cabinet = x0 + draw.between(3.0, 6.0)
    hollow_box(canvas, metal, Extent(cabinet, cabinet + 1.3, 0.6, 1.2, 0.5, 1.0), 0.002)
    box(canvas, {"iron": 0.7}, (cabinet + 0.1, cabinet + 1.2), (0.65, 1.15), (0.55, 0.95))
    rooms = tuple(
        Compartment(start + shell, end - shell, z, half_y - shell, half_z - shell)
        for start, end in pairwise(walls.tolist())
    )
    return LoadSpace(body, Extent(x0, x1, -half_y, half_y, z - half_z, z + half_z), rooms)


def _shell(
    canvas: FanCanvas,
    metal: Blend,
    shell: float,
    x: tuple[float, float],
    z: float,
    half_y: float,
    half_z: float,
) -> None:
    canvas.tube(metal, x[0], x[1], z, half_y, half_z)
    canvas.tube(
        {m: -d for m, d in metal.items()}, x[0] + shell, x[1] - shell, z, half_y - shell, half_z - shell
    )


def _open(canvas: FanCanvas, body: Body, front: float, radius: float, draw: Draw) -> LoadSpace:
    x1 = min(front + draw("open.length_m"), 17.0)
    half = draw("open.half_width_m")
    floor = max(2 * radius + 0.12, 1.05) + draw.between(0.0, 0.2)
    top = min(floor + draw("open.inner_height_m"), 4.1)
    box(canvas, WOOD, (front, x1), (-half, half), (floor - 0.03, floor))
    for x in np.arange(front + 0.2, x1, draw.between(0.3, 0.6)):
        box(canvas, STEEL, (x, x + 0.005), (-half, half), (floor - 0.13, floor - 0.03))
    if body is Body.CONTAINER:
        wall = draw("open.container_wall_m")
        hollow_box(canvas, STEEL, Extent(front, x1, -half, half, floor, top), wall)
        pitch = draw.between(0.22, 0.3)
        for x in np.arange(front + 0.1, x1 - 0.1, pitch):  # slopes of the corrugation, seen edge on
            for y in ((-half, -half + 0.036), (half - 0.036, half)):
                box(canvas, STEEL, (x, x + 0.008), y, (floor, top))
    else:
        for y in ((-half, -half + 0.001), (half - 0.001, half)):
            box(canvas, {"polyethylene": 1.3}, (front, x1), y, (floor, top))
        box(canvas, {"polyethylene": 1.3}, (front, x1), (-half, half), (top - 0.001, top))
        for x in np.arange(front, x1 + 0.01, draw("open.posts_every_m")):
            for y in ((-half, -half + 0.05), (half - 0.05, half)):
                box(canvas, STEEL, (x, x + 0.006), y, (floor, top))
                box(canvas, STEEL, (x, x + 0.12), (y[0], y[0] + 0.006), (floor, top))
        if draw.rng.random() < 0.7:
            for z in (floor + 0.6, floor + 1.2, floor + 1.8):
                for y in ((-half + 0.02, -half + 0.025), (half - 0.025, half - 0.02)):
                    box(canvas, ALUMINIUM, (front, x1), y, (z, z + 0.1))
        box(canvas, STEEL, (front, front + 0.004), (-half, half), (floor, top))
    for x in (front, x1 - 0.08):
        for y in ((-half, -half + 0.08), (half - 0.08, half)):
            box(canvas, {"iron": 2.5}, (x, x + 0.08), y, (floor - 0.1, top))
    for y in ((-half, -half + 0.06), (half - 0.06, half)):
        box(canvas, {"iron": 2.5}, (front, x1), y, (top - 0.06, top))
    inner = Extent(front + 0.1, x1 - 0.1, -half + 0.06, half - 0.06, floor, top - 0.08)
    return LoadSpace(body, inner)
