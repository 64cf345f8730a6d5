"""Who is put where into a recorded passage, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from scanner.projection.source import ProjectionImpossible, SourceScan
from scanner.simulation.attenuation import Spectrum
from scanner.simulation.priors import stream
from scanner.simulation.xray.ceiling import scan_detectability
from scanner.simulation.xray.equivalent import CARGO_MATERIAL
from scanner.simulation.xray.insertion import Insertion, NoRoom, Wanted, draw_insertion
from scanner.simulation.xray.projection import Loading, Projected, project


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for.

    Parameters
    ----------
    people : how many.
    wanted : who; its ``x_m`` counts from the vehicle's front.
    displaced_g_cm3 : density of the cargo that gives way; 0 = they are where air was.
    blur_px : of the focal spot and cross-talk.
    """

    people: int = 1
    seed: int = 0
    wanted: Wanted = field(default_factory=Wanted)
    displaced_g_cm3: float = 0.0
    blur_px: float = 0.5


@dataclass(frozen=True, slots=True)
class Occupied:
    """A source with people in it."""

    plan: Plan
    people: tuple[Insertion, ...]
    loading: Loading
    projected: Projected
    d_prime: float


def loading_of(source: SourceScan, displaced_g_cm3: float = 0.0) -> Loading:
    """Return what the declared cargo counts as."""
    return Loading(
        source.space, cargo=CARGO_MATERIAL[source.declaration.cargo], displaced_g_cm3=displaced_g_cm3
    )


def choose_people(source: SourceScan, plan: Plan) -> tuple[Insertion, ...]:
    """Draw who is put where.

    Raises
    ------
    ProjectionImpossible : nobody fits, or the place lies outside of the picture.
    """
    wanted = plan.wanted
    if wanted.x_m is not None:
        last = source.picture.image.shape[1] * source.picture.mm_per_px / 1e3 - source.front_m
        if not 0.0 <= wanted.x_m <= last:
            raise ProjectionImpossible(
                f"{wanted.x_m:g} m behind the front lies outside of the picture: place people between 0 and "
                f"{last:.1f} m"
            )
        wanted = replace(wanted, x_m=wanted.x_m + source.front_m)
    rng = stream(plan.seed, "projection", "people")
    people: list[Insertion] = []
    try:
        for _ in range(plan.people):
            people.append(draw_insertion(source.space, people, wanted, rng))
    except NoRoom as error:
        raise ProjectionImpossible(str(error)) from error
    return tuple(people)


def occupy(
    source: SourceScan, plan: Plan, people: Sequence[Insertion], spectra: Mapping[int, Spectrum]
) -> Occupied:
    """Put people into a passage."""
    loading = loading_of(source, plan.displaced_g_cm3)
    missing = sorted(set(source.measured) - set(spectra))
    if missing:
        raise ProjectionImpossible(
            f"the lines have {len(source.measured)} energies, of {', '.join(map(str, missing))} no beam is "
            "given: give --kv once for each, in the order of their index"
        )
    projected = project(source.lines(), people, source.geometry, spectra, loading, plan.seed, plan.blur_px)
    squared = sum(
        scan_detectability(seen, np.exp(-projected.log_change[energy])) ** 2
        for energy, seen in source.measured.items()
    )
    return Occupied(plan, tuple(people), loading, projected, float(np.sqrt(squared)))
