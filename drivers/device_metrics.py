"""The counts of one device, for engineers: what came, what was lost, its openings and its clock."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import ClockLock, Frame, Identity, LineBlock, Reading, Sample, WaveformBlock
from drivers.device_clock import ClockEstimate, ClockStep, DeviceClock

SUSPECT_PPM = 200.0
"""A clock that GPS or NTP holds drifts by less, with all that the host's own clock may drift."""


@dataclass(frozen=True, slots=True)
class ClockMetrics:
    """A device's own clock against the host's.

    ``lock`` is what the device's newest reading says of it. ``suspect``: the device says that GPS or NTP
    holds its clock, and yet it drifts by more than 200 ppm.
    """

    lock: ClockLock
    estimate: ClockEstimate | None
    steps: int
    last_step: ClockStep | None
    suspect: bool


@dataclass(frozen=True, slots=True)
class DeviceMetrics:
    """Counts of one device since it was started.

    ``drops`` counts raw bytes and readings that gave way in a queue that drops the oldest;
    ``lag_s`` is the time its thread waited because nobody took its items;
    ``failures`` counts what its driver raised; ``opens`` successful openings;
    ``tries_since_reading`` openings since the last reading that brought none; ``given_up``
    that it is only tried slowly; ``clock`` is None for a device that sends no time of its own.
    """

    readings: int
    rx_bytes: int
    tx_bytes: int
    opens: int
    failures: int
    lags: int
    lag_s: float
    last_reading_mono_ns: int | None
    identity: Identity | None
    drops: int = 0
    tries_since_reading: int = 0
    given_up: bool = False
    last_error: str = ""
    clock: ClockMetrics | None = None


class ClockWatch:
    """Follows the clock of a device through its readings; for the device's thread."""

    def __init__(self) -> None:
        self._clock: DeviceClock | None = None
        self._lock = ClockLock.NONE

    def note(self, reading: Reading, mono_ns: int) -> None:
        """Take one reading that arrived at a host time."""
        if not isinstance(reading, Sample | WaveformBlock | Frame | LineBlock) or reading.device_ns is None:
            return
        device_ns = reading.device_ns
        if isinstance(reading, WaveformBlock):
            # its time is that of its first sample, and it could be sent only after its last
            device_ns += round(reading.counts.shape[1] / reading.fs_hz * 1e9)
        self._lock = reading.clock_lock
        if self._clock is None:
            self._clock = DeviceClock()
        self._clock.note(device_ns, mono_ns)

    def metrics(self) -> ClockMetrics | None:
        """Return what is known, None without any device time; may be called from another thread."""
        clock = self._clock
        if clock is None:
            return None
        estimate = clock.estimate
        suspect = (
            self._lock is not ClockLock.NONE
            and estimate is not None
            and abs(estimate.drift_ppm) - estimate.drift_uncertainty_ppm > SUSPECT_PPM
        )
        return ClockMetrics(self._lock, estimate, clock.steps, clock.last_step, suspect)
