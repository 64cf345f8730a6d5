"""The two passes over a whole scan of one energy: what is wrong with it, then the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from calibration.line_correction import correct_lines
from calibration.line_pixels import FloatLines, Mask
from calibration.line_reference import NOMINAL_DOSE, LineReference
from scanner.signals.xray_batch import Batch, joined
from scanner.signals.xray_faults import data_faults
from scanner.signals.xray_grid import GridState, close, fold, picture_height
from scanner.signals.xray_lines import (
    FLAT_SHARE,
    FLAT_SPAN,
    LineFault,
    dose_faults,
    group_levels,
    line_faults,
    open_beam,
    open_channels,
    open_levels,
    relative_levels,
    see_open,
    steady_line,
    tolerance,
)
from scanner.signals.xray_places import Places, PlacesState, place_lines

Bools = npt.NDArray[np.bool_]

STALL_LINES = 16
"""While the encoder stands so long, lines so far apart are compared."""

CHANGED_SIGMA, CHANGED_SHARE = 5.0, 0.1
"""A channel that changed, and the share of changed ones with which the vehicle moved."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a whole scan says about its channels, lines, dose and drift.

    Parameters
    ----------
    reference : with the faults that the data showed.
    faults : uint8 ``(n_lines,)`` for each batch, `LineFault`.
    levels : float32 ``(n_lines,)`` for each batch; None where no open beam was seen.
    drift : relative change of the gains over the scan; None where nothing shows it.
    n_open : channels that looked past the vehicle all the time.
    """

    reference: LineReference
    faults: tuple[npt.NDArray[np.uint8], ...]
    levels: tuple[FloatLines | None, ...]
    drift: float | None
    n_open: int


def judge(batches: Sequence[Batch], reference: LineReference, bits: int) -> Judged:
    """Find bad channels and lines, and each line's open beam, from all lines."""
    faults = []
    for number, batch in enumerate(batches):
        before = batches[number - 1].lines[-1:] if number else None
        faults.append(line_faults(batch.lines, before, batch.line_flags, reference, bits))
    good = [f == 0 for f in faults]
    found = data_faults(batches, good, reference, bits)
    reference = replace(reference, faults=reference.faults | found)
    n_pixels = reference.dark.size
    beam = open_beam(n_pixels)
    flat: list[tuple[float, float]] = []
    least = max(min((int(g.sum()) for g in good if g.any()), default=1), 1)
    limit = tolerance(reference, least)
    for batch, kept in zip(batches, good, strict=True):
        seen = group_levels(batch.lines, batch.dose, batch.line_numbers, kept, reference)
        if seen is None:
            continue
        beam = see_open(beam, seen[1])
        relative = relative_levels(seen[1])
        if relative is not None and (relative[np.isfinite(relative)] >= 1 - limit).mean() >= FLAT_SHARE:
            flat.append((float(batch.line_numbers.mean()), float(np.nanmedian(seen[1]))))
    channels = open_channels(beam.lowest, n_pixels, limit, reference)
    levels = _levels(batches, good, channels, flat, reference)
    faults = [
        np.where(f & LineFault.DARK, f, f | dose_faults(b.dose, level if channels.any() else None))
        for f, b, level in zip(faults, batches, levels, strict=True)
    ]
    drift = reference.drift
    if drift is None:
        drift = _drift(batches, good, levels, bool(channels.any()))
    return Judged(reference, tuple(faults), tuple(levels), drift, int(channels.sum()))


def _levels(
    batches: Sequence[Batch],
    good: Sequence[Bools],
    channels: Bools,
    flat: list[tuple[float, float]],
    reference: LineReference,
) -> list[FloatLines | None]:
    if channels.any():
        levels: list[FloatLines | None] = []
        for batch, kept in zip(batches, good, strict=True):
            level = open_levels(batch.lines, batch.dose, batch.line_numbers, channels, reference)
            levels.append(np.where(kept & (level > 0), level, np.float32(1.0)).astype(np.float32))
        return levels
    first, last = float(batches[0].line_numbers[0]), float(batches[-1].line_numbers[-1])
    if reference.gain_after is None and flat and flat[-1][0] - flat[0][0] >= FLAT_SPAN * (last - first):
        slope, start = steady_line(*np.array(flat).T)
        return [(start + slope * b.line_numbers).astype(np.float32) for b in batches]
    return [None for _ in batches]


def _drift(
    batches: Sequence[Batch], good: Sequence[Bools], levels: Sequence[FloatLines | None], by_line: bool
) -> float | None:
    pairs = [
        (float(b.line_numbers[g].mean()), float(np.median(level[g])))
        for b, g, level in zip(batches, good, levels, strict=True)
        if level is not None and g.any()
    ]
    if len(pairs) < 2 or (by_line and len(pairs) < 4):
        return None
    slope, start = steady_line(*np.array(pairs).T)
    first, last = float(batches[0].line_numbers[0]), float(batches[-1].line_numbers[-1])
    return (start + slope * last) / (start + slope * first) - 1.0


