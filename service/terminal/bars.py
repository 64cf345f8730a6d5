"""Small drawings in block characters: a line over time, a span on a scale, a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.style import Style
from rich.text import Text

EIGHTHS = " ▁▂▃▄▅▆▇█"
SHADES = " ░▒▓█"


def binned(
    points: Sequence[tuple[float, float]], now_s: float, span_s: float, width: int, hold_s: float = 0.0
) -> npt.NDArray[np.float64]:
    """Return the mean of the points in each of ``width`` equal stretches of the last ``span_s`` seconds.

    Parameters
    ----------
    points : time, s, and value; values that are no numbers are left out.
    hold_s : for how long a value stands where no newer one came, s.

    Returns
    -------
    array ``(width,)``, oldest first, NaN where there is no point.

    Examples
    --------
    >>> binned([(0.0, 1.0), (9.0, 4.0), (9.9, 6.0)], now_s=10.0, span_s=10.0, width=2)
    array([1., 5.])
    """
    sums, counts = np.zeros(width), np.zeros(width)
    for at_s, value in points:
        place = math.floor((at_s - (now_s - span_s)) / span_s * width)
        if place >= 0 and at_s <= now_s and math.isfinite(value):
            sums[min(place, width - 1)] += value
            counts[min(place, width - 1)] += 1
    means: npt.NDArray[np.float64] = np.full(width, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    held = math.floor(hold_s / span_s * width)
    empty_for = held
    for place in range(width):
        empty_for = 0 if counts[place] else empty_for + 1
        if 0 < empty_for <= held:
            means[place] = means[place - 1]
    return means


def usual_gap(points: Sequence[tuple[float, float]]) -> float:
    """Return the median time between neighbouring points, s; 0 for fewer than two.

    Examples
    --------
    >>> usual_gap([(0.0, 1.0), (2.0, 1.0), (4.0, 1.0), (9.0, 1.0)])
    2.0
    """
    times = [at_s for at_s, _ in points]
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def sparkline(values: npt.NDArray[np.float64], low: float, high: float, rows: int = 1) -> list[str]:
    """Draw values as columns of eighths of a block, ``rows`` high, the top row first.

    NaN is a blank. A value at ``low`` is the lowest mark there is, not a blank.

    Examples
    --------
    >>> sparkline(np.array([0.0, 1.0, np.nan, 2.0]), 0.0, 2.0)
    ['▁▄ █']
    """
    span = high - low if high > low else 1.0
    levels = [
        0 if math.isnan(v) else round(1 + min(max((v - low) / span, 0.0), 1.0) * (8 * rows - 1))
        for v in values
    ]
    return [
        "".join(EIGHTHS[min(max(level - 8 * (rows - 1 - row), 0), 8)] for level in levels)
        for row in range(rows)
    ]


def scale_of(values: npt.NDArray[np.float64], least_span: float = 0.0) -> tuple[float, float]:
    """Return the lowest and highest value, widened about their middle to ``least_span``; NaN left out.

    Examples
    --------
    >>> scale_of(np.array([430.0, np.nan, 432.0]), least_span=10.0)
    (426.0, 436.0)
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, max(least_span, 1.0)
    low, high = float(known.min()), float(known.max())
    lacking = max(least_span - (high - low), 0.0) / 2
    return low - lacking, high + lacking


def span_bar(low: float, high: float, reach: float, width: int) -> str:
    """Draw the stretch from ``low`` to ``high`` on a scale from ``-reach`` to ``reach``, 0 in the middle.

    Examples
    --------
    >>> span_bar(-5.0, 10.0, 10.0, 9)
    '  ██│████'
    """
    half = width // 2
    reach = reach if reach > 0 else 1.0
    left = round(min(max(low / reach, -1.0), 1.0) * half)
    right = round(min(max(high / reach, -1.0), 1.0) * half)
    cells = ["█" if left <= place <= right and place else " " for place in range(-half, half + 1)]
    cells[half] = "│"
    return "".join(cells)


def coarse(pixels: npt.NDArray[np.generic], rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Return an image of at most ``(rows, columns)`` in which each pixel is a mean of the original's.

    Small images are made larger by whole factors.
    """
    image = np.asarray(pixels, np.float64)
    if not image.size:
        return np.zeros((0, 0))
    height, width = image.shape
    times = max(1, min(rows // height, columns // width))
    shrink = max(1.0, height / rows, width / columns)
    tall, wide = max(1, int(height / shrink)), max(1, int(width / shrink))
    if (tall, wide) != (height, width):
        rows_at = np.linspace(0, height, tall + 1).astype(int)[:-1]
        columns_at = np.linspace(0, width, wide + 1).astype(int)[:-1]
        sums = np.add.reduceat(np.add.reduceat(image, rows_at, 0), columns_at, 1)
        counts = np.outer(np.diff([*rows_at, height]), np.diff([*columns_at, width]))
        image = sums / counts
    return np.repeat(np.repeat(image, times, 0), times, 1)


def picture(pixels: npt.NDArray[np.generic], rows: int, columns: int, colour: bool) -> Text:
    """Draw an image in half blocks with colours, or in shades without, ``rows`` by ``columns`` cells at most.

    Between the 1st and the 99th percentile dark is low and bright is high.
    """
    # A cell is about twice as high as wide: a half block is a square pixel, a shade needs two columns' width.
    image = coarse(pixels, 2 * rows, columns) if colour else coarse(pixels, rows, columns // 2)
    if not image.size:
        return Text()
    low, high = np.percentile(image, (1, 99))
    level = np.clip((image - low) / (high - low if high > low else 1.0), 0.0, 1.0)
    if not colour:
        shades = np.minimum((level * len(SHADES)).astype(int), len(SHADES) - 1)
        return Text("\n".join("".join(SHADES[one] * 2 for one in row) for row in shades), no_wrap=True)
    if level.shape[0] % 2:
        level = np.vstack([level, level[-1:]])
    text = Text(no_wrap=True)
    for row in range(0, level.shape[0], 2):
        for upper, lower in zip(level[row], level[row + 1], strict=True):
            text.append("▀", Style(color=_heat(upper), bgcolor=_heat(lower)))
        text.append("\n")
    text.right_crop(1)
    return text


# black, blue, violet, orange, yellow, white: what thermal cameras show
_HEAT = np.array([(0, 0, 0), (20, 20, 110), (130, 20, 140), (230, 90, 50), (250, 200, 60), (255, 255, 240)])


def _heat(level: float) -> Color:
    at = level * (len(_HEAT) - 1)
    left = min(int(at), len(_HEAT) - 2)
    mixed = _HEAT[left] + (at - left) * (_HEAT[left + 1] - _HEAT[left])
    return Color.from_rgb(*(round(float(part)) for part in mixed))
