"""X-ray lines in, block by block; columns of log-attenuation out as they pass, a better picture at the end.

Each energy has its own dark and air lines. While the lorry passes, columns are corrected with what
is known by then; `finish` corrects all lines again with what only the whole scan shows: air lines
after it, channels that were stuck or noisy, open beam beside it. Blocks may be cut anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing
from calibration.line_reference import LineReference, check_counts, line_reference, with_air_after
from drivers.api import LineBlock, LineKind
from scanner.signals.xray_batch import Batch, batch_of, joined, rebatch
from scanner.signals.xray_grid import Columns, GridState, fold, grid_state
from scanner.signals.xray_lines import (
    LineFault,
    OpenBeam,
    dose_faults,
    group_levels,
    line_faults,
    open_beam,
    open_channels,
    open_levels,
    see_open,
    tolerance,
)
from scanner.signals.xray_passes import correct_batch, kept_lines, stalled_but_moving
from scanner.signals.xray_places import PlacesState, encoder_scale_mm, place_lines
from scanner.signals.xray_scan import Scan, ScanUnusable, Setup, encoder_of, number_step, whole_scan

DIRECTION_STEPS = 8
"""Steps of the encoder that are awaited before lines are placed."""


@dataclass(frozen=True, slots=True)
class Live:
    """What the next lines of one energy need to become columns while the lorry passes."""

    reference: LineReference
    beam: OpenBeam
    places: PlacesState
    grid: GridState
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class EnergyState:
    """Lines of one energy as they came: nothing is thrown away before the end.

    Parameters
    ----------
    batches, pending : data lines, whole batches and what came since.
    done : batches that have become columns.
    """

    bits: int = 16
    dark: tuple[Batch, ...] = ()
    air: tuple[Batch, ...] = ()
    after: tuple[Batch, ...] = ()
    batches: tuple[Batch, ...] = ()
    pending: tuple[Batch, ...] = ()
    done: int = 0
    live: Live | None = None


@dataclass(frozen=True, slots=True)
class ChainState:
    """A scan so far; ``origin`` is the encoder's count at its first data line."""

    setup: Setup
    energies: Mapping[int, EnergyState] = field(default_factory=dict)
    origin: int | None = None


def chain_state(setup: Setup) -> ChainState:
    """Return the state before the first block."""
    if setup.mm_per_px <= 0:
        raise ValueError("mm_per_px must be positive")
    return ChainState(setup)


def feed(block: LineBlock, state: ChainState) -> tuple[Columns | None, ChainState]:
    """Take a block and return the columns that it completes, None when there are none yet.

    Dark and air lines come first; air lines after data lines are those after the vehicle. The
    state keeps the block's arrays: they must not change.

    Raises
    ------
    CalibrationMissing : data lines without usable dark and air lines of the same width and
        energy before them, or 8-bit lines. Example: a detector started in mid-passage.
    ScanUnusable : nothing says how far lines and pixels are apart.
    """
    state = gather(block, state)
    if block.kind is not LineKind.DATA or block.energy not in state.energies or state.origin is None:
        return None, state
    columns, energy = _advance(state.energies[block.energy], state.setup, state.origin)
    return columns, replace(state, energies={**state.energies, block.energy: energy})


def gather(block: LineBlock, state: ChainState) -> ChainState:
    """Take a block as `feed` does, but make no columns: for who wants the whole picture only."""
    energy = state.energies.get(block.energy, EnergyState())
    known = energy.dark or energy.air or energy.batches or energy.pending
    check_counts(block.pixels, block.bits, known[0].lines.shape[1] if known else None)
    new = batch_of(block)
    if not new.size:
        return state
    energy = replace(energy, bits=block.bits)
    origin = state.origin
    if block.kind is LineKind.DARK:
        energy = replace(energy, dark=(*energy.dark, new))
    elif block.kind is LineKind.AIR and (energy.batches or energy.pending):
        energy = replace(energy, after=(*energy.after, new))
    elif block.kind is LineKind.AIR:
        energy = replace(energy, air=(*energy.air, new))
    else:
        origin = int(new.encoder[0]) if origin is None else origin
        if energy.live is None and not energy.batches and not energy.pending:
            reference(energy)  # refuse at once, not after the lorry has passed
        state = replace(state, setup=_declared(state.setup, block))
        whole, pending = rebatch(energy.pending, new)
        energy = replace(energy, batches=energy.batches + whole, pending=pending)
    return replace(state, energies={**state.energies, block.energy: energy}, origin=origin)


def _declared(setup: Setup, block: LineBlock) -> Setup:
    pixel = setup.pixel_pitch_um or float(block.pixel_pitch_um)
    line = setup.line_pitch_um or float(block.line_pitch_um)
    if pixel <= 0 or line <= 0:
        raise ScanUnusable(
            "xray_geometry_unknown",
            "nothing says how far pixels and lines are apart: add pixel_pitch_um and line_pitch_um "
            "to the detector's certificate",
        )
    return replace(setup, pixel_pitch_um=pixel, line_pitch_um=line)


