"""Readings as JSON values that a person can compare: arrays by shape, type, hash and first values."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from enum import Enum, IntFlag
from typing import Any

import numpy as np

from drivers.api import Reading, reading_name

FIRST_VALUES = 8


def described(reading: Reading) -> dict[str, Any]:
    """Return a reading without its stamp as JSON values.

    Numbers keep every digit; what JSON cannot say (NaN, infinity) becomes a text; an array becomes
    its shape, dtype, the SHA-256 of its little-endian bytes in C order, and its first values.

    Examples
    --------
    >>> from drivers.api import Quantity, Sample
    >>> described(Sample(Quantity.CO2_PPM, 904.0))["value"]
    904.0
    """
    said: dict[str, Any] = {"type": reading_name(reading)}
    for field in dataclasses.fields(reading):
        if field.name != "stamp":
            said[field.name] = plain(getattr(reading, field.name))
    return said


def plain(value: Any) -> Any:
    """Return a value of a reading, a configuration or capabilities as JSON values."""
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, IntFlag):
        return [flag.name for flag in type(value) if flag in value and flag.value]
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        items = [plain(item) for item in value]
        return sorted(items, key=repr) if isinstance(value, set | frozenset) else items
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _array(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    canonical = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return {
        "shape": list(values.shape),
        "dtype": values.dtype.name,
        "sha256": hashlib.sha256(canonical.tobytes()).hexdigest(),
        "first": [plain(one) for one in values.ravel()[:FIRST_VALUES].tolist()],
    }
