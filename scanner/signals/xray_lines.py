"""Which X-ray lines are bad, and how bright the open beam was in each: dose and drift.

The dose monitor tells most of it. What it misses, a step or a drift of all gains, is seen by
channels that look past the vehicle all the time: of groups of neighbouring channels the
brightest are open, as long as nothing shines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntFlag

import numpy as np
import numpy.typing as npt

from calibration.line_reference import LEAST_DOSE, NOMINAL_DOSE, LineReference
from drivers.api import Flag

Counts = npt.NDArray[np.uint16]
Array = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

GROUP = 8
"""Neighbouring channels that are judged together."""

LEAST_GROUPS = 3
"""Open groups that are needed to correct the dose by; the brightest but two sets what is open."""

OPEN_TOLERANCE = 0.01
"""An open group is darker than the brightest by no more than this, or by five deviations of noise."""

FLAT_SHARE = 0.8
"""Lines in which so many groups are open are taken beside the vehicle."""

FLAT_SPAN = 0.5
"""Share of the scan between the first and the last lines beside the vehicle that shows a drift."""

DOSE_RANGE = 4.0
"""A line whose dose is this many times more or less than nominal is not used."""

DOSE_GLITCH = 0.2
"""Nor one whose dose monitor differs so far from the lines around it, where no open beam confirms it."""

_NO_BEAM = int(Flag.BEAM_OFF | Flag.EMERGENCY_STOP)


class LineFault(IntFlag):
    """What is wrong with a line."""

    NONE = 0
    REPEATED = 1  # the counts of the line before
    DARK = 2  # no beam
    DOSE = 4  # far too much or little dose, or a monitor that nothing confirms


def line_faults(
    lines: Counts,
    before: Counts | None,
    line_flags: npt.NDArray[np.uint16],
    reference: LineReference,
    bits: int,
) -> npt.NDArray[np.uint8]:
    """Return `LineFault` of each line, uint8 ``(n_lines,)``; its dose is judged by `dose_faults`.

    Parameters
    ----------
    lines : uint16 ``(n_lines, n_pixels)``.
    before : ``(1, n_pixels)``, the line before these, None at the start.
    """
    faults = np.zeros(lines.shape[0], np.uint8)
    previous = lines[:-1] if before is None else np.concatenate([before, lines[:-1]])
    now = lines[lines.shape[0] - previous.shape[0] :]
    telling = (now > 0) & (now < (1 << bits) - 1) & ~reference.unusable
    same = ((now == previous) & telling).sum(axis=1)
    told = telling.sum(axis=1)
    # a line of one value all over is a test picture or no picture, not a copy
    even = now.min(axis=1) == now.max(axis=1)
    again = (told >= 16) & (same >= 0.99 * told) & ~even
    faults[lines.shape[0] - previous.shape[0] :][again] |= np.uint8(LineFault.REPEATED)
    seen = (lines > reference.dark + reference.lowest)[:, ~reference.unusable]
    dark = (line_flags & _NO_BEAM != 0) | (seen.mean(axis=1) < 0.01 if seen.shape[1] else True)
    faults[dark] |= np.uint8(LineFault.DARK)
    return faults


def dose_faults(dose: npt.NDArray[np.uint16], level: Array | None) -> npt.NDArray[np.uint8]:
    """Return `LineFault.DOSE` of lines whose dose is far off, uint8 ``(n_lines,)``.

    Parameters
    ----------
    level : open beam over what the monitor told, float32 ``(n_lines,)``; None = it was not seen.
    """
    share = np.maximum(dose / NOMINAL_DOSE, 1e-6)
    off = np.zeros(dose.size, bool)
    if level is not None:
        share = np.where(dose > 0, share, 1.0) * level
    else:
        around = np.lib.stride_tricks.sliding_window_view(
            np.pad(share, 2, mode="reflect" if share.size > 2 else "edge"), 5
        )
        off = (np.abs(np.log(share / np.median(around, axis=1))) > DOSE_GLITCH) | (dose == 0)
    off |= (share < 1 / DOSE_RANGE) | (share > DOSE_RANGE)
    return np.where(off, np.uint8(LineFault.DOSE), np.uint8(0))


@dataclass(frozen=True, slots=True)
class OpenBeam:
    """Channels that have looked past the vehicle so far.

    Parameters
    ----------
    lowest : float32 ``(n_groups,)``, the least that each group was of the brightest.
    level : open beam over what the monitor told, of the last line that showed it.
    """

    lowest: Array
    level: float = 1.0


def open_beam(n_pixels: int) -> OpenBeam:
    """Return what is known before the first line: any group may be open."""
    return OpenBeam(np.full(max(n_pixels // GROUP, 1), np.inf, np.float32))


def group_levels(
    lines: Counts,
    dose: npt.NDArray[np.uint16],
    line_numbers: npt.NDArray[np.int64],
    usable: Bools,
    reference: LineReference,
) -> tuple[Array, Array] | None:
    """Return the mean transmission of channels and of their groups over some lines.

    float32 ``(n_pixels,)`` and ``(n_groups,)``, NaN where no channel of a group is usable;
    None when no line is usable.

    Parameters
    ----------
    usable : bool ``(n_lines,)``.
    """
    # a silent monitor is no darkness: the levels are compared with each other first of all
    told = np.where(dose > 0, dose, NOMINAL_DOSE)
    usable = usable & (told >= LEAST_DOSE * NOMINAL_DOSE)
    if not usable.any():
        return None
    weight = (NOMINAL_DOSE / told[usable] / usable.sum()).astype(np.float32)
    mean = weight @ lines[usable].astype(np.float32) - weight.sum() * reference.dark
    mean = mean / reference.gain
    share = reference.gain_share(np.array([line_numbers[usable].mean()]))
    if share is not None:
        mean = mean / share[0]
    return np.asarray(mean, np.float32), _grouped(mean, ~reference.unusable)


def _grouped(mean: Array, good: Bools) -> Array:
    n = max(mean.size // GROUP, 1) * GROUP
    kept = np.zeros(n, np.float32)
    weight = np.zeros(n, np.float32)
    kept[: mean.size], weight[: mean.size] = np.where(good, mean, 0)[:n], good[:n]
    total, count = kept.reshape(-1, GROUP).sum(axis=1), weight.reshape(-1, GROUP).sum(axis=1)
    return np.where(count >= GROUP // 2, total / np.maximum(count, 1), np.nan).astype(np.float32)


def relative_levels(groups: Array) -> Array | None:
    """Return groups over the third brightest of them; None when there are too few."""
    known = groups[np.isfinite(groups)]
    if known.size < LEAST_GROUPS:
        return None
    brightest = float(np.partition(known, -LEAST_GROUPS)[-LEAST_GROUPS])
    return np.asarray(groups / brightest, np.float32) if brightest > 0 else None


def tolerance(reference: LineReference, n_lines: int) -> float:
    """Return how much darker than the brightest an open group may seem."""
    gain = float(np.median(reference.gain))
    variance = (reference.quantum / gain + (float(np.median(reference.noise)) / gain) ** 2) / GROUP / n_lines
    return max(OPEN_TOLERANCE, 5.0 * float(np.sqrt(variance)))


def open_channels(lowest: Array, n_pixels: int, limit: float, reference: LineReference) -> Bools:
    """Return usable channels of groups that were always open, bool ``(n_pixels,)``; too few = none."""
    groups = np.isfinite(lowest) & (lowest >= 1.0 - limit)
    channels = np.zeros(n_pixels, bool)
    if groups.sum() >= LEAST_GROUPS:
        wide = np.repeat(groups, GROUP)[:n_pixels]
        channels[: wide.size] = wide
    return channels & ~reference.unusable


def open_levels(
    lines: Counts,
    dose: npt.NDArray[np.uint16],
    line_numbers: npt.NDArray[np.int64],
    channels: Bools,
    reference: LineReference,
) -> Array:
    """Return the open beam over what the monitor told, line by line, float32 ``(n_lines,)``.

    The median over ``channels``; for a line whose monitor is silent as if it had told nominal dose.
    """
    net = (lines[:, channels].astype(np.float32) - reference.dark[channels]) / reference.gain[channels]
    share = reference.gain_share(line_numbers)
    if share is not None:
        net = net / share[:, channels]
    told = np.where(dose > 0, dose, NOMINAL_DOSE) / np.float32(NOMINAL_DOSE)
    return np.asarray(np.median(net, axis=1) / told, np.float32)


def see_open(beam: OpenBeam, groups: Array | None) -> OpenBeam:
    """Return the open beam after some more lines."""
    relative = None if groups is None else relative_levels(groups)
    if relative is None:
        return beam
    return replace(beam, lowest=np.fmin(beam.lowest, np.where(np.isnan(relative), -np.inf, relative)))


def steady_line(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and value at x = 0 of the straight line by Theil and Sen: half of it may be wrong.

    Examples
    --------
    >>> steady_line(np.arange(5.0), np.array([1.0, 3, 5, 7, 90]))
    (2.0, 1.0)
    """
    i, j = np.triu_indices(x.size, 1)
    apart = x[j] != x[i]
    if not apart.any():
        return 0.0, float(np.median(y))
    slope = float(np.median((y[j] - y[i])[apart] / (x[j] - x[i])[apart]))
    return slope, float(np.median(y - slope * x))
