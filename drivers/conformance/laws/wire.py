"""Laws on bytes: any split, replay, garbage, a bad line."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from drivers.api import DriverError, Reading
from drivers.conformance.bench import Bench
from drivers.conformance.compare import difference, merged, must_be_told
from drivers.conformance.exchange import Act
from drivers.conformance.law import LawBroken, NotRun, law
from drivers.conformance.reading_text import described as as_text
from drivers.conformance.rigs import INJECT, TwinRig
from drivers.conformance.scripted_links import Pieces, ScriptedLinks, TranscriptMismatch
from drivers.conformance.session import PROVOKE_EVERY_S, Session
from drivers.twins.fault_box import Faults

REPLAY_LIMIT_S = 25.0
BAD_LINE_S = 5.0
SINGLE_BYTES = 64_000


@law("replay-equals-live", "makes the same readings of the same bytes when they are played again")
def replay_equals_live(bench: Bench) -> None:
    """What crossed the wire, in the pieces in which it came, gives what it gave."""
    if bench.transcript is not None:
        replay_transcript(bench)
        return
    live, session = _live(bench)
    _compare(live, _replayed(bench, session, None), "played again")


@law("any-split", "makes the same readings of the same bytes however they are cut")
def any_split(bench: Bench) -> None:
    """In random pieces, mostly of a few bytes, the readings are the same; and byte by byte.

    A device of large pictures is spared single bytes: a hundred thousand calls take longer than
    its driver waits for a picture.
    """
    if bench.wire == "udp":
        raise NotRun("datagrams come whole")
    if bench.transcript is not None:
        whole = _replay(bench, ScriptedLinks(bench.transcript))
        for pieces, words in (("bytes", "byte by byte"), (7, "in random pieces")):
            _compare(whole, _replay(bench, ScriptedLinks(bench.transcript, pieces)), words)  # type: ignore[arg-type]
        return
    live, session = _live(bench)
    received = sum(len(one.data) for one in session.exchanges if one.act is Act.RX)
    second: Pieces = "bytes" if received <= SINGLE_BYTES else 3
    _compare(live, _replayed(bench, session, second), "cut into single bytes or a few")
    _compare(live, _replayed(bench, session, 7), "cut into random pieces")


def _live(bench: Bench) -> tuple[list[Reading], Session]:
    with bench.rig() as rig, bench.session(rig) as session:
        session.open()
        readings = session.read_until(bench.enough(), bench.wait_s)
        readings += session.end_recording()
        return readings, session


def _replayed(bench: Bench, session: Session, pieces: Pieces) -> list[Reading]:
    return _replay(bench, ScriptedLinks(list(session.exchanges), pieces))


def _replay(bench: Bench, links: ScriptedLinks) -> list[Reading]:
    config = session_config(bench)
    readings: list[Reading] = []
    with Session(bench.device_class, config, links) as session:
        try:
            session.open()
            end = time.monotonic() + REPLAY_LIMIT_S
            while not links.finished.is_set():
                if time.monotonic() > end:
                    raise LawBroken(
                        "it reads the same bytes more slowly than they came, or asks for what it did not ask "
                        "for before: what it does must follow from the bytes"
                    )
                readings += session.read()
            readings += session.drain()
        except TranscriptMismatch as error:
            raise LawBroken(f"{error}; what it writes must follow from what it read") from error
        except DriverError as error:
            if links.mismatch is not None:
                raise LawBroken(str(links.mismatch)) from error
            if not links.finished.is_set():
                raise LawBroken(f"it gives up on bytes that it understood before: {error}") from error
    return readings


def session_config(bench: Bench) -> object:
    """Return the driver's configuration with a URL that fits the wire."""
    return bench.config(
        {"udp": "udp://127.0.0.1:9", "tcp": "socket://127.0.0.1:9"}.get(bench.wire, "/dev/null")
    )


def _compare(live: Sequence[Reading], again: Sequence[Reading], how: str) -> None:
    one, other = merged(live), merged(again)
    for number, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if found := difference(mine, theirs):
            raise LawBroken(
                f"reading {number + 1} differs when the same bytes are {how}: {found}: keep what is not "
                "whole yet, and let nothing depend on how many bytes a read returns"
            )
    # what a driver still holds when the bytes end may come or not
    if abs(len(one) - len(other)) > 1:
        raise LawBroken(
            f"{len(one)} readings become {len(other)} when the same bytes are {how}: keep what is not whole "
            "yet for the next read"
        )


