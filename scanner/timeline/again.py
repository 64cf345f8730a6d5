"""Recordings that hold no assessment are assessed by today's methods, on their own ticks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scanner.canonical import assessment_json
from scanner.methods import load_kit
from scanner.recording.header import RecordingHeader
from scanner.replay import Replayed, replay_ticks
from scanner.timeline.build import Clock, assessment_of, limits_in
from scanner.timeline.course import Course
from scanner.timeline.happened import Events
from scanner.timeline.shapes import TimelineVisit


def assessed_again(
    visits: Sequence[tuple[RecordingHeader, TimelineVisit, Course, Clock]], files: Sequence[Path]
) -> list[TimelineVisit]:
    """Return the visits with what today's methods say of them."""
    paths = [(header, file) for (header, *_), file in zip(visits, files, strict=True)]
    events: dict[int, Events] = {}
    by_visit = {header.visit: (course, clock, header) for header, _, course, clock in visits}
    for tick in replay_ticks(paths, load_kit(), Replayed(paths[0][0], [path for _, path in paths])):
        course, clock, header = by_visit[tick.visit]
        assessment = assessment_of(assessment_json(tick.assessment))
        t_s = clock.t_s(tick.assessment.mono_ns)
        course.take(assessment, t_s, t_s)
        events.setdefault(tick.visit, Events(header.sensors_by_name())).assessed(assessment, t_s)
    told = []
    for header, visit, course, _ in visits:
        further = events[header.visit].all() if header.visit in events else []
        told.append(
            visit.model_copy(
                update={
                    "assessed": "replayed" if course.steps else "none",
                    "steps": course.thinned(),
                    "courses": course.courses(),
                    "fused": course.fused(limits_in(header)),
                    "beats": course.beats(),
                    "events": sorted([*visit.events, *further], key=lambda event: event.t_s),
                }
            )
        )
    return told
