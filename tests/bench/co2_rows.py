"""The rows of the CO2 detection table and their trials: which lorries, how probed, from which seeds."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from scanner.simulation.co2_batch import DipSeries, Procedure, simulate_dips
from scanner.simulation.co2_world import Condition, LorryBatch, World, draw_lorries
from scanner.vehicle import CargoClass, VehicleClass

TUNING_WORLD, TEST_WORLD = 71001, 72001
OTHER_WORLDS = (72002, 72003, 72004, 72005, 72006)

SEEDS = {
    "threshold": 81_001,
    "empty": 82_001,
    "occupied": 83_001,
    "fit empty": 86_001,
    "fit occupied": 87_001,
}
"""Of the trials that set thresholds, of those that are counted, and of those that fit a calibration.
84 001 and 85 001 are the ceilings' own lorries and the bootstrap."""

OCCUPIED = ("occupied", "fit occupied")

QUEUE_S = 900.0
"""From one dip to the next in the queue."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    group : rows that share a threshold at 0.1 %.
    load : name of the load as printed.
    condition : what is declared.
    hold_s : one entry a dip.
    persons : in the occupied trials.
    """

    group: str
    load: str
    condition: Condition
    hold_s: tuple[float, ...]
    persons: int

    @property
    def procedure(self) -> Procedure:
        return Procedure(self.hold_s, QUEUE_S)

    @property
    def closed(self) -> str:
        minutes = self.condition.closed_minutes
        return "any" if minutes is None else f"{minutes:.0f} min" if minutes < 60 else f"{minutes / 60:.0f} h"

    @property
    def probing(self) -> str:
        one = f"{self.hold_s[0]:.0f} s"
        return one if len(self.hold_s) == 1 else f"{len(self.hold_s)} × {one}"

    @property
    def name(self) -> str:
        return f"{self.load}, {self.closed}, {self.probing}, {self.persons} p."

    @property
    def key(self) -> int:
        """Number of what the empty lorries depend on: rows that differ in people share them."""
        return zlib.crc32(f"{self.condition}{self.hold_s}".encode())


def trials(
    world: World,
    row: Row,
    kind: str,
    n: int,
    *,
    persons: npt.ArrayLike | None = None,
    lie_share: float = 0.0,
    odd: float = 0.0,
) -> tuple[LorryBatch, DipSeries, DipSeries]:
    """Return n lorries of a row, what the probes report, and the same without transients.

    ``kind`` is one of `SEEDS`: the occupied ones hold ``persons``, else ``row.persons``, the others nobody.
    """
    rng = np.random.default_rng((SEEDS[kind], world.seed, row.key))
    inside = row.persons if persons is None else persons
    people = inside if kind in OCCUPIED else 0
    lorries = draw_lorries(world, row.condition, n, people, rng, lie_share=lie_share, odd=odd)
    state = rng.bit_generator.state
    series = simulate_dips(lorries, row.procedure, rng)
    rng.bit_generator.state = state
    return lorries, series, simulate_dips(lorries, row.procedure, rng, transients=False)


def joined(batches: list[LorryBatch]) -> LorryBatch:
    """Return lorries of several batches one after the other."""
    names = [field.name for field in fields(LorryBatch)]
    return LorryBatch(**{name: np.concatenate([getattr(b, name) for b in batches]) for name in names})


def joined_series(series: list[DipSeries]) -> DipSeries:
    """Return the reports of several batches, probed alike, one after the other."""
    names = ("inside_ppm", "outside_ppm", "outside_true_ppm", "bulk_excess_ppm", "bulk_slope_ppm_per_min")
    return replace(series[0], **{name: np.concatenate([getattr(s, name) for s in series]) for name in names})


def _reefer(cargo: CargoClass, **more: bool) -> Condition:
    return Condition(VehicleClass.REEFER, cargo, laden=cargo is not CargoClass.EMPTY, **more)


def _tanker(cargo: CargoClass, **more: bool) -> Condition:
    return Condition(VehicleClass.TANKER, cargo, laden=cargo is not CargoClass.EMPTY, **more)


