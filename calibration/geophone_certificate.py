"""A huddle test as the certificate of a waveform board: each channel's response with its uncertainty."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from calibration.certificates import Certificate
from calibration.geophone import channel_parameter
from calibration.geophone_huddle import HuddleChannel

COVERAGE_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class ReferenceUncertainty:
    """How well the reference's response is known, expanded (k = 2).

    The defaults are a maker's usual tolerances of a 4.5 Hz element: 5 % of
    sensitivity and of natural frequency, 0.05 of damping.
    """

    sensitivity_percent: float = 5.0
    natural_frequency_percent: float = 5.0
    damping: float = 0.05


def huddle_certificate(
    channels: Sequence[HuddleChannel],
    reference: ReferenceUncertainty,
    identity: str,
    issued: dt.date,
    valid_days: int,
    recording_sha256: str,
) -> Certificate:
    """Return the certificate of the channels that a huddle test compared.

    An error of the reference goes into every channel at full size: it is added
    to the fit's own, in quadrature.

    Parameters
    ----------
    recording_sha256 : of the recording, hex; it stands in ``method``.
    """
    parameters: dict[str, float] = {}
    turned = []
    for channel in channels:
        k = COVERAGE_FACTOR
        gain = math.hypot(reference.sensitivity_percent, 100 * k * channel.sensitivity_sigma)
        f0 = math.hypot(reference.natural_frequency_percent, 100 * k * channel.natural_frequency_sigma)
        damping = math.hypot(reference.damping, k * channel.damping_sigma)
        values = {
            "counts_per_m_s": float(f"{channel.response.counts_per_m_s:.6g}"),
            "natural_frequency_hz": round(channel.response.natural_frequency_hz, 4),
            "damping": round(channel.response.damping, 4),
            "sensitivity_uncertainty_percent": math.ceil(100 * gain - 1e-9) / 100,
            "natural_frequency_uncertainty_percent": math.ceil(100 * f0 - 1e-9) / 100,
            "damping_uncertainty": math.ceil(1000 * damping - 1e-9) / 1000,
        }
        parameters |= {channel_parameter(channel.name, name): value for name, value in values.items()}
        if channel.polarity < 0:
            turned.append(channel.name)
    method = f"huddle test of {', '.join(c.name for c in channels)}; recording SHA-256 {recording_sha256}"
    if turned:
        method += f"; poles turned: {', '.join(turned)}"
    return Certificate(identity, issued, issued + dt.timedelta(days=valid_days), parameters, method)
