"""What more measuring would be worth: another half minute of the same dip, or a second dip later.

From what the dips so far leave open, lorries with and without people are drawn,
what the probe would say next is drawn for each, and the ratio is taken again.
The draws are fixed: the same dips promise the same gain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr, ndtri
from scipy.stats import qmc

from scanner.signals.co2_prior import EDGES_PPM_H, AirPrior, tables
from scanner.signals.co2_ratio import (
    Nodes,
    elsewhere,
    log_ratio,
    source_likelihood,
    summed,
    tip_courses,
)

Array = npt.NDArray[np.float64]

DRAWS = 8
"""Of each kind, with and without people."""

SMOOTH_NATS = 0.4
"""So few draws are smoothed by this much before they are counted."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Log-likelihood ratios at which the question is settled (policy's, natural logarithms)."""

    absent: float = -2.0
    present: float = 4.0


@dataclass(frozen=True, slots=True)
class SoFar:
    """What the dips of one lorry say so far.

    Parameters
    ----------
    nodes : of this lorry, see `scanner.signals.co2_ratio.source_nodes`.
    value, covariance : float ``(k, 2)``, ``(k, 2, 2)``: level and slope of each dip.
    after_minutes : float ``(k,)``, insertion of each dip after that of the first.
    declared_minutes : closed until the first dip, NaN = not declared.
    """

    prior: AirPrior
    nodes: Nodes
    value: Array
    covariance: Array
    after_minutes: Array
    declared_minutes: float


@dataclass(frozen=True, slots=True)
class Gain:
    """What a further measurement promises.

    ``settles`` is the probability that the ratio then lies beyond `Settled`;
    ``bits`` the information expected about whether somebody is inside, given even
    odds before the first dip, 0..1.
    """

    settles: float
    bits: float


def gain_of_holding(so_far: SoFar, longer: Array, settled: Settled) -> Gain:
    """Return what holding the present dip longer promises.

    Parameters
    ----------
    longer : float ``(2, 2)``, covariance of the last dip's level and slope after
        holding longer, offsets included.
    """
    truth, weight = _truths(so_far, so_far.after_minutes)
    now = np.linalg.pinv(so_far.covariance[-1])
    gained = np.linalg.pinv(longer) - now
    news = np.linalg.pinv(gained)
    news = 0.5 * (news + news.T)
    told = truth[:, -2:] + _normals(2)[: len(truth)] @ _root(news).T
    later = (told @ np.linalg.pinv(news).T + so_far.value[-1] @ now.T) @ longer.T
    z = np.repeat(so_far.value[None], len(truth), axis=0)
    z[:, -1] = later
    cov = np.repeat(so_far.covariance[None], len(truth), axis=0)
    cov[:, -1] = longer
    return _judge(so_far, z, cov, so_far.after_minutes, weight, settled)


def gain_of_second_dip(so_far: SoFar, later_minutes: float, second: Array, settled: Settled) -> Gain:
    """Return what another dip promises; it begins ``later_minutes`` after the first insertion.

    Parameters
    ----------
    second : float ``(2, 2)``, the covariance that the other dip will have.
    """
    after = np.append(so_far.after_minutes, later_minutes)
    truth, weight = _truths(so_far, after)
    normals = _normals(3)[: len(truth)]
    place = 1.0 + float(tables()["tip"]["change"]) * normals[:, 2:]
    seen = truth[:, -2:] * place + normals[:, :2] @ _root(second).T
    z = np.concatenate([np.repeat(so_far.value[None], len(truth), axis=0), seen[:, None]], axis=1)
    cov = np.repeat(np.concatenate([so_far.covariance, second[None]])[None], len(truth), axis=0)
    return _judge(so_far, z, cov, after, weight, settled)


def _truths(so_far: SoFar, wanted: Array) -> tuple[Array, Array]:
    """True level and slope at each wanted dip, ``(2 DRAWS, 2 k')``; half without people, half with."""
    prior, nodes, after = so_far.prior, so_far.nodes, so_far.after_minutes
    some = prior.count_share @ prior.source_share[1:]
    rows = []
    unit = qmc.Halton(3, scramble=True, rng=7).random(DRAWS)
    chances = []
    for share in (prior.source_share[0], some):
        joint = nodes.by_source * share
        chances.append(float(joint.sum()))
        course = np.cumsum(joint.ravel())
        cell = np.minimum(np.searchsorted(course, unit[:, 0] * course[-1]), course.size - 1)
        rows.append(np.stack(np.unravel_index(cell, joint.shape), axis=1))
    cell = np.concatenate(rows)
    node, number = cell[:, 0], cell[:, 1]
    upper, lower = EDGES_PPM_H[number], EDGES_PPM_H[np.maximum(number - 1, 0)]
    source = lower + np.tile(unit[:, 1], 2) * (upper - lower)
    out = []
    k = 2 * len(after)
    sigma = np.zeros((k, k))
    wide = elsewhere(so_far.value[None], so_far.covariance[None])[0]
    for d in range(len(after)):
        sigma[2 * d : 2 * d + 2, 2 * d : 2 * d + 2] = wide[d]
    both = np.concatenate([after, wanted])
    for i, at in enumerate(node):
        per_source, per_initial = tip_courses(
            nodes.leakage_per_h[at : at + 1], nodes.closed_minutes[at : at + 1, None], both
        )
        h, e = per_source[0, 0, 0], per_initial[0, 0, 0]
        away = so_far.value.ravel() - h[:k] * source[i] - nodes.initial_ppm[at] * e[:k]
        variance = nodes.initial_sigma_ppm[at] ** 2
        solved = np.linalg.solve(sigma + variance * np.outer(e[:k], e[:k]), np.stack([away, e[:k]], axis=1))
        left = variance - variance**2 * float(e[:k] @ solved[:, 1])
        initial = nodes.initial_ppm[at] + variance * float(e[:k] @ solved[:, 0])
        initial += math.sqrt(max(left, 0.0)) * float(ndtri(unit[i % DRAWS, 2]))
        out.append(h[k:] * source[i] + e[k:] * initial)
    odds = expit(math.log(max(chances[1], 1e-300) / max(chances[0], 1e-300)))
    weight = np.repeat([1.0 - odds, odds], DRAWS) / DRAWS
    return np.array(out), weight


def _judge(so_far: SoFar, z: Array, cov: Array, after: Array, weight: Array, settled: Settled) -> Gain:
    declared = np.full(len(z), so_far.declared_minutes)
    then = log_ratio(so_far.prior, source_likelihood(so_far.prior, z, cov, after, declared, rough=True))
    beyond = ndtr((then - settled.present) / SMOOTH_NATS) + ndtr((settled.absent - then) / SMOOTH_NATS)
    now = log_ratio(so_far.prior, summed(so_far.nodes))
    bits = _open_bits(now)[0] - float(weight @ _open_bits(then))
    return Gain(float(weight @ beyond), max(float(bits), 0.0))


def _open_bits(llr: Array) -> Array:
    p = np.clip(expit(llr), 1e-12, 1 - 1e-12)
    return np.asarray(-p * np.log2(p) - (1 - p) * np.log2(1 - p))


def _normals(columns: int) -> Array:
    unit = qmc.Halton(columns, scramble=True, rng=11).random(2 * DRAWS)
    return np.asarray(ndtri(np.clip(unit, 1e-6, 1 - 1e-6)))


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
