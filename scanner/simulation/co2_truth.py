"""What is true of the air in a batch of lorries: mean excess, oxygen, and when it becomes dangerous."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scanner.simulation.closed_air import (
    OXYGEN_PPM,
    PEOPLE_O2_PER_CO2,
    expanded_ppm_m3_per_min,
    since_closing,
)
from scanner.simulation.co2_world import LorryBatch

Array = npt.NDArray[np.float64]

NEVER_MINUTES = 43_200.0
"""Thirty days; what does not come by then does not come."""


def true_bulk(lorries: LorryBatch, t_s: npt.ArrayLike) -> Array:
    """Return the mean excess over outside air of the room with people and tip, ppm.

    Parameters
    ----------
    lorries : n of them.
    t_s : s from the first insertion, ``(n_t,)`` or ``(n, n_t)``; not before closing.

    Returns
    -------
    float ``(n, n_t)``.
    """
    co2, _ = _balance(lorries, t_s, 1.0, 1.0, lorries.initial_excess_ppm + lorries.origin_air_ppm)
    return co2


def true_oxygen_excess(lorries: LorryBatch, t_s: npt.ArrayLike) -> Array:
    """Return how far oxygen lies above outside air (mostly below: negative), ppm ``(n, n_t)``."""
    oxygen, _ = _balance(
        lorries, t_s, PEOPLE_O2_PER_CO2, lorries.cargo_o2_per_co2, lorries.initial_oxygen_ppm
    )
    return np.asarray(np.maximum(oxygen, -OXYGEN_PPM))


def minutes_to(lorries: LorryBatch, limit_ppm: float) -> Array:
    """Return the minutes from the first insertion until the mean concentration reaches a limit.

    Parameters
    ----------
    lorries : n of them.
    limit_ppm : concentration, not excess.

    Returns
    -------
    float ``(n,)``: 0 where it has been reached, inf where it never is.
    """
    grid = np.concatenate([[0.0], np.geomspace(0.1, NEVER_MINUTES, 240)])
    reached = true_bulk(lorries, 60.0 * grid) + lorries.outside_ppm[:, np.newaxis] >= limit_ppm
    ever, first = reached.any(axis=1), reached.argmax(axis=1)
    low, high = grid[np.maximum(first - 1, 0)], grid[first]
    for _ in range(30):
        middle = 0.5 * (low + high)
        level = true_bulk(lorries, 60.0 * middle[:, np.newaxis])[:, 0] + lorries.outside_ppm
        low, high = np.where(level < limit_ppm, middle, low), np.where(level < limit_ppm, high, middle)
    return np.where(ever, np.where(first == 0, 0.0, high), np.inf)


def _balance(
    lorries: LorryBatch, t_s: npt.ArrayLike, people: float, cargo: npt.ArrayLike, start_ppm: Array
) -> tuple[Array, Array]:
    """Both rooms' excess of a gas that comes with people and cargo in these shares of their CO2."""
    t = np.asarray(t_s, dtype=float)
    minutes = lorries.closed_minutes[:, np.newaxis] + np.atleast_2d(t) / 60.0
    rooms = lorries.rooms
    total = rooms.volume_m3 + rooms.second_m3
    from_people = expanded_ppm_m3_per_min(lorries.persons * lorries.person_co2_l_s, lorries.inside_c)
    from_cargo = expanded_ppm_m3_per_min(lorries.cargo_co2_l_s, lorries.inside_c) * np.asarray(cargo)
    sources = (
        people * from_people + from_cargo * rooms.volume_m3 / total,
        from_cargo * rooms.second_m3 / total,
    )
    return since_closing(
        rooms,
        minutes,
        start_ppm,
        sources,
        lorries.closed_minutes - lorries.door_opened_minutes_ago,
        lorries.door_kept_share,
    )
