"""Tokens of sessions and lanes: shown once, kept as their SHA-256."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Return 32 random bytes as text."""
    return secrets.token_urlsafe(32)


def token_sha256(token: str) -> str:
    """Return what is kept of a token: a random one needs no slow hash.

    Examples
    --------
    >>> token_sha256("abc")[:8]
    'ba7816bf'
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
