"""People in the thermal view of open doors: what the detector says of the newest frame."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from calibration.certificates import CalibrationMissing, Certificate
from calibration.imager import temperature_c
from drivers.api import Frame
from models.detection import PersonDetector
from scanner.evidence import Box, Reason
from scanner.signals.thermal import valid_share
from scanner.signals.thermal_pixels import fill

_NO_CERTIFICATE = Certificate("", dt.date.min, dt.date.max)
_RAW = 1e6  # any count of an imager that does not measure temperatures


@dataclass(frozen=True, slots=True)
class OpenView:
    """What was found behind open doors; never an all-clear, never calibrated."""

    reason: Reason
    features: dict[str, float]
    boxes: tuple[Box, ...]


def look_inside(
    detector: PersonDetector | None, frame: Frame, sensor: str, certificate: Certificate | None, wanted: float
) -> OpenView:
    """Say what is to be seen in a frame of open doors.

    Parameters
    ----------
    detector : None = there is none; then only the officer's eyes tell.
    frame : in °C, K or counts: the detector does not need temperatures.
    wanted : least share of pixels with a value; missing ones are filled.
    """
    try:
        image, unit = temperature_c(frame, certificate or _NO_CERTIFICATE), "°C"
        there = valid_share(image)
    except CalibrationMissing:
        image, unit = frame.pixels.astype(np.float32) * np.float32(frame.scale) + np.float32(frame.offset), ""
        there = valid_share(image, -_RAW, _RAW)
    if there < wanted:
        return OpenView(Reason("thermal_invalid", {"sensor": sensor}), {}, ())
    if detector is None or not detector.fits(image.shape):
        return OpenView(Reason("thermal_doors_open"), {}, ())
    people = detector.detect(fill(image, np.zeros(image.shape, bool)), unit)
    boxes = tuple(
        Box(round(p.x), round(p.y), max(round(p.width), 1), max(round(p.height), 1), p.score) for p in people
    )
    if not people:
        return OpenView(Reason("thermal_open_none"), {"persons_seen": 0.0}, ())
    features = {"persons_seen": float(len(people)), "persons_seen_score": people[0].score}
    return OpenView(Reason("thermal_persons_seen", {"persons": float(len(people))}), features, boxes)
