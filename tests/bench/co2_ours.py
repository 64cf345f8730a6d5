"""The product's CO2 method as the benches ask it: cargo that breathes never clears."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scanner import co2_trials
from scanner.co2_trials import Answers
from scanner.simulation.co2_batch import DipSeries
from scanner.simulation.co2_world import Condition, LorryBatch
from scanner.vehicle import BREATHING


def answers(series: DipSeries, lorries: LorryBatch, condition: Condition) -> Answers:
    """Weigh every lorry; what the method would not answer yet ranks below everything."""
    said = co2_trials.answers(series, lorries, condition)
    llr = said.llr
    if condition.cargo in BREATHING:
        llr = np.where(llr < 0, 1e-3 * llr, llr)  # never clears; the order is kept to set a threshold
    return replace(said, llr=np.where(said.known, llr, -99.0))
