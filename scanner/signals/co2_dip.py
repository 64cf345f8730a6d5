"""One dip of a lagging CO2 probe: the level at its tip over outside air, and its slope, behind the lag.

After insertion at t = 0 the probe reads, with time constant tau,

    y(t) = L + s (t - tau (1 - e)) - q e - q (t/tau) e d + noise,   e = exp(-t/tau)

L and s are level and slope at the tip, q = L - P the step from the probe's
state P just before insertion, d the relative error of the declared tau. P is
known from the readings before; d and the moment of insertion are known within
limits. The noise is white, plus what eddies at the seal leave behind the lag,
in proportions that the data choose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

BEFORE_S = 60.0
"""How far back before insertion the two probes are compared in free air, s."""

AIR_UNEVENNESS_PPM = 4.0
"""Two probes in the same free air some metres apart differ by about this (assumption, 1 sigma)."""

NOISE_FLOOR_PPM = 0.5
"""A fit never claims less noise than a probe's last digit carries."""

LAG_RELATIVE_SIGMA = 0.10
"""How far a probe's response time is from its data sheet: filter, flow, cold (assumption, 1 sigma)."""

INSERTION_SIGMA_S = 1.0
"""How well the moment of insertion is known, s (assumption, 1 sigma)."""

EDDY_RATIOS = np.array([0.0, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0])
"""Eddies at the tip over the probe's white noise, standard deviations: the proportions tried."""

EDDY_TIMES_S = (6.0, 30.0, 120.0)
"""Correlation times of eddies at a seal, s, a third of the power each (assumption)."""

EDDY_SHARE = (0.01, 0.2)
"""Eddies over the excess at the tip: from to, log-uniform (assumption)."""

DRIFT_PPM_PER_MIN = 0.4
"""A probe may drift so much by itself: warming up, moisture on its window (assumption, 1 sigma)."""

DENSITY_PER_C = 0.18 / 45.0
"""A gas is so much denser per degree: an infrared cell that cools reads high (18 % from 25 to -20 degC)."""

COLD_CELL_SHARE = (0.2, 0.15)
"""What a probe's compensation leaves of it: mean and 1 sigma (assumption)."""

CELL_COOLS_S = 240.0
"""Time constant with which a cell takes on the air's temperature (assumption)."""

MOST_READINGS = 150
"""A dip of more readings is averaged before it is fitted."""

MOST_POINTS = 32
"""Readings are averaged to at most about so many points of a dip."""


@dataclass(frozen=True, slots=True)
class DipFit:
    """What dips say, for n lorries at once.

    Parameters
    ----------
    value : float ``(n, 2)``: excess at the tip over outside air at the moment
        of insertion, ppm, and its slope, ppm/min.
    covariance : float ``(n, 2, 2)`` of the two.
    inside_ppm, outside_ppm : float ``(n,)``, level at the tip and of outside air.
    before_ppm, before_sigma_ppm : float ``(n,)``, difference of the probes in
        free air before insertion and its allowed spread; NaN when not measured.
    step_ppm, noise_ppm : float ``(n,)``, step at insertion; white noise of a reading.
    """

    value: Array
    covariance: Array
    inside_ppm: Array
    outside_ppm: Array
    before_ppm: Array
    before_sigma_ppm: Array
    step_ppm: Array
    noise_ppm: Array

    @property
    def sigma_ppm(self) -> Array:
        """Standard uncertainty of the excess, ppm ``(n,)``."""
        return np.sqrt(self.covariance[:, 0, 0])

    @property
    def slope_sigma_ppm_per_min(self) -> Array:
        """Standard uncertainty of the slope, ppm/min ``(n,)``."""
        return np.sqrt(self.covariance[:, 1, 1])

    @property
    def probes_disagree(self) -> npt.NDArray[np.bool_]:
        """Whether the probes differed in free air by more than three allowed sigmas, ``(n,)``."""
        return np.abs(self.before_ppm) > 3 * self.before_sigma_ppm


