"""Writes checkpoints to every place the operator names, in a thread of its own: none holds the service."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from service.audit import checkpoints, note
from service.audit.key_file import signing_key
from service.store.database import Database

AGAIN_S = 30.0
STOPS_WITHIN_S = 3.0

log = logging.getLogger(__name__)


class CheckpointWriter:
    """Writes the newest checkpoint again and again between `start` and `stop`.

    A place that refuses gets the newest one half a minute later; it proves all that the missed ones would.

    Parameters
    ----------
    places : folders, or URLs of fsspec, beside the data folder's own.
    every_s : how often.

    Attributes
    ----------
    failing : places that have not taken the newest checkpoint, each with why.
    written : how many were written, all places together.
    """

    def __init__(self, database: Database, places: Sequence[str], every_s: float) -> None:
        self._database = database
        self._places = [str(database.path / checkpoints.FOLDER), *places]
        self._every_s = every_s
        self._sizes: dict[str, int] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self.failing: dict[str, str] = {}
        self.written = 0

    def start(self) -> None:
        """Begin: one checkpoint at once."""
        self._thread.start()

    def stop(self) -> None:
        """Write a last one; a place that hangs is left behind after some seconds."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(STOPS_WITHIN_S)

    def write(self) -> None:
        """Write the newest checkpoint wherever it is not yet; what refuses is in ``failing``."""
        try:
            key = signing_key(self._database.path)
            with self._database.reading() as c:
                size, text = checkpoints.newest(c, key)
                name = checkpoints.file_name(size, note.public_key(checkpoints.origin(c), key))
        except Exception as error:  # the store, or the key's file; the thread must go on
            self._failed("the log", error)
            return
        self.failing.pop("the log", None)
        for place in self._places:
            if self._sizes.get(place) == size:
                continue
            try:
                put(place, name, text)
            except Exception as error:  # whatever a library for a store raises
                self._failed(shown(place), error)
                continue
            self._sizes[place] = size
            self.failing.pop(shown(place), None)
            self.written += 1

    def warnings(self) -> list[str]:
        """Return what is wrong in words."""
        return [
            f"checkpoints of the audit log do not reach {place} ({why}): look at that place"
            for place, why in sorted(self.failing.copy().items())
        ]

    def _run(self) -> None:
        self.write()
        while not self._ends.wait(min(AGAIN_S, self._every_s) if self.failing else self._every_s):
            self.write()
        self.write()

    def _failed(self, place: str, error: Exception) -> None:
        why = str(error) or type(error).__name__
        if self.failing.get(place) != why:
            log.error("checkpoint of the audit log: %s: %s", place, why)
        self.failing[place] = why


def put(place: str, name: str, text: str) -> None:
    """Write a checkpoint into a folder or to a URL, whole or not at all."""
    if "://" not in place:
        _put_file(Path(place), name, text)
        return
    import fsspec  # with its store's library only where one is asked for

    fs, folder = fsspec.core.url_to_fs(place)
    with contextlib.suppress(NotImplementedError):
        fs.makedirs(folder, exist_ok=True)
    fs.pipe_file(f"{folder.rstrip('/')}/{name}", text.encode())


def shown(place: str) -> str:
    """Return a place as messages say it, without what may be a password.

    Examples
    --------
    >>> shown("ftp://lorry:secret@192.0.2.7/audit")
    'ftp://192.0.2.7/audit'
    """
    if "://" not in place:
        return place
    parts = urlsplit(place)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _put_file(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / f".{name}.{os.getpid()}"
    with whole.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    whole.replace(folder / name)
