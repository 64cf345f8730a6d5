"""Draws a lorry's unknowns from the tables of ranges: ``priors.toml``, ``vibration_priors.toml``.

Each quantity has its own random stream, so fixing one (a lorry with and without
people, in wind and in calm) leaves every other draw of that seed as it was.
"""

from __future__ import annotations

import math
import tomllib
import zlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

TABLES = ("priors.toml", "vibration_priors.toml")


@dataclass(frozen=True, slots=True)
class Prior:
    """One range: ``shape`` uniform, log (both low..high), normal (mean, sd, cut at 2 sd) or chance (p).

    ``mark`` is S (sourced), C (computed from sourced numbers) or U (assumption).
    """

    shape: str
    mark: str
    source: str
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    sd: float = 0.0
    p: float = 0.0

    def draw(self, rng: np.random.Generator) -> float:
        """Draw one value; a chance gives 1.0 or 0.0.

        Raises
        ------
        ValueError : the shape is not one of the four.
        """
        if self.shape == "uniform":
            return float(rng.uniform(self.low, self.high))
        if self.shape == "log":
            return math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        if self.shape == "normal":
            return self.mean + self.sd * float(np.clip(rng.standard_normal(), -2.0, 2.0))
        if self.shape == "chance":
            return float(rng.random() < self.p)
        raise ValueError(f"a prior's shape is uniform, log, normal or chance, not {self.shape}")


@cache
def priors() -> dict[str, Prior]:
    """Return every prior by name, ``quantity`` or ``quantity.condition``."""
    found: dict[str, Prior] = {}
    for table in TABLES:
        text = resources.files(__package__).joinpath(table).read_text(encoding="utf-8")
        for name, entry in tomllib.loads(text).items():
            if "shape" in entry:
                found[name] = Prior(**entry)
            else:
                found |= {f"{name}.{condition}": Prior(**values) for condition, values in entry.items()}
    return found


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random stream of one named quantity of one seed.

    Examples
    --------
    >>> float(stream(7, "mass").random()) == float(stream(7, "mass").random())
    True
    >>> float(stream(7, "mass").random()) == float(stream(7, "wind").random())
    False
    """
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


def draw(seed: int, name: str, index: int = 0) -> float:
    """Draw the value of a prior for a seed; ``index`` tells repeated draws (persons) apart."""
    return priors()[name].draw(stream(seed, name, index))
