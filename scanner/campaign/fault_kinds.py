"""What each kind of fault does to one sensor's readings: one reading in, the readings that come instead.

A kind is a function of a reading and the fault's course; it returns readings, each with how much later
it arrives. Nothing is changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from drivers.api import (
    ClockLock,
    Flag,
    Frame,
    LineBlock,
    LineKind,
    LineScanEnd,
    Reading,
    Sample,
    WaveformBlock,
)

NO_VALUE_CENTI_C = -32768
"""What an imager's pixel holds that measured nothing: the lowest 16-bit number."""

Came: TypeAlias = list[tuple[float, Reading]]
"""Readings that come in place of one, each with its delay, s."""


@dataclass(slots=True)
class Course:
    """One fault's course through one visit.

    Parameters
    ----------
    values : what was drawn, by name.
    channel : the one that fails, None = the whole sensor.
    rng : of what the fault does by chance.
    t_s : of the reading at hand, from the visit's start.
    kept : what the kind remembers.
    """

    values: Mapping[str, float]
    channel: str | None
    rng: np.random.Generator
    t_s: float = 0.0
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def begun(self) -> bool:
        """Whether the fault has begun."""
        return self.t_s >= self.values.get("at_s", 0.0)


Kind: TypeAlias = Callable[[Any, Course], Came]


def _same(reading: Reading) -> Came:
    return [(0.0, reading)]


def never_speaks(_reading: Reading, _course: Course) -> Came:
    """Nothing comes, from the start."""
    return []


def falls_silent(reading: Reading, course: Course) -> Came:
    """Nothing comes any more."""
    return [] if course.begun else _same(reading)


def gaps(reading: Reading, course: Course) -> Came:
    """Stretches are lost again and again; a board's driver tells how many samples."""
    gap = course.kept.setdefault("gap", [0.0, 0.0])
    while course.t_s >= gap[1]:
        begin_s = gap[1] + course.rng.exponential(course.values["between_gaps_s"])
        gap[:] = [begin_s, begin_s + course.values["gap_s"]]
    lost = course.kept.setdefault("lost", 0)
    if course.t_s >= gap[0]:
        course.kept["lost"] = lost + (reading.counts.shape[1] if isinstance(reading, WaveformBlock) else 0)
        return []
    course.kept["lost"] = 0
    if isinstance(reading, WaveformBlock) and lost:
        reading = replace(reading, samples_lost=lost, flags=reading.flags | Flag.GAP_BEFORE)
    return _same(reading)


def doubled(reading: Reading, course: Course) -> Came:
    """Some readings come twice."""
    again = course.rng.random() < course.values["doubled_share"]
    return _same(reading) * (2 if again else 1)


def reordered(reading: Reading, course: Course) -> Came:
    """Some datagrams come after the one that follows them."""
    waiting = course.kept.pop("waiting", None)
    if waiting is not None:
        return [(0.0, reading), (0.0, waiting)]
    if course.rng.random() < course.values["reordered_share"]:
        course.kept["waiting"] = reading
        return []
    return _same(reading)


def late(reading: Reading, course: Course) -> Came:
    """Everything comes so much later."""
    return [(course.values["late_s"], reading)]


def held(reading: Reading, course: Course) -> Came:
    """Nothing comes for a while, then all of it at once."""
    free_s = course.values["at_s"] + course.values["held_s"]
    return [(free_s - course.t_s if course.begun and course.t_s < free_s else 0.0, reading)]


def frozen(reading: Reading, course: Course) -> Came:
    """The last good reading comes again and again, with the time of now."""
    if not course.begun or "last" not in course.kept:
        course.kept["last"] = reading
        return _same(reading)
    last = course.kept["last"]
    if isinstance(reading, WaveformBlock):
        return _same(replace(reading, counts=last.counts, clipped=last.clipped))
    if isinstance(reading, Frame):
        return _same(replace(reading, pixels=last.pixels))
    return _same(replace(reading, value=last.value, quality=last.quality))


def wrong_gain(reading: Any, course: Course) -> Came:
    """Counts or values are multiplied."""
    if isinstance(reading, WaveformBlock):
        return _same(replace(reading, counts=_int32(reading.counts * course.values["gain"])))
    return _same(replace(reading, value=reading.value * course.values["gain"]))


def wrong_zero(reading: Any, course: Course) -> Came:
    """A constant is added."""
    if isinstance(reading, Frame):
        return _same(_warmer(reading, course.values["zero_k"]))
    return _same(replace(reading, value=reading.value + course.values["zero_ppm"]))


