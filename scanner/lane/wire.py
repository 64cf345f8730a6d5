"""What a lane and the service say to each other: messages, live view, commands, as JSON.

A lane posts **messages** from its outbox, each once and in order (``key`` is a ULID, so posting
again is harmless), and a **live view** twice a second, which may be lost. The service sends **orders**
over a stream that the lane opens. Unknown keys are kept in messages and ignored elsewhere: a lane
may be newer than its service.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from scanner.evidence import EvidenceState, Mark, Recommendation, TemperatureLevel
from scanner.policy import MOST_PROFILES
from scanner.vehicle import CargoClass, VehicleClass

Ulid = Annotated[
    str, Field(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$", examples=["01JD8Z6W8S4N0T7K3Q5V9X2B1C"])
]
Name = Annotated[str, Field(min_length=1, max_length=64)]
By = Annotated[str, Field(max_length=64)]
Plate = Annotated[str, Field(max_length=24)]
Profile = Annotated[str, Field(max_length=40, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
VisitNumber = Annotated[int, Field(ge=1, le=9999)]
GATE = "gate:"
"""How the name of who gave an order begins where a gate did."""

UtcMs = Annotated[int, Field(ge=0, le=2**53 - 1, description="milliseconds since 1970")]


class Wire(BaseModel):
    """Base of what travels: frozen; unknown keys are ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,  # what is sent is always whole
    )


class Said(Wire):
    """A reason as code, values and sentence in each language."""

    code: Annotated[str, Field(max_length=64)]
    values: dict[str, float | str] = {}
    text: dict[str, Annotated[str, Field(max_length=2000)]] = {}


class DeclarationWire(Wire):
    """What papers and driver say of the vehicle; ``closed_minutes`` since its doors were shut.

    ``profile`` is the risk profile that it is declared to belong to, "" = none.
    """

    vehicle_class: VehicleClass
    cargo: CargoClass
    plate: Plate = ""
    laden: bool = False
    closed_minutes: Annotated[float, Field(ge=0, lt=1e6)] | None = None
    profile: Profile = ""


class BoxWire(Wire):
    """A region of a sensor's picture, in that picture's pixels; ``score`` is of what it ``marks``.

    "people": how much it looks like them, 0..1; "hot_spot": K above the view's median; "blind": the
    share of it that nothing is known of.
    """

    sensor: Name
    x: int
    y: int
    width: int
    height: int
    score: float
    marks: Mark = "people"


class CurveWire(Wire):
    """Something to draw: ``kind`` says what the rows are (``scanner.evidence.Overlay``), the first is x."""

    kind: Name
    sensor: Name
    rows: Annotated[list[Annotated[list[float], Field(max_length=2000)]], Field(max_length=8)] = []


class EvidenceWire(Wire):
    """One method's evidence; ``llr`` is the natural logarithm of the likelihood ratio."""

    modality: Name
    state: EvidenceState
    llr: float
    reason: Said | None = None
    score: float | None = None
    features: dict[str, float | str] = {}
    boxes: list[BoxWire] = []
    curves: Annotated[list[CurveWire], Field(max_length=20)] = []
    calibration: str = ""
    model: str = ""


class PersonsWire(Wire):
    """How many people, given that somebody is inside."""

    low: int
    likely: int
    high: int


class LifeLimitWire(Wire):
    """Minutes until a limit of the air is reached: 5, 50 and 95 % if people are inside; "inf" = never.

    ``limit`` is in ppm of ``co2``, in percent of ``oxygen``.
    """

    gas: Annotated[str, Field(max_length=16)]
    limit: float
    low: float | Literal["inf"]
    likely: float | Literal["inf"]
    high: float | Literal["inf"]


class LifePointWire(Wire):
    """Mean CO2 inside so many minutes after the assessment, ppm: 5, 50 and 95 % if people are inside."""

    minutes: float
    low: float
    likely: float
    high: float


class OxygenNowWire(Wire):
    """Mean oxygen inside, percent: 5, 50 and 95 % if people are inside."""

    low: float
    likely: float
    high: float


class TemperatureRiskWire(Wire):
    """Danger of cold or heat; minutes until it kills the least and the better protected, null = not told."""

    level: TemperatureLevel = TemperatureLevel.UNKNOWN
    cold: bool = False
    minutes_low: float | None = None
    minutes_high: float | None = None


