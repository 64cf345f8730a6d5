"""How CO2 and oxygen go on in a closed body, draw by draw, in closed form.

Of each draw the excess E over outside air follows dE/dt = s - k E with a steady
source s and leakage k. Oxygen that is gone follows the same law: people use up
more than they breathe out, produce as much, gas that is only added pushes air aside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.signals.co2_oxygen import CARGO_PPM_PER_PPM, OUTSIDE_OXYGEN_PCT, PEOPLE_PPM_PER_PPM
from scanner.signals.co2_posterior import AirPosterior
from scanner.vehicle import CargoClass

Array = npt.NDArray[np.float64]

ZERO_C_K = 273.15
WARM_C = 20.0
"""Temperature taken where none was measured (assumption): warmer air expands what people breathe out."""

DISPLACING = frozenset({CargoClass.LIQUID, CargoClass.INERT, CargoClass.DRY_ICE, CargoClass.MEAT})
"""Loads whose CO2 at closing was gas that only pushed air aside."""

DISPLACED_PPM_PER_PPM = 0.2095
"""Oxygen in the air that added gas pushes out."""


@dataclass(frozen=True, slots=True)
class Course:
    """One gas of each draw, in ppm above (CO2) or below (oxygen) outside air.

    Parameters
    ----------
    now_ppm : float ``(m,)``, not negative.
    source_ppm_per_min : float ``(m,)``, not negative.
    leakage_per_min : float ``(m,)``, not negative.
    """

    now_ppm: Array
    source_ppm_per_min: Array
    leakage_per_min: Array

    def after(self, minutes: npt.ArrayLike) -> Array:
        """Return the course at each time from now, ppm ``(n_times, m)``.

        Examples
        --------
        >>> one = np.ones(1)
        >>> Course(0 * one, 10 * one, 0 * one).after([0.0, 30.0]).tolist()
        [[0.0], [300.0]]
        """
        passed = np.asarray(minutes, float)[:, np.newaxis]
        lost = self.leakage_per_min * passed
        grown = np.where(lost > 1e-9, -np.expm1(-lost) / np.maximum(lost, 1e-9), 1.0)
        return np.asarray(self.now_ppm * np.exp(-lost) + self.source_ppm_per_min * passed * grown)

    def minutes_to(self, limits_ppm: npt.ArrayLike) -> Array:
        """Return the minutes until each limit is reached, ``(n_limits, m)``: 0 = it is, inf = never.

        Examples
        --------
        >>> one = np.ones(1)
        >>> leaky = Course(0 * one, 10 * one, 0.01 * one)  # settles at 1000 ppm
        >>> leaky.minutes_to([500.0, 1500.0]).round(3).tolist()
        [[69.315], [inf]]
        """
        missing = np.asarray(limits_ppm, float)[:, np.newaxis] - self.now_ppm
        rise = self.source_ppm_per_min - self.leakage_per_min * self.now_ppm  # now
        tight = np.maximum(self.leakage_per_min, 1e-12)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(rise > 0, tight * missing / rise, np.inf)
            reached = -np.log1p(-np.minimum(share, 1.0)) / tight
        return np.asarray(np.where(missing <= 0, 0.0, np.where(share < 1.0, reached, np.inf)))


def co2_course(air: AirPosterior, temperature_c: float | None) -> Course:
    """Return CO2 in excess of outside air from now on.

    Examples
    --------
    >>> one = np.ones(1)
    >>> air = AirPosterior(one, one, 0.0043 * one, 0 * one, 33 * one, 0.1 * one, 0 * one, 0 * one, 430.0)
    >>> co2_course(air, 25.0).after([30.0, 60.0, 240.0]).round().ravel().tolist()
    [250.0, 487.0, 1688.0]
    """
    given_off = air.persons * air.person_co2_l_s + air.cargo_co2_l_s
    return Course(
        np.maximum(air.mean_excess_ppm, 0.0),
        _ppm_per_min(given_off, air, temperature_c),
        air.air_changes_per_h / 60.0,
    )


def oxygen_course(air: AirPosterior, cargo: CargoClass, temperature_c: float | None) -> Course:
    """Return the oxygen that is gone, from now on.

    What people and cargo gave off since the doors were shut took oxygen in their own
    ways; what is there beyond that was there at closing: gas over some loads, else
    breath. Excess that the steady sources overshoot is shared out as they stand.
    """
    people = air.persons * air.person_co2_l_s
    ratio = CARGO_PPM_PER_PPM.get(cargo.value, DISPLACED_PPM_PER_PPM)
    taken = people * PEOPLE_PPM_PER_PPM + air.cargo_co2_l_s * ratio
    per_co2 = taken / np.maximum(people + air.cargo_co2_l_s, 1e-12)
    co2 = co2_course(air, temperature_c)
    since = Course(np.zeros_like(co2.now_ppm), co2.source_ppm_per_min, co2.leakage_per_min)
    lost = since.leakage_per_min * air.closed_minutes
    grown = np.where(lost > 1e-9, -np.expm1(-lost) / np.maximum(lost, 1e-9), 1.0)
    built = np.minimum(since.source_ppm_per_min * air.closed_minutes * grown, co2.now_ppm)
    at_closing = DISPLACED_PPM_PER_PPM if cargo in DISPLACING else PEOPLE_PPM_PER_PPM
    gone = built * per_co2 + (co2.now_ppm - built) * at_closing
    return Course(gone, _ppm_per_min(taken, air, temperature_c), co2.leakage_per_min)


def oxygen_gone_ppm(oxygen_pct: npt.ArrayLike) -> Array:
    """Return how much oxygen is gone where so much is left, ppm.

    >>> float(oxygen_gone_ppm(17.0).round())
    39500.0
    """
    return np.asarray((OUTSIDE_OXYGEN_PCT - np.asarray(oxygen_pct, float)) * 1e4)


def oxygen_left_pct(gone_ppm: npt.ArrayLike) -> Array:
    """Return how much oxygen is left, %, never below 0."""
    return np.asarray(np.maximum(OUTSIDE_OXYGEN_PCT - np.asarray(gone_ppm, float) / 1e4, 0.0))


def _ppm_per_min(litres_per_s: Array, air: AirPosterior, temperature_c: float | None) -> Array:
    warm = (ZERO_C_K + (WARM_C if temperature_c is None else temperature_c)) / ZERO_C_K
    return np.asarray(litres_per_s * 60_000.0 * warm / air.free_volume_m3)
