"""Faults of one direction of a wire, as pure queueing: what enters, what leaves and when.

No input or output and no clock of its own: `drivers.twins.fault_box` moves the bytes.
"""

from __future__ import annotations

import math
import random
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, fields

HOLD_BYTES = 4 << 20
LOG_BYTES = 8 << 20
STREAM_FLOOD_BYTES, DATAGRAM_FLOOD_BYTES = 4096, 1024
LATE_S = 0.5
"""A datagram that the next one should overtake goes anyway when none comes for so long."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How bad a direction is: probabilities per piece (one write, one datagram) and per byte, delays in s.

    Parameters
    ----------
    drop, double, corrupt : probability that a piece is lost, comes twice, has one byte changed.
    drop_byte, double_byte, corrupt_byte : the same for each byte by itself.
    split : probability that a piece comes in two parts, each with its own delay; streams alone.
    reorder : probability that a datagram comes after the one that follows it; datagrams alone.
    delay_s, jitter_s : each piece waits ``delay_s`` and up to ``jitter_s`` more; order is kept.

    Raises
    ------
    ValueError : a probability outside 0 to 1, a negative delay.

    Examples
    --------
    >>> Faults(corrupt=0.01, delay_s=0.05).corrupt
    0.01
    """

    drop: float = 0.0
    double: float = 0.0
    corrupt: float = 0.0
    drop_byte: float = 0.0
    double_byte: float = 0.0
    corrupt_byte: float = 0.0
    split: float = 0.0
    reorder: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            kind, most = ("delay", math.inf) if field.name.endswith("_s") else ("probability", 1)
            if not 0 <= value <= most:
                raise ValueError(f"{field.name} = {value:g} is no {kind}")


NO_FAULTS = Faults()
_PIECE_FAULTS = ("drop", "double", "corrupt", "reorder", "split")


@dataclass(slots=True, eq=False)
class Crossing:
    """One piece that went into a direction.

    Parameters
    ----------
    sent : what the sender gave; empty for what was injected.
    out : what was made of it; empty when it was dropped.
    acts : names of the faults that hit it, as in `Faults`, or "inject", "overflow".
    taken : bytes of ``out`` that the far side of the box took.
    """

    sent: bytes
    out: bytes
    acts: tuple[str, ...] = ()
    taken: int = 0

    @property
    def unchanged(self) -> bool:
        """Whether all of it, and nothing else, has crossed."""
        return self.out == self.sent and self.taken == len(self.out)


@dataclass(slots=True, eq=False)
class Piece:
    """What leaves in one go; ``crossing`` is None for a flood."""

    due_s: float
    data: bytes
    crossing: Crossing | None


@dataclass(slots=True)
class _Flood:
    due_s: float
    left: int


