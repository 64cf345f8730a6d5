"""What a recording holds besides readings and events: pipeline ticks and assessments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from drivers.api import Event, Item


@dataclass(frozen=True, slots=True)
class Tick:
    """The pipeline was asked for an assessment at ``mono_ns``; replay asks at the same place."""

    mono_ns: int


@dataclass(frozen=True, slots=True)
class RecordedAssessment:
    """What the pipeline answered: a JSON object with at least a ``digest``."""

    mono_ns: int
    assessment: Mapping[str, Any]


Recorded: TypeAlias = Item | Tick | RecordedAssessment
"""Everything that a recording holds, in the order in which it happened."""


def mono_ns_of(record: Recorded) -> int:
    """Return the host monotonic time of anything recorded, ns."""
    if isinstance(record, (Event, Tick, RecordedAssessment)):
        return record.mono_ns
    return record.stamp.mono_ns
