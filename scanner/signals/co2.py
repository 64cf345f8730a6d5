"""CO2: what a lagging probe's dip says of the level inside over the air outside."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LAG_95_PER_T90 = 1.3
"""95 % of a step takes ln 20 / ln 10 = 1.3 × T90 of a first-order probe."""

AIR_UNEVENNESS_PPM = 5.0
"""Two probes in the same free air some metres apart differ by about this (assumption, 1 sigma)."""

NOISE_FLOOR_PPM = 0.5
"""A fit never claims less noise than a probe's last digit carries."""

BEFORE_S = 60.0
"""How far back before insertion the two probes are compared in free air, s."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plateau:
    """Level to which a lagging probe is heading: ppm, its standard error, and the step before it."""

    level_ppm: float
    sigma_ppm: float
    step_ppm: float
    residual_ppm: float


@dataclass(frozen=True, slots=True)
class Slope:
    """Rise of the level behind the lag, ppm/min with its standard error."""

    ppm_per_min: float
    sigma_ppm_per_min: float


@dataclass(frozen=True, slots=True)
class Dip:
    """One insertion of the probe, as measured.

    ``noise_sigma_ppm`` is this dip's own error, ``offset_sigma_ppm`` what is
    left of the probes' certified errors: it is shared by all dips of one pair
    of probes. ``before_ppm`` is the probes' difference in free air just before
    (``before_sigma_ppm`` its allowed spread; NaN both when not measured).
    """

    excess_ppm: float
    noise_sigma_ppm: float
    offset_sigma_ppm: float
    inside_ppm: float
    outside_ppm: float
    step_ppm: float
    slope: Slope | None
    before_ppm: float = math.nan
    before_sigma_ppm: float = math.nan

    @property
    def sigma_ppm(self) -> float:
        """Standard uncertainty of the excess, ppm."""
        return math.hypot(self.noise_sigma_ppm, self.offset_sigma_ppm)

    @property
    def probes_disagree(self) -> bool:
        """Whether the probes differed in free air by more than three allowed sigmas."""
        return abs(self.before_ppm) > 3 * self.before_sigma_ppm


def determinable_after_s(t90_s: float) -> float:
    """Return how long after insertion a reading's rise is still lag, s.

    >>> determinable_after_s(60.0)
    78.0
    """
    return LAG_95_PER_T90 * t90_s


def fit_plateau(
    t_s: npt.ArrayLike, ppm: npt.ArrayLike, t90_s: float, noise_ppm: float = NOISE_FLOOR_PPM
) -> Plateau | None:
    """Fit level + step × exp(-t/τ) to a probe that was moved at t = 0.

    Parameters
    ----------
    t_s : float ``(n,)``, s since the move.
    ppm : float ``(n,)``; values that are not finite are left out.
    t90_s : the probe's response time to 90 %; 0 = instant.
    noise_ppm : least noise that the error assumes: a few values can fit by chance.

    Returns
    -------
    Plateau, or None from fewer than three values. The standard error is widened
    for the residual's own correlation.

    Examples
    --------
    >>> t = np.arange(0.0, 80.0)
    >>> lagged = 900 - 470 * np.exp(-t / (60 / np.log(10)))
    >>> plateau = fit_plateau(t, lagged, 60.0)
    >>> round(plateau.level_ppm, 3), round(plateau.step_ppm, 3)
    (900.0, 470.0)
    """
    t, y = _finite(t_s, ppm)
    columns = [np.ones_like(t)]
    if t90_s > 0:
        columns.append(np.exp(-t * math.log(10) / t90_s))
    fit = _least_squares(np.stack(columns, axis=1), y, noise_ppm)
    if fit is None:
        return None
    values, errors, residual_ppm = fit
    return Plateau(values[0], errors[0], -values[1] if len(values) > 1 else 0.0, residual_ppm)


def fit_slope(t_s: npt.ArrayLike, ppm: npt.ArrayLike, t90_s: float) -> Slope | None:
    """Fit a steadily rising level behind the lag of a probe that was moved at t = 0.

    Parameters are those of `fit_plateau`. None where the values do not reach
    beyond the lag, so that rise and lag cannot be told apart.

    Examples
    --------
    >>> t, tau = np.arange(0.0, 300.0), 60 / np.log(10)
    >>> lagged = 500 + 400 * (1 - np.exp(-t / tau)) + 12 / 60 * (t - tau * (1 - np.exp(-t / tau)))
    >>> round(fit_slope(t, lagged, 60.0).ppm_per_min, 3)
    12.0
    """
    t, y = _finite(t_s, ppm)
    if t.size < 5 or t[-1] < 2 * determinable_after_s(t90_s):
        return None
    columns = [t, np.ones_like(t)]
    if t90_s > 0:
        tau_s = t90_s / math.log(10)
        columns = [t - tau_s * (1 - np.exp(-t / tau_s)), np.ones_like(t), np.exp(-t / tau_s)]
    fit = _least_squares(np.stack(columns, axis=1), y, NOISE_FLOOR_PPM)
    return None if fit is None else Slope(60 * fit[0][0], 60 * fit[1][0])


def measure_dip(
    inside_s: npt.ArrayLike,
    inside_ppm: npt.ArrayLike,
    outside_s: npt.ArrayLike,
    outside_ppm: npt.ArrayLike,
    t90_s: float,
    offset_sigma_ppm: float,
) -> Dip | None:
    """Measure the excess of one dip over the simultaneous outside air.

    The probes' difference in free air just before insertion corrects the pair,
    as far as that difference was measured better than the certificates promise.

    Parameters
    ----------
    inside_s, outside_s : float ``(n,)``, s since insertion; negative = before it.
    inside_ppm, outside_ppm : float ``(n,)``, corrected by the certificates.
    t90_s : response time of the inside probe.
    offset_sigma_ppm : standard uncertainty of the difference of the two probes
        by their certificates.

    Returns
    -------
    Dip, or None while either probe has fewer than three values since insertion.

    Examples
    --------
    >>> t = np.arange(-30.0, 120.0)
    >>> inside = np.where(t < 0, 440, 440 + 250 * (1 - np.exp(-t * np.log(10) / 60)))
    >>> dip = measure_dip(t, inside, t, np.full(150, 430.0), 60.0, 20.0)
    >>> 250 < dip.excess_ppm < 252 and dip.sigma_ppm < 10  # the pair's 10 ppm were seen before insertion
    True
    """
    t_in, y_in = _finite(inside_s, inside_ppm)
    t_out, y_out = _finite(outside_s, outside_ppm)
    after_in, after_out = t_in >= 0, t_out >= 0
    plateau = fit_plateau(t_in[after_in], y_in[after_in], t90_s)
    outside = _steady(y_out[after_out])
    if plateau is None or outside is None:
        return None
    before_ppm, before_error = math.nan, math.nan
    early_in = (t_in < 0) & (t_in >= -BEFORE_S)
    early_out = (t_out < 0) & (t_out >= -BEFORE_S)
    # the lag's term lets a probe that is still clearing from the lorry before be compared too
    early = fit_plateau(t_in[early_in] + BEFORE_S, y_in[early_in], t90_s, plateau.residual_ppm)
    early_outside = _steady(y_out[early_out])
    correction, offset_variance = 0.0, offset_sigma_ppm**2
    if early is not None and early_outside is not None:
        before_ppm = early.level_ppm - early_outside[0]
        measured = early.sigma_ppm**2 + early_outside[1] ** 2 + AIR_UNEVENNESS_PPM**2
        before_error = math.sqrt(measured + offset_variance)
        correction = before_ppm * offset_variance / (offset_variance + measured)
        offset_variance = offset_variance * measured / (offset_variance + measured)
    return Dip(
        excess_ppm=plateau.level_ppm - outside[0] - correction,
        noise_sigma_ppm=math.sqrt(plateau.sigma_ppm**2 + outside[1] ** 2 + AIR_UNEVENNESS_PPM**2),
        offset_sigma_ppm=math.sqrt(offset_variance),
        inside_ppm=plateau.level_ppm,
        outside_ppm=outside[0],
        step_ppm=plateau.step_ppm,
        slope=fit_slope(t_in[after_in], y_in[after_in], t90_s),
        before_ppm=before_ppm,
        before_sigma_ppm=before_error,
    )


def combine_dips(dips: list[Dip]) -> tuple[float, float]:
    """Return the mean excess of several dips and its standard uncertainty, ppm.

    The dips' own noise averages out, the pair's common offset does not.

    Examples
    --------
    >>> dip = Dip(100.0, 10.0, 8.0, 530.0, 430.0, 100.0, None)
    >>> excess, sigma = combine_dips([dip, dip])
    >>> excess, round(sigma, 2)
    (100.0, 10.68)
    """
    weights = np.array([1 / max(d.noise_sigma_ppm, 1e-9) ** 2 for d in dips])
    excess = float(np.average([d.excess_ppm for d in dips], weights=weights))
    common = min(d.offset_sigma_ppm for d in dips)
    return excess, math.hypot(1 / math.sqrt(float(weights.sum())), common)


def excess_score(excess_ppm: float, sigma_ppm: float) -> float:
    """Return asinh(excess / sigma).

    Near the noise it is the standardised excess, sign included, so that offsets
    count as what they are. Far above, it grows as the logarithm: volume and
    leakage differ by factors between lorries, so ratios of the excess matter
    there and one leaky barn cannot dominate the fit.

    >>> round(excess_score(30.0, 20.0), 3), round(excess_score(3000.0, 20.0), 3)
    (1.195, 5.704)
    """
    return math.asinh(excess_ppm / sigma_ppm)


def _finite(t_s: npt.ArrayLike, ppm: npt.ArrayLike) -> tuple[Array, Array]:
    t, y = np.asarray(t_s, dtype=float), np.asarray(ppm, dtype=float)
    usable = np.isfinite(t) & np.isfinite(y)
    return t[usable], y[usable]


def _steady(ppm: Array) -> tuple[float, float] | None:
    """Median and its standard error: puffs of exhaust must not move the reference."""
    if ppm.size < 3:
        return None
    middle = float(np.median(ppm))
    spread = max(1.4826 * float(np.median(np.abs(ppm - middle))), NOISE_FLOOR_PPM)
    return middle, 1.25 * spread / math.sqrt(_independent(ppm - middle))


def _independent(residual: Array) -> float:
    """How many independent values a residual is worth, from its lag-1 correlation."""
    power = float(residual @ residual)
    rho = float(residual[1:] @ residual[:-1]) / power if power > 0 and residual.size > 2 else 0.0
    rho = min(max(rho, 0.0), 0.98)
    return max(residual.size * (1 - rho) / (1 + rho), 1.0)


def _least_squares(
    design: Array, y: Array, noise_ppm: float
) -> tuple[list[float], list[float], float] | None:
    """Values, standard errors and residual spread of a linear fit; one pass drops outliers."""
    fewest = max(3, design.shape[1] + 1)
    if y.size < fewest:
        return None
    for _ in range(2):
        values, *_ = np.linalg.lstsq(design, y, rcond=None)
        residual = y - design @ values
        spread = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
        keep = np.abs(residual) <= max(5 * spread, NOISE_FLOOR_PPM)
        if keep.all() or keep.sum() < fewest:
            break
        design, y = design[keep], y[keep]
    residual = y - design @ values
    degrees = max(residual.size - design.shape[1], 1)
    residual_ppm = max(math.sqrt(float(residual @ residual) / degrees), noise_ppm)
    covariance = np.linalg.pinv(design.T @ design)
    widening = math.sqrt(residual.size / _independent(residual))
    errors = np.sqrt(np.maximum(np.diag(covariance), 0)) * residual_ppm * widening
    return [float(v) for v in values], [float(e) for e in errors], residual_ppm
