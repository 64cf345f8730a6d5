"""One simulated lorry in the lane: what each sensor would meet, as functions of time or of samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scanner.simulation.chassis import Geophone
from scanner.simulation.closed_air import (
    DISPLACED_O2_PER_CO2,
    OXYGEN_PPM,
    PEOPLE_O2_PER_CO2,
    PRODUCE_O2_PER_CO2,
    Rooms,
    expanded_ppm_m3_per_min,
    since_closing,
)
from scanner.simulation.co2 import (
    GUST_WIDTH_S,
    Bursts,
    OutsideAir,
    SlowFluctuation,
    bulk_excess_ppm,
    dry_ice_co2_l_s,
    produce_co2_l_s,
)
from scanner.simulation.draw import draw_lorry
from scanner.simulation.hearts import RecordedForce
from scanner.simulation.lorry_spec import LorrySpec
from scanner.simulation.priors import stream
from scanner.simulation.seismic import Seismic
from scanner.vehicle import CargoClass

if TYPE_CHECKING:
    from scanner.simulation.thermal_scene import DoorsScene
    from scanner.simulation.xray.beam import Beam
    from scanner.simulation.xray.passage import Passage

__all__ = ["LorrySpec", "SimulatedLorry", "draw_lorry"]

Array = npt.NDArray[np.float64]


class SimulatedLorry:
    """A lorry made from its truth; the same specification gives the same readings.

    Time ``t_s`` runs from the start of the visit.

    Parameters
    ----------
    spec : the truth.
    heart_force : recorded forces and their rate, newtons ``(n,)`` for the first
        person or ``(n_persons, n)``, and Hz; played in place of simulated hearts.
    tip_ppm : recorded concentration at the probe's tip as a function of the time
        since the tip went in, in place of the mass balance.
    door_frames_c : recorded thermal frames ``(n_frames, 24, 32)``, 4 a second,
        repeated, in place of the simulated doors.
    geophone, fs_hz : of the waveform board.

    Examples
    --------
    >>> lorry = SimulatedLorry(draw_lorry(5))
    >>> lorry.seismic_counts(1000, 250).shape
    (5, 250)
    """

    def __init__(
        self,
        spec: LorrySpec,
        heart_force: tuple[npt.ArrayLike, float] | None = None,
        tip_ppm: Callable[[Array], Array] | None = None,
        door_frames_c: npt.NDArray[np.float32] | None = None,
        geophone: Geophone | None = None,
        fs_hz: float = 500.0,
    ) -> None:
        self.spec = spec
        self.seismic = Seismic(spec, geophone, fs_hz, _recorded_forces(spec, heart_force))
        self._tip_ppm, self._door_frames_c = tip_ppm, door_frames_c
        self._outside = OutsideAir(
            spec.outside_co2_ppm, spec.outside_fluctuation_ppm, spec.exhaust_puffs_per_h, spec.visit_seed
        )
        self._eddies = SlowFluctuation(stream(spec.visit_seed, "tip"), 4.0, 120.0)
        self._gusts = Bursts(spec.visit_seed, "gusts", spec.gusts_per_h, GUST_WIDTH_S)
        self._doors: DoorsScene | None = None

    @property
    def co2_generation_l_s(self) -> float:
        """All sources of CO2 inside, L/s at 0 degC."""
        s = self.spec
        return (
            s.persons * s.person_co2_l_s
            + produce_co2_l_s(s.cargo_kg, s.respiration_mg_kg_h)
            + dry_ice_co2_l_s(s.dry_ice_kg, s.dry_ice_loss_per_h)
            + s.pack_co2_l_s
        )

    def co2_bulk_excess_ppm(self, t_s: npt.ArrayLike) -> Array:
        """Return the mean excess of the body over outside air at ``t_s``, ppm."""
        s = self.spec
        closed_s = 60.0 * s.closed_minutes + np.asarray(t_s, dtype=float)
        if s.second_volume_m3 > 0.0 or s.door_opened_minutes_ago is not None:
            people_l_s = s.persons * s.person_co2_l_s
            return self._divided(
                closed_s, people_l_s, self.co2_generation_l_s - people_l_s, s.initial_excess_ppm
            )
        return bulk_excess_ppm(
            closed_s,
            self.co2_generation_l_s,
            s.free_volume_m3,
            s.air_changes_per_h,
            s.inside_c,
            s.initial_excess_ppm,
        )

    def oxygen_tip_pct(self, t_s: npt.ArrayLike) -> Array:
        """Return the oxygen at the inside probe's tip, % by volume: outside air until it goes in."""
        s, t = self.spec, np.asarray(t_s, dtype=float)
        breathed_l_s = produce_co2_l_s(s.cargo_kg, s.respiration_mg_kg_h)
        people_l_s = s.persons * s.person_co2_l_s
        only_added_l_s = self.co2_generation_l_s - breathed_l_s - people_l_s
        cargo = PRODUCE_O2_PER_CO2 * breathed_l_s + DISPLACED_O2_PER_CO2 * only_added_l_s
        start_ppm = PEOPLE_O2_PER_CO2 * s.initial_excess_ppm
        if s.cargo is CargoClass.INERT:
            nitrogen = s.initial_excess_ppm < 0.0
            start_ppm = -0.98 * OXYGEN_PPM if nitrogen else DISPLACED_O2_PER_CO2 * s.initial_excess_ppm
        change_ppm = self._divided(
            60.0 * s.closed_minutes + t, PEOPLE_O2_PER_CO2 * people_l_s, cargo, start_ppm
        )
        within = np.maximum(OXYGEN_PPM + self._tip_share(t) * np.maximum(change_ppm, -OXYGEN_PPM), 0.0)
        return np.where(self._tip_is_in(t), within, OXYGEN_PPM) / 1e4

    def _divided(self, closed_s: Array, people_l_s: float, cargo_l_s: float, start_ppm: float) -> Array:
        """Excess of the people's room, of one or two rooms, over outside air."""
        s = self.spec
        total_m3 = s.free_volume_m3 + s.second_volume_m3
        people, cargo = (float(expanded_ppm_m3_per_min(q, s.inside_c)) for q in (people_l_s, cargo_l_s))
        opened = s.door_opened_minutes_ago
        rooms = (
            s.free_volume_m3, s.second_volume_m3, s.exchange_m3_h, s.air_changes_per_h, s.air_changes_per_h,
        )  # fmt: skip
        first, _ = since_closing(
            Rooms(*(np.array([value]) for value in rooms)),
            closed_s.reshape(1, -1) / 60.0,
            start_ppm,
            (people + cargo * s.free_volume_m3 / total_m3, cargo * s.second_volume_m3 / total_m3),
            [np.nan if opened is None else s.closed_minutes - opened],
            [s.door_kept_share],
        )
        return first.reshape(closed_s.shape)

    def co2_outside_ppm(self, t_s: npt.ArrayLike) -> Array:
        """Return the concentration of the free air beside the lane, ppm."""
        return self._outside.ppm(t_s)

    def co2_tip_ppm(self, t_s: npt.ArrayLike) -> Array:
        """Return the concentration at the inside probe's tip, ppm: outside air until it goes in."""
        t = np.asarray(t_s, dtype=float)
        inside = self._tip_is_in(t)
        if self._tip_ppm is not None:
            within = self._tip_ppm(np.maximum(t - self.spec.probe_in_s, 0.0))
        else:
            excess = self.co2_bulk_excess_ppm(t) * self._tip_share(t)
            within = np.maximum(self.spec.outside_co2_ppm + excess, 0.0) + self._breath_ppm(t)
        return np.where(inside, within, self.co2_outside_ppm(t))

    def co2_drift_ppm(self, t_s: npt.ArrayLike) -> Array:
        """Return what condensation adds to the inside probe's report, ppm."""
        s = self.spec
        since_s = np.asarray(t_s, dtype=float) - s.probe_in_s
        # it dries in free air within the pause between two visits
        return s.condensation_ppm_per_min * np.maximum(since_s, 0.0) / 60.0

    def _tip_is_in(self, t: Array) -> npt.NDArray[np.bool_]:
        out_s = np.inf if self.spec.probe_out_s is None else self.spec.probe_out_s
        return np.asarray((t >= self.spec.probe_in_s) & (t < out_s))

    def _tip_share(self, t: Array) -> Array:
        s = self.spec
        eddy = np.maximum(1.0 + s.tip_fluctuation * self._eddies(t), 0.0)
        return s.tip_of_mean * eddy * (1.0 - s.gust_depth * np.minimum(self._gusts(t), 1.0))

    def _breath_ppm(self, t: Array) -> Array:
        s = self.spec
        if s.breath_at_s is None:
            return np.zeros(t.shape)
        since_s = t - s.probe_in_s - s.breath_at_s
        return np.where((since_s >= 0.0) & (since_s < s.breath_s), s.breath_ppm, 0.0)

    def temperature_inside_c(self, t_s: npt.ArrayLike) -> Array:
        """Return the air temperature inside; people warm still air by some 0.02 degC a minute each."""
        t = np.asarray(t_s, dtype=float)
        # 60 W of convection a person into the air and the first centimetres of walls and load
        rise_c = 0.0 if self.spec.unit_running else self.spec.persons * 0.02 / 60.0
        return self.spec.inside_c + rise_c * t

    def seismic_counts(self, start_sample: int, n: int) -> npt.NDArray[np.int32]:
        """Return counts of c1..c4 and g1 at 500 Hz from ``start_sample``, int32 ``(5, n)``."""
        return self.seismic.counts(start_sample, n)

    def shake_counts(self, start_sample: int, n: int) -> npt.NDArray[np.int32]:
        """Return counts of the ground digitiser at 100 Hz from ``start_sample``, int32 ``(1, n)``."""
        return self.seismic.shake_counts(start_sample, n)

    def thermal_c(self, t_s: float) -> npt.NDArray[np.float32]:
        """Return what the imager at the doors sees at ``t_s``, degC float32 ``(24, 32)``."""
        if self._door_frames_c is not None:
            return np.asarray(self._door_frames_c[int(t_s * 4.0) % len(self._door_frames_c)], np.float32)
        if self._doors is None:
            from scanner.simulation.thermal_scene import DoorsScene

            self._doors = DoorsScene(
                self.spec.true_declaration,
                self.spec.persons,
                self.spec.inside_c,
                self.spec.outside_c,
                stream(self.spec.visit_seed, "doors"),
            )
        return self._doors.frame_c(t_s)

    def xray(self, n_pixels: int = 512, n_lines: int = 1024, beam: Beam | None = None) -> Passage:
        """Return the lorry's passage through the X-ray portal; None = a linac's."""
        from scanner.simulation.xray.beam import Beam
        from scanner.simulation.xray.lane import declared_passage

        spec = self.spec
        return declared_passage(
            spec.true_declaration,
            spec.persons,
            spec.seed,
            spec.visit_seed,
            beam or Beam.LINAC,
            n_pixels,
            n_lines,
            spec.bodies,
            spec.xray_noise,
        )


def _recorded_forces(
    spec: LorrySpec, heart_force: tuple[npt.ArrayLike, float] | None
) -> tuple[RecordedForce, ...]:
    if heart_force is None:
        return ()
    records = np.atleast_2d(np.asarray(heart_force[0], dtype=float))
    if len(records) > spec.persons:
        raise ValueError(f"{len(records)} recorded hearts, but {spec.persons} persons inside")
    return tuple(RecordedForce(record, heart_force[1]) for record in records)
