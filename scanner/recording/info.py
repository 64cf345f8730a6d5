"""Facts about a recording, as the command line prints them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from drivers.api import (
    Event,
    EventKind,
    Flag,
    Frame,
    LineBlock,
    LineScanEnd,
    RawBytes,
    WaveformBlock,
    reading_name,
)
from scanner.recording.anchor import Anchor, anchor_of
from scanner.recording.errors import RecordingDamaged
from scanner.recording.hashing import file_sha256
from scanner.recording.header import RecordingHeader
from scanner.recording.manifest import iso_utc
from scanner.recording.projection import projection_words
from scanner.recording.reader import RecordingReader
from scanner.recording.records import Recorded, RecordedAssessment, Tick, mono_ns_of

LEAST_SILENCE_S = 2.0
"""A link is called lost after this time at the earliest, however fast the device."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Readings that are missing: between two instants of this recording, s after its start."""

    sensor: str
    from_s: float
    to_s: float
    why: str


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """What a recording holds.

    ``whole`` is False for a file that was cut or damaged (``damage`` says how,
    "" for a plain cut; ``readable_bytes`` up to where). ``messages`` counts by
    topic; ``gaps`` lists the readings that are missing inside.
    """

    path: Path
    size_bytes: int
    sha256: str
    library: str
    header: RecordingHeader
    whole: bool
    damage: str
    readable_bytes: int
    started_utc: str | None
    ended_utc: str | None
    duration_s: float
    messages: dict[str, int]
    foreign_messages: int
    clock_steps_ns: tuple[int, ...]
    gaps: tuple[Gap, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the facts as a JSON object."""
        return {
            "path": str(self.path),
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "library": self.library,
            "recording": self.header.to_metadata(),
            "whole": self.whole,
            "damage": self.damage,
            "readable_bytes": self.readable_bytes,
            "started_utc": self.started_utc,
            "ended_utc": self.ended_utc,
            "duration_s": self.duration_s,
            "messages": self.messages,
            "foreign_messages": self.foreign_messages,
            "clock_steps_ns": list(self.clock_steps_ns),
            "gaps": [
                {"sensor": gap.sensor, "from_s": gap.from_s, "to_s": gap.to_s, "why": gap.why}
                for gap in self.gaps
            ],
        }

    def lines(self) -> list[str]:
        """Return the facts as lines of text."""
        header = self.header
        declared = header.declaration
        state = "whole"
        if not self.whole:
            cause = self.damage or "the file ends there"
            state = (
                f"NOT whole: readable up to byte {self.readable_bytes} of {self.size_bytes} ({cause}); "
                "'lorryscan recording repair' saves that part"
            )
        lines = [
            f"recording   {self.path}",
            f"state       {state}",
            f"sha256      {self.sha256}",
            f"scan        {header.scan_id}, visit {header.visit}, lane {header.lane}",
            f"vehicle     {declared.vehicle_class}, {declared.cargo}, plate {declared.plate or 'not given'}"
            + (f", profile {declared.profile}" if declared.profile else ""),
            f"time        {self.started_utc} to {self.ended_utc} ({self.duration_s:.3f} s)",
            f"written by  {self.library}, format {header.format_version}",
            f"code        {header.code_sha256 or 'not given'}",
        ]
        if said := projection_words(header):
            lines.insert(1, f"NOT REAL    {said}")
        lines += [f"messages    {count:8d}  {topic}" for topic, count in sorted(self.messages.items())]
        if self.foreign_messages:
            lines.append(f"messages    {self.foreign_messages:8d}  on other topics, not read")
        lines += [f"clock step  {step / 1e9:+.6f} s" for step in self.clock_steps_ns]
        lines += [f"gap         {g.from_s:.3f} s to {g.to_s:.3f} s  {g.sensor}: {g.why}" for g in self.gaps]
        return lines


@dataclass(slots=True)
class _Tally:
    """What is counted while a recording is gone through."""

    header: RecordingHeader
    messages: Counter[str] = field(default_factory=Counter)
    anchors: list[Anchor] = field(default_factory=list)
    start_ns: int | None = None
    end_ns: int = 0
    heard_ns: dict[str, int] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def take(self, record: Recorded) -> None:
        mono_ns = mono_ns_of(record)
        if self.start_ns is None:
            self.start_ns = mono_ns
        self.end_ns = max(self.end_ns, mono_ns)
        self.messages[_topic(record)] += 1
        if isinstance(record, Event) and record.kind is EventKind.ANCHOR:
            self.anchors.append(anchor_of(record))
        why = _declared_loss(record)
        if why and not isinstance(record, (Event, Tick, RecordedAssessment)):
            sensor = record.stamp.sensor
            self._gap(sensor, self.heard_ns.get(sensor, self.start_ns), mono_ns, why)
        if not isinstance(record, (Event, Tick, RecordedAssessment, RawBytes)):
            self._hear(record.stamp.sensor, reading_name(record), mono_ns)

    def finish(self) -> None:
        for sensor in self.header.sensors:
            if sensor.period_s > 0:
                self._silence(sensor.name, self.end_ns)
        self.gaps.sort(key=lambda gap: gap.from_s)

    def _hear(self, name: str, reads: str, mono_ns: int) -> None:
        if any(s.name == name and reads in s.reads for s in self.header.sensors):
            self._silence(name, mono_ns)
            self.heard_ns[name] = mono_ns

    def _silence(self, name: str, until_ns: int) -> None:
        sensor = next(s for s in self.header.sensors if s.name == name)
        since_ns = self.heard_ns.get(name, self.start_ns or 0)
        allowed_s = max(LEAST_SILENCE_S, 2 * sensor.period_s)
        if sensor.period_s > 0 and (until_ns - since_ns) / 1e9 > allowed_s:
            self._gap(name, since_ns, until_ns, f"silent for {(until_ns - since_ns) / 1e9:.1f} s")

    def _gap(self, sensor: str, from_ns: int, to_ns: int, why: str) -> None:
        start_ns = self.start_ns or 0
        self.gaps.append(Gap(sensor, (from_ns - start_ns) / 1e9, (to_ns - start_ns) / 1e9, why))


def recording_info(path: Path | str) -> RecordingInfo:
    """Go through a recording and return the facts about it.

    A cut or damaged recording gives the facts of its readable part.

    Raises
    ------
    RecordingForeign, RecordingTooNew : not a recording of this format.
    RecordingDamaged : nothing in it can be read.
    """
    reader = RecordingReader(path)
    tally = _Tally(reader.header)
    damage = ""
    try:
        for record in reader:
            tally.take(record)
    except RecordingDamaged as error:
        damage = reader.stream.damage or str(error)
    tally.finish()
    start_ns = tally.start_ns or 0
    anchors = tally.anchors
    return RecordingInfo(
        path=reader.path,
        size_bytes=reader.path.stat().st_size,
        sha256=file_sha256(reader.path),
        library=reader.library,
        header=reader.header,
        whole=reader.stream.whole and not damage,
        damage=damage,
        readable_bytes=reader.stream.readable_bytes,
        started_utc=iso_utc(anchors[0].log_time_ns(start_ns)) if anchors else None,
        ended_utc=iso_utc(anchors[-1].log_time_ns(tally.end_ns)) if anchors else None,
        duration_s=(tally.end_ns - start_ns) / 1e9 if anchors else 0.0,
        messages=dict(tally.messages),
        foreign_messages=reader.foreign_messages,
        clock_steps_ns=tuple(old.step_ns(new) for old, new in pairwise(anchors)),
        gaps=tuple(tally.gaps),
    )


def _topic(record: Recorded) -> str:
    match record:
        case Tick():
            return "/tick"
        case RecordedAssessment():
            return "/assessment"
        case Event():
            return "/event"
        case RawBytes():
            return f"/raw/{record.stamp.sensor}/{record.direction}"
        case _:
            return f"/{reading_name(record)}/{record.stamp.sensor}"


def _declared_loss(record: Recorded) -> str:
    match record:
        case WaveformBlock(samples_lost=lost) if lost:
            return f"{lost} samples lost before a block"
        case LineScanEnd(lines_sent=sent, lines_lost=lost, lines_received=received) if (
            lost or sent != received
        ):
            return f"{lost} lines lost in the detector, {sent - received} on the wire"
        case WaveformBlock() | Frame() | LineBlock() if Flag.GAP_BEFORE in record.flags:
            return "the device reports a gap"
    return ""
