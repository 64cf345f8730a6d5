"""CO2 budget: every source of a probe's uncertainty, and the certificate that states their sum."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.certificates import Certificate
from calibration.co2 import COVERAGE_FACTOR
from calibration.co2_line import CalibrationRefused, Line, fit_line, zero_line
from calibration.co2_plateau import Plateau

Array = npt.NDArray[np.float64]

OUTSIDE_AIR_PPM, OUTSIDE_AIR_HALF_WIDTH_PPM = 450.0, 30.0
"""Free air beside a road or quay: anywhere within 420 to 480 ppm (assumption; clean background air
is the lower end, NOAA Mauna Loa: annual mean 424.6 ppm in 2024; traffic adds)."""
DRIFT_PPM_PER_YEAR = 50.0
"""Bound of drift with self-calibration off: below ±5 % of 2 000 ppm in two years (Acoem Serinus 30
manual 8.8, an external NDIR probe)."""
TEMPERATURE_PPM_PER_C = 1.0
"""Bound of the influence of temperature on a compensated probe (Chauvin Arnoux C.A 1510 manual, 4.2.2)."""
TEMPERATURE_SPREAD_C = 15.0
"""How far use lies from the calibration's temperature, most (assumption)."""
GAIN_SIGMA = 0.015
"""Of a gain that was not measured: the maker's ±3 % as k = 2 (Sensirion SCD30 data sheet)."""
WORKING_RANGE_PPM = (400.0, 2000.0)
"""Where the certificate's uncertainty holds: outside air to a lorry that is searched anyway (assumption)."""
MISFIT_P = 0.01


@dataclass(frozen=True, slots=True)
class Reference:
    """A gas of known content.

    Parameters
    ----------
    ppm, sigma_ppm : content and standard uncertainty (k = 1).
    name : in words, for the certificate's method.
    zero_only : too uncertain to give a gain: outside air.
    """

    ppm: float
    sigma_ppm: float
    name: str = ""
    zero_only: bool = False


def gas(ppm: float, expanded_ppm: float, name: str = "") -> Reference:
    """Return a reference gas as its paper states it, with the expanded uncertainty (k = 2).

    Examples
    --------
    >>> gas(5000.0, 50.0).sigma_ppm
    25.0
    """
    return Reference(ppm, expanded_ppm / COVERAGE_FACTOR, name or f"{ppm:g} ppm gas")


def outside_air(
    ppm: float = OUTSIDE_AIR_PPM, half_width_ppm: float = OUTSIDE_AIR_HALF_WIDTH_PPM
) -> Reference:
    """Return free air: anywhere within ± half its width, so a uniform distribution.

    References
    ----------
    JCGM 100:2008, 4.3.7.

    Examples
    --------
    >>> round(outside_air().sigma_ppm, 1)
    17.3
    """
    return Reference(ppm, half_width_ppm / math.sqrt(3.0), "outside air", zero_only=True)


@dataclass(frozen=True, slots=True)
class Influences:
    """What acts on a probe after its calibration; each bound is taken as uniform.

    Air pressure is not among them: it scales both probes of a lane alike, some
    0.15 % of the reading per hPa, and so the excess by the same few per cent.
    """

    drift_ppm_per_year: float = DRIFT_PPM_PER_YEAR
    temperature_ppm_per_c: float = TEMPERATURE_PPM_PER_C
    temperature_spread_c: float = TEMPERATURE_SPREAD_C

    def drift_sigma_ppm(self, days: float) -> float:
        """Return the standard uncertainty from drift after so many days, ppm."""
        return self.drift_ppm_per_year * days / 365.25 / math.sqrt(3.0)

    @property
    def temperature_sigma_ppm(self) -> float:
        """Standard uncertainty from temperature, ppm."""
        return self.temperature_ppm_per_c * self.temperature_spread_c / math.sqrt(3.0)


@dataclass(frozen=True, slots=True)
class Budget:
    """A finished calibration: the line, and its uncertainty by source at the worst level.

    Parameters
    ----------
    line : reading = gain × true + offset.
    parts : standard uncertainty by source, ppm, at ``level_ppm``, on the last day.
    level_ppm : level of the working range at which the sum is largest.
    zero_only : the gain was not measured.
    """

    line: Line
    parts: dict[str, float]
    level_ppm: float
    zero_only: bool

    @property
    def expanded_ppm(self) -> float:
        """Expanded uncertainty of a corrected reading, k = 2, ppm."""
        return COVERAGE_FACTOR * math.sqrt(sum(part**2 for part in self.parts.values()))


