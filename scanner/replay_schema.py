"""Schema of ``lorryscan replay --json``, version 1: others judge us by it, so it only grows.

A new key may appear under the same version; a key that changes its meaning or
goes away makes the next version.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1

Minutes = Annotated[
    float | Literal["inf"] | None, Field(description='minutes; "inf" = not reached; null = cannot be told')
]
State = Literal["pending", "ready", "unavailable"]


class _Object(BaseModel):
    model_config = ConfigDict(extra="ignore")  # readers must live with keys that come later


class Reason(_Object):
    """Why, as a code, its values and a sentence in each language."""

    code: str
    values: dict[str, float | str]
    text: dict[Literal["en", "fr"], str]


class Box(_Object):
    """A region of the sensor's image, in its pixels; what it ``marks`` says what its score is."""

    sensor: str
    x: int
    y: int
    width: int
    height: int
    score: float
    marks: Literal["people", "hot_spot", "blind"] = "people"


class Curve(_Object):
    """Something to draw: rows of numbers, the first is x; ``kind`` says which.

    "beats": seconds, chance of a beat; "rate": seconds, beats a minute, lower and upper end;
    "spectrum": hertz, dB over 1 nm/s per root hertz before and after; "breathing": breaths a minute, dB.
    """

    kind: str
    sensor: str
    rows: list[list[float]]


class Fused(_Object):
    """All ready evidence in one natural-log likelihood ratio, and what each method added to it."""

    llr: float
    bound: float | Literal["inf"]
    shares: dict[str, float]


class Evidence(_Object):
    """The last word of one method: llr is the natural-log likelihood ratio, 0 unless ready."""

    modality: str
    state: State
    llr: float
    reason: Reason | None
    score: float | None
    features: dict[str, float | str]
    boxes: list[Box]
    curves: list[Curve] = []
    calibration: str
    model: str


class CoursePoint(_Object):
    """What a method said at one tick, seconds after the visit began."""

    visit: int
    elapsed_s: float
    llr: float
    state: State


class Persons(_Object):
    """How many people, if any."""

    low: int
    likely: int
    high: int


class LifeLimit(_Object):
    """Minutes until CO2 (``limit`` in ppm) or oxygen (in percent) is there: 5, 50 and 95 %."""

    gas: Literal["co2", "oxygen"]
    limit: float
    low: Minutes
    likely: Minutes
    high: Minutes


class LifePoint(_Object):
    """Mean CO2 inside so many minutes after the last tick, ppm: 5, 50 and 95 %."""

    minutes: float
    low: float
    likely: float
    high: float


class OxygenNow(_Object):
    """Mean oxygen inside, percent: 5, 50 and 95 %."""

    low: float
    likely: float
    high: float


class TemperatureRisk(_Object):
    """Danger from cold (or, if not ``cold``, heat), and when it can kill; null = no source tells."""

    level: Literal["unknown", "none", "watch", "danger"] = "unknown"
    cold: bool = False
    minutes_low: float | None = None
    minutes_high: float | None = None


class LifeRisk(_Object):
    """Time to danger, if people are inside; from ``minutes_likely`` on null or empty where not estimated."""

    minutes_low: Minutes
    minutes_high: Minutes
    reason: Reason
    minutes_likely: Minutes = None
    limits: list[LifeLimit] = []
    oxygen_pct: OxygenNow | None = None
    temperature: TemperatureRisk = TemperatureRisk()
    course: list[LifePoint] = []


class Vehicle(_Object):
    """As declared."""

    vehicle_class: str
    cargo: str
    plate: str
    laden: bool
    closed_minutes: float | None
    profile: str = Field(
        default="",
        exclude_if=lambda name: not name,
        description="risk profile; left out where none was declared",
    )


class RecordedWith(_Object):
    """Which code recorded the first visit."""

    version: str
    code_sha256: str


class Digests(_Object):
    """Recorded assessments whose digest came out again, and those whose did not."""

    equal: int
    different: int


class ScanResult(_Object):
    """One scan, replayed. Everything from posterior on is null or empty when no tick was recorded."""

    id: str
    files: list[str]
    visits: int
    lane: str
    vehicle: Vehicle
    duration_s: float
    ticks: int
    recorded_with: RecordedWith
    projection: dict[str, Any] | None = Field(
        default=None, description="what simulated people were put into the scan; null = a real one"
    )
    digests: Digests
    final: bool | None
    posterior: float | None
    fused: Fused | None
    recommendation: Literal["no-indication", "search", "rescue", "inconclusive"] | None
    reasons: list[Reason]
    persons: Persons | None
    life_risk: LifeRisk | None
    procedure: list[Reason] = Field(default=[], description="what to do with the CO2 probe, next step first")
    second_dip_due_utc_ms: int | None = Field(
        default=None, description="when a second CO2 dip is due; null = none is advised"
    )
    evidences: list[Evidence]
    versions: dict[str, str]
    digest: str | None
    course: dict[str, list[CoursePoint]]


class Failure(_Object):
    """A recording or scan that could not be replayed."""

    name: str
    error: str


class ReplayFile(_Object):
    """The whole file."""

    schema_version: Literal[1]
    scans: list[ScanResult]
    failed: list[Failure]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the whole file."""
    return ReplayFile.model_json_schema()
