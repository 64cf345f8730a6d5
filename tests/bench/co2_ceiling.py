"""What the best detector could do: marginal likelihood ratios by brute force over lorries from the generator.

Two of them:

c1  knows the generator's priors (the very world and condition the trials come
    from) and the statistics of the transients, not the transients;
c2  knows the transients too: it is given the same trials without them.

Both draw some ten thousand lorries with and without people, compute what each
would make the probes report, and sum the likelihoods. Places of the tip and
response times between the drawn ones are filled in by a narrow Gaussian kernel
along the derivative, so that few draws suffice. Nothing of `scanner.signals` is
used. White noise of the probes is taken as known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from scanner.simulation.co2_batch import DipSeries, Procedure, true_bulk
from scanner.simulation.co2_world import Condition, LorryBatch, World, draw_lorries
from scanner.simulation.worlds import ranges
from tests.bench.co2_ceiling_air import Air, Blocks, Classes

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

T90_S = (30.0, 60.0, 75.0)
TIP_KERNEL, CHANGE_KERNEL, T90_KERNEL = 0.05, 0.02, 0.015
"""Relative widths (1 sigma) of the kernels: far within what the generator spreads these over."""

WHITE_BINS = (3, 1)
"""Classes of white noise, inside and outside probe."""

DROPPED = 0.03
"""Root mean square of what a draw loses in the projection, in standard deviations of the noise."""

QUIET_SHARE = 0.5
"""Of the draws that meet no transient; the others share the kinds of transients."""

NEAR_LOG = 0.35
"""Half of the draws are closed about as long as the row's lorries: importance sampling, weighed back."""


@dataclass(frozen=True)
class Ratios:
    """Log-likelihood ratio of each trial, NaN where the probe saturates, and its effective draws."""

    llr: Array
    ess: Array


@dataclass(frozen=True)
class Bank:
    """Drawn lorries of one hypothesis.

    ``mean`` ``(n_t90, N, r)`` and ``directions`` ``(n_t90, k, N, r)`` for each response time;
    ``tip_ppm`` ``(N, n_dips)``, excess at the tip, ``eddy_share`` ``(N,)`` of it, ``fluctuation`` ``(N,)``
    in ppm; ``log_weight``, ``log_closed`` ``(N,)``.
    """

    mean: Array
    directions: Array
    tip_ppm: Array
    eddy_share: Array
    fluctuation: Array
    log_weight: Array
    log_closed: Array


def log_sums(
    z: Array,
    mean: Array,
    directions: Array,
    covariance: Array,
    log_weight: Array,
    declared: tuple[Array, Array] | None = None,
) -> tuple[Array, Array]:
    """Return log of the weighed sum of Gaussian likelihoods over draws, and of the sum of their squares.

    Parameters
    ----------
    z : float ``(n, r)``, data.
    mean : float ``(N, r)`` of the draws.
    directions : float ``(k, N, r)``: each draw stands for ``mean + e directions`` with standard normal e.
    covariance : float ``(r, r)`` of the noise.
    log_weight : float ``(N,)``.
    declared : scaled log of what is declared, ``(n,)`` with NaN, and of what a draw would declare, ``(N,)``.
    """
    factor = np.linalg.cholesky(covariance)
    inverse = np.linalg.inv(factor).T
    middle = mean.mean(axis=0)
    y, mu = (z - middle) @ inverse, (mean - middle) @ inverse
    row = -0.5 * np.einsum("ij,ij->i", y, y)
    whitened = [direction @ inverse for direction in directions]
    y, mu, *whitened = _in_few_dimensions(y, mu, *whitened)
    exponent = y @ mu.T
    column = log_weight - 0.5 * np.einsum("ij,ij->i", mu, mu)
    spans: list[Array] = []
    for direction in whitened:
        # Cholesky of 1 + H'H turns the kernel into independent squares
        span = direction.copy()
        norm = 1.0 + np.einsum("ij,ij->i", span, span)
        for other in spans:
            shared = np.einsum("ij,ij->i", direction, other)
            span -= shared[:, np.newaxis] * other
            norm -= shared**2
        root = np.sqrt(norm)
        span /= root[:, np.newaxis]
        spans.append(span)
        along = y @ span.T
        along -= np.einsum("ij,ij->i", mu, span)
        along *= along
        along *= 0.5
        exponent += along
        column = column - np.log(root)
    exponent += column
    if declared is not None:
        told, would = declared
        known = np.isfinite(told)
        exponent[known] += told[known, np.newaxis] * would - 0.5 * would**2
        row = row - 0.5 * np.nan_to_num(told) ** 2
    top = exponent.max(axis=1)
    exponent -= top[:, np.newaxis]
    share = np.exp(exponent, out=exponent)
    first, second = share.sum(axis=1), np.einsum("ij,ij->i", share, share)
    level = row + top - np.log(np.diag(factor)).sum() - 0.5 * z.shape[1] * math.log(2 * math.pi)
    return np.log(first) + level, np.log(second) + 2 * level


