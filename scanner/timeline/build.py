"""Builds the line of time of a recorded scan from its recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.certificates import CalibrationMissing
from calibration.store import load_calibrations
from drivers.api import (
    ConfigError,
    DeviceState,
    Event,
    Frame,
    LineBlock,
    LineScanEnd,
    LorryscanError,
    Sample,
    WaveformBlock,
)
from scanner.lane.wire import AssessmentWire
from scanner.limits import limits_of
from scanner.policy import recorded_policy
from scanner.recording.anchor import Anchor, anchor_of
from scanner.recording.errors import RecordingDamaged
from scanner.recording.hashing import file_sha256
from scanner.recording.header import RecordingHeader
from scanner.recording.reader import RecordingReader
from scanner.recording.records import Recorded, RecordedAssessment, mono_ns_of
from scanner.timeline.course import Course
from scanner.timeline.curves import Curves
from scanner.timeline.happened import Events
from scanner.timeline.images import Images
from scanner.timeline.shapes import Timeline, TimelineSensor, TimelineVisit


class RecordingChanged(LorryscanError, ValueError):
    """A recording is not the file whose hash the lane told.

    Examples: a copy that was cut off on its way; a file that somebody changed.
    """


@dataclass(frozen=True, slots=True)
class VisitFile:
    """A visit's recording, and what was told of it when it was written; None = nothing was.

    Parameters
    ----------
    sha256, size_bytes : of the file as the lane closed it.
    """

    path: Path
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """The line of time, and the files of its pictures: sensor → version → name."""

    timeline: Timeline
    pictures: dict[str, dict[int, str]]


def build_timeline(files: Sequence[VisitFile], folder: Path) -> Built:
    """Read a scan's recordings, visits in order; pictures are written into ``folder``.

    Raises
    ------
    RecordingChanged : a file is another one than was told.
    RecordingForeign, RecordingTooNew, RecordingDamaged : see `scanner.recording.reader`.
    """
    pictures: dict[str, dict[int, str]] = {}
    visits: list[tuple[RecordingHeader, TimelineVisit, Course, Clock]] = []
    for file in files:
        sha256 = _checked(file)
        reading = _Visit(RecordingReader(file.path), folder, pictures)
        visits.append((reading.header, reading.visit(file, sha256), reading.course, reading.clock))
    told = [visit for _, visit, _, _ in visits]
    if not any(course.steps for _, _, course, _ in visits):
        # models are loaded for those only that need them: it takes longer than all else
        from scanner.timeline.again import assessed_again

        told = assessed_again(visits, [file.path for file in files])
    return Built(Timeline(scan_id=visits[0][0].scan_id, visits=told), pictures)


def _checked(file: VisitFile) -> str:
    sha256 = file_sha256(file.path)
    if file.sha256 is not None and sha256 != file.sha256:
        size = file.path.stat().st_size
        if file.size_bytes is not None and size < file.size_bytes:
            raise RecordingChanged(
                f"{file.path.name} is cut off: {size} of the {file.size_bytes} bytes that the lane wrote are "
                "here: copy it again from the lane"
            )
        raise RecordingChanged(
            f"{file.path.name} is not the file that the lane wrote (its SHA-256 differs): "
            "copy it again from the lane"
        )
    return sha256


@dataclass(slots=True)
class Clock:
    """Monotonic times as seconds from the visit's beginning, and as wall time by its first anchor."""

    start_ns: int | None = None
    anchor: Anchor | None = None

    def t_s(self, mono_ns: int) -> float:
        if self.start_ns is None:
            self.start_ns = mono_ns
        return (mono_ns - self.start_ns) / 1e9

    def utc_ms(self, t_s: float) -> int:
        if self.anchor is None or self.start_ns is None:
            return 0
        return max(0, round((self.anchor.log_time_ns(self.start_ns) / 1e9 + t_s) * 1e3))


class _Visit:
    """One pass over a recording."""

    def __init__(self, reader: RecordingReader, folder: Path, files: dict[str, dict[int, str]]) -> None:
        self._reader, self.header = reader, reader.header
        sensors = reader.header.sensors_by_name()
        self.clock = Clock()
        self._curves, self._events, self.course = Curves(sensors), Events(sensors), Course()
        self._images = Images(reader.header.scan_id, sensors, folder, self.clock.utc_ms)
        self._images.files = files
        self._heard_s = self._end_s = 0.0

    def _read(self) -> Iterator[tuple[Recorded, float]]:
        for record in self._reader:
            if self.clock.anchor is None and isinstance(record, Event):
                self.clock.anchor = anchor_of(record)  # a recording begins with one
            t_s = self.clock.t_s(mono_ns_of(record))
            self._end_s = max(self._end_s, t_s)
            yield record, t_s

    def visit(self, file: VisitFile, sha256: str) -> TimelineVisit:
        """Read it all."""
        for record, t_s in self._read():
            match record:
                case Sample() | WaveformBlock():
                    self._curves.take(record, t_s)
                    if isinstance(record, WaveformBlock):
                        self._heard_s = t_s
                case Frame() | LineBlock() | LineScanEnd():
                    self._images.take(record, t_s)
                case Event() | DeviceState():
                    self._events.take(record, t_s)
                case RecordedAssessment():
                    assessment = assessment_of(record.assessment)
                    self.course.take(assessment, t_s, self._heard_s)
                    self._events.assessed(assessment, t_s)
                case _:
                    pass
        course, header = self.course, self.header
        return TimelineVisit(
            visit=header.visit,
            started_utc_ms=self.clock.utc_ms(0.0),
            duration_s=round(self._end_s, 3),
            sha256=sha256,
            bytes=file.path.stat().st_size,
            whole=self._reader.stream.whole,
            as_told=None if file.sha256 is None else True,
            assessed="recorded" if course.steps else "none",
            sensors=[TimelineSensor(name=s.name, role=s.role.value) for s in header.sensors],
            traces=self._curves.traces(),
            events=self._events.all(),
            steps=course.thinned(),
            courses=course.courses(),
            fused=course.fused(limits_in(header)),
            beats=course.beats(),
            pictures=self._images.all(),
        )


def assessment_of(content: Any) -> AssessmentWire:
    """Return an assessment as it was recorded; raises RecordingDamaged where it is none."""
    try:
        return AssessmentWire.model_validate(content)
    except ValueError as error:
        raise RecordingDamaged(f"an assessment in the recording cannot be read: {error}") from error


def limits_in(header: RecordingHeader) -> tuple[float, float] | None:
    """Return the ratios at which the scan ended for a search, and for no indication; None: not known."""
    vehicle = header.declaration.vehicle_class
    try:
        found = limits_of(recorded_policy(header.config)[vehicle], load_calibrations(None), vehicle)
    except (ConfigError, CalibrationMissing):
        return None
    return found.search_llr, found.no_indication_llr
