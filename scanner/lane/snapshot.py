"""What a lane shows of itself at one moment: plain values for a console or a booth."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.api import (
    ConnectionState,
    DeviceState,
    Frame,
    Item,
    LineBlock,
    LineScanEnd,
    Role,
    Sample,
    WaveformBlock,
)
from scanner.evidence import Assessment, Reason
from scanner.modality import Sensor
from scanner.vehicle import Declaration


class DeviceKind(StrEnum):
    """Kinds of devices that officers tell apart."""

    PROBE = "probe"  # for CO2
    GEOPHONES = "geophones"
    SEISMOMETER = "seismometer"  # of the ground, on its own
    IMAGER = "imager"  # thermal
    DETECTOR = "detector"  # X-ray
    OTHER = "other"


def device_kind(sensor: Sensor) -> DeviceKind:
    """Tell what a sensor is by what it reads and where it sits."""
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
    """One device: its state, and its newest reading in words."""

    name: str
    role: Role
    state: DeviceState | None
    newest: str
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
    ``time_limit_s`` and ``prior`` are the policy's for the declared class.
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


def in_words(item: Item) -> str:
    """Return a reading as a few words.

    Examples
    --------
    >>> from drivers.api import Quantity
    >>> in_words(Sample(Quantity.CO2_PPM, 431.2))
    '431 ppm'
    """
    match item:
        case Sample():
            digits = 0 if item.quantity.unit == "ppm" else 1
            note = "" if item.quality == "good" else f" ({item.quality.value.replace('_', ' ')})"
            return f"{item.value:.{digits}f} {item.quantity.unit}{note}"
        case WaveformBlock():
            counts = item.counts
            # each end on its own: int32 cannot hold the absolute value of its lowest
            peak = max(int(counts.max()), -int(counts.min())) if counts.size else 0
            channels = "1 channel" if len(item.channels) == 1 else f"{len(item.channels)} channels"
            return f"{channels} at {item.fs_hz:g} Hz, peak {peak} counts"
        case Frame():
            if not item.pixels.size:
                return ""
            physical = item.pixels * item.scale + item.offset
            return f"{physical.min():.1f} to {physical.max():.1f} {item.unit}"
        case LineBlock():
            return f"line {int(item.line_numbers[-1])} ({item.kind.value})" if item.line_numbers.size else ""
        case LineScanEnd():
            return f"passage of {item.lines_received} lines"
    return ""
