"""Thermal frames: differences from what surrounds, and the warm spots in them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from scanner.evidence import Box

FloatImage = npt.NDArray[np.float32]


def temperature_excess_k(frames_c: FloatImage) -> FloatImage:
    """Return the mean of frames minus its own median, K.

    The median of the view removes weather, offset and drift common to all pixels.

    Parameters
    ----------
    frames_c : float32 ``(n_frames, height, width)`` or one frame, °C.

    Returns
    -------
    float32 ``(height, width)``; a pixel without any value (NaN in all frames) gets 0.

    Examples
    --------
    >>> frame = np.full((24, 32), 8.0, np.float32); frame[4, 5] = 11.0
    >>> float(temperature_excess_k(frame).max())
    3.0
    """
    frames = frames_c if frames_c.ndim == 3 else frames_c[None]
    there = np.isfinite(frames)
    count = there.sum(axis=0)
    mean = np.where(there, frames, 0.0).sum(axis=0, dtype=np.float64) / np.maximum(count, 1)
    if not count.any():
        return np.zeros(mean.shape, np.float32)
    excess = mean - np.median(mean[count > 0])
    return np.asarray(np.where(count > 0, excess, 0.0), dtype=np.float32)


def half_frame(frame_c: FloatImage) -> bool:
    """Tell whether a frame holds only one of the two interleaved subpages, zeros in the other.

    An MLX90640 measures its pixels in two turns; just after its start a frame may
    carry the first turn alone.

    Examples
    --------
    >>> frame = np.full((24, 32), 21.0, np.float32); frame[::2, ::2] = 0.0; frame[1::2, 1::2] = 0.0
    >>> half_frame(frame), half_frame(frame + 1.0)
    (True, False)
    """
    zero = frame_c == 0.0
    share = float(zero.mean())
    return 0.25 < share < 0.75 and abs(float(np.median(frame_c[~zero]))) > 1.0


def valid_share(frame_c: FloatImage, low_c: float = -45.0, high_c: float = 150.0) -> float:
    """Return the share of pixels that hold a temperature inside the range."""
    with np.errstate(invalid="ignore"):
        return float(((frame_c >= low_c) & (frame_c <= high_c)).mean())


def hot_spots(excess_k: FloatImage, threshold_k: float = 1.0) -> tuple[Box, ...]:
    """Return the warm regions, hottest first; a box's score is its peak excess, K.

    Examples
    --------
    >>> frame = np.zeros((24, 32), np.float32); frame[4:6, 5] = 3.0
    >>> [(b.x, b.y, b.width, b.height) for b in hot_spots(frame)]
    [(5, 4, 1, 2)]
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (excess_k > threshold_k).astype(np.uint8), connectivity=8
    )
    boxes = [
        Box(
            int(stats[k, cv2.CC_STAT_LEFT]), int(stats[k, cv2.CC_STAT_TOP]),
            int(stats[k, cv2.CC_STAT_WIDTH]), int(stats[k, cv2.CC_STAT_HEIGHT]),
            float(excess_k[labels == k].max()), "hot_spot",
        )
        for k in range(1, count)
    ]  # fmt: skip
    return tuple(sorted(boxes, key=lambda box: -box.score))