def _in_few_dimensions(y: Array, *draws: Array) -> tuple[Array, ...]:
    """Project whitened data and draws on what the draws span, but for `DROPPED` of a standard deviation."""
    moment = sum(each.T @ each for each in draws)
    values, vectors = np.linalg.eigh(np.asarray(moment))
    # the largest leftover of any draw is at most the root of the sum of squares of all
    left = np.cumsum(np.maximum(values, 0.0)) / len(draws[0])
    kept = vectors[:, left > DROPPED**2]
    return tuple(each @ kept for each in (y, *draws))


def ceiling(
    world: World,
    condition: Condition,
    procedure: Procedure,
    persons: int,
    lorries: LorryBatch,
    series: DipSeries,
    *,
    transients: bool,
    told_closing: bool,
    draws: int = 40_000,
    seed: int = 84_001,
) -> Ratios:
    """Return the ratio of ``persons`` people against nobody for every trial.

    Parameters
    ----------
    lorries, series : the trials; of the lorries only the declaration and the probes' data sheets are read.
    transients : whether the series has them (c1) or not (c2).
    told_closing : whether the true closing time is known, or only what is declared.
    """
    blocks = Blocks(procedure)
    data = blocks.of(series.inside_ppm, series.outside_ppm)
    top = lorries.high_ppm[:, np.newaxis, np.newaxis]
    saturated = np.any(np.nan_to_num(series.inside_ppm) >= top, axis=(1, 2))
    typical = Air(blocks, world, 60.0, 60.0).transients(seed) if transients else None
    banks = [_bank(world, condition, blocks, count, draws, seed, told_closing) for count in (0, persons)]
    kind, log_kind = _kinds_of(np.ones(1) if typical is None else typical.share, draws, seed)
    alike = [list(_noise_classes(bank, kind, typical)) for bank in banks]
    sums = np.full((2, 2, len(data)), -np.inf)
    seen: dict[tuple[float, float], Classes] = {}
    declared = _declared(world, condition, lorries, told_closing)
    for group, air, white in _groups(world, blocks, lorries):
        steady, middle = air.steady() + white, air.steady_mean()
        pair = (air.inside_t90_s, air.outside_t90_s)
        if transients and pair not in seen:
            seen[pair] = air.transients(seed)
        classes = seen.get(pair)
        which = T90_S.index(air.inside_t90_s)
        for hypothesis, bank in enumerate(banks):
            for members, eddy, swing in alike[hypothesis]:
                number = int(kind[members[0]])
                noise, shift, mean = steady, middle, bank.mean[which, members]
                if classes is not None:
                    noise = noise + swing * air.unit_fluctuation + classes.covariance[number]
                    noise = noise + np.einsum("ab,abij->ij", eddy, air.unit_eddies)
                    shift = shift + classes.mean[number]
                    if classes.gust[number]:
                        tip = bank.tip_ppm[members]
                        noise = noise + (tip**2).mean() * classes.gust_covariance[number]
                        mean = mean + tip.mean(axis=1)[:, np.newaxis] * classes.gust_mean[number]
                told = None
                if declared is not None:
                    told = (declared[0][group], declared[1] + bank.log_closed[members] * declared[2])
                found = log_sums(
                    data[group] - shift,
                    mean,
                    bank.directions[which][:, members],
                    noise,
                    bank.log_weight[members] + log_kind[members],
                    told,
                )
                for power in (0, 1):
                    sums[hypothesis, power, group] = np.logaddexp(
                        sums[hypothesis, power, group], found[power]
                    )
    llr = sums[1, 0] - sums[0, 0]
    ess = np.exp(np.min(2 * sums[:, 0] - sums[:, 1], axis=0))
    return Ratios(np.where(saturated, np.nan, llr), ess)


