"""Draws whole worlds of lorries from ``worlds.toml``: each has its own centres, widths and rates.

A detector's priors are one opinion about lorries. Proving it in a world drawn from that same opinion
proves nothing, so worlds are drawn from here, and from nothing the detector or the demonstration reads.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from scanner.simulation.priors import stream

Array = npt.NDArray[np.float64]

FIGURES = {
    "uniform": ("low", "high"),
    "log": ("low", "high"),
    "normal": ("centre", "sd"),
    "lognormal": ("centre", "factor"),
    "chance": ("p",),
}
"""The figures that a world draws for each shape."""

SCALES = {
    "volume": ("free_volume_m3",),
    "leakage": ("air_changes_per_h",),
    "respiration": ("respiration_mg_kg_h", "quiet_co2_l_s", "pack_co2_l_s", "dry_ice_loss_per_h"),
    "people": ("person_co2_l_s",),
    "initial": ("initial_excess_ppm.air", "initial_excess_ppm.bad_air"),
    "offsets": ("probe_offset_ppm",),
    "noise": ("noise_ppm",),
}
"""Quantities that `World.scaled` multiplies, by the name of the factor."""


@dataclass(frozen=True, slots=True)
class Range:
    """One quantity of ``worlds.toml``: its shape, and from where a world draws the shape's figures.

    ``mark`` is S (sourced), C (computed from sourced numbers) or U (assumption).
    """

    shape: str
    figures: Mapping[str, tuple[float, float]]
    within: tuple[float, float]
    mark: str
    source: str


@dataclass(frozen=True)
class World:
    """Hyperparameters of one world, ``quantity.figure`` or ``quantity.condition.figure``.

    Parameters
    ----------
    seed : from which it was drawn.
    values : every figure of every quantity.
    factors : by which a quantity is wrong, see `scaled`.
    """

    seed: int
    values: Mapping[str, float]
    factors: Mapping[str, float] = field(default_factory=dict)

    def quantiles(self, name: str, u: npt.ArrayLike) -> Array:
        """Return the values of a quantity below which the shares ``u`` of lorries lie.

        Parameters
        ----------
        name : in ``worlds.toml``.
        u : float, any shape, within 0..1.

        Returns
        -------
        Float of the shape of ``u``; a chance gives 1.0 below its p and 0.0 above.
        """
        entry, share = ranges()[name], np.asarray(u, dtype=float)
        first, *rest = (self.values[f"{name}.{figure}"] for figure in FIGURES[entry.shape])
        if entry.shape == "chance":
            return (share < first).astype(float)
        value = _SHAPES[entry.shape](first, rest[0], share, entry.within)
        return value * self.factors.get(name.split(".")[0], 1.0) * self.factors.get(name, 1.0)

    def scaled(self, **factors: float) -> World:
        """Return a world that differs by these factors, everything else equal.

        Parameters
        ----------
        factors : by the names in `SCALES`: ``volume=3``, ``leakage=1/3``, ``respiration=3`` (of cargo).

        Examples
        --------
        >>> world = draw_world(1)
        >>> thrice = world.scaled(volume=3)
        >>> name = "free_volume_m3.reefer_empty"
        >>> round(float(thrice.quantiles(name, 0.5) / world.quantiles(name, 0.5)), 6)
        3.0
        """
        changed = dict(self.factors)
        for scale, factor in factors.items():
            for name in SCALES[scale]:
                changed[name] = changed.get(name, 1.0) * factor
        return replace(self, factors=changed)


@cache
def ranges() -> Mapping[str, Range]:
    """Return every entry of ``worlds.toml`` by name, ``quantity`` or ``quantity.condition``."""
    table = tomllib.loads(resources.files(__package__).joinpath("worlds.toml").read_text(encoding="utf-8"))
    found: dict[str, Range] = {}
    for name, entry in table.items():
        if "shape" in entry:
            found[name] = _range(entry)
        else:
            found |= {f"{name}.{condition}": _range(values) for condition, values in entry.items()}
    return found


def draw_world(seed: int) -> World:
    """Draw a world; the same seed gives the same one.

    Examples
    --------
    >>> draw_world(3).values["second_room.p"] == draw_world(3).values["second_room.p"]
    True
    >>> draw_world(3).values["second_room.p"] == draw_world(4).values["second_room.p"]
    False
    """
    values = {
        f"{name}.{figure}": _between(low, high, stream(seed, "world", name, figure).random())
        for name, entry in ranges().items()
        for figure, (low, high) in entry.figures.items()
    }
    return World(seed, values)


def _between(low: float, high: float, u: float) -> float:
    # a range over a factor of two is one of magnitudes
    if 0.0 < 2.0 * low < high:
        return low * math.exp(u * math.log(high / low))
    return low + (high - low) * u


def _range(entry: Mapping[str, Any]) -> Range:
    figures = {name: (float(entry[name][0]), float(entry[name][1])) for name in FIGURES[entry["shape"]]}
    least, most = entry.get("within", (-math.inf, math.inf))
    return Range(entry["shape"], figures, (float(least), float(most)), entry["mark"], entry["source"])


def _uniform(low: float, high: float, u: Array, _within: tuple[float, float]) -> Array:
    return low + (high - low) * u


def _log(low: float, high: float, u: Array, _within: tuple[float, float]) -> Array:
    return np.asarray(low * (high / low) ** u)


def _normal(centre: float, sd: float, u: Array, within: tuple[float, float]) -> Array:
    # the inverse of the cut distribution function: no heap of values at the cuts
    least, most = (special.ndtr((edge - centre) / sd) for edge in within)
    return np.asarray(np.clip(centre + sd * special.ndtri(least + (most - least) * u), *within))


def _lognormal(centre: float, factor: float, u: Array, within: tuple[float, float]) -> Array:
    least, most = within
    log_within = (math.log(least) if least > 0 else -math.inf, math.log(most))
    return np.exp(_normal(math.log(centre), math.log(factor), u, log_within))


_SHAPES = {"uniform": _uniform, "log": _log, "normal": _normal, "lognormal": _lognormal}
