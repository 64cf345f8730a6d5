"""People fainter or louder, and more noise or less, are what the sensors then meet."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.simulation.draw import draw_lorry
from scanner.simulation.levels import at_levels
from scanner.simulation.lorry import SimulatedLorry
from scanner.vehicle import CargoClass, VehicleClass

EMPTY = draw_lorry(3, VehicleClass.REEFER, CargoClass.BOXED, 0, driver=None)
TWO = draw_lorry(3, VehicleClass.REEFER, CargoClass.BOXED, 2, driver=None)


def test_people_who_breathe_twice_as_much_leave_twice_the_excess() -> None:
    def of_people(spec):
        occupied, empty = (SimulatedLorry(one).co2_bulk_excess_ppm(60.0) for one in (spec, EMPTY))
        return float(occupied - empty)

    assert of_people(at_levels(TWO, signal_db=20 * np.log10(2))) == pytest.approx(
        2 * of_people(TWO), rel=1e-6
    )
    assert at_levels(EMPTY, signal_db=6.0).ground_rms_um_s == EMPTY.ground_rms_um_s


def test_ten_times_the_noise_shakes_geophones_more() -> None:
    def shaking(spec):
        return SimulatedLorry(spec).seismic_counts(0, 4000)[:4].std()

    assert shaking(at_levels(EMPTY, noise_db=20.0)) > 5 * shaking(EMPTY)


def test_an_x_ray_detector_with_twice_the_noise_counts_a_quarter_of_the_photons() -> None:
    noisy, usual = (
        SimulatedLorry(one).xray(64, 128) for one in (at_levels(EMPTY, noise_db=20 * np.log10(2)), EMPTY)
    )
    assert noisy.counted.photons == pytest.approx(usual.counted.photons / 4, rel=1e-6)
