"""Curves of a visit from its readings: scalars as they are, waveforms as envelopes, few enough to draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from drivers.api import Quality, Quantity, Sample, WaveformBlock
from scanner.lane.waves import WaveBoard
from scanner.modality import Sensor
from scanner.timeline.shapes import TimelineTrace

MOST_POINTS = 1500

Array = npt.NDArray[np.float64]


@dataclass(slots=True)
class _Curve:
    t_s: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)


class Curves:
    """Collects the readings of one visit.

    Parameters
    ----------
    sensors : by name: their certificates may hold what a board does not declare.
    """

    def __init__(self, sensors: Mapping[str, Sensor]) -> None:
        self._sensors = sensors
        self._curves: dict[tuple[str, str, str, bool], _Curve] = {}
        self._boards: dict[tuple[str, object, float], WaveBoard] = {}

    def take(self, item: Sample | WaveformBlock, t_s: float) -> None:
        """Add a reading that arrived at ``t_s``; values that stand for none are left out."""
        if isinstance(item, Sample):
            if item.quality is not Quality.INVALID and np.isfinite(item.value):
                channel = "" if item.quantity is Quantity.CO2_PPM else item.quantity.value
                self._add((item.stamp.sensor, channel, item.quantity.unit, False), [t_s], [item.value])
        elif item.counts.size and item.fs_hz > 0:
            self._take_wave(item, t_s)

    def _take_wave(self, block: WaveformBlock, t_s: float) -> None:
        sensor = block.stamp.sensor
        key = sensor, block.channels, block.fs_hz
        if key not in self._boards:
            known = self._sensors.get(sensor)
            self._boards[key] = WaveBoard(block, known.certificate if known is not None else None)
        for part in self._boards[key].take(block):
            times = (t_s - part.ago_s).tolist()
            self._add(
                (sensor, part.channel, part.unit, part.cancelled),
                times,
                part.low.tolist(),
                part.high.tolist(),
            )

    def _add(
        self,
        key: tuple[str, str, str, bool],
        t_s: list[float],
        low: list[float],
        high: list[float] | None = None,
    ) -> None:
        curve = self._curves.setdefault(key, _Curve())
        curve.t_s += t_s
        curve.low += low
        curve.high += low if high is None else high

    def traces(self) -> list[TimelineTrace]:
        """Return every curve with at most `MOST_POINTS` points."""
        return [
            _trace(sensor, channel, unit, cancelled, curve)
            for (sensor, channel, unit, cancelled), curve in self._curves.items()
        ]


def _trace(sensor: str, channel: str, unit: str, cancelled: bool, curve: _Curve) -> TimelineTrace:
    order = np.argsort(curve.t_s, kind="stable")
    t_s, low, high = (np.array(each)[order] for each in (curve.t_s, curve.low, curve.high))
    t_s, low, high = envelope(t_s, low, high, MOST_POINTS)
    return TimelineTrace(
        sensor=sensor,
        channel=channel,
        unit=unit,
        cancelled=cancelled,
        t_s=[round(t, 3) for t in t_s.tolist()],
        low=[float(f"{value:.4g}") for value in low],
        high=[float(f"{value:.4g}") for value in high],
    )


def envelope(t_s: Array, low: Array, high: Array, most: int) -> tuple[Array, Array, Array]:
    """Return at most ``most`` points of a curve: the lowest and highest of equal stretches of time.

    A stretch without points has none; one with points stands at the mean of their times, so that a gap stays
    one.

    Examples
    --------
    >>> envelope(np.arange(4.0), np.array([1.0, 3, 2, 0]), np.array([1.0, 3, 2, 0]), 2)
    (array([0.5, 2.5]), array([1., 0.]), array([3., 2.]))
    """
    if t_s.size <= most:
        return t_s, low, high
    width = (t_s[-1] - t_s[0]) / most
    at = np.minimum(((t_s - t_s[0]) / max(width, 1e-9)).astype(int), most - 1)
    first = np.flatnonzero(np.diff(at, prepend=-1))
    counts = np.diff(first, append=t_s.size)
    return (
        np.add.reduceat(t_s, first) / counts,
        np.minimum.reduceat(low, first),
        np.maximum.reduceat(high, first),
    )
