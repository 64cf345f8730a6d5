"""Where an X-ray picture of a load space tells nothing, and whether somebody could be there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from calibration.line_pixels import Mask, PixelClass

BoolImage = npt.NDArray[np.bool_]

SMALLEST_M = ((0.30, 0.50), (0.38, 0.28))
"""Width and height of the smallest people that are looked for: a child of four years crouching, and curled
up, seen from the feet. The smallest bodies of the library (``bodies.npz``, 1.02 to 1.05 m tall) take 0.30 to
0.35 x 0.56 to 0.60 m and 0.39 to 0.44 x 0.29 to 0.32 m there; a few centimetres less are asked for. Lying
flat they need no more than 0.18 m of height, as much as a floor has: such strips are not told."""

HIDING_SHARE = 0.8
"""Share of such a rectangle that has to tell nothing: what is left clear is no more than a child's head."""

CLOSED_M = 0.3
LEAST_SPACE_M2 = 2.0


@dataclass(frozen=True, slots=True)
class HidingRegion:
    """A connected part of the picture that could hide a person; pixels, and its area in square metres."""

    x: int
    y: int
    width: int
    height: int
    area_m2: float


def tells_nothing(classes: Mask) -> BoolImage:
    """Return where nothing is known: saturated, not penetrated, or missing."""
    return np.asarray(classes >= PixelClass.SATURATED)


def hiding_parts(nothing: BoolImage, space: BoolImage, mm_per_px: float) -> BoolImage:
    """Return the parts of the load space behind which one of the `SMALLEST_M` people would not be seen.

    Parameters
    ----------
    nothing : bool ``(height, width)``, see `tells_nothing`.
    space : bool of that shape, the load space.

    Examples
    --------
    >>> nothing = np.zeros((60, 100), bool)
    >>> nothing[20:42, 30:44] = True  # 0.35 m x 0.55 m
    >>> parts = hiding_parts(nothing, np.ones((60, 100), bool), 25.0)
    >>> bool(parts.any()), bool(hiding_parts(nothing[:, ::2], np.ones((60, 50), bool), 25.0).any())
    (True, False)
    """
    blind = (nothing & space).astype(np.float32)
    parts = np.zeros(blind.shape, np.uint8)
    for wide_m, high_m in SMALLEST_M:
        size = _odd(wide_m, mm_per_px), _odd(high_m, mm_per_px)
        share = cv2.blur(blind, size, borderType=cv2.BORDER_CONSTANT)
        middles = (share >= HIDING_SHARE - 1e-4).astype(np.uint8)
        parts |= np.asarray(cv2.dilate(middles, np.ones(size[::-1], np.uint8)), np.uint8)
    # a rectangle may reach beyond what is dark: only that is marked, lucky single counts in it included
    dark = cv2.morphologyEx(blind, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0
    return np.asarray((parts > 0) & dark & space)


def regions_of(parts: BoolImage, mm_per_px: float) -> tuple[HidingRegion, ...]:
    """Return the connected parts, largest first."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(parts.astype(np.uint8))
    px_m2 = (mm_per_px / 1000) ** 2
    found = []
    for x, y, width, height, pixels in stats[1:count].tolist():
        found.append(HidingRegion(x, y, width, height, pixels * px_m2))
    return tuple(sorted(found, key=lambda region: -region.area_m2))


def whole_space(seen: BoolImage, mm_per_px: float) -> BoolImage:
    """Return the load space as the rectangle around the largest part of it that a model sees.

    A model may not see the space where nothing came through; it is there all the same, so holes
    and bays belong to it. All False when the model sees less than `LEAST_SPACE_M2`.

    Parameters
    ----------
    seen : bool ``(height, width)``, a model's map of the load space.
    """
    kernel = np.ones((_odd(CLOSED_M, mm_per_px),) * 2, np.uint8)
    closed = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    largest = regions_of(np.asarray(closed > 0), mm_per_px)[:1]
    space = np.zeros(seen.shape, bool)
    for region in largest:
        if region.area_m2 >= LEAST_SPACE_M2:
            space[region.y : region.y + region.height, region.x : region.x + region.width] = True
    return space


def _odd(metres: float, mm_per_px: float) -> int:
    """Largest odd number of pixels within a length, at least 1."""
    return max((int(1000 * metres / mm_per_px + 1e-6) + 1) // 2 * 2 - 1, 1)
