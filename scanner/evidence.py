"""Evidence of one method and the assessment of one vehicle: what flows above the signals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt


class EvidenceState(StrEnum):
    """Whether a method has something to say."""

    PENDING = "pending"  # measuring; too early to tell
    READY = "ready"
    UNAVAILABLE = "unavailable"  # cannot tell, with the reason; never "nothing found"


class Recommendation(StrEnum):
    """What an officer is advised. None of these clears a lorry: the officer does."""

    NO_INDICATION = "no-indication"
    SEARCH = "search"
    RESCUE = "rescue"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code from ``scanner.wording`` and the values that its sentence needs."""

    code: str
    values: Mapping[str, float | str] = field(default_factory=dict)


Mark: TypeAlias = Literal["people", "hot_spot", "blind"]


@dataclass(frozen=True, slots=True)
class Box:
    """A region of an image in pixels of that image.

    Parameters
    ----------
    marks : what is there, which says what ``score`` is: "people" how much it looks like them, 0..1;
        "hot_spot" how much warmer than the view's median, K; "blind" the share of it that nothing is
        known of.
    """

    x: int
    y: int
    width: int
    height: int
    score: float
    marks: Mark = "people"


CURVES = ("beats", "rate", "spectrum", "breathing")
"""Kinds of `Overlay` that are rows of numbers, first what they are drawn over."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """Something to draw over a sensor's picture or trace.

    ``kind`` is "boxes", "heatmap" (``image`` float32 ``(h, w)`` in 0..1), or one of `CURVES`
    (``image`` float32 ``(rows, n)``): "beats" = seconds (0 = the newest that is known, older
    ones below 0) and chance of a beat; "rate" = seconds, beats a minute, their lower and
    upper end (one standard deviation); "spectrum" = hertz, vibration before and after what
    can be foretold is taken off, dB over 1 nm/s per root hertz; "breathing" = breaths a minute,
    motion of the chassis, dB over what is usual around each.
    """

    kind: str
    sensor: str
    boxes: tuple[Box, ...] = ()
    image: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one method says: natural-log likelihood ratio of occupied against empty.

    ``llr`` is 0 unless ``state`` is ready. ``score`` is the number that the
    calibration mapped; ``features`` what led to it; ``calibration_id`` and
    ``model_id`` say which fit and which network.
    """

    modality: str
    state: EvidenceState
    llr: float = 0.0
    reason: Reason | None = None
    score: float | None = None
    features: Mapping[str, float] = field(default_factory=dict)
    overlays: tuple[Overlay, ...] = ()
    calibration_id: str = ""
    model_id: str = ""


def unavailable(modality: str, code: str, **values: float | str) -> Evidence:
    """Return evidence that cannot tell, with its reason."""
    return Evidence(modality, EvidenceState.UNAVAILABLE, reason=Reason(code, values))


def pending(modality: str, code: str, **values: float | str) -> Evidence:
    """Return evidence that is still being measured, with what it waits for."""
    return Evidence(modality, EvidenceState.PENDING, reason=Reason(code, values))


@dataclass(frozen=True, slots=True)
class Persons:
    """Estimate of how many people are inside, given that somebody is."""

    low: int
    likely: int
    high: int


@dataclass(frozen=True, slots=True)
class LifeLimit:
    """Minutes until the mean air reaches a limit, ``co2`` in ppm or ``oxygen`` in percent.

    5, 50 and 95 % given that somebody is inside; ``inf`` = never.
    """

    gas: str
    limit: float
    low: float
    likely: float
    high: float


@dataclass(frozen=True, slots=True)
class LifePoint:
    """Mean CO2 inside so many minutes from now, ppm: 5, 50 and 95 % given that somebody is inside."""

    minutes: float
    low: float
    likely: float
    high: float


@dataclass(frozen=True, slots=True)
class OxygenNow:
    """Mean oxygen inside now, percent: 5, 50 and 95 % given that somebody is inside."""

    low: float
    likely: float
    high: float


class TemperatureLevel(StrEnum):
    """How dangerous the temperature in the load space is."""

    UNKNOWN = "unknown"  # not measured; says nothing about there being no danger
    NONE = "none"
    WATCH = "watch"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class TemperatureRisk:
    """Danger from cold or heat, apart from the air.

    ``minutes_low`` and ``minutes_high`` : until hypothermia or heat stroke can kill the
    least and the better protected; None where no source tells.
    """

    level: TemperatureLevel
    cold: bool = False
    minutes_low: float | None = None
    minutes_high: float | None = None


@dataclass(frozen=True, slots=True)
class LifeRisk:
    """Time until people inside are in danger, minutes, and why.

    ``minutes_low`` and ``minutes_high`` bound it; ``None`` means that it cannot
    be told (then ``reason`` says so), ``inf`` that the limit is not reached.
    Where the air inside could be estimated they are the 5 and 95 % of the time to
    40 000 ppm, and ``minutes_likely``, ``limits``, ``oxygen_pct`` and ``course`` say
    more; else those are None and empty.
    """

    minutes_low: float | None
    minutes_high: float | None
    reason: Reason
    minutes_likely: float | None = None
    limits: tuple[LifeLimit, ...] = ()
    oxygen_pct: OxygenNow | None = None
    temperature: TemperatureRisk = TemperatureRisk(TemperatureLevel.UNKNOWN)
    course: tuple[LifePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Fused:
    """All ready evidence in one ratio.

    Parameters
    ----------
    llr : natural-log likelihood ratio of occupied against empty.
    shares : what each method added to it; they add up to ``llr``.
    bound : the most that one source can add or take, infinite where sources are believed as they are.
    """

    llr: float
    shares: Mapping[str, float]
    bound: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """What all evidence together says at one tick.

    ``fused`` is the evidence in one ratio, before the prior; ``procedure`` says what to do
    with the probe now, the next step first; ``second_dip_due_utc_ms`` when another dip is worth
    it, None when it is not.
    """

    scan_id: str
    visit: int
    mono_ns: int
    final: bool
    posterior: float
    recommendation: Recommendation
    reasons: tuple[Reason, ...]
    persons: Persons | None
    life_risk: LifeRisk
    evidences: tuple[Evidence, ...]
    versions: Mapping[str, str]
    fused: Fused = Fused(0.0, {}, math.inf)
    procedure: tuple[Reason, ...] = ()
    second_dip_due_utc_ms: int | None = None
    digest: str = ""
