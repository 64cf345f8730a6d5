"""The data lines of one recorded energy as physics: what came through, how noisy, taken where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from calibration.line_reference import NOMINAL_DOSE, LineReference
from drivers.api import LineBlock, LineKind
from scanner.signals.xray_batch import Batch, joined
from scanner.signals.xray_chain import ChainState, chain_state, finish, gather, reference
from scanner.signals.xray_lines import LineFault
from scanner.signals.xray_passes import Judged, judge, whole_places
from scanner.signals.xray_places import PlacesState, encoder_scale_mm
from scanner.signals.xray_scan import Scan, Setup, encoder_of, number_step

Image = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

AVERAGES = (1, 3, 5, 9, 15)
"""Sides of the squares that a background is averaged over: the least that is good enough is taken."""

GOOD_ENOUGH = 25.0
"""Times its own noise: a background so well known changes what a body takes from it by far less than 1 %."""


@dataclass(frozen=True, slots=True)
class MeasuredLines:
    """Data lines of one energy and what their dark and air lines say about them.

    Parameters
    ----------
    lines : uint16 ``(n_lines, n_pixels)``, as they came.
    known : offset, gain and noise of each channel, and its faults.
    unlit, repeated : bool ``(n_lines,)``: taken without beam; a copy of the line before.
    x_m : float64 ``(n_lines,)``, way of the vehicle at each line, from the first on.
    transmission : float32 ``(n_lines, n_pixels)``, averaged over as little as its noise allows;
        never below the limit at which nothing is told.
    """

    lines: npt.NDArray[np.uint16]
    bits: int
    known: LineReference
    unlit: npt.NDArray[np.bool_]
    repeated: npt.NDArray[np.bool_]
    x_m: Array
    transmission: Image

    def net(self) -> Image:
        """Return counts over the dark level, float32 ``(n_lines, n_pixels)``."""
        return np.asarray(self.lines.astype(np.float32) - self.known.dark, np.float32)


def measured_lines(blocks: Iterable[LineBlock], setup: Setup) -> tuple[dict[int, MeasuredLines], Scan]:
    """Return the lines of each energy that has data, by index, and the picture of the first.

    Parameters
    ----------
    blocks : of one passage: dark, air, data, and air lines after the vehicle where there are any.

    Raises
    ------
    CalibrationMissing : no usable dark or air lines.
    ScanUnusable : no data lines, no beam, an encoder that did not move, or a picture too long.
    """
    state = chain_state(setup)
    for block in blocks:
        state = gather(block, state)
    pictures = finish(state)
    return {energy: _measured(state, energy) for energy in pictures}, next(iter(pictures.values()))


def data_blocks(blocks: Iterable[LineBlock], energy: int) -> list[LineBlock]:
    """Return the data blocks of one energy that hold lines."""
    return [b for b in blocks if b.kind is LineKind.DATA and b.energy == energy and b.line_numbers.size]


def _measured(state: ChainState, index: int) -> MeasuredLines:
    energy = state.energies[index]
    batches = energy.batches + ((joined(energy.pending),) if energy.pending else ())
    judged = judge(batches, reference(energy), energy.bits)
    faults = np.concatenate(judged.faults)
    whole = joined(batches)
    return MeasuredLines(
        lines=whole.lines,
        bits=energy.bits,
        known=judged.reference,
        unlit=faults & LineFault.DARK != 0,
        repeated=faults & LineFault.REPEATED != 0,
        x_m=_way_m(batches, judged, state),
        transmission=_transmission(whole, judged, faults == 0),
    )


def _way_m(batches: tuple[Batch, ...], judged: Judged, state: ChainState) -> Array:
    """Place every line as the chain does; those of a lorry that rolled back lie where it was."""
    setup, origin = state.setup, state.origin or 0
    encoder = encoder_of(batches)
    scale_mm = encoder_scale_mm(encoder, setup.line_pitch_um, setup.encoder_um_per_count)
    start = abs(scale_mm) * abs(int(encoder[0]) - origin)
    first = PlacesState(scale_mm, place_mm=start, number_step=number_step(batches))
    places = whole_places(batches, judged.reference, first)
    place_mm = np.concatenate([p.place_mm for p in places])
    fresh = np.concatenate([p.fresh for p in places])
    back = np.concatenate([p.back for p in places])
    newest = np.maximum.accumulate(np.where(fresh, np.arange(fresh.size), 0))
    since_mm = scale_mm * (encoder - encoder[newest])
    return np.asarray(np.where(back, place_mm + np.minimum(since_mm, 0.0), place_mm) / 1e3)


def _transmission(whole: Batch, judged: Judged, good: npt.NDArray[np.bool_]) -> Image:
    known = judged.reference
    dose = np.where(whole.dose == 0, NOMINAL_DOSE, whole.dose) / np.float32(NOMINAL_DOSE)
    levels = [
        np.ones(fault.size, np.float32) if level is None else level
        for level, fault in zip(judged.levels, judged.faults, strict=True)
    ]
    share = (dose * np.concatenate(levels)).astype(np.float32)
    gain = known.gain * share[:, np.newaxis]
    drift = known.gain_share(whole.line_numbers)
    if drift is not None:
        gain = gain * drift
    gain = np.maximum(gain, 1e-3)
    seen = (whole.lines.astype(np.float32) - known.dark) / gain
    weight = np.outer(good, ~known.unusable).astype(np.float32)
    seen *= weight
    best, done = np.zeros_like(seen), np.zeros(seen.shape, bool)
    for side in AVERAGES:
        size = (side, side)
        count = cv2.boxFilter(weight, -1, size, normalize=False, borderType=cv2.BORDER_REPLICATE)
        total = cv2.boxFilter(seen, -1, size, normalize=False, borderType=cv2.BORDER_REPLICATE)
        mean = total / np.maximum(count, 1)
        variance = known.quantum * np.maximum(mean, 0) / gain + (known.noise / gain) ** 2
        enough = (count > 0) & (mean > GOOD_ENOUGH * np.sqrt(variance / np.maximum(count, 1)))
        np.copyto(best, mean, where=(enough | (side == AVERAGES[-1])) & ~done)
        done |= enough
    # behind what nothing is told of, a body takes what it would take at that limit
    floor = known.lowest / gain / AVERAGES[-1]
    return np.asarray(np.maximum(best, np.minimum(floor, 1.0)), np.float32)
