"""People to put into a recorded picture: who, in which pose, and where in the load space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from scanner.simulation.body_library import CLASSES, BodyEntry, PlacedBody, Split, library, placed
from scanner.simulation.xray.canvas import G_CM2, Extent, FanCanvas, Image
from scanner.simulation.xray.fan import Fan
from scanner.simulation.xray.people import tissues

Array = npt.NDArray[np.float64]

TRIES = 200


class NoRoom(ValueError):
    """Nobody who was asked for fits where they were asked for.

    Examples: eight people who stand in a space of one metre; a pose that the library does not have.
    """


@dataclass(frozen=True, slots=True)
class Insertion:
    """One person in place.

    Parameters
    ----------
    corner_m : lowest corner of the voxels: x along the way from the first line, y across (the source
        at negative y), z above the road.
    """

    who: BodyEntry
    body: PlacedBody
    corner_m: Array

    @property
    def extent(self) -> Extent:
        """The box that the voxels fill."""
        ends = self.corner_m + np.array(self.body.extent_m)
        (x0, y0, z0), (x1, y1, z1) = self.corner_m, ends
        return Extent(float(x0), float(x1), float(y0), float(y1), float(z0), float(z1))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to be drawn; None = anybody.

    Parameters
    ----------
    split : part of the body library; those of "train" are known to our models.
    x_m, z_m : middle along the way, and height of what they are on; None = drawn, and the floor.
    """

    split: Split = "test"
    age_class: str | None = None
    pose: str | None = None
    x_m: float | None = None
    z_m: float | None = None


def draw_insertion(
    room: Extent, taken: Sequence[Insertion], wanted: Wanted, rng: np.random.Generator
) -> Insertion:
    """Draw a person, a turn and a place that nobody has taken yet.

    Parameters
    ----------
    room : where they may be.
    taken : who is there already; their boxes may not touch.

    Raises
    ------
    NoRoom : nobody fits.
    """
    floor = room.z0 if wanted.z_m is None else wanted.z_m
    for _ in range(TRIES):
        try:
            who = library().choose(
                rng,
                wanted.split,
                room_m=room.z1 - floor,
                poses=wanted.pose and (wanted.pose,),
                age_classes=wanted.age_class and (wanted.age_class,),
            )
        except ValueError as error:
            raise NoRoom(_nobody(wanted, room.z1 - floor)) from error
        turn, mirror = rng.uniform(0.0, 2.0 * math.pi), bool(rng.random() < 0.5)
        length, width = _turned(who, turn)
        low_x, high_x = room.x0, room.x1 - length
        if wanted.x_m is not None:
            low_x = high_x = wanted.x_m - length / 2
        if low_x > high_x or width > room.y1 - room.y0:
            continue
        x, y = rng.uniform(low_x, high_x), rng.uniform(room.y0, room.y1 - width)
        box = Extent(x, x + length, y, y + width, floor, floor + who.head_room_m)
        if any(box.touches(other.extent) for other in taken):
            continue
        body = placed(who, turn, mirror)
        size = body.extent_m  # with a rim of air voxels
        corner = [x + (length - size[0]) / 2, y + (width - size[1]) / 2, floor + body.low_m[2]]
        return Insertion(who, body, np.array(corner))
    raise NoRoom(
        f"{len(taken) + 1} people do not fit into {room.x1 - room.x0:.1f} m by {room.y1 - room.y0:.1f} m: "
        "ask for fewer, or place them by --place"
    )


def _turned(who: BodyEntry, turn_rad: float) -> tuple[float, float]:
    """Return the sides along and across of the upright box around a turned body."""
    n_x, n_y, _ = who.shape
    along, across = abs(math.cos(turn_rad)), abs(math.sin(turn_rad))
    return (n_x * along + n_y * across) * who.voxel_m, (n_x * across + n_y * along) * who.voxel_m


def _nobody(wanted: Wanted, room_m: float) -> str:
    entries = [e for e in library().entries if e.split == wanted.split]
    poses = ", ".join(sorted({e.pose for e in entries}))
    ages = ", ".join(sorted({e.age_class for e in entries}))
    return (
        f"nobody of age {wanted.age_class or 'any'} in pose {wanted.pose or 'any'} fits {room_m:.2f} m of "
        f"height; poses: {poses}; ages: {ages}"
    )


@dataclass(frozen=True, slots=True)
class Laid:
    """People as the rays of some lines meet them.

    Parameters
    ----------
    added_g_cm2 : mass per area by material, float32 ``(n_lines, n_pixels)``.
    chord_m : for each person the length of the rays in them, float32 of that shape.
    """

    added_g_cm2: dict[str, Image]
    chord_m: tuple[Image, ...]

    def all_m(self, shape: tuple[int, int]) -> Image:
        """Return the length of the rays in any of them."""
        return np.asarray(reduce(np.add, self.chord_m, np.zeros(shape, np.float32)), np.float32)

    def removed_g_cm2(self, density_g_cm3: float, shape: tuple[int, int]) -> Image | None:
        """Return the mass of cargo of a density that gives way; None of nothing."""
        return np.float32(G_CM2 * density_g_cm3) * self.all_m(shape) if density_g_cm3 > 0 else None


def lay(insertions: Sequence[Insertion], x_m: Array, fan: Fan) -> Laid:
    """Lay people through the rays of lines at ``x_m``, in any order; the same place may come again.

    A body's gas (gut, airways) weighs nothing and counts as body.
    """
    rising, which = np.unique(x_m, return_inverse=True)
    canvas = FanCanvas(rising, fan)
    chords = []
    for one in insertions:
        chord = np.zeros((rising.size, fan.n_pixels), np.float32)
        canvas.volume(*tissues(one.body), one.corner_m, one.body.voxel_m)
        filled = np.stack([one.body.occupancy[name] for name in CLASSES]).sum(axis=0, keepdims=True)
        lines, metres = FanCanvas(rising, fan).volume(filled, ({},), one.corner_m, one.body.voxel_m)
        chord[lines] = metres
        chords.append(chord[which])
    return Laid({name: layer[which] for name, layer in canvas.areal_g_cm2.items()}, tuple(chords))
