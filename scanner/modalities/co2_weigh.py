"""What the dips of one lorry say together: ratio, people, time closed, share of the cargo, prospects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from scanner.modalities.co2_expect import expected_air
from scanner.procedure import SECOND_DIP_AFTER_MIN
from scanner.signals.co2_dip import AIR_UNEVENNESS_PPM, DipFit, expected_covariance
from scanner.signals.co2_gain import Gain, Settled, SoFar, gain_of_holding, gain_of_second_dip
from scanner.signals.co2_posterior import AirPosterior, air_posterior, weighted_quantiles
from scanner.signals.co2_prior import COUNTS
from scanner.signals.co2_ratio import count_posterior, log_ratio, source_nodes, summed
from scanner.vehicle import Declaration

Array = npt.NDArray[np.float64]

LEVEL_KNOWN_PPM, LEVEL_KNOWN_SHARE = 40.0, 0.25
"""A dip answers once its level is known to so many ppm, or to this share of the excess (1 sigma)."""

LEAST_HOLD_S, MOST_HOLD_S = 15.0, 300.0
LAG_95_PER_T90 = 1.3
"""95 % of a step takes ln 20 / ln 10 = 1.3 x T90 of a first-order probe."""

LOOK_AHEAD_STEP_S = 2.0
LONGER_S = 30.0
"""The step in which holding on is weighed, s."""

SECOND_DIP_HOLD_S = 60.0
"""How long a second dip is promised to be held."""


@dataclass(frozen=True, slots=True)
class Dip:
    """One insertion as measured.

    ``fit`` is of one lorry; ``inserted_utc_ns`` wall time; ``held_s`` how long
    the tip was in; ``t90_s`` and ``period_s`` of the inside probe.
    """

    fit: DipFit
    inserted_utc_ns: int
    held_s: float
    t90_s: float
    period_s: float

    @property
    def excess_ppm(self) -> float:
        """Excess at the tip over outside air at insertion, ppm."""
        return float(self.fit.value[0, 0])

    @property
    def sigma_ppm(self) -> float:
        """Its standard uncertainty."""
        return float(self.fit.sigma_ppm[0])

    @property
    def outside_ppm(self) -> float:
        """Outside air meanwhile."""
        return float(self.fit.outside_ppm[0])

    @property
    def no_step(self) -> bool:
        """Whether the tip saw nothing that outside air would not show."""
        return abs(self.excess_ppm) < 3 * self.sigma_ppm

    @property
    def answers(self) -> bool:
        """Whether the lag leaves the level known well enough."""
        return bool(level_known(self.sigma_ppm, self.excess_ppm, self.held_s, self.t90_s))

    def later(self, hold_s: float) -> Array:
        """Covariance that the dip would have after being held so long, ``(2, 2)``."""
        now, then = (
            expected_covariance(
                np.arange(0.0, max(held, LEAST_HOLD_S) + 1e-9, max(self.period_s, LOOK_AHEAD_STEP_S)),
                self.t90_s,
                float(self.fit.noise_ppm[0]),
                float(self.fit.step_ppm[0]),
                self.excess_ppm,
            )
            for held in (self.held_s, hold_s)
        )
        # as much worse than expected as this dip is now; two probes in one air never agree better than this
        worse = np.sqrt(np.diag(self.fit.covariance[0]) / np.diag(now))
        grown = then * np.outer(worse, worse)
        grown[0, 0] = max(grown[0, 0], AIR_UNEVENNESS_PPM**2)
        # longer never makes it worse
        shrink = np.minimum(np.sqrt(np.diag(self.fit.covariance[0]) / np.diag(grown)), 1.0)
        return np.asarray(grown * np.outer(shrink, shrink))


@dataclass(frozen=True, slots=True)
class Weighed:
    """Raw natural-log ratio, and what led to it; ``last`` is the newest dip."""

    llr: float
    so_far: SoFar
    last: Dip

    def posterior(self) -> AirPosterior:
        """Draw what the air inside may be now, given somebody."""
        known = self.so_far
        held_min = self.last.held_s / 60.0
        carry = np.array([1.0, held_min])
        level = float(carry @ known.value[-1])
        sigma = math.sqrt(float(carry @ known.covariance[-1] @ carry))
        since_minutes = float(known.after_minutes[-1]) + held_min
        return air_posterior(known.prior, known.nodes, (level, sigma), since_minutes, self.last.outside_ppm)

    def features(self, posterior: AirPosterior) -> dict[str, float]:
        """People, time closed and the cargo's share, as named in docs/evidence-co2.md."""
        by_count = count_posterior(self.so_far.prior, summed(self.so_far.nodes))[0]
        persons = weighted_quantiles(COUNTS, by_count, [0.05, 0.5, 0.95])
        closed = weighted_quantiles(posterior.closed_minutes, posterior.weight, [0.05, 0.5, 0.95])
        given = posterior.persons * posterior.person_co2_l_s
        cargo = posterior.cargo_co2_l_s / (posterior.cargo_co2_l_s + given)
        return {
            "persons_low": float(persons[0]),
            "persons_likely": float(persons[1]),
            "persons_high": float(persons[2]),
            "closed_minutes_low": float(closed[0]),
            "closed_minutes_likely": float(closed[1]),
            "closed_minutes_high": float(closed[2]),
            "cargo_share": float(posterior.weight @ cargo),
        }


