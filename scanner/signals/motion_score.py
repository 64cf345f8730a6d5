"""Movement and breathing in one score, and when the noise leaves a breath no power."""

from __future__ import annotations

import math

from calibration.geophone import GeophoneResponse
from scanner.signals.breathing import Breathing
from scanner.signals.movement import Movement

BREATH_HZ = 0.3
LOUDEST_M_S = 12e-6
"""Chassis velocity within 0.1 Hz, rms: a breath of 4 N moves an empty trailer no more (1 to 2 um/s a N)."""

LEAST_P = 1e-6
"""Nothing is believed more than this: the tails were not measured further."""


def at_breath_rates(response: GeophoneResponse) -> float:
    """Return counts per m/s at `BREATH_HZ`, where a geophone answers with the square of the frequency.

    >>> round(at_breath_rates(GeophoneResponse(1e9, 4.5, 0.7, "sheet")) / 1e9, 5)
    0.00444
    """
    ratio = BREATH_HZ / response.natural_frequency_hz if response.natural_frequency_hz > 0 else math.inf
    if math.isinf(ratio):
        return response.counts_per_m_s
    below = ratio**2 / math.hypot(1 - ratio**2, 2 * response.damping * ratio)
    return response.counts_per_m_s * below


def noise_m_s(breathing: Breathing, gain: float) -> float:
    """Return the chassis' velocity around the found rate, rms, from `at_breath_rates`' gain."""
    return breathing.floor / (gain * (breathing.per_min / 60 / BREATH_HZ) ** 2)


def drowned(breathing: Breathing, gain: float) -> bool:
    """Whether wind or ground leave no breath to be found."""
    return noise_m_s(breathing, gain) > LOUDEST_M_S


def combined_score(movement: Movement | None, breathing: Breathing | None) -> float:
    """Return the score of both: -ln of the p-values, summed; what is not known counts as chance does, 1.

    >>> combined_score(None, None)
    2.0
    """
    known = (
        1.0 if found is None else -math.log(max(found.p_value, LEAST_P)) for found in (movement, breathing)
    )
    return float(sum(known))
