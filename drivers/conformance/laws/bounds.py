"""Laws on bounds: memory under a stalled reader and a flood, threads, descriptors, shared state."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from drivers.api import DriverError, Link, Reading
from drivers.conformance.bench import Bench
from drivers.conformance.compare import must_be_told
from drivers.conformance.law import LawBroken, When, law
from drivers.conformance.rigs import INJECT, REPEAT, TRUTH, Rig
from drivers.conformance.session import PROVOKE_EVERY_S, Session
from drivers.transport import PortLinks, TappedLink

STALL_S = 1.5
GROWTH_BYTES = 4 << 20
FLOOD_BYTES = 20 << 20
CYCLES = 3
LEVEL_S = 3.0
LEVEL_BYTES = 512 << 10
SPARE = 2  # what a driver opens once, late
DESCRIPTORS = Path("/proc/self/fd")


@law(
    "stalled-reader",
    "keeps its memory bounded while nobody takes its readings, and goes on after",
    needs=(INJECT,),
    when=When.ALONE,
)
def stalled_reader(bench: Bench) -> None:
    """A queue that is full makes the driver's thread wait; nothing grows, and readings come again."""
    with bench.rig() as rig, bench.running(rig, queue_size=4) as running:
        bench.must_be_twin(rig)
        running.until(lambda: bool(running.readings), bench.wait_s + 3.0, "no first reading came")
        with measured_growth() as growth:
            end = time.monotonic() + STALL_S
            while time.monotonic() < end:
                rig.provoke()
                time.sleep(0.1)
            rig.forget()  # the kit's own memory is not the driver's
        if growth[0] > GROWTH_BYTES:
            raise LawBroken(
                f"its memory grew by {growth[0] / 2**20:.1f} MiB while nobody took its readings for "
                f"{STALL_S:g} s: read only when asked, and keep no list of your own"
            )
        count = len(running.readings)
        running.until(
            lambda: len(running.readings) > count + 4,
            bench.wait_s + 2.0 * bench.capabilities.period_s * 5,
            "no new readings came after the stall",
        )


@law(
    "flood",
    "keeps its memory bounded under 20 MB of noise, and reads again after it",
    when=When.ALONE,
    needs=(INJECT,),
)
def flood(bench: Bench) -> None:
    """Noise that never ends a frame is thrown away as it comes."""
    noise = NoiseLinks(FLOOD_BYTES)
    with bench.rig() as rig:
        config = bench.config(rig.url)
        with Session(bench.device_class, config, noise) as session:
            with measured_growth() as growth, contextlib.suppress(DriverError):
                session.open()
                while not noise.exhausted:
                    session.read()
            while not noise.exhausted:  # a driver that refused at once is fed on: it must stand that too
                session.close()
                with contextlib.suppress(DriverError):
                    session.open()
                    while not noise.exhausted:
                        session.read()
        if growth[0] > GROWTH_BYTES:
            raise LawBroken(
                f"its memory grew by {growth[0] / 2**20:.1f} MiB under noise: bound what waits for "
                "the rest of a frame by the longest frame there is"
            )
        with bench.session(rig) as session:
            session.open()
            readings = session.read_until(lambda got: bool(got), bench.wait_s, "readings after a flood")
            must_be_told(
                readings, rig.told, tolerance=bench.suite.tolerance, lossless=False, after=" after a flood"
            )


class NoiseLinks:
    """A wire that delivers noise in large pieces until so many bytes are read."""

    def __init__(self, n_bytes: int) -> None:
        self._left = n_bytes
        self._piece = os.urandom(4093)

    @property
    def exhausted(self) -> bool:
        """Whether all of it was read."""
        return self._left <= 0

    def open(self, url: str, **settings: object) -> NoiseLinks:
        """Open it again; it goes on where it was."""
        del url, settings
        return self

    def read(self, size: int = 65536) -> bytes:
        """Return the next piece."""
        if self._left <= 0:
            time.sleep(0.02)
            return b""
        data = self._piece[:size]
        self._left -= len(data)
        return data

    def write(self, data: bytes) -> None:
        """Take it and forget it."""

    def discard_input(self) -> None:
        """Drop a piece, as a port drops what has arrived."""
        self._left -= len(self._piece)

    def turn(self) -> contextlib.AbstractContextManager[None]:
        """Nobody else is on this line."""
        return contextlib.nullcontext()

    def close(self) -> None:
        """Nothing to close."""