def stalled_but_moving(batch: Batch, before: Batch | None, reference: LineReference) -> Bools:
    """Return which lines saw the vehicle move while the encoder stood, with those of ``before``.

    bool ``(before.size + batch.size,)``.

    Parameters
    ----------
    before : the batch before, None at the start.
    """
    whole = batch if before is None else joined((before, batch))
    moving = np.zeros(whole.size, bool)
    stands = np.concatenate([[False], np.diff(whole.encoder) == 0])
    run = 0
    for i in range(whole.size):
        run = run + 1 if stands[i] else 0
        new = i >= whole.size - batch.size
        if new and run >= STALL_LINES - 1 and _changed(whole, i - STALL_LINES + 1, i, reference):
            moving[i - STALL_LINES + 2 : i + 1] = True
    return moving


def _changed(batch: Batch, first: int, last: int, reference: LineReference) -> bool:
    kept = ~reference.unusable
    a, b = (batch.lines[i, kept].astype(np.float32) - reference.dark[kept] for i in (first, last))
    if min(a.sum(), b.sum()) <= 0 or not kept.any():
        return False
    # a dose that differs changes all channels alike: the ratio that most of them show
    ratio = float(np.clip(np.median((b + 1) / np.maximum(a + 1, 1)), 0.8, 1.25))
    variance = 2 * reference.noise[kept] ** 2 + reference.quantum * np.maximum(a + b, 0)
    far = np.abs(b - ratio * a) > CHANGED_SIGMA * np.sqrt(variance) + 0.02 * a
    return bool(far.mean() > CHANGED_SHARE)


def whole_places(batches: Sequence[Batch], reference: LineReference, state: PlacesState) -> list[Places]:
    """Place all lines; what moved while the encoder stood is known from all of them."""
    moving = [np.zeros(b.size, bool) for b in batches]
    for number, batch in enumerate(batches):
        before = batches[number - 1] if number else None
        if not (np.diff(batch.encoder) == 0).any():
            continue
        seen = stalled_but_moving(batch, before, reference)
        moving[number] |= seen[seen.size - batch.size :]
        if before is not None:
            moving[number - 1] |= seen[: before.size]
    places = []
    for batch, moves in zip(batches, moving, strict=True):
        placed, state = place_lines(batch.encoder, batch.line_numbers, moves, state)
        places.append(placed)
    return places


@dataclass(frozen=True, slots=True)
class Kept:
    """Which lines go into the picture, and how many are lost or bad before each."""

    lines: Bools
    between: npt.NDArray[np.int64]
    waiting: int


def kept_lines(places: Places, faults: npt.NDArray[np.uint8], waiting: int) -> Kept:
    """Choose the lines that got farther and are good.

    Parameters
    ----------
    waiting : lost or bad lines since the last that was kept.
    """
    kept = places.fresh & (faults == 0)
    lost = places.dropped + (places.fresh & (faults != 0))
    until = np.cumsum(lost) + waiting
    between = np.diff(np.concatenate([[0], until[kept]]))
    taken = int(between.sum())
    total = int(until[-1]) if until.size else waiting
    return Kept(kept, between.astype(np.int64), total - taken)


def correct_batch(
    batch: Batch, level: FloatLines | None, kept: Bools, reference: LineReference, bits: int
) -> tuple[FloatLines, Mask]:
    """Return log-attenuation and classes of the lines that are kept."""
    part = batch if kept.all() else Batch(*(getattr(batch, n)[kept] for n in batch.__slots__))
    dose = part.dose
    if level is not None:
        level = level[kept]
        dose = np.where(dose == 0, np.uint16(NOMINAL_DOSE), dose)
    done = correct_lines(part.lines, dose, reference, bits, part.line_numbers, level)
    return done.log_attenuation, done.mask


def draw(
    batches: Sequence[Batch], judged: Judged, places: Sequence[Places], grid: GridState, bits: int
) -> tuple[FloatLines, Mask, Bools]:
    """Return the picture ``(height, width)``, its classes, and the columns that are covered."""
    end = max((float(p.place_mm[-1] + p.usual_mm[-1] / 2) for p in places if p.place_mm.size), default=0.0)
    width = max(int(np.ceil((end - grid.origin_mm) / grid.mm_per_px - 1e-6)), 1)
    height = picture_height(grid.n_pixels, grid.pixel_mm, grid.mm_per_px)
    image, mask = np.zeros((height, width), np.float32), np.full((height, width), 4, np.uint8)
    covered = np.zeros(width, bool)
    usual_mm = next((float(u) for p in places for u in p.usual_mm[p.usual_mm > 0][:1]), 0.0)
    waiting, grid = 0, replace(grid, usual_mm=usual_mm)
    for batch, fault, level, placed in zip(batches, judged.faults, judged.levels, places, strict=True):
        kept = kept_lines(placed, fault, waiting)
        waiting = kept.waiting
        values, classes = correct_batch(batch, level, kept.lines, judged.reference, bits)
        # what was placed without the encoder is measured, but its place is not
        classes[placed.slipped[kept.lines]] = np.maximum(classes[placed.slipped[kept.lines]], 1)
        place, usual = placed.place_mm[kept.lines], placed.usual_mm[kept.lines]
        columns, grid = fold(values, classes, place, kept.between, usual, grid)
        part = slice(columns.first, columns.first + columns.covered.size)
        image[:, part], mask[:, part], covered[part] = columns.image, columns.mask, columns.covered
    columns = close(grid)
    n = min(columns.covered.size, width - columns.first)
    part = slice(columns.first, columns.first + n)
    image[:, part], mask[:, part] = columns.image[:, :n], columns.mask[:, :n]
    covered[part] = columns.covered[:n]
    return image, mask, covered
