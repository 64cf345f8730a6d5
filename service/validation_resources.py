"""What is told of a validation report: what judged, its key figures, and whether lanes run the same."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from scanner.lane.wire import Said, UtcMs
from service.resource_base import Resource

Share = Annotated[float, Field(ge=0, le=1)]


class _Told(Resource):
    """Part of a results.json: what else stands there is left out."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class ShareTold(_Told):
    """A share of scans with its 95 % interval; without any scan its value is null."""

    hits: Annotated[int, Field(ge=0)]
    of: Annotated[int, Field(ge=0)]
    value: Share | None
    low: Share
    high: Share


class NoIndicationTold(ShareTold):
    """Occupied scans that were told no-indication, with the one-sided 95 % bound ``upper``."""

    upper: Share


class RatesTold(_Told):
    """Detection and false alarms are search or rescue; workload is what would be opened of the empty ones."""

    detection: ShareTold
    false_alarms: ShareTold
    workload: ShareTold
    no_indication: NoIndicationTold


class MethodTold(_Told):
    """Methods together, at the threshold that at most 1 % of the empty scans exceed."""

    methods: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=20)]
    detection: ShareTold
    false_alarms: ShareTold


class PredictiveTold(_Told):
    """What an alarm and silence mean where a share ``base_rate`` of the lorries hides somebody.

    ``alarm_finds_low`` takes the bad ends of both intervals; null: nothing alarms.
    """

    base_rate: Annotated[float, Field(gt=0, lt=1)]
    alarm_finds: Share | None
    alarm_finds_low: Share | None
    silent_hides: Share | None
    silent_hides_high: Share | None


class CountsTold(_Told):
    """How many scans were judged."""

    scans: int
    occupied: int
    empty: int


class AboutTold(_Told):
    """What judged: code, calibration set, policy, models by id with their SHA-256; "" = not told."""

    version: Annotated[str, Field(max_length=200)] = ""
    code: Annotated[str, Field(max_length=200)] = ""
    calibrations: Annotated[str, Field(max_length=200)] = ""
    policy: Annotated[str, Field(max_length=200)] = ""
    models: Annotated[dict[str, str], Field(max_length=50, default_factory=dict)]


class LaneVersions(Resource):
    """What a lane's newest assessment was made with; ``told_utc_ms`` null: it has assessed nothing lately."""

    lane_id: str
    told_utc_ms: UtcMs | None
    versions: dict[str, str]


class SameAsLane(Resource):
    """Whether a lane runs what a report judged; null: one of both does not tell."""

    lane_id: str
    code: bool | None
    models: bool | None
    calibrations: bool | None
    policy: bool | None


class Figures(Resource):
    """A report's key figures; ``methods``: all together first, then each alone."""

    counts: CountsTold
    rates: RatesTold
    methods: list[MethodTold]
    predictive: list[PredictiveTold]
    cautions: list[Said]


class ValidationReport(Resource):
    """A report. Without ``figures`` its results cannot be read: ``problem`` says why.

    ``written_utc_ms`` is the time of its file; ``has_page``: there is a report.html to show.
    """

    name: str
    written_utc_ms: UtcMs
    about: AboutTold
    figures: Figures | None
    same: list[SameAsLane]
    has_page: bool
    problem: str = ""


class ValidationReports(Resource):
    """All reports, the newest first, and what lanes run now; ``shipped``: of the product's own folder."""

    shipped: bool
    reports: list[ValidationReport]
    lanes: list[LaneVersions]
