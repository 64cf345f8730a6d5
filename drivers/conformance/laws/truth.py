"""Laws on what readings say: the truth of the wire, declared types, times."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence

from drivers.api import Flag, Frame, LineBlock, Quality, Reading, Sample, WaveformBlock
from drivers.conformance.bench import Bench
from drivers.conformance.compare import described, must_be_told
from drivers.conformance.law import LawBroken, NotRun, law
from drivers.conformance.laws.wire import replay_transcript
from drivers.conformance.rigs import TRUTH, Rig
from drivers.conformance.session import blamed
from drivers.reading_check import checked_reading

HANG_S = 1.2
IDLE_READS_PER_S = 400.0
LOOK_S = 1.5


@law("tells-the-truth", "returns what the device said, in order, nothing else and nothing twice")
def tells_the_truth(bench: Bench) -> None:
    """Every reading is what the wire's far end told, by its own account."""
    if bench.transcript is not None:
        if not bench.transcript.checked_against:
            raise NotRun(
                "the recorded readings came through a driver: compare them with something else, and write in "
                "the transcript's checked_against what that was"
            )
        replay_transcript(bench)  # a person has seen that the recorded readings are true
        return
    if TRUTH not in bench.abilities:
        raise NotRun("nobody knows what a real device measures: compare with a reference by hand")
    with bench.rig() as rig:
        readings = bench.first_readings(rig)
        _must_have_told(rig, readings)
        must_be_told(readings, rig.told, tolerance=bench.suite.tolerance, lossless=bench.suite.lossless)


def _must_have_told(rig: Rig, readings: Sequence[Reading]) -> None:
    told = rig.told
    if not (told.values or told.waves or told.pictures or told.lines or told.generator):
        raise LawBroken("the suite's twin() wraps no source with told: nothing could be compared")
    kinds = {type(reading) for reading in readings}
    compared = (
        (Sample, told.values),
        (WaveformBlock, told.waves),
        (Frame, told.pictures),
        (LineBlock, told.lines),
    )
    if not told.generator and not any(kind in kinds and truth for kind, truth in compared):
        raise LawBroken(
            "none of the readings is of a kind that the suite's twin() told: wrap the source of what it reads"
        )


@law("keeps-its-word", "returns only what it declares: kind, quantity, unit, shape, type, range, period")
def keeps_its_word(bench: Bench) -> None:
    """Readings need no conversion, and hold to the declared capabilities."""
    capabilities = bench.capabilities
    with bench.rig() as rig, bench.session(rig) as session:
        session.open()
        raw: list[Reading] = []
        gaps: list[float] = []
        last: float | None = None
        end = time.monotonic() + bench.wait_s
        while len(raw) < bench.suite.readings and time.monotonic() < end:
            with blamed("read()"):
                got = session.device.read()
            if got:
                now = time.monotonic()
                if last is not None:
                    gaps.append(now - last)
                last = now
            raw += got
            if not got:
                time.sleep(0.001)
                if capabilities.period_s == 0:
                    rig.provoke()
        if not raw:
            raise LawBroken("no readings came from a device that speaks")
        for reading in raw:
            checked = checked_reading(reading, capabilities)
            if checked is not reading:
                raise LawBroken(
                    f"{described(checked)} had to be converted ({_changed(reading, checked)}): return plain "
                    "Python numbers and arrays of the declared type"
                )
            _in_range(reading, bench)
        shapes = {(r.pixels.shape[-1], r.pixels.dtype.name, r.unit) for r in raw if isinstance(r, Frame)}
        if len(shapes) > 1:
            raise LawBroken(f"its frames change between {shapes}: one device has one width, type and unit")
        if gaps and capabilities.period_s > 0 and max(gaps) > bench.silence_s:
            raise LawBroken(
                f"{max(gaps):.1f} s passed between two readings of a device that speaks all the time, "
                f"period_s declares {capabilities.period_s:g} s: declare the truth or read faster"
            )


