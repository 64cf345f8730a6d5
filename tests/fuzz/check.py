"""What must hold for every codec and every input, and how an input of the fuzzers is read.

An input's first two bytes choose the side of the codec, whether what follows gets
a valid check (`Side.seal`), and which of a side's decoders takes it. The rest is
what comes over the wire. Where it is split, and which of the costlier checks are
made, is drawn from the input as a whole, so that an input alone repeats a failure.
"""

from __future__ import annotations

import itertools
import random
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

HEAD_BYTES = 2
SEALED = 0x80
_ENDS = ("end_of_datagram", "clear", "forget")


class Broken(Exception):
    """Something that must hold for every input does not."""


@dataclass(frozen=True)
class Side:
    """One direction of a codec.

    Parameters
    ----------
    name : "device" for what the device sends, "host" for what the host sends.
    make : a fresh decoder; the number chooses among its kinds.
    frames : whole frames, of the codec's own encoder and of the makers' bytes.
    messages : what `feed` may return.
    holds : bytes that a decoder may keep between two feeds, with room for its state.
    seal : gives any bytes a valid check, so that what lies behind it is reached.
    bodies : bytes for `seal` to begin with; the frames themselves where there are none.
    repeats : the first of ``frames`` must come out again when it was sent so often after
        anything; 0 where the format cannot promise it.
    counts_messages : ``counters.frames`` is the number of messages.
    """

    name: str
    make: Callable[[int], Any]
    frames: tuple[bytes, ...]
    messages: tuple[type, ...]
    holds: int
    seal: Callable[[bytes], bytes] | None = None
    repeats: int = 3
    counts_messages: bool = True
    bodies: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Target:
    """A codec: the module's name in `drivers.codecs`, its sides, and the longest input of the bulk run."""

    codec: str
    sides: tuple[Side, ...]
    max_len: int = 128


_ONE_BY_ONE = (-1.0,)


def _cuts(number: int) -> tuple[float, ...]:
    """Return where to cut, as fractions of the length."""
    if number == 1:
        return _ONE_BY_ONE
    if number % 2 == 0:
        return ()
    dice = random.Random(number)
    return tuple(sorted(dice.random() for _ in range(1 + number % 4)))


_CUTS = [_cuts(number) for number in range(256)]


def pieces(wire: bytes, number: int) -> list[bytes]:
    """Return ``wire`` cut as the number says."""
    cuts = _CUTS[number]
    if not cuts:
        return [wire]
    if cuts is _ONE_BY_ONE:
        return [wire[at : at + 1] for at in range(min(len(wire), 600))] + [wire[600:]]
    places = [0, *(int(cut * len(wire)) for cut in cuts), len(wire)]
    return [wire[a:b] for a, b in itertools.pairwise(places)]


