"""CO2 in rooms that are never shut for good: is somebody in, from five minutes of level and slope.

A lorry starts with its doors closing; a room has no such moment. What is left of

    dC/dt = u - lambda (C - C0),      u = n g

in one short window is its level L and its slope s: u = s + lambda (L - C0). The
ventilation lambda is not known, nor the number n of people, nor what one of them
adds (g, ppm/h, the room's volume); the ratio integrates over all three. The
figures of `RoomPrior` were fitted on one office's training file
(`tests/bench/co2_rooms.py` says how) and widened for other rooms where it says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

Array = npt.NDArray[np.float64]

WINDOW_S = 300.0
LEAST_READINGS = 3
"""Fewer readings leave a slope that says nothing about its own error."""

BASELINE_QUANTILE = 0.05
PAST_H = 24.0
BASELINE_LEAST_H = 12.0
NOISE_LEAST_H = 4.0
"""With less past than this, outside air and noise are assumed rather than measured."""


MOST_NATS = 30.0
"""Beyond this a ratio is about what the priors left out."""


@dataclass(frozen=True, slots=True)
class RoomPrior:
    """What is believed of a room before its air is seen."""

    leakage_per_h: float = 0.5
    """Median air changes an hour (four nights of the training file: 0.43 to 1.14)."""

    leakage_log_sigma: float = 0.8
    """Of its logarithm: 0.1 to 3 an hour within two sigma (assumption; training alone: 0.45)."""

    person_ppm_h: float = 200.0
    """Median of what one person adds: 0.0041 L/s (Persily & de Jonge 2017) in about 75 m3."""

    person_log_sigma: float = 0.5
    """Volumes of 27 to 200 m3 within two sigma (assumption)."""

    most_people: int = 4
    """One to this, n as likely as 1/n: who knows no scale (assumption)."""

    outside_ppm: float = 430.0
    outside_sigma_ppm: float = 40.0
    """Outdoor air read through a sensor with its own offset (assumption)."""

    stay_h: float = 4.0
    away_h: float = 8.0
    """Mean length of a stay, and of an absence (training file; brief absences count as staying)."""

    change_h: float = 1.0
    """While somebody is in, the number changes about once in so long (assumption)."""

    ventilation_change_h: float = 6.0
    """A door, a window or a fan changes the ventilation about once in so long (assumption)."""

    baseline_sigma_ppm: float = 20.0
    baseline_change_h: float = 12.0
    """Empty level about the quantile of its past, and how long it stays so (training file, empty weekend)."""

    read_ppm: float = 1.7
    """Error of a window's mean (training file, from lag-1 correlation of quiet differences)."""

    slope_ppm_h: float = 70.0
    """Error of a slope within a window (training file, quiet windows)."""

    slope_excess_share_per_h: float = 0.05
    slope_source_share: float = 0.1
    """Uneven air within a window: a share of the excess and of the source (training file)."""

    eddy_ppm: float = 0.6
    eddy_excess_share: float = 0.02
    eddy_source_share: float = 0.2
    """Uneven air from window to window, ppm: a floor, a share of the excess, a share of what an hour's source
    adds (training file)."""

    odd_share: float = 0.01
    odd_scale: float = 15.0
    """Share of windows with errors so many times larger: somebody breathes at the sensor (training file)."""

    @property
    def count_share(self) -> Array:
        """Prior of one to the most people, given somebody."""
        share = 1.0 / np.arange(1, self.most_people + 1)
        return np.asarray(share / share.sum())


@dataclass(frozen=True, slots=True)
class RoomWindows:
    """Level and slope of consecutive windows; NaN where too little was read.

    Parameters
    ----------
    begin_s, level_ppm, slope_ppm_h : float ``(n,)``; a multiple of the length, its mean, its fitted rise.
    readings : int ``(n,)``.
    length_s : float.
    """

    begin_s: Array
    level_ppm: Array
    slope_ppm_h: Array
    readings: npt.NDArray[np.intp]
    length_s: float = field(default=WINDOW_S)


def room_windows(t_s: npt.ArrayLike, ppm: npt.ArrayLike, length_s: float = WINDOW_S) -> RoomWindows:
    """Reduce a series to windows that begin at multiples of ``length_s``; blanks are left out.

    Parameters
    ----------
    t_s, ppm : float ``(m,)``; s, in any order; ppm, NaN where blank.

    Examples
    --------
    >>> t = np.arange(0.0, 600.0, 60.0)
    >>> w = room_windows(t, 400.0 + t / 60.0)
    >>> w.level_ppm.tolist(), w.slope_ppm_h.round(6).tolist()
    ([402.0, 407.0], [60.0, 60.0])
    """
    t, c = np.asarray(t_s, float), np.asarray(ppm, float)
    seen = np.isfinite(t) & np.isfinite(c)
    t, c = t[seen], c[seen]
    if not t.size:
        return RoomWindows(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, np.intp), length_s)
    place = np.floor(t / length_s).astype(np.int64)
    first = place.min()
    place = place - first
    n = int(place.max()) + 1
    many = np.bincount(place, minlength=n)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.bincount(place, t, n) / many
        level = np.bincount(place, c, n) / many
        apart = t - middle[place]
        slope = np.bincount(place, apart * (c - level[place]), n) / np.bincount(place, apart**2, n)
    few = many < LEAST_READINGS
    level[few] = slope[few] = np.nan
    return RoomWindows((first + np.arange(n)) * length_s, level, slope * 3600.0, many, length_s)


