"""What searches of real lorries say of detection and false alarms, though few silent lorries are opened.

Every searched scan counts for 1 / the chance that it was searched: an alarm is searched for sure, a silent
lorry by lot (`scanner.random_search`). Searches miss people too; planted volunteers measure how many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from scanner.validation.figures import Rate, clopper_pearson

Array = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

TAIL = 0.025
"""Left out at each end of an interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its 95 % interval, NaN where nothing is known of it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LifeFigures:
    """What searches say of a stream of lorries.

    Parameters
    ----------
    detection : share of the occupied lorries that alarmed.
    false_alarms : share of the empty lorries that alarmed.
    occupied_share : of all lorries.
    used : searched scans with a known chance, which these figures come from.
    effective : how many equally weighted scans would tell as much (Kish).
    left_out : searched scans whose chance is not known.
    """

    detection: Estimate
    false_alarms: Estimate
    occupied_share: Estimate
    used: int
    effective: float
    left_out: int


def horvitz_thompson(values: Array, chances: Array) -> float:
    """Return the estimated total over all scans, from those that were searched.

    Parameters
    ----------
    values : float ``(n,)``, of the searched scans.
    chances : float ``(n,)``, that each had of being searched; above 0, at most 1.

    References
    ----------
    Horvitz & Thompson, Journal of the American Statistical Association 47 (1952) 663-685.

    Examples
    --------
    >>> horvitz_thompson(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.05, 0.05]))
    21.0
    """
    return float(np.sum(values / chances))


def hajek(values: Array, chances: Array) -> float:
    """Return the estimated mean over all scans, whose number is estimated as well; NaN of nothing.

    References
    ----------
    Hájek, in Godambe & Sprott (eds.), Foundations of Statistical Inference (1971) 236.

    Examples
    --------
    >>> round(hajek(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.05, 0.05])), 4)
    0.5122
    """
    weight = float(np.sum(1.0 / chances))
    return horvitz_thompson(values, chances) / weight if weight else math.nan


def effective_size(chances: Array) -> float:
    """Return how many equally weighted scans would tell as much as these.

    References
    ----------
    Kish, Survey Sampling (1965), section 11.7.

    Examples
    --------
    >>> effective_size(np.array([0.5, 0.5, 0.5]))
    3.0
    """
    if chances.size == 0:
        return 0.0
    weight = 1.0 / chances
    return float(weight.sum() ** 2 / np.sum(weight**2))


def rogan_gladen(observed: float, sensitivity: float, specificity: float = 1.0) -> float:
    """Return the true share, from the share that an imperfect search finds; kept within 0 and 1.

    A search finds nobody who is not there: its specificity is 1 unless somebody was written down wrongly.

    References
    ----------
    Rogan & Gladen, American Journal of Epidemiology 107 (1978) 71-76.

    Raises
    ------
    ValueError : sensitivity and specificity do not add up to more than 1: the search tells nothing.

    Examples
    --------
    >>> round(rogan_gladen(0.018, 0.9), 4)
    0.02
    """
    told = sensitivity + specificity - 1.0
    if told <= 0.0:
        raise ValueError(f"a search of sensitivity {sensitivity} and specificity {specificity} tells nothing")
    return min(max((observed + specificity - 1.0) / told, 0.0), 1.0)


def missed_at_most(found: int, chance: float, confidence: float = 0.95) -> int:
    """Return how many silent lorries of a whole stream can have hidden somebody, at most.

    Each of them was searched with ``chance``, independently, and ``found`` were found: the largest number
    that this is not too few for.

    Examples
    --------
    >>> missed_at_most(0, 0.05), 0.95**58 > 0.05 > 0.95**59
    (58, True)
    """
    if chance == 1.0:
        return found
    tail = 1.0 - confidence
    high = 2 * (found + 1)
    while stats.binom.cdf(found, high, chance) > tail:
        high *= 2
    low = found  # the search keeps cdf(low) > tail >= cdf(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if stats.binom.cdf(found, middle, chance) > tail else (low, middle)
    return low


