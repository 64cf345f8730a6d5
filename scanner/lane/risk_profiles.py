"""Risk profiles that a lane's policy names, and what is said of one that it does not name."""

from __future__ import annotations

from scanner.evidence import Reason
from scanner.policy import Policy
from scanner.vehicle import Declaration, VehicleClass


def named_profiles(policy: Policy) -> dict[VehicleClass, list[str]]:
    """Return the names of each class that has profiles, in the policy's order."""
    return {vehicle: list(demands.profiles) for vehicle, demands in policy.items() if demands.profiles}


def unknown_profile(policy: Policy, declaration: Declaration) -> dict[str, float | str] | None:
    """Return a profile that the policy does not name for the declared class, and those it names, as words.

    None where the lorry has no profile, or one that is named.
    """
    profiles = policy[declaration.vehicle_class].profiles
    if not declaration.profile or declaration.profile in profiles:
        return None
    return {"profile": repr(declaration.profile), "known": ", ".join(profiles) or "–"}


def profile_fault(policy: Policy, declaration: Declaration) -> tuple[Reason, ...]:
    """Say that a lorry is taken with its class's own prior because the policy does not name its profile."""
    unknown = unknown_profile(policy, declaration)
    return () if unknown is None else (Reason("profile_unknown", unknown),)
