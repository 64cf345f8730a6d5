"""Which boundaries are in force: the policy's own, measured ones, Wald's; and what is refused."""

from __future__ import annotations

import math

import pytest

from calibration.boundaries import BoundaryCurve
from calibration.certificates import CalibrationMissing
from calibration.evidence import CalibrationSet
from drivers.api import ConfigError
from scanner.limits import limits_of, settled
from scanner.policy import ClassPolicy
from scanner.sequential import Limits
from scanner.vehicle import VehicleClass

CURVE = BoundaryCurve("reefer", (0.01, 0.05), (4.2, 2.5), (0.02, 0.05), (-2.2, -1.4), 500, 300)
MEASURED = CalibrationSet((), {}, "test", (CURVE,))
UNMEASURED = CalibrationSet((), {}, "test")


def policy(**told: float) -> ClassPolicy:
    return ClassPolicy(0.01, ("co2",), 20.0, 120.0, 60.0, **told)


def test_measured_boundaries_are_those_of_the_asked_rates() -> None:
    asked = policy(false_alarms=0.03, misses=0.05)
    assert limits_of(asked, MEASURED, VehicleClass.REEFER) == Limits(4.2, -1.4)


def test_a_rate_that_was_never_measured_is_refused() -> None:
    with pytest.raises(CalibrationMissing, match=r"0\.02 is the lowest"):
        limits_of(policy(misses=0.01), MEASURED, VehicleClass.REEFER)


def test_without_measured_ones_walds_hold() -> None:
    for calibrations, vehicle in ((UNMEASURED, VehicleClass.REEFER), (MEASURED, VehicleClass.TANKER)):
        limits = limits_of(policy(false_alarms=0.001, misses=0.02), calibrations, vehicle)
        assert limits.search_llr == pytest.approx(math.log(0.98 / 0.001))
        assert limits.no_indication_llr == pytest.approx(math.log(0.02 / 0.999))


def test_the_policys_own_come_first() -> None:
    own = policy(search_llr=90.0, no_indication_llr=-90.0, misses=0.0001)
    assert limits_of(own, MEASURED, VehicleClass.REEFER) == Limits(90.0, -90.0)


def test_boundaries_that_meet_are_refused() -> None:
    crossed = BoundaryCurve("reefer", (0.05,), (-1.0,), (0.05,), (-0.5,), 500, 300)
    with pytest.raises(ConfigError, match="at once"):
        limits_of(
            policy(false_alarms=0.05, misses=0.05),
            CalibrationSet((), {}, "", (crossed,)),
            VehicleClass.REEFER,
        )


def test_a_settled_policy_gives_the_same_boundaries_again() -> None:
    asked = {VehicleClass.REEFER: policy(false_alarms=0.03, misses=0.05)}
    (demands,) = settled(asked, MEASURED).values()
    assert (demands.search_llr, demands.no_indication_llr) == (4.2, -1.4)
    assert limits_of(demands, UNMEASURED, VehicleClass.REEFER) == Limits(4.2, -1.4)
