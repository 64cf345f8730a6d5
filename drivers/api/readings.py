"""What flows up from the wire: frozen, slotted values with unit, time and role.

A driver builds readings without ``stamp``; the runner that owns the device adds
it (sensor name, lane role, arrival time). Nothing in a reading is a wall time:
the pipeline runs on ``mono_ns`` alone, device time travels beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntFlag, StrEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt


class Role(StrEnum):
    """Where in the lane a sensor sits, or what it looks at."""

    INSIDE = "inside"  # CO2, temperature or oxygen in the load space
    OUTSIDE = "outside"  # the simultaneous reference in free air
    CHASSIS = "chassis"
    GROUND = "ground"
    AIR = "air"  # infrasound or wind
    DOORS = "doors"  # thermal view of doors, vents, hatches and seals
    PORTAL = "portal"  # X-ray transmission image
    GENERATOR = "generator"
    LANE = "lane"  # anything about the lane itself


class ClockLock(StrEnum):
    """What disciplines the device's clock."""

    NONE = "none"
    NTP = "ntp"
    GPS = "gps"


class Quantity(StrEnum):
    """What a scalar sample measures; the name ends in its unit."""

    CO2_PPM = "co2_ppm"
    TEMPERATURE_C = "temperature_c"
    OXYGEN_PCT = "oxygen_pct"
    HUMIDITY_PCT = "humidity_pct"
    WIND_M_S = "wind_m_s"

    @property
    def unit(self) -> str:
        """Unit of the quantity as printed beside a value."""
        return {"ppm": "ppm", "c": "°C", "pct": "%", "s": "m/s"}[self.value.rsplit("_", 1)[1]]


class Quality(StrEnum):
    """How far a sample can be trusted. Poor signal is a flag, not an exception."""

    GOOD = "good"
    WARMING_UP = "warming_up"
    UNRELIABLE = "unreliable"  # the device says so itself
    OVER_RANGE = "over_range"
    UNDER_RANGE = "under_range"
    INVALID = "invalid"  # NaN or a code that stands for no value
    FROZEN = "frozen"  # bit-identical for longer than the device's frozen_after_s


class Flag(IntFlag):
    """Facts about a block of data, as the device reported them."""

    NONE = 0
    BEAM_OFF = 1
    SATURATED = 2
    OVERRUN = 4
    EMERGENCY_STOP = 8
    CLIPPED = 16
    GAP_BEFORE = 32  # data was lost between the previous block and this one
    UNVERIFIED = 64  # the wire format carries no check


class LineKind(StrEnum):
    """What an X-ray line shows."""

    DATA = "data"
    DARK = "dark"
    AIR = "air"


class ConnectionState(StrEnum):
    """State of a device as its runner sees it."""

    OPENING = "opening"
    WARMING_UP = "warming_up"
    READY = "ready"
    DEGRADED = "degraded"
    LOST = "lost"
    CLOSED = "closed"


class Direction(StrEnum):
    """Which way raw bytes went, seen from the host."""

    RX = "rx"
    TX = "tx"


class EventKind(StrEnum):
    """What happened in the lane. Recorded like readings: replay needs them."""

    ANCHOR = "anchor"  # data: utc_ns, boot_id; ties mono_ns to wall time
    DECLARATION = "declaration"  # data: vehicle_class, cargo, plate, closed_minutes (or None), laden
    VISIT_START = "visit_start"  # data: visit
    VISIT_END = "visit_end"
    PROBE_IN = "probe_in"  # the probe's tip is in the load space; data: sensor
    PROBE_OUT = "probe_out"
    DOORS_OPENED = "doors_opened"
    DOORS_CLOSED = "doors_closed"
    COMMAND = "command"  # data: name, by, ...
    SCAN_END = "scan_end"  # data: why


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who measured, for which role, when it arrived.

    Parameters
    ----------
    sensor : name of the device in the lane's configuration.
    role : lane role of the device.
    mono_ns : host monotonic time at arrival, ns.
    sequence : count of readings of this sensor since the lane started.
    """

    sensor: str
    role: Role
    mono_ns: int
    sequence: int


NO_STAMP = Stamp("", Role.LANE, 0, 0)


@dataclass(frozen=True, slots=True)
class Sample:
    """One scalar value in the unit that its quantity names."""

    quantity: Quantity
    value: float
    quality: Quality = Quality.GOOD
    device_ns: int | None = None
    clock_lock: ClockLock = ClockLock.NONE
    stamp: Stamp = NO_STAMP


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a waveform and its response, as far as the device declares it.

    ``None`` means that the device does not say.
    """

    name: str
    role: Role
    sensitivity_v_per_m_s: float | None = None
    natural_frequency_hz: float | None = None
    damping: float | None = None
    counts_per_volt: float | None = None


