"""Outcomes made by hand: what was said, of whom, and when."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scanner.policy import make_policy
from scanner.validation.outcome import Moment, Outcome, Said, Truth

DEMANDS = {"distrust": 0.0, "search_llr": 4.0, "no_indication_llr": -2.0}
POLICY = make_policy(dict.fromkeys(("reefer", "tanker"), DEMANDS))

READY, LOST = "ready", "unavailable"
METHODS = ("co2", "heartbeat", "xray")


def outcome(
    scan: str,
    persons: int,
    recommendation: str,
    llr: float = 0.0,
    *,
    ratios: Mapping[str, float] | None = None,
    decided_s: float = 60.0,
    vehicle: str = "reefer",
    cargo: str = "boxed",
    weight: float = 1.0,
    final: bool = True,
    course: tuple[tuple[float, float], ...] = (),
    conditions: Mapping[str, str] | None = None,
    links: tuple[str, ...] = (),
) -> Outcome:
    """Return a row; a method that ``ratios`` does not name was unavailable."""
    told = {"co2": llr} if ratios is None else ratios
    said = {
        name: Said(READY, told[name], told[name], "") if name in told else Said(LOST, 0.0, None, "lost")
        for name in METHODS
    }
    moments = tuple(Moment(at_s, value, {}) for at_s, value in course)
    return Outcome(
        scan, f"source of {scan}", vehicle, "boxed", Truth(persons, cargo, dict(conditions or {}), weight),
        recommendation, decided_s, final, llr, 0.5, None, said, moments, f"digest of {scan}", links,
    )  # fmt: skip


def two_normals(n: int, gaps: Mapping[str, float], seed: int = 3) -> list[Outcome]:
    """Return n scans, half of them occupied, whose methods have normal ratios, honest and independent.

    The ratio of a method with gap d has mean ±d²/2 and variance d²; detection at a false alarm share a is
    Φ(d - z(1 - a)), and that of methods together has d² = Σ d².
    """
    rng = np.random.default_rng(seed)
    made = []
    for number in range(n):
        persons = number % 2
        sign = 1 if persons else -1
        ratios = {name: float(sign * d * d / 2 + d * rng.normal()) for name, d in gaps.items()}
        total = sum(ratios.values())
        word = "search" if total >= 4 else "no-indication" if total <= -2 else "inconclusive"
        seconds = 20.0 + 80.0 * float(rng.random())
        course = ((30.0, total),)
        made.append(
            outcome(
                f"S{number:05}", persons * (1 + number % 3), word, total, ratios=ratios, course=course,
                decided_s=seconds, vehicle="reefer" if number % 4 < 2 else "tanker",
                cargo="boxed" if number % 3 else "empty",
                conditions={"wind": "strong" if number % 5 > 2 else "calm"},
                links=(f"recordings/S{number:05}/visit-01.mcap",),
            )
        )  # fmt: skip
    return made
