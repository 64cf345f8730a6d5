"""Keeps of one device what a person wants to see: newest readings, the last minute, rates, losses."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.api import (
    DeviceState,
    Direction,
    Flag,
    Frame,
    GeneratorState,
    Item,
    LineBlock,
    LineScanEnd,
    Quantity,
    RawBytes,
    Sample,
    WaveformBlock,
)

MINUTE_S = 60.0
RATE_SPAN_S = 5.0
WAVE_SPAN_S = 1.0  # how much of a waveform its numbers are about
SHOWN_LINES = 48
LINE_WIDTH = 128
POINTS_A_MINUTE = 1200


class Rate:
    """Counts events of the last seconds.

    Examples
    --------
    >>> rate = Rate(span_s=2.0)
    >>> for at_s in (0.0, 1.0, 1.5):
    ...     rate.add(at_s, 10)
    >>> rate.per_s(2.0), rate.per_s(2.5)
    (15.0, 10.0)
    """

    def __init__(self, span_s: float = RATE_SPAN_S) -> None:
        self._span_s = span_s
        self._events: deque[tuple[float, int]] = deque()
        self._sum = 0
        self._first_s: float | None = None

    def add(self, at_s: float, n: int = 1) -> None:
        """Count ``n`` at a time."""
        if self._first_s is None:
            self._first_s = at_s
        if self._events and at_s - self._events[-1][0] < 0.01:  # many chunks a second are one event
            self._events[-1] = (self._events[-1][0], self._events[-1][1] + n)
        else:
            self._events.append((at_s, n))
        self._sum += n

    def per_s(self, now_s: float) -> float:
        """Return how many came a second."""
        while self._events and self._events[0][0] < now_s - self._span_s:
            self._sum -= self._events.popleft()[1]
        if self._first_s is None:
            return 0.0
        return self._sum / min(self._span_s, max(now_s - self._first_s, 1.0))


class Minute:
    """Values of the last minute, at most `POINTS_A_MINUTE`."""

    def __init__(self) -> None:
        self.points: deque[tuple[float, float]] = deque(maxlen=POINTS_A_MINUTE)

    def add(self, at_s: float, value: float) -> None:
        """Keep a value; what comes faster than a minute has room for is thinned."""
        if self.points and at_s - self.points[-1][0] < MINUTE_S / POINTS_A_MINUTE:
            return
        self.points.append((at_s, value))


@dataclass(slots=True)
class Wave:
    """One channel: the counts of the last second, and its rms over the last minute."""

    role: str
    fs_hz: float
    counts: deque[npt.NDArray[np.int32]] = field(default_factory=deque)
    rms: Minute = field(default_factory=Minute)
    clipped: int = 0

    def add(self, at_s: float, counts: npt.NDArray[np.int32]) -> None:
        """Take a block's row of counts."""
        self.counts.append(counts)
        held = sum(piece.size for piece in self.counts)
        while len(self.counts) > 1 and held - self.counts[0].size >= self.fs_hz * WAVE_SPAN_S:
            held -= self.counts.popleft().size
        self.rms.add(at_s, self.numbers()[0])

    def numbers(self) -> tuple[float, int, int]:
        """Return rms about the mean, lowest and highest of the last second, in counts."""
        recent = np.concatenate(list(self.counts)) if self.counts else np.zeros(0, np.int32)
        if not recent.size:
            return 0.0, 0, 0
        return float(recent.std()), int(recent.min()), int(recent.max())


@dataclass(slots=True)
class Losses:
    """What a person should know was lost."""

    gaps: int = 0
    samples: int = 0
    lines: int = 0


class DeviceWatch:
    """Takes a device's items in order and keeps what is shown.

    Attributes
    ----------
    newest : newest `Sample` by quantity.
    minutes : values of the last minute by quantity, or by "kV" and "mA".
    waves : channels by name.
    frame, lines, scan_end, generator : newest of each, or None.
    waterfall : the last detector lines, made narrower.
    """

    def __init__(self) -> None:
        self.state: DeviceState | None = None
        self.newest: dict[Quantity, Sample] = {}
        self.minutes: dict[str, Minute] = {}
        self.waves: dict[str, Wave] = {}
        self.frame: Frame | None = None
        self.lines: LineBlock | None = None
        self.scan_end: LineScanEnd | None = None
        self.generator: GeneratorState | None = None
        self.waterfall: deque[npt.NDArray[np.float64]] = deque(maxlen=SHOWN_LINES)
        self.losses = Losses()
        self.readings = Rate()
        self.rx, self.tx = Rate(), Rate()
        self.frames, self.line_rate = Rate(), Rate()
        self.samples_per_s = Rate()
        self.flags = Flag.NONE

    def take(self, item: Item) -> None:
        """Take one item."""
        at_s = getattr(item, "stamp", None) and item.stamp.mono_ns / 1e9  # type: ignore[union-attr]
        if at_s is None:
            return
        if isinstance(item, RawBytes):
            (self.rx if item.direction is Direction.RX else self.tx).add(at_s, len(item.data))
            return
        if isinstance(item, DeviceState):
            self.state = item
            return
        self.readings.add(at_s)
        flags = getattr(item, "flags", None)
        if flags is not None:
            self.flags = flags
            self.losses.gaps += bool(flags & Flag.GAP_BEFORE)
        if isinstance(item, Sample):
            self.newest[item.quantity] = item
            self._minute(item.quantity.value).add(at_s, item.value)
        elif isinstance(item, WaveformBlock):
            self._wave(at_s, item)
        elif isinstance(item, Frame):
            self.frame = item
            self.frames.add(at_s)
        elif isinstance(item, LineBlock):
            self._lines(at_s, item)
        elif isinstance(item, LineScanEnd):
            self.scan_end = item
            self.losses.lines += item.lines_lost
        elif isinstance(item, GeneratorState):
            self.generator = item
            self._minute("kV").add(at_s, item.kv)
            self._minute("mA").add(at_s, item.ma)

    def _minute(self, name: str) -> Minute:
        return self.minutes.setdefault(name, Minute())

    def _wave(self, at_s: float, block: WaveformBlock) -> None:
        self.losses.samples += block.samples_lost
        self.samples_per_s.add(at_s, int(block.counts.shape[1]))
        for number, (channel, row) in enumerate(zip(block.channels, block.counts, strict=True)):
            wave = self.waves.get(channel.name)
            if wave is None:
                wave = self.waves[channel.name] = Wave(channel.role.value, block.fs_hz)
            wave.clipped += block.clipped >> number & 1
            wave.add(at_s, row)

    def _lines(self, at_s: float, block: LineBlock) -> None:
        self.lines = block
        self.line_rate.add(at_s, int(block.pixels.shape[0]))
        for row in block.pixels[-SHOWN_LINES:]:
            self.waterfall.append(_narrow(row))


def _narrow(row: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    if row.size <= LINE_WIDTH:
        return row.astype(np.float64)
    edges = np.linspace(0, row.size, LINE_WIDTH + 1).astype(int)
    means: npt.NDArray[np.float64] = np.add.reduceat(row.astype(np.float64), edges[:-1]) / np.diff(edges)
    return means
