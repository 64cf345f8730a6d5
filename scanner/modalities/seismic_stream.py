"""The last minute of one sensor's waveform blocks: decimated counts, and what of them is usable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivers.api import Channel, Flag, WaveformBlock
from scanner.signals.seismic import DecimatorState, bridge, decimate, decimator_state

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RATE_HZ = 100.0
"""About the rate that the methods work at; the board's rate is divided by an integer."""

WINDOW_S = 60.0
UNKNOWN_LOSS_S = 0.1
"""How much is taken as missing where the device says only that something is."""


@dataclass(slots=True)
class SeismicStream:
    """Blocks of one sensor with the same channels and rate."""

    channels: tuple[Channel, ...]
    fs_hz: float
    factor: int
    decimator: DecimatorState
    counts: Array
    usable: Mask
    clipped: Mask
    last: Array
    serial: int
    newest_ns: int = 0
    samples: int = 0
    taken: int = 0

    @classmethod
    def like(cls, block: WaveformBlock, serial: int) -> SeismicStream:
        n = block.counts.shape[0]
        factor = max(1, round(block.fs_hz / RATE_HZ))
        empty = np.zeros((n, 0))
        return cls(
            channels=block.channels,
            fs_hz=block.fs_hz,
            factor=factor,
            decimator=decimator_state(n, factor),
            counts=empty,
            usable=empty.astype(bool),
            clipped=empty.astype(bool),
            last=np.zeros(n),
            serial=serial,
        )

    @property
    def rate_hz(self) -> float:
        return self.fs_hz / self.factor

    def take(self, block: WaveformBlock) -> None:
        lost = block.samples_lost
        if not lost and block.flags & (Flag.GAP_BEFORE | Flag.OVERRUN) and self.samples:
            lost = max(1, round(UNKNOWN_LOSS_S * self.fs_hz))
        if lost > WINDOW_S * self.fs_hz:
            lost = round(WINDOW_S * self.fs_hz)
        counts = block.counts.astype(float)
        usable = np.isfinite(counts)
        clipped = np.zeros_like(usable)
        for channel in range(counts.shape[0]):
            if block.clipped >> channel & 1 or (not block.clipped and block.flags & Flag.CLIPPED):
                clipped[channel] = True
        usable &= ~clipped
        if lost and self.samples:
            # the bridge carries the filters over the gap; the mask says that nothing was there
            gap = np.linspace(self.last, counts[:, 0], lost + 2, axis=1)[:, 1:-1]
            counts = np.hstack([gap, counts])
            usable = np.hstack([np.zeros(gap.shape, bool), usable])
            clipped = np.hstack([np.zeros(gap.shape, bool), clipped])
        elif not self.samples:
            # start as if the first value had always been there
            first = np.repeat(counts[:, :1], 20 * self.factor, axis=1)
            self.decimator = decimate(first, np.ones(first.shape, bool), self.factor, self.decimator)[2]
        self.last = counts[:, -1].copy()
        self.samples += counts.shape[1]
        out, good, self.decimator = decimate(
            bridge(counts, np.isfinite(counts)), usable, self.factor, self.decimator
        )
        # clipping is bookkept at the lower rate by the share of the block
        keep = round(WINDOW_S * self.rate_hz)
        clipped_out = np.repeat(clipped.any(axis=1)[:, None], out.shape[1], axis=1)
        self.counts = np.hstack([self.counts, out])[:, -keep:]
        self.usable = np.hstack([self.usable, good])[:, -keep:]
        self.clipped = np.hstack([self.clipped, clipped_out])[:, -keep:]
        self.taken += out.shape[1]
        self.newest_ns = block.stamp.mono_ns