def replay_transcript(bench: Bench) -> None:
    """Play a transcript to the driver; its readings must be the recorded ones.

    Raises
    ------
    LawBroken : one differs, or is missing.
    """
    assert bench.transcript is not None
    again = [as_text(reading) for reading in _replay(bench, ScriptedLinks(bench.transcript))]
    recorded = [dict(one) for one in bench.transcript.said]
    for number, (mine, theirs) in enumerate(zip(recorded, again, strict=False)):
        if mine != theirs:
            raise LawBroken(f"reading {number + 1} was {mine} when recorded and is {theirs} now")
    if abs(len(recorded) - len(again)) > 1:
        raise LawBroken(f"{len(recorded)} readings were recorded, {len(again)} come now")


@law("survives-garbage", "finds its place again after garbage, and makes no reading of it", needs=(INJECT,))
def survives_garbage(bench: Bench) -> None:
    """Noise, cut frames and zeros between good frames cost what they hit and no more."""
    rng = random.Random(11)
    with bench.rig() as rig, bench.session(rig) as session:
        twin = bench.must_be_twin(rig)
        session.open()
        readings = session.read_until(lambda got: bool(got), bench.wait_s)
        for garbage in (rng.randbytes(37), bytes(64), b"\xff" * 64, rng.randbytes(700)):
            _dirty(twin, garbage)
            try:
                readings += session.read_until(lambda got: bool(got), bench.wait_s, "readings after garbage")
            except DriverError as error:
                raise LawBroken(
                    f"{len(garbage)} bytes of garbage on the line end in {type(error).__name__}: {error}: "
                    "skip what is no frame, count it, and ask again"
                ) from error
        must_be_told(
            readings,
            rig.told,
            tolerance=bench.suite.tolerance,
            lossless=bench.suite.lossless,
            after=" after garbage on the line",
        )


def _dirty(rig: TwinRig, garbage: bytes) -> None:
    """Put garbage on the wire now, and once more just before what the device says next."""
    rig.box.inject(garbage)
    clean = rig.twin.send

    def dirty(data: bytes) -> None:
        rig.twin.send = clean  # type: ignore[method-assign]
        rig.box.inject(garbage)
        clean(data)

    rig.twin.send = dirty  # type: ignore[method-assign]


@law("bad-line", "returns no damaged value on a line that drops, doubles and corrupts", needs=(INJECT,))
def bad_line(bench: Bench) -> None:
    """On a bad line readings may be missing; none may be wrong where the format has a check."""
    suite = bench.suite
    faults = Faults(
        drop=0.05,
        # a whole frame that comes twice can only be told by its number; a poll's second answer must be
        double=0.05 if suite.numbered or not suite.lossless else 0.0,
    )
    readings: list[Reading] = []
    with bench.rig() as rig, bench.session(rig) as session:
        twin = bench.must_be_twin(rig)
        session.open()
        twin.box.to_host.faults = faults
        if suite.wire_check:
            _tamper(twin, suite.unchecked_head)
        end = time.monotonic() + BAD_LINE_S + bench.capabilities.period_s
        provoked = 0.0
        while time.monotonic() < end:
            if time.monotonic() - provoked > PROVOKE_EVERY_S:
                rig.provoke()
                provoked = time.monotonic()
            try:
                readings += session.read()
            except DriverError:
                _open_again(session, end)
        must_be_told(
            readings,
            rig.told,
            tolerance=suite.tolerance,
            lossless=suite.lossless and suite.numbered,
            after=" on a bad line",
        )


def _tamper(rig: TwinRig, head: int, share: float = 0.5) -> None:
    """Change one thing after the head in a share of what the device says: a digit for another, else a bit.

    A flipped bit seldom turns a digit into another, so that a driver of a text format
    without a look at its checksum would mostly be saved by its conversion.
    """
    rng = random.Random(5)
    clean = rig.twin.send

    def send(data: bytes) -> None:
        changed = bytearray(data)
        if len(data) > head and rng.random() < share:
            digits = [k for k, byte in enumerate(data) if 0x30 <= byte <= 0x39 and k >= head]
            at = rng.choice(digits or range(head, len(data)))
            changed[at] = (
                0x30 + (data[at] - 0x30 + rng.randint(1, 9)) % 10
                if digits
                else data[at] ^ 1 << rng.randrange(8)
            )
        clean(bytes(changed))

    rig.twin.send = send  # type: ignore[method-assign]


def _open_again(session: Session, end: float) -> None:
    while time.monotonic() < end:
        session.close()
        try:
            session.open()
        except DriverError:
            continue
        return
