"""Scans made ready for a page: one at a time, in a process of its own, the last few kept."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from service.api.problems import Problem
from service.replays.find import FoundFile
from service.replays.task import FETCHED, PICTURES, REFUSED, TIMELINE

KEPT = 6
MOST_WAITING = 8
LONGEST_S = 300.0
ANSWER_WITHIN_S = 3.0
_STATUS = {"recording_unreachable": 503}

log = logging.getLogger("lorryscan.service")


@dataclass(frozen=True, slots=True)
class Ready:
    """A scan that is ready: its line of time as JSON, and where its pictures are."""

    folder: Path
    pictures: dict[str, dict[str, str]]

    def timeline(self) -> bytes:
        """Return the line of time."""
        return (self.folder / TIMELINE).read_bytes()

    def picture(self, sensor: str, version: int) -> bytes | None:
        """Return a picture's PNG."""
        name = self.pictures.get(sensor, {}).get(str(version))
        return None if name is None else (self.folder / name).read_bytes()


@dataclass
class Shelf:
    """What is ready, and what is being made; all of it on the event loop.

    Parameters
    ----------
    largest_bytes : recordings of one scan that are larger together are refused.
    """

    largest_bytes: float
    _ready: dict[str, Ready] = field(default_factory=dict)
    _making: dict[str, asyncio.Task[Ready]] = field(default_factory=dict)
    _one: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    _root: Path | None = None

    async def get(self, files: Sequence[FoundFile]) -> Ready:
        """Return a scan that is ready, or is within a few seconds.

        Raises
        ------
        Problem : 413 too large, 422 for what cannot be read, 429 when too many wait, 503
            ``replay_preparing`` while it takes longer: to be asked again.
        """
        key = _key(files)
        if key in self._ready:
            ready = self._ready[key] = self._ready.pop(key)  # to the end: the first is the longest unused
            return ready
        if sum(file.size_bytes for file in files) > self.largest_bytes:
            raise Problem(413, "recording_too_large", "The recording is larger than this service opens.")
        making = self._making.get(key)
        if making is None:
            if len(self._making) >= MOST_WAITING:
                raise Problem(
                    429,
                    "too_many_replays",
                    "Others wait for past scans: try again soon.",
                    {"Retry-After": "10"},
                )
            making = self._making[key] = asyncio.create_task(self._make(files))
            making.add_done_callback(lambda task: self._made(key, task))
        await asyncio.wait({making}, timeout=ANSWER_WITHIN_S)
        if not making.done():
            raise Problem(
                503, "replay_preparing", "The recording is being read: ask again.", {"Retry-After": "1"}
            )
        return making.result()

    def _made(self, key: str, task: asyncio.Task[Ready]) -> None:
        self._making.pop(key, None)
        if task.cancelled() or task.exception() is not None:
            return
        self._ready[key] = task.result()
        while len(self._ready) > KEPT:
            oldest = self._ready.pop(next(iter(self._ready)))
            shutil.rmtree(oldest.folder, ignore_errors=True)

    async def _make(self, files: Sequence[FoundFile]) -> Ready:
        async with self._one:
            if self._root is None:
                self._root = Path(tempfile.mkdtemp(prefix="lorryscan-replays-"))
            folder = Path(tempfile.mkdtemp(dir=self._root))
            try:
                await _work(folder, files)
                pictures = json.loads((folder / PICTURES).read_bytes())
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            for fetched in folder.glob(f"{FETCHED}*"):
                fetched.unlink()
            return Ready(folder, pictures)

    def close(self) -> None:
        """End what is being made, and let go of what is ready."""
        for task in self._making.values():
            task.cancel()
        self._ready.clear()
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)


def _key(files: Sequence[FoundFile]) -> str:
    said = [(file.url, file.stamp, file.size_bytes, file.told and file.told.sha256) for file in files]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


async def _work(folder: Path, files: Sequence[FoundFile]) -> None:
    task = [
        {
            "url": file.url,
            "sha256": file.told and file.told.sha256,
            "size_bytes": file.told and file.told.size_bytes,
        }
        for file in files
    ]
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "service.replays.work",
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(LONGEST_S):
            said, _ = await child.communicate(json.dumps(task).encode())
    except TimeoutError:
        raise Problem(422, "replay_too_long", "Reading the recording takes too long.") from None
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode == REFUSED:
        refused = json.loads(said)
        raise Problem(_STATUS.get(refused["code"], 422), refused["code"], refused["detail"])
    if child.returncode != 0:
        log.error("a past scan could not be made ready: status %s", child.returncode)
        raise Problem(500, "replay_failed", "The recording could not be made ready: see the service's log.")
