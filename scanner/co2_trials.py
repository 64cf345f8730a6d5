"""The CO2 method over whole batches of simulated lorries: the functions of the lane, thousands at once.

Only what an officer knows goes in: the declaration and the probes' data sheets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.modalities.co2_expect import colder_by_c, expected_air
from scanner.modalities.co2_weigh import level_known
from scanner.signals.co2_dip import fit_dips
from scanner.signals.co2_ratio import count_posterior, log_ratio, source_likelihood
from scanner.simulation.co2_batch import DipSeries, Procedure, simulate_dips
from scanner.simulation.co2_world import Condition, LorryBatch, draw_lorries, draw_world
from scanner.vehicle import CargoClass, Declaration, VehicleClass

Array = npt.NDArray[np.float64]

PAIR_SIGMA_PPM = math.hypot(15.0, 15.0)
"""Two certificates of 30 ppm each, k = 2."""

FIT_WORLDS = (71001, 71011, 71012, 71013)
"""Worlds whose lorries fit the mapping; none of them tests anything."""

PROCEDURES = (
    Procedure((40.0,)),
    Procedure((60.0,)),
    Procedure((90.0,)),
    Procedure((120.0,)),
    Procedure((60.0, 60.0)),
)
MOST_PERSONS = 8
CARGOES = (
    (VehicleClass.REEFER, CargoClass.EMPTY),
    (VehicleClass.REEFER, CargoClass.BOXED),
    (VehicleClass.REEFER, CargoClass.FROZEN),
    (VehicleClass.REEFER, CargoClass.PRODUCE),
    (VehicleClass.REEFER, CargoClass.MEAT),
    (VehicleClass.REEFER, CargoClass.DRY_ICE),
    (VehicleClass.TANKER, CargoClass.EMPTY),
    (VehicleClass.TANKER, CargoClass.LIQUID),
)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the method says of n lorries.

    Parameters
    ----------
    llr : float ``(n,)``, raw natural-log ratio.
    known : bool ``(n,)``, whether the method answers: the level was known well enough,
        and no reading stood at the end of the probe's range.
    by_source : float ``(n, 1 + n_classes)``; by_count : float ``(n, n_counts)``.
    """

    llr: Array
    known: npt.NDArray[np.bool_]
    by_source: Array
    by_count: Array


def declared(condition: Condition) -> Declaration:
    """Return what these lorries' papers say, but for the closing time."""
    laden = condition.cargo is not CargoClass.EMPTY
    return Declaration(condition.vehicle_class, condition.cargo, laden=laden)


def fitted_dips(series: DipSeries, lorries: LorryBatch, condition: Condition) -> tuple[Array, Array]:
    """Return level and slope of every dip ``(n, k, 2)`` and their covariance ``(n, k, 2, 2)``."""
    colder_c = colder_by_c(declared(condition))
    n, n_dips = series.inside_ppm.shape[:2]
    value, covariance = np.zeros((n, n_dips, 2)), np.zeros((n, n_dips, 2, 2))
    for t90_s in np.unique(lorries.t90_s):
        group = np.flatnonzero(lorries.t90_s == t90_s)
        for dip in range(n_dips):
            inside, outside = series.inside_ppm[group, dip], series.outside_ppm[group, dip]
            heard = np.isfinite(inside).all(axis=0)
            t_s = series.t_s[heard]
            fit = fit_dips(
                t_s, inside[:, heard], t_s, outside[:, heard], float(t90_s), PAIR_SIGMA_PPM, colder_c
            )
            if fit is None:
                raise ValueError(f"a dip of {series.t_s[-1]:g} s has too few values to fit")
            value[group, dip], covariance[group, dip] = fit.value, fit.covariance
    return value, covariance


def answers(series: DipSeries, lorries: LorryBatch, condition: Condition) -> Answers:
    """Weigh every lorry of a batch."""
    prior = expected_air(declared(condition))
    value, covariance = fitted_dips(series, lorries, condition)
    after = series.insertion_s / 60.0
    by_source = source_likelihood(prior, value, covariance, after, lorries.declared_minutes)
    held_s = float(series.t_s[np.isfinite(series.inside_ppm[:, -1]).any(axis=0)].max())
    in_range = (np.nan_to_num(series.inside_ppm) < lorries.high_ppm[:, None, None]).all(axis=(1, 2))
    return Answers(
        log_ratio(prior, by_source),
        in_range & level_known(np.sqrt(covariance[:, -1, 0, 0]), value[:, -1, 0], held_s, lorries.t90_s),
        by_source,
        count_posterior(prior, by_source),
    )


def fit_scores(lorries_a_batch: int) -> Iterator[tuple[CargoClass, Array, npt.NDArray[np.bool_]]]:
    """Yield cargo, raw ratios ``(n,)`` and truth ``(n,)`` of lorries of `FIT_WORLDS`, batch by batch.

    Half of the lorries are empty; the others hold one to `MOST_PERSONS`, few more
    often than many. Any time since closing, one dip or two.
    """
    counts = np.arange(1, MOST_PERSONS + 1)
    for seed in FIT_WORLDS:
        world = draw_world(seed)
        for number, (vehicle, cargo) in enumerate(CARGOES):
            for way, procedure in enumerate(PROCEDURES):
                rng = np.random.default_rng([seed, number, way])
                people = rng.choice(counts, lorries_a_batch, p=(1 / counts) / (1 / counts).sum())
                people[: lorries_a_batch // 2] = 0
                condition = Condition(vehicle, cargo, closed_minutes=None)
                lorries = draw_lorries(world, condition, lorries_a_batch, people, rng)
                series = simulate_dips(lorries, procedure, rng)
                said = answers(series, lorries, condition)
                yield cargo, said.llr[said.known], people[said.known] > 0
