"""A probe with a true line, a lag, digits and noise that follows itself: calibrations of known truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.co2_budget import (
    DRIFT_PPM_PER_YEAR,
    TEMPERATURE_PPM_PER_C,
    TEMPERATURE_SPREAD_C,
    calibrate,
    gas,
    outside_air,
)
from calibration.co2_line import CalibrationRefused
from calibration.co2_plateau import plateau

Array = npt.NDArray[np.float64]

VALID_DAYS = 180
KINDS = {
    "outside air": [outside_air()],
    "zero and span gas": [gas(0.0, 4.0), gas(5000.0, 100.0)],
    "outside air and span gas": [outside_air(), gas(2000.0, 40.0)],
    "three gases": [gas(0.0, 4.0), gas(1000.0, 20.0), gas(5000.0, 100.0)],
}
"""With 2 % papers (k = 2) for span gas, as such bottles are sold."""


@dataclass
class SimulatedProbe:
    """reading = gain × lagged air + offset + noise, rounded."""

    rng: np.random.Generator
    gain: float = 1.0
    offset_ppm: float = 0.0
    noise_ppm: float = 3.0
    follows: float = 0.8  # correlation of neighbouring readings
    digit_ppm: float = 1.0
    t90_s: float = 30.0

    def reads(
        self, air_ppm: float | Array, seconds: float, before_ppm: float | None = None
    ) -> tuple[Array, Array]:
        """Return times and readings, one a second, from ``before_ppm`` on."""
        t = np.arange(0.0, seconds)
        air = np.broadcast_to(np.asarray(air_ppm, dtype=float), t.shape)
        share = 1.0 - np.exp(-np.log(10.0) / self.t90_s)
        lagged = np.empty(t.size)
        level = float(air[0]) if before_ppm is None else before_ppm
        for i, now in enumerate(air):
            level += share * (now - level)
            lagged[i] = level
        noise = np.empty(t.size)
        value = self.rng.normal(0.0, self.noise_ppm)
        for i, kick in enumerate(self.rng.normal(0.0, self.noise_ppm * np.sqrt(1 - self.follows**2), t.size)):
            value = self.follows * value + kick
            noise[i] = value
        read = self.gain * lagged + self.offset_ppm + noise
        return t, np.round(read / self.digit_ppm) * self.digit_ppm


def calibrate_once(kind: str, rng: np.random.Generator) -> tuple[float, float] | None:
    """Calibrate a probe whose truth is drawn, and correct it on the last day at the worst level.

    Gases are drawn from their papers, drift and temperature from their bounds. The
    person waits as the command does: from twice T90 on, until it has settled.

    Returns
    -------
    error of the corrected reading and its stated expanded uncertainty, ppm; None when refused.
    """
    probe = SimulatedProbe(
        rng,
        gain=1.0 + rng.normal(0.0, 0.015),
        offset_ppm=rng.uniform(-60.0, 60.0),
        noise_ppm=rng.uniform(1.0, 6.0),
        follows=rng.uniform(0.3, 0.95),
        t90_s=rng.uniform(10.0, 60.0),
    )
    references = KINDS[kind]
    plateaus = []
    for reference in references:
        content = (
            rng.uniform(420.0, 480.0)
            if reference.zero_only
            else rng.normal(reference.ppm, reference.sigma_ppm)
        )
        t, x = probe.reads(content, 2.0 * probe.t90_s + 400.0, before_ppm=rng.uniform(400.0, 600.0))
        for end_s in np.arange(2.0 * probe.t90_s + 60.0, t[-1], 5.0):
            until = t <= end_s
            found = plateau(t[until], x[until], probe.t90_s)
            if not found.faults:
                break
        plateaus.append(found)
    try:
        budget = calibrate(references, plateaus, VALID_DAYS)
    except CalibrationRefused:
        return None
    drift = rng.uniform(-DRIFT_PPM_PER_YEAR, DRIFT_PPM_PER_YEAR) * VALID_DAYS / 365.25
    warmth = rng.uniform(-TEMPERATURE_SPREAD_C, TEMPERATURE_SPREAD_C) * TEMPERATURE_PPM_PER_C
    read = probe.gain * budget.level_ppm + probe.offset_ppm + drift + warmth
    error = (read - budget.line.offset_ppm) / budget.line.gain - budget.level_ppm
    return error, budget.expanded_ppm
