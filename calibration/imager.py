"""Thermal imagers: counts to degrees Celsius. X-ray lines: `line_reference` and `line_correction`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing, Certificate
from drivers.api import Frame


def temperature_c(frame: Frame, certificate: Certificate) -> npt.NDArray[np.float32]:
    """Return a thermal frame in °C, corrected by its certificate; no value = NaN.

    Parameters
    ----------
    frame : thermal frame with unit "°C", "C" or "K".
    certificate : parameter ``offset_c`` is added (0 when it is not there).

    Raises
    ------
    CalibrationMissing : the frame's unit is not a temperature.
    """
    kelvin = {"°C": 0.0, "C": 0.0, "degC": 0.0, "K": -273.15}
    if frame.unit not in kelvin:
        raise CalibrationMissing(
            f"the thermal imager sends {frame.unit or 'no unit'}, not °C or K: set its output to temperature"
        )
    value = frame.pixels.astype(np.float32) * np.float32(frame.scale) + np.float32(frame.offset)
    value += np.float32(kelvin[frame.unit] + certificate.parameters.get("offset_c", 0.0))
    if np.issubdtype(frame.pixels.dtype, np.integer) and frame.pixels.dtype != np.uint8:
        limits = np.iinfo(frame.pixels.dtype)
        value[(frame.pixels == limits.min) | (frame.pixels == limits.max)] = np.nan
    return value
