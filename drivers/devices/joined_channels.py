"""Joins channels whose records come one by one, of unequal length, into blocks of all of them.

Channels of one digitiser share a clock, but each packs its samples into records
of its own length. Only samples of one instant side by side can be compared, so
what is given out is the time that all channels have; a channel that stays away
is waited for, then gone on without.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SET_BACK_RECORDS = 3
"""So many records of one channel in a row that lie before their time: its clock was set back."""

MOST_WAITING = 256
"""Records of one channel that wait for another; more are given out without it."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Samples of one channel: int32 ``(n,)``, the first at ``start_ns``."""

    start_ns: int
    fs_hz: float
    counts: npt.NDArray[np.int32]
    clipped: bool = False
    locked: bool = False
    checked: bool = True
    gap: bool = False

    def instant_ns(self, sample: int) -> int:
        """Return the time of a sample, ns."""
        return self.start_ns + round(sample * 1e9 / self.fs_hz)

    def without(self, n_samples: int, gap: bool = False) -> Piece:
        """Return the piece without its first samples."""
        rest = self.counts[n_samples:]
        start_ns = self.instant_ns(n_samples)
        return Piece(start_ns, self.fs_hz, rest, self.clipped, self.locked, self.checked, gap)


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Samples of several channels, int32 ``(n_channels, n)``, and what is missing before them.

    ``clipped`` is a bit mask of rows; ``gap`` tells that data is missing before,
    ``lost`` how many samples where that is known.
    """

    names: tuple[str, ...]
    start_ns: int
    fs_hz: float
    counts: npt.NDArray[np.int32]
    clipped: int
    locked: bool
    checked: bool
    lost: int
    gap: bool


class ChannelJoiner:
    """Takes pieces of channels in the order in which they come; gives blocks in the order of time.

    Blocks with the same channels form one series, and what is missing is counted
    in that series.

    Parameters
    ----------
    names : the channels, in the order of the blocks' rows.
    patience_s : how long a channel that sends nothing is waited for, s.
    now : host time, s.

    Attributes
    ----------
    late : pieces dropped because their time had been given out already.

    Examples
    --------
    >>> joiner = ChannelJoiner(["EHZ", "ENZ"], 10.0, 0.0)
    >>> joiner.take("EHZ", Piece(0, 100.0, np.arange(5, dtype=np.int32)), 0.0)
    >>> joiner.joined(0.0)
    []
    >>> joiner.take("ENZ", Piece(0, 100.0, np.arange(3, dtype=np.int32)), 0.0)
    >>> joiner.joined(0.0)[0].counts.shape
    (2, 3)
    """

    def __init__(self, names: Sequence[str], patience_s: float, now: float) -> None:
        self.late = 0
        self._patience_s = patience_s
        self._tracks = {name: _Track(now) for name in names}
        self._series_ns: dict[tuple[str, ...], int] = {}
        self._broken: set[tuple[str, ...]] = set()  # series whose time went back
        self._ready: list[Joined] = []

    def restart(self, now: float) -> None:
        """Begin to wait anew, as after a broken connection; what was taken stays."""
        for track in self._tracks.values():
            track.heard = now

    def silent(self, now: float) -> list[str]:
        """Return the channels that have sent nothing for longer than the patience while others came."""
        newest = max(track.heard for track in self._tracks.values())
        long_ago = now - self._patience_s
        return [name for name, track in self._tracks.items() if track.heard < min(newest, long_ago)]

    def take(self, name: str, piece: Piece, now: float) -> None:
        """Take the next piece of a channel."""
        track = self._tracks[name]
        track.heard = now
        fs_hz = piece.fs_hz
        if track.after_ns is not None and fs_hz == track.fs_hz:
            early = round((track.after_ns - piece.start_ns) * fs_hz / 1e9)
            if early >= piece.counts.size:
                track.late += 1
                self.late += 1
                if track.late < SET_BACK_RECORDS:
                    return
                self._clock_was_set_back(now)
            elif early > 0:
                piece = piece.without(early, gap=True)
        track.late = 0
        track.fs_hz = fs_hz
        track.after_ns = piece.instant_ns(piece.counts.size)
        track.pieces.append(piece)

    def joined(self, now: float) -> list[Joined]:
        """Return the blocks that are complete, or as complete as they will become."""
        while (block := self._next(now, patient=True)) is not None:
            self._ready.append(block)
        ready, self._ready = self._ready, []
        return ready

    def _clock_was_set_back(self, now: float) -> None:
        # What still waits belongs to the old time and must be out before the new one begins.
        while (block := self._next(now, patient=False)) is not None:
            self._ready.append(block)
        for track in self._tracks.values():
            track.after_ns = None
        self._broken |= set(self._series_ns)
        self._series_ns.clear()

    def _next(self, now: float, patient: bool) -> Joined | None:
        heads = {name: track.pieces[0] for name, track in self._tracks.items() if track.pieces}
        if not heads:
            return None
        first = min(heads.values(), key=lambda piece: piece.start_ns)
        start_ns, fs_hz = first.start_ns, first.fs_hz
        half_ns = 0.5e9 / fs_hz
        names = tuple(n for n, p in heads.items() if p.fs_hz == fs_hz and p.start_ns - start_ns <= half_ns)
        n_samples = min(heads[name].counts.size for name in names)
        full = any(len(track.pieces) > MOST_WAITING for track in self._tracks.values())
        for name, track in self._tracks.items():
            if name in names or (track.fs_hz or fs_hz) != fs_hz:
                continue
            begins_ns = heads[name].start_ns if name in heads else track.after_ns
            if begins_ns is not None and begins_ns - start_ns > half_ns:
                # It has nothing before that time, and its own samples begin a new block.
                n_samples = min(n_samples, max(1, math.ceil((begins_ns - start_ns - half_ns) * fs_hz / 1e9)))
            elif patient and not full and now - track.heard <= self._patience_s:
                return None
        pieces = [heads[name] for name in names]
        for name, piece in zip(names, pieces, strict=True):
            self._tracks[name].consume(piece, n_samples)
        return self._block(names, pieces, n_samples)

    def _block(self, names: tuple[str, ...], pieces: Iterable[Piece], n_samples: int) -> Joined:
        parts = list(pieces)
        first = min(parts, key=lambda piece: piece.start_ns)
        begins_ns = self._series_ns.get(names, first.start_ns)
        lost = max(0, round((first.start_ns - begins_ns) * first.fs_hz / 1e9))
        gap = lost > 0 or names in self._broken or any(piece.gap for piece in parts)
        self._broken.discard(names)
        self._series_ns[names] = first.instant_ns(n_samples)
        return Joined(
            names,
            first.start_ns,
            first.fs_hz,
            np.stack([piece.counts[:n_samples] for piece in parts]),
            sum(1 << row for row, piece in enumerate(parts) if piece.clipped),
            all(piece.locked for piece in parts),
            all(piece.checked for piece in parts),
            lost,
            gap,
        )


class _Track:
    """One channel: what waits, and where its next sample is expected."""

    def __init__(self, now: float) -> None:
        self.heard = now
        self.fs_hz: float | None = None
        self.after_ns: int | None = None
        self.pieces: deque[Piece] = deque()
        self.late = 0

    def consume(self, piece: Piece, n_samples: int) -> None:
        if n_samples < piece.counts.size:
            self.pieces[0] = piece.without(n_samples)
        else:
            self.pieces.popleft()