def weigh(dips: Sequence[Dip], declaration: Declaration) -> Weighed:
    """Weigh the dips of one lorry, oldest first.

    The declared closing time is taken to hold at the first insertion.
    """
    prior = expected_air(declaration)
    value = np.stack([d.fit.value[0] for d in dips])
    covariance = np.stack([d.fit.covariance[0] for d in dips])
    after = np.array([(d.inserted_utc_ns - dips[0].inserted_utc_ns) / 60e9 for d in dips])
    declared = math.nan if declaration.closed_minutes is None else declaration.closed_minutes
    nodes = source_nodes(prior, value[None], covariance[None], after, [declared])
    llr = float(log_ratio(prior, summed(nodes))[0])
    return Weighed(llr, SoFar(prior, nodes, value, covariance, after, declared), dips[-1])


def gains(weighed: Weighed, settled: Settled, *, held: bool) -> tuple[Gain | None, Gain]:
    """Return what `LONGER_S` more of this dip promises, None once the tip is out, and a second dip."""
    so_far, last = weighed.so_far, weighed.last
    longer = None
    if held:
        longer = gain_of_holding(so_far, last.later(last.held_s + LONGER_S), settled)
    later_min = float(so_far.after_minutes[-1]) + SECOND_DIP_AFTER_MIN
    return longer, gain_of_second_dip(so_far, later_min, last.later(SECOND_DIP_HOLD_S), settled)


def determinable_after_s(t90_s: float) -> float:
    """Return how long after insertion a reading's rise is still lag, s.

    >>> determinable_after_s(60.0)
    78.0
    """
    return LAG_95_PER_T90 * t90_s


def level_known(
    sigma_ppm: npt.ArrayLike, excess_ppm: npt.ArrayLike, held_s: float, t90_s: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Whether a dip of so long answers, any shape: its level is known, or its lag is over.

    Once the lag is over, what is still not known well the evidence allows for.

    >>> level_known([30.0, 60.0, 60.0], [100.0, 100.0, 400.0], 30.0, 60.0).tolist()
    [True, False, True]
    """
    limit = np.maximum(LEVEL_KNOWN_PPM, LEVEL_KNOWN_SHARE * np.abs(np.asarray(excess_ppm, float)))
    known = (held_s >= LEAST_HOLD_S) & (np.asarray(sigma_ppm, float) <= limit)
    return np.asarray(known | (held_s >= LAG_95_PER_T90 * np.asarray(t90_s, float)))


def hold_left_s(dip: Dip) -> float:
    """Return how much longer the tip must stay in until its level is known, s; 0 = it is."""
    if dip.answers:
        return 0.0
    longest_s = max(determinable_after_s(dip.t90_s), LEAST_HOLD_S)
    for hold_s in np.arange(max(dip.held_s, LEAST_HOLD_S), longest_s, 8.0):
        sigma_ppm = math.sqrt(float(dip.later(float(hold_s))[0, 0]))
        if level_known(sigma_ppm, dip.excess_ppm, float(hold_s), dip.t90_s):
            return max(float(hold_s) - dip.held_s, 1.0)
    return max(longest_s - dip.held_s, 1.0)


@cache
def waiting_s(t90_s: float, period_s: float) -> float:
    """Return how long an ordinary dip needs before anything is known of it, s.

    >>> 15 <= waiting_s(60.0, 1.0) <= 40
    True
    """
    for hold_s in np.arange(LEAST_HOLD_S, MOST_HOLD_S, 2.0):
        cov = expected_covariance(np.arange(0.0, hold_s + 1e-9, period_s), t90_s, 3.0, 250.0, 250.0)
        if math.sqrt(float(cov[0, 0])) <= LEVEL_KNOWN_PPM:
            return float(hold_s)
    return MOST_HOLD_S
