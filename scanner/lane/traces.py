"""Curves for the live view: scalars as they are, waveforms as envelopes, the last minute of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from drivers.api import Item, Quality, Quantity, Sample, WaveformBlock
from scanner.lane.waves import WaveBoard
from scanner.lane.wire import TraceLive
from scanner.modality import Sensor

KEPT_MS = 60_000
MOST_POINTS = 12_000
"""Of one live view: with their times and two values some 500 kB of JSON."""

MOST_TRACES = 500
STEP_BACK_MS = 1000
"""A clock that went back by more than this was set: the curve begins again."""


@dataclass(slots=True)
class _Curve:
    unit: str
    role: str = ""
    t_ms: deque[int] = field(default_factory=deque)
    low: deque[float] = field(default_factory=deque)
    high: deque[float] = field(default_factory=deque)
    told_ms: int = -1

    def add(self, t_ms: int, low: float, high: float) -> None:
        if self.t_ms:
            if t_ms < self.t_ms[-1] - STEP_BACK_MS:
                self.t_ms.clear()
                self.low.clear()
                self.high.clear()
                self.told_ms = -1
            else:
                t_ms = max(t_ms, self.t_ms[-1] + 1)
        self.t_ms.append(t_ms)
        self.low.append(float(f"{low:.4g}"))
        self.high.append(float(f"{high:.4g}"))
        while self.t_ms[0] < t_ms - KEPT_MS:
            self.t_ms.popleft()
            self.low.popleft()
            self.high.popleft()

    def untold_from(self) -> int:
        """Return the index of the first point that was not told."""
        times, at = self.t_ms, len(self.t_ms)
        while at > 0 and times[at - 1] > self.told_ms:
            at -= 1
        return at


class Traces:
    """Keeps the curves of a lane; for one thread alone.

    Parameters
    ----------
    sensors : the lane's, by name: their certificates may hold what a board does not declare.
    """

    def __init__(self, sensors: Mapping[str, Sensor]) -> None:
        self._sensors = sensors
        self._curves: dict[tuple[str, str, bool], _Curve] = {}
        self._boards: dict[str, list[WaveBoard]] = {}

    def take(self, item: Item, utc_ms: int) -> None:
        """Add a reading that arrived at ``utc_ms``; what has no curve is ignored."""
        if isinstance(item, Sample):
            if item.quality is not Quality.INVALID and np.isfinite(item.value):
                channel = "" if item.quantity is Quantity.CO2_PPM else item.quantity.value
                curve = self._curve(item.stamp.sensor, channel, item.quantity.unit)
                curve.add(utc_ms, item.value, item.value)
        elif isinstance(item, WaveformBlock) and item.counts.size and item.fs_hz > 0:
            self._take_wave(item, utc_ms)

    def _curve(
        self, sensor: str, channel: str, unit: str, role: str = "", *, cancelled: bool = False
    ) -> _Curve:
        key = sensor, channel, cancelled
        curve = self._curves.get(key)
        if curve is None or (curve.unit, curve.role) != (unit, role):
            curve = self._curves[key] = _Curve(unit, role)
        return curve

    def _take_wave(self, block: WaveformBlock, utc_ms: int) -> None:
        sensor = block.stamp.sensor
        boards = self._boards.setdefault(sensor, [])
        board = next((each for each in boards if each.is_of(block)), None)
        if board is None:
            names = {channel.name for channel in block.channels}
            # a board that came back with other settings
            boards[:] = [b for b in boards if not names & {channel.name for channel in b.channels}]
            known = self._sensors.get(sensor)
            board = WaveBoard(block, known.certificate if known is not None else None)
            boards.append(board)
        roles = {channel.name: channel.role.value for channel in block.channels}
        for part in board.take(block):
            role = roles[part.channel]
            curve = self._curve(sensor, part.channel, part.unit, role, cancelled=part.cancelled)
            for ago_s, low, high in zip(part.ago_s, part.low, part.high, strict=True):
                curve.add(utc_ms - round(1000 * float(ago_s)), float(low), float(high))

    def untold(self) -> list[TraceLive]:
        """Return the points that were not told yet, the newest of them where there are too many."""
        begins = {key: curve.untold_from() for key, curve in self._curves.items()}
        count = sum(len(self._curves[key].t_ms) - at for key, at in begins.items())
        told = []
        for key, curve in list(self._curves.items())[:MOST_TRACES]:
            at, n = begins[key], len(curve.t_ms)
            if count > MOST_POINTS:
                at = max(at, n - int((n - at) * MOST_POINTS / count))
            if at == n:
                continue
            times, low, high = list(curve.t_ms)[at:], list(curve.low)[at:], list(curve.high)[at:]
            sensor, channel, cancelled = key
            told.append(
                TraceLive(
                    sensor=sensor,
                    channel=channel,
                    role=curve.role,
                    unit=curve.unit,
                    cancelled=cancelled,
                    t_utc_ms=times,
                    low=low,
                    high=high,
                )
            )
        return told

    def told(self, traces: list[TraceLive]) -> None:
        """Note that these points have arrived."""
        for trace in traces:
            curve = self._curves.get((trace.sensor, trace.channel, trace.cancelled))
            if curve is not None:
                curve.told_ms = max(curve.told_ms, trace.t_utc_ms[-1])

    def tell_again(self) -> None:
        """Take nothing for told: somebody new is listening."""
        for curve in self._curves.values():
            curve.told_ms = -1