def noisy(reading: Any, course: Course) -> Came:
    """White noise is added."""
    if isinstance(reading, Sample):
        return _same(
            replace(reading, value=reading.value + course.values["noise_ppm"] * course.rng.standard_normal())
        )
    if isinstance(reading, Frame):
        noise_k = course.values["noise_k"] * course.rng.standard_normal(reading.pixels.shape)
        return _same(_warmer(reading, noise_k))
    if "rms" not in course.kept:  # of the first block, each channel by itself
        course.kept["rms"] = reading.counts.std(axis=1, keepdims=True) * course.values["noise_times"]
    noise = course.kept["rms"] * course.rng.standard_normal(reading.counts.shape)
    return _same(replace(reading, counts=_int32(reading.counts + noise)))


def spikes(reading: Sample, course: Course) -> Came:
    """Some values are anything a probe can say."""
    if course.rng.random() >= course.values["spike_share"]:
        return _same(reading)
    return _same(replace(reading, value=float(course.rng.uniform(0.0, 10_000.0))))


def wrong_clock(reading: WaveformBlock, course: Course) -> Came:
    """The device's clock is late and says that nothing disciplines it."""
    if reading.device_ns is None:
        return _same(reading)
    device_ns = reading.device_ns - round(course.values["clock_s"] * 1e9)
    return _same(replace(reading, device_ns=device_ns, clock_lock=ClockLock.NONE))


def stuck(reading: WaveformBlock, course: Course) -> Came:
    """One channel stands still where it was."""
    counts = reading.counts.copy()
    row = _row(reading, course)
    if not course.begun or "value" not in course.kept:
        course.kept["value"] = counts[row, -1]
        return _same(reading)
    counts[row] = course.kept["value"]
    return _same(replace(reading, counts=counts))


def dead(reading: WaveformBlock, course: Course) -> Came:
    """One channel hangs on nothing: the noise of an open input."""
    if not course.begun:
        return _same(reading)
    counts = reading.counts.copy()
    noise = course.values["dead_counts"] * course.rng.standard_normal(counts.shape[1])
    counts[_row(reading, course)] = np.rint(noise)
    return _same(replace(reading, counts=counts))


def weak(reading: WaveformBlock, course: Course) -> Came:
    """One channel feels a part of what it should."""
    counts = reading.counts.copy()
    row = _row(reading, course)
    counts[row] = _int32(counts[row] * course.values["channel_gain"])
    return _same(replace(reading, counts=counts))


def no_values(reading: Frame, course: Course) -> Came:
    """No pixel measures anything any more."""
    if not course.begun:
        return _same(reading)
    return _same(
        replace(reading, pixels=np.full_like(reading.pixels, NO_VALUE_CENTI_C), flags=Flag.SATURATED)
    )


def dead_pixels(reading: Any, course: Course) -> Came:
    """A run of detector pixels, or a patch of an imager, gives the lowest number there is."""
    if not isinstance(reading, Frame | LineBlock):
        return _same(reading)
    pixels: npt.NDArray[Any] = reading.pixels.copy()
    height, width = pixels.shape
    if "hit" not in course.kept:
        frame = isinstance(reading, Frame)
        share = course.values["dead_pixel_share"]
        size = (share**0.5 * height if frame else height, share**0.5 * width if frame else share * width)
        high, wide = (max(1, round(one)) for one in size)
        top = int(course.rng.integers(height - high + 1)) if frame else 0
        left = int(course.rng.integers(width - wide + 1))
        rows = slice(top, top + high) if frame else slice(None)
        course.kept["hit"] = rows, slice(left, left + wide)
    pixels[course.kept["hit"]] = NO_VALUE_CENTI_C if isinstance(reading, Frame) else 0
    return _same(replace(reading, pixels=pixels))


def lines_lost(reading: Any, course: Course) -> Came:
    """Blocks of the lorry's lines are lost on the way; the detector knows how many it sent."""
    if isinstance(reading, LineScanEnd):
        missing = int(course.kept.get("missing", 0))
        received = reading.lines_received - missing
        return _same(replace(reading, lines_received=received, hash_matches=not missing))
    if reading.kind is LineKind.DATA and course.rng.random() < course.values["lines_lost_share"]:
        course.kept["missing"] = course.kept.get("missing", 0) + reading.line_numbers.size
        return []
    return _same(reading)


def corrupted(reading: Any, course: Course) -> Came:
    """Some pixels of some blocks arrive changed: the hash of the passage tells."""
    if isinstance(reading, LineScanEnd):
        return _same(replace(reading, hash_matches=not course.kept.get("changed", False)))
    if course.rng.random() >= course.values["spike_share"]:
        return _same(reading)
    pixels = reading.pixels.copy()
    hit = course.rng.random(pixels.shape) < course.values["spike_share"]
    pixels[hit] = course.rng.integers(0, 1 << reading.bits, int(hit.sum()))
    course.kept["changed"] = bool(hit.any()) or course.kept.get("changed", False)
    return _same(replace(reading, pixels=pixels))