def plain(value: Any) -> Any:
    """Return a message as something that compares by value, NaN and arrays too."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float):
        return repr(value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, *(plain(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, list | tuple):
        return type(value).__name__, *map(plain, value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value


def held_bytes(thing: Any, depth: int = 4) -> int:
    """Return about how much a decoder keeps: bytes of its buffers, 64 for each entry of a collection."""
    if isinstance(thing, bytes | bytearray | str):
        return len(thing)
    if isinstance(thing, np.ndarray):
        return int(thing.nbytes)
    if depth == 0 or isinstance(thing, type):
        return 0
    if isinstance(thing, dict):
        return sum(64 + held_bytes(each, depth - 1) for each in thing.values())
    if isinstance(thing, list | tuple | set | frozenset | deque):
        return sum(64 + held_bytes(each, depth - 1) for each in thing)
    if not type(thing).__module__.startswith(("drivers.codecs", "tests.fuzz")):
        return 0
    held = sum(held_bytes(each, depth - 1) for each in getattr(thing, "__dict__", {}).values())
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    return held + sum(held_bytes(getattr(thing, name, 0), depth - 1) for name in slots)


@dataclass
class Checker:
    """Feeds inputs to one codec and raises `Broken`, or what the codec raised.

    Parameters
    ----------
    target : the codec.
    thorough : make every check on every input.

    Attributes
    ----------
    tried : inputs so far.
    longest_s : processor time that the longest of them took to decode.
    """

    target: Target
    thorough: bool = False
    tried: int = 0
    longest_s: float = 0.0

    def one(self, data: bytes) -> None:
        """Check one input."""
        self.tried += 1
        side, kind, wire = read_input(self.target, data)
        number = zlib.crc32(data) & 0xFF
        decoder = side.make(kind)
        began = time.thread_time()
        messages = feed_all(decoder, pieces(wire, number))
        self.longest_s = max(self.longest_s, time.thread_time() - began)
        for message in messages:
            if not isinstance(message, side.messages):
                raise Broken(f"feed returned {message!r}, which is none of {side.messages}")
        check_counters(decoder.counters, len(wire), len(messages) if side.counts_messages else None)
        if self.thorough or number % 32 == 1:
            check_splitting(side, kind, wire, decoder, messages)
        if (self.thorough or number % 16 == 2) and held_bytes(decoder) > side.holds:
            raise Broken(f"{held_bytes(decoder)} bytes are held, {side.holds} are enough")
        if self.thorough or number % 64 == 4:
            check_ends(decoder)
            if side.repeats:
                check_resync(side, decoder)


def read_input(target: Target, data: bytes) -> tuple[Side, int, bytes]:
    """Return the side, the kind of decoder and what comes over the wire."""
    first, kind = data[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0")
    side = target.sides[(first & ~SEALED) % len(target.sides)]
    wire = data[HEAD_BYTES:]
    return side, kind, side.seal(wire) if first & SEALED and side.seal is not None else wire


def make_input(target: Target, side: Side, kind: int, wire: bytes, sealed: bool = False) -> bytes:
    """Return the input that `read_input` reads so."""
    return bytes([target.sides.index(side) | (SEALED if sealed else 0), kind]) + wire


def feed_all(decoder: Any, parts: list[bytes]) -> list[Any]:
    """Return all messages of some pieces."""
    messages: list[Any] = []
    for part in parts:
        found = decoder.feed(part)
        if type(found) is not list:
            raise Broken(f"feed returned {type(found)}, not a list")
        messages += found
    return messages


def check_counters(counters: Any, n_bytes: int, n_messages: int | None) -> None:
    """Check that the counters can be true."""
    if counters.bytes_in != n_bytes:
        raise Broken(f"bytes_in is {counters.bytes_in}, {n_bytes} were fed")
    if not 0 <= counters.bytes_dropped <= n_bytes:
        raise Broken(f"bytes_dropped is {counters.bytes_dropped}, {n_bytes} were fed")
    if n_messages is not None and counters.frames != n_messages:
        raise Broken(f"frames is {counters.frames}, {n_messages} messages came")
    if counters.bytes_dropped and not counters.dropped:
        raise Broken(f"{counters.bytes_dropped} bytes dropped for no reason")


def check_splitting(side: Side, kind: int, wire: bytes, decoder: Any, messages: list[Any]) -> None:
    """Check that the same bytes in one piece give the same."""
    whole = side.make(kind)
    if plain(feed_all(whole, [wire])) != plain(messages):
        raise Broken("other messages when the bytes come in one piece")
    one, other = whole.counters, decoder.counters
    if (one.frames, one.bytes_dropped) != (other.frames, other.bytes_dropped):
        raise Broken(f"other counters when the bytes come in one piece: {one} is not {other}")


def check_ends(decoder: Any) -> None:
    """Check that whatever ends a piece of traffic may be called at any time."""
    for name in _ENDS:
        if hasattr(decoder, name):
            getattr(decoder, name)()
    if not 0 <= decoder.counters.bytes_dropped <= decoder.counters.bytes_in:
        raise Broken(f"bytes_dropped is {decoder.counters.bytes_dropped} of {decoder.counters.bytes_in}")


def check_resync(side: Side, decoder: Any) -> None:
    """Check that whole frames are found again after whatever came before."""
    frame = side.frames[0]
    for _ in range(side.repeats):
        decoder.feed(frame)
    if not decoder.feed(frame):
        raise Broken(f"no message from a whole frame that came {side.repeats + 1} times running")
