"""JSON that keeps every Python float: strict JSON has no NaN and no infinity.

A float that JSON lacks becomes ``{"$float": "NaN"}``, ``"Infinity"`` or
``"-Infinity"``. An object whose only key already is ``$float`` or ``$literal``
is wrapped as ``{"$literal": {...}}``, so nothing is ever mistaken.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_RESERVED = ({"$float"}, {"$literal"})


def dumps(value: Any) -> bytes:
    """Return compact UTF-8 JSON of a value made of JSON types and any floats.

    Raises
    ------
    TypeError : something that JSON has no word for, or a key that is not text.

    Examples
    --------
    >>> dumps({"minutes": float("inf"), "n": 2})
    b'{"minutes":{"$float":"Infinity"},"n":2}'
    """
    return json.dumps(_plain(value), allow_nan=False, separators=(",", ":")).encode()


def loads(data: bytes | str) -> Any:
    """Return what `dumps` was given; lists for tuples, dicts for mappings.

    Raises
    ------
    ValueError : not JSON, or bare NaN or Infinity, which strict JSON forbids.

    Examples
    --------
    >>> loads(b'{"minutes":{"$float":"Infinity"}}')
    {'minutes': inf}
    """
    return _restored(json.loads(data, parse_constant=_refuse))


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        return {"$float": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, Mapping):
        plain = {_key(key): _plain(entry) for key, entry in value.items()}
        return {"$literal": plain} if set(plain) in _RESERVED else plain
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$float"}:
            return _SPECIAL[value["$float"]]
        if set(value) == {"$literal"}:
            value = value["$literal"]
        return {key: _restored(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_restored(entry) for entry in value]
    return value


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"JSON keys are text, not {key!r}")
    return str(key)


def _refuse(constant: str) -> Any:
    raise ValueError(f'{constant} is no JSON; write {{"$float": "{constant}"}}')
