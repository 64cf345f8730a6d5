"""CO2 certificates: what they correct and what they must state."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from calibration.certificates import CalibrationMissing, Certificate
from calibration.co2 import corrected_ppm, standard_uncertainty_ppm

DAY = dt.date(2026, 1, 1)


def certificate(**parameters: float) -> Certificate:
    return Certificate("N-1", DAY, DAY, parameters)


def test_correction_undoes_the_certified_error() -> None:
    true_ppm = np.array([430.0, 2000.0, 40_000.0])
    read = 0.97 * true_ppm - 25.0
    np.testing.assert_allclose(corrected_ppm(read, certificate(gain=0.97, offset_ppm=-25.0)), true_ppm)


def test_expanded_uncertainty_is_halved() -> None:
    assert standard_uncertainty_ppm(certificate(uncertainty_ppm=30.0)) == 15.0


def test_nan_stays_nan() -> None:
    assert math.isnan(corrected_ppm(math.nan, certificate(offset_ppm=1.0)))


@pytest.mark.parametrize("parameters", [{}, {"uncertainty_ppm": 0.0}, {"uncertainty_ppm": math.nan}])
def test_no_uncertainty_is_no_calibration(parameters: dict[str, float]) -> None:
    with pytest.raises(CalibrationMissing, match="uncertainty_ppm"):
        standard_uncertainty_ppm(certificate(**parameters))


@pytest.mark.parametrize("parameters", [{"gain": 0.0}, {"gain": -1.0}, {"offset_ppm": math.inf}])
def test_unusable_parameters_are_no_calibration(parameters: dict[str, float]) -> None:
    with pytest.raises(CalibrationMissing, match="gain"):
        corrected_ppm(500.0, certificate(**parameters))
