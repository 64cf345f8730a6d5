"""The values that a picture shows: temperatures of a frame, attenuation of a passage, a model's heat map."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing, Certificate
from calibration.imager import temperature_c
from calibration.line_correction import correct_lines
from calibration.line_pixels import Mask
from calibration.line_reference import line_reference
from drivers.api import Frame, LineBlock
from scanner.evidence import Assessment, Overlay
from scanner.lane.deep_picture import LARGEST_PNG
from scanner.lane.passing import count_classes
from scanner.modalities.xray_passage import Passage

LEAST_SPAN_C = 2.0
"""A view of even warmth is shown as even, not as noise from black to white."""

_NO_CERTIFICATE = Certificate("", dt.date.min, dt.date.max)


def grey_png(values: npt.NDArray[np.float32], low: float, high: float) -> bytes:
    """Encode values as 8-bit grey, ``low`` black and ``high`` white; no value (NaN) is black.

    A picture whose file would be larger than the service takes is made smaller; whoever shows
    it stretches it to the width and height that are told.

    Parameters
    ----------
    values : ``(h, w)``.
    """
    span = max(high - low, 1e-9)
    grey = np.rint(np.clip(np.nan_to_num((values - low) / span, nan=0.0), 0.0, 1.0) * 255).astype(np.uint8)
    while True:
        done, png = cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 3])
        if not done:
            raise ValueError(f"no PNG can be made of a picture of {grey.shape}")
        if png.size <= LARGEST_PNG:
            return png.tobytes()
        half = max(grey.shape[1] // 2, 1), max(grey.shape[0] // 2, 1)
        grey = np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), np.uint8)


def thermal_values(
    frame: Frame, certificate: Certificate | None
) -> tuple[npt.NDArray[np.float32], str, float, float]:
    """Return a frame in °C (or its own unit where that is no temperature), its unit, lowest and highest."""
    try:
        values = temperature_c(frame, certificate or _NO_CERTIFICATE)
        unit = "°C"
    except CalibrationMissing:
        values = (frame.pixels * np.float32(frame.scale) + np.float32(frame.offset)).astype(np.float32)
        unit = frame.unit
    finite = values[np.isfinite(values)]
    if not finite.size:
        return values, unit, 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if high - low < LEAST_SPAN_C:
        middle = (low + high) / 2
        low, high = middle - LEAST_SPAN_C / 2, middle + LEAST_SPAN_C / 2
    return values, unit, low, high


@dataclass(frozen=True, slots=True)
class Seen:
    """A passage as a picture: ``(n_pixels, n_lines)``, every line as received, so that boxes fit.

    With dark and air lines it is log-attenuation (unit "", dense is high); without them it is
    counts (dense is low). ``classes`` are the `PixelClass` of each value.
    """

    values: npt.NDArray[np.float32]
    unit: str
    high: float
    classes: Mask


def xray_seen(passage: Passage) -> Seen:
    """Return the picture of a passage."""
    blocks = one_width(passage.data)
    n_pixels = blocks[0].pixels.shape[1]
    lines = np.concatenate([b.pixels for b in blocks])
    dose = np.concatenate([b.dose for b in blocks])
    bits = blocks[0].bits
    dark = [b.pixels for b in passage.dark if b.pixels.shape[1] == n_pixels]
    air = [b for b in passage.air if b.pixels.shape[1] == n_pixels]
    try:
        if not dark or not air:
            raise CalibrationMissing("no dark or air lines")
        reference = line_reference(
            np.concatenate(dark),
            np.concatenate([b.pixels for b in air]),
            np.concatenate([b.dose for b in air]),
            bits,
        )
        corrected = correct_lines(lines, dose, reference, bits)
    except CalibrationMissing:
        classes = count_classes(lines, bits)
        return Seen(lines.T.astype(np.float32), "counts", full_scale(bits), np.ascontiguousarray(classes.T))
    lit = corrected.log_attenuation[dose > 0]
    high = max(float(lit.max()), 1.0) if lit.size else 1.0
    values, classes = corrected.log_attenuation.T, corrected.mask.T
    return Seen(np.ascontiguousarray(values), "", high, np.ascontiguousarray(classes))


def one_width(blocks: Sequence[LineBlock]) -> list[LineBlock]:
    """Return the blocks as wide as the first: others belong to no picture of it."""
    return [b for b in blocks if b.pixels.shape[1] == blocks[0].pixels.shape[1]]


def full_scale(bits: int) -> float:
    """Return the highest count."""
    return float(max((1 << min(bits, 16)) - 1, 1))


def heat_of(assessment: Assessment | None, sensor: str) -> npt.NDArray[np.float32] | None:
    """Return the newest heat map over a sensor's picture, 0..1, None where there is none."""
    overlays: Iterable[Overlay] = () if assessment is None else (
        overlay for evidence in assessment.evidences for overlay in evidence.overlays
    )  # fmt: skip
    for overlay in overlays:
        if overlay.kind == "heatmap" and overlay.sensor == sensor and overlay.image is not None:
            return overlay.image
    return None
