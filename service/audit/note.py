"""Checkpoints as signed notes: what the log was at a size, in words that any transparency tool reads.

C2SP tlog-checkpoint in a C2SP signed-note, with Ed25519. The log's origin comes from its first leaf, so
that copies of a service that share a store speak of one log, each with a key of its own.

References
----------
https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from drivers.api import ConfigError, LorryscanError

_ED25519 = b"\1"
_DASH = "\u2014 "


class NoteDamaged(LorryscanError, ValueError):
    """A text is no checkpoint.

    Examples: a file that was cut short; a page of a proxy that asks for a login in its place.
    """


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Who signs: the log's origin and an Ed25519 key."""

    name: str
    key: bytes

    @property
    def number(self) -> bytes:
        """Return the four bytes that signatures name the key by."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.number.hex()}+{base64.b64encode(_ED25519 + self.key).decode()}"

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Return the key that ``lorryscan audit key`` printed.

        Raises
        ------
        ConfigError : it is none.
        """
        name, _, rest = text.strip().partition("+")
        number, _, coded = rest.partition("+")
        try:
            whole = base64.b64decode(coded, validate=True)
        except binascii.Error:
            whole = b""
        made = cls(name, whole[1:])
        if not name or whole[:1] != _ED25519 or len(whole) != 33 or made.number.hex() != number:
            raise ConfigError(f"{text[:80]!r} is no public key: give what `lorryscan audit key` prints")
        return made


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was: its origin, how many entries, the root of their tree; and who signed."""

    origin: str
    size: int
    root: bytes
    body: str
    signatures: tuple[tuple[str, bytes], ...]

    def signed_by(self, key: PublicKey) -> bool:
        """Say whether a key's signature is there and right."""
        for name, signed in self.signatures:
            if name == key.name and signed[:4] == key.number:
                try:
                    Ed25519PublicKey.from_public_bytes(key.key).verify(signed[4:], self.body.encode())
                except (InvalidSignature, ValueError):
                    continue
                return True
        return False


def origin_of(first_leaf: bytes) -> str:
    """Return the name of the log that begins with this leaf.

    Examples
    --------
    >>> origin_of(bytes(32))
    'lorryscan.audit/0000000000000000'
    """
    return f"lorryscan.audit/{first_leaf.hex()[:16]}"


def public_key(name: str, private: Ed25519PrivateKey) -> PublicKey:
    """Return the public part of a log's key."""
    return PublicKey(name, private.public_key().public_bytes_raw())


def signed(origin: str, size: int, root: bytes, private: Ed25519PrivateKey) -> str:
    """Return the text of a checkpoint."""
    body = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    signature = public_key(origin, private).number + private.sign(body.encode())
    return f"{body}\n{_DASH}{origin} {base64.b64encode(signature).decode()}\n"


def parse(text: str) -> Checkpoint:
    """Return what a checkpoint says; who signed it is not checked.

    Raises
    ------
    NoteDamaged : it is no checkpoint.
    """
    body, gap, below = text.rpartition("\n\n")
    lines = body.split("\n")
    try:
        if not gap or len(lines) < 3 or not lines[0] or not below.endswith("\n"):
            raise ValueError
        if not lines[1].isascii() or not lines[1].isdigit() or (lines[1][0] == "0" and lines[1] != "0"):
            raise ValueError
        root = base64.b64decode(lines[2], validate=True)
        signatures = []
        for line in below.rstrip("\n").split("\n"):
            name, _, coded = line.removeprefix(_DASH).partition(" ")
            if not line.startswith(_DASH) or not name:
                raise ValueError
            signatures.append((name, base64.b64decode(coded, validate=True)))
        if len(root) != 32:
            raise ValueError
    except ValueError:
        raise NoteDamaged("is no checkpoint: its text was changed or cut short") from None
    return Checkpoint(lines[0], int(lines[1]), root, body + "\n", tuple(signatures))
