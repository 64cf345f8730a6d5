"""The product's detector as the heart bench calls it: counts to a score, a p-value, a rate, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from calibration.geophone import GeophoneResponse
from drivers.api import Role
from scanner.signals import (
    beat_features,
    beat_network,
    beat_track,
    heart,
    heart_limits,
    heart_power,
    knocks,
    rhythm,
    seismic,
    trains,
    whitening,
)
from scanner.simulation.chassis import Geophone

MODULES = (
    seismic, whitening, beat_features, beat_network, rhythm, trains, heart, heart_power, heart_limits,
    beat_track, knocks,
)  # fmt: skip
"""A change in these makes stored answers void."""

_GEOPHONE = Geophone()
RESPONSE = GeophoneResponse(
    _GEOPHONE.counts_per_m_s, _GEOPHONE.natural_frequency_hz, _GEOPHONE.damping, "simulated"
)
"""Of every channel of the simulated board."""

LADEN_FROM_T = 17.5
"""What weighs more is declared laden."""

WEIGHTS = Path(str(beat_network.__file__)).with_name(beat_network.WEIGHTS)
"""So does a change in these."""


def find(
    counts: npt.NDArray[np.int32],
    roles: Sequence[Role],
    fs_hz: float,
    durations_s: Sequence[float],
    mass_t: float,
) -> list[dict[str, Any]]:
    """Return what is found after each duration, ascending, as one listener hears the counts.

    Parameters
    ----------
    counts : int ``(n_channels, n_samples)``; ``roles`` one a channel.
    mass_t : of the vehicle; what is declared follows from it.

    Returns
    -------
    For each: ``score`` (bigger = heart), ``p_value``, ``bpm``, ``unavailable`` (reason or "").
    """
    rows = [
        index for role in (Role.CHASSIS, Role.GROUND, Role.AIR) for index, r in enumerate(roles) if r is role
    ]
    n_chassis = sum(role is Role.CHASSIS for role in roles)
    x = counts[rows].astype(float)
    state = heart.heart_state(n_chassis, x.shape[0] - n_chassis, fs_hz)
    declared_t = heart_limits.LADEN_T if mass_t > LADEN_FROM_T else heart_limits.EMPTY_T
    beat = heart_limits.reference_counts([RESPONSE] * n_chassis, state.rate_hz, declared_t)
    out: list[dict[str, Any]] = []
    at = 0
    for duration_s in durations_s:
        until = round(duration_s * fs_hz)
        piece = x[:, at:until]
        state, at = heart.listen(piece, np.ones(piece.shape, bool), state), until
        found, index = heart.find_heart(state), heart_power.beat_index(state, beat)
        if found is None or index is None:
            out.append({"score": 0.0, "p_value": 1.0, "bpm": float("nan"), "unavailable": "too short"})
            continue
        why = "no power" if heart_limits.refused(found.p_value, index, duration_s) else ""
        if heart_limits.stepped(found.ground_score):
            why = "steps"
        elif not why and found.score > heart_limits.KNOCK_SCORE:
            train = beat_track.beat_track(state.moments).posterior
            if heart_limits.knocked(found.score, knocks.knock_llr(train, state.knocks)):
                why = "knocks"
        out.append({"score": found.score, "p_value": found.p_value, "bpm": found.bpm, "unavailable": why})
    return out
