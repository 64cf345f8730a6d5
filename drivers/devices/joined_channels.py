"""Joins channels whose records come one by one, of unequal length, into blocks of all of them.

Channels of one digitiser share a clock, but each packs its samples into records
of its own length. Only samples of one instant side by side can be compared, so
what is given out is the time that all channels of one rate have. A channel that
stays away is waited for, then gone on without; what it sends later goes out alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from drivers.api import Channel, ClockLock, Flag, WaveformBlock
from drivers.devices.channel_track import ChannelTrack, Piece

MOST_LOST_S = 3600.0
"""A longer gap is a clock that was set forward: how much was lost cannot be told."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a sender's records come.

    Parameters
    ----------
    patience_s : how long a channel that sends nothing is waited for, s;
    longest_samples : and on top of it, for as long as so many samples last.
    recover_s : how long a channel that has moved on has to send what is missing, s.
    set_back_s : a record that ends so long before its time is no late one;
    set_back_records : so many of them in a row, and the clock was set back.
    put_right_s : a record that begins so little before its time is a clock put
        right: nothing came twice.
    most_waiting : records of one channel that wait; with more the others are not waited for.
    """

    patience_s: float
    longest_samples: int = 0
    recover_s: float = 0.0
    set_back_s: float = 0.0
    set_back_records: int = 1
    put_right_s: float = 0.0
    most_waiting: int = 256


class ChannelJoiner:
    """Takes pieces of channels as they come; gives blocks, each channel's time going forward.

    Blocks with the same channels and rate form one series, and ``samples_lost``
    is what is missing in that series; before its first block, what its channels lack.

    Parameters
    ----------
    channels : every channel by name, in the order of the blocks' rows.
    full_scale_counts : a sample this large, either sign, is clipped.
    habits : how the sender's records come.

    Attributes
    ----------
    late : pieces dropped because they were doubled or came after their time.

    Examples
    --------
    >>> from drivers.api import Role
    >>> channels = {name: Channel(name, Role.GROUND) for name in ("EHZ", "ENZ")}
    >>> joiner = ChannelJoiner(channels, 8_388_607, Habits(patience_s=10.0))
    >>> joiner.take("EHZ", Piece(0, 100.0, np.arange(5, dtype=np.int32)), 0.0)
    >>> joiner.joined(0.0)
    []
    >>> joiner.take("ENZ", Piece(0, 100.0, np.arange(3, dtype=np.int32)), 0.0)
    >>> joiner.joined(0.0)[0].counts.shape
    (2, 3)
    """

    def __init__(self, channels: Mapping[str, Channel], full_scale_counts: int, habits: Habits) -> None:
        self.late = 0
        self._channels = channels
        self._full_scale = full_scale_counts
        self._habits = habits
        self._tracks = {name: ChannelTrack() for name in channels}
        self._series_ns: dict[tuple[float, tuple[str, ...]], int] = {}  # start of each one's next block
        self._since = 0.0
        self._ready: list[WaveformBlock] = []

    def restart(self, now: float) -> None:
        """Begin to wait anew, as after a broken connection; what was taken stays."""
        self._since = now
        for track in self._tracks.values():
            track.heard, track.given_up = now, False

    def silent(self, now: float) -> list[str]:
        """Return the channels that have sent nothing for longer than the patience while others came."""
        newest = max(track.heard for track in self._tracks.values())
        limit = min(newest, now - self._habits.patience_s)
        return [name for name, track in self._tracks.items() if track.heard < limit]

    def take(self, name: str, piece: Piece, now: float) -> None:
        """Take one piece of a channel; ``now`` is monotonic, s."""
        track = self._tracks[name]
        track.heard, track.given_up, piece.came = now, False, now
        at = track.place(piece)
        doubled = self._overlap(track.end_before(at), piece)
        if doubled >= piece.counts.size or (
            at < len(track.pieces) and self._overlap(piece.end_ns, track.pieces[at])
        ):
            back = track.gone_ns is not None and track.gone_ns - piece.end_ns >= self._habits.set_back_s * 1e9
            track.back = track.back + 1 if back else 0
            if not back or track.back < self._habits.set_back_records:
                self.late += 1
                return
            self._clock_was_set_back(now)
            at = 0
        elif doubled:
            piece.cut(doubled)
            piece.gap = True
        track.back = 0
        piece.gap |= track.fs_hz not in (None, piece.fs_hz)
        track.fs_hz = piece.fs_hz
        track.pieces.insert(at, piece)

    def joined(self, now: float) -> list[WaveformBlock]:
        """Return the blocks that are complete, or as complete as they will become."""
        self._advance(now, patient=True)
        ready, self._ready = self._ready, []
        return ready

    def _overlap(self, end_ns: int | None, piece: Piece) -> int:
        """Return how many samples of a piece lie before its time."""
        early_s = 0.0 if end_ns is None else (end_ns - piece.start_ns) / 1e9
        return 0 if early_s <= self._habits.put_right_s else round(early_s * piece.fs_hz)

    def _clock_was_set_back(self, now: float) -> None:
        # What still waits belongs to the old time and must be out before the new one begins.
        self._advance(now, patient=False)
        for track in self._tracks.values():
            track.torn |= track.gone_ns is not None
            track.gone_ns = None
        self._series_ns.clear()

    def _advance(self, now: float, patient: bool) -> None:
        moved = True
        while moved:
            rates = {track.pieces[0].fs_hz for track in self._tracks.values() if track.pieces}
            moved = any(self._next(fs_hz, now, patient) for fs_hz in sorted(rates))

    def _next(self, fs_hz: float, now: float, patient: bool) -> bool:
        """Give out the next block of one rate; tell whether there was one."""
        waiting = {name: track.pieces[0] for name, track in self._tracks.items() if track.pieces}
        heads = {name: piece for name, piece in waiting.items() if piece.fs_hz == fs_hz}
        half_ns = 0.5e9 / fs_hz
        start_ns = min(piece.start_ns for piece in heads.values())
        names = tuple(name for name, piece in heads.items() if piece.start_ns - start_ns <= half_ns)
        patient &= all(len(track.pieces) <= self._habits.most_waiting for track in self._tracks.values())
        if patient and any(self._may_recover(name, piece, now) for name, piece in heads.items()):
            return False
        since = max(self._since, min(piece.came for piece in heads.values()))
        n_samples = min(heads[name].counts.size for name in names)
        for name, track in self._tracks.items():
            begins_ns = heads[name].start_ns if name in heads else track.gone_ns
            if name in names or name in waiting.keys() - heads.keys() or track.fs_hz not in (None, fs_hz):
                continue
            if begins_ns is not None and begins_ns - start_ns > half_ns + self._habits.put_right_s * 1e9:
                # It has nothing before that time, and its own samples begin a new block.
                n_samples = min(n_samples, max(1, math.ceil((begins_ns - start_ns - half_ns) * fs_hz / 1e9)))
            elif patient and not track.given_up:
                if now - since < self._habits.patience_s + self._habits.longest_samples / fs_hz:
                    return False
                track.given_up = True
        self._emit(names, [heads[name] for name in names], n_samples)
        return True

    def _may_recover(self, name: str, head: Piece, now: float) -> bool:
        gone_ns = self._tracks[name].gone_ns
        hole = gone_ns is not None and head.start_ns - gone_ns > 0.5e9 / head.fs_hz
        return hole and now - head.came < self._habits.recover_s

    def _emit(self, names: tuple[str, ...], pieces: list[Piece], n_samples: int) -> None:
        tracks = [self._tracks[name] for name in names]
        lead = pieces[0]
        fs_hz, start_ns = lead.fs_hz, lead.start_ns
        ended_ns = min(start_ns if track.gone_ns is None else track.gone_ns for track in tracks)
        begins_ns = self._series_ns.get((fs_hz, names), ended_ns)
        lost = max(0, round((start_ns - begins_ns) * fs_hz / 1e9))
        self._series_ns[fs_hz, names] = lead.instant_ns(n_samples)
        counts = np.stack([piece.counts[:n_samples] for piece in pieces])
        peaks = np.abs(counts.astype(np.int64)).max(axis=1)
        clipped = sum(
            1 << k for k, piece in enumerate(pieces) if piece.clipped or peaks[k] >= self._full_scale
        )
        locks = {piece.lock for piece in pieces}
        flags = Flag.NONE if all(piece.checked for piece in pieces) else Flag.UNVERIFIED
        if lost or any(track.torn for track in tracks) or any(piece.gap for piece in pieces):
            flags |= Flag.GAP_BEFORE
        if clipped:
            flags |= Flag.CLIPPED
        self._ready.append(
            WaveformBlock(
                counts,
                fs_hz,
                tuple(self._channels[name] for name in names),
                device_ns=start_ns,
                clock_lock=locks.pop() if len(locks) == 1 else ClockLock.NONE,
                clipped=clipped,
                samples_lost=0 if lost > MOST_LOST_S * fs_hz else lost,
                flags=flags,
            )
        )
        for track in tracks:
            track.consume(n_samples)