class FaultyWay:
    """One direction: pieces enter by `take`, leave by `next_piece`, in order, and are logged.

    Same seed and same pieces give the same faults: every piece costs the same
    draws whatever `faults` says, and time decides nothing.

    Parameters
    ----------
    seed : any text.
    datagrams : whether a piece is a datagram, which is never cut or joined.
    hold_bytes : how much waits in a stall; what comes when it is full is dropped.

    Attributes
    ----------
    forgotten : crossings that the bounded log no longer holds.

    Examples
    --------
    >>> way = FaultyWay("7")
    >>> way.faults = Faults(drop=0.5)
    >>> for n in range(8):
    ...     _ = way.take(bytes([n]), now_s=0.0)
    >>> b"".join(piece.data for piece in iter(lambda: way.next_piece(0.0), None)).hex(" ")
    '00 02 04 05'
    >>> way.done["drop"], way.done["passed"]
    (4, 4)
    """

    def __init__(self, seed: str, datagrams: bool = False, hold_bytes: int = HOLD_BYTES) -> None:
        self.forgotten = 0
        self._done: Counter[str] = Counter()
        self._datagrams = datagrams
        self._flood_bytes = DATAGRAM_FLOOD_BYTES if datagrams else STREAM_FLOOD_BYTES
        self._hold_bytes = hold_bytes
        self._faults = NO_FAULTS
        self._random = random.Random(seed)
        self._noise = random.Random(seed + " flood")
        self._changed = threading.Condition()
        self._queue: deque[Piece | _Flood] = deque()
        self._late: Piece | None = None  # a datagram that waits for its successor
        self._waiting = self._flooding = 0
        self._last_due_s = 0.0
        self._stalled = False
        self._log: deque[Crossing] = deque()
        self._log_bytes = 0

    @property
    def faults(self) -> Faults:
        """What is done to the pieces that come from now on; set it from any thread.

        Raises
        ------
        ValueError : ``reorder`` on a stream, ``split`` on datagrams.
        """
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        if faults.reorder and not self._datagrams:
            raise ValueError("the bytes of a stream cannot overtake each other: reorder is for datagrams")
        if faults.split and self._datagrams:
            raise ValueError("a datagram comes whole or not at all: split is for streams")
        self._faults = faults

    @property
    def done(self) -> Counter[str]:
        """Pieces by what happened to them.

        "passed", the names of `Faults`, "inject" and "overflow" count pieces;
        "..._byte", "flood" and "not taken" count bytes.
        """
        with self._changed:
            return +self._done

    @property
    def waiting_bytes(self) -> int:
        """Bytes that have not left yet, those of a flood included."""
        return self._waiting + self._flooding

    @property
    def has_room(self) -> bool:
        """Whether the direction can hold more; a flood takes none of its room."""
        return self._waiting < self._hold_bytes

    def crossings(self) -> list[Crossing]:
        """Return what has entered so far, oldest first; the log is bounded and floods are only counted."""
        with self._changed:
            return list(self._log)

    def forget(self) -> None:
        """Empty the log; `forgotten` counts on."""
        with self._changed:
            self.forgotten += len(self._log)
            self._log.clear()
            self._log_bytes = 0

    def stall(self) -> None:
        """Let nothing through until `resume`; what comes is held."""
        self._stalled = True

    def resume(self) -> None:
        """Let through again, beginning with what was held."""
        self._stalled = False

    def inject(self, data: bytes) -> None:
        """Put bytes of nobody's between the pieces, untouched by `faults`; over UDP, one datagram."""
        with self._changed:
            self._done["inject"] += 1
            crossing = Crossing(b"", data, ("inject",))
            self._remember(crossing)
            self._put(Piece(0.0, data, crossing))

    def flood(self, what: int | bytes) -> None:
        """Put so many random bytes, or these, between the pieces; they leave as fast as the wire takes."""
        with self._changed:
            if isinstance(what, int):
                self._queue.append(_Flood(self._last_due_s, what))
                self._flooding += what
            else:
                for at in range(0, len(what), self._flood_bytes):
                    self._put(Piece(0.0, what[at : at + self._flood_bytes], None))

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until everything has left; tell whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: self.waiting_bytes == 0, timeout_s)

    def take(self, data: bytes, now_s: float) -> int:
        """Let a piece enter; return how much of it was taken: all, or nothing where there is no room."""
        with self._changed:
            faults, dice = self._faults, self._random
            hit = {name: dice.random() < getattr(faults, name) for name in _PIECE_FAULTS}
            place, jitters = dice.random(), (dice.random(), dice.random())
            details = random.Random(dice.getrandbits(64))
            if not self.has_room:
                self._done["overflow"] += 1
                self._remember(Crossing(data, b"", ("overflow",)))
                return 0
            out, acts = _bytes_hit(data, faults, details)
            acts += [name for name in _PIECE_FAULTS if hit[name]]
            if hit["corrupt"] and out:
                out = _changed_at(out, int(place * len(out)), details)
            parts = [out]
            if hit["split"] and len(out) > 1:
                cut = 1 + int(place * (len(out) - 1))
                parts = [out[:cut], out[cut:]]
            if hit["double"]:
                parts = [out, out]
            if hit["drop"]:
                parts = []
            crossing = Crossing(data, out if parts == [out] else b"".join(parts), tuple(dict.fromkeys(acts)))
            self._remember(crossing)
            self._done.update(acts or ("passed",))
            pieces = [
                Piece(now_s + faults.delay_s + jitter * faults.jitter_s, part, crossing)
                for part, jitter in zip(parts, jitters, strict=False)
            ]
            self._line_up(pieces, hit["reorder"])
        return len(data)

    def next_piece(self, now_s: float) -> Piece | None:
        """Let the next piece leave, if one is due; `taken` must be told what became of it."""
        with self._changed:
            if not self._queue and self._late is not None and self._late.due_s <= now_s:
                self._queue.append(self._late)
                self._late = None
            if self._stalled or not self._queue or self._queue[0].due_s > now_s:
                return None
            head = self._queue[0]
            if isinstance(head, Piece):
                self._queue.popleft()
                return head
            size = min(head.left, self._flood_bytes)
            head.left -= size
            if head.left == 0:
                self._queue.popleft()
            return Piece(head.due_s, self._noise.randbytes(size), None)

    def taken(self, piece: Piece, n_bytes: int) -> None:
        """Note that the far side took so many bytes of a piece that has left."""
        with self._changed:
            if piece.crossing is None:
                self._flooding -= len(piece.data)
                self._done["flood"] += n_bytes
            else:
                self._waiting -= len(piece.data)
                piece.crossing.taken += n_bytes
            self._done["not taken"] += len(piece.data) - n_bytes
            self._changed.notify_all()

    def wait_s(self, now_s: float) -> float:
        """Return the time until something is due, s; infinite when nothing is."""
        with self._changed:
            head = self._queue[0] if self._queue else self._late
            if head is None or self._stalled:
                return math.inf
            return max(0.0, head.due_s - now_s)

    def clear(self) -> int:
        """Lose what has not left yet and return how many bytes of pieces that were."""
        with self._changed:
            lost = self._waiting
            self._queue.clear()
            self._late = None
            self._waiting = self._flooding = 0
            self._last_due_s = 0.0
            self._done["not taken"] += lost
            self._changed.notify_all()
            return lost

    def _line_up(self, pieces: list[Piece], reorder: bool) -> None:
        """Queue what was made of one piece, and behind it the datagram that had to let it pass."""
        overtaken, self._late = self._late, None
        if reorder and overtaken is None and pieces:
            self._late = pieces.pop()
            self._late.due_s += LATE_S
            self._waiting += len(self._late.data)
        for piece in pieces:
            self._put(piece)
        if overtaken is not None:
            self._waiting -= len(overtaken.data)
            overtaken.due_s = 0.0
            self._put(overtaken)

    def _put(self, piece: Piece) -> None:
        if piece.data:
            piece.due_s = self._last_due_s = max(piece.due_s, self._last_due_s)
            self._queue.append(piece)
            if piece.crossing is None:
                self._flooding += len(piece.data)
            else:
                self._waiting += len(piece.data)

    def _remember(self, crossing: Crossing) -> None:
        self._log.append(crossing)
        self._log_bytes += len(crossing.sent) + len(crossing.out)
        while self._log_bytes > LOG_BYTES and len(self._log) > 1:
            oldest = self._log.popleft()
            self._log_bytes -= len(oldest.sent) + len(oldest.out)
            self.forgotten += 1


