"""The lorries of fits and tests on simulated lorries: which kinds, and each by its number."""

from __future__ import annotations

import numpy as np

from scanner.simulation.draw import draw_lorry
from scanner.simulation.lorry_spec import LorrySpec
from scanner.vehicle import CargoClass, VehicleClass

KINDS = (
    *(
        (VehicleClass.REEFER, cargo)
        for cargo in (
            CargoClass.EMPTY,
            CargoClass.BOXED,
            CargoClass.FROZEN,
            CargoClass.PRODUCE,
            CargoClass.MEAT,
            CargoClass.DRY_ICE,
        )
    ),
    *((VehicleClass.TANKER, cargo) for cargo in (CargoClass.EMPTY, CargoClass.LIQUID, CargoClass.INERT)),
)
"""Every class and cargo the first calibration covers."""


def draw_trial(base_seed: int, number: int) -> LorrySpec:
    """Draw one lorry of a campaign.

    Number pairs alternate between empty and occupied and go round `KINDS`, so
    that even and odd numbers hold the same kinds.
    """
    vehicle_class, cargo = KINDS[(number // 4) % len(KINDS)]
    rng = np.random.default_rng([base_seed, number])
    persons = int(rng.integers(1, 9)) if (number // 2) % 2 else 0
    return draw_lorry(int(rng.integers(2**31)), vehicle_class=vehicle_class, cargo=cargo, persons=persons)
