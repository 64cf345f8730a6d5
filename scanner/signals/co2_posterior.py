"""What the air inside may be, given what the probe saw: weighted draws, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from scanner.signals.co2_prior import COUNTS, DRAWS, EDGES_PPM_H, AirPrior
from scanner.signals.co2_ratio import Nodes

Array = npt.NDArray[np.float64]

DRAWS_KEPT = 512
THINNED = 4
"""The first quarter of the prior's cloud is weighed for each number of people."""


@dataclass(frozen=True, slots=True)
class AirPosterior:
    """Weighted draws of the air inside, given the dips and given that somebody is inside.

    Parameters
    ----------
    weight : float ``(m,)``, sums to 1.
    persons : float ``(m,)``, whole numbers from 1.
    person_co2_l_s : float ``(m,)``, what one person breathes out, L/s at 0 degC.
    cargo_co2_l_s : float ``(m,)``, what the cargo gives off, 0 where it does not breathe.
    free_volume_m3, air_changes_per_h, closed_minutes : float ``(m,)``.
    mean_excess_ppm : float ``(m,)``, excess of the body's mean over outside air, now.
    outside_ppm : outside air.
    """

    weight: Array
    persons: Array
    person_co2_l_s: Array
    cargo_co2_l_s: Array
    free_volume_m3: Array
    air_changes_per_h: Array
    closed_minutes: Array
    mean_excess_ppm: Array
    outside_ppm: float


def weighted_quantiles(values: npt.ArrayLike, weight: npt.ArrayLike, shares: npt.ArrayLike) -> Array:
    """Return the values below which these shares of the weight lie.

    Parameters
    ----------
    values : float ``(m,)``, ``inf`` allowed.
    weight : float ``(m,)``, not negative.
    shares : float ``(k,)`` within 0..1.

    Examples
    --------
    >>> weighted_quantiles([3.0, 1.0, 2.0], [1, 1, 2], [0.05, 0.5, 0.95]).tolist()
    [1.0, 2.0, 3.0]
    """
    order = np.argsort(np.asarray(values, float))
    ranked = np.asarray(values, float)[order]
    below = np.cumsum(np.asarray(weight, float)[order])
    place = np.searchsorted(below, np.asarray(shares, float) * below[-1])
    return np.asarray(ranked[np.minimum(place, ranked.size - 1)])


def air_posterior(
    prior: AirPrior,
    nodes: Nodes,
    tip_excess_ppm: tuple[float, float],
    since_minutes: float,
    outside_ppm: float,
) -> AirPosterior:
    """Draw what the air inside may be, given somebody inside.

    Parameters
    ----------
    nodes : of one lorry.
    tip_excess_ppm : excess at the tip now and its standard uncertainty.
    since_minutes : from the first insertion until now.

    Returns
    -------
    AirPosterior of `DRAWS_KEPT` draws of equal weight, the same for the same dips.
    """
    by_source = nodes.by_source.sum(axis=0)
    # the first points of the sequence spread over every range by themselves; every fourth would not
    thin = slice(None, DRAWS // THINNED)
    classes, weight = [], []
    for count, share in zip(COUNTS, prior.cautious_share, strict=True):
        source = prior.source_ppm_h(count)[thin]
        number = np.clip(np.searchsorted(EDGES_PPM_H, source, side="left"), 0, len(EDGES_PPM_H) - 1)
        classes.append(number)
        weight.append(share * by_source[number] * prior.room_for(count)[thin])
    every, given = np.concatenate(classes), np.concatenate(weight)
    given = given + 1e-12 * max(float(given.max()), 1e-300)
    place = (np.arange(DRAWS_KEPT) + 0.5) / DRAWS_KEPT
    chosen = np.searchsorted(np.cumsum(given) / given.sum(), place)
    chosen = np.minimum(chosen, given.size - 1)
    per_count = len(classes[0])
    draw = chosen % per_count
    node = _node_of(nodes, every[chosen])
    # a fixed, well spread order, so that neighbours in count do not share a tip error
    normal = ndtri((np.argsort(np.argsort((place * 0.6180339887 * DRAWS_KEPT) % 1.0)) + 0.5) / DRAWS_KEPT)
    tip = np.maximum(tip_excess_ppm[0] + tip_excess_ppm[1] * normal, 0.0)
    return AirPosterior(
        weight=np.full(DRAWS_KEPT, 1.0 / DRAWS_KEPT),
        persons=COUNTS[chosen // per_count],
        person_co2_l_s=prior.person_co2_l_s[draw],
        cargo_co2_l_s=prior.cargo_co2_l_s[draw],
        free_volume_m3=prior.free_volume_m3[draw],
        air_changes_per_h=nodes.leakage_per_h[node],
        closed_minutes=nodes.closed_minutes[node] + since_minutes,
        mean_excess_ppm=tip / prior.tip_of_mean[draw],
        outside_ppm=outside_ppm,
    )


def _node_of(nodes: Nodes, classes: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Choose a node for each draw, as likely as it explains the dips with that class of source."""
    node = np.zeros(classes.size, np.intp)
    for number in np.unique(classes):
        at = np.flatnonzero(classes == number)
        course = np.cumsum(nodes.by_source[:, number] + 1e-300)
        node[at] = np.searchsorted(course / course[-1], (np.arange(at.size) + 0.5) / at.size)
    return np.minimum(node, len(nodes.leakage_per_h) - 1)
