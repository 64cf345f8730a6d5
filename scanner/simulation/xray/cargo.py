"""Loads by kind, with the holes that they leave; drawn the same whether anybody hides or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np

from scanner.simulation.xray.blends import ALUMINIUM, BONE, FLESH, LIQUIDS, STEEL, of_density
from scanner.simulation.xray.canvas import Blend, Extent, FanCanvas
from scanner.simulation.xray.hiding import Hole
from scanner.simulation.xray.ranges import Draw
from scanner.simulation.xray.vehicles import LoadSpace, hollow_box


class Load(StrEnum):
    """Cargo by how it looks in an X-ray."""

    EMPTY = "empty"
    BOXES = "boxes"
    FROZEN = "frozen"
    DRY_ICE = "dry ice"
    FRUIT = "fruit"
    CARCASSES = "carcasses"
    DRUMS = "drums"
    BULK = "bulk"
    IRREGULAR = "irregular"
    MIXED = "mixed"
    LIQUID = "liquid"


PALLET_M = 0.144
"""Height of a wooden pallet, EN 13698-1."""

PALLET_SIZES = ((0.8, 1.2), (1.2, 0.8), (1.0, 1.2), (1.2, 1.0))
"""Along and across the lorry, m: EN 13698-1 and -2."""


def draw_cargo(
    canvas: FanCanvas, space: LoadSpace, load: Load, height_m: float, holes: Sequence[Hole], draw: Draw
) -> None:
    """Add a load to a box or open body, but in its holes."""
    rooms = [hole.room for hole in holes]
    if load is Load.EMPTY:
        return
    if load is Load.CARCASSES:
        _carcasses(canvas, space.box, rooms, draw)
    elif load is Load.BULK:
        _bulk(canvas, space.box, rooms, draw)
    elif load is Load.IRREGULAR:
        for _ in range(draw.whole("cargo.irregular_pieces")):
            _piece(canvas, space.box, height_m, rooms, draw)
    else:
        _pallets(canvas, space.box, load, height_m, rooms, draw)


def draw_liquid(canvas: FanCanvas, space: LoadSpace, levels_z: Sequence[float], draw: Draw) -> Blend:
    """Fill a tank's compartments to their levels and return what was filled in."""
    liquid = LIQUIDS[draw.one_of(sorted(LIQUIDS))]
    for room, level in zip(space.compartments, levels_z, strict=True):
        if level > room.z - room.half_z:
            canvas.tube(liquid, room.x0, room.x1, room.z, room.half_y, room.half_z, filled_to=level)
    return liquid


