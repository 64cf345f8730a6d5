"""CO2 probes: readings corrected by the certificate, with their uncertainty."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing, Certificate

COVERAGE_FACTOR = 2.0
"""Certificates state the expanded uncertainty with k = 2 (about 95 %)."""


def corrected_ppm(reading_ppm: npt.ArrayLike, certificate: Certificate) -> npt.NDArray[np.float64]:
    """Return readings corrected for the probe's certified error.

    The certificate's model is reading = ``gain`` × true + ``offset_ppm``; a
    parameter that it leaves out is 1 or 0.

    Parameters
    ----------
    reading_ppm : float array of any shape, what the probe sent.

    Returns
    -------
    float64 array of the same shape, ppm; NaN stays NaN.

    Raises
    ------
    CalibrationMissing : the gain or offset is not a usable number.

    Examples
    --------
    >>> import datetime as dt
    >>> day = dt.date(2026, 1, 1)
    >>> certificate = Certificate("N-1", day, day, {"offset_ppm": 20, "gain": 1.02, "uncertainty_ppm": 30})
    >>> float(corrected_ppm(530.0, certificate))
    500.0
    """
    gain = float(certificate.parameters.get("gain", 1.0))
    offset_ppm = float(certificate.parameters.get("offset_ppm", 0.0))
    if not (math.isfinite(gain) and gain > 0 and math.isfinite(offset_ppm)):
        raise CalibrationMissing(
            f"certificate {certificate.id} states gain {gain} and offset {offset_ppm} ppm: "
            "correct its entry in the lane's configuration"
        )
    return (np.asarray(reading_ppm, dtype=float) - offset_ppm) / gain


def standard_uncertainty_ppm(certificate: Certificate) -> float:
    """Return the standard uncertainty (k = 1) of a corrected reading, ppm.

    Raises
    ------
    CalibrationMissing : the certificate states no ``uncertainty_ppm``.

    References
    ----------
    JCGM 100:2008, Guide to the expression of uncertainty in measurement, 6.2.
    """
    expanded = float(certificate.parameters.get("uncertainty_ppm", math.nan))
    if not (math.isfinite(expanded) and expanded > 0):
        raise CalibrationMissing(
            f"certificate {certificate.id} states no uncertainty_ppm: add it from the laboratory's paper"
        )
    return expanded / COVERAGE_FACTOR
