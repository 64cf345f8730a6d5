"""The product's detector as the heart bench calls it: counts to a score, a p-value, a rate, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from calibration.geophone import GeophoneResponse
from drivers.api import Role
from scanner.signals import cancellation, heartbeat, seismic
from scanner.simulation.chassis import Geophone

MODULES = (seismic, cancellation, heartbeat)
"""A change in these makes stored answers void."""

_GEOPHONE = Geophone()
_CHASSIS = GeophoneResponse(
    _GEOPHONE.counts_per_m_s, _GEOPHONE.natural_frequency_hz, _GEOPHONE.damping, "simulated"
)
_AIR = GeophoneResponse(1.0, 0.0, 1.0, "simulated")


def find(counts: npt.NDArray[np.int32], roles: Sequence[Role], fs_hz: float) -> dict[str, Any]:
    """Return ``score`` (bigger = heart), ``p_value`` (NaN = none), ``bpm``, ``unavailable`` (reason or "").

    Parameters
    ----------
    counts : int ``(n_channels, n_samples)``; ``roles`` one a channel.
    """
    rows = [
        index for role in (Role.CHASSIS, Role.GROUND, Role.AIR) for index, r in enumerate(roles) if r is role
    ]
    responses = [_AIR if roles[index] is Role.AIR else _CHASSIS for index in rows]
    x = counts[rows].astype(float)
    velocity, usable = seismic.to_velocity(x, np.ones(x.shape, bool), responses, fs_hz)
    everywhere = np.logical_and.reduce(usable, axis=0)
    n_chassis = sum(role is Role.CHASSIS for role in roles)
    chassis, references = velocity[:n_chassis], velocity[n_chassis:]
    residual, _ = cancellation.cancel_references(chassis, references, fs_hz, everywhere)
    rhythm = heartbeat.search_bands(residual, fs_hz, everywhere)
    return {"score": rhythm.z, "p_value": float("nan"), "bpm": rhythm.bpm, "unavailable": ""}
