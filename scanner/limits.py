"""The ratios at which this lorry's scan ends: the policy's own, else measured ones, else Wald's."""

from __future__ import annotations

from dataclasses import replace

from calibration.evidence import CalibrationSet
from drivers.api import ConfigError
from scanner.policy import ClassPolicy, Policy
from scanner.sequential import Limits, wald
from scanner.vehicle import VehicleClass


def limits_of(policy: ClassPolicy, calibrations: CalibrationSet, vehicle: VehicleClass) -> Limits:
    """Return the boundaries in force for a vehicle class.

    Wald's hold where every ratio is honest: they are for calibration sets whose boundaries were not measured.

    Raises
    ------
    CalibrationMissing : the policy asks for lower error rates than were measured.
    ConfigError : the lower boundary is not below the upper one.
    """
    search, none = wald(policy.false_alarms, policy.misses)
    curve = next((c for c in calibrations.boundaries if c.vehicle == vehicle.value), None)
    if policy.search_llr is not None:
        search = policy.search_llr
    elif curve is not None:
        search = curve.search_at(policy.false_alarms)
    if policy.no_indication_llr is not None:
        none = policy.no_indication_llr
    elif curve is not None:
        none = curve.no_indication_at(policy.misses)
    if none >= search:
        raise ConfigError(
            f"policy.{vehicle.value}: a scan would end at {none:g} and at {search:g} at once: ask for lower "
            "error rates, or set search_llr and no_indication_llr"
        )
    return Limits(search, none)


def settled(policy: Policy, calibrations: CalibrationSet) -> Policy:
    """Return the policy with the boundaries that are in force written into it; raises as `limits_of`."""
    out = {}
    for vehicle, demands in policy.items():
        limits = limits_of(demands, calibrations, vehicle)
        out[vehicle] = replace(
            demands, search_llr=limits.search_llr, no_indication_llr=limits.no_indication_llr
        )
    return out