@contextlib.contextmanager
def measured_growth() -> Iterator[list[int]]:
    """Yield a list whose one entry is, at the end, the growth of the interpreter's memory, bytes."""
    growth = [0]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    try:
        yield growth
        gc.collect()
        growth[0] = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@law(
    "stays-level",
    "keeps memory, threads and descriptors level while it reads",
    when=When.ALONE,
)
def stays_level(bench: Bench) -> None:
    """Reading for a while takes nothing that is not given back."""
    with bench.rig() as rig, bench.session(rig) as session:
        session.open()
        session.read_until(lambda got: bool(got), bench.wait_s)
        session.forget()
        rig.forget()
        before = _held()
        read = 0
        with measured_growth() as growth:
            end = time.monotonic() + LEVEL_S
            provoked = time.monotonic()
            while time.monotonic() < end or not read:
                if time.monotonic() > end + bench.wait_s:
                    raise LawBroken("no readings came from a device that speaks")
                if time.monotonic() - provoked > PROVOKE_EVERY_S:
                    rig.provoke()
                    provoked = time.monotonic()
                read += len(session.read())
                session.forget()  # the kit's own memory is not the driver's
            rig.forget()
        after = _held()
        more, threads = len(after[0]) - len(before[0]), len(after[1]) - len(before[1])
        if more > SPARE or threads > SPARE:
            what = f"{more} more descriptors are open" if more > SPARE else f"{threads} more threads run"
            raise LawBroken(f"after {read} readings {what}: give back what each reading takes")
        if growth[0] > LEVEL_BYTES:
            raise LawBroken(
                f"its memory grew by {growth[0] / 2**20:.1f} MiB in {read} readings: keep nothing of a "
                "reading that was returned"
            )


@law("leaves-nothing-behind", "leaves no thread, descriptor or lock behind", when=When.ALONE, limit_s=90.0)
def leaves_nothing_behind(bench: Bench) -> None:
    """Openings that succeed and openings that fail return what they took."""
    with bench.rig() as rig:
        _cycle(bench, rig)  # what is imported or cached once is no leak
        before = _held()
        for _ in range(CYCLES):
            _cycle(bench, rig)
        _compare_held(before, f"{CYCLES} openings")
        if REPEAT in bench.abilities:
            before = _held()
            for _ in range(CYCLES):
                with (
                    contextlib.suppress(DriverError),
                    Session(bench.device_class, bench.config(rig.url), DeafLinks()) as session,
                ):
                    session.open()
            _compare_held(before, f"{CYCLES} openings that failed")


def _cycle(bench: Bench, rig: Rig) -> None:
    with bench.session(rig) as session:
        try:
            session.open()
        except DriverError as error:
            raise LawBroken(
                f"it could not be opened again after close(): {error}: close the link in close()"
            ) from error
        session.close()


def _held() -> tuple[set[str], set[threading.Thread]]:
    gc.collect()
    held = DESCRIPTORS.iterdir() if DESCRIPTORS.exists() else ()
    descriptors = {f"{one.name}: {_target(one)}" for one in held}
    return descriptors, set(threading.enumerate())


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return "closed"


def _compare_held(before: tuple[set[str], set[threading.Thread]], after: str) -> None:
    end = time.monotonic() + 3.0
    while True:
        now = _held()
        more = len(now[0]) - len(before[0])
        threads = [thread for thread in now[1] - before[1] if thread.is_alive()]
        if more <= 0 and not threads:
            return
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    if threads:
        raise LawBroken(
            f"after {after} {len(threads)} more threads run ({', '.join(t.name for t in threads[:3])}): "
            "end what you start, in close() and when open() fails"
        )
    new = sorted(now[0] - before[0])[:3]
    raise LawBroken(
        f"after {after} {more} more descriptors are open ({'; '.join(new)}): close the link in close(), "
        "and when open() fails"
    )


class DeafLinks(PortLinks):
    """Opens real links on which nothing ever arrives."""

    def open(self, url: str, **settings: Any) -> Link:
        """Open a link; see `drivers.api.LinkOpener.open`."""
        return DeafLink(super().open(url, **settings), lambda _direction, _data: None)


class DeafLink(TappedLink):
    """A link that hears nothing."""

    def read(self, size: int = 65536) -> bytes:  # noqa: ARG002
        """Hear nothing."""
        time.sleep(0.02)
        return b""


@law("two-at-once", "serves two devices at once without mixing them up", needs=(TRUTH, REPEAT))
def two_at_once(bench: Bench) -> None:
    """Two objects of the class share nothing: each reads its own device."""
    with bench.rig(seed=1) as one, bench.rig(seed=2) as other:
        with bench.session(one) as first, bench.session(other) as second, ThreadPoolExecutor(2) as pool:
            first.open()
            second.open()
            # each in a thread of its own, as at a lane: one that waits must not let the other's wire run over
            reading = [pool.submit(_read_enough, session, bench) for session in (first, second)]
            got = [done.result() for done in reading]
        for readings, rig in zip(got, (one, other), strict=True):
            must_be_told(
                readings,
                rig.told,
                tolerance=bench.suite.tolerance,
                lossless=bench.suite.lossless,
                after=" with two devices at once",
            )


def _read_enough(session: Session, bench: Bench) -> list[Reading]:
    try:
        return session.read_until(bench.enough(), 2 * bench.wait_s)
    except LawBroken as error:
        raise LawBroken(f"with two devices at once {error}: share nothing between objects") from error