def _changed(one: Reading, other: Reading) -> str:
    return ", ".join(
        f"{field.name} was {type(getattr(one, field.name)).__name__}"
        for field in dataclasses.fields(one)
        if getattr(one, field.name) is not getattr(other, field.name)
    )


def _in_range(reading: Reading, bench: Bench) -> None:
    limits, quantities = bench.capabilities.valid_range, bench.capabilities.quantities
    if not isinstance(reading, Sample):
        return
    if reading.quality is Quality.GOOD and not math.isfinite(reading.value):
        raise LawBroken(f"{described(reading)} is called good: a value that is no number has Quality.INVALID")
    if (
        limits is not None
        and quantities[:1] == (reading.quantity,)
        and reading.quality is Quality.GOOD
        and not limits[0] <= reading.value <= limits[1]
    ):
        raise LawBroken(
            f"{described(reading)} lies outside the declared valid_range {limits}: the unit is "
            f"{reading.quantity.unit}; convert to it, or declare the range in it"
        )


@law("reads-in-time", "returns from read() in time and does not spin when nothing comes")
def reads_in_time(bench: Bench) -> None:
    """No call of ``read`` holds the thread, none returns at once for ever."""
    with bench.rig() as rig, bench.session(rig) as session:
        session.open()
        began = time.monotonic()
        session.read_until(bench.enough(), bench.wait_s)
        while time.monotonic() - began < LOOK_S:
            session.read()
            session.nap()
        took = time.monotonic() - began
        if session.longest_read_s > HANG_S:
            raise LawBroken(
                f"a call of read() took {session.longest_read_s:.1f} s: return within 0.2 s, a polled device "
                f"within its answer limit of at most {HANG_S:g} s"
            )
        # 1 ms is slept after each empty read, so a driver that never waits shows some 900/s; on a busy
        # machine the naps last longer, and bytes that came meanwhile are no reason to wait
        per_s = max(session.empty_reads / took, session.idle_reads / (took - session.overslept_s))
        if per_s > IDLE_READS_PER_S:
            raise LawBroken(
                f"read() returned nothing {per_s:.0f} times a second: wait in the link's read (it "
                "waits up to 0.2 s for the first byte) instead of returning at once"
            )


@law("times-go-forward", "gives device times that go forward, and blocks that follow each other")
def times_go_forward(bench: Bench) -> None:
    """Device time never runs back without a gap; a block begins where the one before ended."""
    with bench.rig() as rig:
        readings = bench.first_readings(rig)
    last: dict[object, int] = {}
    ends: dict[tuple[str, ...], float] = {}
    for reading in readings:
        device_ns = getattr(reading, "device_ns", None)
        if device_ns is None:
            continue
        if isinstance(reading, WaveformBlock):
            names = tuple(channel.name for channel in reading.channels)
            expected = ends.get(names)
            slack_ns = 0.6e9 / reading.fs_hz
            gap = bool(reading.flags & Flag.GAP_BEFORE)
            if expected is not None and not gap and abs(device_ns - expected) > slack_ns:
                raise LawBroken(
                    f"a block of {', '.join(names)} begins {(device_ns - expected) / 1e6:.1f} ms from where "
                    "the one before it ended and is not flagged: give the time of the first sample, and "
                    "Flag.GAP_BEFORE where samples are missing"
                )
            ends[names] = device_ns + reading.counts.shape[1] * 1e9 / reading.fs_hz
            continue
        key = (type(reading), getattr(reading, "quantity", None))
        flags = getattr(reading, "flags", Flag.NONE)
        if device_ns < last.get(key, device_ns) and not flags & Flag.GAP_BEFORE:
            raise LawBroken(
                f"device_ns of {described(reading)} runs back by {(last[key] - device_ns) / 1e6:.1f} ms: "
                "give the device's own time, or None when it has none"
            )
        last[key] = device_ns
