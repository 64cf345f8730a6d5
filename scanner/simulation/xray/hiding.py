"""Places where people fit: drawn before the cargo, which leaves them free whether anybody hides or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scanner.simulation.xray.canvas import Extent
from scanner.simulation.xray.ranges import Draw
from scanner.simulation.xray.vehicles import LoadSpace


class Place(StrEnum):
    """Where a hole is in the load."""

    BETWEEN = "between"
    OVER = "over"
    UNDER = "under"
    INSIDE = "inside"
    BESIDE = "beside"


@dataclass(frozen=True, slots=True)
class Hole:
    """Room that the cargo leaves."""

    place: Place
    room: Extent


def draw_holes(
    space: LoadSpace, cargo_height_m: float, liquid_z: tuple[float, ...], draw: Draw
) -> tuple[Hole, ...]:
    """Return one to four holes.

    Parameters
    ----------
    cargo_height_m : above the floor; what lies *over* the load lies there.
    liquid_z : of a tank, how high the liquid stands in each compartment; people are in the dry ones and in
        those where it is shallow.
    """
    number = draw.whole("hiding.places")
    if space.compartments:
        return tuple(_in_tank(space, liquid_z, draw) for _ in range(number))
    return tuple(_in_box(space.box, cargo_height_m, draw) for _ in range(number))


def _in_tank(space: LoadSpace, liquid_z: tuple[float, ...], draw: Draw) -> Hole:
    # the deeper the liquid, the less likely: who hides wants to breathe
    order = sorted(range(len(liquid_z)), key=lambda i: liquid_z[i] + draw.between(0.0, 0.3))
    room = space.compartments[order[0]]
    length = min(draw("hiding.length_m"), room.x1 - room.x0 - 0.1)
    x0 = draw.between(room.x0 + 0.05, room.x1 - 0.05 - length)
    # over shallow liquid people stand in it; over deep liquid they lie on what floats or is fixed there
    bottom = room.z - room.half_z
    wade = liquid_z[order[0]] - bottom < 0.6
    z0 = bottom if wade else liquid_z[order[0]]
    half = 0.8 * room.half_y
    return Hole(Place.BETWEEN, Extent(x0, x0 + length, -half, half, z0, room.z + 0.95 * room.half_z))


def _in_box(box: Extent, cargo_height_m: float, draw: Draw) -> Hole:
    place = Place(draw.kind("hiding.kind"))
    length, width = draw("hiding.length_m"), draw("hiding.width_m")
    high = draw("hiding.room_m")
    top_of_load = box.z0 + cargo_height_m
    if place is Place.OVER and box.z1 - top_of_load < 0.42:
        place = Place.INSIDE
    z0 = box.z0
    if place is Place.BETWEEN:
        length, width = min(length, 1.3), box.y1 - box.y0
        high = max(high, 1.0)
    elif place is Place.OVER:
        length, z0 = max(length, 1.2), top_of_load
    elif place is Place.UNDER:
        length, high = max(length, 1.2), min(high, 0.9)
    elif place is Place.INSIDE:
        length, width, z0 = min(length, 1.4), min(width, 1.1), box.z0 + draw.between(0.0, 0.6)
        high = min(max(high, 0.9), 1.5)
    else:
        length, width, high = max(length, 1.0), min(width, 0.75), max(high, 1.0)
    length = min(length, box.x1 - box.x0 - 0.2)
    width = min(width, box.y1 - box.y0)
    x0 = draw.between(box.x0, box.x1 - length)
    y0 = (
        draw.one_of((box.y0, box.y1 - width))
        if place is Place.BESIDE
        else draw.between(box.y0, box.y1 - width)
    )
    return Hole(place, Extent(x0, x0 + length, y0, y0 + width, z0, min(z0 + high, box.z1)))
