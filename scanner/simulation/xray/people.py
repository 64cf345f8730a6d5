"""People in hiding places, and the driver in the cab: bodies of the library, placed where they fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.simulation.body_library import CLASSES, BodyEntry, PlacedBody, Split, library, placed
from scanner.simulation.xray.canvas import Blend, Extent, FanCanvas, Image
from scanner.simulation.xray.hiding import Hole, Place
from scanner.simulation.xray.ranges import Draw

MATERIALS = {"soft_tissue": "soft_tissue", "bone": "whole_bone", "lung": "lung"}
"""Of `body_library.CLASSES`; gas weighs nothing."""

SEATED = ("seated",)
GROWN = ("adult", "elderly")
TRIES = 12
LEAST_ROOM_M = 0.45


@dataclass(frozen=True, slots=True)
class Who:
    """One person who hides: body and pose of the library, where, and in which kind of place."""

    body: int
    pose: str
    place: Place
    centre_x_m: float
    centre_z_m: float


def draw_people(
    canvas: FanCanvas,
    holes: Sequence[Hole],
    liquid_z: float | None,
    liquid: Blend | None,
    persons: int,
    split: Split,
    draw: Draw,
) -> tuple[tuple[Who, ...], Image]:
    """Put people into holes in turn.

    Parameters
    ----------
    liquid_z, liquid : of a tank: what people stand in gives way to them up to that height.
    split : part of the body library.

    Returns
    -------
    Who they are, and the length of each ray in them, m ``(n_lines, n_pixels)``.
    """
    inside = np.zeros((canvas.x_m.size, canvas.fan.n_pixels), np.float32)
    who = []
    first = int(draw.rng.integers(len(holes)))
    for number in range(persons):
        hole = holes[(first + number) % len(holes)]
        entry, body = _fitting(hole.room, split, draw)
        corner = _corner(body, hole.room, draw)
        lines, metres = canvas.volume(*tissues(body), corner, body.voxel_m)
        inside[lines] += metres
        if liquid and liquid_z is not None:
            _displace(canvas, body, corner, liquid, liquid_z)
        middle = corner + np.array(body.extent_m) / 2
        who.append(Who(entry.body, entry.pose, hole.place, float(middle[0]), float(middle[2])))
    return tuple(who), inside


def draw_driver(canvas: FanCanvas, seat: Extent, draw: Draw, split: Split) -> None:
    """Put somebody onto the driver's seat: a person where persons may be."""
    entry = library().choose(draw.rng, split, poses=SEATED, age_classes=GROWN)
    body = placed(entry, yaw_rad=math.pi, mirror=bool(draw.rng.random() < 0.5))
    size = np.array(body.extent_m)
    # feet hang below the seat
    corner = np.array([(seat.x0 + seat.x1) / 2, (seat.y0 + seat.y1) / 2, seat.z0]) - size * (0.5, 0.5, 0.35)
    canvas.volume(*tissues(body), corner, body.voxel_m)


def tissues(body: PlacedBody) -> tuple[npt.NDArray[np.float32], tuple[Blend, ...]]:
    """Return a body's classes as one array, and what each is made of; fat is lighter than lean tissue."""
    blends = tuple({MATERIALS[name]: body.density_g_cm3[name]} for name in CLASSES if name in MATERIALS)
    return np.stack([body.occupancy[name] for name in CLASSES if name in MATERIALS]), blends


def _fitting(room: Extent, split: Split, draw: Draw) -> tuple[BodyEntry, PlacedBody]:
    """Return somebody in a pose that the room holds; of several tries the one that stands out least."""
    space = np.array([room.x1 - room.x0, room.y1 - room.y0, max(room.z1 - room.z0, LEAST_ROOM_M)])
    best: tuple[float, BodyEntry, float] | None = None
    for _ in range(TRIES):
        entry = library().choose(draw.rng, split, room_m=float(space[2]))
        turn = math.pi * (
            draw.between(0.0, 2.0) if draw.rng.random() < 0.5 else draw.one_of((0.0, 0.5, 1.0, 1.5))
        )
        size = np.array(entry.shape) * entry.voxel_m
        along, across = abs(math.cos(turn)), abs(math.sin(turn))
        turned = np.array([size[0] * along + size[1] * across, size[0] * across + size[1] * along, size[2]])
        over = float(np.maximum(turned - space, 0.0).sum())
        if best is None or over < best[0]:
            best = over, entry, turn
        if over < 0.05:
            break
    assert best is not None
    _, entry, turn = best
    mirror, scale = bool(draw.rng.random() < 0.5), draw.between(0.94, 1.06)
    return entry, placed(entry, turn, mirror, scale)


def _corner(body: PlacedBody, room: Extent, draw: Draw) -> npt.NDArray[np.float64]:
    size = np.array(body.extent_m)
    x = draw.between(room.x0, room.x1 - size[0])
    y = draw.between(room.y0, room.y1 - size[1])
    return np.array([x, y, room.z0 + body.low_m[2]])


def _displace(
    canvas: FanCanvas, body: PlacedBody, corner: npt.NDArray[np.float64], liquid: Blend, liquid_z: float
) -> None:
    filled = np.stack([body.occupancy[name] for name in CLASSES]).sum(axis=0)
    under = int(np.clip(round((liquid_z - corner[2]) / body.voxel_m), 0, filled.shape[2]))
    if under > 0:
        wet = filled[np.newaxis, ..., :under]
        canvas.volume(wet, ({name: -density for name, density in liquid.items()},), corner, body.voxel_m)
