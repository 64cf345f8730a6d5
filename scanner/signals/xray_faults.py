"""Faults of X-ray channels that only the data lines show: stuck, noisy, dead since the air lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from calibration.line_reference import NOMINAL_DOSE, ChannelFault, LineReference
from scanner.signals.xray_batch import Batch
from scanner.signals.xray_lines import FLAT_SHARE, group_levels, relative_levels, tolerance

STUCK_BATCHES = 2
"""A channel whose count never changed in so many batches, while the others' did, is stuck."""

NOISY_TIMES, NOISY_LEAST = 6.0, 4.0
"""A noisy channel's squared change from line to line over the neighbours', and over what is explained."""

CLIP = 25.0
"""Squared deviations above this count as this: edges of what passes are no noise."""

GAIN_TOLERANCE = 0.1
"""A channel's gain that changed by more while nothing was in the beam is not steady."""

END_LINES = 8
"""Lines at either end of a scan that tell so."""

_AROUND = 8


def data_faults(
    batches: Sequence[Batch], good_lines: Sequence[npt.NDArray[np.bool_]], reference: LineReference, bits: int
) -> npt.NDArray[np.uint8]:
    """Return `ChannelFault` that a whole scan shows, uint8 ``(n_pixels,)``; the reference's not among them.

    Parameters
    ----------
    good_lines : for each batch, which lines can be judged.
    """
    n = reference.dark.size
    faults = np.zeros(n, np.uint8)
    usable = ~reference.unusable
    if not batches or not usable.any():
        return faults
    lowest, highest = np.full(n, np.iinfo(np.uint16).max, np.uint16), np.zeros(n, np.uint16)
    still, total, lines = np.zeros(n, int), np.zeros(n), 0
    top = (1 << bits) - 1
    noisy_dark = float(np.median(reference.noise)) >= 0.5
    for batch, good in zip(batches, good_lines, strict=True):
        kept = batch.lines if good.all() else batch.lines[good]
        if kept.shape[0] < 2:
            continue
        low, high = kept.min(axis=0), kept.max(axis=0)
        np.minimum(lowest, low, out=lowest)
        np.maximum(highest, high, out=highest)
        same = low == high
        if noisy_dark and kept.shape[0] >= 16 and same[usable].mean() < 0.5:
            still += same & (high > 0) & (high < top)
        total += _restless(kept, batch.dose[good], reference)
        lines += kept.shape[0] - 1
    span = highest.astype(int) - lowest.astype(int)
    limit = float(np.median(reference.noise))
    stuck = (still >= STUCK_BATCHES) | ((span <= limit) & (float(np.median(span[usable])) > 4 * limit + 4))
    faults[stuck] |= np.uint8(ChannelFault.STUCK)
    if lines >= 16:
        faults[usable & _stands_out(total / lines, usable)] |= np.uint8(ChannelFault.NOISY)
    # the vehicle is whole in the picture: before it and behind it every channel sees the open beam
    ends = [_unsteady(batches, good_lines, order, reference) for order in (1, -1)]
    if ends[0] is not None and ends[1] is not None:
        faults[usable & ends[0] & ends[1]] |= np.uint8(ChannelFault.DEAD)
    return faults


def _restless(
    lines: npt.NDArray[np.uint16], dose: npt.NDArray[np.uint16], reference: LineReference
) -> npt.NDArray[np.float64]:
    """Sum of squared changes from line to line that neighbours do not share, over what is explained."""
    share = (np.where(dose > 0, dose, NOMINAL_DOSE) / np.float32(NOMINAL_DOSE))[:, None]
    net = lines.astype(np.float32)
    net -= reference.dark
    net /= reference.gain * share
    mean = np.maximum(net.mean(axis=0), 0.0)
    change = np.abs(_beside(np.diff(net, axis=0)))
    variance = (reference.quantum * mean / reference.gain + (reference.noise / reference.gain) ** 2) * 4.0
    change *= change
    change /= np.maximum(variance, 1e-12)
    return np.asarray(np.minimum(change, CLIP).sum(axis=0), np.float64)


def _beside(change: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the smaller difference to either neighbour: what a bad neighbour does counts once."""
    apart = np.abs(np.diff(change, axis=1))
    smaller = np.empty_like(change)
    if change.shape[1] < 3:
        smaller[:] = 0.0
        return smaller
    smaller[:, 1:-1] = np.minimum(apart[:, 1:], apart[:, :-1])
    smaller[:, 0], smaller[:, -1] = apart[:, 0], apart[:, -1]
    return smaller


def _stands_out(restless: npt.NDArray[np.float64], usable: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    known = np.where(usable, restless, np.nan)
    padded = np.pad(known, _AROUND, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1)
    enough = np.isfinite(windows).sum(axis=1) >= 3
    around = np.full(restless.size, np.inf)
    around[enough] = np.nanmedian(windows[enough], axis=1)
    return np.asarray(restless > np.maximum(NOISY_TIMES * around, NOISY_LEAST))


def _unsteady(
    batches: Sequence[Batch],
    good_lines: Sequence[npt.NDArray[np.bool_]],
    order: int,
    reference: LineReference,
) -> npt.NDArray[np.bool_] | None:
    """Return channels that differ from the rest in the first or last lines; None where something is there.

    Parameters
    ----------
    order : 1 = from the start, -1 = from the end.
    """
    ordered = list(zip(batches, good_lines, strict=True))[::order]
    end = next(((b, g) for b, g in ordered if g.any()), None)
    if end is None:
        return None
    batch = end[0]
    chosen = np.flatnonzero(end[1])[::order][:END_LINES]
    few = np.zeros(batch.size, bool)
    few[chosen] = True
    levels = group_levels(batch.lines, batch.dose, batch.line_numbers, few, reference)
    relative = None if levels is None else relative_levels(levels[1])
    if levels is None or relative is None:
        return None
    known = relative[np.isfinite(relative)]
    if (known >= 1.0 - tolerance(reference, chosen.size)).mean() < FLAT_SHARE:
        return None
    level = float(np.median(levels[0][~reference.unusable]))
    noise = 5.0 * np.sqrt(reference.quantum / reference.gain / chosen.size)
    return np.asarray(np.abs(levels[0] / level - 1.0) > np.maximum(GAIN_TOLERANCE, noise))