def _bank(
    world: World,
    condition: Condition,
    blocks: Blocks,
    persons: int,
    draws: int,
    seed: int,
    told_closing: bool,
) -> Bank:
    rng = np.random.default_rng((seed, 1))
    lorries = draw_lorries(world, replace(condition, closed_minutes=None), draws, persons, rng)
    closed, log_weight = _closing(world, condition, draws, np.random.default_rng((seed, 2)), told_closing)
    lorries = replace(
        lorries,
        closed_minutes=closed,
        door_opened_minutes_ago=lorries.door_opened_minutes_ago * closed / lorries.closed_minutes,
    )
    means, directions = [], []
    for t90_s in T90_S:
        mean, direction, at_tip = _courses(lorries, world, blocks, t90_s)
        means.append(mean)
        directions.append(direction)
    return Bank(
        np.array(means),
        np.array(directions),
        at_tip,
        lorries.tip_fluctuation,
        lorries.outside_fluctuation_ppm,
        log_weight,
        np.log(closed),
    )


def _closing(
    world: World, condition: Condition, n: int, rng: np.random.Generator, told: bool
) -> tuple[Array, Array]:
    """Times since closing and the logarithm of their weights, ``(n,)`` both."""
    if told and condition.closed_minutes is not None:
        return np.full(n, condition.closed_minutes), np.zeros(n)
    low, high = np.log(world.quantiles("closed_minutes", np.array([0.0, 1.0])))
    u = rng.random(n)
    place = low + (high - low) * u
    if condition.closed_minutes is None:
        return np.exp(place), np.zeros(n)
    centre = math.log(condition.closed_minutes)
    least, most = special.ndtr((np.array([low, high]) - centre) / NEAR_LOG)
    near = centre + NEAR_LOG * special.ndtri(least + (most - least) * u)
    place = np.where(np.arange(n) % 2 == 0, place, near)
    prior = 1.0 / (high - low)
    bell = np.exp(-0.5 * ((place - centre) / NEAR_LOG) ** 2) / (NEAR_LOG * math.sqrt(2 * math.pi))
    return np.exp(place), np.log(prior / (0.5 * prior + 0.5 * bell / (most - least)))


def _courses(lorries: LorryBatch, world: World, blocks: Blocks, t90_s: float) -> tuple[Array, Array, Array]:
    """Block means over free air, kernel directions, and excess at the tip in each dip."""
    procedure, t = blocks.procedure, blocks.t_s
    n, n_dips = len(lorries), len(procedure.hold_s)
    within = t >= 0.0
    after = t[within]
    place = np.exp(lorries.tip_change)[:, np.newaxis] ** (np.arange(n_dips) > 0)
    place = place * lorries.tip_of_mean[:, np.newaxis]
    share = lorries.t90_true_s / lorries.t90_s
    tau = t90_s * share / math.log(10.0)
    level = float(world.quantiles("outside_ppm", 0.5))
    plain, later, slower = (np.zeros((n, n_dips, t.size)) for _ in range(3))
    at_tip = np.zeros((n, n_dips))
    drift = np.zeros((n, n_dips, t.size))
    cold = np.zeros((n, 1))
    for dip, hold_s in enumerate(procedure.hold_s):
        excess = place[:, dip, np.newaxis] * true_bulk(lorries, procedure.insertion_s[dip] + after)
        at_tip[:, dip] = np.abs(excess[:, after <= hold_s]).mean(axis=1)
        lagged, longer = _lag(excess, tau), _lag(excess, tau * 1.01)
        cools = lorries.cell_cools_s[:, np.newaxis]
        # the cell warms again on its way to the next dip
        cold = cold * np.exp(-procedure.gap_s / cools) if dip else cold
        before = np.minimum(cold * np.exp(-t[~within] / cools), 1.0)
        colder = lorries.cold_cell_gain[:, np.newaxis] * (1.0 - (1.0 - cold) * np.exp(-after / cools))
        cold = 1.0 - (1.0 - cold) * np.exp(-hold_s / cools)
        gain = lorries.inside_gain[:, np.newaxis] * (1.0 + colder)
        plain[:, dip, within] = gain * lagged
        slower[:, dip, within] = gain * (longer - lagged) / 0.01
        later[:, dip, within] = gain * lagged * (dip > 0)
        cell = level * lorries.inside_gain[:, np.newaxis]
        drift[:, dip, ~within] = cell * lorries.cold_cell_gain[:, np.newaxis] * before
        drift[:, dip, within] = cell * colder
        drift[:, dip, within] += lorries.condensation_ppm_per_min[:, np.newaxis] * after / 60.0
    reduce = [x.reshape(n, -1) @ blocks.inside.T for x in (plain, later, slower, drift)]
    directions = [TIP_KERNEL * reduce[0], T90_KERNEL * reduce[2]]
    if n_dips > 1:
        directions.append(CHANGE_KERNEL * reduce[1])
    return reduce[0] + reduce[3], np.array(directions), at_tip


