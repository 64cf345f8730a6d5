"""The samples of one channel that wait to be joined with others, in the order of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivers.api import ClockLock


@dataclass(slots=True, eq=False)
class Piece:
    """Samples of one channel: int32 ``(n,)``, the first at ``start_ns``; its joiner's own once taken.

    ``clipped`` is what the device itself says; ``gap`` that it follows on nothing;
    ``came`` when it was taken, s.
    """

    start_ns: int
    fs_hz: float
    counts: npt.NDArray[np.int32]
    lock: ClockLock = ClockLock.NONE
    clipped: bool = False
    checked: bool = True
    gap: bool = False
    came: float = 0.0

    def instant_ns(self, sample: int) -> int:
        """Return the time of a sample, ns."""
        return self.start_ns + round(sample * 1e9 / self.fs_hz)

    @property
    def end_ns(self) -> int:
        """The time after the last sample, ns."""
        return self.instant_ns(self.counts.size)

    def cut(self, n_samples: int) -> None:
        """Take the first samples away."""
        self.start_ns, self.counts = self.instant_ns(n_samples), self.counts[n_samples:]


class ChannelTrack:
    """One channel: what waits, in the order of time, and what has gone out."""

    def __init__(self) -> None:
        self.heard = -math.inf
        self.given_up = False  # silent for too long: waited for again when it comes back
        self.fs_hz: float | None = None
        self.gone_ns: int | None = None  # time after the last sample that went out
        self.torn = False  # its next block follows on nothing that can be counted
        self.back = 0  # pieces of before its time, one after the other
        self.pieces: list[Piece] = []

    def place(self, piece: Piece) -> int:
        """Return where among the waiting pieces a piece belongs."""
        at = len(self.pieces)
        while at and self.pieces[at - 1].start_ns > piece.start_ns:
            at -= 1
        return at

    def end_before(self, at: int) -> int | None:
        """Return the time after the samples that come before a place."""
        return self.pieces[at - 1].end_ns if at else self.gone_ns

    def consume(self, n_samples: int) -> None:
        head = self.pieces[0]
        self.gone_ns, self.torn = head.instant_ns(n_samples), False
        head.cut(n_samples)
        head.gap = False
        if not head.counts.size:
            del self.pieces[0]
