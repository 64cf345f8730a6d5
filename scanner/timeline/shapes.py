"""A recorded scan as a page shows it. Times are seconds from the visit's beginning (``t_s``) unless named."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from scanner.evidence import EvidenceState, Recommendation
from scanner.lane.wire import AssessmentWire, PictureLive, UtcMs, Wire


class Happened(StrEnum):
    """What an event is of."""

    PROBE_IN = "probe_in"
    PROBE_OUT = "probe_out"
    DOORS_OPENED = "doors_opened"
    DOORS_CLOSED = "doors_closed"
    COMMAND = "command"
    FAULT = "fault"
    RECOVERED = "recovered"
    RECOMMENDATION = "recommendation"
    SCAN_END = "scan_end"


class TimelineSensor(Wire):
    """A sensor of the lane in this visit, and where it looks."""

    name: str
    role: str


class TimelineTrace(Wire):
    """One curve: lowest and highest about each time; the three lists have the same length, times rise.

    ``cancelled``: without what the past of all channels, the ground and the air foretell of it.
    """

    sensor: str
    channel: str = ""
    unit: str
    cancelled: bool = False
    t_s: list[float]
    low: list[float]
    high: list[float]


class TimelineEvent(Wire):
    """Something that happened; ``text`` says in each language what a fault lost, ``command`` the order."""

    t_s: float
    kind: Happened
    sensor: str = ""
    state: str = ""
    text: dict[str, str] = Field(default_factory=dict)
    command: str = ""
    by: str = ""
    recommendation: Recommendation | None = None
    final: bool = False


class TimelineStep(Wire):
    """The whole assessment as it stood from ``t_s`` on, without its curves."""

    t_s: float
    assessment: AssessmentWire


class TimelineCourse(Wire):
    """One method over time; ``llr`` is null where it had no answer."""

    modality: str
    t_s: list[float]
    llr: list[float | None]
    state: list[EvidenceState]


class TimelineFused(Wire):
    """All ready evidence in one ratio over time, and the ratios at which the scan ends, null = not known."""

    t_s: list[float]
    llr: list[float]
    search_llr: float | None = None
    no_indication_llr: float | None = None


class TimelineBeats(Wire):
    """When hearts beat, as the detector believes, and how sure it is of each beat, 0..1."""

    sensor: str
    t_s: list[float]
    chance: list[float]


class TimelinePicture(Wire):
    """A picture, there from ``t_s`` on; its pixels are at ``replay/pictures/{sensor}?at=<version>``."""

    t_s: float
    picture: PictureLive


class TimelineVisit(Wire):
    """One visit's recording.

    ``whole`` is false where it was cut off: nothing is known of what came after ``duration_s``. ``as_told``
    says whether the file is the one whose hash the lane told at the time; null: it told none.
    ``assessed`` says where ``steps`` are from: the recording, or today's methods where it holds none.
    """

    visit: int
    started_utc_ms: UtcMs
    duration_s: float
    sha256: str
    bytes: int
    whole: bool
    as_told: bool | None
    assessed: Literal["recorded", "replayed", "none"]
    sensors: list[TimelineSensor]
    traces: list[TimelineTrace]
    events: list[TimelineEvent]
    steps: list[TimelineStep]
    courses: list[TimelineCourse]
    fused: TimelineFused
    beats: TimelineBeats | None
    pictures: list[TimelinePicture]


class Timeline(Wire):
    """A scan's visits, each on its own line of time."""

    scan_id: str
    visits: list[TimelineVisit]