def time_constant_s(t90_s: float) -> float:
    """Return the time constant of a first-order probe from its time to 90 %, s."""
    return max(t90_s, 0.1) / math.log(10.0)


def fit_dips(
    inside_s: npt.ArrayLike,
    inside_ppm: npt.ArrayLike,
    outside_s: npt.ArrayLike,
    outside_ppm: npt.ArrayLike,
    t90_s: float,
    pair_sigma_ppm: float,
    colder_by_c: float = 0.0,
) -> DipFit | None:
    """Fit level and slope behind the lag, and take outside air and the probes' difference off.

    Parameters
    ----------
    inside_s, outside_s : float ``(n_t,)``, ``(n_u,)``: s since insertion, negative = before.
    inside_ppm, outside_ppm : float ``(n_t,)`` or ``(n, n_t)``, finite, corrected by certificates.
    t90_s : declared response time of the inside probe.
    pair_sigma_ppm : standard uncertainty of the difference of the two probes by
        their certificates.
    colder_by_c : how much colder it is inside than outside: the cell cools on.

    Returns
    -------
    DipFit of n lorries, or None while the inside probe has fewer than four values
    since insertion or the outside probe fewer than three.

    Examples
    --------
    >>> t, tau = np.arange(-30.0, 120.0), 60 / np.log(10)
    >>> rise = 250 * (1 - np.exp(-t / tau)) + 12 / 60 * (t - tau * (1 - np.exp(-t / tau)))
    >>> fit = fit_dips(t, np.where(t < 0, 440, 440 + rise), t, np.full(150, 430.0), 60.0, 20.0)
    >>> level, slope = fit.value[0]
    >>> bool(abs(level - 250) < 2 and abs(slope - 12) < 1.5)  # the pair's 10 ppm were seen before insertion
    True
    """
    t_in, t_out = np.asarray(inside_s, float), np.asarray(outside_s, float)
    y_in = np.atleast_2d(np.asarray(inside_ppm, float))
    y_out = np.atleast_2d(np.asarray(outside_ppm, float))
    after, early = t_in >= 0, (t_in < 0) & (t_in >= -BEFORE_S)
    if after.sum() > MOST_READINGS:
        before_t, before_y = _averaged(t_in[early], y_in[:, early])
        after_t, after_y = _averaged(t_in[after], y_in[:, after])
        t_in, y_in = np.concatenate([before_t, after_t]), np.concatenate([before_y, after_y], axis=1)
        after, early = t_in >= 0, t_in < 0
    if after.sum() < 4 or (t_out >= 0).sum() < 3:
        return None
    noise_ppm = _white_noise(y_in[:, after | early])
    outside = _steady(y_out[:, t_out >= -BEFORE_S])
    state_ppm, state_sigma = _state_before(t_in[early], y_in[:, early], noise_ppm)
    level, slope, covariance, step = _behind_the_lag(
        t_in[after], y_in[:, after], time_constant_s(t90_s), noise_ppm, state_ppm, state_sigma, outside[0]
    )
    before_ppm, before_variance = _difference_before(t_in[early], y_in[:, early], t_out, y_out, len(y_in))
    measured = np.isfinite(before_ppm)
    pair = pair_sigma_ppm**2
    share = np.where(measured, pair / (pair + np.where(measured, before_variance, 1.0)), 0.0)
    correction = share * np.where(measured, before_ppm, 0.0)
    offset_variance = np.where(measured, share * np.where(measured, before_variance, 0.0), pair)
    # over a dip the cell's cooling is a steady rise of the report, in proportion to the level
    cooling = level * DENSITY_PER_C * max(colder_by_c, 0.0) * 60.0 / CELL_COOLS_S
    slope = slope - COLD_CELL_SHARE[0] * cooling
    covariance[:, 1, 1] += DRIFT_PPM_PER_MIN**2 + (COLD_CELL_SHARE[1] * cooling) ** 2
    covariance[:, 0, 0] += outside[1] ** 2 + offset_variance + AIR_UNEVENNESS_PPM**2
    return DipFit(
        value=np.stack([level - outside[0] - correction, slope], axis=1),
        covariance=covariance,
        inside_ppm=level,
        outside_ppm=outside[0],
        before_ppm=before_ppm,
        before_sigma_ppm=np.sqrt(before_variance + pair),
        step_ppm=step,
        noise_ppm=noise_ppm,
    )


