"""Files that are replaced as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def replace_file(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file so that whoever reads it finds the old content or the new one, never a part.

    Raises
    ------
    OSError : the disk refuses; the old content stays.
    """
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as out:
        out.writelines(parts)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)
