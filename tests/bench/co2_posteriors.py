"""The product's posterior for each lorry of a simulated batch, through the functions that the lane uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from scanner.co2_trials import PAIR_SIGMA_PPM, declared
from scanner.modalities.co2_expect import colder_by_c
from scanner.modalities.co2_weigh import Dip, Weighed, weigh
from scanner.signals.co2_dip import DipFit, fit_dips
from scanner.simulation.co2_batch import STEP_S, DipSeries
from scanner.simulation.co2_world import LorryBatch
from scanner.simulation.lorry_batch import Condition
from scanner.vehicle import Declaration


def weighed(
    series: DipSeries, lorries: LorryBatch, condition: Condition
) -> Iterator[tuple[Weighed, Declaration]]:
    """Yield what the dips of each lorry say, and its declaration."""
    told = declared(condition)
    for number in range(len(lorries)):
        minutes = float(lorries.declared_minutes[number])
        declaration = told if np.isnan(minutes) else replace(told, closed_minutes=minutes)
        dips = []
        for dip, insertion_s in enumerate(series.insertion_s):
            inside, outside = series.inside_ppm[number, dip], series.outside_ppm[number, dip]
            heard = np.isfinite(inside)
            t_s = series.t_s[heard]
            fit = fit_dips(
                t_s,
                inside[np.newaxis, heard],
                t_s,
                outside[np.newaxis, heard],
                float(lorries.t90_s[number]),
                PAIR_SIGMA_PPM,
                colder_by_c(told),
            )
            assert isinstance(fit, DipFit), f"no fit of dip {dip}"
            dips.append(
                Dip(fit, round(insertion_s * 1e9), float(t_s[-1]), float(lorries.t90_s[number]), STEP_S)
            )
        yield weigh(dips, declaration), declaration
