"""What a leaf of the audit log says, and what it only commits to.

A leaf holds sequence, time, action and one hash. Who, subject and detail may name people: they stay in
the row, and the leaf holds the SHA-256 of a random salt with them. Once they and the salt are erased,
the hash tells nothing, and the leaf stands.
"""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Mapping
from typing import Any

SALT_BYTES = 32


def new_salt() -> bytes:
    """Return a salt that nobody can guess."""
    return secrets.token_bytes(SALT_BYTES)


def canonical(value: object) -> bytes:
    """Return JSON in UTF-8 with sorted keys and no spaces; numbers that JSON has not are strings.

    Examples
    --------
    >>> canonical({"b": 1, "a": [None, float("inf")]})
    b'{"a":[null,"inf"],"b":1}'
    """
    return json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8", "surrogatepass")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    return value


def commitment(salt: bytes, who: str, subject: str, detail: str) -> str:
    """Return the hash of an entry's personal part, in hex; ``detail`` is its text as stored."""
    return _salted(salt, {"who": who, "subject": subject, "detail": detail})


def row_commitment(salt: bytes, table: str, row: Mapping[str, Any]) -> str:
    """Return the hash of a row's contents, in hex."""
    return _salted(salt, {"table": table, "row": row})


def leaf(sequence: int, utc_ms: int, action: str, committed: str) -> bytes:
    """Return the bytes of a leaf.

    Examples
    --------
    >>> leaf(1, 5, "login", "00")
    b'{"action":"login","personal_sha256":"00","sequence":1,"utc_ms":5}'
    """
    return canonical({"sequence": sequence, "utc_ms": utc_ms, "action": action, "personal_sha256": committed})


def _salted(salt: bytes, value: object) -> str:
    return hashlib.sha256(salt + canonical(value)).hexdigest()