def _pallets(
    canvas: FanCanvas, box: Extent, load: Load, height_m: float, rooms: list[Extent], draw: Draw
) -> None:
    along, across = draw.one_of(PALLET_SIZES)
    gap, fill = draw("cargo.pallet_gap_m"), draw("cargo.fill")
    spread = draw("cargo.height_spread_m")
    columns = max(int((box.y1 - box.y0) // across), 1)
    margin = (box.y1 - box.y0 - columns * across) / (columns + 1)
    usual = _packed(load, draw)
    x0 = box.x0 + draw.between(0.0, 0.2)
    while x0 + along < box.x1:
        for column in range(columns):
            high = height_m + spread * draw.rng.normal()
            high = float(np.clip(high, 0.3, box.z1 - box.z0 - 0.08))
            y0 = box.y0 + margin + column * (across + margin)
            stack = Extent(x0, x0 + along, y0, y0 + across, box.z0, box.z0 + high)
            present = draw.rng.random() < fill
            packed = usual if draw.rng.random() < 0.6 else _packed(load, draw)
            kind = load
            if load is Load.MIXED:
                kind = draw.one_of(
                    (Load.BOXES, Load.BOXES, Load.FRUIT, Load.DRUMS, Load.IRREGULAR, Load.FROZEN)
                )
                packed = _packed(kind, draw)
            if present:
                _stack(canvas, kind, stack, packed, rooms, draw)
        x0 += along + gap


def _packed(load: Load, draw: Draw) -> Blend:
    if load is Load.FROZEN:
        goods = draw.one_of(("meat in boxes", "frozen food"))
        return of_density(goods, draw("cargo.frozen_g_cm3"))
    if load is Load.DRY_ICE:
        return of_density("dry ice", draw("cargo.dry_ice_g_cm3"))
    if load is Load.FRUIT:
        return of_density("produce", draw("cargo.produce_g_cm3"))
    goods = draw.one_of(
        (
            "paper",
            "textiles",
            "plastics",
            "drinks",
            "tins",
            "electronics",
            "machine parts",
            "tiles",
            "meat in boxes",
        )
    )
    return of_density(goods, draw("cargo.boxed_g_cm3"))


def _stack(
    canvas: FanCanvas, kind: Load, stack: Extent, packed: Blend, rooms: list[Extent], draw: Draw
) -> None:
    """One pallet and what stands on it."""
    foot = Extent(stack.x0, stack.x1, stack.y0, stack.y1, stack.z0, stack.z0 + PALLET_M)
    for part in _left(foot, rooms):
        canvas.box({"cellulose": 0.2}, part)
    goods = Extent(stack.x0, stack.x1, stack.y0, stack.y1, stack.z0 + PALLET_M, stack.z1)
    if goods.z1 <= goods.z0 + 0.1:
        return
    if kind is Load.DRUMS:
        _drums(canvas, goods, rooms, draw)
    elif kind is Load.IRREGULAR:
        for _ in range(int(draw.rng.integers(1, 5))):
            _piece(canvas, goods, goods.z1 - goods.z0, rooms, draw)
    else:
        cell = (0.1, 0.1) if kind is Load.FRUIT else (0.13, 0.1)
        patchy = draw("cargo.grain") * (1.5 if kind is Load.FRUIT else 1.0)
        shape = (
            max(int((goods.x1 - goods.x0) / cell[0]), 2),
            max(int((goods.z1 - goods.z0) / cell[1]), 2),
        )
        share = 1.0 + patchy * draw.rng.normal(size=shape)
        boxes_x, boxes_z = int(draw.rng.integers(2, 5)), int(draw.rng.integers(2, 5))
        share[::boxes_x] *= draw.between(0.7, 1.0)  # seams between boxes or crates
        share[:, ::boxes_z] *= draw.between(0.7, 1.0)
        for part in _left(goods, rooms):
            canvas.grain(packed, part, np.maximum(share, 0.1), whole=goods)


def _left(extent: Extent, rooms: list[Extent]) -> list[Extent]:
    parts = [extent]
    for room in rooms:
        parts = [rest for part in parts for rest in part.without(room)]
    return parts


def _free(extent: Extent, rooms: list[Extent]) -> bool:
    return not any(extent.touches(room) for room in rooms)


def _drums(canvas: FanCanvas, goods: Extent, rooms: list[Extent], draw: Draw) -> None:
    radius, high = draw("cargo.drum_radius_m"), draw("cargo.drum_height_m")
    shell, wall = draw.one_of(((STEEL, 0.001), ({"polyethylene": 0.95}, 0.005)))
    inside = LIQUIDS[draw.one_of(sorted(LIQUIDS))]
    level = draw("cargo.drum_fill")
    z = goods.z0
    while z + high <= goods.z1 + 0.3:
        for x in np.arange(goods.x0 + radius, goods.x1 - radius + 0.05, 2 * radius + 0.01):
            for y in np.arange(goods.y0 + radius, goods.y1 - radius + 0.05, 2 * radius + 0.01):
                if not _free(Extent(x - radius, x + radius, y - radius, y + radius, z, z + high), rooms):
                    continue
                canvas.drum(shell, x, y, radius, z, z + high)
                canvas.drum(_less(shell), x, y, radius - wall, z + wall, z + high - wall)
                fill = np.clip(level + 0.1 * draw.rng.normal(), 0.0, 0.97)
                canvas.drum(inside, x, y, radius - wall, z + wall, z + wall + fill * (high - 2 * wall))
        z += high + 0.02


def _less(blend: Blend) -> Blend:
    return {material: -density for material, density in blend.items()}


def _piece(canvas: FanCanvas, box: Extent, height_m: float, rooms: list[Extent], draw: Draw) -> None:
    """Something of no usual form: furniture, a machine, a roll, a bale, a sack."""
    size = np.exp(draw.rng.uniform(np.log(0.15), np.log(1.3), 3))
    size = np.minimum(size, (box.x1 - box.x0, box.y1 - box.y0, max(min(height_m, box.z1 - box.z0), 0.15)))
    low = np.array([box.x0, box.y0, box.z0])
    high = np.array([box.x1, box.y1, box.z0 + min(height_m, box.z1 - box.z0)]) - size
    at = low + (np.maximum(high, low) - low) * draw.rng.random(3)
    if draw.rng.random() < 0.6:
        at[2] = box.z0
    extent = Extent(at[0], at[0] + size[0], at[1], at[1] + size[1], at[2], at[2] + size[2])
    packed = _packed(Load.BOXES, draw)
    form = int(draw.rng.integers(6))
    metal = draw.one_of((STEEL, ALUMINIUM))
    wall = draw.between(0.001, 0.006)
    turned = np.linalg.qr(draw.rng.normal(size=(3, 3)))[0]
    if not _free(extent, rooms):
        return
    middle, half = at + size / 2, size / 2
    if form == 0:
        canvas.box(packed, extent)
    elif form == 1:
        hollow_box(canvas, metal, extent, wall)
        canvas.box({m: 0.4 * d for m, d in packed.items()}, extent)
    elif form == 2:
        canvas.tube(packed, extent.x0, extent.x1, middle[2], half[1], half[2], y=middle[1])
    elif form == 3:
        canvas.drum(packed, middle[0], middle[1], float(half[:2].min()), extent.z0, extent.z1)
    elif form == 4:
        canvas.wheel(packed, middle[0], middle[2], float(min(half[0], half[2])), extent.y0, extent.y1)
    else:
        canvas.ellipsoid(packed, middle, turned, np.full(3, half.min()) * (1 + draw.rng.random(3)))


def _bulk(canvas: FanCanvas, box: Extent, rooms: list[Extent], draw: Draw) -> None:
    goods = of_density(draw.one_of(("grain", "sand", "plastics", "produce")), draw("cargo.bulk_g_cm3"))
    high = min(draw("cargo.bulk_height_m"), box.z1 - box.z0 - 0.3)
    bagged = draw.rng.random() < 0.4
    if bagged:
        side = draw.between(0.8, 1.1)
        for x in np.arange(box.x0, box.x1 - side, side + 0.03):
            for y in np.arange(box.y0, box.y1 - side, side + 0.03):
                top = box.z0 + min(high, 1.2) * draw.between(0.8, 1.0)
                bag = Extent(x, x + side, y, y + side, box.z0, top)
                if draw.rng.random() < 0.9 and _free(bag, rooms):
                    share = 1.0 + draw("cargo.grain") * draw.rng.normal(size=(4, 4))
                    canvas.grain(goods, bag, np.maximum(share, 0.2))
        return
    step = 0.25
    x = np.arange(box.x0, box.x1 - step, step)
    course = np.cumsum(draw.rng.normal(size=x.size)) * 0.04
    course = high + course - course.mean() + 0.15 * np.cos(2 * np.pi * (x - x[0]) / draw.between(2.0, 6.0))
    for start, level in zip(x, np.clip(course, 0.1, box.z1 - box.z0), strict=True):
        slab = Extent(start, start + step, box.y0, box.y1, box.z0, box.z0 + level)
        for part in _left(slab, rooms):
            canvas.box(goods, part)


def _carcasses(canvas: FanCanvas, box: Extent, rooms: list[Extent], draw: Draw) -> None:
    """Halves and quarters on hooks: two or three lumps of meat around a spine or a leg's bone."""
    rails = np.linspace(box.y0 + 0.3, box.y1 - 0.3, draw.one_of((3, 4, 5)))
    pitch = draw("cargo.carcass_pitch_m")
    usual = draw("cargo.carcass_length_m"), draw("cargo.carcass_half_m")
    fill = 0.4 + 0.6 * draw("cargo.fill")
    make: Callable[..., None] = draw.one_of((_half, _quarter))
    for y in rails:
        x = box.x0 + 0.2 + pitch * draw.rng.random()
        while x < box.x1 - 0.2:
            length = usual[0] * draw.between(0.85, 1.15)
            half = usual[1] * draw.between(0.8, 1.2)
            present = draw.rng.random() < fill
            top = box.z1 - draw.between(0.15, 0.35)
            length = min(length, top - box.z0 - 0.1)
            tilt = draw.rng.normal(0, 0.06, 2)
            turn = draw.between(0.0, 2 * np.pi)
            around = Extent(x - half, x + half, y - half, y + half, top - length, top)
            if present and _free(around, rooms):
                canvas.drum(STEEL, x, y, 0.006, top - 0.05, box.z1 - 0.06)  # hook
                make(canvas, np.array([x, y, top]), length, half, tilt, turn)
            x += pitch * draw.between(0.85, 1.25)


def _half(
    canvas: FanCanvas, top: np.ndarray, length: float, half: float, tilt: np.ndarray, turn: float
) -> None:
    axes = _hanging(tilt, turn)
    for share, part, wide, flat in ((0.16, 0.16, 0.85, 0.8), (0.45, 0.26, 1.0, 0.5), (0.75, 0.24, 1.1, 0.55)):
        centre = top - share * length * axes[:, 2]
        canvas.ellipsoid(FLESH, centre, axes, np.array([wide * half, flat * half, part * length]))
    spine = top - 0.55 * length * axes[:, 2] + 0.6 * half * axes[:, 0]
    canvas.ellipsoid({"cortical_bone": 0.6}, spine, axes, np.array([0.022, 0.022, 0.42 * length]))
    leg = top - 0.12 * length * axes[:, 2]
    canvas.ellipsoid({"cortical_bone": 0.6}, leg, axes, np.array([0.018, 0.018, 0.14 * length]))


def _quarter(
    canvas: FanCanvas, top: np.ndarray, length: float, half: float, tilt: np.ndarray, turn: float
) -> None:
    axes = _hanging(tilt, turn)
    for share, part, wide, flat in ((0.3, 0.3, 0.9, 0.8), (0.68, 0.3, 1.15, 1.0)):
        centre = top - share * length * axes[:, 2]
        canvas.ellipsoid(FLESH, centre, axes, np.array([wide * half, flat * half, part * length]))
    bone = top - 0.45 * length * axes[:, 2]
    canvas.ellipsoid(BONE, bone, axes, np.array([0.02, 0.02, 0.38 * length]))


def _hanging(tilt: np.ndarray, turn: float) -> np.ndarray:
    """Axes as columns: two across, turned, and nearly upright."""
    up = np.array([tilt[0], tilt[1], 1.0])
    up /= np.linalg.norm(up)
    side = np.array([np.cos(turn), np.sin(turn), 0.0])
    side -= (side @ up) * up
    side /= np.linalg.norm(side)
    return np.column_stack([side, np.cross(up, side), up])
