"""How many lorries a claim needs: occupied ones without a miss, empty ones, searches by lot."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import stats

MOST = 10**9
"""Lorries beyond which no number is looked for."""


def occupied_needed(detection: float, misses: int = 0, confidence: float = 0.95) -> int:
    """Return how many occupied lorries, with so many misses, show a detection rate of at least this.

    With no miss it is ln(1 - confidence) / ln(detection), rounded up.

    Examples
    --------
    >>> occupied_needed(0.99), math.ceil(math.log(0.05) / math.log(0.99))
    (299, 299)
    """
    share, tail = 1.0 - detection, 1.0 - confidence
    return _first(lambda n: stats.binom.cdf(misses, n, share) <= tail, misses + 1)


def trials_for_half_width(rate: float, half_width: float) -> tuple[int, int]:
    """Return how many lorries tell a share to within so much, at 95 %, if the share comes out as ``rate``.

    Returns
    -------
    tuple : numbers for which half of the exact interval, and for which the farther of its ends, is no more
        than ``half_width`` away. A count that is not whole is taken as it is.

    Examples
    --------
    >>> trials_for_half_width(0.5, 0.05)[0], round(1.96**2 * 0.25 / 0.05**2)  # normal approximation
    (402, 384)
    """

    def ends(n: int) -> tuple[float, float]:
        hits = rate * n
        low = stats.beta.ppf(0.025, hits, n - hits + 1)
        return float(low), float(stats.beta.ppf(0.975, hits + 1, n - hits))

    def half(n: int) -> bool:
        low, high = ends(n)
        return (high - low) / 2 <= half_width

    def farther(n: int) -> bool:
        low, high = ends(n)
        return max(high - rate, rate - low) <= half_width

    return _first(half, 2), _first(farther, 2)


@dataclass(frozen=True, slots=True)
class SearchesNeeded:
    """Searches by lot that show a detection rate.

    Parameters
    ----------
    searches : of silent lorries.
    found : people-carrying lorries among them that still leave the claim standing.
    lorries : that have to pass for so many, at the share that is chosen.
    """

    searches: int
    found: int
    lorries: int


def searches_needed(
    base_rate: float,
    detection: float,
    false_alarms: float,
    claim: float,
    share: float,
    power: float = 0.8,
) -> SearchesNeeded:
    """Return how many searches by lot show, with 95 % confidence, a detection rate of at least ``claim``.

    Parameters
    ----------
    base_rate : share of occupied lorries among all.
    detection, false_alarms : what is true; detection lies above the claim.
    share : of silent lorries that are chosen.
    power : how likely the searches are to show it.

    Raises
    ------
    ValueError : the claim is not below what is true: no number shows it.

    Notes
    -----
    Of all lorries ``base_rate * detection`` alarm and are occupied; that many are found whatever the lot
    says. The claim stands if the hidden share of the silent ones is bounded by what is then left.
    """
    if not claim < detection < 1.0:
        raise ValueError(f"detection must lie between the claim of {claim} and 1, and is {detection}")
    silent = 1.0 - base_rate * detection - (1.0 - base_rate) * false_alarms
    allowed = base_rate * detection * (1.0 - claim) / claim / silent
    true = base_rate * (1.0 - detection) / silent
    found = 0
    while True:
        searches = occupied_needed(1.0 - allowed, found)
        if stats.binom.cdf(found, searches, true) >= power:
            return SearchesNeeded(searches, found, math.ceil(searches / share / silent))
        found += 1


def _first(holds: Callable[[int], bool], least: int) -> int:
    """Return the smallest number from which ``holds`` is true; it stays true once it is."""
    high = least
    while not holds(high):
        if high > MOST:
            raise ValueError(f"more than {MOST} lorries: the claim is out of reach")
        high *= 2
    low = max(least - 1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
