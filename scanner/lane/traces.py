"""Curves for the live view: scalars as they are, waveforms as an envelope, the last minute of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing
from calibration.geophone import response_of
from drivers.api import Channel, Item, Quality, Quantity, Sample, WaveformBlock
from scanner.lane.wire import TraceLive
from scanner.modality import Sensor

KEPT_MS = 60_000
ENVELOPE_S = 0.05
MEAN_S = 4.0
"""Time over which a channel's mean is followed: slow drift is taken away, what people do stays."""

MOST_POINTS = 12_000
"""Of one live view: with their times and two values some 500 kB of JSON."""

MOST_TRACES = 500
STEP_BACK_MS = 1000
"""A clock that went back by more than this was set: the curve begins again."""


@dataclass(slots=True)
class _Curve:
    unit: str
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


@dataclass(slots=True)
class _Wave:
    """What is left of a waveform between two blocks, and the mean that is taken away."""

    mean: npt.NDArray[np.float64]
    per_count: npt.NDArray[np.float64]
    units: list[str]
    rest: npt.NDArray[np.float64]


class Traces:
    """Keeps the curves of a lane; for one thread alone.

    Parameters
    ----------
    sensors : the lane's, by name: their certificates may hold what a board does not declare.
    """

    def __init__(self, sensors: Mapping[str, Sensor]) -> None:
        self._sensors = sensors
        self._curves: dict[tuple[str, str], _Curve] = {}
        self._waves: dict[tuple[str, tuple[Channel, ...], float], _Wave] = {}

    def take(self, item: Item, utc_ms: int) -> None:
        """Add a reading that arrived at ``utc_ms``; what has no curve is ignored."""
        if isinstance(item, Sample):
            if item.quality is not Quality.INVALID and np.isfinite(item.value):
                channel = "" if item.quantity is Quantity.CO2_PPM else item.quantity.value
                curve = self._curve(item.stamp.sensor, channel, item.quantity.unit)
                curve.add(utc_ms, item.value, item.value)
        elif isinstance(item, WaveformBlock) and item.counts.size and item.fs_hz > 0:
            self._take_wave(item, utc_ms)

    def _curve(self, sensor: str, channel: str, unit: str) -> _Curve:
        curve = self._curves.get((sensor, channel))
        if curve is None or curve.unit != unit:
            curve = self._curves[sensor, channel] = _Curve(unit)
        return curve

    def _take_wave(self, block: WaveformBlock, utc_ms: int) -> None:
        sensor = block.stamp.sensor
        key = sensor, block.channels, block.fs_hz
        counts = block.counts.astype(np.float64)
        wave = self._waves.get(key)
        if wave is None:
            for other in [k for k in self._waves if k[0] == sensor]:
                if {c.name for c in other[1]} & {c.name for c in block.channels}:
                    del self._waves[other]  # the board came back with other settings
            wave = self._waves[key] = self._new_wave(block, counts)
        if block.samples_lost:
            wave.rest = wave.rest[:, :0]
        share = min(counts.shape[1] / (MEAN_S * block.fs_hz), 1.0)
        wave.mean += share * (counts.mean(axis=1) - wave.mean)
        samples = np.hstack([wave.rest, counts])
        width = max(round(ENVELOPE_S * block.fs_hz), 1)
        bins = samples.shape[1] // width
        wave.rest = samples[:, bins * width :]
        whole = samples[:, : bins * width].reshape(samples.shape[0], bins, width)
        scale = wave.per_count[:, None]
        low = (whole.min(axis=2) - wave.mean[:, None]) * scale
        high = (whole.max(axis=2) - wave.mean[:, None]) * scale
        for at in range(bins):
            after = wave.rest.shape[1] + (bins - 1 - at) * width
            t_ms = utc_ms - round(1000 * after / block.fs_hz)
            for row, channel in enumerate(block.channels):
                curve = self._curve(sensor, channel.name, wave.units[row])
                curve.add(t_ms, float(low[row, at]), float(high[row, at]))

    def _new_wave(self, block: WaveformBlock, counts: npt.NDArray[np.float64]) -> _Wave:
        known = self._sensors.get(block.stamp.sensor)
        per_count, units = [], []
        for channel in block.channels:
            try:
                response = response_of(channel, known.certificate if known is not None else None)
                per_count.append(1e6 / response.counts_per_m_s)
                units.append("µm/s")
            except CalibrationMissing:
                per_count.append(1.0)
                units.append("counts")
        return _Wave(counts.mean(axis=1), np.array(per_count), units, counts[:, :0])

    def untold(self) -> list[TraceLive]:
        """Return the points that were not told yet, the newest of them where there are too many."""
        begins = {key: curve.untold_from() for key, curve in self._curves.items()}
        count = sum(len(self._curves[key].t_ms) - at for key, at in begins.items())
        told = []
        for (sensor, channel), curve in list(self._curves.items())[:MOST_TRACES]:
            at, n = begins[sensor, channel], len(curve.t_ms)
            if count > MOST_POINTS:
                at = max(at, n - int((n - at) * MOST_POINTS / count))
            if at == n:
                continue
            times, low, high = list(curve.t_ms)[at:], list(curve.low)[at:], list(curve.high)[at:]
            told.append(
                TraceLive(sensor=sensor, channel=channel, unit=curve.unit, t_utc_ms=times, low=low, high=high)
            )
        return told

    def told(self, traces: list[TraceLive]) -> None:
        """Note that these points have arrived."""
        for trace in traces:
            curve = self._curves.get((trace.sensor, trace.channel))
            if curve is not None:
                curve.told_ms = max(curve.told_ms, trace.t_utc_ms[-1])

    def tell_again(self) -> None:
        """Take nothing for told: somebody new is listening."""
        for curve in self._curves.values():
            curve.told_ms = -1
