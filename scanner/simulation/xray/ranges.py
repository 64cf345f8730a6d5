"""How widely the unknowns of an X-ray scene are drawn: tables of ranges, one draw at a time."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
TABLE = "ranges.toml"


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges by name, ``room.quantity``: ``[low, high]``, ``[low, high, "log"]``, a chance, or weights."""

    entries: Mapping[str, Any]

    def but(self, **rooms: Mapping[str, Any]) -> Ranges:
        """Return a copy with some entries replaced: ``but(noise={"photons": [50, 90]})``.

        Raises
        ------
        KeyError : there is no such entry to replace.
        """
        given = {
            f"{room}.{name}": value for room, entries in rooms.items() for name, value in entries.items()
        }
        unknown = sorted(set(given) - set(self.entries))
        if unknown:
            raise KeyError(f"no such range: {', '.join(unknown)}")
        return Ranges({**self.entries, **given})


def read_ranges(path: Path | None = None) -> Ranges:
    """Return the ranges of a file; without one those that models are trained on."""
    return _of(path.read_text(encoding="utf-8")) if path else _shipped()


@cache
def _shipped() -> Ranges:
    return _of(resources.files(__package__).joinpath(TABLE).read_text(encoding="utf-8"))


def _of(text: str) -> Ranges:
    rooms = tomllib.loads(text)
    return Ranges({f"{room}.{name}": value for room, table in rooms.items() for name, value in table.items()})


@dataclass(frozen=True, slots=True)
class Draw:
    """Draws from ranges with one random stream.

    Examples
    --------
    >>> draw = Draw(Ranges({"a.length_m": [2.0, 3.0], "a.open": 1.0}), np.random.default_rng(1))
    >>> 2.0 <= draw("a.length_m") <= 3.0, draw.happens("a.open")
    (True, True)
    """

    ranges: Ranges
    rng: np.random.Generator

    def __call__(self, name: str) -> float:
        """Draw a value, uniform or uniform in its logarithm."""
        low, high, *kind = self.ranges.entries[name]
        if kind:
            return math.exp(self.rng.uniform(math.log(low), math.log(high)))
        return float(self.rng.uniform(low, high))

    def whole(self, name: str) -> int:
        """Draw a whole number, both ends included."""
        low, high = self.ranges.entries[name]
        return int(self.rng.integers(low, high + 1))

    def happens(self, name: str) -> bool:
        """Draw whether something with a chance is so."""
        return bool(self.rng.random() < self.ranges.entries[name])

    def kind(self, name: str) -> str:
        """Draw one key of a table of weights."""
        weights = self.ranges.entries[name]
        share = np.array(list(weights.values()), float)
        return str(list(weights)[int(self.rng.choice(share.size, p=share / share.sum()))])

    def between(self, low: float, high: float) -> float:
        """Draw uniformly between what the scene itself allows; the middle where it allows nothing."""
        return float(self.rng.uniform(low, high)) if high > low else (low + high) / 2

    def one_of(self, things: Sequence[T]) -> T:
        """Draw one of some things."""
        return things[int(self.rng.integers(len(things)))]