LOADS: dict[str, tuple[str, Condition]] = {
    "reefer, frozen": ("quiet", _reefer(CargoClass.FROZEN)),
    "reefer, boxed": ("quiet", _reefer(CargoClass.BOXED)),
    "reefer, empty": ("quiet", _reefer(CargoClass.EMPTY)),
    "reefer, produce": ("breathing", _reefer(CargoClass.PRODUCE)),
    "reefer, low-respiring produce": ("breathing", _reefer(CargoClass.PRODUCE, low_respiration=True)),
    "reefer, meat": ("breathing", _reefer(CargoClass.MEAT)),
    "reefer, dry ice": ("breathing", _reefer(CargoClass.DRY_ICE)),
    "tanker, empty": ("tank", _tanker(CargoClass.EMPTY)),
    "tanker, liquids as they come": ("tank", _tanker(CargoClass.LIQUID)),
    "tanker, liquid": ("tank", _tanker(CargoClass.LIQUID, headspace_co2=False)),
    "tanker, liquid under CO2": ("headspace", _tanker(CargoClass.LIQUID, headspace_co2=True)),
}
"""Group for the 0.1 % threshold and condition of each load, closing time left open."""


def row(load: str, closed_minutes: float | None, hold_s: tuple[float, ...], persons: int) -> Row:
    group, condition = LOADS[load]
    return Row(group, load, replace(condition, closed_minutes=closed_minutes), hold_s, persons)


ONE, TWO, HALF, SHORT = (120.0,), (60.0, 60.0), (60.0,), (30.0,)

ROWS = tuple(
    row(*line)
    for line in (
        ("reefer, frozen", 10.0, HALF, 1),
        ("reefer, frozen", 10.0, ONE, 1),
        ("reefer, frozen", 10.0, TWO, 1),
        ("reefer, frozen", 10.0, ONE, 4),
        ("reefer, frozen", 60.0, SHORT, 1),
        ("reefer, frozen", 60.0, HALF, 1),
        ("reefer, frozen", 60.0, ONE, 1),
        ("reefer, frozen", 60.0, TWO, 1),
        ("reefer, frozen", 240.0, ONE, 1),
        ("reefer, boxed", 10.0, TWO, 1),
        ("reefer, boxed", 60.0, ONE, 1),
        ("reefer, empty", 10.0, ONE, 1),
        ("reefer, empty", 10.0, TWO, 1),
        ("reefer, empty", 10.0, ONE, 4),
        ("reefer, empty", 60.0, ONE, 1),
        ("reefer, empty", 60.0, TWO, 1),
        ("reefer, empty", 60.0, ONE, 4),
        ("reefer, empty", 240.0, ONE, 1),
        ("reefer, produce", 60.0, ONE, 1),
        ("reefer, produce", 60.0, ONE, 4),
        ("reefer, low-respiring produce", 10.0, ONE, 4),
        ("reefer, low-respiring produce", 10.0, TWO, 4),
        ("reefer, low-respiring produce", 60.0, ONE, 4),
        ("reefer, meat", 60.0, ONE, 1),
        ("reefer, meat", 60.0, ONE, 4),
        ("reefer, dry ice", 60.0, ONE, 1),
        ("reefer, dry ice", 60.0, ONE, 4),
        ("tanker, empty", 10.0, SHORT, 1),
        ("tanker, empty", 10.0, HALF, 1),
        ("tanker, empty", 10.0, ONE, 1),
        ("tanker, empty", 10.0, TWO, 1),
        ("tanker, empty", 60.0, ONE, 1),
        ("tanker, empty", 240.0, ONE, 1),
        ("tanker, liquid", 10.0, ONE, 1),
        ("tanker, liquid", 60.0, ONE, 1),
        ("tanker, liquid under CO2", 10.0, ONE, 1),
        ("tanker, liquid under CO2", 60.0, HALF, 1),
        ("tanker, liquid under CO2", 60.0, ONE, 1),
        ("tanker, liquid under CO2", 60.0, TWO, 1),
        ("tanker, liquid under CO2", 60.0, ONE, 4),
    )
)
assert len(ROWS) <= 40

FEW_ROWS = tuple(
    row(*line)
    for line in (
        ("reefer, frozen", 10.0, ONE, 1),
        ("reefer, frozen", 10.0, TWO, 1),
        ("reefer, frozen", 60.0, ONE, 1),
        ("reefer, empty", 10.0, ONE, 1),
        ("reefer, empty", 60.0, ONE, 1),
        ("reefer, low-respiring produce", 10.0, ONE, 4),
        ("tanker, empty", 10.0, ONE, 1),
        ("tanker, liquid under CO2", 60.0, ONE, 1),
    )
)
"""For a quick look and for the other worlds."""
