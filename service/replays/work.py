"""Makes one scan ready, in a process of its own: ``python -m service.replays.work FOLDER`` < its files."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from drivers.api import LorryscanError
from scanner.recording.errors import RecordingForeign, RecordingTooNew
from scanner.timeline.build import RecordingChanged, VisitFile, build_timeline
from scanner.validation.source import SourceFailed, open_store
from service.replays.task import FETCHED, PICTURES, REFUSED, TIMELINE

NICE = 5
_CODES = {
    RecordingTooNew: "recording_too_new",
    RecordingChanged: "recording_changed",
    RecordingForeign: "recording_foreign",
    SourceFailed: "recording_unreachable",
}


def main(folder: Path, task: list[dict[str, Any]]) -> int:
    """Write the line of time of these recordings, and its pictures, into a folder."""
    try:
        files = [_local(folder, number, one) for number, one in enumerate(task, 1)]
        built = build_timeline(files, folder)
    except LorryscanError as error:
        code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "recording_damaged")
        # where the files lie is no business of who looks at a scan
        sys.stdout.write(json.dumps({"code": code, "detail": _plain(str(error), folder, task)}))
        return REFUSED
    (folder / PICTURES).write_text(json.dumps(built.pictures))
    (folder / TIMELINE).write_text(built.timeline.model_dump_json())
    return 0


def _local(folder: Path, number: int, one: dict[str, Any]) -> VisitFile:
    store, path = open_store(one["url"])
    local = Path(path)
    if not local.is_absolute() or not local.exists():
        local = folder / f"{FETCHED}{number}.mcap"
        try:
            store.get_file(path, str(local))
        except Exception as error:  # each store has exceptions of its own
            raise SourceFailed(f"the recording of visit {number} cannot be fetched: {error}") from error
    return VisitFile(local, one["sha256"], one["size_bytes"])


def _plain(words: str, folder: Path, task: list[dict[str, Any]]) -> str:
    for number, one in enumerate(task, 1):
        path = open_store(one["url"])[1]
        for hidden in (str(folder / f"{FETCHED}{number}.mcap"), one["url"], path):
            words = words.replace(hidden, f"the recording of visit {number}")
    return words


if __name__ == "__main__":
    with contextlib.suppress(OSError):
        os.nice(NICE)
    sys.exit(main(Path(sys.argv[1]), json.load(sys.stdin)))
