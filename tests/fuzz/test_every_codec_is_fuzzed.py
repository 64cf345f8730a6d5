"""Every codec has a fuzz target, and every target is tried on a few hundred inputs with every check."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import random

import pytest

import drivers.codecs
from drivers.codecs.counters import DecodeCounters
from tests.fuzz.check import Broken, Checker, Side, Target, make_input
from tests.fuzz.targets import TARGETS

INPUTS = 300


def with_feed() -> list[str]:
    """Names of the codec modules that define a class with ``feed``."""
    found = []
    for module in pkgutil.iter_modules(drivers.codecs.__path__):
        name = f"{drivers.codecs.__name__}.{module.name}"
        classes = inspect.getmembers(importlib.import_module(name), inspect.isclass)
        if any(hasattr(kind, "feed") and kind.__module__ == name for _, kind in classes):
            found.append(module.name)
    return found


def test_every_codec_has_a_target() -> None:
    assert len(with_feed()) >= 10
    assert not set(with_feed()) - set(TARGETS)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_fuzzing_starts_from_a_real_frame(target: Target) -> None:
    for side in target.sides:
        decoder = side.make(0)
        got = [message for _ in range(4) for message in decoder.feed(side.frames[0])]
        # a decoder that was asked nothing finds nothing: what it must find has a side of its own
        assert got or not side.repeats


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_nothing_breaks_a_codec(target: Target) -> None:
    dice = random.Random(target.codec)
    checker = Checker(target, thorough=True)
    for _ in range(INPUTS):
        side = dice.choice(target.sides)
        sealed = side.seal is not None and dice.random() < 0.3
        wire = dice.randbytes(dice.randrange(60)) if sealed else b"".join(damaged(side, dice))
        checker.one(make_input(target, side, dice.randrange(256), wire, sealed))
    assert checker.tried == INPUTS


def damaged(side: Side, dice: random.Random) -> list[bytes]:
    """Frames whole, cut and changed, with garbage between."""
    parts = []
    for _ in range(dice.randint(1, 4)):
        frame = dice.choice(side.frames)
        at = dice.randrange(len(frame))
        parts.append(
            dice.choice(
                (
                    frame,
                    frame[at:],
                    frame[:at],
                    frame[:at] + dice.randbytes(1) + frame[at + 1 :],
                    dice.randbytes(dice.randrange(40)),
                )
            )
        )
    return parts


class Sick:
    """A decoder of single bytes with a fault that can be chosen."""

    def __init__(self, fault: str) -> None:
        self.counters = DecodeCounters()
        self.fault = fault
        self.buffer = b""
        self.deaf = False

    def feed(self, data: bytes) -> list[int]:
        self.counters.bytes_in += len(data)
        if self.fault == "raises" and b"\xff" in data:
            raise IndexError
        if self.fault == "hoards":
            self.buffer += data
        if self.fault == "miscounts" and data:
            self.counters.drop("garbage", len(data) + 1)
        found = list(data[:1] if self.fault == "minds the pieces" else data)
        if self.fault == "loses its place":
            found = [] if self.deaf else list(data.split(b"\xff")[0])
            self.deaf |= b"\xff" in data
        self.counters.frames += len(found)
        return [str(each) for each in found] if self.fault == "lies" else found  # type: ignore[misc]


def try_on(fault: str) -> None:
    target = Target("sick", (Side("device", lambda _: Sick(fault), (b"\x01\x02",), (int,), 64),))
    checker = Checker(target, thorough=True)
    dice = random.Random(1)
    for _ in range(INPUTS):
        checker.one(dice.randbytes(100))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("hoards", "bytes are held"),
        ("miscounts", "bytes_dropped is"),
        ("minds the pieces", "in one piece"),
        ("loses its place", "no message from a whole frame"),
        ("lies", "which is none of"),
    ],
)
def test_a_sick_codec_is_found(fault: str, words: str) -> None:
    with pytest.raises(Broken, match=words):
        try_on(fault)


def test_what_a_codec_raises_comes_through() -> None:
    with pytest.raises(IndexError):
        try_on("raises")


def test_a_healthy_codec_passes() -> None:
    try_on("none")
