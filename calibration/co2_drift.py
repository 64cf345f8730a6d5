"""CO2 drift: a straight line through a probe's calibrations, told apart from sudden rebases."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from calibration.co2_history import Calibrated

Array = npt.NDArray[np.float64]

YEAR_DAYS = 365.25
MIN_FOR_DRIFT = 3
"""Calibrations from which a slope is stated; two always lie on a line."""
MIN_FOR_REBASE = 4
BREAK_SIGMA = 3.5
"""Improvement, in standard deviations, from which a step or an outlier is believed. The largest of some
2n candidates is taken; measured: docs/calibration-co2.md."""
MOST_BREAKS = 3
MIN_STEP_PPM = 10.0
"""Smaller steps are no rebase that matters: a third of a probe's usual uncertainty (assumption)."""


@dataclass(frozen=True, slots=True)
class Rebase:
    """A sudden change between two calibrations, as a probe's self-calibration makes it.

    Parameters
    ----------
    index : first calibration after it.
    step_ppm, sigma_ppm : by how much, and standard uncertainty.
    confirmed : a later calibration says the same; else it may be one bad calibration.
    """

    index: int
    step_ppm: float
    sigma_ppm: float
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """How a probe's error moves with time.

    Parameters
    ----------
    ppm_per_year, low, high : slope, and its 95 % interval; infinite ends with too few calibrations.
    rebases : sudden changes, in order.
    outliers : calibrations that fit neither line nor step, by index.
    fitted_ppm : ``(n,)``, the line with its steps at each calibration; NaN with too few.
    """

    ppm_per_year: float
    low: float
    high: float
    rebases: tuple[Rebase, ...]
    outliers: tuple[int, ...]
    fitted_ppm: Array


@dataclass(frozen=True, slots=True)
class NextDue:
    """When a probe must be calibrated again.

    Parameters
    ----------
    due : the earliest of expiry and of the day the drift may have used up the uncertainty.
    leaves_likely, leaves_early : when the error leaves its uncertainty along the slope, and along
        the steeper end of its interval; None: not within ten years, or it cannot be told.
    because : "expiry" or "drift", or "rebase" when the newest calibration needs to be repeated.
    """

    due: dt.date
    leaves_likely: dt.date | None
    leaves_early: dt.date | None
    because: str


@dataclass(frozen=True, slots=True)
class _Break:
    is_step: bool  # else a single outlier
    index: int
    column: Array


def find_drift(days: npt.ArrayLike, error_ppm: npt.ArrayLike, sigma_ppm: npt.ArrayLike) -> Drift:
    """Fit a straight line with steps and outliers where the calibrations demand them.

    A candidate step between two calibrations, or a single outlier, is believed when it
    lowers the weighted sum of squares by more than `BREAK_SIGMA` squared; the best one
    is taken, then the next is looked for. Slope and interval are of weighted least
    squares with what was found; residuals larger than their sigmas widen the interval.

    Parameters
    ----------
    days : ``(n,)``, rising.
    error_ppm, sigma_ppm : ``(n,)``, error at one level and its standard uncertainty.

    Examples
    --------
    >>> days = np.array([0.0, 30, 60, 90, 120, 150])
    >>> drift = find_drift(days, 0.1 * days, np.full(6, 2.0))
    >>> round(drift.ppm_per_year, 1), drift.low < 36.5 < drift.high, drift.rebases
    (36.5, True, ())
    >>> find_drift(days, 0.1 * days - 40.0 * (days > 70), np.full(6, 2.0)).rebases[0].index
    3
    """
    t, y, s = (np.asarray(a, dtype=float) for a in (days, error_ppm, sigma_ppm))
    n = t.size
    if n < MIN_FOR_DRIFT or float(np.ptp(t)) <= 0.0:
        nan = np.full(n, np.nan)
        return Drift(math.nan, -math.inf, math.inf, (), (), nan)
    years = (t - t.mean()) / YEAR_DAYS
    columns = [np.ones(n), years]
    breaks: list[_Break] = []
    while n >= MIN_FOR_REBASE and len(breaks) < MOST_BREAKS and n - len(columns) >= 2:
        found = _best_break(columns, y, s)
        if found is None:
            break
        breaks.append(found)
        columns.append(found.column)
    design = np.stack(columns, axis=1)
    coefficient, covariance, chi_square = _fit(design, y, s)
    degrees = n - design.shape[1]
    # sigmas are known from each budget; residuals may only widen them
    stretch = max(1.0, chi_square / degrees) if degrees > 0 else 1.0
    wide = float(stats.t.ppf(0.975, degrees)) if stretch > 1.0 else 1.96
    half = wide * math.sqrt(covariance[1, 1] * stretch)
    slope = float(coefficient[1])
    sigmas = np.sqrt(np.maximum(np.diag(covariance) * stretch, 0.0))
    rebases = [
        Rebase(one.index, float(coefficient[place]), float(sigmas[place]), one.index < n - 1)
        for place, one in enumerate(breaks, 2)
        if one.is_step
    ]
    return Drift(
        slope,
        slope - half,
        slope + half,
        tuple(sorted(rebases, key=lambda one: one.index)),
        tuple(sorted(one.index for one in breaks if not one.is_step)),
        design @ coefficient,
    )


