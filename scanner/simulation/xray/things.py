"""What lies about in load spaces and in places where people hide, with people and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from scanner.simulation.xray.blends import GOODS, STEEL, of_density
from scanner.simulation.xray.canvas import Extent, FanCanvas
from scanner.simulation.xray.hiding import Hole
from scanner.simulation.xray.ranges import Draw
from scanner.simulation.xray.vehicles import LoadSpace, hollow_box

Put = Callable[[FanCanvas, np.ndarray, Draw], None]


def draw_things(canvas: FanCanvas, space: LoadSpace, holes: Sequence[Hole], draw: Draw) -> None:
    """Add things to some holes and to the floor beside the load."""
    for hole in holes:
        for _ in range(draw.whole("hiding.things")):
            room = hole.room
            at = np.array([draw.between(room.x0, room.x1), draw.between(room.y0, room.y1), room.z0])
            draw.one_of(IN_HOLES)(canvas, at, draw)
    if space.compartments:
        return
    for _ in range(draw.whole("clutter.loose")):
        at = np.array(
            [
                draw.between(space.box.x0, space.box.x1),
                draw.between(space.box.y0, space.box.y1),
                space.box.z0,
            ]
        )
        draw.one_of((*IN_HOLES, *LOOSE))(canvas, at, draw)


def _lump(
    canvas: FanCanvas, at: np.ndarray, draw: Draw, goods: str, density: float, size: np.ndarray
) -> None:
    axes = np.linalg.qr(draw.rng.normal(size=(3, 3)) * (1, 1, 0.3))[0]
    canvas.ellipsoid(of_density(goods, density), at + np.array([0.0, 0.0, float(size.min())]), axes, size)


def _bag(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    size = np.array([draw.between(0.12, 0.35), draw.between(0.1, 0.22), draw.between(0.12, 0.3)])
    _lump(canvas, at, draw, "textiles", draw.between(0.1, 0.4), size)


def _sack(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    """Of a person's size and density: what a detector must not take for one."""
    goods = draw.one_of(("grain", "produce", "meat in boxes", "sand"))
    size = np.array([draw.between(0.25, 0.5), draw.between(0.15, 0.28), draw.between(0.12, 0.28)])
    for number in range(int(draw.rng.integers(1, 4))):
        _lump(canvas, at + np.array([0.0, 0.0, 0.25 * number]), draw, goods, draw.between(0.6, 1.1), size)


def _blanket(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    size = np.array([draw.between(0.3, 0.6), draw.between(0.2, 0.4), draw.between(0.05, 0.25)])
    _lump(canvas, at, draw, "textiles", draw.between(0.05, 0.2), size)


def _bottles(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    for _ in range(int(draw.rng.integers(1, 7))):
        x, y = at[:2] + draw.rng.normal(0, 0.12, 2)
        canvas.drum({"water": 1.0}, x, y, 0.045, at[2], at[2] + draw.between(0.1, 0.3))


def _canister(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    wide, deep, high = draw.between(0.2, 0.35), draw.between(0.15, 0.3), draw.between(0.25, 0.5)
    full = Extent(at[0], at[0] + wide, at[1], at[1] + deep, at[2], at[2] + high * draw.rng.random())
    canvas.box({draw.one_of(("water", "polyethylene")): draw.between(0.75, 1.0)}, full)


def _telephone(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    z = at[2] + draw.between(0.0, 1.0)
    canvas.box(
        {"aluminium": 0.8, "glass": 0.6, "polyethylene": 0.5},
        Extent(at[0], at[0] + 0.075, at[1], at[1] + 0.009, z, z + 0.15),
    )


def _foil(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    wide, high = draw.between(0.6, 2.0), draw.between(0.5, 1.6)
    canvas.box({"aluminium": 2.7}, Extent(at[0], at[0] + wide, at[1], at[1] + 0.0004, at[2], at[2] + high))


def _carton(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    size = draw.rng.uniform(0.2, 0.7, 3)
    goods = draw.one_of(sorted(GOODS))
    canvas.box(
        of_density(goods, draw.between(0.05, 0.7)),
        Extent(at[0], at[0] + size[0], at[1], at[1] + size[1], at[2], at[2] + size[2]),
    )


def _barrel(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    radius, high = draw.between(0.12, 0.3), draw.between(0.3, 0.95)
    canvas.drum(
        {draw.one_of(("water", "polyethylene")): draw.between(0.3, 1.0)},
        float(at[0]),
        float(at[1]),
        radius,
        at[2],
        at[2] + high,
    )


def _wheel(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    radius = draw.between(0.25, 0.5)
    canvas.wheel({"rubber": 0.6}, at[0], at[2] + radius, radius, at[1], at[1] + draw.between(0.1, 0.3))


def _trolley(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    extent = Extent(
        at[0], at[0] + draw.between(0.5, 1.2), at[1], at[1] + 0.6, at[2] + 0.1, at[2] + draw.between(0.3, 1.6)
    )
    hollow_box(canvas, STEEL, extent, 0.0015)


def _post(canvas: FanCanvas, at: np.ndarray, draw: Draw) -> None:
    high = draw.between(1.0, 2.4)
    canvas.box({"iron": 3.0}, Extent(at[0], at[0] + 0.05, at[1], at[1] + 0.05, at[2], at[2] + high))


IN_HOLES: tuple[Put, ...] = (_bag, _sack, _blanket, _bottles, _canister, _telephone, _foil, _carton)
LOOSE: tuple[Put, ...] = (_barrel, _wheel, _trolley, _post, _carton)
