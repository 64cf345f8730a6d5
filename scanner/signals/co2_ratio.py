"""How much likelier dips are with people inside than without: the marginal likelihood ratio.

For a lorry closed for t, leaking lambda air changes an hour, with the source u
at the tip, the excess is

    x(t) = e0 exp(-lambda t) + u (1 - exp(-lambda t)) / lambda

Leakage and closing time run over nodes, the excess at closing e0 is a mixture of
normals and drops out in closed form, and over each class of sources the
likelihood is integrated exactly. What is left is one likelihood for each class of
source, read against the prior share of that class with and without people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from scanner.signals.co2_prior import EDGES_PPM_H, AirPrior, closed_nodes, tables

Array = npt.NDArray[np.float64]

PRUNE_NATS = 14.0
"""Nodes that explain the dips e^14 times worse than the best are left out."""

ROUGH_NATS = 5.0

MOST_NATS = 30.0
"""Beyond this a ratio is about what the priors left out."""

TAIL_SHARE, TAIL_SCALE = 0.1, 2.0
"""Share of dips whose errors are larger than their fit knows, and how much (assumption)."""

GUST_LEVEL, GUST_SLOPE_PER_MIN, GUST_CORRELATION = 0.1, 0.15, -0.5
"""What a gust that sweeps the tip does to those dips: errors as shares of the excess (assumption)."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """What explains the dips of one or several lorries, entry by entry.

    Parameters
    ----------
    lorry : int ``(m,)``, ascending.
    by_source : float ``(m, 1 + n_classes)``, likelihood times prior share of the
        entry for each class of source, first column: no source; up to one factor
        for each lorry.
    leakage_per_h, closed_minutes : float ``(m,)``, closed until the first dip.
    initial_ppm, initial_sigma_ppm : float ``(m,)``, excess at closing, prior of the entry.
    """

    lorry: npt.NDArray[np.intp]
    by_source: Array
    leakage_per_h: Array
    closed_minutes: Array
    initial_ppm: Array
    initial_sigma_ppm: Array


def source_nodes(
    prior: AirPrior,
    value: npt.ArrayLike,
    covariance: npt.ArrayLike,
    after_minutes: npt.ArrayLike,
    declared_minutes: npt.ArrayLike,
    *,
    rough: bool = False,
) -> Nodes:
    """Weigh every node of leakage, closing time and excess at closing for each class of source.

    Parameters
    ----------
    value : float ``(n, k, 2)``: excess ppm and slope ppm/min of each dip.
    covariance : float ``(n, k, 2, 2)``.
    after_minutes : float ``(k,)``, insertion of each dip after that of the first.
    declared_minutes : float ``(n,)``, closed until the first dip; NaN = not declared.
    rough : leave out tails and all but the best nodes: enough to see what more measuring promises.
    """
    z, cov = np.asarray(value, float), np.asarray(covariance, float)
    after, declared = np.asarray(after_minutes, float), np.asarray(declared_minutes, float)
    n, k, _ = z.shape
    minutes, minutes_share = closed_nodes(declared)
    source, initial = tip_courses(prior.leakage_per_h, minutes, after)
    moved = elsewhere(z, cov)
    share = prior.leakage_share[None, :, None] * minutes_share[:, None, :]
    entries = []
    kinds = ((1.0, moved),) if rough else ((1 - TAIL_SHARE, moved), (TAIL_SHARE, swept(z, moved)))
    for part, covariances in kinds:
        precision = np.zeros((n, 2 * k, 2 * k))
        inverse = np.linalg.inv(covariances)
        for d in range(k):
            precision[:, 2 * d : 2 * d + 2, 2 * d : 2 * d + 2] = inverse[:, d]
        log_det = np.asarray(np.linalg.slogdet(precision)[1], float)
        entries.append(_entries(prior, z.reshape(n, -1), precision, log_det, source, initial, part * share))
    peak, place, width = (np.concatenate(column, axis=1) for column in zip(*entries, strict=True))
    best = peak.max(axis=1, keepdims=True)
    lorry, entry = np.nonzero(peak > best - (ROUGH_NATS if rough else PRUNE_NATS))
    height = np.exp(peak[lorry, entry] - best[lorry, 0])
    j, b = entry % len(prior.initial), entry // len(prior.initial)
    a = b // minutes.shape[1] % len(prior.leakage_per_h)
    return Nodes(
        lorry,
        _over_classes(height, place[lorry, entry], width[lorry, entry]),
        prior.leakage_per_h[a],
        minutes[lorry, b % minutes.shape[1]],
        prior.initial[j, 1],
        prior.initial[j, 2],
    )


def source_likelihood(
    prior: AirPrior,
    value: npt.ArrayLike,
    covariance: npt.ArrayLike,
    after_minutes: npt.ArrayLike,
    declared_minutes: npt.ArrayLike,
    chunk: int = 100,
    *,
    rough: bool = False,
) -> Array:
    """Return the likelihood of each class of source, ``(n, 1 + n_classes)``; parameters of `source_nodes`."""
    z, cov, declared = np.asarray(value), np.asarray(covariance), np.asarray(declared_minutes)
    parts = []
    for i in range(0, len(z), chunk):
        piece = slice(i, i + chunk)
        nodes = source_nodes(prior, z[piece], cov[piece], after_minutes, declared[piece], rough=rough)
        parts.append(summed(nodes))
    return np.concatenate(parts)


def summed(nodes: Nodes) -> Array:
    """Return the likelihood of each class of source over all nodes, ``(n, 1 + n_classes)``."""
    first = np.flatnonzero(np.diff(nodes.lorry, prepend=-1))
    return np.asarray(np.add.reduceat(nodes.by_source, first, axis=0))


def elsewhere(value: Array, covariance: Array) -> Array:
    """Widen every dip but the first: its tip meets another place, ``(n, k, 2, 2)``."""
    change = np.where(np.arange(value.shape[1]) > 0, float(tables()["tip"]["change"]), 0.0)
    return np.asarray(covariance + change[:, None, None] ** 2 * value[..., :, None] * value[..., None, :])


def swept(value: Array, covariance: Array) -> Array:
    """Widen dips by what their fit does not know: large errors, and gusts at the tip, ``(n, k, 2, 2)``."""
    both = GUST_CORRELATION * GUST_LEVEL * GUST_SLOPE_PER_MIN
    gust = np.array([[GUST_LEVEL**2, both], [both, GUST_SLOPE_PER_MIN**2]])
    excess = value[..., 0, None, None]
    return np.asarray(TAIL_SCALE**2 * covariance + excess**2 * gust)


def log_ratio(prior: AirPrior, by_source: Array) -> Array:
    """Return the natural-log ratio of somebody against nobody, ``(n,)``."""
    by_count = by_source @ prior.source_share.T
    some = by_count[:, 1:] @ prior.count_share
    ratio = np.log(np.maximum(some, 1e-300)) - np.log(np.maximum(by_count[:, 0], 1e-300))
    return np.asarray(np.clip(ratio, -MOST_NATS, MOST_NATS))


def count_posterior(prior: AirPrior, by_source: Array) -> Array:
    """Return the probability of each number of people of `COUNTS`, given somebody, ``(n, n_counts)``."""
    weight = (by_source @ prior.source_share[1:].T) * prior.cautious_share
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300))


def tip_courses(leakage_per_h: Array, minutes: Array, after_minutes: Array) -> tuple[Array, Array]:
    """Return what one ppm/h of source and one ppm at closing make of level and slope.

    Parameters
    ----------
    leakage_per_h : float ``(a,)``.
    minutes : float ``(n, b)``, closed until the first dip.
    after_minutes : float ``(k,)``.

    Returns
    -------
    Two float arrays ``(n, a, b, 2 k)``: level ppm and slope ppm/min of each dip.
    """
    hours = (minutes[:, None, :, None] + after_minutes) / 60.0
    leak = leakage_per_h[None, :, None, None]
    left = np.exp(-leak * hours)
    source = np.stack([(1 - left) / leak, left / 60.0], axis=-1)
    initial = np.stack([left, -leak * left / 60.0], axis=-1)
    shape = (*source.shape[:3], -1)
    return source.reshape(shape), initial.reshape(shape)


def _entries(
    prior: AirPrior, z: Array, precision: Array, log_det: Array, source: Array, initial: Array, share: Array
) -> tuple[Array, Array, Array]:
    """Peak log likelihood, place and width in u of each node and normal, each ``(n, a b j)``."""
    ph, pe = source @ precision[:, None], initial @ precision[:, None]
    hh, he, ee = np.sum(ph * source, -1), np.sum(ph * initial, -1), np.sum(pe * initial, -1)
    pz = (precision @ z[..., None])[..., 0]
    zz = np.sum(pz * z, axis=1)[:, None, None]
    hz, ez = np.sum(source * pz[:, None, None], -1), np.sum(initial * pz[:, None, None], -1)
    peaks, places, widths = [], [], []
    for weight, mean, sd in prior.initial:
        # the excess at closing is normal: C = Sigma + sd^2 E E'; z less its mean
        inside = 1.0 + sd**2 * ee
        gain = sd**2 / inside
        hz_j, ez_j = hz - mean * he, ez - mean * ee
        zz_j = zz - 2 * mean * ez + mean**2 * ee
        h_h = hh - gain * he * he
        h_z = hz_j - gain * he * ez_j
        z_z = zz_j - gain * ez_j * ez_j
        place = h_z / h_h
        peak = -0.5 * (z_z - place * h_z + np.log(inside) - log_det[:, None, None])
        peaks.append(peak + np.log(weight * share))
        places.append(place)
        widths.append(1.0 / np.sqrt(h_h))
    flat = (len(z), -1)
    return (
        np.stack(peaks, -1).reshape(flat),
        np.stack(places, -1).reshape(flat),
        np.stack(widths, -1).reshape(flat),
    )


def _over_classes(height: Array, place: Array, width: Array) -> Array:
    """Integrate each entry over each class of sources, ``(m, 1 + n_classes)``."""
    below = ndtr((EDGES_PPM_H - place[:, None]) / width[:, None])
    inside = np.diff(below, axis=1) * (height * width * np.sqrt(2 * np.pi))[:, None] / np.diff(EDGES_PPM_H)
    none = height * np.exp(-0.5 * (place / width) ** 2)
    return np.concatenate([none[:, None], inside], axis=1)
