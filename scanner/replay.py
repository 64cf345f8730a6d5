"""Replay: recorded visits go through today's pipeline, on the file's own ticks.

Runs the same `Scan` as the lane, in the order of the file, without a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.api import Event, Item
from scanner.canonical import assessment_json
from scanner.evidence import Assessment
from scanner.methods import MethodKit
from scanner.pipeline import Scan, declaration_data
from scanner.policy import recorded_policy
from scanner.recording.header import RecordingHeader
from scanner.recording.reader import read_recording
from scanner.recording.records import RecordedAssessment, Tick


@dataclass(slots=True)
class Replayed:
    """What replaying one scan gave.

    ``differences`` names models and calibrations that are not those of the
    recording; ``course`` maps a method to its (visit, elapsed_s, llr, state) at each tick.
    """

    header: RecordingHeader
    files: list[Path]
    duration_s: float = 0.0
    assessment: Assessment | None = None
    course: dict[str, list[tuple[int, float, float, str]]] = field(default_factory=dict)
    ticks: int = 0
    digests_equal: int = 0
    digests_different: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool | None:
        """Whether every recorded digest came out again; None when none was recorded."""
        if self.digests_equal + self.digests_different == 0:
            return None
        return self.digests_different == 0


def group_by_scan(
    recordings: Iterable[tuple[RecordingHeader, Path]], failed: dict[str, str]
) -> dict[str, list[tuple[RecordingHeader, Path]]]:
    """Sort recordings into scans, visits in order.

    A scan with a visit missing or there twice is left out and named in ``failed``.
    """
    scans: dict[str, list[tuple[RecordingHeader, Path]]] = {}
    for header, path in recordings:
        scans.setdefault(header.scan_id, []).append((header, path))
    for scan_id, visits in list(scans.items()):
        visits.sort(key=lambda entry: entry[0].visit)
        numbers = [header.visit for header, _ in visits]
        if numbers != list(range(1, len(numbers) + 1)):
            failed[scan_id] = (
                f"visits {', '.join(map(str, numbers))} given; name each visit's file once, from the first on"
            )
            del scans[scan_id]
    return scans


@dataclass(frozen=True, slots=True)
class ReplayedTick:
    """A scan as it stood at one tick of the file."""

    visit: int
    elapsed_s: float
    assessment: Assessment


def replay_scan(
    visits: list[tuple[RecordingHeader, Path]],
    kit: MethodKit,
    progress: Callable[[int], None] = lambda _bytes: None,
) -> Replayed:
    """Replay one scan.

    Parameters
    ----------
    progress : called with the number of bytes of raw payload or file finished.
    """
    result = Replayed(visits[0][0], [path for _, path in visits])
    for _ in replay_ticks(visits, kit, result, progress):
        pass
    return result


def replay_ticks(
    visits: list[tuple[RecordingHeader, Path]],
    kit: MethodKit,
    result: Replayed,
    progress: Callable[[int], None] = lambda _bytes: None,
) -> Iterator[ReplayedTick]:
    """Replay one scan and yield it at each tick; ``result`` is filled in as it goes.

    Who has seen enough may stop asking: nothing further is read.
    """
    first = visits[0][0]
    policy = recorded_policy(first.config)
    scan = Scan(
        first.scan_id,
        first.declaration,
        first.sensors_by_name(),
        kit.make(),
        kit.calibrations,
        policy,
        kit.versions(policy),
    )
    for header, path in visits:
        scan.equip(header.sensors_by_name(), recorded_policy(header.config))
        result.differences += _differences(header, kit)
        start_ns: int | None = None
        last_ns = 0
        computed = ""
        for entry in read_recording(path):
            match entry:
                case Tick():
                    assessment = scan.tick(entry.mono_ns)
                    result.assessment, computed = assessment, assessment.digest
                    result.ticks += 1
                    last_ns = entry.mono_ns
                    _follow_course(result, scan.view.elapsed_s)
                    yield ReplayedTick(assessment.visit, scan.view.elapsed_s, assessment)
                case RecordedAssessment():
                    _compare(result, entry.assessment, computed)
                case _:
                    start_ns = _mono_ns(entry) if start_ns is None else start_ns
                    last_ns = max(last_ns, _mono_ns(entry))
                    scan.feed(entry)
        result.duration_s += (last_ns - start_ns) / 1e9 if start_ns is not None else 0.0
        progress(path.stat().st_size)


def _mono_ns(item: Item) -> int:
    return item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns


def _compare(result: Replayed, recorded: Mapping[str, Any], computed: str) -> None:
    if recorded.get("digest") == computed:
        result.digests_equal += 1
    else:
        result.digests_different += 1


def _follow_course(result: Replayed, elapsed_s: float) -> None:
    if result.assessment is None:
        return
    for evidence in result.assessment.evidences:
        point = (result.assessment.visit, round(elapsed_s, 3), evidence.llr, evidence.state.value)
        result.course.setdefault(evidence.modality, []).append(point)


def _differences(header: RecordingHeader, kit: MethodKit) -> list[str]:
    """Name what computed the recorded assessments and is not in force now."""
    now = {**kit.model_hashes(), "evidence": kit.calibrations.id}
    then = {**header.models, **header.calibrations}
    return [
        f"visit {header.visit} was recorded with {name} {value[:12]}"
        for name, value in sorted(then.items())
        if now.get(name) != value
    ]


def replayed_json(result: Replayed) -> dict[str, Any]:
    """Return one scan's result as JSON values; the schema is in docs/replay-json.md."""
    content: dict[str, Any] = {
        "id": result.header.scan_id,
        "files": [path.name for path in result.files],
        "visits": len(result.files),
        "lane": result.header.lane,
        "vehicle": declaration_data(result.header.declaration),
        "duration_s": result.duration_s,
        "ticks": result.ticks,
        "recorded_with": {
            "version": result.header.software_version,
            "code_sha256": result.header.code_sha256,
        },
        "projection": dict(result.header.projection) or None,
        "digests": {
            "equal": result.digests_equal,
            "different": result.digests_different,
        },
    }
    if result.assessment is None:
        nothing = ("final", "posterior", "fused", "recommendation", "persons", "life_risk", "digest")
        return {
            **content,
            **dict.fromkeys(nothing),
            "second_dip_due_utc_ms": None,
            "reasons": [],
            "procedure": [],
            "evidences": [],
            "versions": {},
            "course": {},
        }
    final = assessment_json(result.assessment)
    return {
        **content,
        "final": final["final"],
        "posterior": final["posterior"],
        "fused": final["fused"],
        "recommendation": final["recommendation"],
        "reasons": final["reasons"],
        "persons": final["persons"],
        "life_risk": final["life_risk"],
        "procedure": final["procedure"],
        "second_dip_due_utc_ms": final["second_dip_due_utc_ms"],
        "evidences": final["evidences"],
        "versions": final["versions"],
        "digest": final["digest"],
        "course": {
            name: [
                {"visit": visit, "elapsed_s": t, "llr": llr, "state": state}
                for visit, t, llr, state in points
            ]
            for name, points in result.course.items()
        },
    }
