"""X-ray pictures: from lines at encoder positions to square millimetres, and where to look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scanner.vehicle import VehicleClass

FloatImage = npt.NDArray[np.float32]

# Load space of an articulated lorry that drives cab first: from its front, before its rear, heights
# above the road, mm (Directive 96/53/EC lorries; the floor of a reefer is at about 1.2 m).
_LOAD_SPACE_MM = {VehicleClass.REEFER: (2950, 100, 1250, 3950), VehicleClass.TANKER: (3400, 150, 1200, 3750)}
TOP_MM = 4500.0  # height that pixel 0 looks at unless the certificate says otherwise


@dataclass(frozen=True, slots=True)
class Picture:
    """Lines resampled to square pixels.

    Parameters
    ----------
    image : float32 ``(height, width)``, row 0 at the top, column 0 at the front.
    covered : bool ``(width,)``: columns that lines were taken for; others are gaps.
    mm_per_px : size of a pixel.
    line_of_column : float64 ``(width,)``, which line a column came from.
    """

    image: FloatImage
    covered: npt.NDArray[np.bool_]
    mm_per_px: float
    line_of_column: npt.NDArray[np.float64]


def positions_mm(
    encoder: npt.NDArray[np.int64], line_pitch_um: int, encoder_um_per_count: float | None = None
) -> npt.NDArray[np.float64]:
    """Return where each line was taken, mm from the first, never falling.

    A lorry that rolls back passes the same place twice: what comes again is given
    the position already reached, so that it adds no width. Without the encoder's
    scale the median step is taken as one line pitch.

    Examples
    --------
    >>> positions_mm(np.array([0, 10, 20, 15, 30]), 5000)
    array([ 0.,  5., 10., 10., 15.])
    """
    steps = np.diff(encoder)
    moving = np.abs(steps[steps != 0])
    if moving.size == 0:
        return np.zeros(encoder.size)
    scale_um = encoder_um_per_count or line_pitch_um / float(np.median(moving))
    away = (encoder - encoder[0]) * (1.0 if encoder[-1] >= encoder[0] else -1.0)
    return np.asarray(np.maximum.accumulate(away) * scale_um / 1000.0, dtype=np.float64)


def _averages(
    values: FloatImage, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], step: float, n: int
) -> tuple[FloatImage, npt.NDArray[np.float64]]:
    """Average rows that cover ``low..high`` over ``n`` bins; returns the bins' coverage too."""
    edges = np.arange(n + 1) * step
    width = high - low
    total = np.zeros((values.shape[0] + 1, values.shape[1]))
    np.cumsum(values * width[:, None], axis=0, out=total[1:])
    covered = np.concatenate([[0.0], np.cumsum(width)])
    # the integral up to an edge: all whole rows before it and a share of the row it falls into
    row = np.clip(np.searchsorted(high, edges, side="left"), 0, low.size - 1)
    share = np.clip((edges - low[row]) / np.maximum(width[row], 1e-12), 0.0, 1.0)
    integral = total[row] + share[:, None] * (total[row + 1] - total[row])
    length = np.diff(covered[row] + share * width[row])
    means = np.diff(integral, axis=0) / np.maximum(length, 1e-12)[:, None]
    return means.astype(np.float32), length / step


def resample(
    lines: FloatImage, position_mm: npt.NDArray[np.float64], pixel_pitch_mm: float, mm_per_px: float
) -> Picture:
    """Resample lines to square pixels by their positions, averaging areas.

    Parameters
    ----------
    lines : float ``(n_lines, n_pixels)``.
    position_mm : float ``(n_lines,)``, never falling.
    pixel_pitch_mm : distance of two pixels at the lorry.

    Examples
    --------
    >>> picture = resample(np.ones((10, 8), np.float32), np.arange(10) * 5.0, 5.0, 10.0)
    >>> picture.image.shape, bool(picture.covered.all())
    ((4, 5), True)
    """
    fresh = np.concatenate([[True], np.diff(position_mm) > 0])
    index = np.flatnonzero(fresh)
    place, kept = position_mm[fresh], lines[fresh]
    usual = float(np.median(np.diff(place))) if place.size > 1 else mm_per_px
    between = np.diff(place) / 2
    # a line stands for its own surroundings, not for a gap beside it
    before = np.minimum(np.concatenate([[usual / 2], between]), usual)
    after = np.minimum(np.concatenate([between, [usual / 2]]), usual)
    start = place[0] - before[0]
    low, high = place - before - start, place + after - start
    width = max(int(np.ceil(high[-1] / mm_per_px - 1e-6)), 1)
    along, coverage = _averages(kept, low, high, mm_per_px, width)
    grid = np.arange(lines.shape[1] + 1) * pixel_pitch_mm
    height = max(int(np.ceil(grid[-1] / mm_per_px - 1e-6)), 1)
    upright, _ = _averages(np.ascontiguousarray(along.T), grid[:-1], grid[1:], mm_per_px, height)
    centres = (np.arange(width) + 0.5) * mm_per_px + start
    line_of_column = np.interp(centres, place, index.astype(float))
    return Picture(upright, coverage > 0.5, mm_per_px, line_of_column)


def vehicle_columns(attenuation: FloatImage, threshold: float = 0.25) -> tuple[int, int] | None:
    """Return first and last column (exclusive) with something in the beam; None = nothing.

    A column counts when three of its pixels exceed the threshold.
    """
    busy = np.flatnonzero((attenuation > threshold).sum(axis=0) >= 3)
    return (int(busy[0]), int(busy[-1]) + 1) if busy.size else None


def load_space_mask(
    attenuation: FloatImage, mm_per_px: float, vehicle_class: VehicleClass, top_mm: float = TOP_MM
) -> npt.NDArray[np.bool_]:
    """Return where people could be: the load space by the declared class and the seen length.

    Parameters
    ----------
    attenuation : float32 ``(height, width)``, row 0 at ``top_mm`` above the road.

    Returns
    -------
    bool of that shape; all False when nothing was in the beam.
    """
    mask = np.zeros(attenuation.shape, bool)
    extent = vehicle_columns(attenuation)
    if extent is None:
        return mask
    front, rear, floor, roof = _LOAD_SPACE_MM[vehicle_class]
    first, last = extent[0] + round(front / mm_per_px), extent[1] - round(rear / mm_per_px)
    top, bottom = round((top_mm - roof) / mm_per_px), round((top_mm - floor) / mm_per_px)
    mask[max(top, 0) : max(bottom, 0), max(first, 0) : max(last, 0)] = True
    return mask


def blind_share(blind: FloatImage, mask: npt.NDArray[np.bool_]) -> float:
    """Return the share of a mask in which nothing came through (1 for an empty mask)."""
    return float((blind[mask] > 0.5).mean()) if mask.any() else 1.0
