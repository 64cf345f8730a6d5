"""The contract between the pipeline and one sensing method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from calibration.certificates import Certificate
from drivers.api import ConnectionState, DeviceState, Event, Reading, Role
from scanner.evidence import Evidence
from scanner.vehicle import Declaration


@dataclass(frozen=True, slots=True)
class Sensor:
    """One configured device as the pipeline knows it.

    ``period_s`` and ``response_t90_s`` come from the driver's capabilities;
    ``certificate`` is None for an uncalibrated sensor.
    """

    name: str
    role: Role
    reads: tuple[str, ...]
    period_s: float
    response_t90_s: float = 0.0
    certificate: Certificate | None = None


@dataclass(slots=True)
class ScanView:
    """What a method may know of its scan when it is asked.

    ``elapsed_s`` is time in this visit; ``states`` the newest state of each
    sensor (missing: not heard of yet); ``utc_ns`` wall time of this tick from
    the recorded anchor, for expiry of certificates only.
    """

    declaration: Declaration
    sensors: Mapping[str, Sensor]
    states: Mapping[str, DeviceState] = field(default_factory=dict)
    elapsed_s: float = 0.0
    utc_ns: int = 0

    def with_role(self, role: Role, reads: str) -> list[Sensor]:
        """Return the sensors of a role that deliver one type of reading."""
        return [s for s in self.sensors.values() if s.role is role and reads in s.reads]

    def healthy(self, sensor: str) -> bool:
        """Tell whether the sensor's newest state is ready."""
        state = self.states.get(sensor)
        return state is not None and state.state is ConnectionState.READY


class Modality(Protocol):
    """One method's view of one scan: fed in recorded order, asked at each tick.

    It keeps no clock and no randomness of its own: the same items in the same
    order give the same evidence, live or replayed.
    """

    name: str

    def feed(self, item: Reading | Event) -> None:
        """Take one reading (stamped) or event; ignore what is not its own."""
        ...

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Say what is known at ``now_ns``. Never raises on poor data."""
        ...