def _changed_at(data: bytes, at: int, dice: random.Random) -> bytes:
    return data[:at] + bytes([data[at] ^ dice.randint(1, 255)]) + data[at + 1 :]


def _bytes_hit(data: bytes, faults: Faults, dice: random.Random) -> tuple[bytes, list[str]]:
    """Return ``data`` after the faults that hit single bytes, and which these were."""
    acts: list[str] = []
    for at in _places(len(data), faults.corrupt_byte, dice):
        data = _changed_at(data, at, dice)
        acts.append("corrupt_byte")
    for name, copies in (("drop_byte", 0), ("double_byte", 2)):
        parts, begin = [], 0
        for at in _places(len(data), getattr(faults, name), dice):
            parts += [data[begin:at], data[at : at + 1] * copies]
            begin = at + 1
            acts.append(name)
        data = b"".join([*parts, data[begin:]]) if parts else data
    return data, acts


def _places(length: int, probability: float, dice: random.Random) -> Iterator[int]:
    """Yield the places among ``length`` that are hit: the gaps are drawn, not each place."""
    if probability <= 0:
        return
    if probability >= 1:
        yield from range(length)
        return
    at = -1
    while True:
        at += 1 + int(math.log(1.0 - dice.random()) / math.log1p(-probability))
        if at >= length:
            return
        yield at
