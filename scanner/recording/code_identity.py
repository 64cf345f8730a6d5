"""Which code ran: the version and a hash of the installed sources."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import metadata, util
from pathlib import Path

PACKAGES = ("calibration", "drivers", "models", "scanner", "service")
SOURCE_SUFFIXES = (".py", ".toml", ".json", ".csv", ".proto")


@cache
def software_version() -> str:
    """Return the installed version of the distribution."""
    return metadata.version("lorryscan")


@cache
def source_sha256(packages: Sequence[str] = PACKAGES) -> str:
    """Return the SHA-256 over path, length and content of every source file, hex.

    Tables count as sources, since results depend on them; compiled files and
    model weights do not (models are recorded with hashes of their own).
    Without any import of the packages: they lie above and below this one.
    """
    digest = hashlib.sha256()
    for package in sorted(packages):
        spec = util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            continue
        root = Path(next(iter(spec.submodule_search_locations)))
        for file in sorted(root.rglob("*")):
            if file.suffix in SOURCE_SUFFIXES and file.is_file():
                content = file.read_bytes()
                name = f"{package}/{file.relative_to(root).as_posix()}"
                digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