def baseline_ppm(windows: RoomWindows, prior: RoomPrior) -> tuple[Array, Array]:
    """Return the room's empty level as the past tells it, and its error, ppm, each ``(n,)``.

    The 5 % quantile of the last day of levels, over gaps, once half a day was read:
    somewhen in a day a room is empty. No window looks ahead.
    """
    level = windows.level_ppm
    middle = np.full(level.size, prior.outside_ppm)
    sigma = np.full(level.size, prior.outside_sigma_ppm)
    for i, seen in _pasts(level, windows.length_s, BASELINE_LEAST_H):
        middle[i] = np.quantile(seen, BASELINE_QUANTILE)
        sigma[i] = prior.baseline_sigma_ppm
    return middle, sigma


def unevenness_ppm(windows: RoomWindows, prior: RoomPrior, read_ppm: float) -> Array:
    """Return how uneven the room's quiet air is from window to window, ppm ``(n,)``; none looks ahead.

    Second differences, which a steady fall leaves alone; the quarter of the past day's
    that is smallest gives their scale, less what reading explains: people disturb less
    than three quarters of a day.
    """
    out = np.full(windows.level_ppm.size, prior.eddy_ppm)
    bend = np.abs(np.diff(windows.level_ppm, n=2, prepend=[np.nan, np.nan]))
    for i, seen in _pasts(bend, windows.length_s, NOISE_LEAST_H):
        scale = np.quantile(seen, 0.25) / norm.ppf(0.625)
        out[i] = np.sqrt(max(prior.eddy_ppm**2, scale**2 / 2 - 3 * read_ppm**2))
    return out


def _pasts(values: Array, length_s: float, least_h: float) -> Iterator[tuple[int, Array]]:
    seen = np.isfinite(values)
    kept, many = values[seen], np.cumsum(seen)
    day, least = round(PAST_H * 3600.0 / length_s), round(least_h * 3600.0 / length_s)
    for i in np.flatnonzero(many >= least):
        yield int(i), kept[max(0, many[i] - day) : many[i]]


def log_nodes(median: float, log_sigma: float, n: int) -> Array:
    """Return ``n`` nodes of a lognormal, each the middle of an equal share of it.

    Examples
    --------
    >>> log_nodes(2.0, 0.5, 3).round(3).tolist()
    [1.233, 2.0, 3.244]
    """
    return np.asarray(median * np.exp(log_sigma * norm.ppf((np.arange(n) + 0.5) / n)))


def window_log_ratio(
    level_ppm: npt.ArrayLike,
    slope_ppm_h: npt.ArrayLike,
    outside_ppm: npt.ArrayLike,
    prior: RoomPrior | None = None,
    outside_sigma_ppm: npt.ArrayLike = 20.0,
    resolution_ppm: float = 0.0,
) -> Array:
    """Return the log ratio of somebody against nobody from one window alone, natural log ``(n,)``.

    How the level came about is not asked: given the level, only the slope speaks,
    ``s ~ N(n g - lambda (L - C0), sigma^2)``, with a share of odd windows.

    Parameters
    ----------
    level_ppm, slope_ppm_h, outside_ppm : float ``(n,)``.
    outside_sigma_ppm : float or ``(n,)``, 1 sigma of ``outside_ppm``.
    resolution_ppm : float, last digit of the sensor.

    Examples
    --------
    A high level that rises speaks for people, a steady one hardly, a falling one against.

    >>> window_log_ratio([900.0] * 3, [150.0, 0.0, -270.0], [430.0] * 3).round(1).tolist()
    [4.4, 0.6, -1.3]
    """
    prior = prior or RoomPrior()
    level, slope = np.asarray(level_ppm, float)[:, None], np.asarray(slope_ppm_h, float)[:, None]
    excess = level - np.asarray(outside_ppm, float)[:, None]
    unsure = np.broadcast_to(np.asarray(outside_sigma_ppm, float), excess.shape[:1])[:, None]
    leakage = log_nodes(prior.leakage_per_h, prior.leakage_log_sigma, 25)[None, :]
    person = log_nodes(prior.person_ppm_h, prior.person_log_sigma, 9)
    expected = -leakage * excess
    # a last digit that flips within the window, read as a ramp across it
    digit = (resolution_ppm * 3600.0 / WINDOW_S) ** 2 / 12.0
    floor = prior.slope_ppm_h**2 + digit + (leakage * unsure) ** 2
    floor = floor + (prior.slope_excess_share_per_h * excess) ** 2

    def likelihood(u: float) -> Array:
        variance = floor + (prior.slope_source_share * u) ** 2
        out = np.zeros(level.shape[0])
        for share, scale in ((1 - prior.odd_share, 1.0), (prior.odd_share, prior.odd_scale)):
            wide = variance * scale**2
            gone = np.exp(-0.5 * (slope - expected - u) ** 2 / wide) / np.sqrt(wide)
            out += share * gone.mean(axis=1)
        return out

    nobody = likelihood(0.0)
    somebody = np.zeros(level.shape[0])
    for n, share in enumerate(prior.count_share, start=1):
        somebody += share * np.mean([likelihood(n * float(g)) for g in person], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(somebody) - np.log(nobody)
    return np.asarray(np.clip(ratio, -MOST_NATS, MOST_NATS))
