"""Oxygen beside CO2: people use up what they breathe out, dry ice and purge gas only push air aside."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import logsumexp

from scanner.signals.co2_posterior import AirPosterior

OUTSIDE_OXYGEN_PCT = 20.95
PEOPLE_PPM_PER_PPM = 1.0 / 0.85
"""Oxygen lost for each CO2 breathed out by people (respiratory quotient 0.85)."""

CARGO_PPM_PER_PPM = {"produce": 1.0, "meat": 0.21, "dry_ice": 0.21}
"""The same for the cargo: produce breathes, gas displaces air."""

CELL_SIGMA_PPM, CELL_SIGMA_SHARE = 1000.0, 0.02
"""Error of an oxygen cell: 0.1 % of volume and 2 % of the change (assumption, 1 sigma)."""


def people_share_llr(
    posterior: AirPosterior, oxygen_pct: float, excess_ppm: float, sigma_ppm: float, cargo: str
) -> float:
    """Return what oxygen adds to the ratio of somebody against nobody (natural logarithm).

    Of the CO2 in excess the part that people breathed out follows from the oxygen
    that went with it; with nobody inside that part is none.

    Examples
    --------
    >>> ones = np.ones(4)
    >>> air = AirPosterior(ones / 4, ones, 0.004 * ones, 0.0 * ones, 30 * ones, 0.1 * ones, 60 * ones,
    ...                    20_000 * ones, 430.0)
    >>> used_up = people_share_llr(air, 20.95 - 2.0 / 0.85, 20_000.0, 100.0, "dry_ice")
    >>> pushed_aside = people_share_llr(air, 20.95 - 0.42, 20_000.0, 100.0, "dry_ice")
    >>> used_up > 10, pushed_aside < -10
    (True, True)
    """
    lost_ppm = (OUTSIDE_OXYGEN_PCT - oxygen_pct) * 1e4
    cargo_ratio = CARGO_PPM_PER_PPM.get(cargo, 0.21)
    lever = PEOPLE_PPM_PER_PPM - cargo_ratio
    from_people = (lost_ppm - cargo_ratio * excess_ppm) / lever
    cell = math.hypot(CELL_SIGMA_PPM, CELL_SIGMA_SHARE * lost_ppm)
    sigma = math.hypot(cell, cargo_ratio * sigma_ppm) / lever
    given = posterior.persons * posterior.person_co2_l_s
    share = given / np.maximum(given + posterior.cargo_co2_l_s, 1e-12)
    expected = share * max(excess_ppm, 0.0)
    some = float(logsumexp(-0.5 * ((from_people - expected) / sigma) ** 2, b=posterior.weight))
    return some + 0.5 * (from_people / sigma) ** 2
