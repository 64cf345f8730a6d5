"""Everything that is true of one simulated lorry, its people, its air and the place it stands in."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scanner.simulation.chassis import Modes
from scanner.simulation.hearts import Heart
from scanner.simulation.site import Site
from scanner.vehicle import CargoClass, Declaration

if TYPE_CHECKING:
    from scanner.simulation.body_library import Split

BODIES: Split = "validation"
"""Who hides in a lane's lorries unless told otherwise: people whom models were not trained on."""


@dataclass(frozen=True, slots=True)
class LorrySpec:
    """The truth about one lorry in one lane.

    The ranges of every field and where they come from stand in ``priors.toml``.

    Parameters
    ----------
    declaration : what the papers say; may be false, see ``loaded``.
    persons : number of people inside, the truth.
    seed, visit : of every random course; a second visit has its own.
    closed_minutes : true time since the doors were shut, at the visit's start.
    free_volume_m3, air_changes_per_h : the air inside and its leak.
    person_co2_l_s : of each person, at 0 degC and 1013 hPa.
    respiration_mg_kg_h, cargo_kg : breathing cargo.
    dry_ice_kg, dry_ice_loss_per_h, pack_co2_l_s : other sources.
    initial_excess_ppm : excess over outside air when the doors were shut.
    outside_co2_ppm, outside_fluctuation_ppm, exhaust_puffs_per_h : free air.
    tip_fraction, tip_fluctuation : excess at the tip over the mean excess; its relative swing.
    inside_offset_ppm, inside_gain, outside_offset_ppm : errors of the two probes.
    probe_in_s : time in the visit at which the probe's tip goes in.
    inside_c, outside_c, wind_m_s, site : conditions.
    ground_rms_um_s, ground_coherence, site_resonance_hz, machine_hz, train_gain : the ground.
    wind_um_s3_per_m2 : body velocity per wind speed squared at 15 t.
    unit_running, unit_rpm, unit_cylinders, unit_rms_um_s, unit_cycle_s : refrigeration unit.
    mass_t, modes : the vehicle on its springs.
    hearts : one for each person.
    movements_per_min, movement_force_n : of each person.
    driver : the driver's heart while he sits in the cab, else None.
    slosh_hz, slosh_um_s : liquid swaying in a tank, 0 = none.
    door_opened_minutes_ago, door_kept_share : before the visit's start, None = not since closing;
        share of the excess that stayed inside.
    second_volume_m3, exchange_m3_h : a room behind the one with the people and the tip, 0 = none.
    tip_change : log ratio of the tip's place in later visits to that of the first.
    gusts_per_h, gust_depth : outside air over the tip; the share of the excess that it takes.
    breath_at_s, breath_ppm, breath_s : an officer's breath at the tip, from so long after the tip went
        in, None = none.
    condensation_ppm_per_min : drift of the inside probe's report once its tip is in.
    probe_out_s : time in the visit at which the tip comes out, None = it stays.
    inside_quirk : what the inside probe does that none should, one of `co2_quirks.QUIRKS`.
    loaded : what is in the load space where the papers name another cargo, None = they are true.
    bodies : part of the body library that the people in the X-ray picture come from.
    xray_noise : amplitude of the X-ray detector's noise, in that of a well-kept lane.
    """

    declaration: Declaration
    persons: int
    seed: int
    closed_minutes: float
    free_volume_m3: float
    air_changes_per_h: float
    person_co2_l_s: float
    respiration_mg_kg_h: float
    cargo_kg: float
    dry_ice_kg: float
    dry_ice_loss_per_h: float
    pack_co2_l_s: float
    initial_excess_ppm: float
    outside_co2_ppm: float
    outside_fluctuation_ppm: float
    exhaust_puffs_per_h: float
    tip_fraction: float
    tip_fluctuation: float
    inside_offset_ppm: float
    inside_gain: float
    outside_offset_ppm: float
    probe_in_s: float
    inside_c: float
    outside_c: float
    wind_m_s: float
    site: Site
    ground_rms_um_s: float
    ground_coherence: float
    site_resonance_hz: float
    machine_hz: float
    train_gain: float
    wind_um_s3_per_m2: float
    unit_running: bool
    unit_rpm: float
    unit_cylinders: int
    unit_rms_um_s: float
    unit_cycle_s: float
    mass_t: float
    modes: Modes
    hearts: tuple[Heart, ...]
    movements_per_min: float
    movement_force_n: float
    driver: Heart | None = None
    slosh_hz: float = 0.0
    slosh_um_s: float = 0.0
    visit: int = 1
    door_opened_minutes_ago: float | None = None
    door_kept_share: float = 0.2
    second_volume_m3: float = 0.0
    exchange_m3_h: float = 0.0
    tip_change: float = 0.0
    gusts_per_h: float = 0.0
    gust_depth: float = 0.5
    breath_at_s: float | None = None
    breath_ppm: float = 1500.0
    breath_s: float = 10.0
    condensation_ppm_per_min: float = 0.0
    probe_out_s: float | None = None
    inside_quirk: str = ""
    loaded: CargoClass | None = None
    bodies: Split = BODIES
    xray_noise: float = 1.0

    @property
    def occupied(self) -> bool:
        """Whether anybody is inside."""
        return self.persons > 0

    @property
    def cargo(self) -> CargoClass:
        """What is in the load space, whatever the papers say."""
        return self.declaration.cargo if self.loaded is None else self.loaded

    @property
    def true_declaration(self) -> Declaration:
        """What honest papers would say: everything that is measured follows it."""
        cargo = self.cargo
        return replace(self.declaration, cargo=cargo, laden=cargo is not CargoClass.EMPTY)

    @property
    def visit_seed(self) -> int:
        """Seed of the random courses of this visit."""
        return self.seed * 1000 + self.visit

    def next_visit(self, after_minutes: float) -> LorrySpec:
        """Return the same lorry when it comes back, its doors shut that much longer."""
        opened = self.door_opened_minutes_ago
        return replace(
            self,
            visit=self.visit + 1,
            closed_minutes=self.closed_minutes + after_minutes,
            door_opened_minutes_ago=None if opened is None else opened + after_minutes,
        )

    @property
    def tip_of_mean(self) -> float:
        """Excess at the tip over the mean excess, at this visit's place of the tip."""
        if self.visit == 1 or self.tip_change == 0.0:
            return self.tip_fraction
        # within what tips meet (``tip_fraction`` in priors.toml)
        return min(1.1, max(0.3, self.tip_fraction * math.exp(self.tip_change)))
