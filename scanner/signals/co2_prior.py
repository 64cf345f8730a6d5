"""What may be inside before anything is measured: a cloud of lorries for each class and cargo.

The clouds are quasi-random draws from the ranges of ``co2_priors.toml``, the
same on every machine. What matters to a probe is one number of each draw, the
source at the tip: how fast the tip's excess would rise in a tight body.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import qmc

Array = npt.NDArray[np.float64]

DRAWS = 4096
PPM_PER_H_PER_L_S_M3 = 3.6e6
"""A source of 1 L/s in 1 m3 raises the level by so much an hour."""

COUNTS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20, 25, 30, 40], float)
_STANDS_FOR = np.gradient(COUNTS)
EDGES_PPM_H = np.concatenate([[0.0], np.geomspace(2.0, 2e6, 100)])
"""Edges of the classes of source; what is smaller than the second counts with the first class."""

LEAKAGE_NODES = 8
CLOSED_NODES = 10


@dataclass(frozen=True, slots=True)
class AirPrior:
    """Prior of one class of lorries.

    Parameters
    ----------
    source_share : float ``(1 + n_counts, 1 + n_classes)``: probability of no source
        at all (first column) and of each class of `EDGES_PPM_H`, for an empty
        lorry (first row) and for each number of people of `COUNTS`.
    count_share : float ``(n_counts,)``, prior of each number, given somebody: for whether there is.
    cautious_share : float ``(n_counts,)``, the same for how many there are and how long they have.
    leakage_per_h, leakage_share : float ``(a,)``, nodes and weights.
    initial : float ``(j, 3)``: weight, mean and standard deviation of the excess
        at closing at the tip, ppm.
    person_co2_l_s, cargo_co2_l_s, free_volume_m3, tip_of_mean : float ``(DRAWS,)``.
    """

    source_share: Array
    count_share: Array
    cautious_share: Array
    leakage_per_h: Array
    leakage_share: Array
    initial: Array
    person_co2_l_s: Array
    cargo_co2_l_s: Array
    free_volume_m3: Array
    tip_of_mean: Array

    def source_ppm_h(self, persons: float) -> Array:
        """Source at the tip of each draw with so many people, ppm/h ``(DRAWS,)``."""
        return _source_ppm_h(
            persons, self.person_co2_l_s, self.cargo_co2_l_s, self.free_volume_m3, self.tip_of_mean
        )

    def room_for(self, persons: float) -> Array:
        """1 for each draw whose volume holds so many people, else 0; the largest ones where none does."""
        return _room_for(persons, self.free_volume_m3)


def _room_for(persons: float, volume_m3: Array) -> Array:
    person = tables()["person"]
    least_m3 = max(person["least_room_m3"], persons * person["room_per_person_m3"])
    return np.asarray(volume_m3 >= min(least_m3, float(np.quantile(volume_m3, 0.95))), float)


def _source_ppm_h(persons: float, person: Array, cargo: Array, volume: Array, tip: Array) -> Array:
    return np.asarray(tip * (persons * person + cargo) / volume * PPM_PER_H_PER_L_S_M3)


@cache
def tables() -> Mapping[str, Any]:
    """Return the shipped ranges."""
    return tomllib.loads(resources.files(__package__).joinpath("co2_priors.toml").read_text(encoding="utf-8"))


@cache
def air_prior(room: str, cargo: str, *, cold: bool = False) -> AirPrior:
    """Return the prior of one class of lorries.

    Parameters
    ----------
    room : "reefer_empty", "reefer_laden", "tanker_empty" or "tanker_laden".
    cargo : "quiet", "produce", "meat", "dry_ice", "liquid", "inert" or
        "co2_headspace".
    cold : whether it is cold inside, so that people shiver.

    Examples
    --------
    >>> prior = air_prior("reefer_laden", "quiet")
    >>> one = np.median(prior.source_ppm_h(1.0))
    >>> bool(150 < one < 600)  # one adult in 25 m3, the tip at two thirds of the mean
    True
    """
    ranges = tables()
    # scrambled by a fixed seed: plain Sobol points of several dimensions begin aligned
    unit = qmc.Sobol(6, scramble=True, rng=20260101).random(DRAWS)
    person = _log_uniform(unit[:, 0], ranges["person"]["co2_l_s"])
    if cold:
        person = person * _log_uniform(unit[:, 1], ranges["person"]["cold_factor"])
    volume = _log_uniform(unit[:, 2], ranges["volume_m3"][room])
    low, high = ranges["tip"]["of_mean"]
    tip = low + (high - low) * unit[:, 3]
    given_off = _cargo_l_s(unit[:, 4], unit[:, 5], cargo, ranges["cargo"])
    row = np.zeros((1 + len(COUNTS), len(EDGES_PPM_H)))
    row[0] = _shares(_source_ppm_h(0.0, person, given_off, volume, tip), np.ones(DRAWS))
    for k, count in enumerate(COUNTS, start=1):
        row[k] = _shares(_source_ppm_h(count, person, given_off, volume, tip), _room_for(count, volume))
    lies = ranges["lies"]["cargo"]
    if cargo == "quiet":
        breathing = _cargo_l_s(unit[:, 4], unit[:, 5], "produce", ranges["cargo"])
        row[0] = (1 - lies) * row[0] + lies * _shares(
            _source_ppm_h(0.0, person, breathing, volume, tip), np.ones(DRAWS)
        )
    leakage = ranges["leakage"]["vented_per_h" if cargo == "produce" else "closed_per_h"]
    nodes, share = soft_log_uniform(leakage, LEAKAGE_NODES)
    person_ranges = ranges["person"]
    count_share = COUNTS ** -float(person_ranges["falls_with_power"]) * _STANDS_FOR
    cautious_share = COUNTS ** -float(person_ranges["cautious_power"])
    return AirPrior(
        source_share=row,
        count_share=count_share / count_share.sum(),
        cautious_share=cautious_share / cautious_share.sum(),
        leakage_per_h=nodes,
        leakage_share=share,
        initial=_initial(cargo, ranges["initial"]),
        person_co2_l_s=person,
        cargo_co2_l_s=given_off,
        free_volume_m3=volume,
        tip_of_mean=tip,
    )


def closed_nodes(declared_minutes: npt.ArrayLike) -> tuple[Array, Array]:
    """Return times since closing and their weights for lorries as declared, ``(n, b)`` both, minutes.

    Parameters
    ----------
    declared_minutes : float ``(n,)``, NaN where nothing is declared.

    Examples
    --------
    >>> minutes, share = closed_nodes([60.0, np.nan])
    >>> bool(abs(share.sum(axis=1) - 1).max() < 1e-12), bool(minutes[1].max() > 1000)
    (True, True)
    """
    ranges = tables()["closed"]
    declared = np.asarray(declared_minutes, float)
    n = CLOSED_NODES
    at, share = soft_log_uniform(ranges["minutes"], n)
    anywhere = np.broadcast_to(at, (declared.size, n))
    # declared: six nodes round it, four that stand for a false paper
    z, w = np.polynomial.hermite_e.hermegauss(6)
    wide, wide_share = soft_log_uniform(ranges["minutes"], n - 6)
    about = np.maximum(declared, 1.0)[:, None] * np.exp(ranges["declared_spread"] * z)
    told = np.concatenate([about, np.broadcast_to(wide, (declared.size, n - 6))], axis=1)
    false = ranges["declared_false"]
    told_share = np.concatenate([(1 - false) * w / w.sum(), false * wide_share])
    known = np.isfinite(declared)[:, None]
    return np.where(known, told, anywhere), np.where(known, told_share, share)


def soft_log_uniform(ends: tuple[float, float] | list[float], n: int) -> tuple[Array, Array]:
    """Return n nodes over a log-uniform range and a little beyond, and their weights."""
    low, high = math.log(ends[0]), math.log(ends[1])
    margin = 0.5 * (high - low) / n
    nodes = np.linspace(low - 0.2 * margin, high + 0.2 * margin, n)
    share = np.ones(n)
    share[[0, -1]] = 0.7
    return np.exp(nodes), share / share.sum()


def _log_uniform(unit: Array, ends: list[float]) -> Array:
    return np.asarray(ends[0] * (ends[1] / ends[0]) ** unit)


def _log_normal(unit: Array, ends: list[float]) -> Array:
    """Log-normal whose 5 and 95 % are the ends: a range that is believed, without walls."""
    low, high = math.log(ends[0]), math.log(ends[1])
    away = ndtri(np.clip(unit, 1e-6, 1 - 1e-6)) / ndtri(0.95)
    return np.asarray(np.exp(0.5 * (low + high) + 0.5 * (high - low) * away))


def _cargo_l_s(unit: Array, gate: Array, cargo: str, ranges: Mapping[str, Any]) -> Array:
    """What the load gives off, L/s; ``gate`` decides whether it gives off anything."""
    if cargo in ("inert", "co2_headspace"):
        cargo = "liquid"
    given_off = _log_normal(unit, ranges[cargo])
    share = ranges.get(f"{cargo}_share", 1.0)
    return np.asarray(np.where(gate < share, given_off, 0.0))


def _initial(cargo: str, ranges: Mapping[str, Any]) -> Array:
    air = np.array(ranges["air"], float)
    if cargo == "liquid":
        product = np.array(ranges["product"], float)
        air[:, 0] *= 1 - product[:, 0].sum()
        return np.concatenate([air, product])
    if cargo in ("inert", "co2_headspace"):
        return np.array(ranges[cargo], float)
    return air


def _shares(source_ppm_h: Array, weight: Array) -> Array:
    """Histogram over no source and the classes, lightly smoothed, ``(1 + n_classes,)``."""
    none = float(weight[source_ppm_h <= 0].sum())
    # half a class up and down smooths what 4096 draws leave rough
    classes = np.zeros(len(EDGES_PPM_H) - 1)
    step = math.log(EDGES_PPM_H[3] / EDGES_PPM_H[2])
    some = source_ppm_h > 0
    for shift, part in ((-0.6, 0.25), (0.0, 0.5), (0.6, 0.25)):
        moved = np.clip(source_ppm_h[some] * math.exp(shift * step), 1e-9, EDGES_PPM_H[-1] * 0.999)
        classes += part * np.histogram(moved, EDGES_PPM_H, weights=weight[some])[0]
    total = none + float(classes.sum())
    return np.asarray(np.concatenate([[none], classes]) / total)