class LifeRiskWire(Wire):
    """Minutes until people inside are in danger: null = cannot be told, "inf" = never reached.

    ``limits``, ``oxygen_pct`` and ``course`` are there where the air inside could be estimated; then
    the minutes are the 5, 50 and 95 % of the time to 40 000 ppm of CO2.
    """

    minutes_low: float | Literal["inf"] | None
    minutes_high: float | Literal["inf"] | None
    reason: Said
    minutes_likely: float | Literal["inf"] | None = None
    limits: Annotated[list[LifeLimitWire], Field(max_length=20)] = []
    oxygen_pct: OxygenNowWire | None = None
    temperature: TemperatureRiskWire = TemperatureRiskWire()
    course: Annotated[list[LifePointWire], Field(max_length=100)] = []


class FusedWire(Wire):
    """All ready evidence in one natural-log likelihood ratio; ``shares`` are what each method added to it."""

    llr: float
    bound: float | Literal["inf"]
    shares: dict[str, float]


class AssessmentWire(Wire):
    """What all evidence together says at one tick, as in the recording.

    Unknown keys are kept: the digest counts them.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    scan_id: Ulid
    visit: VisitNumber
    mono_ns: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
    final: bool
    posterior: Annotated[float, Field(ge=0, le=1)]
    recommendation: Recommendation
    reasons: list[Said]
    persons: PersonsWire | None
    life_risk: LifeRiskWire
    evidences: list[EvidenceWire]
    fused: FusedWire | None = None
    procedure: list[Said] = []
    second_dip_due_utc_ms: UtcMs | None = None
    digest: str
    versions: dict[str, str] = {}


class ScanOpened(Wire):
    """A lorry was declared and its scan began."""

    declaration: DeclarationWire
    by: By


class RecordingWire(Wire):
    """A visit's recording as it lies on the lane's disk; ``whole`` is false where it was cut off."""

    file: Annotated[str, Field(max_length=200)]
    bytes: Annotated[int, Field(ge=0, le=2**53 - 1)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    whole: bool


class VisitEnded(Wire):
    """A visit is over: decided, left, ended by an officer, or the lane stopped."""

    why: Annotated[str, Field(max_length=200)]
    visit: VisitNumber
    assessment: AssessmentWire
    recording: RecordingWire | None = None


class VisitInterrupted(Wire):
    """A visit was cut off by a crash or a power cut."""

    why: Annotated[str, Field(max_length=200)]
    visit: Annotated[int, Field(ge=0, le=9999)]
    recording: RecordingWire | None = None


class ScanClosed(Wire):
    """An officer ended the scan."""

    by: By


class CommandAnswer(Wire):
    """What became of an order: ``done``, or why not."""

    command: Ulid
    done: bool
    answer: Said


class _Message(Wire):
    key: Ulid
    created_utc_ns: Annotated[int, Field(ge=0, le=2**63 - 1)]


class ScanOpenedMessage(_Message):
    """See `ScanOpened`."""

    kind: Literal["scan_opened"]
    scan_id: Ulid
    body: ScanOpened


class AssessmentMessage(_Message):
    """The recommendation changed, or became final."""

    kind: Literal["assessment"]
    scan_id: Ulid
    body: AssessmentWire


class VisitEndedMessage(_Message):
    """See `VisitEnded`."""

    kind: Literal["visit_ended"]
    scan_id: Ulid
    body: VisitEnded


class VisitInterruptedMessage(_Message):
    """See `VisitInterrupted`."""

    kind: Literal["visit_interrupted"]
    scan_id: Ulid
    body: VisitInterrupted


class ScanClosedMessage(_Message):
    """See `ScanClosed`."""

    kind: Literal["scan_closed"]
    scan_id: Ulid
    body: ScanClosed


class CommandAnswerMessage(_Message):
    """See `CommandAnswer`; ``scan_id`` is empty where no scan is meant."""

    kind: Literal["command_answer"]
    scan_id: Ulid | Literal[""] = ""
    body: CommandAnswer


Message = Annotated[
    ScanOpenedMessage
    | AssessmentMessage
    | VisitEndedMessage
    | VisitInterruptedMessage
    | ScanClosedMessage
    | CommandAnswerMessage,
    Field(discriminator="kind"),
]


class DeviceLive(Wire):
    """One device now: ``text`` says in each language what is wrong and what to do ("" when nothing is).

    ``detail`` is what the driver said, in its own words; ``newest`` its newest reading in
    words of each language.
    """

    name: Name
    role: str
    state: Literal["opening", "warming_up", "ready", "degraded", "lost", "closed"]
    text: dict[str, str]
    detail: str = ""
    newest: dict[str, str] = {}
    since_utc_ms: UtcMs | None = None


class TraceLive(Wire):
    """New points of one curve: ``low`` and ``high`` are equal for a scalar, the envelope for a waveform.

    The three lists have the same length; times rise. ``role`` is what a waveform's channel looks at, "" of
    scalars. ``cancelled``: of a chassis channel, without what the past of all channels, the ground and the
    air foretell of it.
    """

    sensor: Name
    channel: str = ""
    role: str = ""
    unit: str
    cancelled: bool = False
    t_utc_ms: list[int]
    low: list[float]
    high: list[float]


class PictureLive(Wire):
    """A picture that the lane has; its pixels travel apart as a grey PNG of 8 or 16 bits.

    ``low`` is the value of grey 0 and ``high`` that of grey ``white``, in ``unit``. The three greys above
    ``white`` are no values: saturated, not penetrated, missing. ``pixel_mm`` is the height of a pixel and
    ``places_mm`` how far along the lorry evenly spread columns are, from the first column's middle to the
    last's; null and empty where nobody told. ``version`` changes with the picture; ``heat`` says that a
    second PNG, the heat map of the model, goes with it; ``passing`` says that the lorry is still passing
    and the picture grows; ``taken_utc_ms`` is when its last line or frame arrived.
    """

    sensor: Name
    kind: Literal["thermal", "xray"]
    version: int
    width: Annotated[int, Field(ge=1, le=10**6)]
    height: Annotated[int, Field(ge=1, le=10**6)]
    unit: str
    low: float
    high: float
    white: Annotated[int, Field(ge=1, le=65_535)] = 255
    pixel_mm: Annotated[float, Field(gt=0, le=1e4)] | None = None
    places_mm: Annotated[list[float], Field(max_length=200)] = []
    scan_id: str = ""
    heat: bool = False
    passing: bool = False
    taken_utc_ms: UtcMs | None = None


class WaitingLive(Wire):
    """An open scan whose lorry is not in the lane."""

    scan_id: Ulid
    plate: Plate = ""
    visits: int
    recommendation: Recommendation | None = None
    second_dip_due_utc_ms: UtcMs | None = None


class LimitsLive(Wire):
    """Fused natural-log ratios at or beyond which a scan may end: search above, no indication below."""

    search_llr: float
    no_indication_llr: float


class Live(Wire):
    """A lane at one moment. ``run`` names the lane's process, ``sequence`` rises within it.

    ``prior`` is the assumed share of occupied lorries that the posterior starts from: of the declared risk
    profile, of the declared class where the lane's policy does not name it. ``profiles`` are those that the
    policy names, by class. ``limits`` are those of the lorry in the lane. ``assessed_utc_ms`` is the moment
    that ``assessment`` is of.
    """

    run: Ulid
    sequence: int
    utc_ms: UtcMs
    scan_id: Ulid | Literal[""] = ""
    visit: int = 0
    declaration: DeclarationWire | None = None
    elapsed_s: float = 0.0
    time_limit_s: float | None = None
    prior: Annotated[float, Field(gt=0, lt=1)] | None = None
    limits: LimitsLive | None = None
    profiles: dict[VehicleClass, Annotated[list[Profile], Field(max_length=MOST_PROFILES)]] = {}
    probe_in: bool = False
    assessment: AssessmentWire | None = None
    assessed_utc_ms: UtcMs | None = None
    devices: Annotated[list[DeviceLive], Field(max_length=200)]
    waiting: Annotated[list[WaitingLive], Field(max_length=500)] = []
    faults: Annotated[list[Said], Field(max_length=50)] = []
    untold: int = 0
    traces: Annotated[list[TraceLive], Field(max_length=500)] = []
    pictures: Annotated[list[PictureLive], Field(max_length=20)] = []


class LiveAnswer(Wire):
    """What the service has: its run, and the newest version of each picture by sensor.

    A lane that sees another ``run`` than before sends its traces of the last minute again.
    """

    run: str
    pictures: dict[str, int]


class StartOrder(Wire):
    """Open a scan of the lorry that stands in the lane."""

    name: Literal["start"]
    declaration: DeclarationWire


class ProbeOrder(Wire):
    """The CO2 probe's tip went in or came out."""

    name: Literal["probe"]
    inside: bool


class LeaveOrder(Wire):
    """The lorry drives off, its scan stays open."""

    name: Literal["leave"]


class ReturnOrder(Wire):
    """The lorry of an open scan is back."""

    name: Literal["return"]
    scan_id: Ulid


class EndOrder(Wire):
    """Close a scan."""

    name: Literal["end"]
    scan_id: Ulid


Order = Annotated[StartOrder | ProbeOrder | LeaveOrder | ReturnOrder | EndOrder, Field(discriminator="name")]


class OrderSent(Wire):
    """An order on its way to the lane; ``command`` is its ULID, ``by`` the officer."""

    command: Ulid
    by: By
    order: Order
