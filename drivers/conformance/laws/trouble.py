"""Laws on trouble: strangers, silence, a pulled plug."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from drivers.api import ConnectionState, DriverError, Flag, Frame, LineBlock, WaveformBlock
from drivers.conformance.bench import Bench
from drivers.conformance.compare import described
from drivers.conformance.law import LawBroken, NotRun, law
from drivers.conformance.rigs import REPEAT, SILENCE, UNPLUG, TwinRig
from drivers.conformance.session import Running, Session
from drivers.transport import PortLinks

UNPLUG_LIMIT_S = 2.0
STRANGER_S = 4.0
MARGIN_S = 0.4
"""What the watchdog and a loaded machine may add to a declared limit, s."""


@law("refuses-strangers", "is not taken in by another device on its port", needs=(REPEAT,))
def refuses_strangers(bench: Bench) -> None:
    """Another device's stream, and nobody at all, end in a `DriverError` and never in a reading."""
    for words, stranger in (("another device that streams", bench.suite.stranger), ("nobody", b"")):
        with (
            _stranger(bench, stranger) as url,
            Session(bench.device_class, bench.config(url), PortLinks()) as session,
        ):
            end = time.monotonic() + STRANGER_S
            try:
                session.open()
                while time.monotonic() < end:
                    if got := session.read():
                        raise LawBroken(
                            f"it returned {described(got[0])} with {words} on its port: "
                            "check who answers before a value is trusted"
                        )
            except DriverError as error:
                if time.monotonic() > end + 1.0:
                    raise LawBroken(f"it took longer than {STRANGER_S:g} s to refuse {words}") from error
                continue
            if bench.capabilities.period_s > 0 and bench.silence_s < STRANGER_S:
                continue  # the runner sees the silence; notices-silence tries that
            if bench.capabilities.period_s == 0 and not stranger:
                continue  # such a device may be silent for hours
            raise LawBroken(
                f"with {words} on its port it neither refused nor read: wait in open() for the device's own "
                "answer and raise DeviceTimeout or ProtocolError without it"
            )


@contextmanager
def _stranger(bench: Bench, stream: bytes) -> Iterator[str]:
    """Put a device that only streams ``stream`` on the rig's kind of wire; yield its URL."""
    rig = bench.rig()
    assert isinstance(rig, TwinRig)
    ending = threading.Event()

    def speak() -> None:
        while not ending.is_set():
            rig.box.read(0.02)
            if stream:
                rig.box.write(stream)

    thread = threading.Thread(target=speak, name="stranger")
    thread.start()
    try:
        yield rig.url
    finally:
        ending.set()
        thread.join()
        rig.discard()


@law(
    "notices-silence",
    "is seen as lost when its device falls silent, and comes back by itself",
    needs=(SILENCE,),
)
def notices_silence(bench: Bench) -> None:
    """A whole wire without a word is a lost device within the declared limit."""
    if bench.capabilities.period_s == 0:
        raise NotRun("it speaks only when something passes: its silence says nothing")
    limit_s = max(UNPLUG_LIMIT_S, bench.silence_s) + MARGIN_S
    with bench.rig() as rig, bench.running(rig) as running:
        twin = bench.must_be_twin(rig)
        _first_reading(bench, running)
        twin.twin.silence()
        running.until(
            lambda: running.state is ConnectionState.LOST,
            limit_s,
            f"its device has been silent for {limit_s:.1f} s and it is not lost",
        )
        _has_mend(running)
        count = len(running.readings)
        twin.twin.speak()
        running.until(
            lambda: len(running.readings) > count,
            bench.suite.recover_s + bench.wait_s,
            "no reading came after the device spoke again",
        )


@law(
    "unplug-and-replug",
    "is lost within 2 s when the plug is pulled, and reads again when it is put in",
    needs=(UNPLUG,),
)
def unplug_and_replug(bench: Bench) -> None:
    """A pulled plug is seen in time, in words; after a replug readings come, the first flagged."""
    limit_s = (UNPLUG_LIMIT_S if bench.wire != "udp" else max(UNPLUG_LIMIT_S, bench.silence_s)) + MARGIN_S
    with bench.rig() as rig, bench.running(rig) as running:
        twin = bench.must_be_twin(rig)
        _first_reading(bench, running)
        twin.box.unplug()
        running.until(
            lambda: running.state is ConnectionState.LOST,
            limit_s,
            f"its plug has been out for {limit_s:.1f} s and it is not lost: let the link's DeviceLost pass",
        )
        _has_mend(running)
        count = len(running.readings)
        twin.box.replug()
        running.until(
            lambda: len(running.readings) > count,
            bench.suite.recover_s + bench.wait_s,
            "no reading came after the plug was put in again",
        )
        first = running.readings[count]
        if isinstance(first, WaveformBlock | Frame | LineBlock) and not first.flags & Flag.GAP_BEFORE:
            raise LawBroken("the first block after a loss is not flagged: set Flag.GAP_BEFORE")


def _first_reading(bench: Bench, running: Running) -> None:
    running.until(lambda: bool(running.readings), bench.wait_s + 3.0, "no first reading came")


def _has_mend(running: Running) -> None:
    lost = [state for _, state in running.states if state.state is ConnectionState.LOST]
    reason = lost[-1].reason if lost else running.reason
    if ":" not in reason or len(reason.split()) < 5:
        raise LawBroken(
            f'it is lost with the words "{reason}": say what was lost and, after a colon, what to do'
        )
