"""Compares readings: with each other, and with what the wire's far end told."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.api import (
    Flag,
    Frame,
    GeneratorState,
    LineBlock,
    Quality,
    Quantity,
    Reading,
    Sample,
    WaveformBlock,
)
from drivers.conformance.law import LawBroken
from drivers.conformance.told import Told, same_supply

UNIT_RATIOS = {
    1e-4: "percent instead of ppm",
    1e4: "ppm instead of percent",
    10.0: "ten times too large",
    0.1: "a tenth",
    100.0: "a hundred times too large",
    0.01: "a hundredth",
    1000.0: "a thousand times too large",
    0.001: "a thousandth",
}
"""Factors by which a driver that forgot a scale is off, in words."""


def described(reading: Reading) -> str:
    """Return a reading in a few words."""
    if isinstance(reading, Sample):
        return f"{reading.quantity.value} = {reading.value:g} ({reading.quality.value})"
    if isinstance(reading, WaveformBlock):
        return f"a waveform block of {reading.counts.shape}"
    if isinstance(reading, Frame):
        return f"a frame of {reading.pixels.shape}"
    if isinstance(reading, LineBlock):
        return f"lines {int(reading.line_numbers[0])} to {int(reading.line_numbers[-1])}"
    if isinstance(reading, GeneratorState):
        return f"generator {reading.state}, {reading.kv:g} kV, {reading.ma:g} mA"
    return type(reading).__name__


def difference(one: Reading, other: Reading) -> str:
    """Return the first field in which two readings differ, stamps apart; empty when none does."""
    if type(one) is not type(other):
        return f"{type(one).__name__} against {type(other).__name__}"
    for field in dataclasses.fields(one):
        if field.name == "stamp":
            continue
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if not _equal(mine, theirs):
            return f"{field.name}: {_short(mine)} against {_short(theirs)}"
    return ""


def merged(readings: Sequence[Reading]) -> list[Reading]:
    """Join neighbouring line blocks that are one stretch cut in two.

    How a stream is cut into blocks may follow the pieces in which its bytes came;
    what it says may not.
    """
    out: list[Reading] = []
    for reading in readings:
        last = out[-1] if out else None
        if isinstance(last, LineBlock) and isinstance(reading, LineBlock) and _one_stretch(last, reading):
            out[-1] = dataclasses.replace(
                last,
                pixels=np.concatenate([last.pixels, reading.pixels]),
                line_numbers=np.concatenate([last.line_numbers, reading.line_numbers]),
                encoder=np.concatenate([last.encoder, reading.encoder]),
                dose=np.concatenate([last.dose, reading.dose]),
                line_flags=np.concatenate([last.line_flags, reading.line_flags]),
            )
        else:
            out.append(reading)
    return out


def _one_stretch(one: LineBlock, other: LineBlock) -> bool:
    alike = ("scan", "kind", "energy", "bits", "pixel_pitch_um", "line_pitch_um", "calibration_hash")
    return (
        all(getattr(one, key) == getattr(other, key) for key in alike)
        and one.pixels.shape[1] == other.pixels.shape[1]
        and not other.flags & Flag.GAP_BEFORE
        and int(other.line_numbers[0]) - int(one.line_numbers[-1]) == 1
    )


def must_be_told(
    readings: Sequence[Reading], told: Told, *, tolerance: float, lossless: bool, after: str = ""
) -> None:
    """Demand that every reading is what the far end said, in its order.

    Parameters
    ----------
    readings : what the driver returned, in order.
    told : what the far end said.
    tolerance : greatest difference that the wire's own rounding explains, in the reading's unit.
    lossless : nothing in the middle may be missing (unless flagged as a gap).
    after : what was done to the wire, for the message.

    Raises
    ------
    LawBroken : a value was never said, came out of order, or is missing.
    """
    _values_told([r for r in readings if isinstance(r, Sample)], told, tolerance, after)
    _waves_told([r for r in readings if isinstance(r, WaveformBlock)], told, lossless, after)
    _pictures_told([r for r in readings if isinstance(r, Frame)], told, tolerance, lossless, after)
    _lines_told([r for r in readings if isinstance(r, LineBlock)], told, lossless, after)
    _supply_told([r for r in readings if isinstance(r, GeneratorState)], told, tolerance, after)


def _values_told(samples: list[Sample], told: Told, tolerance: float, after: str) -> None:
    for quantity in {sample.quantity for sample in samples}:
        said = told.values.get(quantity)
        if said is None:
            raise LawBroken(
                f"read() returned {quantity.value}{after}, of which the suite's twin() told nothing: "
                "wrap its source, or tell a value that stays the same once, with told.sample()"
            )
        at = 0
        for sample in samples:
            if sample.quantity is not quantity or sample.quality is Quality.INVALID:
                continue
            found = next((k for k in range(at, len(said)) if abs(said[k] - sample.value) <= tolerance), None)
            if found is None:
                raise LawBroken(_wrong_value(quantity, sample.value, said[at:], said, after))
            at = found


def _wrong_value(quantity: Quantity, value: float, left: list[float], said: list[float], after: str) -> str:
    head = f"read() returned {quantity.value} = {value:g}{after}, "
    for ratio, words in UNIT_RATIOS.items():
        if any(one and abs(value - one * ratio) <= 1e-3 * abs(one * ratio) for one in said):
            return (
                f"{head}the device said {value / ratio:g} {quantity.unit}: that is {words}; "
                f"convert to the unit that the quantity names ({quantity.unit})"
            )
    if any(abs(one - value) <= 1e-6 * max(1.0, abs(one)) for one in said):
        return (
            f"{head}which the device said earlier and not since: "
            "discard stale bytes before a poll and return each value once, in order"
        )
    near = min(left or said, key=lambda one: abs(one - value), default=float("nan"))
    return (
        f"{head}the device never said that (nearest {near:g}): check framing, checksum, sign and scale "
        "before a value is returned"
    )


def _waves_told(blocks: list[WaveformBlock], told: Told, lossless: bool, after: str) -> None:
    if not told.waves:
        return
    at: dict[str, int] = {}
    whole = {name: np.concatenate(pieces) for name, pieces in told.waves.items() if pieces}
    for block in blocks:
        gap = bool(block.flags & Flag.GAP_BEFORE)
        for channel, row in zip(block.channels, block.counts, strict=True):
            said = whole.get(channel.name)
            if said is None:
                raise LawBroken(
                    f"read() returned a channel {channel.name}{after}, the device has "
                    f"{', '.join(sorted(whole)) or 'none'}: name the channels as configured"
                )
            begin = at.get(channel.name)
            found = _find(said, row, begin or 0)
            if found is None:
                raise LawBroken(
                    f"{row.size} samples of channel {channel.name}{after} were never on the wire in this "
                    "order: check sample order, sign extension, byte order and the block's check"
                )
            if begin is not None and found != begin and lossless and not gap:
                raise LawBroken(
                    f"{found - begin} samples of channel {channel.name}{after} are missing before a block "
                    "that is not flagged: set Flag.GAP_BEFORE and samples_lost when data was lost"
                )
            at[channel.name] = found + row.size


def _find(said: npt.NDArray[np.int32], row: npt.NDArray[np.int32], begin: int) -> int | None:
    """Return where ``row`` stands in ``said`` from ``begin`` on."""
    if row.size == 0:
        return begin
    for start in np.flatnonzero(said[begin:] == row[0]) + begin:
        if np.array_equal(said[start : start + row.size], row):
            return int(start)
    return None


def _pictures_told(frames: list[Frame], told: Told, tolerance: float, lossless: bool, after: str) -> None:
    if not told.pictures:
        return
    at: int | None = None
    for frame in frames:
        physical = frame.pixels.astype(np.float64) * frame.scale + frame.offset
        begin = 0 if at is None else at
        found = next(
            (
                k
                for k in range(begin, len(told.pictures))
                if told.pictures[k].shape == physical.shape
                and float(np.max(np.abs(told.pictures[k] - physical))) <= tolerance
            ),
            None,
        )
        if found is None:
            raise LawBroken(_wrong_picture(physical, told.pictures, after))
        if at is not None and found != at and lossless and not frame.flags & Flag.GAP_BEFORE:
            raise LawBroken(
                f"{found - at} frames{after} are missing before one that is not flagged: "
                "set Flag.GAP_BEFORE when data was lost"
            )
        at = found + 1


def _wrong_picture(physical: npt.NDArray[Any], pictures: list[npt.NDArray[Any]], after: str) -> str:
    head = f"read() returned a frame{after} that the device never sent: "
    for picture in pictures:
        for words, turned in (
            ("left and right are swapped", picture[:, ::-1]),
            ("top and bottom are swapped", picture[::-1]),
            ("rows and columns are swapped", picture.T),
        ):
            if turned.shape == physical.shape and np.allclose(turned, physical, atol=0.05):
                return head + words
    if all(picture.shape != physical.shape for picture in pictures):
        return f"{head}it is {physical.shape}, the device sends {pictures[0].shape}"
    return f"{head}check framing, checksum, scale and offset (physical = pixels * scale + offset)"


def _lines_told(blocks: list[LineBlock], told: Told, lossless: bool, after: str) -> None:
    if not told.lines:
        return
    at: int | None = None
    scan: int | None = None
    for block in blocks:
        # what is missing where a passage begins or ends is told by numbers from 1 and by its end
        begins, scan = block.scan != scan, block.scan
        for k, row in enumerate(block.pixels):
            begin = 0 if at is None else at
            found = next(
                (n for n in range(begin, len(told.lines)) if np.array_equal(told.lines[n], row)), None
            )
            if found is None:
                raise LawBroken(
                    f"line {int(block.line_numbers[k])}{after} was never on the wire like this: check byte "
                    "order, pixel order and the line's check"
                )
            jumped = k > 0 and int(block.line_numbers[k]) - int(block.line_numbers[k - 1]) > 1
            if (
                at is not None
                and found != at
                and lossless
                and not jumped
                and not (k == 0 and (begins or block.flags & Flag.GAP_BEFORE))
            ):
                raise LawBroken(f"{found - at} lines{after} are missing and neither flagged nor numbered")
            at = found + 1


def _supply_told(states: list[GeneratorState], told: Told, tolerance: float, after: str) -> None:
    if not told.generator:
        return
    at = 0
    for state in states:
        found = next(
            (k for k in range(at, len(told.generator)) if same_supply(told.generator[k], state, tolerance)),
            None,
        )
        if found is None:
            raise LawBroken(f"read() returned {described(state)}{after}, which the supply never said")
        at = found


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return (
            isinstance(one, np.ndarray)
            and isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and np.array_equal(one, other)
        )
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (one != one and other != other)
    return bool(one == other)


def _short(value: Any) -> str:
    text = f"array {value.shape}" if isinstance(value, np.ndarray) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
