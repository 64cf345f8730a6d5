"""Passwords as Argon2id hashes; a wrong name costs the same time as a wrong password."""

from __future__ import annotations

import functools
import secrets
import threading
import unicodedata

from pwdlib import PasswordHash

# a hash takes 64 MiB: forty threads at once would take the machine
_AT_ONCE = threading.BoundedSemaphore(2)
_ARGON2ID = PasswordHash.recommended()


def hash_password(password: str) -> str:
    """Return the Argon2id hash with its salt and parameters."""
    with _AT_ONCE:
        return _ARGON2ID.hash(_typed(password))


def password_matches(password: str, kept: str | None) -> bool:
    """Say whether a password is the one kept; None is never matched, and takes as long."""
    with _AT_ONCE:
        right = _ARGON2ID.verify(_typed(password), kept or _nobody())
    return right and kept is not None


@functools.cache
def _nobody() -> str:
    return _ARGON2ID.hash(secrets.token_bytes(32))


def _typed(password: str) -> bytes:
    # one keyboard sends é as one character, another as two: RFC 8265, section 4
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


_nobody()  # at once, or the first unknown name would take twice as long
