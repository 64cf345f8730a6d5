"""The truth about a batch of lorries and their air, field by field."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from scanner.simulation.closed_air import Rooms
from scanner.vehicle import CargoClass, VehicleClass

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

CARGOES = tuple(CargoClass)
"""What ``LorryBatch.cargo`` counts."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is declared of a batch of lorries.

    Parameters
    ----------
    vehicle_class, cargo, laden : as declared; not laden means empty, whatever the cargo.
    closed_minutes : true time since closing, None = log-uniform over the world's range.
    headspace_co2 : whether a liquid lies under its own CO2, None = the world's share of them does.
    low_respiration : produce that hardly breathes (apples, citrus, potatoes).
    """

    vehicle_class: VehicleClass
    cargo: CargoClass
    laden: bool = True
    closed_minutes: float | None = None
    headspace_co2: bool | None = None
    low_respiration: bool = False


@dataclass(frozen=True)
class LorryBatch:
    """The truth about n lorries; every field is ``(n,)``.

    Parameters
    ----------
    persons : people inside.
    person_co2_l_s : mean of the people inside, shivering included, L/s at 0 degC.
    cargo : true cargo, index into `CARGOES`.
    cargo_co2_l_s : given off by cargo or product, L/s at 0 degC.
    cargo_o2_per_co2 : oxygen change per CO2 change of the cargo.
    free_volume_m3 : the room with the people and the tip.
    second_volume_m3, exchange_m3_h : a room behind it, 0 = none.
    air_changes_per_h, second_changes_per_h : leak of either room.
    closed_minutes, declared_minutes : since closing, at the first dip; NaN = nothing declared.
    door_opened_minutes_ago, door_kept_share : NaN = not opened since; share of the excess it left.
    initial_excess_ppm, initial_oxygen_ppm : over the air where it was closed, at closing.
    origin_air_ppm : the air where it was closed minus the air here.
    inside_c, outside_c : temperatures.
    tip_of_mean, tip_change, tip_fluctuation : excess at the tip over the mean; log ratio of later
        dips' place to the first; relative swing. ``eddy_time`` stretches its time constants.
    gusts_per_h, gust_depth, breath_chance : outside air over the tip; an officer's breath, a dip.
    outside_ppm, outside_fluctuation_ppm, outside_unevenness, puffs_per_h : the free air.
    inside_offset_ppm, outside_offset_ppm, inside_gain, outside_gain : errors of the probes.
    cold_cell_gain, cell_cools_s : extra relative reading once the cell has the cold inside, and how fast.
    condensation_ppm_per_min : drift of the inside probe's report once it is in.
    t90_s, t90_true_s, outside_t90_s, outside_t90_true_s : as the maker says, and as it is.
    noise_ppm, outside_noise_ppm, step_ppm, outside_step_ppm, high_ppm : of single reports; end of range.
    oxygen_noise_pct, oxygen_offset_pct : of an oxygen cell beside the tip.
    quirk : what the inside probe does that none should, index into `QUIRKS`, 0 = nothing.
    lied : whether the declaration is false.
    """

    persons: Whole
    person_co2_l_s: Array
    cargo: Whole
    cargo_co2_l_s: Array
    cargo_o2_per_co2: Array
    free_volume_m3: Array
    second_volume_m3: Array
    exchange_m3_h: Array
    air_changes_per_h: Array
    second_changes_per_h: Array
    closed_minutes: Array
    declared_minutes: Array
    door_opened_minutes_ago: Array
    door_kept_share: Array
    initial_excess_ppm: Array
    initial_oxygen_ppm: Array
    origin_air_ppm: Array
    inside_c: Array
    outside_c: Array
    tip_of_mean: Array
    tip_change: Array
    tip_fluctuation: Array
    eddy_time: Array
    gusts_per_h: Array
    gust_depth: Array
    breath_chance: Array
    outside_ppm: Array
    outside_fluctuation_ppm: Array
    outside_unevenness: Array
    puffs_per_h: Array
    inside_offset_ppm: Array
    outside_offset_ppm: Array
    inside_gain: Array
    outside_gain: Array
    cold_cell_gain: Array
    cell_cools_s: Array
    condensation_ppm_per_min: Array
    t90_s: Array
    t90_true_s: Array
    outside_t90_s: Array
    outside_t90_true_s: Array
    noise_ppm: Array
    outside_noise_ppm: Array
    step_ppm: Array
    outside_step_ppm: Array
    high_ppm: Array
    oxygen_noise_pct: Array
    oxygen_offset_pct: Array
    quirk: Whole
    lied: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.persons)

    def __getitem__(self, chosen: slice | npt.NDArray[np.bool_] | Whole) -> LorryBatch:
        """Return the lorries chosen by a slice, a mask or indices."""
        return LorryBatch(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    @property
    def rooms(self) -> Rooms:
        """The rooms as the mass balance takes them."""
        return Rooms(
            self.free_volume_m3,
            self.second_volume_m3,
            self.exchange_m3_h,
            self.air_changes_per_h,
            self.second_changes_per_h,
        )


def without_nuisances(lorries: LorryBatch) -> LorryBatch:
    """Return the same lorries with perfect probes, a tip that sees the mean and calm air.

    For checks against closed forms.
    """
    n = len(lorries)
    zeros = (
        "tip_change",
        "tip_fluctuation",
        "gusts_per_h",
        "breath_chance",
        "outside_fluctuation_ppm",
        "puffs_per_h",
        "inside_offset_ppm",
        "outside_offset_ppm",
        "cold_cell_gain",
        "condensation_ppm_per_min",
        "noise_ppm",
        "outside_noise_ppm",
        "step_ppm",
        "outside_step_ppm",
        "oxygen_noise_pct",
        "oxygen_offset_pct",
    )
    ones = ("tip_of_mean", "inside_gain", "outside_gain")
    changed: dict[str, Any] = dict.fromkeys(zeros, np.zeros(n)) | dict.fromkeys(ones, np.ones(n))
    return replace(lorries, **changed, t90_true_s=lorries.t90_s, high_ppm=np.full(n, np.inf))