def _lag(air: Array, tau: Array) -> Array:
    """First-order lag of air that changes in straight lines between reports, from rest, ``(n, n_t)``."""
    step = 2.0
    kept = np.exp(-step / tau)
    ramp = 1.0 - (1.0 - kept) * tau / step
    out = np.zeros_like(air)
    for k in range(1, air.shape[1]):
        out[:, k] = kept * out[:, k - 1] + (1 - kept) * air[:, k - 1] + ramp * (air[:, k] - air[:, k - 1])
    return out


def _kinds_of(share: Array, n: int, seed: int) -> tuple[Whole, Array]:
    """Kind of transient of each draw and the logarithm of what weighs its share right, ``(n,)`` both."""
    if share.size == 1:
        return np.zeros(n, np.int64), np.full(n, -math.log(n))
    given = np.concatenate([[QUIET_SHARE], np.full(share.size - 1, (1 - QUIET_SHARE) / (share.size - 1))])
    place = (np.arange(n) + 0.5) / n
    kind = np.searchsorted(np.cumsum(given), place).clip(max=share.size - 1)
    kind = np.random.default_rng((seed, 4)).permutation(kind)
    many = np.bincount(kind, minlength=share.size)
    return kind, np.log(share[kind]) - np.log(many[kind])


def _noise_classes(bank: Bank, kind: Whole, typical: Classes | None) -> Iterator[tuple[Whole, Array, float]]:
    """Draws with about the same noise: their indices, mean square eddies and fluctuation."""
    if typical is None:
        yield np.arange(len(kind)), np.zeros((bank.tip_ppm.shape[1],) * 2), 0.0
        return
    eddy = bank.eddy_share[:, np.newaxis] * bank.tip_ppm
    size = np.floor(1.25 * np.log2(np.maximum(np.sqrt((eddy**2).mean(axis=1)), 0.5))).astype(int)
    # a gust is the larger, the larger the excess, whatever the eddies
    excess = np.floor(1.5 * np.log2(np.maximum(np.sqrt((bank.tip_ppm**2).mean(axis=1)), 2.0))).astype(int)
    size = np.where(typical.gust[kind], excess, size)
    swings = (bank.fluctuation > np.median(bank.fluctuation)).astype(int)
    code = (kind * 100 + size + 10) * 2 + swings
    order = np.argsort(code, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(code[order])) + 1):
        yield (
            members,
            eddy[members].T @ eddy[members] / len(members),
            float((bank.fluctuation[members] ** 2).mean()),
        )


def _groups(world: World, blocks: Blocks, lorries: LorryBatch) -> Iterator[tuple[Whole, Air, Array]]:
    """Trials with the same probes: their indices, their air and the white noise of block means."""
    inside = np.sqrt(lorries.noise_ppm**2 + lorries.step_ppm**2 / 12.0)
    outside = np.sqrt(lorries.outside_noise_ppm**2 + lorries.outside_step_ppm**2 / 12.0)
    edges = [
        np.quantile(x, np.arange(1, bins) / bins)
        for x, bins in zip((inside, outside), WHITE_BINS, strict=True)
    ]
    code = np.searchsorted(edges[0], inside) * 10 + np.searchsorted(edges[1], outside)
    for t90_s in T90_S:
        for outside_t90_s in T90_S:
            air = Air(blocks, world, t90_s, outside_t90_s)
            chosen = (lorries.t90_s == t90_s) & (lorries.outside_t90_s == outside_t90_s)
            for number in np.unique(code[chosen]):
                group = np.flatnonzero(chosen & (code == number))
                rms = [math.sqrt(float((x[group] ** 2).mean())) for x in (inside, outside)]
                yield group, air, air.white(*rms)


def _declared(
    world: World, condition: Condition, lorries: LorryBatch, told: bool
) -> tuple[Array, float, float] | None:
    """Declared time as ``(log declared / s, log centre / s, 1 / s)`` about the row's, or None."""
    if told and condition.closed_minutes is not None:
        return None
    assert ranges()["declared_error"].shape == "lognormal"
    s = math.log(world.values["declared_error.factor"])
    centre = math.log(world.values["declared_error.centre"])
    about = math.log(condition.closed_minutes or 60.0)
    return (np.log(lorries.declared_minutes) - about) / s, (centre - about) / s, 1.0 / s
