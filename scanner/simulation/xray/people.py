"""People in hiding places, and the driver in the cab: bodies of the library, placed where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanner.simulation.body_library import PlacedBody, library, placed
from scanner.simulation.xray.canvas import Blend, Extent, FanCanvas, Image
from scanner.simulation.xray.hiding import Hole, Place
from scanner.simulation.xray.ranges import Draw

TISSUES: tuple[Blend, ...] = (
    {"soft_tissue": 1.06},
    {"cortical_bone": 1.4},
    {"soft_tissue": 0.26},
    {},
)
"""Soft tissue, whole bone, lung and gas, as `body_library` numbers them; ICRU Reports 44 and 46."""

TRIES = 12
LEAST_ROOM_M = 0.45


@dataclass(frozen=True, slots=True)
class Who:
    """One person who hides: body and pose of the library, where, and in which kind of place."""

    body: str
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
    split: str,
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
        body = _fitting(hole.room, split, draw)
        corner = _corner(body, hole.room, draw)
        lines, metres = canvas.volume(body.occupancy, TISSUES, corner, body.voxel_m)
        inside[lines] += metres
        if liquid and liquid_z is not None:
            _displace(canvas, body, corner, liquid, liquid_z)
        middle = corner + body.voxel_m * np.array(body.occupancy.shape[1:]) / 2
        who.append(Who(body.body, body.pose, hole.place, float(middle[0]), float(middle[2])))
    return tuple(who), inside


def draw_driver(canvas: FanCanvas, seat: Extent, draw: Draw, split: str) -> None:
    """Put somebody onto the driver's seat: a person where persons may be."""
    entry = library().choose(draw.rng, split, pose="seated", adult=True)
    body = placed(entry, yaw_rad=np.pi, mirror=bool(draw.rng.random() < 0.5), scale=1.0)
    size = body.voxel_m * np.array(body.occupancy.shape[1:])
    corner = np.array([(seat.x0 + seat.x1) / 2, (seat.y0 + seat.y1) / 2, seat.z0]) - size * (0.5, 0.5, 0.3)
    canvas.volume(body.occupancy, TISSUES, corner, body.voxel_m)


def _fitting(room: Extent, split: str, draw: Draw) -> PlacedBody:
    """Return somebody in a pose that the room holds; of several tries the one that stands out least."""
    best: tuple[float, PlacedBody] | None = None
    space = np.array([room.x1 - room.x0, room.y1 - room.y0, max(room.z1 - room.z0, LEAST_ROOM_M)])
    for _ in range(TRIES):
        entry = library().choose(draw.rng, split, room_m=float(space[2]))
        turn = draw.between(0.0, 2 * np.pi) if draw.rng.random() < 0.5 else draw.one_of((0.0, 0.5, 1.0, 1.5)) * np.pi
        body = placed(
            entry, yaw_rad=float(turn), mirror=bool(draw.rng.random() < 0.5), scale=draw.between(0.94, 1.06)
        )
        size = body.voxel_m * np.array(body.occupancy.shape[1:])
        over = float(np.maximum(size - space, 0.0).sum())
        if best is None or over < best[0]:
            best = over, body
        if over < 0.05:
            break
    assert best is not None
    return best[1]


def _corner(body: PlacedBody, room: Extent, draw: Draw) -> np.ndarray:
    size = body.voxel_m * np.array(body.occupancy.shape[1:])
    x = draw.between(room.x0, room.x1 - size[0])
    y = draw.between(room.y0, room.y1 - size[1])
    return np.array([x, y, room.z0])


def _displace(canvas: FanCanvas, body: PlacedBody, corner: np.ndarray, liquid: Blend, liquid_z: float) -> None:
    under = int(np.clip(round((liquid_z - corner[2]) / body.voxel_m), 0, body.occupancy.shape[3]))
    if under <= 0:
        return
    wet = body.occupancy[..., :under].sum(axis=0, keepdims=True)
    canvas.volume(wet, ({name: -density for name, density in liquid.items()},), corner, body.voxel_m)
