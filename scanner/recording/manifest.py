"""The list of a scan's visits: one small JSON file a scan, replaced as a whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from scanner.recording.errors import RecordingDamaged, RecordingTooNew
from scanner.recording.hashing import file_sha256
from scanner.recording.writer import sync_folder

MANIFEST_VERSION = 1
MANIFEST_FILE = "manifest.json"
SCAN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit and its recording.

    ``file`` is a name in the scan's folder; ``ended_utc`` and ``sha256`` are
    None while it runs; ``whole`` is False where the recording was cut off.
    """

    visit: int
    file: str
    started_utc: str
    ended_utc: str | None = None
    sha256: str | None = None
    whole: bool | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A scan: its lane, its declaration as JSON, its visits, and whether it is still open."""

    scan_id: str
    lane: str
    declaration: Mapping[str, Any]
    state: str = "open"
    closed_utc: str | None = None
    visits: tuple[Visit, ...] = ()
    manifest_version: int = field(default=MANIFEST_VERSION)

    @property
    def is_open(self) -> bool:
        """Tell whether the scan may get another visit."""
        return self.state == "open"


def scan_folder(data_dir: Path | str, scan_id: str) -> Path:
    """Return the folder of a scan.

    Raises
    ------
    ValueError : the id is not made of letters, digits, ``-`` and ``_``.
    """
    if not SCAN_ID.fullmatch(scan_id):
        raise ValueError(f"{scan_id!r} is no scan id")
    return Path(data_dir) / "scans" / scan_id


def visit_path(data_dir: Path | str, scan_id: str, visit: Visit) -> Path:
    """Return the path of a visit's recording."""
    return scan_folder(data_dir, scan_id) / visit.file


def create(data_dir: Path | str, scan_id: str, lane: str, declaration: Mapping[str, Any]) -> Manifest:
    """Make a scan's folder with a manifest without visits.

    Parameters
    ----------
    declaration : JSON values only.

    Raises
    ------
    FileExistsError : the scan exists.
    """
    folder = scan_folder(data_dir, scan_id)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    made = Manifest(scan_id, lane, dict(declaration))
    _save(data_dir, made)
    sync_folder(folder.parent)
    return made


def load(data_dir: Path | str, scan_id: str) -> Manifest:
    """Read a scan's manifest.

    Raises
    ------
    FileNotFoundError : there is no such scan.
    RecordingTooNew : written by a newer lorryscan.
    RecordingDamaged : not a manifest.
    """
    return _read(scan_folder(data_dir, scan_id) / MANIFEST_FILE)


def add_visit(data_dir: Path | str, scan_id: str, started_utc_ns: int) -> Visit:
    """Enter the next visit, before its recording is made, and return it.

    Raises
    ------
    ValueError : the scan is closed.
    """
    manifest = _open_one(data_dir, scan_id)
    number = max((visit.visit for visit in manifest.visits), default=0) + 1
    visit = Visit(number, f"visit-{number:02}.mcap", iso_utc(started_utc_ns))
    _save(data_dir, replace(manifest, visits=(*manifest.visits, visit)))
    return visit


def close_visit(
    data_dir: Path | str, scan_id: str, visit: int, ended_utc_ns: int, *, whole: bool = True
) -> Visit:
    """Enter a visit's end and the SHA-256 of its recording as it lies on the disk.

    Parameters
    ----------
    whole : False for a recording that was cut off and found later.

    Raises
    ------
    LookupError : there is no such visit.
    FileNotFoundError : its recording is missing.
    """
    manifest = load(data_dir, scan_id)
    found = next((entry for entry in manifest.visits if entry.visit == visit), None)
    if found is None:
        raise LookupError(f"scan {scan_id} has no visit {visit}")
    closed = replace(
        found,
        ended_utc=iso_utc(ended_utc_ns),
        sha256=file_sha256(visit_path(data_dir, scan_id, found)),
        whole=whole,
    )
    visits = tuple(closed if entry is found else entry for entry in manifest.visits)
    _save(data_dir, replace(manifest, visits=visits))
    return closed


def forget_visit(data_dir: Path | str, scan_id: str, visit: int) -> None:
    """Take back the newest visit, whose recording never began.

    Raises
    ------
    LookupError : it is not the newest, or its recording exists.
    """
    manifest = load(data_dir, scan_id)
    newest = manifest.visits[-1] if manifest.visits else None
    if newest is None or newest.visit != visit or visit_path(data_dir, scan_id, newest).exists():
        raise LookupError(f"scan {scan_id}: visit {visit} cannot be taken back")
    _save(data_dir, replace(manifest, visits=manifest.visits[:-1]))


def close_scan(data_dir: Path | str, scan_id: str, closed_utc_ns: int | None = None) -> Manifest:
    """Enter that a scan gets no further visit.

    Raises
    ------
    ValueError : the scan is closed already.
    """
    closed_utc = None if closed_utc_ns is None else iso_utc(closed_utc_ns)
    closed = replace(_open_one(data_dir, scan_id), state="closed", closed_utc=closed_utc)
    _save(data_dir, closed)
    return closed


def open_scans(data_dir: Path | str) -> list[Manifest]:
    """Return the scans that are still open, oldest id first (ids sort by time).

    A folder whose manifest was never finished (the machine stopped in between)
    holds no visit and is passed over.

    Raises
    ------
    RecordingDamaged, RecordingTooNew : a manifest cannot be read; it is named.
    """
    files = sorted((Path(data_dir) / "scans").glob(f"*/{MANIFEST_FILE}"))
    return [manifest for manifest in map(_read, files) if manifest.is_open]


def iso_utc(utc_ns: int) -> str:
    """Return a wall time as ISO 8601 text in UTC, to the microsecond.

    Examples
    --------
    >>> iso_utc(1_700_000_000_123_456_789)
    '2023-11-14T22:13:20.123456Z'
    """
    seconds, rest_ns = divmod(utc_ns, 1_000_000_000)
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC).replace(microsecond=rest_ns // 1000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _open_one(data_dir: Path | str, scan_id: str) -> Manifest:
    manifest = load(data_dir, scan_id)
    if not manifest.is_open:
        raise ValueError(f"scan {scan_id} is closed: start a new scan")
    return manifest


def _read(file: Path) -> Manifest:
    text = file.read_bytes()
    try:
        fields = json.loads(text)
        version = fields["manifest_version"]
        if version > MANIFEST_VERSION:
            raise RecordingTooNew(f"{file} has manifest version {version}: update lorryscan to open it")
        fields["visits"] = tuple(Visit(**visit) for visit in fields["visits"])
        return Manifest(**fields)
    except (ValueError, TypeError, KeyError) as error:
        if isinstance(error, RecordingTooNew):
            raise
        raise RecordingDamaged(
            f"{file} is not a manifest ({error}): restore it, or move its folder out of scans"
        ) from error


def _save(data_dir: Path | str, manifest: Manifest) -> None:
    file = scan_folder(data_dir, manifest.scan_id) / MANIFEST_FILE
    fresh = file.with_suffix(".json.new")
    text = json.dumps(asdict(manifest), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with fresh.open("wb") as out:
        out.write(text.encode())
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
    sync_folder(file.parent)