def expected_covariance(
    t_s: npt.ArrayLike, t90_s: float, noise_ppm: float, step_ppm: float, excess_ppm: float
) -> Array:
    """Return the covariance of level and slope that readings at these times will give, ``(2, 2)``.

    Parameters
    ----------
    t_s : float ``(n_t,)``, times of the readings since insertion, s.
    noise_ppm : white noise of a reading.
    step_ppm, excess_ppm : as a first fit found them.

    Examples
    --------
    >>> short = expected_covariance(np.arange(0.0, 40.0), 60.0, 3.0, 200.0, 190.0)
    >>> long = expected_covariance(np.arange(0.0, 120.0), 60.0, 3.0, 200.0, 190.0)
    >>> bool(short[0, 0] > 2 * long[0, 0] and short[1, 1] > 10 * long[1, 1])
    True
    """
    one = np.ones(1)
    normals = _normal_equations(np.asarray(t_s, float), np.zeros((1, len(np.atleast_1d(t_s)))), t90_s)
    ratio = max(abs(excess_ppm), 1.0) * math.sqrt(EDDY_SHARE[0] * EDDY_SHARE[1]) / noise_ppm
    nearest = int(np.argmin(np.abs(np.log(np.maximum(EDDY_RATIOS, 0.1) / max(ratio, 0.1)))))
    matrix, _ = _with_priors(
        normals, noise_ppm * one, 0 * one, 3.0 * one, step_ppm * one, time_constant_s(t90_s)
    )
    cov = np.linalg.inv(matrix[0, nearest])[:2, :2]
    return np.asarray(cov * np.outer([1.0, 60.0], [1.0, 60.0]))


@dataclass(frozen=True, slots=True)
class _Normals:
    """X' K^-1 X ``(m, 4, 4)``, X' K^-1 y ``(n, m, 4)``, y' K^-1 y ``(n, m)``, log|K| ``(m,)``; unit noise."""

    xx: Array
    xy: Array
    yy: Array
    log_det: Array


def _behind_the_lag(
    t: Array, y: Array, tau: float, noise: Array, state: Array, state_sigma: Array, outside: Array
) -> tuple[Array, Array, Array, Array]:
    """Level, slope (per min), covariance ``(n, 2, 2)`` and step, averaged over the proportions of eddies."""
    centre = np.where(np.isfinite(state), state, y[:, :1].mean(axis=1))
    normals = _normal_equations(t, y - centre[:, None], tau * math.log(10.0))
    state_zero = np.where(np.isfinite(state), 0.0, np.nan)
    step = np.full(len(y), 300.0)
    for _ in range(2):  # the lag's error is worth as much as the step is high: a second pass knows it
        matrix, vector = _with_priors(normals, noise, state_zero, state_sigma, step, tau)
        beta = np.asarray(np.linalg.solve(matrix, vector[..., None])[..., 0], float)
        excess: Array = beta[..., 0] + (centre - outside)[:, None]
        weight = _weights(normals, matrix, vector, beta, noise, excess)
        step = np.abs(np.sum(weight * beta[..., 2], axis=1)) + noise
    cov = np.linalg.inv(matrix)[..., :2, :2]
    mean = np.sum(weight[..., None] * beta[..., :2], axis=1)
    away = beta[..., :2] - mean[:, None]
    spread = np.sum(weight[..., None, None] * (cov + away[..., :, None] * away[..., None, :]), axis=1)
    signed_step = np.sum(weight * beta[..., 2], axis=1)
    scale = np.array([1.0, 60.0])
    return mean[:, 0] + centre, 60.0 * mean[:, 1], spread * np.outer(scale, scale), signed_step


