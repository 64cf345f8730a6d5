"""Where a scan's recordings are, by what the lane told of them and what the folders hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from scanner.recording.errors import RecordingDamaged
from scanner.recording.manifest import MANIFEST_FILE, SCAN_ID
from scanner.recording.salvage import REPAIRED_SUFFIX
from scanner.validation.source import SUFFIX, open_store
from service.store import tables
from service.store.privacy_tables import minimised


@dataclass(frozen=True, slots=True)
class Told:
    """What a lane told of a visit's recording when it closed it."""

    file: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A visit's recording that is here.

    Parameters
    ----------
    stamp : changes when its content does, without reading it.
    told : None where the lane told nothing of it, as while the visit runs.
    """

    url: str
    stamp: str
    size_bytes: int
    told: Told | None


def told(c: Connection, scan_id: str) -> list[Told]:
    """Return what the lane told of a scan's recordings."""
    m = tables.messages.c
    kinds = ("visit_ended", "visit_interrupted")
    query = select(m.raw).where(m.scan_id == scan_id, m.kind.in_(kinds)).order_by(m.sequence)
    found: dict[str, Told] = {}
    for raw in c.execute(query).scalars():
        one = json.loads(raw)["body"].get("recording")
        if one:
            found[one["file"]] = Told(one["file"], one["bytes"], one["sha256"])
    return list(found.values())


def is_erased(c: Connection, scan_id: str) -> bool:
    """Tell whether the personal parts of a scan were erased."""
    return c.execute(select(minimised).where(minimised.c.scan_id == scan_id)).first() is not None


def find(folders: Sequence[str], lane_id: str, scan_id: str, known: Iterable[Told]) -> list[FoundFile]:
    """Return a scan's recordings, visits in order; none where no folder has the scan.

    A folder is a lane's data folder, one of several lanes' by their names, or of scans.

    Raises
    ------
    ConfigError : no module reads URLs of a folder's kind.
    RecordingDamaged : some visits' recordings are here, and some are not.
    OSError : a folder cannot be read.
    """
    if not SCAN_ID.fullmatch(scan_id):
        return []
    by_name = {one.file: one for one in known}
    for folder in folders:
        store, root = open_store(folder)
        for within in (f"scans/{scan_id}", f"{lane_id}/scans/{scan_id}", scan_id):
            files = _files(store, f"{root.rstrip('/')}/{within}", by_name)
            if files:
                return files
    return []


def _files(store: Any, folder: str, known: dict[str, Told]) -> list[FoundFile]:
    try:
        listed = store.ls(folder, detail=True)
    except FileNotFoundError:
        return []
    facts = {str(each["name"]).rsplit("/", 1)[-1]: each for each in listed}
    here = [n for n in sorted(facts) if n.endswith(SUFFIX) and not n.endswith(REPAIRED_SUFFIX)]
    if not here:
        return []
    if MANIFEST_FILE in facts:
        listed_here = _visits(store, folder, facts)
        wanted, known = list(listed_here), {**{n: t for n, t in listed_here.items() if t}, **known}
    else:
        wanted = sorted({*here, *known})
    missing = [name for name in wanted if name not in facts]
    if missing:
        raise RecordingDamaged(f"{', '.join(missing)} of this scan is not here: copy it from the lane")
    return [
        FoundFile(
            url=str(store.unstrip_protocol(facts[name]["name"])),
            stamp=str(store.ukey(facts[name]["name"])),
            size_bytes=int(facts[name]["size"]),
            told=known.get(name),
        )
        for name in wanted
    ]


def _visits(store: Any, folder: str, facts: Mapping[str, Any]) -> dict[str, Told | None]:
    """Return the visits' files that the manifest lists, with their hash where the lane had closed them."""
    try:
        manifest = json.loads(store.cat_file(f"{folder}/{MANIFEST_FILE}"))
        return {
            str(visit["file"]): Told(visit["file"], int(facts[visit["file"]]["size"]), visit["sha256"])
            if visit["sha256"] and visit["file"] in facts
            else None
            for visit in manifest["visits"]
        }
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingDamaged(f"the scan's {MANIFEST_FILE} cannot be read: {error}") from error
