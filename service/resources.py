"""What the service tells booths: lanes, scans, alerts, commands and people, as JSON.

An event on the stream carries the whole resource as it became, so that a page replaces what it
holds and never merges.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from scanner.evidence import Recommendation
from scanner.lane.wire import AssessmentWire, DeclarationWire, Live, Order, Profile, Said, Ulid, UtcMs
from scanner.vehicle import CargoClass, VehicleClass
from service.alert_resources import Alert as Alert
from service.alert_resources import AlertLevel as AlertLevel
from service.alert_resources import AlertState as AlertState
from service.alert_resources import AssignRequest as AssignRequest
from service.alert_resources import Conditions as Conditions
from service.alert_resources import Outcome as Outcome
from service.alert_resources import OutcomeKind as OutcomeKind
from service.alert_resources import OutcomeRequest as OutcomeRequest
from service.alert_resources import ShelveRequest as ShelveRequest
from service.resource_base import Note as Note
from service.resource_base import Request as Request
from service.resource_base import Resource as Resource


class Role(StrEnum):
    """What somebody may do; see `service.permissions`."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    ENGINEER = "engineer"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One thing that a role may do."""

    COMMAND_LANES = "command_lanes"
    HANDLE_ALERTS = "handle_alerts"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_LANES = "manage_lanes"
    READ_AUDIT = "read_audit"
    DISCLOSE = "disclose"
    ERASE = "erase"


class TokenKind(StrEnum):
    """Whose token it is."""

    LANE = "lane"
    GATE = "gate"


class Scope(StrEnum):
    """What a token may be used for."""

    MESSAGES = "messages"
    LIVE = "live"
    COMMANDS = "commands"
    VEHICLES = "vehicles"


UserName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$", examples=["officer.north"])]
Password = Annotated[str, Field(min_length=10, max_length=200)]
Pin = Annotated[str, Field(pattern=r"^[0-9]{4,8}$", examples=["4711"])]
GateName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$", examples=["reader-1"])]
LaneId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$", examples=["north-quay-2"])]


class Me(Resource):
    """Who is logged in.

    ``locked``: alarms stay readable, acting needs the PIN or the password; by itself it locks at
    ``locks_utc_ms`` unless somebody acts before.
    """

    name: str
    role: Role
    permissions: list[Permission]
    expires_utc_ms: UtcMs
    locked: bool = False
    locks_utc_ms: UtcMs
    has_pin: bool = False


class SessionInfo(Resource):
    """A session of an account; ``here`` is the one that asks."""

    id: str
    opened_utc_ms: UtcMs
    used_utc_ms: UtcMs
    expires_utc_ms: UtcMs
    address: str
    locked: bool
    here: bool = False


class TokenInfo(Resource):
    """A lane's or gate's token, without itself; ``expires_utc_ms`` null: it does not end by date."""

    owner: str
    kind: TokenKind
    scopes: list[Scope]
    created_utc_ms: UtcMs
    expires_utc_ms: UtcMs | None
    used_utc_ms: UtcMs | None


class User(Resource):
    """An account."""

    name: str
    role: Role
    disabled: bool
    created_utc_ms: UtcMs


class Lane(Resource):
    """A lane that has a token; ``heard_utc_ms`` is when it last spoke (null: never since the start).

    ``silent`` is true when it has not spoken for 1.5 s: what is shown of it is old.
    """

    id: str
    heard_utc_ms: UtcMs | None
    silent: bool
    revoked: bool = False


class ScanState(StrEnum):
    """Whether a scan may still have visits."""

    OPEN = "open"
    CLOSED = "closed"


class Scan(Resource):
    """A lorry's scan as the lane told it.

    ``assessed_utc_ms`` is when the lane told of ``assessment``: minutes to danger count from then.
    """

    id: str
    lane_id: str
    state: ScanState
    declaration: DeclarationWire | None
    opened_utc_ms: UtcMs
    opened_by: str
    closed_utc_ms: UtcMs | None = None
    closed_by: str = ""
    visits: int
    in_visit: bool
    recommendation: Recommendation | None
    final: bool
    assessment: AssessmentWire | None
    assessed_utc_ms: UtcMs | None = None
    interrupted: bool = False
    alert_id: str | None = None
    version: int