def _normal_equations(t: Array, y: Array, t90_s: float) -> _Normals:
    tau = time_constant_s(t90_s)
    decay = np.exp(-t / tau)
    design = np.stack([np.ones_like(t), t - tau * (1 - decay), -decay, -(t / tau) * decay], axis=1)
    bins = _bins(t)
    design, binned = bins @ design, y @ bins.T
    white = bins @ bins.T
    eddies = bins @ lagged_eddies(t, tau) @ bins.T
    # bins are of unlike size but independent: scaled by them, one decomposition serves every proportion
    scale = 1.0 / np.sqrt(np.diag(white))
    power, axes = np.linalg.eigh(eddies * np.outer(scale, scale))
    x = axes.T @ (design * scale[:, None])
    z = (binned * scale) @ axes
    spread = 1.0 + EDDY_RATIOS[:, None] ** 2 * np.maximum(power, 0.0)
    weighted = x[None] / spread[..., None]
    return _Normals(
        xx=x.T @ weighted,
        xy=np.einsum("ni,mij->nmj", z, weighted),
        yy=(z * z) @ (1.0 / spread).T,
        log_det=np.sum(np.log(spread), axis=1),
    )


def lagged_eddies(t_s: Array, tau_s: float) -> Array:
    """Return the covariance that unit eddies at the tip leave behind the lag, ``(n_t, n_t)``.

    Examples
    --------
    >>> slow = lagged_eddies(np.arange(0.0, 100.0), 0.01)
    >>> bool(0.9 < slow[50, 50] < 1.1)  # an instant probe sees them whole
    True
    """
    t = np.asarray(t_s, float)
    apart = np.abs(t[:, None] - t[None, :])
    tip = sum(np.exp(-apart / time) for time in EDDY_TIMES_S) / len(EDDY_TIMES_S)
    # the lag as a matrix: the state decays over each interval and takes up what the tip meets meanwhile
    interval = np.diff(t, prepend=min(0.0, t[0]))
    keep = np.exp(-np.maximum(interval, 0.0) / tau_s)
    passed = np.cumsum(np.log(np.maximum(keep, 1e-300)))
    lag = np.tril(np.exp(np.minimum(passed[:, None] - passed[None, :], 0.0))) * (1 - keep)[None, :]
    return np.asarray(lag @ tip @ lag.T)


def _bins(t: Array) -> Array:
    """Averaging matrix ``(n_bins, n_t)``, bins of equal time."""
    count = min(len(t), MOST_POINTS)
    edge = (t - t[0]) / max(t[-1] - t[0], 1e-9) * count
    number = np.minimum(edge.astype(int), count - 1)
    bins = np.zeros((count, len(t)))
    bins[number, np.arange(len(t))] = 1.0
    bins = bins[bins.sum(axis=1) > 0]
    return np.asarray(bins / bins.sum(axis=1, keepdims=True))


def _with_priors(
    normals: _Normals, noise: Array, state: Array, state_sigma: Array, step: Array, tau: float
) -> tuple[Array, Array]:
    """Posterior precision ``(n, m, 4, 4)`` and its right-hand side, ppm and s."""
    precision = normals.xx[None] / noise[:, None, None, None] ** 2
    vector = normals.xy / noise[:, None, None] ** 2
    precision = np.array(np.broadcast_to(precision, (len(noise), *normals.xx.shape)))
    known = np.isfinite(state)
    # the probe's state before: L - q = P
    moment = (step * INSERTION_SIGMA_S / tau) ** 2
    weight = np.where(known, 1.0 / (np.where(known, state_sigma, 1.0) ** 2 + moment), 1e-8)
    link = np.array([1.0, 0.0, -1.0, 0.0])
    precision += weight[:, None, None, None] * np.outer(link, link)
    vector = vector + (weight * np.where(known, state, 0.0))[:, None, None] * link
    precision[..., 3, 3] += (1.0 / (LAG_RELATIVE_SIGMA * np.maximum(step, 1.0)) ** 2)[:, None]
    # a level of 1e6 ppm and a slope of 1e4 ppm/s are beyond everything: keeps a short dip solvable
    precision[..., 0, 0] += 1e-12
    precision[..., 1, 1] += 1e-4
    return precision, vector


