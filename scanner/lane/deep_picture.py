"""A picture in all its depth: 16-bit grey PNG, which also says in its greys where there is no value.

A grey of 0 stands for the picture's lowest value and `WHITE` for its highest. The three greys
above it stand for no value: saturated, not penetrated, missing, in the order of `PixelClass`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from calibration.line_pixels import Mask, PixelClass
from drivers.api import LineBlock
from scanner.signals.xray_places import PlacesState, encoder_scale_mm, place_lines

WHITE = 65_532
LARGEST_PNG = 16 * 1024 * 1024
COMPRESSION = 1
"""More makes the file of a noisy picture hardly smaller, and takes longer."""

KNOTS = 65
"""How many places of a picture are told: between two of them a lorry's speed hardly changes."""

FloatImage = npt.NDArray[np.float32]


def deep_png(values: FloatImage, low: float, high: float, classes: Mask | None = None) -> bytes:
    """Encode values as 16-bit grey; no value (NaN) is missing.

    A picture whose file would be larger than the service takes is made smaller; whoever shows
    it stretches it to the width and height that are told.

    Parameters
    ----------
    values : ``(h, w)``.
    low, high : the values that 0 and `WHITE` stand for.
    classes : `PixelClass` of each value; None = all are good.

    Examples
    --------
    >>> png = deep_png(np.array([[0.0, 1.5, 3.0, np.nan]], np.float32), 0.0, 3.0)
    >>> cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED).tolist()
    [[0, 32766, 65532, 65535]]
    """
    while True:
        done, png = cv2.imencode(
            ".png", _greys(values, low, high, classes), [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION]
        )
        if not done:
            raise ValueError(f"no PNG can be made of a picture of {values.shape}")
        if png.size <= LARGEST_PNG:
            return png.tobytes()
        half = max(values.shape[1] // 2, 1), max(values.shape[0] // 2, 1)
        values = np.asarray(cv2.resize(values, half, interpolation=cv2.INTER_AREA), np.float32)
        if classes is not None:  # the worst of what comes together
            worst = cv2.dilate(classes, np.ones((2, 2), np.uint8), anchor=(0, 0))
            classes = np.asarray(cv2.resize(worst, half, interpolation=cv2.INTER_NEAREST), np.uint8)


def _greys(values: FloatImage, low: float, high: float, classes: Mask | None) -> npt.NDArray[np.uint16]:
    share = (values - np.float32(low)) * np.float32(WHITE / max(high - low, 1e-9))
    missing = ~np.isfinite(values)
    share[missing] = 0
    greys: npt.NDArray[np.uint16] = np.rint(np.clip(share, 0, WHITE)).astype(np.uint16)
    if classes is not None:
        none = classes >= PixelClass.SATURATED
        greys[none] = (WHITE - 1 + classes[none].astype(np.int64)).astype(np.uint16)
    greys[missing] = WHITE - 1 + PixelClass.MISSING
    return greys


def pixel_mm(blocks: Sequence[LineBlock], parameters: Mapping[str, float]) -> float | None:
    """Return the height of a pixel at the lorry, None where neither certificate nor detector tell it."""
    pitch_um = parameters.get("pixel_pitch_um", 0.0) or float(blocks[0].pixel_pitch_um)
    return pitch_um / 1000 if pitch_um > 0 else None


def places_mm(blocks: Sequence[LineBlock], parameters: Mapping[str, float]) -> list[float]:
    """Return how far along the lorry evenly spread columns of a picture are, from its first to its last.

    Empty where the encoder's scale is not known, or the lorry stood.

    Parameters
    ----------
    blocks : of the picture, one column a line.
    parameters : of the detector's certificate.
    """
    encoder = np.concatenate([b.encoder for b in blocks])
    numbers = np.concatenate([b.line_numbers for b in blocks])
    pitch_um = parameters.get("line_pitch_um", 0.0) or float(blocks[0].line_pitch_um)
    scale_mm = encoder_scale_mm(encoder, pitch_um, parameters.get("encoder_um_per_count"))
    if scale_mm == 0 or encoder.size < 2:
        return []
    steps = np.diff(numbers)
    step = max(int(np.median(steps[steps > 0])), 1) if (steps > 0).any() else 1
    still = np.zeros(encoder.size, bool)
    places, _ = place_lines(encoder, numbers, still, PlacesState(scale_mm, number_step=step))
    if places.place_mm[-1] <= 0:
        return []
    knots = np.linspace(0, encoder.size - 1, min(KNOTS, encoder.size))
    told = np.interp(knots, np.arange(encoder.size), places.place_mm)
    return [round(float(place), 1) for place in told]
