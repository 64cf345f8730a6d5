"""The product's CO2 method over a whole batch of simulated lorries at once.

The same functions as in the lane, fed with many lorries: fit of each dip, marginal
likelihood ratio. Only what an officer knows goes in: the declaration and the
probe's data sheet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.modalities.co2_expect import BREATHING, colder_by_c, expected_air
from scanner.signals.co2_dip import fit_dips
from scanner.signals.co2_ratio import count_posterior, log_ratio, source_likelihood
from scanner.simulation.co2_batch import DipSeries
from scanner.simulation.co2_world import LorryBatch
from scanner.simulation.lorry_batch import Condition
from scanner.vehicle import CargoClass, Declaration

Array = npt.NDArray[np.float64]

PAIR_SIGMA_PPM = math.hypot(15.0, 15.0)
"""Two certificates of 30 ppm each, k = 2."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Natural-log ratio ``(n,)``, likelihood by class of source, probability by number of people."""

    llr: Array
    by_source: Array
    by_count: Array


def declared(condition: Condition) -> Declaration:
    """Return what these lorries' papers say, but for the closing time."""
    laden = condition.cargo is not CargoClass.EMPTY
    return Declaration(condition.vehicle_class, condition.cargo, laden=laden)


def answers(series: DipSeries, lorries: LorryBatch, condition: Condition) -> Answers:
    """Weigh every lorry of a batch."""
    prior, colder_c = expected_air(declared(condition)), colder_by_c(declared(condition))
    n, n_dips = series.inside_ppm.shape[:2]
    value, covariance = np.zeros((n, n_dips, 2)), np.zeros((n, n_dips, 2, 2))
    for t90_s in np.unique(lorries.t90_s):
        group = np.flatnonzero(lorries.t90_s == t90_s)
        for dip in range(n_dips):
            inside, outside = series.inside_ppm[group, dip], series.outside_ppm[group, dip]
            heard = np.isfinite(inside).any(axis=0)
            fit = fit_dips(
                series.t_s[heard],
                inside[:, heard],
                series.t_s[heard],
                outside[:, heard],
                t90_s,
                PAIR_SIGMA_PPM,
                colder_c,
            )
            assert fit is not None
            value[group, dip], covariance[group, dip] = fit.value, fit.covariance
    after = series.insertion_s / 60.0
    by_source = source_likelihood(prior, value, covariance, after, lorries.declared_minutes)
    llr = log_ratio(prior, by_source)
    if condition.cargo in BREATHING:
        llr = np.where(llr < 0, 1e-3 * llr, llr)  # never clears; the order is kept to set a threshold
    return Answers(llr, by_source, count_posterior(prior, by_source))