def _weights(
    normals: _Normals, matrix: Array, vector: Array, beta: Array, noise: Array, excess: Array
) -> Array:
    """How much each proportion of eddies explains the readings, ``(n, m)``, sums to 1."""
    _, log_det = np.linalg.slogdet(matrix)
    misfit = normals.yy / noise[:, None] ** 2 - np.sum(vector * beta, axis=-1)
    likelihood = -0.5 * (misfit + normals.log_det[None] + log_det)
    likelihood = likelihood + np.log(_eddy_prior(np.abs(excess), noise))
    likelihood -= likelihood.max(axis=1, keepdims=True)
    weight = np.exp(likelihood)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _eddy_prior(excess: Array, noise: Array) -> Array:
    """Prior of each proportion: eddies are a share of the excess, ``(n, m)``."""
    low = np.log(np.maximum(EDDY_SHARE[0] * excess / noise[:, None], 0.02))
    high = np.log(np.maximum(EDDY_SHARE[1] * excess / noise[:, None], 0.2))
    at = np.log(np.maximum(EDDY_RATIOS, 0.1))
    beyond = np.maximum(low - at, 0.0) + np.maximum(at - high, 0.0)
    return np.asarray(np.exp(-0.5 * (beyond / 0.5) ** 2) + 1e-4)


def _averaged(t: Array, y: Array) -> tuple[Array, Array]:
    """Average neighbours of a series that is read faster than it changes."""
    together = -(-t.size // MOST_READINGS)
    if together <= 1:
        return t, y
    first = np.arange(0, t.size, together)
    count = np.diff(np.append(first, t.size))
    return np.add.reduceat(t, first) / count, np.add.reduceat(y, first, axis=1) / count


def _white_noise(y: Array) -> Array:
    """White noise of a reading from second differences, robust, ppm ``(n,)``."""
    if y.shape[1] < 6:
        return np.full(len(y), 3.0)  # too few to tell: an ordinary probe's (assumption)
    second = np.diff(y, n=2, axis=1)
    return np.maximum(1.4826 * np.median(np.abs(second), axis=1) / math.sqrt(6.0), NOISE_FLOOR_PPM)


def _state_before(t: Array, y: Array, noise: Array) -> tuple[Array, Array]:
    """The probe's state just before insertion and its error; NaN when not read."""
    last = t >= -15.0
    if last.sum() < 3:
        return np.full(len(y), np.nan), np.full(len(y), np.nan)
    return np.median(y[:, last], axis=1), np.sqrt(noise**2 * 1.57 / last.sum() + 2.0**2)


def _difference_before(t: Array, y: Array, t_out: Array, y_out: Array, n: int) -> tuple[Array, Array]:
    """Difference of the probes in free air before insertion and its variance, ``(n,)``."""
    early_out = (t_out < 0) & (t_out >= -BEFORE_S)
    if t.size < 5 or early_out.sum() < 3:
        return np.full(n, np.nan), np.full(n, np.nan)
    inside, outside = _steady(y), _steady(y_out[:, early_out])
    return inside[0] - outside[0], inside[1] ** 2 + outside[1] ** 2 + AIR_UNEVENNESS_PPM**2


def _steady(y: Array) -> tuple[Array, Array]:
    """Median and its standard error, ``(n,)``: puffs of exhaust must not move the reference."""
    middle = np.median(y, axis=1)
    away = y - middle[:, None]
    spread = np.maximum(1.4826 * np.median(np.abs(away), axis=1), NOISE_FLOOR_PPM)
    power = np.sum(away * away, axis=1)
    rho = np.sum(away[:, 1:] * away[:, :-1], axis=1) / np.maximum(power, 1e-12)
    rho = np.clip(rho, 0.0, 0.98)
    count = np.maximum(y.shape[1] * (1 - rho) / (1 + rho), 1.0)
    return middle, 1.25 * spread / np.sqrt(count)
