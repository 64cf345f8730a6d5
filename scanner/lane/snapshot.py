"""What a lane shows of itself at one moment: plain values for a console or a booth."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import (
    DeviceState,
    Frame,
    Item,
    LineBlock,
    LineScanEnd,
    Role,
    Sample,
    WaveformBlock,
)
from scanner.evidence import Assessment
from scanner.vehicle import Declaration


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device: its state, and its newest reading in words."""

    name: str
    role: Role
    state: DeviceState | None
    newest: str


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
    last, open or closed. ``faults`` are sentences about the lane itself (its disk).
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
    faults: tuple[str, ...]


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
