"""Puts blocks of single channels together: one `WaveformBlock` for what all channels share.

A digitiser cuts every channel's samples into blocks of their own, as long as
their compression allows. Whoever cancels the ground out of a chassis channel
needs both sample by sample. So samples wait here until all channels of the same
rate have them, then go out together, their channels in the configured order.

A channel is not waited for when it has moved on without sending what is missing
(``recover_s`` are left for it to be sent again), or when it has been silent for
longer than the longest block. The others' samples then go out in a block
without it. Blocks with the same channels form one series, and ``samples_lost``
is what is missing in that series; before its first block, what its channels lack.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivers.api import Channel, ClockLock, Flag, WaveformBlock

SET_BACK_S = 60.0
"""A block older than this is no late one: the clock was set back."""

MOST_LOST_S = 3600.0
"""A longer gap is a clock that was set forward: how much was lost cannot be told."""

GRACE_S = 2.0
"""Time for a block's way here, on top of the time that it covers."""

MOST_PIECES = 64
"""Blocks of one channel that wait at most."""


@dataclass(slots=True)
class _Piece:
    """Samples of one channel: index of the first on the device's time, and when they came."""

    start: int
    start_ns: int
    counts: npt.NDArray[np.int32]
    lock: ClockLock
    since: float

    @property
    def end(self) -> int:
        return self.start + self.counts.size


class SeriesMerger:
    """Merges the channels of one sampling rate.

    Parameters
    ----------
    fs_hz : sampling rate.
    channels : every channel of the sensor by name, in the order wanted.
    full_scale_counts : a sample this large, either sign, is clipped.
    longest_block_s : what a block covers at most, s.
    recover_s : how long a channel that moved on has to send what is missing, s.

    Attributes
    ----------
    late : blocks dropped because they were doubled or came after their time.
    """

    def __init__(
        self,
        fs_hz: float,
        channels: Mapping[str, Channel],
        full_scale_counts: int,
        longest_block_s: float,
        recover_s: float,
    ) -> None:
        self.fs_hz = fs_hz
        self.late = 0
        self._fs_mhz = round(fs_hz * 1000)
        self._channels = channels
        self._full_scale = full_scale_counts
        self._patience_s = longest_block_s + GRACE_S
        self._recover_s = recover_s
        self._pieces: dict[str, deque[_Piece]] = {name: deque() for name in channels}
        self._expected = set(channels)  # those that are waited for
        self._frontier: int | None = None  # index of the next sample to go out
        self._ends: dict[str, int] = {}  # index after each channel's last sample that went out
        self._series: dict[tuple[str, ...], int] = {}  # index after each series' last block
        self._torn: set[str] = set()  # channels whose next block follows on nothing that can be counted
        self._ready: list[WaveformBlock] = []

    def leave(self, name: str) -> None:
        """Wait no more for a channel: it has another rate."""
        self._expected.discard(name)

    def tear(self, name: str) -> None:
        """Let the channel's next block be a gap: it had another rate before."""
        self._torn.add(name)

    def take(
        self, name: str, start_ns: int, counts: npt.NDArray[np.int32], lock: ClockLock, now: float
    ) -> None:
        """Take one block of a channel; ``now`` is monotonic, s."""
        self._expected.add(name)
        start = (start_ns * self._fs_mhz + 500_000_000_000) // 1_000_000_000_000
        piece = _Piece(start, start_ns, counts, lock, now)
        if self._frontier is not None and start < self._frontier:
            if start < self._frontier - SET_BACK_S * self.fs_hz:
                self._begin_again(now)
            elif piece.end <= self._frontier:
                self.late += 1
                return
            else:
                self._trim(piece, self._frontier)
        waiting = self._pieces[name]
        at = len(waiting)
        while at and waiting[at - 1].start > piece.start:
            at -= 1
        if (at and waiting[at - 1].end > piece.start) or (
            at < len(waiting) and waiting[at].start < piece.end
        ):
            self.late += 1
            return
        waiting.insert(at, piece)

    def ready(self, now: float) -> list[WaveformBlock]:
        """Return the blocks that have become complete or cannot become so any more."""
        self._advance(now, patient=all(len(waiting) < MOST_PIECES for waiting in self._pieces.values()))
        ready, self._ready = self._ready, []
        return ready

    def _begin_again(self, now: float) -> None:
        # What still waits belongs to the old time and must be out before the new one begins.
        self._advance(now, patient=False)
        self._torn |= set(self._ends)
        self._series.clear()
        self._ends.clear()
        self._frontier = None

    def _advance(self, now: float, patient: bool) -> None:
        while True:
            heads = {name: waiting[0] for name, waiting in self._pieces.items() if waiting}
            if not heads:
                return
            first = min(piece.start for piece in heads.values())
            frontier = first if self._frontier is None else self._frontier
            here = {name: piece for name, piece in heads.items() if piece.start <= frontier}
            lacking = [name for name in self._expected if name not in here]
            if patient and any(self._waits_for(name, heads, now) for name in lacking):
                return
            if not here:
                self._frontier = first
                continue
            end = min(piece.end for piece in here.values())
            end = min([end, *(piece.start for piece in heads.values() if piece.start > frontier)])
            self._emit(here, frontier, end)
            self._frontier = end

    def _waits_for(self, name: str, heads: dict[str, _Piece], now: float) -> bool:
        """Tell whether what this channel lacks may still come; one that stays silent is expected no more."""
        if name in heads:
            return name in self._ends and now - heads[name].since < self._recover_s
        if now - min(piece.since for piece in heads.values()) < self._patience_s:
            return True
        self._expected.discard(name)
        return False

    def _emit(self, here: dict[str, _Piece], start: int, end: int) -> None:
        names = tuple(name for name in self._channels if name in here)
        cuts = [here[name].counts[start - here[name].start : end - here[name].start] for name in names]
        counts = np.stack(cuts)
        lead = here[names[0]]
        device_ns = lead.start_ns + (start - lead.start) * 1_000_000_000_000 // self._fs_mhz
        locks = {here[name].lock for name in names}
        ended = min(self._ends.get(name, start) for name in names)
        lost = max(0, start - self._series.get(names, ended))
        torn = not self._torn.isdisjoint(names)
        flags = Flag.GAP_BEFORE if lost or torn else Flag.NONE
        if lost > MOST_LOST_S * self.fs_hz:
            lost = 0
        at_stop = (np.abs(counts.astype(np.int64)) >= self._full_scale).any(axis=1)
        clipped = sum(1 << int(k) for k in np.flatnonzero(at_stop))
        if clipped:
            flags |= Flag.CLIPPED
        self._ready.append(
            WaveformBlock(
                counts,
                self.fs_hz,
                tuple(self._channels[name] for name in names),
                device_ns=device_ns,
                clock_lock=locks.pop() if len(locks) == 1 else ClockLock.NONE,
                clipped=clipped,
                samples_lost=lost,
                flags=flags,
            )
        )
        self._series[names] = end
        self._ends.update(dict.fromkeys(names, end))
        self._torn.difference_update(names)
        for name in names:
            if here[name].end <= end:
                self._pieces[name].popleft()
            else:
                self._trim(here[name], end)

    def _trim(self, piece: _Piece, start: int) -> None:
        n_samples = start - piece.start
        piece.counts = piece.counts[n_samples:]
        piece.start_ns += n_samples * 1_000_000_000_000 // self._fs_mhz
        piece.start = start
