"""Cargo, hiding places and clutter of one load space, drawn the same whether people hide or not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scanner.vehicle import CargoClass, Declaration
from tests.simulation.former.bodies import Ellipsoid
from tests.simulation.former.xray_canvas import Canvas
from tests.simulation.former.xray_lorry import LoadSpace

WOOD_G_CM3 = 0.5

# What stands on pallets: material and bulk density range, g/cm3 (engineering assumption: the
# payload of 24 t on 33 pallets of 1.9 m3 gives 0.38 as the mean of a full load by weight).
_GOODS: dict[CargoClass, tuple[tuple[str, float, float], ...]] = {
    CargoClass.BOXED: (
        ("cellulose", 0.08, 0.30), ("polyethylene", 0.05, 0.25),
        ("water", 0.15, 0.45), ("aluminium", 0.05, 0.20),
    ),
    CargoClass.PRODUCE: (("water", 0.15, 0.40),),
    CargoClass.FROZEN: (("water", 0.25, 0.55), ("soft_tissue", 0.25, 0.60)),
    CargoClass.DRY_ICE: (("carbon_dioxide", 0.30, 0.60), ("polyurethane", 0.03, 0.05), ("water", 0.25, 0.5)),
    CargoClass.LIQUID: (("water", 0.5, 0.8),),  # drums and containers in a box body
    CargoClass.INERT: (("polyethylene", 0.3, 0.6),),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HidingPlace:
    """A space as big as people: extents along x, floor height and head room, m."""

    x0: float
    x1: float
    floor_m: float
    room_m: float


def draw_cargo(
    canvas: Canvas, space: LoadSpace, declaration: Declaration, rng: np.random.Generator
) -> tuple[HidingPlace, ...]:
    """Draw the load and its clutter; return one to three places where people would fit.

    The draws never depend on whether people hide, so that an empty lorry has the
    same holes as an occupied one.
    """
    if space.tank:
        places = _tank_load(canvas, space, declaration, rng)
    elif declaration.cargo is CargoClass.EMPTY:
        places = _places(space, rng, space.z0)
    else:
        hanging = declaration.cargo is CargoClass.MEAT
        if hanging:
            _carcasses(canvas, space, declaration.laden, rng)
        else:
            _pallets(canvas, space, declaration, rng)
        places = _places(space, rng, space.z0)
        for place in places:
            remain = 0.0 if rng.random() < 0.5 else 0.6 * rng.random()
            if not hanging:  # carcasses are pushed aside, not taken out
                canvas.thin(place.x0, place.x1, place.floor_m, place.floor_m + place.room_m, remain)
    _clutter(canvas, space, places, rng)
    return places


def _places(space: LoadSpace, rng: np.random.Generator, floor_m: float) -> tuple[HidingPlace, ...]:
    places = []
    for _ in range(int(rng.integers(1, 4))):
        length = 0.8 + 1.3 * rng.random()
        start = space.x0 + rng.random() * (space.x1 - space.x0 - length)
        raised = 0.0 if space.tank or rng.random() < 0.7 else 0.9 * rng.random()
        room = min(1.1 + 0.9 * rng.random(), space.z1 - floor_m - raised)
        places.append(HidingPlace(start, start + length, floor_m + raised, room))
    return tuple(places)


def _pallets(canvas: Canvas, space: LoadSpace, declaration: Declaration, rng: np.random.Generator) -> None:
    goods = _GOODS[declaration.cargo]
    lengthwise = rng.random() < 0.5
    row_m, across, side_m = (1.2, 3, 0.8) if lengthwise else (0.8, 2, 1.2)
    rows = int((space.x1 - space.x0) // (row_m + 0.02))
    loaded = 1.0 if declaration.laden else 0.3 + 0.5 * rng.random()
    common_height = 1.2 + 1.1 * rng.random()
    for row in range(rows):
        x0 = space.x0 + row * (row_m + 0.02)
        for _ in range(across):
            name, low, high = goods[int(rng.integers(len(goods)))]
            density = low + (high - low) * rng.random()
            height = min(max(common_height + 0.2 * rng.normal(), 0.4), space.z1 - space.z0 - 0.25)
            present = rng.random() < loaded
            layers, columns = int(rng.integers(3, 9)), int(rng.integers(2, 5))
            patchy = 0.06 if declaration.cargo is not CargoClass.PRODUCE else 0.15
            grain = 1.0 + patchy * rng.normal(size=(columns * 3, layers * 3))
            if not present:
                continue
            # gaps between boxes: every third cell line is a little lighter
            grain[2::3, :] *= 0.85
            grain[:, 2::3] *= 0.80
            canvas.box("cellulose", WOOD_G_CM3 * 0.4, x0, x0 + row_m, space.z0, space.z0 + 0.144, side_m)
            canvas.texture(
                name, np.maximum(grain, 0.1) * density * 100.0 * side_m,
                x0, x0 + row_m, space.z0 + 0.144, space.z0 + 0.144 + height,
            )  # fmt: skip


def _carcasses(canvas: Canvas, space: LoadSpace, laden: bool, rng: np.random.Generator) -> None:
    canvas.box("iron", 7.85, space.x0, space.x1, space.z1 - 0.12, space.z1 - 0.08, 0.03)  # meat rails
    rails = 4 if laden else 2
    pitch = (0.55 if laden else 0.9) * (0.9 + 0.3 * rng.random())
    for _ in range(rails):
        x = space.x0 + 0.3 + pitch * rng.random()
        while x < space.x1 - 0.3:
            length, girth = 0.9 + 0.5 * rng.random(), 0.10 + 0.05 * rng.random()
            tilt = 0.06 * rng.normal()
            present = rng.random() < 0.85
            if present:
                top = space.z1 - 0.25
                canvas.box("iron", 7.85, x - 0.01, x + 0.01, top, space.z1 - 0.1, 0.01)  # hook
                for share, half, radius in ((0.28, 0.30, 1.0), (0.70, 0.36, 1.25)):
                    axes = np.array(
                        [[math.cos(tilt), 0, math.sin(tilt)], [0, 1, 0], [-math.sin(tilt), 0, math.cos(tilt)]]
                    )
                    radii = (radius * girth, 0.7 * radius * girth, half * length)
                    form = axes @ np.diag(1.0 / np.square(radii)) @ axes.T
                    canvas.ellipsoid("soft_tissue", Ellipsoid((x, 0.0, top - share * length), form, 1.05))
            x += pitch * (0.85 + 0.3 * rng.random())


def _tank_load(
    canvas: Canvas, space: LoadSpace, declaration: Declaration, rng: np.random.Generator
) -> tuple[HidingPlace, ...]:
    depth = space.z1 - space.z0
    share = 0.10 + (0.45 if declaration.laden else 0.15) * rng.random()
    fill = 0.0 if declaration.cargo is CargoClass.EMPTY else share * depth
    density = 0.75 + 0.3 * rng.random()
    if fill > 0:
        material = "polyethylene" if declaration.cargo is CargoClass.INERT else "water"
        z = (space.z0 + space.z1) / 2
        canvas.barrel(material, density, space.x0, space.x1, z, depth / 2, fill_m=fill)
    return _places(space, rng, space.z0 + fill)


def _clutter(
    canvas: Canvas, space: LoadSpace, places: tuple[HidingPlace, ...], rng: np.random.Generator
) -> None:
    """Add sacks, drums, blankets and boxes, some of them in the hiding places."""
    for _ in range(int(rng.integers(0, 7))):
        if rng.random() < 0.5:
            place = places[int(rng.integers(len(places)))]
            x, z = place.x0 + (place.x1 - place.x0) * rng.random(), place.floor_m
        else:
            x, z = space.x0 + 0.3 + (space.x1 - space.x0 - 0.6) * rng.random(), places[0].floor_m
        kind, size = int(rng.integers(4)), 0.7 + 0.6 * rng.random()
        if kind == 0:  # a sack, or two on each other
            for layer in range(int(rng.integers(1, 4))):
                radii = np.array([0.35, 0.22, 0.13]) * size
                form = np.diag(1.0 / np.square(radii))
                at = (x + 0.05 * rng.normal(), 0.0, z + (0.13 + 0.22 * layer) * size)
                canvas.ellipsoid("cellulose", Ellipsoid(at, form, 0.75))
        elif kind == 1:  # a standing drum or water butt
            width, height = 0.28 * size, 0.88 * size
            fill = rng.random()
            canvas.box("iron", 7.85, x - width, x + width, z, z + height, 0.002)
            canvas.box("water", 0.9, x - width, x + width, z, z + fill * height, 1.4 * width)
        elif kind == 2:  # a blanket roll or a bag of clothes
            radii = np.array([0.30, 0.40, 0.25]) * size
            canvas.ellipsoid(
                "cellulose", Ellipsoid((x, 0.0, z + 0.25 * size), np.diag(1.0 / np.square(radii)), 0.15)
            )
        else:  # a crate or a machine part
            canvas.box("cellulose", 0.3, x - 0.3 * size, x + 0.3 * size, z, z + 0.4 * size, 0.6)
            canvas.box(
                "iron", 7.85, x - 0.1 * size, x + 0.1 * size, z, z + 0.2 * size, 0.01 + 0.03 * rng.random()
            )
