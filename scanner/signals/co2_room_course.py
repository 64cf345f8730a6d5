"""CO2 in rooms, over a day: a causal filter for how many people are in, given unknown ventilation.

Hidden are the number of people n, the ventilation lambda, the baseline C0 (all of
which may change) and what one person adds, g (which may not: the room's volume).
They run over nodes; for each combination the level itself is tracked by a Kalman
filter, and combinations that turn into each other are merged to their first two
moments (interacting multiple models: Blom & Bar-Shalom, IEEE TAC 33 (1988) 780).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.signals.co2_rooms import (
    MOST_NATS,
    RoomPrior,
    RoomWindows,
    baseline_ppm,
    log_nodes,
    unevenness_ppm,
)

Array = npt.NDArray[np.float64]

LEAKAGE_NODES, PERSON_NODES = 9, 7
BASELINE_SIGMAS = np.arange(-2.0, 2.25, 0.5)
"""Baselines tried, about what the past says, in units of its error."""

GAP_PPM_H = 150.0
MOST_GAP_PPM = 600.0
"""What a gap in the readings may have done to the level (assumption)."""


@dataclass(frozen=True, slots=True)
class RoomCourse:
    """What each window and all before it say.

    Parameters
    ----------
    log_ratio : float ``(n,)``: posterior over prior odds of somebody against nobody, natural log.
    people : float ``(n, 1 + most_people)``: probability of each number.
    leakage_per_h, outside_ppm, person_ppm_h : float ``(n,)``: posterior means.
    evidence : float ``(n,)``: log likelihood of the window given all before it.
    """

    log_ratio: Array
    people: Array
    leakage_per_h: Array
    outside_ppm: Array
    person_ppm_h: Array
    evidence: Array


def occupancy_course(
    windows: RoomWindows,
    prior: RoomPrior | None = None,
    resolution_ppm: float = 0.0,
    occupied: npt.ArrayLike | None = None,
) -> RoomCourse:
    """Filter the windows of one room, each given only itself and those before.

    Parameters
    ----------
    windows : consecutive; NaN levels are gaps.
    resolution_ppm : float, last digit of the sensor.
    occupied : float ``(n,)``, optional: 1 somebody, 0 nobody, NaN not known; holds the
        filter to it, for fitting a prior on a room whose truth is known.

    Examples
    --------
    >>> t = np.arange(0.0, 4 * 3600.0, 60.0)
    >>> level = np.where(t < 7200.0, 430.0, 430.0 + 300.0 * (1 - np.exp(-(t - 7200.0) / 4000.0)))
    >>> from scanner.signals.co2_rooms import room_windows
    >>> course = occupancy_course(room_windows(t, level))
    >>> bool(course.people[20, 0] > 0.9), bool(course.people[-1, 0] < 0.01)
    (True, True)
    """
    prior = prior or RoomPrior()
    n, leak, person = _axes(prior)
    hours = windows.length_s / 3600.0
    sigmas = np.exp(-0.5 * BASELINE_SIGMAS**2) / np.exp(-0.5 * BASELINE_SIGMAS**2).sum()
    moves = _moves(prior, leak.size, sigmas, hours)
    weight = _stationary(prior)[:, None, None, None] * sigmas * np.ones_like(leak * person)
    weight = weight / weight.sum()
    mean = np.full(weight.shape, prior.outside_ppm)
    variance = np.full(weight.shape, MOST_GAP_PPM**2)
    read = prior.read_ppm**2 + resolution_ppm**2 / 12.0
    middle, unsure = baseline_ppm(windows, prior)
    uneven = unevenness_ppm(windows, prior, float(np.sqrt(read)))
    known = np.full(middle.size, np.nan) if occupied is None else np.asarray(occupied, float)
    rows: list[tuple[Array, float, float, float, float] | None] = []
    idle = 0
    for i, y in enumerate(windows.level_ppm):
        idle += 1
        if not np.isfinite(y):
            rows.append(None)
            continue
        # what a window's own level says of baseline and noise waits for the next
        before = max(i - 1, 0)
        outside = middle[before] + unsure[before] * BASELINE_SIGMAS
        air = _Air(n * person, leak, outside, float(uneven[before]), idle * hours, idle > 1)
        weight, mean, variance = _moved(weight, mean, variance, moves, idle)
        mean, variance = _predicted(prior, mean, variance, air)
        idle = 0
        weight, mean, variance, said = _seen(prior, weight, mean, variance, float(y), read)
        if np.isfinite(known[i]):
            weight = weight * ((n > 0) == bool(known[i]))
            total = float(weight.sum())
            said += float(np.log(total))
            weight = weight / total
        means = [float((weight * hidden).sum()) for hidden in (leak, outside, person)]
        rows.append((weight.sum(axis=(1, 2, 3)), means[0], means[1], means[2], said))
    return _course(rows, prior)


@dataclass(frozen=True, slots=True)
class _Air:
    """What moves the level between two windows, over all combinations."""

    source_ppm_h: Array
    leakage_per_h: Array
    outside_ppm: Array
    uneven_ppm: float
    hours: float
    gap: bool


def _axes(prior: RoomPrior) -> tuple[Array, Array, Array]:
    n = np.arange(prior.most_people + 1, dtype=np.float64)[:, None, None, None]
    leak = log_nodes(prior.leakage_per_h, prior.leakage_log_sigma, LEAKAGE_NODES)[None, :, None, None]
    person = log_nodes(prior.person_ppm_h, prior.person_log_sigma, PERSON_NODES)[None, None, :, None]
    return n, leak, person


def _stationary(prior: RoomPrior) -> Array:
    there = prior.stay_h / (prior.stay_h + prior.away_h)
    return np.append(1 - there, there * prior.count_share)


def _moves(prior: RoomPrior, n_leak: int, sigmas: Array, hours: float) -> tuple[Array, ...]:
    """Return the chances of each change in one window: people, ventilation, baseline; from row to column."""
    most = prior.most_people
    people = np.zeros((most + 1, most + 1))
    people[0, 1:] = hours / prior.away_h * prior.count_share
    people[1:, 0] = hours / prior.stay_h
    people[1:, 1:] = hours / prior.change_h * prior.count_share
    np.fill_diagonal(people, 0.0)
    np.fill_diagonal(people, 1 - people.sum(axis=1))
    again = hours / prior.ventilation_change_h
    leak = (1 - again) * np.eye(n_leak) + again / n_leak
    afresh = hours / prior.baseline_change_h
    outside = (1 - afresh) * np.eye(sigmas.size) + afresh * sigmas[None, :]
    return people, leak, outside


def _moved(
    weight: Array, mean: Array, variance: Array, moves: tuple[Array, ...], steps: int
) -> tuple[Array, Array, Array]:
    """Let people, ventilation and baseline change, and merge what arrives at the same combination."""
    middle = float((weight * mean).sum())
    apart = mean - middle
    moments = np.stack([weight, weight * apart, weight * (variance + apart**2)])
    for axis, move in zip((1, 2, 4), moves, strict=True):
        many = np.linalg.matrix_power(move, steps) if steps > 1 else move
        moments = np.moveaxis(np.tensordot(moments, many, axes=(axis, 0)), -1, axis)
    total = np.maximum(moments[0], 1e-290)
    apart = moments[1] / total
    spread = np.asarray(np.maximum(moments[2] / total - apart**2, 1e-6))
    return np.asarray(moments[0]), np.asarray(middle + apart), spread


def _predicted(prior: RoomPrior, mean: Array, variance: Array, air: _Air) -> tuple[Array, Array]:
    left = np.exp(-air.leakage_per_h * air.hours)
    excess = mean - air.outside_ppm
    eddy = air.uneven_ppm**2 + (prior.eddy_excess_share * excess) ** 2
    eddy = eddy + (prior.eddy_source_share * air.source_ppm_h * min(air.hours, 1.0)) ** 2
    if air.gap:
        eddy = eddy + min(GAP_PPM_H * air.hours, MOST_GAP_PPM) ** 2
    settled = air.outside_ppm + air.source_ppm_h / air.leakage_per_h
    return settled + (mean - settled) * left, variance * left**2 + eddy


def _seen(
    prior: RoomPrior, weight: Array, mean: Array, variance: Array, y: float, read: float
) -> tuple[Array, Array, Array, float]:
    """Weigh every combination by the window's level, which may be an odd one."""
    off = y - mean
    plain = variance + read
    wide = plain * prior.odd_scale**2
    usual = (1 - prior.odd_share) * np.exp(-0.5 * off**2 / plain) / np.sqrt(plain)
    odd = prior.odd_share * np.exp(-0.5 * off**2 / wide) / np.sqrt(wide)
    both = np.maximum(usual + odd, 1e-290)
    joint = weight * both
    total = float(joint.sum())
    # an odd window may be uneven air or a wrong reading: the level then follows it all the same
    gain = (usual / both) * variance / plain + (odd / both) * (1 - read / wide)
    after = np.maximum((usual / both) * variance * read / plain + (odd / both) * read, 1e-6)
    return joint / total, mean + gain * off, after, float(np.log(total) - 0.5 * np.log(2 * np.pi))


def _course(rows: list[tuple[Array, float, float, float, float] | None], prior: RoomPrior) -> RoomCourse:
    size = len(rows)
    people = np.full((size, prior.most_people + 1), np.nan)
    rest = np.full((size, 4), np.nan)
    for i, row in enumerate(rows):
        if row is not None:
            people[i], rest[i] = row[0], row[1:]
    before = prior.stay_h / prior.away_h
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(people[:, 1:].sum(axis=1)) - np.log(people[:, 0]) - np.log(before)
    return RoomCourse(
        np.clip(ratio, -MOST_NATS, MOST_NATS), people, rest[:, 0], rest[:, 1], rest[:, 2], rest[:, 3]
    )
