"""Time to danger from the draws of the air inside, as features of the CO2 evidence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scanner.life_course import co2_course, oxygen_course, oxygen_gone_ppm, oxygen_left_pct
from scanner.life_limits import life_limits
from scanner.signals.co2_posterior import AirPosterior
from scanner.vehicle import Declaration

Array = npt.NDArray[np.float64]

BAND = (0.05, 0.5, 0.95)
ENDS = ("low", "likely", "high")


def life_features(
    posterior: AirPosterior, declaration: Declaration, temperature_c: float | None
) -> dict[str, float]:
    """Say how the air goes on, given somebody inside: 5, 50 and 95 % of the draws.

    Parameters
    ----------
    temperature_c : in the load space; None = not measured.

    Returns
    -------
    dict with ``_low``, ``_likely`` and ``_high`` each of

    ``minutes_15000``, ``minutes_40000``, ``minutes_100000`` : until CO2 is there; inf = never.
    ``minutes_oxygen_17``, ``minutes_oxygen_10`` : until oxygen is down there.
    ``mean_ppm``, ``oxygen_pct`` : mean of the body now.
    ``ppm_in_10_min`` and so on : mean CO2 at the times of ``life_limits.toml``.

    Examples
    --------
    >>> from scanner.vehicle import CargoClass, VehicleClass
    >>> one = np.ones(1)
    >>> air = AirPosterior(one, one, 0.0043 * one, 0 * one, 33 * one, 0 * one, 60 * one, 500 * one, 430.0)
    >>> told = life_features(air, Declaration(VehicleClass.REEFER, CargoClass.BOXED, laden=True), 25.0)
    >>> round(told["mean_ppm_likely"]), round(told["minutes_15000_likely"])
    (930, 1649)
    >>> round(told["oxygen_pct_likely"], 2)
    20.89
    """
    limits = life_limits()
    co2 = co2_course(posterior, temperature_c)
    oxygen = oxygen_course(posterior, declaration.cargo, temperature_c)
    names = [f"minutes_{limit}" for limit in limits.co2_ppm]
    names += [f"minutes_oxygen_{limit}" for limit in limits.oxygen_pct]
    names += ["oxygen_pct", *(course_name(minutes) for minutes in limits.course_minutes)]
    drawn = np.concatenate(
        [
            co2.minutes_to(np.array(limits.co2_ppm, float) - posterior.outside_ppm),
            oxygen.minutes_to(oxygen_gone_ppm(limits.oxygen_pct)),
            oxygen_left_pct(oxygen.now_ppm)[np.newaxis],
            posterior.outside_ppm + co2.after(limits.course_minutes),
        ]
    )
    bands = weighted_bands(drawn, posterior.weight, BAND)
    return {
        f"{name}_{end}": value
        for name, row in zip(names, bands.tolist(), strict=True)
        for end, value in zip(ENDS, row, strict=True)
    }


def course_name(minutes: int) -> str:
    """Return the name of the feature that holds mean CO2 so many minutes from now.

    >>> course_name(0), course_name(30)
    ('mean_ppm', 'ppm_in_30_min')
    """
    return f"ppm_in_{minutes}_min" if minutes else "mean_ppm"


def weighted_bands(values: Array, weight: Array, shares: npt.ArrayLike) -> Array:
    """Return for each row the values below which these shares of the weight lie, ``(n, k)``.

    Parameters
    ----------
    values : float ``(n, m)``, inf allowed.
    weight : float ``(m,)``, not negative.
    shares : float ``(k,)`` within 0..1.

    Examples
    --------
    >>> weighted_bands(np.array([[3.0, 1.0, 2.0]]), np.array([1.0, 1.0, 2.0]), [0.05, 0.5, 0.95]).tolist()
    [[1.0, 2.0, 3.0]]
    """
    order = np.argsort(values, axis=1)
    ranked = np.take_along_axis(values, order, axis=1)
    below = np.cumsum(weight[order], axis=1)
    wanted = np.asarray(shares, float)[np.newaxis] * below[:, -1:]
    # a hair off the share, or rounding of the sums would move equal weights by one draw
    place = (below[:, np.newaxis, :] < wanted[:, :, np.newaxis] * (1 - 1e-9)).sum(axis=2)
    return np.asarray(np.take_along_axis(ranked, np.minimum(place, values.shape[1] - 1), axis=1))
