"""What a pixel of an X-ray picture is worth: measured, taken from its neighbours, or no value at all."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

FloatLines = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]


class PixelClass(IntEnum):
    """One of five, from best to worst; a uint8 plane of these goes with every picture."""

    GOOD = 0
    INTERPOLATED = 1  # value or place taken from its neighbours
    SATURATED = 2  # at the top of the counter: the attenuation may be any lower
    NOT_PENETRATED = 3  # nothing came through: the attenuation may be any higher
    MISSING = 4  # nothing was measured, or too much beside it was not


def class_shares(mask: Mask) -> dict[PixelClass, float]:
    """Return the share of each class in a mask; zeros for an empty one.

    Examples
    --------
    >>> class_shares(np.array([[0, 0, 3, 4]], np.uint8))[PixelClass.NOT_PENETRATED]
    0.25
    """
    return {kind: int(np.count_nonzero(mask == kind)) / max(mask.size, 1) for kind in PixelClass}


def bridge_channels(
    values: FloatLines, mask: Mask, unusable: npt.NDArray[np.bool_], widest: int
) -> tuple[FloatLines, Mask]:
    """Return lines whose bad channels are interpolated linearly between the nearest good ones.

    Where a neighbour is saturated or not penetrated, so is what is made of it. A run of more
    than ``widest`` bad channels is missing: the values put there only close the picture.

    Parameters
    ----------
    values, mask : ``(n_lines, n_pixels)``.
    unusable : ``(n_pixels,)``; when all are, everything is missing.

    Examples
    --------
    >>> bad = np.array([False, True, False])
    >>> line, mask = bridge_channels(np.array([[1, 9, 3]], np.float32), np.zeros((1, 3), np.uint8), bad, 8)
    >>> line.tolist(), mask.tolist()
    ([[1.0, 2.0, 3.0]], [[0, 1, 0]])
    """
    good, bad = np.flatnonzero(~unusable), np.flatnonzero(unusable)
    if not bad.size:
        return values, mask
    values, mask = values.copy(), mask.copy()
    if not good.size:
        mask[:] = PixelClass.MISSING
        return np.zeros_like(values), mask
    after = np.searchsorted(good, bad)
    left, right = good[np.maximum(after - 1, 0)], good[np.minimum(after, good.size - 1)]
    left, right = np.where(after == 0, right, left), np.where(after == good.size, left, right)
    weight = ((bad - left) / np.maximum(right - left, 1)).astype(np.float32)
    values[:, bad] = (1 - weight) * values[:, left] + weight * values[:, right]
    # the worst of both neighbours, at least interpolated
    mask[:, bad] = np.maximum(np.maximum(mask[:, left], mask[:, right]), PixelClass.INTERPOLATED)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], unusable.astype(np.int8), [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first > widest:
            mask[:, first:last] = PixelClass.MISSING
    return values, mask
