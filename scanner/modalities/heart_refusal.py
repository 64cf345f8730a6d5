"""Why no heart could be heard here and now, and what would change it."""

from __future__ import annotations

import numpy as np
from scipy import signal

from scanner.evidence import Reason
from scanner.modalities.seismic_window import SeismicView
from scanner.signals.seismic import line_share

MACHINERY_SHARE = 0.9
"""More of the chassis' power than this in narrow lines: a machine runs on it."""

GROUND_RATIO = 4.0
"""A chassis that moves less than so many times as much as the ground is shaken by the ground."""

BAND_HZ = (2.0, 10.0)


def refusal(window: SeismicView) -> Reason:
    """Return what takes the power away: a machine, the ground, else the wind."""
    lines = line_share(window.chassis, window.fs_hz)
    if lines > MACHINERY_SHARE:
        return Reason("heartbeat_machinery", {"percent": 100 * lines})
    if not window.ground_references:
        return Reason("heartbeat_unrest")
    sos = signal.butter(2, BAND_HZ, "bandpass", fs=window.fs_hz, output="sos")
    rows = np.vstack([window.chassis, window.references[: window.ground_references]])
    level = 1e6 * signal.sosfilt(sos, rows, axis=1)[:, window.usable].std(axis=1)
    n_chassis = window.chassis.shape[0]
    chassis, ground = float(np.median(level[:n_chassis])), float(np.median(level[n_chassis:]))
    code = "heartbeat_ground" if chassis < GROUND_RATIO * ground else "heartbeat_wind"
    return Reason(code, {"um_s": ground if code == "heartbeat_ground" else chassis})
