"""What a lane shows of itself at one moment: plain values for a console or a booth."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.api import ConnectionState, DeviceState, Role
from scanner.evidence import Assessment, Reason
from scanner.modality import Sensor
from scanner.sequential import Limits
from scanner.vehicle import Declaration


class DeviceKind(StrEnum):
    """Kinds of devices that officers tell apart."""

    PROBE = "probe"  # for CO2
    GEOPHONES = "geophones"
    SEISMOMETER = "seismometer"  # of the ground, on its own
    IMAGER = "imager"  # thermal
    DETECTOR = "detector"  # X-ray
    GENERATOR = "generator"  # X-ray supply, read only
    OTHER = "other"


def device_kind(sensor: Sensor) -> DeviceKind:
    """Tell what a sensor is by what it reads and where it sits."""
    if "generator_state" in sensor.reads:
        return DeviceKind.GENERATOR
    if "lines" in sensor.reads:
        return DeviceKind.DETECTOR
    if "frame" in sensor.reads:
        return DeviceKind.IMAGER
    if "waveform" in sensor.reads and sensor.role in (Role.CHASSIS, Role.GROUND):
        return DeviceKind.SEISMOMETER if sensor.role is Role.GROUND else DeviceKind.GEOPHONES
    if "sample" in sensor.reads and sensor.role in (Role.INSIDE, Role.OUTSIDE):
        return DeviceKind.PROBE
    return DeviceKind.OTHER


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device: its state, and its newest reading in words, None before the first."""

    name: str
    role: Role
    state: DeviceState | None
    newest: Reason | None
    kind: DeviceKind = DeviceKind.OTHER

    @property
    def connection(self) -> ConnectionState:
        """Whether it works; a device that was not heard of yet is being opened."""
        return self.state.state if self.state is not None else ConnectionState.OPENING

    @property
    def reason(self) -> Reason | None:
        """What was lost and what to do, None for a device that is ready."""
        if self.connection is ConnectionState.READY:
            return None
        return Reason(f"device_{self.kind.value}_{self.connection.value}", {"sensor": self.name})

    @property
    def detail(self) -> str:
        """What the driver says of its state, in its own words."""
        return self.state.reason if self.state is not None else ""


@dataclass(frozen=True, slots=True)
class ScanLine:
    """One scan that is not in the lane at the moment, with its last assessment."""

    scan_id: str
    declaration: Declaration
    visits: int
    assessment: Assessment | None


@dataclass(frozen=True, slots=True)
class LaneSnapshot:
    """A lane at one moment.

    ``scan_id`` is empty and ``assessment`` None when no lorry is in the lane.
    ``waiting`` are the other open scans; ``last`` is the scan whose visit ended
    last, open or closed. ``faults`` are about the lane itself (its disk).
    ``time_limit_s`` and ``prior`` are the policy's for the declared class and risk profile, ``limits``
    the fused ratios at which this lorry's scan may end;
    ``utc_ms`` is the wall time at which it was taken.
    """

    lane_id: str
    devices: tuple[DeviceView, ...]
    scan_id: str
    visit: int
    declaration: Declaration | None
    elapsed_s: float
    probe_in: bool
    assessment: Assessment | None
    waiting: tuple[ScanLine, ...]
    last: ScanLine | None
    faults: tuple[Reason, ...]
    time_limit_s: float | None = None
    prior: float | None = None
    limits: Limits | None = None
    utc_ms: int = 0
