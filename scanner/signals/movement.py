"""Movement: bursts in what is new in the chassis channels that last, and that no reference shares.

What the past and the references foretell is gone already (`whitening`). Somebody
who shifts pushes for half a second to some seconds: a frame counts by the middle
one of its tenths of a second, so that a drop or a tick, which is over in one, does
not count; against the frames of the seconds around it, so that a gust, which
rises slowly, counts little; less what the references' own frames rise by; and by
the lower of two neighbours. How much frames differ where nothing happens is read
off the quiet half of the same frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from scanner.signals.whitening import Innovations, no_innovations

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RATE_HZ = 50.0
SAMPLES = 25
"""Samples of a frame: 0.5 s."""

PARTS = 5
KEPT = 120
"""Frames that are weighed: the last 60 s."""

AROUND = 15
"""Frames on either side that tell what is usual."""

APART = 4
"""Frames on either side that do not: a movement lasts."""

FEWEST = 20
"""Usable frames that are needed: 10 s."""

QUIET_LEAST = 0.2
"""Log power; frames of pure noise differ by no less."""

BEGIN, MOST = 2.0, 6.0
"""A frame counts from so many deviations on, and with no more than so many."""

BURST_SHARE, BURST_GROWTH, BURST_SCALE = 0.04, 0.7, 2.0
"""Such a share of half minutes without movement shows any excess, growing with time to this power, of such a
mean size (tuning seeds of tests/bench/motion_detection.py)."""


@dataclass(frozen=True, slots=True)
class MovementState:
    """Innovations that wait for a whole frame, and the frames so far.

    ``chassis`` ``(n_frames,)`` and ``references`` ``(n_references, n_frames)`` are log power.
    """

    waiting: Innovations
    chassis: Array
    references: Array
    usable: Mask


@dataclass(frozen=True, slots=True)
class Movement:
    """Unexplained motion.

    ``excess`` = sum of the bounded excesses, in deviations of the quiet frames;
    ``p_value`` = how often nobody makes as much; ``busy_frames`` how many took part;
    ``times`` = power of the busiest pair of frames over what is usual around it;
    ``quiet`` = deviation of the quiet frames' log power; ``seconds`` weighed; ``course``
    ``(n_frames,)`` the excess of each frame, for drawing (NaN = unusable).
    """

    excess: float
    p_value: float
    busy_frames: int
    times: float
    quiet: float
    seconds: float
    course: Array


def movement_state(n_chassis: int, n_references: int) -> MovementState:
    """Return the state of a listener that has heard nothing."""
    waiting = no_innovations(n_chassis, n_chassis + n_references)
    return MovementState(waiting, np.zeros(0), np.zeros((n_references, 0)), np.zeros(0, bool))


def follow_movement(new: Innovations, state: MovementState) -> MovementState:
    """Take the next innovations, at about `RATE_HZ`, with each channel's own. Any split gives the same.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> own = rng.normal(size=(3, 1000))
    >>> state = follow_movement(Innovations(own[:2], own, np.ones(1000, bool)), movement_state(2, 1))
    >>> state.chassis.shape, state.references.shape
    ((40,), (1, 40))
    """
    waiting = state.waiting.then(new)
    whole = waiting.usable.size // SAMPLES * SAMPLES
    n_chassis = waiting.joint.shape[0]
    chassis = _frames((waiting.joint[:, :whole] ** 2).mean(axis=0))
    references = [_frames(row**2) for row in waiting.own[n_chassis:, :whole]]
    if references:
        together = np.hstack([state.references, np.stack(references)])
    else:
        together = np.zeros((0, state.chassis.size + chassis.size))
    usable = waiting.usable[:whole].reshape(-1, SAMPLES).all(axis=1)
    return replace(
        state,
        waiting=waiting.cut(whole),
        chassis=np.concatenate([state.chassis, chassis])[-KEPT:],
        references=together[:, -KEPT:],
        usable=np.concatenate([state.usable, usable])[-KEPT:],
    )


def find_movement(state: MovementState) -> Movement | None:
    """Return what the last minute's frames say; None with fewer than `FEWEST` usable ones, or no motion."""
    usable = state.usable & np.isfinite(state.chassis)
    if usable.sum() < FEWEST:
        return None
    risen = _risen(np.where(usable, state.chassis, np.nan))
    shared = [np.nan_to_num(_risen(np.where(usable, row, np.nan))) for row in state.references]
    course = risen - (np.maximum(np.max(shared, axis=0), 0.0) if shared else 0.0)
    low = course[np.isfinite(course) & (course < 0)]
    quiet = max(float(np.sqrt(np.mean(low**2))) if low.size else 0.0, QUIET_LEAST)
    pair = np.fmax(_both(course, 1), _both(course, -1))
    bounded = np.clip(np.nan_to_num(pair / quiet, nan=0.0) - BEGIN, 0.0, MOST)
    excess, frames = float(bounded.sum()), int(usable.sum())
    highest = float(np.nanmax(pair)) if np.isfinite(pair).any() else 0.0
    return Movement(
        excess=excess,
        p_value=excess_p_value(excess, frames),
        busy_frames=int(np.count_nonzero(bounded)),
        times=math.exp(min(highest, 50.0)),
        quiet=quiet,
        seconds=frames * SAMPLES / RATE_HZ,
        course=course,
    )


def excess_p_value(excess: float, frames: int) -> float:
    """Return how often frames without movement have such an excess: rare, then exponential.

    >>> excess_p_value(0.0, 60), excess_p_value(10.0, 60) < excess_p_value(5.0, 60) < 0.01
    (1.0, True)
    """
    if excess <= 0:
        return 1.0
    share: float = BURST_SHARE * (frames / 60) ** BURST_GROWTH
    return min(1.0, share * math.exp(-excess / BURST_SCALE))


def _frames(power: Array) -> Array:
    """Log of the middle part's power in each frame."""
    parts = power.reshape(-1, PARTS, SAMPLES // PARTS).mean(axis=2)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.median(parts, axis=1)))


def _risen(level: Array) -> Array:
    """Each frame over the median of those around it, ``(n_frames,)``; NaN where nothing is around."""
    padded = np.pad(level, AROUND, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1).copy()
    around[:, AROUND - APART : AROUND + APART + 1] = np.nan
    known = np.isfinite(around).any(axis=1)
    out = np.full(level.size, np.nan)
    out[known] = level[known] - np.nanmedian(around[known], axis=1)
    return out


def _both(course: Array, side: int) -> Array:
    """The lower of each frame and its neighbour; NaN at the end and beside unusable frames."""
    beside = np.full(course.size, np.nan)
    if side > 0:
        beside[:-1] = course[1:]
    else:
        beside[1:] = course[:-1]
    return np.asarray(np.minimum(course, beside))
