"""A campaign's folder: whose rows it holds, the rows themselves, and their digest."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from drivers.api import ConfigError
from scanner.campaign.whole_files import replace_file
from scanner.validation.outcome import Outcome, from_json, to_json

ROWS, IDENTITY = "rows.jsonl", "campaign.json"


class CampaignRows:
    """The rows of one campaign, one line of JSON a lorry, in the order in which they were finished.

    Rows stay on the disk; only their places are held.

    Parameters
    ----------
    folder : made when it is missing.
    identity : all that the rows depend on: the campaign, code, models, calibrations and policy.

    Raises
    ------
    ConfigError : the folder holds rows of another identity, or rows that cannot be read; says which. Another
        run writes there.
    OSError : the disk refuses.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.path = folder / ROWS
        folder.mkdir(parents=True, exist_ok=True)
        _check_identity(folder / IDENTITY, identity)
        self._places: dict[str, tuple[int, int]] = {}
        self._file = self.path.open("a+b")
        try:
            self._lock()
            self._find()
        except ConfigError:
            self._file.close()
            raise

    def __contains__(self, scan: str) -> bool:
        return scan in self._places

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(f"{self.path}: another run writes there: wait for it, or end it") from None

    def _find(self) -> None:
        begin = 0
        self._file.seek(0)
        for number, line in enumerate(self._file, start=1):
            if not line.endswith(b"\n"):
                break  # the process was killed while it wrote this one
            try:
                scan = from_json(line.decode()).scan
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigError(
                    f"{self.path}, line {number}: this is no row of a campaign ({error!r}): "
                    "remove the line, its lorry is then drawn again"
                ) from error
            self._places[scan] = begin, len(line)
            begin += len(line)
        self._file.truncate(begin)

    def add(self, row: Outcome) -> None:
        """Keep a row; it is on the disk when this returns."""
        line = f"{to_json(row)}\n".encode()
        begin = self._file.seek(0, os.SEEK_END)
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._places[row.scan] = begin, len(line)

    def __enter__(self) -> CampaignRows:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def lines(self, scans: Iterable[str]) -> Iterator[bytes]:
        """Yield the lines of some scans that there are."""
        for scan in scans:
            if scan in self._places:
                begin, size = self._places[scan]
                self._file.seek(begin)
                yield self._file.read(size)

    def rows(self, scans: Iterable[str]) -> Iterator[Outcome]:
        """Yield the rows of some scans that there are."""
        return (from_json(line.decode()) for line in self.lines(scans))

    def sort(self) -> None:
        """Put the file into the order of the lorries' numbers: equal campaigns become equal files."""
        ordered = sorted(self._places, key=lambda scan: (len(scan), scan))
        replace_file(self.path, self.lines(ordered))
        self._file.close()
        self._file = self.path.open("a+b")
        self._lock()
        self._find()


def rows_digest(lines: Iterable[bytes]) -> str:
    """Return the SHA-256 over rows in order, hex: equal for equal results.

    Examples
    --------
    >>> rows_digest([b"a", b"b"]) == hashlib.sha256(b"ab").hexdigest()
    True
    """
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


def _check_identity(path: Path, identity: Mapping[str, Any]) -> None:
    text = json.dumps(identity, indent=1, sort_keys=True) + "\n"
    if not path.exists():
        replace_file(path, [text.encode()])
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path} cannot be read ({error}): name another folder") from error
    now = json.loads(text)
    if found == now:
        return
    differing = [
        f"{part} {key} {found.get(part, {}).get(key)} (now {now[part][key]})"
        for part in now
        for key in now[part]
        if found.get(part, {}).get(key) != now[part][key]
    ]
    raise ConfigError(
        f"{path.parent} holds rows of another campaign: {', '.join(differing) or 'made by another version'}; "
        "name another folder with --out, or remove this one"
    )
