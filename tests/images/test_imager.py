"""Correction of imagers: offsets, gains, dose, dead pixels, missing references."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from calibration.certificates import CalibrationMissing, Certificate
from calibration.imager import temperature_c
from calibration.line_correction import correct_lines
from calibration.line_reference import line_reference
from drivers.api import Frame
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from tests.simulation.former.xray_scene import render_passage

NOMINAL = np.full(64, 32768, np.uint16)


def _detector(rng: np.random.Generator, n_pixels: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    offset, gain = rng.uniform(500, 1500, n_pixels), rng.uniform(20000, 40000, n_pixels)
    dark = np.rint(offset + rng.normal(0, 5, (64, n_pixels))).astype(np.uint16)
    air = np.rint(offset + gain + rng.normal(0, 30, (64, n_pixels))).astype(np.uint16)
    return dark, air, np.stack([offset, gain])


def test_known_transmission_comes_back_whatever_offset_gain_and_dose() -> None:
    rng = np.random.default_rng(1)
    dark, air, (offset, gain) = _detector(rng)
    transmission = rng.uniform(0.05, 1.0, (30, 40))
    dose_share = rng.uniform(0.8, 1.2, 30)
    counts = np.rint(offset + gain * transmission * dose_share[:, None]).astype(np.uint16)
    dose = np.rint(dose_share * 32768).astype(np.uint16)
    result = correct_lines(counts, dose, line_reference(dark, air, NOMINAL))
    assert result.log_attenuation == pytest.approx(-np.log(transmission), abs=0.02)
    assert not result.interpolated.any()


def test_dead_pixels_are_found_and_taken_from_their_neighbours() -> None:
    rng = np.random.default_rng(2)
    dark, air, (offset, gain) = _detector(rng)
    true = np.tile(np.linspace(0.2, 0.8, 40), (5, 1))
    counts = np.rint(offset + gain * np.exp(-true)).astype(np.uint16)
    for pixel, stuck in ((0, 0), (7, 65535), (20, 0), (21, 0), (39, 65535)):
        for lines in (dark, air, counts):
            lines[:, pixel] = stuck
    result = correct_lines(counts, NOMINAL[:5], line_reference(dark, air, NOMINAL))
    assert np.flatnonzero(result.interpolated).tolist() == [0, 7, 20, 21, 39]
    assert result.log_attenuation == pytest.approx(true, abs=0.03)
    assert not result.saturated.any(), "a stuck pixel is dead, not saturated"


def test_what_nothing_comes_through_is_blind_and_a_lower_bound() -> None:
    rng = np.random.default_rng(3)
    dark, air, (offset, _) = _detector(rng)
    counts = np.rint(np.tile(offset, (4, 1))).astype(np.uint16)
    result = correct_lines(counts, NOMINAL[:4], line_reference(dark, air, NOMINAL))
    assert result.blind.all()
    assert np.isfinite(result.log_attenuation).all()
    assert result.log_attenuation.min() > 5


def test_a_line_without_dose_is_blind() -> None:
    rng = np.random.default_rng(4)
    dark, air, _ = _detector(rng)
    result = correct_lines(air[:2], np.array([32768, 0], np.uint16), line_reference(dark, air, NOMINAL))
    assert not result.blind[0].any()
    assert result.blind[1].all()


@pytest.mark.parametrize(("n_dark", "n_air"), [(0, 64), (64, 0), (7, 64)])
def test_without_dark_and_air_lines_it_refuses(n_dark: int, n_air: int) -> None:
    dark, air, _ = _detector(np.random.default_rng(5))
    with pytest.raises(CalibrationMissing, match=r"(dark|air) lines"):
        line_reference(dark[:n_dark], air[:n_air], NOMINAL[:n_air])


def test_a_beam_that_was_off_during_air_lines_is_no_reference() -> None:
    dark, air, _ = _detector(np.random.default_rng(6))
    with pytest.raises(CalibrationMissing, match="beam"):
        line_reference(dark, dark.copy(), NOMINAL)
    with pytest.raises(CalibrationMissing, match="beam"):
        line_reference(dark, air, np.zeros(64, np.uint16))


def test_air_beside_a_simulated_lorry_attenuates_nothing() -> None:
    passage = render_passage(
        Declaration(VehicleClass.REEFER, CargoClass.EMPTY), 0, np.random.default_rng(7), 256, 512
    )
    result = correct_lines(
        passage.data, passage.dose, line_reference(passage.dark, passage.air, passage.air_dose)
    )
    before = result.log_attenuation[:8]  # the lorry begins half a metre after the first line
    assert abs(float(before.mean())) < 0.005
    assert float(before.std()) < 0.05


def test_thermal_counts_become_degrees_with_the_certificates_offset() -> None:
    certificate = Certificate("T", dt.date(2026, 1, 1), dt.date(2026, 12, 31), {"offset_c": -0.5})
    pixels = np.array([[-2000, 0, 32767]], np.int16)
    value = temperature_c(Frame(pixels, "°C", 0.01), certificate)
    assert value[0, :2].tolist() == [-20.5, -0.5]
    assert np.isnan(value[0, 2])
    kelvin = temperature_c(Frame(np.array([[29315]], np.uint16), "K", 0.01), certificate)
    assert float(kelvin[0, 0]) == pytest.approx(19.5, abs=1e-3)
    with pytest.raises(CalibrationMissing, match="counts"):
        temperature_c(Frame(pixels, "counts"), certificate)
