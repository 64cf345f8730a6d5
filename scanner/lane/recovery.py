"""After a crash: open scans are rebuilt from their recordings before the lane goes on."""

from __future__ import annotations

from pathlib import Path

from scanner.pipeline import Scan
from scanner.recording.reader import read_recording
from scanner.recording.records import RecordedAssessment, Tick


def refeed(scan: Scan, visits: list[Path]) -> None:
    """Feed a scan what its earlier visits recorded, as replay would."""
    for path in visits:
        for entry in read_recording(path):
            match entry:
                case Tick():
                    scan.tick(entry.mono_ns)
                case RecordedAssessment():
                    pass
                case _:
                    scan.feed(entry)
