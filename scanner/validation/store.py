"""Rows that are kept: one judged scan for each recording and each version of what judged it.

A folder holds ``rows-ID.jsonl``, a line an outcome, for each identity (code, models, calibrations), with
the identity itself in ``rows-ID.json``, and ``files.jsonl``: which file had which hash when it was last
read, so that a file that did not change is not read again. Lines are only added. A line that a kill cut
off is dropped; one that is there twice counts once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import lzma
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import fsspec

from drivers.api import ConfigError
from scanner.methods import MethodKit
from scanner.recording.code_identity import software_version, source_sha256
from scanner.validation.outcome import Outcome, from_json, lean, to_json

FILES, LOCK = "files.jsonl", "lock"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a row depends on besides its recording.

    The demands of the vehicle classes come from the recording, or from the code.
    """

    version: str
    code: str
    models: Mapping[str, str]
    calibrations: str

    @property
    def id(self) -> str:
        """Short hash over all of it; the version's name is no part."""
        content = json.dumps([self.code, dict(self.models), self.calibrations], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def identity_of(kit: MethodKit) -> Identity:
    """Return the identity of this installation with these methods."""
    return Identity(software_version(), source_sha256(), kit.model_hashes(), kit.calibrations.id)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A recording as it was when it was last read: what it is a visit of, and its hash."""

    url: str
    stamp: str
    sha256: str
    scan: str
    visit: int


class Store:
    """The rows of one identity in a folder; one process at a time may have it.

    Attributes
    ----------
    rows : outcomes by source, `lean`; their file holds all.
    files : facts by path or URL.

    Raises
    ------
    ConfigError : another process has the folder.
    """

    def __init__(self, folder: Path, identity: Identity) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.identity = folder, identity
        self._lock = (folder / LOCK).open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise ConfigError(f"{folder}: another run writes there: wait for it, or name another") from None
        self._rows_path, self._files_path = folder / f"rows-{identity.id}.jsonl", folder / FILES
        rows = (_outcome(line) for line in whole_lines(self._rows_path))
        self.rows = {row.source: lean(row) for row in rows if row is not None}
        facts = (_facts(line) for line in whole_lines(self._files_path))
        self.files = {one.url: one for one in facts if one is not None}
        told = json.dumps(asdict(identity), indent=1, sort_keys=True) + "\n"
        (folder / f"rows-{identity.id}.json").write_text(told, encoding="utf-8")
        self._rows_file = self._rows_path.open("a", encoding="utf-8")
        self._files_file = self._files_path.open("a", encoding="utf-8")

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self._rows_file, self._files_file, self._lock):
            file.close()

    def add(self, outcome: Outcome) -> None:
        """Keep a row; of one source the first stays, as a second is the same."""
        if outcome.source not in self.rows:
            self.rows[outcome.source] = lean(outcome)
            _append(self._rows_file, to_json(outcome))

    def note(self, facts: FileFacts) -> None:
        """Keep what a file was when it was read."""
        if self.files.get(facts.url) != facts:
            self.files[facts.url] = facts
            _append(self._files_file, json.dumps(asdict(facts), sort_keys=True))


def whole_lines(path: Path) -> list[str]:
    """Return the lines of a file; one that a kill cut off is taken out, so that the next begins anew."""
    if not path.exists():
        return []
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    if end < len(content):
        with path.open("r+b") as file:
            file.truncate(end)
    return content[:end].decode(errors="replace").splitlines()


def read_rows(path: Path) -> list[Outcome]:
    """Return the rows of a file that another command wrote, a simulated campaign's for example; `lean`.

    Parameters
    ----------
    path : a line of JSON each; packed where its name ends in .gz or .xz.

    Raises
    ------
    ConfigError : it cannot be read, or a line is no row; with its number.
    """
    rows = []
    try:
        with fsspec.open(str(path), "rt", compression="infer", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                row = _outcome(line)
                if row is None:
                    raise ConfigError(
                        f"{path}: line {number} is no row of this version: finish what writes it first"
                    )
                rows.append(lean(row))
    except (OSError, EOFError, UnicodeDecodeError, lzma.LZMAError, zlib.error) as error:
        raise ConfigError(f"{path}: cannot be read ({error}): give a file of rows") from None
    return rows


def _append(file: TextIO, line: str) -> None:
    file.write(line + "\n")
    file.flush()


def _outcome(line: str) -> Outcome | None:
    try:
        return from_json(line)
    except (ValueError, KeyError, TypeError):
        return None  # it is judged again


def _facts(line: str) -> FileFacts | None:
    try:
        told: dict[str, Any] = json.loads(line)
        return FileFacts(**told)
    except (ValueError, TypeError):
        return None
