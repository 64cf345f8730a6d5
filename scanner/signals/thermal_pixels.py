"""Dead, stuck and blinking pixels of thermal imagers: found over some frames, filled from neighbours."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FEWEST_FRAMES = 8
SIGMAS = 6.0  # of a pixel's own noise
LEAST_BLINKS = 3
BLINKING_SHARE = 0.02
_STRETCH = 16
_AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)


def temporal_noise(frames: FloatImage) -> float:
    """Return the usual noise of one pixel from frame to frame, standard deviation; 0 for fewer than three.

    The median over pixels and over stretches of 16 frames, straight trends taken off: neither a slow
    warming counts, nor what moves in a part of the view, nor a frame that is sent twice.

    Examples
    --------
    >>> frames = np.random.default_rng(1).normal(0, 0.3, (50, 24, 32)).astype(np.float32)
    >>> round(temporal_noise(frames), 1)
    0.3
    """
    length = min(_STRETCH, len(frames))
    if length < 3:
        return 0.0
    n = len(frames) // length
    parts = frames[: n * length].reshape(n, length, -1).astype(np.float64)
    time = np.arange(length) - (length - 1) / 2
    parts = parts - parts.mean(axis=1, keepdims=True)
    slope = np.einsum("ntp,t->np", parts, time) / (time @ time)
    rest = np.square(parts - slope[:, None] * time[None, :, None]).sum(axis=1) / (length - 2)
    rest = rest[np.isfinite(rest)]
    return float(np.sqrt(np.median(rest))) if rest.size else 0.0


def stands_out(frame: FloatImage) -> FloatImage:
    """Return by how much each pixel lies outside of what its eight neighbours span; 0 inside of it.

    Edges, ramps and wide spots give 0: only single pixels stand out.

    Examples
    --------
    >>> frame = np.zeros((5, 5), np.float32); frame[:, 3:] = 9; frame[2, 1] = 4
    >>> np.argwhere(stands_out(frame)).tolist(), float(stands_out(frame)[2, 1])
    ([[2, 1]], 4.0)
    """
    there = np.isfinite(frame)
    low = cv2.erode(np.where(there, frame, np.inf).astype(np.float32), _AROUND)
    high = cv2.dilate(np.where(there, frame, -np.inf).astype(np.float32), _AROUND)
    out = np.where(frame > high, frame - high, np.where(frame < low, frame - low, 0.0))
    return np.where(there & np.isfinite(out), out, 0.0).astype(np.float32)


def bad_pixels(frames: FloatImage, *, steady: bool = True) -> Mask:
    """Find pixels that do not measure.

    A pixel is bad when it has no value in more than half of the frames; when it never changes while
    others do; when it jumps out of what its neighbours span and back, in three frames or more and in
    2 % of them, by more than 6 times a pixel's noise; and, with ``steady``, when it lies out of it all
    the time, by 6 times the noise and 3 times more than 99 of 100 pixels of this view do.

    Parameters
    ----------
    frames : float32 ``(n_frames, height, width)`` of some seconds, in which the view hardly changes;
        fewer than 8 tell missing values only.
    steady : False where a real spot may be one pixel wide (a seal seen by 32 x 24 pixels).

    Returns
    -------
    bool ``(height, width)``

    Examples
    --------
    >>> frames = np.random.default_rng(1).normal(20, 0.1, (32, 12, 16)).astype(np.float32)
    >>> frames[:, 3, 4] = 20; frames[::5, 7, 8] += 5; frames[:, 9, 2] = np.nan
    >>> np.argwhere(bad_pixels(frames)).tolist()
    [[3, 4], [7, 8], [9, 2]]
    """
    missing = ~np.isfinite(frames)
    bad = np.asarray(missing.mean(axis=0) > 0.5)
    if len(frames) < FEWEST_FRAMES:
        return bad
    # slow wandering included: imagers that average frames hide most of their noise from frame to frame
    spread = np.where(missing.any(axis=0), np.nan, frames.std(axis=0))
    if not np.isfinite(spread).any() or (noise := float(np.nanmedian(spread))) == 0.0:
        return bad  # a picture without noise tells nothing more
    with np.errstate(invalid="ignore"):
        stuck = np.nanmax(np.where(missing, -np.inf, frames), axis=0) == np.nanmin(
            np.where(missing, np.inf, frames), axis=0
        )
    out = np.stack([stands_out(frame) for frame in frames])
    usual = np.median(out, axis=0)
    jumps = np.abs(out - usual) > SIGMAS * noise
    blinks = (jumps.sum(axis=0) >= LEAST_BLINKS) & (jumps.mean(axis=0) >= BLINKING_SHARE)
    limit = max(SIGMAS * noise, 3.0 * float(np.quantile(np.abs(usual), 0.99)))
    return np.asarray(bad | stuck | blinks | (steady & (np.abs(usual) > limit)))


def fill(frame: FloatImage, bad: Mask) -> FloatImage:
    """Replace bad pixels, and those without a value, by the mean of what measures around them.

    Sides count 1, corners 1/2; a hole wider than that fills from its rim inwards. A frame without
    any good pixel comes back as NaN.

    Examples
    --------
    >>> frame = np.arange(9, dtype=np.float32).reshape(3, 3); frame[1, 1] = 99
    >>> float(fill(frame, frame > 50)[1, 1])
    4.0
    """
    known = np.isfinite(frame) & ~bad
    values = np.where(known, frame, 0.0).astype(np.float64)
    if not known.any():
        return np.full(frame.shape, np.nan, np.float32)
    kernel = np.array([[0.5, 1.0, 0.5], [1.0, 0.0, 1.0], [0.5, 1.0, 0.5]])
    border = cv2.BORDER_CONSTANT
    while not known.all():
        weight = cv2.filter2D(known.astype(np.float64), -1, kernel, borderType=border)
        total = cv2.filter2D(values * known, -1, kernel, borderType=border)
        rim = ~known & (weight > 0)
        values = np.where(rim, total / np.maximum(weight, 1e-9), values)
        known = known | rim
    return values.astype(np.float32)
