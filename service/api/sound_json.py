"""JSON that every part behind can hold: strict, finite, 64-bit, without NUL or lone surrogates.

RFC 8259 leaves all of these open; databases and other languages do not.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

DEEPEST = 32
INT64 = 2**63


class Unsound(ValueError):
    """A text is no JSON that we take.

    Examples: a comma too many; bytes that are not UTF-8; a thousand nested lists; ``NaN``; a number
    of a hundred digits.
    """


def parse(data: bytes) -> Any:
    """Return what a JSON text says.

    Raises
    ------
    Unsound : see there; the message never holds what was sent.

    Examples
    --------
    >>> parse(b'{"plate": "AB-123-C"}')
    {'plate': 'AB-123-C'}
    """
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError:
        raise Unsound("the bytes are not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Unsound(f"no JSON from character {error.pos} on") from None
    except RecursionError:
        raise Unsound(f"nested deeper than {DEEPEST}") from None
    except ValueError as error:  # an integer of thousands of digits
        raise Unsound(str(error) if isinstance(error, Unsound) else "a number is too long") from None
    _check(value)
    return value


def _refuse(constant: str) -> NoReturn:
    raise Unsound(f"{constant} is no JSON")


def _check(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for entry in level:
            if isinstance(entry, dict):
                below += entry.keys()
                below += entry.values()
            elif isinstance(entry, list):
                below += entry
            else:
                _check_leaf(entry)
        if not below:
            return
        level = below
    raise Unsound(f"nested deeper than {DEEPEST}")


def _check_leaf(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise Unsound("a text holds a NUL character")
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise Unsound("a text holds half a surrogate pair")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Unsound("a number is too large")
    elif isinstance(value, int) and not -INT64 <= value < INT64:
        raise Unsound("a whole number has more than 64 bits")
