"""The product's detector as the heart bench calls it: counts to a score, a p-value, a rate, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.api import Role
from scanner.signals import beat_features, beat_network, heart, rhythm, seismic, whitening

MODULES = (seismic, whitening, beat_features, beat_network, rhythm, heart)
"""A change in these makes stored answers void."""


WEIGHTS = Path(str(beat_network.__file__)).with_name(beat_network.WEIGHTS)
"""So does a change in these."""


def find(
    counts: npt.NDArray[np.int32], roles: Sequence[Role], fs_hz: float, durations_s: Sequence[float]
) -> list[dict[str, Any]]:
    """Return what is found after each duration, ascending, as one listener hears the counts.

    Parameters
    ----------
    counts : int ``(n_channels, n_samples)``; ``roles`` one a channel.

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
    out: list[dict[str, Any]] = []
    at = 0
    for duration_s in durations_s:
        until = round(duration_s * fs_hz)
        piece = x[:, at:until]
        state, at = heart.listen(piece, np.ones(piece.shape, bool), state), until
        found = heart.find_heart(state)
        if found is None:
            out.append({"score": 0.0, "p_value": 1.0, "bpm": float("nan"), "unavailable": "too short"})
        else:
            out.append({"score": found.score, "p_value": found.p_value, "bpm": found.bpm, "unavailable": ""})
    return out
