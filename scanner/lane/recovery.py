"""After a stop or a crash: open scans are rebuilt from their recordings before the lane goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from drivers.api import LorryscanError
from scanner.pipeline import Scan
from scanner.recording.reader import read_recording
from scanner.recording.records import RecordedAssessment, Tick

_log = logging.getLogger(__name__)


def refeed(scan: Scan, recordings: Iterable[Path]) -> None:
    """Feed a scan what its earlier visits recorded, up to where each can be read, as replay would."""
    for path in recordings:
        try:
            for entry in read_recording(path):
                match entry:
                    case Tick():
                        scan.tick(entry.mono_ns)
                    case RecordedAssessment():
                        pass
                    case _:
                        scan.feed(entry)
        except LorryscanError as error:
            _log.warning("%s: %s", path, error)
