"""After a stop or a crash: open scans are rebuilt from their recordings before the lane goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from drivers.api import LorryscanError
from scanner.evidence import Reason
from scanner.pipeline import Scan
from scanner.policy import recorded_policy
from scanner.recording import manifest
from scanner.recording.errors import RecordingForeign
from scanner.recording.projection import projection_words
from scanner.recording.reader import read_header, read_recording
from scanner.recording.records import RecordedAssessment, Tick

_log = logging.getLogger(__name__)


def find_open_scans(data_dir: Path) -> tuple[list[manifest.Manifest], list[Reason]]:
    """Return the open scans, oldest first, and a reason for each manifest that cannot be read.

    A damaged manifest must not keep a lane from starting; its folder is left as it is.
    """
    found, faults = [], []
    for folder in sorted((data_dir / "scans").glob("*/")):
        try:
            one = manifest.load(data_dir, folder.name)
        except FileNotFoundError:
            continue  # cut off before anything of it was known
        except (LorryscanError, ValueError, OSError) as error:
            faults.append(Reason("scan_not_taken_up", {"scan": folder.name, "why": str(error)}))
            continue
        if one.is_open:
            found.append(one)
    return found, faults


def refeed(scan: Scan, recordings: Iterable[Path]) -> list[Reason]:
    """Feed a scan what its earlier visits recorded, up to where each can be read, as replay would.

    Returns
    -------
    A reason for each recording that could not be read to its end.
    """
    faults = []
    for path in recordings:
        try:
            header = read_header(path)
            if said := projection_words(header):
                raise RecordingForeign(f"{path} is a {said}: move it out of the lane's data")
            scan.equip(header.sensors_by_name(), recorded_policy(header.config))
            for entry in read_recording(path):
                match entry:
                    case Tick():
                        scan.tick(entry.mono_ns)
                    case RecordedAssessment():
                        pass
                    case _:
                        scan.feed(entry)
        except (LorryscanError, OSError) as error:
            _log.warning("%s: %s", path, error)
            faults.append(Reason("recording_unreadable", {"file": path.name, "why": str(error)}))
    return faults
