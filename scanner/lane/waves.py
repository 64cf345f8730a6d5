"""Envelopes of a waveform board for eyes: as it came, and without what can be foretold of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing, Certificate
from calibration.geophone import response_of
from drivers.api import Role, WaveformBlock
from scanner.signals.cancelling import CancelState, cancel, cancel_state

ENVELOPE_S = 0.05
MEAN_S = 4.0
"""Time over which a channel's mean is followed: slow drift is taken away, what people do stays."""

LONGEST_GAP_S = 60.0

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WavePart:
    """New points of a channel's envelope.

    ``ago_s`` is how long before the block's arrival each point ends, falling; ``cancelled`` says that
    what can be foretold was taken away.
    """

    channel: str
    unit: str
    cancelled: bool
    ago_s: Array
    low: Array
    high: Array


class WaveBoard:
    """One board with the same channels and rate throughout.

    Parameters
    ----------
    first : a block of it.
    certificate : may hold what the board does not declare.
    """

    def __init__(self, first: WaveformBlock, certificate: Certificate | None) -> None:
        self.channels, self.fs_hz = first.channels, first.fs_hz
        self._per_count, self._units = np.ones(len(first.channels)), []
        for row, channel in enumerate(first.channels):
            try:
                self._per_count[row] = 1e6 / response_of(channel, certificate).counts_per_m_s
                self._units.append("µm/s")
            except CalibrationMissing:
                self._units.append("counts")
        self._mean = first.counts.astype(np.float64).mean(axis=1)
        self._rest = np.zeros((len(first.channels), 0))
        roles = [channel.role for channel in first.channels]
        self._chassis = [row for row, role in enumerate(roles) if role is Role.CHASSIS]
        references = [row for row, role in enumerate(roles) if role in (Role.GROUND, Role.AIR)]
        self._heard = self._chassis + references
        self._left_rest = np.zeros((len(self._chassis), 0))
        self._last: Array | None = None
        self._cancel: CancelState | None = cancel_state(len(self._chassis), len(references), first.fs_hz)

    def is_of(self, block: WaveformBlock) -> bool:
        """Tell whether a block has these channels and this rate."""
        return block.channels == self.channels and block.fs_hz == self.fs_hz

    def take(self, block: WaveformBlock) -> Iterator[WavePart]:
        """Give the points that a block completes."""
        counts = block.counts.astype(np.float64)
        if block.samples_lost:
            self._rest = self._rest[:, :0]
        share = min(counts.shape[1] / (MEAN_S * self.fs_hz), 1.0)
        self._mean += share * (counts.mean(axis=1) - self._mean)
        width = max(round(ENVELOPE_S * self.fs_hz), 1)
        low, high, self._rest = _envelope(np.hstack([self._rest, counts]), width)
        ago_s = _ago_s(low.shape[1], width, self._rest.shape[1], self.fs_hz)
        for row, channel in enumerate(self.channels):
            mean, scale = self._mean[row], self._per_count[row]
            yield WavePart(
                channel.name,
                self._units[row],
                False,
                ago_s,
                (low[row] - mean) * scale,
                (high[row] - mean) * scale,
            )
        yield from self._cancelled(counts, block.samples_lost)

    def _cancelled(self, counts: Array, lost: int) -> Iterator[WavePart]:
        if self._cancel is None:
            return
        x = counts[self._heard]
        usable = np.ones(x.shape, bool)
        if lost and self._last is not None:
            # the bridge carries the filters over the gap; the mask says that nothing was there
            lost = min(lost, round(LONGEST_GAP_S * self.fs_hz))
            gap = np.linspace(self._last, x[:, 0], lost + 2, axis=1)[:, 1:-1]
            x, usable = np.hstack([gap, x]), np.hstack([np.zeros(gap.shape, bool), usable])
        self._last = x[:, -1].copy()
        left, self._cancel = cancel(x, usable, self.fs_hz, self._cancel)
        rate_hz = self.fs_hz / left.factor
        values = np.where(left.usable, left.counts, np.nan)
        width = max(round(ENVELOPE_S * rate_hz), 1)
        low, high, self._left_rest = _envelope(np.hstack([self._left_rest, values]), width)
        ago_s = _ago_s(low.shape[1], width, self._left_rest.shape[1], rate_hz)
        ago_s = ago_s + max(left.newest_ago, 0) / self.fs_hz
        for row, channel in enumerate(self._chassis):
            scale, told = self._per_count[channel], np.isfinite(low[row])
            yield WavePart(
                self.channels[channel].name,
                self._units[channel],
                True,
                ago_s[told],
                low[row][told] * scale,
                high[row][told] * scale,
            )


def _envelope(samples: Array, width: int) -> tuple[Array, Array, Array]:
    """Return lowest and highest of each ``width`` samples (NaN where one is missing), and the rest."""
    bins = samples.shape[1] // width
    whole = samples[:, : bins * width].reshape(samples.shape[0], bins, width)
    return whole.min(axis=2), whole.max(axis=2), samples[:, bins * width :]


def _ago_s(bins: int, width: int, after: int, rate_hz: float) -> Array:
    return np.asarray((after + (bins - 1 - np.arange(bins)) * width) / rate_hz)
