"""What a lorry is made of, as an X-ray sees it from the side: running gear, cab, body, tank.

Sizes are those of a European articulated lorry (Directive 96/53/EC: 16.5 m long,
4.0 m high, 2.6 m wide when insulated); wall thicknesses are typical, not one maker's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanner.vehicle import VehicleClass
from tests.simulation.former.xray_canvas import Canvas

STEEL, ALUMINIUM, FOAM, GLASS, RUBBER, DIESEL = 7.85, 2.70, 0.045, 2.5, 1.15, 0.84
LENGTH_M = 16.5
HEIGHT_M = 4.0


@dataclass(frozen=True, slots=True)
class LoadSpace:
    """The inside of the body: extents along x and z and its width, m; a tank is a cylinder."""

    x0: float
    x1: float
    z0: float
    z1: float
    width_m: float
    tank: bool


def _wheel(canvas: Canvas, x: float, radius_m: float, tyres: int) -> None:
    canvas.disc("rubber", RUBBER, x, radius_m, radius_m, 0.075 * tyres)
    canvas.disc("iron", STEEL, x, radius_m, 0.58 * radius_m, 0.009 * tyres)
    canvas.disc("rubber", -RUBBER, x, radius_m, 0.58 * radius_m, 0.075 * tyres)
    canvas.disc("iron", STEEL, x, radius_m, 0.24, 0.09)  # hubs and brake drums
    canvas.disc("iron", STEEL, x, radius_m, 0.07, 0.9)  # axle, seen end on


def _tractor(canvas: Canvas, rng: np.random.Generator) -> None:
    roof = 3.2 + 0.5 * rng.random()
    for x in (1.4, 5.2):
        _wheel(canvas, x, 0.5, 2 if x < 2 else 4)
    canvas.box("iron", STEEL, 0.2, 6.0, 0.78, 1.02, 0.016)  # two frame rails
    canvas.box("iron", STEEL, 0.5, 1.6, 0.75, 1.35, 0.11 + 0.03 * rng.random())  # engine
    canvas.box("iron", STEEL, 1.6, 2.4, 0.75, 1.1, 0.07)  # gearbox
    canvas.box("iron", STEEL, 0.25, 0.4, 0.6, 1.4, 0.03)  # radiator and bumper
    fuel = 0.2 + 0.35 * rng.random()
    canvas.box("iron", STEEL, 2.6, 3.8, 0.45, 1.0, 0.004)
    canvas.box("polyethylene", DIESEL, 2.6, 3.8, 0.45, 0.45 + fuel, 0.65)
    canvas.box("iron", STEEL, 0.25, 2.35, 1.0, roof, 0.004)  # two cab sides
    for low, high, start, end in ((roof - 0.05, roof, 0.35, 2.35), (1.0, 1.06, 0.3, 2.35)):
        canvas.box("iron", STEEL, start, end, low, high, 0.05)  # roof and floor, seen edge on
    canvas.box("iron", STEEL, 2.30, 2.35, 1.0, roof, 0.05)
    canvas.box("iron", -STEEL, 0.6, 1.4, 1.9, 2.6, 0.003)  # door windows
    canvas.box("glass", GLASS, 0.25, 0.32, 1.9, 2.8, 0.06)
    canvas.box("polyethylene", 0.25, 1.1, 1.35, 1.35, 2.2, 0.9)  # seats
    canvas.box("polyethylene", 0.25, 0.9, 1.3, 1.3, 1.5, 0.9)
    canvas.box("polyurethane", 0.15, 1.6, 2.3, 1.4, 1.6, 1.8)  # bunk
    canvas.box("iron", STEEL, 4.3, 5.3, 1.02, 1.14, 0.06)  # fifth wheel


def _running_gear(canvas: Canvas, rng: np.random.Generator) -> None:
    for x in (12.0, 13.3, 14.6):
        _wheel(canvas, x, 0.5, 2 if rng.random() < 0.8 else 4)
    canvas.box("iron", STEEL, 3.9, 16.4, 1.02, 1.16, 0.016)
    for x in (7.0, 7.25):
        canvas.box("iron", STEEL, x, x + 0.09, 0.35, 1.1, 0.02)  # landing legs
    if rng.random() < 0.6:
        x = 8.0 + 1.5 * rng.random()
        canvas.box("cellulose", 0.5, x, x + 2.2, 0.5, 0.95, 0.5)  # pallet box under the floor
        canvas.box("iron", STEEL, x, x + 2.2, 0.5, 0.95, 0.003)
    canvas.box("iron", STEEL, 16.3, 16.45, 0.45, 0.65, 0.15)  # rear underrun guard


def _reefer(canvas: Canvas, rng: np.random.Generator) -> LoadSpace:
    x0, x1, z0, z1 = 3.2, 16.5, 1.16, 3.98
    wall, skin = 0.06, 0.0007 + 0.0004 * rng.random()
    canvas.box("polyurethane", FOAM, x0, x1, z0, z1, 2 * wall)
    canvas.box("iron", STEEL, x0, x1, z0, z1, 4 * skin)
    for low, high in ((z0, z0 + 0.10), (z1 - 0.08, z1)):  # floor and roof, seen edge on
        canvas.box("polyurethane", FOAM, x0, x1, low, high, 2.4)
    canvas.box("iron", STEEL, x0, x1, z1 - 0.02, z1, 0.08)
    canvas.box("aluminium", ALUMINIUM, x0, x1, z0 + 0.10, z0 + 0.14, 0.5)  # ribbed floor
    for x in np.arange(x0 + 0.4, x1, 0.61):
        canvas.box("iron", STEEL, x, x + 0.04, z0 - 0.06, z0, 0.25)  # cross members
    canvas.box("polyurethane", FOAM, x0, x0 + 0.08, z0, z1, 2.4)  # bulkhead
    canvas.box("polyurethane", FOAM, x1 - 0.08, x1, z0, z1, 2.4)  # doors
    canvas.box("iron", STEEL, x1 - 0.04, x1, z0, z1, 0.12)  # door frame and locking bars
    for z in (1.9, 2.5) if rng.random() < 0.7 else (2.2,):
        canvas.box("aluminium", ALUMINIUM, x0 + 0.2, x1 - 0.2, z, z + 0.04, 0.02)  # lashing rails
    # the refrigeration unit hangs on the front wall above the tractor
    canvas.box("iron", STEEL, x0 - 0.5, x0, 2.1, 3.95, 0.006)
    canvas.box("iron", STEEL, x0 - 0.42, x0 - 0.1, 2.2, 2.65, 0.10 + 0.05 * rng.random())
    canvas.disc("iron", STEEL, x0 - 0.25, 2.95, 0.14, 0.16)
    canvas.box("aluminium", ALUMINIUM, x0 - 0.45, x0 - 0.3, 2.9, 3.9, 0.25)
    canvas.box("aluminium", ALUMINIUM, x0 + 0.12, x0 + 0.45, 3.35, 3.8, 0.10)  # evaporator
    return LoadSpace(x0 + 0.1, x1 - 0.1, z0 + 0.14, z1 - 0.1, 2.46, tank=False)


def _tanker(canvas: Canvas, rng: np.random.Generator) -> LoadSpace:
    x0, x1 = 3.7, 16.3
    radius = 1.05 + 0.15 * rng.random()
    z = 1.22 + radius
    metal, density, shell = ("aluminium", ALUMINIUM, 0.0055) if rng.random() < 0.5 else ("iron", STEEL, 0.003)
    canvas.barrel(metal, density, x0, x1, z, radius)
    canvas.barrel(metal, -density, x0 + shell, x1 - shell, z, radius - shell)
    if rng.random() < 0.5:  # food tanks are insulated
        canvas.barrel("polyurethane", FOAM, x0 - 0.08, x1 + 0.08, z, radius + 0.08)
        canvas.barrel("polyurethane", -FOAM, x0, x1, z, radius)
    baffles = int(rng.integers(2, 7))
    for x in np.linspace(x0, x1, baffles + 2)[1:-1]:
        canvas.barrel(metal, density, x, x + shell, z, radius)
        canvas.box(metal, -density, x, x + shell, z - 0.3, z + 0.3, 0.6)  # the man hole in it
        canvas.box(metal, density, x - 0.6, x - 0.1, z + radius, z + radius + 0.14, 0.05)  # lids
    canvas.box(metal, density, x0 + 0.3, x1 - 0.3, z + radius + 0.1, z + radius + 0.14, 0.05)  # walkway
    for x in np.linspace(x0 + 1.0, x1 - 1.0, 5):
        canvas.box("iron", STEEL, x, x + 0.1, 1.1, 1.35, 0.03)  # cradles
    canvas.box("iron", STEEL, 9.5, 10.8, 0.55, 0.95, 0.05)  # pump and valves
    return LoadSpace(x0 + 0.1, x1 - 0.1, z - radius + shell, z + radius - shell, 2 * radius, tank=True)


def draw_lorry(canvas: Canvas, vehicle_class: VehicleClass, rng: np.random.Generator) -> LoadSpace:
    """Draw a lorry without cargo and return its load space.

    The front bumper is at x = 0.25 m, the rear end at 16.5 m, the road at z = 0.
    """
    _tractor(canvas, rng)
    _running_gear(canvas, rng)
    if vehicle_class is VehicleClass.TANKER:
        return _tanker(canvas, rng)
    return _reefer(canvas, rng)
