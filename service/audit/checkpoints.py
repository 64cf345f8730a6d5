"""Signed checkpoints of a store's audit log, and the folder of those that were written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from drivers.api import ConfigError
from service.audit import merkle, note
from service.audit.note import Checkpoint, PublicKey
from service.store import audit

FOLDER = "checkpoints"
SUFFIX = ".checkpoint"


def origin(c: Connection) -> str:
    """Return the name of the log; its first entry is made with the store."""
    return note.origin_of(audit.node_of(c)(0, 0))


def newest(c: Connection, private: Ed25519PrivateKey) -> tuple[int, str]:
    """Return the size of the log now, and its checkpoint."""
    size, node = audit.size(c), audit.node_of(c)
    return size, note.signed(note.origin_of(node(0, 0)), size, merkle.root(size, node), private)


def file_name(size: int, key: PublicKey) -> str:
    """Return what a checkpoint is called; copies of a service that write to one place do not meet.

    Examples
    --------
    >>> file_name(1234, PublicKey("log", bytes(32)))
    '000000001234-5d68977d.checkpoint'
    """
    return f"{size:012d}-{key.number.hex()}{SUFFIX}"


def read(path: Path) -> Mapping[str, Checkpoint]:
    """Return the checkpoints of a folder, or the one in a file, by name.

    Raises
    ------
    ConfigError : there is no such file or folder, or a file in it is no checkpoint.
    """
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    found = {}
    for file in files:
        try:
            found[file.name] = note.parse(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror or error}: check the path") from None
        except ValueError as error:
            raise ConfigError(f"{file}: {error}") from None
    return found