class FoundScan(Scan):
    """A scan that a search found, with what the search of its lorry brought as it stood when asked."""

    outcome: OutcomeKind | None = None
    people: int | None = None


class CommandState(StrEnum):
    """Where a command is: waiting for the lane, answered, or too old to be carried out."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


class Command(Resource):
    """A command to a lane. A lane that does not take it within 10 s never gets it."""

    id: str
    lane_id: str
    order: Order
    by: str
    given_utc_ms: UtcMs
    state: CommandState
    answer: Said | None = None
    answered_utc_ms: UtcMs | None = None


class CommandRequest(Request):
    """``key`` is made by the booth: asking again with the same key does nothing twice.

    ``vehicle`` is an expected one: without an order its scan is started as its manifest says, with a
    start order as the officer says.
    """

    key: Ulid
    order: Order | None = None
    vehicle: Ulid | None = None

    @model_validator(mode="after")
    def _whole(self) -> CommandRequest:
        if self.order is None and self.vehicle is None:
            raise ValueError("give an order, or a vehicle to start the scan of")
        if self.vehicle is not None and self.order is not None and self.order.name != "start":
            raise ValueError("vehicle goes with the order start only")
        return self


class VehicleState(StrEnum):
    """Where an announced vehicle is."""

    EXPECTED = "expected"
    SCANNING = "scanning"
    DONE = "done"
    GONE = "gone"


class VehicleRequest(Request):
    """A vehicle on its way, as its manifest says; ``key`` is made by the gate, ``lane`` null: any.

    ``start`` also orders its lane to begin the scan now, for a gate that stands at the lane itself.
    ``profile`` is a risk profile of the lane's policy; with one that it does not name the lorry is scanned
    as one of its class.
    """

    key: Ulid
    plate: Annotated[str, Field(min_length=1, max_length=24, pattern=r"[^\W_]", examples=["AB-123-CD"])]
    vehicle_class: VehicleClass
    cargo: CargoClass
    laden: bool = True
    closed_minutes: Annotated[float, Field(ge=0, lt=1e6)] | None = None
    profile: Profile = ""
    manifest: Annotated[str, Field(max_length=64)] = ""
    lane: LaneId | None = None
    expected_utc_ms: UtcMs | None = None
    start: bool = False

    @model_validator(mode="after")
    def _at_a_lane(self) -> VehicleRequest:
        if self.start and self.lane is None:
            raise ValueError("start needs the lane that the vehicle stands in: give lane")
        return self


class Vehicle(Resource):
    """A vehicle that a gate announced; ``id`` is the gate's key."""

    id: str
    plate: str
    vehicle_class: VehicleClass
    cargo: CargoClass
    laden: bool
    closed_minutes: float | None
    profile: str
    manifest: str
    gate: str
    lane_id: str | None
    expected_utc_ms: UtcMs
    told_utc_ms: UtcMs
    state: VehicleState
    scan_id: str | None
    version: int


class Queue(Resource):
    """A lane's queue; ``scan_s`` is the median of its last ``measured_scans`` from opening to closing.

    Null where nothing was measured yet. ``waiting_any_lane`` is the same for every lane, and is not in
    ``wait_s``.
    """

    lane_id: str
    waiting: int
    waiting_any_lane: int
    measured_scans: int
    scan_s: float | None
    scans_per_hour: float | None
    wait_s: float | None


class AuditEntry(Resource):
    """One thing that somebody or a lane did; entries are only ever added."""

    sequence: int
    utc_ms: UtcMs
    who: str
    action: str
    subject: str
    detail: dict[str, object]


class State(Resource):
    """All that a page needs to begin; the stream goes on after ``sequence``."""

    sequence: int
    run: str
    version: str
    utc_ms: UtcMs
    me: Me
    lanes: list[Lane]
    scans: list[Scan]
    alerts: list[Alert]
    commands: list[Command]
    vehicles: list[Vehicle]


class LaneView(Resource):
    """A lane's newest live view; its traces go back up to two minutes."""

    lane: Lane
    live: Live | None
