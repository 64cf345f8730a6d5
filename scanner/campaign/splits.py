"""Seeds of tuning, calibration and test: apart from one another and from every other simulated lorry.

A lorry's seed holds its split, the campaign's seed and the lorry's number in bits of their own, above
2**40. Seeds of older fits and tests and of all training scenes are below 2**31, so no campaign lorry is
any of theirs, and no lorry of one split is a lorry of another.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from drivers.api import ConfigError
from scanner.simulation.body_library import Split as Bodies

Split: TypeAlias = Literal["tuning", "calibration", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
BODIES = MappingProxyType[Split, Bodies](
    {"tuning": "validation", "calibration": "validation", "test": "test"}
)
"""Part of the body library that people in X-ray pictures come from; no model was trained on either."""

_PLACE: dict[Split, int] = {"tuning": 1, "calibration": 2, "test": 3}
SEED_BITS, NUMBER_BITS = 16, 24


def lorry_seed(split: Split, seed: int, number: int) -> int:
    """Return the seed of everything that is drawn for one lorry.

    Raises
    ------
    ConfigError : a seed from 2**16 on, a number from 2**24 on, or one below 0.

    Examples
    --------
    >>> lorry_seed("test", 1, 5) - lorry_seed("test", 1, 4)
    1
    >>> lorry_seed("tuning", 2**16 - 1, 2**24 - 1) < lorry_seed("calibration", 0, 0)
    True
    """
    if not 0 <= seed < 1 << SEED_BITS:
        raise ConfigError(f"a campaign's seed is from 0 to {(1 << SEED_BITS) - 1}, not {seed}")
    if not 0 <= number < 1 << NUMBER_BITS:
        raise ConfigError(f"a campaign has up to {1 << NUMBER_BITS} lorries: there is no number {number}")
    return _PLACE[split] << SEED_BITS + NUMBER_BITS | seed << NUMBER_BITS | number
