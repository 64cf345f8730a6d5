"""A series of moments followed as trains of beats, beside the same moments in shuffled order.

The shuffled ones keep every burst and lose the rhythm: what they come to is what
there is without one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from scanner.signals.rhythm import RhythmState, follow_rhythm, rate_posterior, rhythm_llr, rhythm_state

Array = npt.NDArray[np.float64]

BLOCK = 200
"""Moments change places within blocks of 8 s, so that shuffles can follow a stream."""

PIECES = (5, 14)
"""Shortest and longest piece that moves whole, samples: 0.2 to 0.52 s."""

SCATTER = 0.7
"""Least scatter of a rhythm after 30 s: noise and unrest without bursts."""

GROWTH = 1.4
"""By this power of the time its variance grows (1 if moments were independent)."""

LOUDER = 2.0
"""Loud bursts scatter more than their shuffled orders: by up to so many times the variance of these."""

LOUD_MEAN, LOUD_SPREAD = 1.4, 1.5
"""What the rhythm of loud bursts at random times comes to, in standard deviations of their shuffled orders: a
burst is longer than a piece, so more is lost by shuffling than a rhythm."""


@dataclass(frozen=True, slots=True)
class TrainsState:
    """Sums over whole blocks, and the moments that wait for one."""

    block: int
    waiting: Array
    ordered: RhythmState
    shuffled: RhythmState


@dataclass(frozen=True, slots=True)
class Trains:
    """What the moments so far come to.

    ``llr`` of their trains as they came, ``without`` of the shuffled ones ``(n,)``,
    ``rate`` the posterior of the mean interval now, ``(n_means,)``.
    """

    llr: float
    without: Array
    rate: Array

    @property
    def rhythm(self) -> float:
        """What the order adds to the bursts."""
        return self.llr - float(self.without.mean())

    def score(self, seconds: float) -> float:
        """Return the rhythm over what it scatters by without one.

        That grows with the time, and with loud bursts: the shuffled series' scatter tells how much.
        """
        usual = SCATTER**2 * (max(seconds, 1.0) / 30.0) ** GROWTH
        bursts = float(np.var(self.without))
        return self.rhythm / math.sqrt(usual + bursts * (1 + LOUDER * min(bursts, 1.0)))

    @property
    def loud_p(self) -> float:
        """How often bursts at random times have as much rhythm, by their own shuffled orders alone."""
        beyond = self.rhythm / max(float(np.std(self.without)), 1e-6)
        return 0.5 * math.erfc((beyond - LOUD_MEAN) / LOUD_SPREAD / math.sqrt(2))


def trains_state(shuffles: int) -> TrainsState:
    """Return the state before the first moment; without ``shuffles`` nothing is compared.

    Examples
    --------
    >>> beats = np.full(750, -0.5); beats[10::20] = 3.0  # every 0.8 s
    >>> rng = np.random.default_rng(1)
    >>> for moments in (beats, rng.permutation(beats)):
    ...     print(trains_of(follow_trains(moments, trains_state(32))).score(30.0) > 3)
    True
    False
    """
    return TrainsState(0, np.zeros(0), rhythm_state(1), rhythm_state(shuffles))


def follow_trains(llr: Array, state: TrainsState) -> TrainsState:
    """Take the next moments, ``(n,)`` as for `rhythm.follow_rhythm`. Any split gives the same."""
    waiting, block = np.concatenate([state.waiting, llr]), state.block
    ordered, shuffled = state.ordered, state.shuffled
    while waiting.size >= BLOCK:
        ordered, shuffled = _carried(waiting[:BLOCK], block, ordered, shuffled)
        waiting, block = waiting[BLOCK:], block + 1
    return TrainsState(block, waiting, ordered, shuffled)


def trains_of(state: TrainsState) -> Trains:
    """Return what all moments so far come to."""
    ordered, shuffled = state.ordered, state.shuffled
    if state.waiting.size:
        ordered, shuffled = _carried(state.waiting, state.block, ordered, shuffled)
    without = rhythm_llr(shuffled) if shuffled.log_scale.size else np.zeros(1)
    return Trains(float(rhythm_llr(ordered)[0]), without, rate_posterior(ordered)[0])


def _carried(
    moments: Array, block: int, ordered: RhythmState, shuffled: RhythmState
) -> tuple[RhythmState, RhythmState]:
    ordered = follow_rhythm(moments[np.newaxis], ordered)
    count = shuffled.log_scale.size
    if count:
        shuffled = follow_rhythm(moments[_orders(block, moments.size, count)], shuffled)
    return ordered, shuffled


@lru_cache(maxsize=512)  # the ticks of a visit, of both listeners: the next visit asks for the same
def _orders(block: int, n: int, count: int) -> npt.NDArray[np.int16]:
    """Orders of ``n`` moments, ``(count, n)``: pieces keep their inside and change places."""
    rng = np.random.default_rng([n, block])
    orders = []
    for _ in range(count):
        lengths = rng.integers(PIECES[0], PIECES[1], size=math.ceil(n / PIECES[0]), endpoint=True)
        piece = np.repeat(np.arange(lengths.size), lengths)[:n]
        orders.append(np.argsort(rng.permutation(lengths.size)[piece], kind="stable"))
    return np.stack(orders).astype(np.int16)
