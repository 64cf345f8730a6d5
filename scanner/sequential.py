"""When a scan may stop: boundaries of a sequential test, chosen on the courses of known lorries.

A ratio that is looked at every second crosses a line by chance more often than one that is looked at
once: a test of 1 % repeated from 15 to 60 s alarms in about 5 %. So the upper boundary is chosen on the
highest ratio of a whole course, the lower one on the lowest that may end it.

References
----------
Wald, Annals of Mathematical Statistics 16 (1945) 117-186. Ville's inequality bounds the chance that an
honest ratio of an empty lorry ever reaches k by 1 / k.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.validation.figures import upper_bound

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Course:
    """Fused ratios of one known lorry over its scan.

    Parameters
    ----------
    elapsed_s : of each tick, rising, ``(n,)``.
    llr : fused, at each tick.
    heard : whether every required method had answered.
    """

    occupied: bool
    elapsed_s: Array
    llr: Array
    heard: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Limits:
    """Fused ratios at or beyond which a scan ends."""

    search_llr: float
    no_indication_llr: float


@dataclass(frozen=True, slots=True)
class Dwell:
    """From when on a scan may end: a search after ``search_s``, no indication after ``no_indication_s``."""

    search_s: float
    no_indication_s: float
    limit_s: float


LEAST = 1.0
"""No boundary lies nearer to 0: evidence of less than e to 1 decides nothing, however rarely the lorries of
a campaign crossed there. It is a caution (assumption): they were simulated."""


class TooFew(ValueError):
    """So small a rate cannot be promised from so few lorries.

    Example: 1 % from 200 empty ones, of which none may cross: its upper bound is 1.5 %.
    """


def most_allowed(n: int, rate: float, confidence: float = 0.95) -> int:
    """Return how many of ``n`` may cross so that the rate's exact upper bound is still within ``rate``.

    Raises
    ------
    TooFew : not even none would do.

    Examples
    --------
    >>> most_allowed(299, 0.01), most_allowed(5000, 0.01)
    (0, 38)
    """
    found = -1
    while found + 1 < n and upper_bound(found + 1, n, confidence) <= rate:
        found += 1
    if found < 0:
        least = math.ceil(math.log(1 - confidence) / math.log1p(-rate))
        raise TooFew(f"{rate:g} cannot be promised from {n} lorries of a kind: take {least} or more")
    return found


def highest(course: Course, dwell: Dwell) -> float:
    """Return the highest ratio at which a search could have ended the scan; -inf where none could."""
    may = (course.elapsed_s >= dwell.search_s) & (course.elapsed_s <= dwell.limit_s)
    return float(course.llr[may].max(initial=-math.inf))


def lowest(course: Course, dwell: Dwell) -> float:
    """Return the lowest ratio at which no indication could have ended the scan; inf where none could."""
    may = course.heard & (course.elapsed_s >= dwell.no_indication_s) & (course.elapsed_s <= dwell.limit_s)
    return float(course.llr[may].min(initial=math.inf))


def choose_search(courses: Sequence[Course], dwell: Dwell, false_alarms: float) -> float:
    """Return the lowest upper boundary that promises a false-alarm rate at 95 % confidence.

    It is chosen as if no scan ended at the lower one before, which can only lower its errors.

    Parameters
    ----------
    courses : of known lorries that no method was fitted on.
    false_alarms : most share of empty lorries that reach it.

    Raises
    ------
    TooFew : so low a rate cannot be promised from so few lorries.
    """
    tops = np.sort([highest(c, dwell) for c in courses if not c.occupied])[::-1]
    # just above the first that must not cross
    return max(float(np.nextafter(tops[most_allowed(tops.size, false_alarms)], math.inf)), LEAST)


def choose_no_indication(courses: Sequence[Course], dwell: Dwell, misses: float) -> float:
    """Return the highest lower boundary that promises a rate of misses; as `choose_search`."""
    bottoms = np.sort([lowest(c, dwell) for c in courses if c.occupied])
    return min(float(np.nextafter(bottoms[most_allowed(bottoms.size, misses)], -math.inf)), -LEAST)


def wald(false_alarms: float, misses: float) -> tuple[float, float]:
    """Return the boundaries that promise error rates where every ratio is honest.

    References
    ----------
    Wald 1945: with these, the sum of the two error rates is at most that of those asked for.

    Examples
    --------
    >>> [round(ratio, 3) for ratio in wald(0.01, 0.01)]
    [4.595, -4.595]
    """
    return math.log((1 - misses) / false_alarms), math.log(misses / (1 - false_alarms))


@dataclass(frozen=True, slots=True)
class Ended:
    """How a course ends: "search", "no-indication" or "inconclusive", and when."""

    said: str
    at_s: float


def ended(course: Course, dwell: Dwell, search_llr: float, no_indication_llr: float) -> Ended:
    """Return how a scan ends with these boundaries; what is beyond one at the limit counts there."""
    within = course.elapsed_s <= dwell.limit_s
    search = within & (course.elapsed_s >= dwell.search_s) & (course.llr >= search_llr)
    none = (
        within
        & course.heard
        & (course.elapsed_s >= dwell.no_indication_s)
        & (course.llr <= no_indication_llr)
    )
    first = np.flatnonzero(search | none)
    if first.size == 0:
        return Ended("inconclusive", dwell.limit_s)
    at = first[0]
    return Ended("search" if search[at] else "no-indication", float(course.elapsed_s[at]))
