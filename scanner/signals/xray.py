"""X-ray pictures: from lines at encoder positions to square millimetres, and where to look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.line_pixels import PixelClass
from scanner.signals.xray_batch import BATCH
from scanner.signals.xray_grid import BRIDGE_LINES, close, fold, grid_state
from scanner.signals.xray_places import encoder_scale_mm
from scanner.vehicle import VehicleClass

FloatImage = npt.NDArray[np.float32]

# Load space of an articulated lorry that drives cab first: from its front, before its rear, heights
# above the road, mm (Directive 96/53/EC lorries; the floor of a reefer is at about 1.2 m).
_LOAD_SPACE_MM = {VehicleClass.REEFER: (2950, 100, 1250, 3950), VehicleClass.TANKER: (3400, 150, 1200, 3750)}
_GAP_STEPS = 3.0
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
    mask : uint8 ``(height, width)``, `PixelClass`.
    """

    image: FloatImage
    covered: npt.NDArray[np.bool_]
    mm_per_px: float
    line_of_column: npt.NDArray[np.float64]
    mask: npt.NDArray[np.uint8]


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
    scale_mm = encoder_scale_mm(encoder, line_pitch_um, encoder_um_per_count)
    return np.asarray(np.maximum.accumulate((encoder - encoder[0]) * scale_mm), dtype=np.float64) + 0.0


def resample(
    lines: FloatImage,
    position_mm: npt.NDArray[np.float64],
    pixel_pitch_mm: float,
    mm_per_px: float,
    mask: npt.NDArray[np.uint8] | None = None,
) -> Picture:
    """Resample lines to square pixels by their positions, averaging areas.

    A line stands for the way half-way to its neighbours, beside a step of more than three times
    the usual one only for its own pitch.

    Parameters
    ----------
    lines : float ``(n_lines, n_pixels)``.
    position_mm : float ``(n_lines,)``, never falling.
    pixel_pitch_mm : distance of two pixels at the lorry.
    mask : uint8 ``(n_lines, n_pixels)``, `PixelClass`; None = all good.

    Examples
    --------
    >>> picture = resample(np.ones((10, 8), np.float32), np.arange(10) * 5.0, 5.0, 10.0)
    >>> picture.image.shape, bool(picture.covered.all())
    ((4, 5), True)
    """
    fresh = np.concatenate([[True], np.diff(position_mm) > 0])
    place, index = position_mm[fresh], np.flatnonzero(fresh)
    steps = np.diff(place)
    usual = float(np.median(steps)) if steps.size else mm_per_px
    lost = np.where(steps > _GAP_STEPS * usual, np.rint(steps / usual).astype(np.int64), 0)
    # a gap is not closed here: nothing tells how many lines are missing
    lost = np.where(lost > 0, np.maximum(lost, BRIDGE_LINES + 1), 0)
    grid = grid_state(lines.shape[1], pixel_pitch_mm, mm_per_px, float(place[0] - usual / 2))
    parts = []
    kinds = np.zeros(lines.shape, np.uint8) if mask is None else mask
    between = np.concatenate([[0], lost]).astype(np.int64)
    for start in range(0, place.size, BATCH):
        part = slice(start, start + BATCH)
        chosen = index[part]
        columns, grid = fold(
            lines[chosen], kinds[chosen], place[part], between[part], np.full(chosen.size, usual), grid
        )
        parts.append(columns)
    parts.append(close(grid))
    image, classes = (np.concatenate([getattr(c, n) for c in parts], axis=1) for n in ("image", "mask"))
    centres = (np.arange(image.shape[1]) + 0.5) * mm_per_px + grid.origin_mm
    line_of_column = np.interp(centres, place, index.astype(float))
    return Picture(image, np.concatenate([c.covered for c in parts]), mm_per_px, line_of_column, classes)


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


def blind_share(classes: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> float:
    """Return the share of a mask that tells nothing, not penetrated or missing (1 for an empty mask).

    Parameters
    ----------
    classes : uint8 ``(height, width)``, `PixelClass`.
    """
    return float((classes[mask] >= PixelClass.NOT_PENETRATED).mean()) if mask.any() else 1.0
