"""The table of what a campaign draws: shares that add up to 1, and ranges."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from scanner.simulation.priors import Prior

TABLE = "campaign.toml"


@dataclass(frozen=True, slots=True)
class Shares:
    """How often each of some names is drawn.

    ``mark`` and ``source`` as in `Prior`; ``shares`` add up to 1.
    """

    mark: str
    source: str
    shares: dict[str, float]

    def draw(self, rng: np.random.Generator, without: str = "") -> str:
        """Draw a name; ``without`` is left out and the others keep their ratios.

        Examples
        --------
        >>> Shares("U", "example", {"a": 0.5, "b": 0.5}).draw(np.random.default_rng(1), without="a")
        'b'
        """
        left = {name: share for name, share in self.shares.items() if name != without}
        weights = np.fromiter(left.values(), float)
        return str(rng.choice(list(left), p=weights / weights.sum()))


@cache
def _table() -> tuple[dict[str, Shares], dict[str, Prior]]:
    shares: dict[str, Shares] = {}
    ranges: dict[str, Prior] = {}
    text = resources.files(__package__).joinpath(TABLE).read_text(encoding="utf-8")
    for name, entry in tomllib.loads(text).items():
        if name == "share":
            for what, told in entry.items():
                mark, source = told.pop("mark"), told.pop("source")
                shares[what] = Shares(mark, source, told)
        elif "shape" in entry:
            ranges[name] = Prior(**entry)
        else:
            ranges |= {f"{name}.{part}": Prior(**values) for part, values in entry.items()}
    return shares, ranges


def campaign_shares() -> dict[str, Shares]:
    """Return every table of shares by name."""
    return _table()[0]


def campaign_ranges() -> dict[str, Prior]:
    """Return every range by name."""
    return _table()[1]
