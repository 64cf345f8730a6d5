"""What kind of X-ray picture this is, in numbers: a network's answer holds for the kind that it learned from.

The same numbers are taken of training pictures; their lowest and highest travel in the model's card
(``familiar``). A picture outside of them is no case for the model, whatever its score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

IN_BEAM = 0.25
"""Log-attenuation from which a pixel belongs to something in the beam."""

LEAST_PIXELS, LEAST_SHARE = 3, 0.05
"""Such pixels that make a column count, and their share of those columns that makes a row count."""

EDGE_PER_M = 4.0
"""Log-attenuation a metre from which a smoothed slope is an edge."""

DENSE = 1.0
"""Log-attenuation from which the steps of a coarse counter would show."""

LEAST_PAIRS = 100
"""Of dense neighbours, or their steps are not counted."""

MAD_TO_SIGMA = 1.4826  # of a normal distribution


@dataclass(frozen=True, slots=True)
class Outside:
    """A feature beyond what the model learned from; ``value`` is not finite where it could not be taken."""

    feature: str
    value: float
    low: float
    high: float


def features(image: FloatImage, clear: Mask, mm_per_px: float) -> dict[str, float]:
    """Return what a picture looks like; empty margins around it change nothing.

    Parameters
    ----------
    image : float ``(height, width)``, log-attenuation.
    clear : bool of that shape: where it was measured and the beam came through.
    mm_per_px : size of a pixel.

    Returns
    -------
    ``length_m``, ``height_m`` : of what is in the beam, 0 when nothing is (then all else is 0 too).
    ``clear_share`` : of its rectangle.
    ``attenuation_low``, ``attenuation_middle``, ``attenuation_high`` : 5, 50, 95 % of its clear pixels.
    ``open_level`` : median of the clear pixels around the rectangle, 0 where there are none.
    ``noise`` : robust deviation of a pixel from its four neighbours in the smoother half.
    ``striping`` : robust deviation of a row's level from its two neighbours' there.
    ``vertical_edges``, ``horizontal_edges`` : share of pixels with a steep slope along or up.
    ``steps`` : share of dense neighbours along a row that are equal; a coarse counter makes them so.

    Examples
    --------
    >>> features(np.zeros((180, 700), np.float32), np.ones((180, 700), bool), 25.0)["length_m"]
    0.0
    """
    # training pictures are kept in half precision: steps must not come from that
    picture = np.asarray(image, np.float16).astype(np.float32)
    place = _in_beam(picture, clear)
    if place is None:
        return dict.fromkeys(NAMES, 0.0)
    rows, columns = place
    part, seen = picture[rows, columns], clear[rows, columns]
    around = clear.copy()
    around[rows, columns] = False
    low, middle, high = np.quantile(part[seen], (0.05, 0.5, 0.95)) if seen.any() else (0.0, 0.0, 0.0)
    along, up = _slopes(part, mm_per_px)
    inner = _inner(seen)
    return {
        "length_m": (columns.stop - columns.start) * mm_per_px / 1000,
        "height_m": (rows.stop - rows.start) * mm_per_px / 1000,
        "clear_share": float(seen.mean()),
        "attenuation_low": float(low),
        "attenuation_middle": float(middle),
        "attenuation_high": float(high),
        "open_level": float(np.median(picture[around])) if around.any() else 0.0,
        "noise": _noise(part, inner, np.hypot(along, up)),
        "striping": _striping(part, inner),
        "vertical_edges": float((np.abs(along) > EDGE_PER_M)[inner].mean()) if inner.any() else 0.0,
        "horizontal_edges": float((np.abs(up) > EDGE_PER_M)[inner].mean()) if inner.any() else 0.0,
        "steps": _steps(part, seen),
    }


NAMES = (
    "length_m", "height_m", "clear_share", "attenuation_low", "attenuation_middle", "attenuation_high",
    "open_level", "noise", "striping", "vertical_edges", "horizontal_edges", "steps",
)  # fmt: skip
"""Every feature."""


def outside(found: Mapping[str, float], familiar: Mapping[str, tuple[float, float]]) -> Outside | None:
    """Return the feature that is farthest outside of what is familiar, by the width of its range.

    A feature that the picture does not have, or that is no number, is farthest of all. Nothing is
    outside of an empty ``familiar``.

    Examples
    --------
    >>> outside({"noise": 0.5}, {"noise": (0.01, 0.1)}).feature
    'noise'
    >>> outside({"noise": 0.05}, {"noise": (0.01, 0.1)}) is None
    True
    """
    worst: tuple[float, Outside] | None = None
    for name, (low, high) in familiar.items():
        value = found.get(name, float("nan"))
        if low <= value <= high:
            continue
        width = max(high - low, 1e-9)
        beyond = max(low - value, value - high) / width if np.isfinite(value) else float("inf")
        if worst is None or beyond > worst[0]:
            worst = beyond, Outside(name, value, low, high)
    return None if worst is None else worst[1]


def _in_beam(picture: FloatImage, clear: Mask) -> tuple[slice, slice] | None:
    """Rows and columns of what is in the beam; single noisy pixels and channels are not."""
    busy = cv2.blur(picture, (3, 3), borderType=cv2.BORDER_CONSTANT) > IN_BEAM
    busy &= clear | (picture != 0)  # a margin is neither
    columns = np.flatnonzero(busy.sum(axis=0) >= LEAST_PIXELS)
    if not columns.size or not (busy & clear).any():
        return None
    along = slice(int(columns[0]), int(columns[-1]) + 1)
    rows = np.flatnonzero(busy[:, along].mean(axis=1) >= LEAST_SHARE)
    return (slice(int(rows[0]), int(rows[-1]) + 1), along) if rows.size else None


def _inner(seen: Mask) -> Mask:
    """Clear pixels whose neighbours are clear too."""
    kernel = np.ones((3, 3), np.uint8)
    eroded = cv2.erode(seen.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(eroded > 0)


def _slopes(part: FloatImage, mm_per_px: float) -> tuple[FloatImage, FloatImage]:
    """Slopes along and up, a metre, of the picture smoothed over 3 x 3."""
    smooth = cv2.blur(part, (3, 3), borderType=cv2.BORDER_REPLICATE)
    per_m = 1000.0 / mm_per_px / 2
    along = cv2.filter2D(smooth, cv2.CV_32F, np.array([[-per_m, 0, per_m]]), borderType=cv2.BORDER_REPLICATE)
    up = cv2.filter2D(smooth, cv2.CV_32F, np.array([[-per_m], [0], [per_m]]), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(along, np.float32), np.asarray(up, np.float32)


def _noise(part: FloatImage, inner: Mask, slope: FloatImage) -> float:
    if not inner.any():
        return 0.0
    kernel = np.array([[0, -0.25, 0], [-0.25, 1, -0.25], [0, -0.25, 0]])
    rest = cv2.filter2D(part, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)
    smooth = inner & (slope <= np.median(slope[inner]))
    # of independent noise a pixel less its four neighbours' mean has 1.25 times the variance
    return MAD_TO_SIGMA * float(np.median(np.abs(rest[smooth]))) / math.sqrt(1.25)


def _striping(part: FloatImage, inner: Mask) -> float:
    rest = part[1:-1] - 0.5 * (part[:-2] + part[2:])
    used = inner[1:-1]
    rows = used.sum(axis=1) >= LEAST_PIXELS
    if not rows.any():
        return 0.0
    levels = np.array([np.median(line[use]) for line, use in zip(rest[rows], used[rows], strict=True)])
    return MAD_TO_SIGMA * float(np.median(np.abs(levels)))


def _steps(part: FloatImage, seen: Mask) -> float:
    pair = seen[:, 1:] & seen[:, :-1] & (part[:, 1:] > DENSE) & (part[:, :-1] > DENSE)
    return float((part[:, 1:] == part[:, :-1])[pair].mean()) if pair.sum() >= LEAST_PAIRS else 0.0
