"""Recordings: one MCAP file per visit, holding what arrived as it arrived, and how it was judged.

`RecordingWriter` and `read_recording` are the two doors; `recording_info` and
`repair` serve the command line; `manifest` lists the visits of a scan. The
format is described in docs/recording-format.md.
"""

from scanner.recording import manifest
from scanner.recording.anchor import Anchor, anchor_of, read_anchor
from scanner.recording.code_identity import software_version, source_sha256
from scanner.recording.errors import (
    RecordingDamaged,
    RecordingFailed,
    RecordingForeign,
    RecordingTooNew,
)
from scanner.recording.header import FORMAT_VERSION, RecordingHeader
from scanner.recording.info import Gap, RecordingInfo, recording_info
from scanner.recording.reader import RecordingReader, read_header, read_recording
from scanner.recording.records import Recorded, RecordedAssessment, Tick, mono_ns_of
from scanner.recording.salvage import RepairReport, repair
from scanner.recording.writer import RecordingWriter

__all__ = [
    "FORMAT_VERSION",
    "Anchor",
    "Gap",
    "Recorded",
    "RecordedAssessment",
    "RecordingDamaged",
    "RecordingFailed",
    "RecordingForeign",
    "RecordingHeader",
    "RecordingInfo",
    "RecordingReader",
    "RecordingTooNew",
    "RecordingWriter",
    "RepairReport",
    "Tick",
    "anchor_of",
    "manifest",
    "mono_ns_of",
    "read_anchor",
    "read_header",
    "read_recording",
    "recording_info",
    "repair",
    "software_version",
    "source_sha256",
]
