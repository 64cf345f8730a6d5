"""Boundaries, weights and worth from campaigns whose whole courses are known.

Weights come from one campaign and boundaries from another, so that no lorry promises what it helped to fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from calibration.boundaries import RATES, BoundaryCurve
from calibration.evidence import CalibrationSet
from calibration.worth import EVERY_CARGO, Worth, worth_of
from drivers.api import ConfigError
from scanner.fusion import fit_weights, fuse_ratios
from scanner.policy import MODALITIES, ClassPolicy, Policy
from scanner.sequential import Course, Dwell, TooFew, choose_no_indication, choose_search
from scanner.validation.outcome import Outcome
from scanner.vehicle import VehicleClass


def course_of(outcome: Outcome, weights: Mapping[str, float], policy: ClassPolicy) -> Course:
    """Return a lorry's fused ratios at every tick, with these weights.

    Raises
    ------
    ConfigError : the row's ticks end at the decision.
    """
    last_s = outcome.course[-1].elapsed_s if outcome.course else 0.0
    if last_s < policy.time_limit_s - 2.0:
        raise ConfigError(
            f"{outcome.scan}: its ticks end after {last_s:g} s of {policy.time_limit_s:g}: simulate "
            "the campaign with --whole"
        )
    ratios = [fuse_ratios(moment.methods, weights, policy.distrust).llr for moment in outcome.course]
    return Course(
        outcome.truth.occupied,
        np.array([moment.elapsed_s for moment in outcome.course]),
        np.array(ratios),
        np.array([set(policy.required) <= set(moment.methods) for moment in outcome.course]),
    )


def rows_without(outcomes: Sequence[Outcome], family: str) -> list[Outcome]:
    """Return the rows that are not of a family of lorries.

    Parameters
    ----------
    family : ``NAME=VALUE``; the name is "vehicle", "cargo" (what was really loaded) or a condition's.

    Raises
    ------
    ConfigError : no row is of that family, or every one.
    """
    name, _, value = family.partition("=")
    of = [_family(o, name) == value for o in outcomes]
    if any(of) and not all(of):
        return [o for o, member in zip(outcomes, of, strict=True) if not member]
    known = sorted({told for o in outcomes if (told := _family(o, name)) is not None})
    raise ConfigError(
        f"{family}: "
        + (f"{name} is one of {', '.join(known)}" if known else f"no row tells its {name or '?'}")
    )


def _family(outcome: Outcome, name: str) -> str | None:
    told = {"vehicle": outcome.vehicle, "cargo": outcome.truth.cargo, **outcome.truth.conditions}
    return told.get(name)


def dwell_of(policy: ClassPolicy) -> Dwell:
    """Return from when on a class's scan may end."""
    return Dwell(policy.minimum_dwell_s, policy.no_indication_dwell_s, policy.time_limit_s)


def weights_of(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """Fit weights on what each method said at the end of the course; one without an answer says 0."""
    rows = [o for o in outcomes if o.course]
    llrs = np.array([[o.course[-1].methods.get(name, 0.0) for name in MODALITIES] for o in rows])
    return fit_weights(llrs, np.array([o.truth.occupied for o in rows]), MODALITIES)


def boundaries_of(
    outcomes: Sequence[Outcome], weights: Mapping[str, float], policy: Policy
) -> tuple[BoundaryCurve, ...]:
    """Choose the boundaries of each class for every rate that its lorries can promise."""
    found = []
    for vehicle in VehicleClass:
        demands = policy[vehicle]
        own = [course_of(o, weights, demands) for o in outcomes if o.vehicle == vehicle.value]
        searches = _promised(choose_search, own, dwell_of(demands))
        nones = _promised(choose_no_indication, own, dwell_of(demands))
        found.append(
            BoundaryCurve(
                vehicle.value,
                tuple(searches),
                tuple(searches.values()),
                tuple(nones),
                tuple(nones.values()),
                sum(not c.occupied for c in own),
                sum(c.occupied for c in own),
            )
        )
    return tuple(found)


def _promised(
    choose: Callable[[Sequence[Course], Dwell, float], float], courses: Sequence[Course], dwell: Dwell
) -> dict[float, float]:
    """Return the boundary for each rate, without those that the lorries are too few for."""
    found = {}
    for rate in RATES:
        with suppress(TooFew):
            llr = choose(courses, dwell, rate)
            found[rate] = math.copysign(math.ceil(abs(llr) * 1e4) / 1e4, llr)  # never nearer than promised
    return found


def worths_of(outcomes: Sequence[Outcome]) -> tuple[Worth, ...]:
    """Count what each method told of each class and cargo, and when."""
    found = []
    for vehicle in sorted({o.vehicle for o in outcomes}):
        own = [o for o in outcomes if o.vehicle == vehicle and o.course]
        for cargo in (EVERY_CARGO, *sorted({o.declared for o in own})):
            chosen = [o for o in own if cargo in (EVERY_CARGO, o.declared)]
            for name in MODALITIES:
                worth = worth_of(name, vehicle, cargo, [_answer(o, name) for o in chosen])
                if worth is not None:
                    found.append(worth)
    return tuple(found)


def _answer(outcome: Outcome, name: str) -> tuple[bool, float | None, float]:
    first_s = next((m.elapsed_s for m in outcome.course if name in m.methods), 0.0)
    return outcome.truth.occupied, outcome.course[-1].methods.get(name), first_s


def fit_decision(
    calibrations: CalibrationSet, tuning: Sequence[Outcome], courses: Sequence[Outcome], policy: Policy
) -> CalibrationSet:
    """Return the set with weights of ``tuning``, and boundaries and worth of ``courses``.

    Parameters
    ----------
    calibrations : whose ratios the rows hold.
    tuning : rows for the weights; none = keep those of the set.
    """
    weights = weights_of(tuning) if tuning else dict(calibrations.weights)
    return replace(
        calibrations,
        weights=weights,
        boundaries=boundaries_of(courses, weights, policy),
        worth=worths_of(courses),
    )
