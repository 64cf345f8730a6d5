"""The key that signs checkpoints: made at first use in the service's folder, readable by its user alone."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from drivers.api import ConfigError

FILE = "audit-key.pem"


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """Return the folder's key; made when there is none.

    Raises
    ------
    ConfigError : the file cannot be read, or holds another kind of key.
    """
    path = folder / FILE
    made = Ed25519PrivateKey.generate()
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        whole = folder / f"{FILE}.{os.getpid()}"
        descriptor = os.open(whole, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            os.write(descriptor, pem)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(whole, path)  # whole or not at all, and never over one that is there
        except FileExistsError:
            pass
        finally:
            whole.unlink()
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}: check the rights of the folder") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path} holds no Ed25519 key: put the file back, or remove it for a new key")
    return key