def reference(energy: EnergyState) -> LineReference:
    """Return what dark and air lines so far say about the channels.

    Raises
    ------
    CalibrationMissing : too few of them, or unusable ones.
    """
    if not energy.dark or not energy.air:
        kind = "air" if energy.dark else "dark"
        raise CalibrationMissing(f"no {kind} lines came before the lorry: let the detector measure them")
    dark, air = joined(energy.dark), joined(energy.air)
    known = line_reference(dark.lines, air.lines, air.dose, energy.bits)
    if not energy.after:
        return known
    after = joined(energy.after)
    numbers = air.line_numbers
    first = (energy.batches or energy.pending)[0].line_numbers[0]
    # air lines of an earlier run have other numbers: taken just before this one
    before = float(numbers.mean()) if int(numbers[-1]) < first else float(first)
    return with_air_after(known, after.lines, after.dose, before, float(after.line_numbers.mean()))


def _advance(energy: EnergyState, setup: Setup, origin: int) -> tuple[Columns | None, EnergyState]:
    """Turn whole batches into columns."""
    if energy.live is None:
        encoder = encoder_of(energy.batches)
        if int((np.diff(encoder) != 0).sum()) < DIRECTION_STEPS:
            return None, energy
        energy = replace(energy, live=_live(energy, encoder, setup, origin))
    live, found = energy.live, []
    assert live is not None
    for number in range(energy.done, len(energy.batches)):
        before = energy.batches[number - 1] if number else None
        columns, live = _pass(energy.batches[number], before, live, energy.bits, setup)
        found.append(columns)
    energy = replace(energy, live=live, done=len(energy.batches))
    found = [c for c in found if c.covered.size]
    if not found:
        return None, energy
    return Columns(
        found[0].first,
        np.concatenate([c.image for c in found], axis=1),
        np.concatenate([c.mask for c in found], axis=1),
        np.concatenate([c.covered for c in found]),
    ), energy


def _live(energy: EnergyState, encoder: npt.NDArray[np.int64], setup: Setup, origin: int) -> Live:
    n_pixels = energy.batches[0].lines.shape[1]
    # as many steps as any split has by now: further batches in hand must not change the scale
    steps = np.cumsum(np.concatenate([[0], np.diff(encoder) != 0]))
    size = energy.batches[0].size
    enough = int(np.searchsorted(steps, DIRECTION_STEPS)) // size * size + size
    scale = encoder_scale_mm(encoder[:enough], setup.line_pitch_um, setup.encoder_um_per_count)
    start = abs(scale) * abs(int(encoder[0]) - origin)
    places = PlacesState(scale, place_mm=start, number_step=number_step(energy.batches[: enough // size]))
    pixel_mm = setup.pixel_pitch_um / 1000
    grid = grid_state(n_pixels, pixel_mm, setup.mm_per_px, -setup.line_pitch_um / 2000)
    return Live(reference(energy), open_beam(n_pixels), places, grid)


def _pass(batch: Batch, before: Batch | None, live: Live, bits: int, setup: Setup) -> tuple[Columns, Live]:
    known = live.reference
    last = None if before is None else before.lines[-1:]
    faults = line_faults(batch.lines, last, batch.line_flags, known, bits)
    good = faults == 0
    seen = group_levels(batch.lines, batch.dose, batch.line_numbers, good, known)
    beam = see_open(live.beam, None if seen is None else seen[1])
    limit = tolerance(known, max(int(good.sum()), 1))
    channels = open_channels(beam.lowest, known.dark.size, limit, known)
    if channels.any():
        level = open_levels(batch.lines, batch.dose, batch.line_numbers, channels, known)
        level = np.where(good & (level > 0), level, np.float32(beam.level)).astype(np.float32)
        beam = replace(beam, level=float(np.median(level)))
    else:  # the vehicle fills the beam: as it was when it was last seen
        level = np.full(batch.size, beam.level, np.float32)
    faults |= dose_faults(batch.dose, level if channels.any() else None)
    moving = np.zeros(batch.size, bool)
    if (np.diff(batch.encoder) == 0).any():
        moving = stalled_but_moving(batch, before, known)[-batch.size :]
    placed, places = place_lines(batch.encoder, batch.line_numbers, moving, live.places)
    inside = placed.place_mm <= setup.longest_mm
    kept = kept_lines(placed, np.where(inside, faults, LineFault.DOSE), live.waiting)
    values, mask = correct_batch(batch, level, kept.lines, known, bits)
    mask[placed.slipped[kept.lines]] = np.maximum(mask[placed.slipped[kept.lines]], 1)
    columns, grid = fold(
        values, mask, placed.place_mm[kept.lines], kept.between, placed.usual_mm[kept.lines], live.grid
    )
    return columns, Live(known, beam, places, grid, kept.waiting)


def finish(state: ChainState) -> dict[int, Scan]:
    """Return the picture of each energy that has data, by index, corrected with all that is known.

    Raises
    ------
    CalibrationMissing : see `feed`.
    ScanUnusable : no data lines, no beam, an encoder that did not move, or a picture too long.
    """
    chosen = {e: s for e, s in sorted(state.energies.items()) if s.batches or s.pending}
    if not chosen or state.origin is None:
        raise ScanUnusable("xray_no_passage", "no data lines came: check the portal's trigger")
    pictures = {}
    for index, energy in chosen.items():
        batches = energy.batches + ((joined(energy.pending),) if energy.pending else ())
        pictures[index] = whole_scan(batches, reference(energy), energy.bits, state.setup, state.origin)
    return pictures