def figures_from_searches(
    occupied: Truth,
    alarmed: Truth,
    chances: Array,
    planted: Rate | None = None,
    repeats: int = 2000,
    seed: int = 1,
) -> LifeFigures:
    """Estimate detection, false alarms and the occupied share of a stream of lorries.

    Parameters
    ----------
    occupied : bool ``(n,)``, whether the search found somebody.
    alarmed : bool ``(n,)``, whether the scan asked for the search.
    chances : float ``(n,)``, of being searched; NaN = not known, which leaves the scan out.
    planted : volunteers whom searches found, of those who hid; None = searches find everybody. It is
        taken for searches after an alarm and by lot alike.
    repeats : of the bootstrap.

    Returns
    -------
    LifeFigures : detection and the occupied share are NaN where no silent lorry was searched by lot: nobody
        can know what was missed.

    Raises
    ------
    ValueError : not one planted volunteer was found.

    Notes
    -----
    Intervals are percentiles of a bootstrap over searched scans; each repeat draws the searches' own found
    share from its Jeffreys posterior. Where the lot found nobody, a bootstrap would be sure of 1: the lower
    end is then the exact one of `missed_at_most` for the smallest chance. Where no empty lorry alarmed, the
    upper end is Clopper's and Pearson's.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    known = np.isfinite(chances)
    left_out = int((~known).sum())
    occupied, alarmed, chances = occupied[known], alarmed[known], chances[known]
    if chances.size == 0:
        nothing = Estimate(math.nan, math.nan, math.nan)
        return LifeFigures(nothing, nothing, nothing, 0, 0.0, left_out)
    # scans that are alike are counted once: a repeat is then one draw of a few counts
    rows = np.column_stack([occupied, alarmed, chances])
    cells, counts = np.unique(rows, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(counts.sum(), counts / counts.sum(), size=repeats)
    found_share, found_shares = 1.0, np.ones(repeats)
    if planted is not None and planted.of:
        if planted.hits == 0:
            raise ValueError("not one planted volunteer was found: these searches tell nothing")
        found_share = planted.value
        found_shares = rng.beta(planted.hits + 0.5, planted.of - planted.hits + 0.5, size=repeats)
    value = _shares(cells, counts[None, :], np.array([found_share]))[:, 0]
    spread = _shares(cells, drawn, found_shares)
    detection, false_alarms, share = (
        Estimate(float(one), *_percentiles(many)) for one, many in zip(value, spread, strict=True)
    )
    by_lot = ~alarmed
    if not by_lot.any():
        detection = share = Estimate(math.nan, math.nan, math.nan)
    elif not (by_lot & occupied).any() and (alarmed & occupied).any():
        seen = float((alarmed & occupied).sum()) / found_share
        hidden = missed_at_most(0, float(chances[by_lot].min()) * found_share, 1.0 - TAIL)
        lorries = horvitz_thompson(np.ones_like(chances), chances)
        detection = Estimate(1.0, seen / (seen + hidden), 1.0)
        share = Estimate(share.value, share.low, max(share.high, min((seen + hidden) / lorries, 1.0)))
    if not (alarmed & ~occupied).any():
        empty = round(horvitz_thompson((~occupied).astype(float), chances))
        false_alarms = Estimate(0.0, 0.0, clopper_pearson(0, empty)[1])
    return LifeFigures(detection, false_alarms, share, int(chances.size), effective_size(chances), left_out)


def _shares(cells: Array, counts: npt.NDArray[np.int64], found_share: Array) -> Array:
    """Return detection, false alarms and occupied share, float ``(3, repeats)``.

    ``cells`` are (occupied, alarmed, chance) ``(k, 3)``, ``counts`` of each ``(repeats, k)``.
    """
    occupied, alarmed = cells[:, 0] > 0, cells[:, 1] > 0
    lorries = counts / cells[:, 2]
    found_and_missed = lorries[:, occupied].sum(axis=1) / found_share
    found = lorries[:, occupied & alarmed].sum(axis=1) / found_share
    alarms, total = lorries[:, alarmed].sum(axis=1), lorries.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        detection = found / found_and_missed
        false_alarms = np.maximum(alarms - found, 0.0) / np.maximum(total - found_and_missed, 0.0)
        share = np.minimum(found_and_missed / total, 1.0)
    return np.array([detection, np.minimum(false_alarms, 1.0), share])


def _percentiles(values: Array) -> tuple[float, float]:
    """Return the ends of a bootstrap's interval; NaN where no repeat had anything to tell."""
    told = values[np.isfinite(values)]
    if told.size == 0:
        return math.nan, math.nan
    low, high = np.quantile(told, [TAIL, 1.0 - TAIL])
    return float(low), float(high)