@dataclass(frozen=True, slots=True)
class WaveformBlock:
    """Samples of several channels.

    ``counts`` is int32 ``(n_channels, n_samples)``; ``fs_hz`` the nominal rate;
    ``device_ns`` the device's time of the first sample (ns since 1970, or its
    own epoch when unlocked); ``clipped`` a bit mask of clipped channels;
    ``device_sequence`` the device's own block number where it has one;
    ``samples_lost`` how many samples are known to be missing just before.
    """

    counts: npt.NDArray[np.int32]
    fs_hz: float
    channels: tuple[Channel, ...]
    device_ns: int | None = None
    clock_lock: ClockLock = ClockLock.NONE
    device_sequence: int | None = None
    clipped: int = 0
    samples_lost: int = 0
    flags: Flag = Flag.NONE
    stamp: Stamp = NO_STAMP


@dataclass(frozen=True, slots=True)
class Frame:
    """One area image ``(h, w)`` of uint8, uint16 or int16; physical = pixels * scale + offset."""

    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.int16]
    unit: str
    scale: float = 1.0
    offset: float = 0.0
    ambient_c: float | None = None
    device_ns: int | None = None
    clock_lock: ClockLock = ClockLock.NONE
    flags: Flag = Flag.NONE
    stamp: Stamp = NO_STAMP


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Consecutive lines of one kind and energy from a line-scan detector.

    Parameters
    ----------
    pixels : uint16 ``(n_lines, n_pixels)``, detector counts.
    scan : the device's number for this passage.
    line_numbers : int64 ``(n_lines,)``; a jump is a lost line.
    encoder : int64 ``(n_lines,)``, position in encoder counts.
    dose : uint16 ``(n_lines,)``, 32768 = nominal.
    line_flags : uint16 ``(n_lines,)``, bits as in `Flag` (1, 2, 4, 8).
    kind : data, dark or air.
    energy : index of the energy, 0 first.
    bits : valid bits of a count.
    pixel_pitch_um, line_pitch_um : geometry at the detector; 0 = unknown.
    calibration_hash : hex of the device's own calibration, "" = none.
    """

    pixels: npt.NDArray[np.uint16]
    scan: int
    line_numbers: npt.NDArray[np.int64]
    encoder: npt.NDArray[np.int64]
    dose: npt.NDArray[np.uint16]
    line_flags: npt.NDArray[np.uint16]
    kind: LineKind
    energy: int
    bits: int
    pixel_pitch_um: int = 0
    line_pitch_um: int = 0
    calibration_hash: str = ""
    device_ns: int | None = None
    clock_lock: ClockLock = ClockLock.NONE
    flags: Flag = Flag.NONE
    stamp: Stamp = NO_STAMP


@dataclass(frozen=True, slots=True)
class LineScanEnd:
    """The detector closed a passage: what it sent, what it lost, and its hash of all pixels.

    ``lines_received`` and ``hash_matches`` are the driver's own count and check.
    """

    scan: int
    lines_sent: int
    lines_lost: int
    pixel_sha256: str
    lines_received: int
    hash_matches: bool
    stamp: Stamp = NO_STAMP


@dataclass(frozen=True, slots=True)
class GeneratorState:
    """X-ray supply as read: off, warming, on, fault. It is never commanded."""

    state: str
    kv: float
    ma: float
    stamp: Stamp = NO_STAMP


@dataclass(frozen=True, slots=True)
class DeviceState:
    """State of a device with the reason in words that say what was lost and what to do."""

    state: ConnectionState
    reason: str = ""
    since_mono_ns: int = 0
    stamp: Stamp = NO_STAMP


@dataclass(frozen=True, slots=True)
class RawBytes:
    """Bytes as they crossed the wire, before anything understood them."""

    direction: Direction
    data: bytes
    stamp: Stamp = NO_STAMP


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the lane; ``data`` holds JSON values only."""

    kind: EventKind
    mono_ns: int
    scan_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


Reading: TypeAlias = Sample | WaveformBlock | Frame | LineBlock | LineScanEnd | GeneratorState | DeviceState
"""What a driver may return from ``read`` (`DeviceState` is the runner's to make)."""

Item: TypeAlias = Reading | RawBytes | Event
"""Everything that a lane records and a pipeline may be fed."""


def reading_name(item: Item) -> str:
    """Return the snake_case type name that recordings use.

    Examples
    --------
    >>> reading_name(Sample(Quantity.CO2_PPM, 430.0))
    'sample'
    """
    return _NAMES[type(item)]


_NAMES: dict[type, str] = {
    Sample: "sample",
    WaveformBlock: "waveform",
    Frame: "frame",
    LineBlock: "lines",
    LineScanEnd: "line_scan_end",
    GeneratorState: "generator_state",
    DeviceState: "device_state",
    RawBytes: "raw",
    Event: "event",
}
