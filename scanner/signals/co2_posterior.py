"""What the air inside may be, given what the probe saw: weighted draws, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AirPosterior:
    """Weighted draws of the air inside, given the dips and given that somebody is inside.

    Parameters
    ----------
    weight : float ``(m,)``, sums to 1.
    persons : float ``(m,)``, whole numbers from 1.
    person_co2_l_s : float ``(m,)``, what one person breathes out, L/s at 0 degC.
    cargo_co2_l_s : float ``(m,)``, what the cargo gives off, 0 where it does not breathe.
    free_volume_m3, air_changes_per_h, closed_minutes : float ``(m,)``.
    mean_excess_ppm : float ``(m,)``, excess of the body's mean over outside air, now.
    outside_ppm : outside air.
    """

    weight: Array
    persons: Array
    person_co2_l_s: Array
    cargo_co2_l_s: Array
    free_volume_m3: Array
    air_changes_per_h: Array
    closed_minutes: Array
    mean_excess_ppm: Array
    outside_ppm: float


def weighted_quantiles(values: npt.ArrayLike, weight: npt.ArrayLike, shares: npt.ArrayLike) -> Array:
    """Return the values below which these shares of the weight lie.

    Parameters
    ----------
    values : float ``(m,)``, ``inf`` allowed.
    weight : float ``(m,)``, not negative.
    shares : float ``(k,)`` within 0..1.

    Examples
    --------
    >>> weighted_quantiles([3.0, 1.0, 2.0], [1, 1, 2], [0.05, 0.5, 0.95]).tolist()
    [1.0, 2.0, 3.0]
    """
    order = np.argsort(np.asarray(values, float))
    ranked = np.asarray(values, float)[order]
    below = np.cumsum(np.asarray(weight, float)[order])
    place = np.searchsorted(below, np.asarray(shares, float) * below[-1])
    return np.asarray(ranked[np.minimum(place, ranked.size - 1)])