def calibrate(
    references: Sequence[Reference],
    plateaus: Sequence[Plateau],
    valid_days: float = 180.0,
    influences: Influences = Influences(),
    known_gain: tuple[float, float] = (1.0, GAIN_SIGMA),
    working_range_ppm: tuple[float, float] = WORKING_RANGE_PPM,
) -> Budget:
    """Find gain and offset from one gas or several, and what they are uncertain by.

    One gas, or outside air, gives the offset alone; the gain is then the known one.

    Parameters
    ----------
    references, plateaus : the gases, and what the probe read in each.
    valid_days : the uncertainty holds until then.
    known_gain : gain and standard uncertainty where no second gas tells.
    working_range_ppm : levels within which the uncertainty holds.

    Raises
    ------
    CalibrationRefused : a plateau has a fault, gases are too alike, or they lie on no line.

    References
    ----------
    JCGM 100:2008, 5.1 and 8.

    Examples
    --------
    >>> t = np.arange(60.0)
    >>> from calibration.co2_plateau import plateau
    >>> read = [plateau(t, np.full(60, level), 30.0) for level in (12.0, 4912.0)]
    >>> budget = calibrate([gas(0.0, 4.0), gas(5000.0, 50.0)], read)
    >>> budget.line.gain, budget.line.offset_ppm, round(budget.expanded_ppm)
    (0.98, 12.0, 39)
    """
    for reference, found in zip(references, plateaus, strict=True):
        if found.faults:
            named = ", ".join(fault.value for fault in found.faults)
            raise CalibrationRefused(f"{reference.name or 'the gas'}: the readings are no plateau ({named})")
    x = np.array([one.ppm for one in references])
    sx = np.array([one.sigma_ppm for one in references])
    y = np.array([one.mean_ppm for one in plateaus])
    sy = np.array([one.sigma_ppm for one in plateaus])
    zero_only = x.size == 1
    if x.size == 0:
        raise CalibrationRefused("no gas was measured: name one with --gas, or take --outside-air")
    if not zero_only and all(one.zero_only for one in references):
        raise CalibrationRefused("outside air is no second gas: add a span gas, or measure the air once")
    line = zero_line(x[0], sx[0], y[0], sy[0], *known_gain) if zero_only else fit_line(x, sx, y, sy)
    if line.misfit_p < MISFIT_P:
        raise CalibrationRefused(
            f"the gases lie on no straight line (chance {line.misfit_p:.1g}): look for a leak, a wrong gas, "
            "or a probe that is not linear"
        )
    levels = np.linspace(*working_range_ppm, 33)
    by_source = _by_source(line, sx, plateaus, levels, known_gain[1] if zero_only else 0.0, x)
    worst = int(np.argmax(sum(part**2 for part in by_source.values())))
    parts = {name: float(part[worst]) for name, part in by_source.items()}
    parts["drift until expiry"] = influences.drift_sigma_ppm(valid_days)
    parts["temperature"] = influences.temperature_sigma_ppm
    return Budget(line, {k: v for k, v in parts.items() if v > 0.0}, float(levels[worst]), zero_only)


def certificate(
    budget: Budget, identity: str, issued: dt.date, valid_days: int, method: str, **more: float
) -> Certificate:
    """Return the certificate that a lane's configuration takes.

    Parameters
    ----------
    identity : its number.
    method : in words.
    more : further parameters, as those of a matched pair.

    Examples
    --------
    >>> line = zero_line(450.0, 17.3, 462.0, 1.0)
    >>> held = certificate(Budget(line, {"noise": 20.0}, 400.0, True), "N-1", dt.date(2026, 1, 1), 180, "")
    >>> held.expires, held.parameters["offset_ppm"], held.parameters["uncertainty_ppm"]
    (datetime.date(2026, 6, 30), 12.0, 40.0)
    """
    parameters = {
        "offset_ppm": round(budget.line.offset_ppm, 2),
        "gain": round(budget.line.gain, 6),
        "uncertainty_ppm": math.ceil(10.0 * budget.expanded_ppm - 1e-9) / 10.0,
        "gain_uncertainty": round(COVERAGE_FACTOR * math.sqrt(budget.line.covariance[1, 1]), 5),
        **more,
    }
    return Certificate(identity, issued, issued + dt.timedelta(days=valid_days), parameters, method)


def _by_source(
    line: Line,
    reference_sigma: Array,
    plateaus: Sequence[Plateau],
    levels_ppm: Array,
    gain_sigma: float,
    reference_ppm: Array,
) -> dict[str, Array]:
    """Return standard uncertainty of a corrected reading by source, each ``(n_levels,)``, ppm."""
    # how the corrected reading at a level follows each point: (n_levels, n_points)
    pull = (line.pull[0][None, :] + levels_ppm[:, None] * line.pull[1][None, :]) / line.gain

    def of(each: Array) -> Array:
        return np.asarray(np.sqrt(np.sum((pull * each) ** 2, axis=1)))

    return {
        "reference gas": of(line.gain * reference_sigma),
        "noise": of(np.array([p.noise_ppm for p in plateaus])),
        "digits": of(np.array([p.resolution_ppm for p in plateaus])),
        "settling": of(np.array([p.settling_ppm for p in plateaus])),
        "gain not measured": np.abs(levels_ppm - reference_ppm[0]) * gain_sigma / line.gain,
    }