def drift_of(history: Sequence[Calibrated]) -> Drift:
    """Return the drift of a probe's calibrations, by day."""
    first = history[0].day if history else dt.date(1970, 1, 1)
    return find_drift(
        [(entry.day - first).days for entry in history],
        [entry.error_ppm for entry in history],
        [entry.sigma_ppm for entry in history],
    )


def next_due(history: Sequence[Calibrated], drift: Drift) -> NextDue:
    """Return when a probe must be calibrated again, from its expiry and its drift.

    The newest certificate corrects the error that was found; from its day on the
    drift adds to it, and may take as much as the certificate's expanded uncertainty.

    Parameters
    ----------
    history : calibrations by day, at least one.
    """
    newest = history[-1]
    if any(not rebase.confirmed for rebase in drift.rebases):
        return NextDue(newest.day, None, None, "rebase")
    likely = _leaves(newest, abs(drift.ppm_per_year))
    early = _leaves(newest, max(abs(drift.low), abs(drift.high)))
    if early is None or early >= newest.expires:
        return NextDue(newest.expires, likely, early, "expiry")
    return NextDue(early, likely, early, "drift")


def _leaves(newest: Calibrated, ppm_per_year: float) -> dt.date | None:
    if not math.isfinite(ppm_per_year) or ppm_per_year <= 0.0:
        return None
    days = newest.uncertainty_ppm / ppm_per_year * YEAR_DAYS
    return newest.day + dt.timedelta(days=int(days + 1e-6)) if days < 10.0 * YEAR_DAYS else None


def _fit(design: Array, y: Array, s: Array) -> tuple[Array, Array, float]:
    """Return coefficients, their covariance with sigmas as given, and chi-square."""
    whitened = design / s[:, None]
    covariance = np.asarray(np.linalg.pinv(whitened.T @ whitened), dtype=float)
    coefficient = covariance @ (whitened.T @ (y / s))
    residual = (y - design @ coefficient) / s
    return coefficient, covariance, float(residual @ residual)


def _best_break(columns: list[Array], y: Array, s: Array) -> _Break | None:
    """Return the step or outlier that explains most, None when none explains enough."""
    n = y.size
    before = _fit(np.stack(columns, axis=1), y, s)[2]
    best: _Break | None = None
    lowest = math.inf
    # a step before the last calibration and an outlier there are one and the same: called a step
    candidates = [_Break(True, k, (np.arange(n) >= k).astype(float)) for k in range(1, n)]
    candidates += [_Break(False, k, (np.arange(n) == k).astype(float)) for k in range(1, n - 1)]
    for one in candidates:
        design = np.stack([*columns, one.column], axis=1)
        if np.linalg.matrix_rank(design) < design.shape[1]:
            continue
        coefficient, _, after = _fit(design, y, s)
        gain = (before - after) / max(1.0, after / max(n - design.shape[1], 1))
        believed = gain > BREAK_SIGMA**2 and abs(float(coefficient[-1])) >= MIN_STEP_PPM
        if believed and after < lowest - 1e-9:
            best, lowest = one, after
    return best
