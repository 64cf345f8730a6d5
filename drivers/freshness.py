"""Judges what a device says: warm-up, range, invalid and frozen values, and how long silence may last."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from drivers.api import Capabilities, Frame, Quality, Quantity, Reading, Sample, WaveformBlock

SILENCE_S = 1.2
"""Longest silence of a device that reads at 2 Hz or faster, s.

The booth must know within 2 s; the rest is for the way there.
"""

MENDS = {
    Quality.WARMING_UP: "is starting up: wait until it is ready",
    Quality.UNRELIABLE: "says that its own values are not reliable: check its power and optics, restart it",
    Quality.OVER_RANGE: "reads above its range: let it see free air and compare it with another",
    Quality.UNDER_RANGE: "reads below its range: check its calibration in free air",
    Quality.INVALID: "sends values that stand for no measurement: restart or replace it",
    Quality.FROZEN: "repeats one value without any change: restart or replace it",
}
"""What is wrong and what to do, after the device's name."""


def silence_limit_s(period_s: float) -> float:
    """Return how long a device with this period may be silent before it counts as lost, s.

    Examples
    --------
    >>> silence_limit_s(0.1), silence_limit_s(2.0), silence_limit_s(0.0)
    (1.2, 4.0, inf)
    """
    return max(SILENCE_S, 2 * period_s) if period_s > 0 else math.inf


class ReadingJudge:
    """Marks the quality of a device's readings; keeps what it needs to see a frozen value.

    A driver's own verdict stands; only what it called good is looked at again.
    """

    def __init__(self, capabilities: Capabilities) -> None:
        self._capabilities = capabilities
        self._seen: dict[Hashable, tuple[Hashable, int]] = {}
        self._verdicts: dict[Hashable, Quality] = {}

    @property
    def verdict(self) -> Quality:
        """Worst of the newest verdicts of every quantity and picture of the device."""
        verdicts = set(self._verdicts.values()) - {Quality.GOOD}
        # A device that starts up is not ready, but nothing is wrong with it.
        return next(iter(sorted(verdicts - {Quality.WARMING_UP}) or verdicts), Quality.GOOD)

    def judge(self, reading: Reading, now_ns: int, warming_up: bool) -> Reading:
        """Return the reading, a `Sample` with its quality set."""
        if isinstance(reading, Sample):
            quality = reading.quality
            if quality is Quality.GOOD:
                quality = self._of_value(reading.quantity, reading.value)
            if quality is Quality.GOOD and self._frozen(reading.quantity, reading.value, now_ns):
                quality = Quality.FROZEN
            if quality is Quality.GOOD and warming_up:
                quality = Quality.WARMING_UP
            self._verdicts[reading.quantity] = quality
            return reading if quality is reading.quality else replace(reading, quality=quality)
        if isinstance(reading, Frame):
            frozen = self._frozen("frame", reading.pixels.tobytes(), now_ns)
            self._verdicts["frame"] = Quality.FROZEN if frozen else Quality.GOOD
        elif isinstance(reading, WaveformBlock):
            for row, channel in zip(reading.counts, reading.channels, strict=True):
                # A live channel has noise in every block; a constant one is a dead converter or input.
                still = row.size > 0 and bool(np.all(row == row[0]))
                value = int(row[0]) if still else None
                frozen = self._frozen(channel.name, value, now_ns) and still
                self._verdicts[channel.name] = Quality.FROZEN if frozen else Quality.GOOD
        return reading

    def _of_value(self, quantity: Quantity, value: float) -> Quality:
        if not math.isfinite(value):
            return Quality.INVALID
        limits = self._capabilities.valid_range
        main = self._capabilities.quantities[:1]  # the range is that of the device's main quantity
        if limits is None or (main and quantity is not main[0]):
            return Quality.GOOD
        if value > limits[1]:
            return Quality.OVER_RANGE
        return Quality.UNDER_RANGE if value < limits[0] else Quality.GOOD

    def _frozen(self, what: Hashable, value: Hashable, now_ns: int) -> bool:
        limit_s = self._capabilities.frozen_after_s
        before = self._seen.get(what)
        if before is None or before[0] != value:
            self._seen[what] = (value, now_ns)
            return False
        return limit_s > 0 and now_ns - before[1] > limit_s * 1e9
