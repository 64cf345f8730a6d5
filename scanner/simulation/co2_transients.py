"""What comes and goes while probes are read in many lorries: fluctuation, exhaust, gusts, breath."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

EDDY_TIMES_S, EDDY_POWERS = (4.0, 20.0, 80.0), (0.25, 0.35, 0.40)
AIR_TIMES_S, AIR_POWERS = (8.0, 50.0, 300.0), (0.20, 0.35, 0.45)
"""Mixtures of time constants of eddies at the tip and of the free air (assumptions): power on every
scale from seconds to the length of a dip and beyond."""


def fluctuation(
    t_s: npt.ArrayLike,
    times_s: Sequence[float],
    powers: Sequence[float],
    n: int,
    rng: np.random.Generator,
    stretch: npt.ArrayLike = 1.0,
) -> Array:
    """Return Gaussian courses of unit variance: Ornstein-Uhlenbeck processes added up.

    Parameters
    ----------
    t_s : float ``(n_t,)``, ascending, steps of any length.
    times_s, powers : time constants and their shares of the variance.
    n : number of courses.
    stretch : ``(n,)`` or one number, multiplies the time constants.

    Returns
    -------
    float ``(n, n_t)``; its covariance is `covariance`.
    """
    t = np.asarray(t_s, dtype=float)
    slowed = np.broadcast_to(np.asarray(stretch, dtype=float), (n,))
    out = np.zeros((t.size, n))
    for time_s, power in zip(times_s, powers, strict=True):
        white = rng.standard_normal((t.size, n))
        value = white[0]
        out[0] += np.sqrt(power) * value
        for k in range(1, t.size):
            kept = np.exp(-(t[k] - t[k - 1]) / (time_s * slowed))
            value = kept * value + np.sqrt(1.0 - kept * kept) * white[k]
            out[k] += np.sqrt(power) * value
    return np.ascontiguousarray(out.T)


def covariance(
    lag_s: npt.ArrayLike, times_s: Sequence[float], powers: Sequence[float], stretch: float = 1.0
) -> Array:
    """Return the covariance of `fluctuation` at these lags, any shape.

    Examples
    --------
    >>> float(covariance(0.0, EDDY_TIMES_S, EDDY_POWERS).round(6))
    1.0
    """
    lag = np.abs(np.asarray(lag_s, dtype=float))
    return np.asarray(sum(p * np.exp(-lag / (s * stretch)) for s, p in zip(times_s, powers, strict=True)))


def bumps(
    t_s: npt.ArrayLike,
    per_h: npt.ArrayLike,
    width_s: tuple[float, float],
    rng: np.random.Generator,
    log_height: tuple[float, float] = (0.0, 0.0),
) -> Array:
    """Return smooth bumps that come at random, added up.

    Parameters
    ----------
    t_s : float ``(n_t,)``, ascending.
    per_h : mean number an hour, ``(n,)``.
    width_s : range of the widths (standard deviation of a Gaussian).
    log_height : mean and standard deviation of the natural logarithm of the height.

    Returns
    -------
    float ``(n, n_t)``.
    """
    t, rate = np.asarray(t_s, dtype=float), np.asarray(per_h, dtype=float)
    out = np.zeros((rate.size, t.size))
    before_s = 3.0 * width_s[1]
    span_s = t[-1] - t[0] + 2.0 * before_s
    numbers = rng.poisson(rate * span_s / 3600.0)
    rows = np.repeat(np.arange(rate.size), numbers)
    at = t[0] - before_s + span_s * rng.random(rows.size)
    width = rng.uniform(*width_s, rows.size)
    height = np.exp(rng.normal(*log_height, rows.size))
    shape = height[:, np.newaxis] * np.exp(-0.5 * ((t - at[:, np.newaxis]) / width[:, np.newaxis]) ** 2)
    np.add.at(out, rows, shape)
    return out


def breath_ppm(t_s: npt.ArrayLike, chance: npt.ArrayLike, rng: np.random.Generator) -> Array:
    """Return what an officer's breath adds at the tip after insertion, ppm ``(n, n_t)``.

    500 to 5000 ppm for 5 to 20 s (assumption: breath is 40 000 ppm and thins out on its way), beginning
    somewhere in the dip, in a share ``chance`` ``(n,)`` of the dips.
    """
    t, share = np.asarray(t_s, dtype=float), np.asarray(chance, dtype=float)
    hit, when, length, height = rng.random((4, share.size))
    begin_s = when * max(t[-1], 0.0)
    end_s = begin_s + 5.0 + 15.0 * length
    ppm = np.where(hit < share, 500.0 * 10.0**height, 0.0)
    blown = (t >= begin_s[:, np.newaxis]) & (t < end_s[:, np.newaxis]) & (t >= 0.0)
    return np.where(blown, ppm[:, np.newaxis], 0.0)
