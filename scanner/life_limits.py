"""Limits of what people in a closed body bear: read from ``life_limits.toml``, where their sources are."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ColdLimits:
    """Temperatures below which cold is watched or a danger, and published survival times by temperature."""

    watch_c: float
    danger_c: float
    bare_c: Array
    bare_h: Array
    clothed_c: Array
    clothed_h: Array


@dataclass(frozen=True, slots=True)
class HeatLimits:
    """Temperatures above which heat is watched or a danger, and what the body stores, low and high."""

    watch_c: float
    danger_c: float
    metabolic_w: tuple[float, float]
    gain_w_per_k: tuple[float, float]
    body_j_per_k: float
    core_rise_k: float


@dataclass(frozen=True, slots=True)
class LifeLimits:
    """All of them: CO2 in ppm, rising; oxygen in %, falling; the minutes at which the course is told."""

    co2_ppm: tuple[int, ...]
    oxygen_pct: tuple[int, ...]
    course_minutes: tuple[int, ...]
    cold: ColdLimits
    heat: HeatLimits


@cache
def life_limits() -> LifeLimits:
    """Return the shipped limits.

    >>> life_limits().co2_ppm
    (15000, 40000, 100000)
    """
    text = resources.files("scanner").joinpath("life_limits.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    cold, heat = tables["cold"], tables["heat"]
    curves = {name: np.array(cold[name], float) for name in ("bare_c", "bare_h", "clothed_c", "clothed_h")}
    return LifeLimits(
        co2_ppm=tuple(tables["co2_ppm"]["limits"]),
        oxygen_pct=tuple(tables["oxygen_pct"]["limits"]),
        course_minutes=tuple(tables["course"]["minutes"]),
        cold=ColdLimits(cold["watch_c"], cold["danger_c"], **curves),
        heat=HeatLimits(
            heat["watch_c"],
            heat["danger_c"],
            tuple(heat["metabolic_w"]),
            tuple(heat["gain_w_per_k"]),
            heat["body_j_per_k"],
            heat["core_rise_k"],
        ),
    )
