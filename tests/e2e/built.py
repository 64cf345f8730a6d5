"""The built page: which files a browser must have before it draws anything, and how large they are packed."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "service" / "static"
ENTRY = STATIC / "index.html"
FIRST_LIMIT_BYTES = 150_000
_NAMED = re.compile(r'(?:src|href)="/([^"]+)"')
_IMPORTED = re.compile(r"""\b(?:from|import)\s*["']\./([^"']+)["']""")  # not import(...): that comes later


def packed_bytes(files: Iterable[Path]) -> int:
    """Return how large files are, each packed by gzip."""
    return sum(len(gzip.compress(file.read_bytes(), 6)) for file in files)


def whole_build() -> list[Path]:
    """Return all files of the build, those of pages that nobody has gone to too."""
    return sorted(path for path in STATIC.rglob("*") if path.is_file())


@cache
def first_part() -> frozenset[Path]:
    """Return the entry, what it names, and all that those import before they run."""
    found = {ENTRY}
    waiting = [STATIC / name for name in _NAMED.findall(ENTRY.read_text(encoding="utf-8"))]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        if file.suffix == ".js":
            waiting += [file.parent / name for name in _IMPORTED.findall(file.read_text(encoding="utf-8"))]
    return frozenset(found)