def stopped(reading: Any, course: Course) -> Came:
    """The detector ends its run in the middle of the lorry, and says nothing of it."""
    if course.kept.get("ended"):
        return []
    if not course.begun or isinstance(reading, LineScanEnd):
        course.kept["sent"] = course.kept.get("sent", 0) + _lines_of(reading)
        return _same(reading)
    course.kept["ended"] = True
    sent = int(course.kept.get("sent", 0))
    return _same(LineScanEnd(reading.scan, sent, 0, "", sent, True, reading.stamp))


def beam_off(reading: Any, course: Course) -> Came:
    """The beam goes off in the middle of the lorry: dark lines, and they say so."""
    return _same(_dark(reading, course, Flag.BEAM_OFF))


def beam_off_untold(reading: Any, course: Course) -> Came:
    """The beam goes off in the middle of the lorry: dark lines that do not say so."""
    return _same(_dark(reading, course, Flag.NONE))


def _dark(reading: Any, course: Course, flag: Flag) -> Reading:
    if isinstance(reading, LineBlock) and reading.kind is LineKind.DARK:
        course.kept["dark"] = reading.pixels
    if not isinstance(reading, LineBlock) or reading.kind is LineKind.DARK or not course.begun:
        return reading  # type: ignore[no-any-return]
    dark = course.kept["dark"]
    pixels = dark[course.rng.integers(dark.shape[0], size=reading.line_numbers.size)]
    line_flags = reading.line_flags | np.uint16(int(flag))
    return replace(reading, pixels=pixels, line_flags=line_flags, flags=reading.flags | flag)


def _lines_of(reading: Any) -> int:
    return int(reading.line_numbers.size) if isinstance(reading, LineBlock) else 0


def _row(block: WaveformBlock, course: Course) -> int:
    return [channel.name for channel in block.channels].index(str(course.channel))


def _int32(counts: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    limits = np.iinfo(np.int32)
    return np.asarray(np.clip(np.rint(counts), limits.min, limits.max), np.int32)


def _warmer(frame: Frame, by_k: float | npt.NDArray[np.float64]) -> Frame:
    pixels = np.clip(np.rint(frame.pixels + np.asarray(by_k) / frame.scale), -32768, 32767)
    return replace(frame, pixels=pixels.astype(np.int16))


ANY: dict[str, Kind] = {
    "never speaks": never_speaks,
    "falls silent": falls_silent,
    "lost": falls_silent,  # and the lane is told, see `faults.with_fault`
    "late": late,
    "held": held,
    "doubled": doubled,
}
FLOWING: dict[str, Kind] = {**ANY, "frozen": frozen, "gaps": gaps, "noisy": noisy}
CO2: dict[str, Kind] = {**FLOWING, "wrong gain": wrong_gain, "wrong zero": wrong_zero, "spikes": spikes}
WAVES: dict[str, Kind] = {**FLOWING, "wrong gain": wrong_gain, "wrong clock": wrong_clock}
CHANNEL: dict[str, Kind] = {"stuck": stuck, "dead": dead, "weak": weak}
FRAMES: dict[str, Kind] = {
    **FLOWING,
    "wrong zero": wrong_zero,
    "no values": no_values,
    "dead pixels": dead_pixels,
}
LINES: dict[str, Kind] = {
    **ANY,
    "lines lost": lines_lost,
    "corrupted": corrupted,
    "stopped": stopped,
    "dead pixels": dead_pixels,
    "beam off": beam_off,
    "beam off untold": beam_off_untold,
}

VALUES: dict[str, tuple[str, ...]] = {
    "falls silent": ("at_s",),
    "lost": ("at_s",),
    "late": ("late_s",),
    "held": ("at_s", "held_s"),
    "doubled": ("doubled_share",),
    "reordered": ("reordered_share",),
    "frozen": ("at_s",),
    "gaps": ("gap_s", "between_gaps_s"),
    "wrong gain": ("gain",),
    "spikes": ("spike_share",),
    "wrong clock": ("clock_s",),
    "stuck": ("at_s",),
    "dead": ("at_s", "dead_counts"),
    "weak": ("channel_gain",),
    "no values": ("at_s",),
    "dead pixels": ("dead_pixel_share",),
    "lines lost": ("lines_lost_share",),
    "corrupted": ("spike_share",),
    "stopped": ("at_s",),
    "beam off": ("at_s",),
    "beam off untold": ("at_s",),
}
"""Ranges that a kind draws from, whatever the sensor; `faults` adds those that the sensor decides."""
