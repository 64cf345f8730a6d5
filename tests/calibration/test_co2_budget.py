"""The stated uncertainty: it covers the truth as often as it says, and each source is what it should be."""

from __future__ import annotations

import datetime as dt
import math
import tomllib

import numpy as np
import pytest

from calibration.certificate_toml import certificate_toml
from calibration.certificates import Certificate
from calibration.co2 import corrected_ppm, standard_uncertainty_ppm
from calibration.co2_budget import Influences, calibrate, certificate, gas, outside_air
from calibration.co2_line import CalibrationRefused
from calibration.co2_plateau import Plateau, PlateauFault
from scanner.lane.config import CertificateTable
from tests.calibration.simulated_probe import KINDS, calibrate_once

DAY = dt.date(2026, 11, 28)
STILL = Influences(0.0, 0.0, 0.0)


def read(mean_ppm: float, noise_ppm: float = 1.0, faults: tuple[PlateauFault, ...] = ()) -> Plateau:
    return Plateau(mean_ppm, noise_ppm, 0.0, 0.0, 0.0, noise_ppm, 0.0, 60, faults)


@pytest.mark.parametrize("kind", KINDS)
def test_two_sigma_cover_the_truth_as_often_as_they_say(kind: str) -> None:
    rng = np.random.default_rng(20261105)
    done = [found for _ in range(400) if (found := calibrate_once(kind, rng)) is not None]
    covered = np.mean([abs(error) <= expanded for error, expanded in done])
    assert covered == pytest.approx(0.95, abs=0.03)


def test_hardly_any_good_calibration_is_refused() -> None:
    rng = np.random.default_rng(20261106)
    refused = sum(calibrate_once("three gases", rng) is None for _ in range(200))
    assert refused <= 10  # straight lines fail their test by chance once in a hundred


def test_sources_add_up_to_the_line_in_squares() -> None:
    budget = calibrate([gas(0.0, 4.0), gas(5000.0, 50.0)], [read(12.0), read(4912.0, 3.0)], 0.0, STILL)
    whole = math.sqrt(sum(part**2 for part in budget.parts.values()))
    assert whole == pytest.approx(float(budget.line.sigma_at_ppm(budget.level_ppm)), rel=1e-6)


def test_outside_air_is_uniform_over_its_width() -> None:
    budget = calibrate([outside_air(450.0, 30.0)], [read(462.0)], 0.0, STILL, known_gain=(1.0, 1e-9))
    assert budget.parts["reference gas"] == pytest.approx(60.0 / math.sqrt(12.0))


def test_drift_is_uniform_up_to_its_bound_on_the_last_day() -> None:
    yearly = Influences(drift_ppm_per_year=50.0)
    budget = calibrate([outside_air()], [read(462.0)], 365.25, yearly)
    assert budget.parts["drift until expiry"] == pytest.approx(100.0 / math.sqrt(12.0))


def test_without_a_second_gas_the_known_gain_stays() -> None:
    budget = calibrate([outside_air()], [read(470.0)], known_gain=(0.98, 0.005))
    assert budget.line.gain == 0.98
    assert budget.line.offset_ppm == pytest.approx(470.0 - 0.98 * 450.0)


def test_a_certificate_corrects_what_was_read() -> None:
    budget = calibrate([gas(0.0, 4.0), gas(5000.0, 50.0)], [read(12.0), read(4912.0)])
    held = certificate(budget, "N-1", DAY, 180, "two gases")
    np.testing.assert_allclose(corrected_ppm([12.0, 4912.0], held), [0.0, 5000.0], atol=0.1)
    assert standard_uncertainty_ppm(held) == pytest.approx(budget.expanded_ppm / 2, abs=0.06)


def test_the_lane_reads_the_block_back() -> None:
    budget = calibrate([outside_air()], [read(462.0)])
    held = certificate(budget, 'No "7"\\x', DAY, 180, "air", pair_with=4503599627370495.0)
    table = CertificateTable.model_validate(tomllib.loads(certificate_toml(held))["device"]["certificate"])
    again = Certificate(table.id, table.issued, table.expires, table.parameters, table.method)
    assert again.hash() == held.hash()


@pytest.mark.parametrize(
    ("references", "reads", "says"),
    [
        ([], [], "no gas"),
        ([outside_air(), outside_air()], [462.0, 463.0], "no second gas"),
        ([gas(0, 4), gas(1000, 10), gas(5000, 50)], [0.0, 1200.0, 5000.0], "no straight line"),
    ],
)
def test_what_makes_no_calibration_is_refused(references, reads, says: str) -> None:
    with pytest.raises(CalibrationRefused, match=says):
        calibrate(references, [read(ppm) for ppm in reads])


def test_a_plateau_with_a_fault_is_refused_by_name() -> None:
    with pytest.raises(CalibrationRefused, match=r"outside air.*unsettled"):
        calibrate([outside_air()], [read(462.0, faults=(PlateauFault.UNSETTLED,))])
