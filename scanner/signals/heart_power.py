"""How large a heart would have to be to be heard here and now: what the noise leaves of a reference beat."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import signal

from scanner.signals.heart import HIGHPASS_HZ, HeartState
from scanner.signals.seismic import highpass_sos
from scanner.signals.whitening import regressors_of

Array = npt.NDArray[np.float64]

REFERENCE_N = 1.0
"""Peak force of the reference beat: a small heart, or one whose owner lies on a soft load."""

REFERENCE_T = 15.0
"""Mass of the body that it moves."""

# centre s, width s, height over the J peak (Inan et al., IEEE J. Biomed. Health Inform. 19 (2015) 1414)
_WAVES = ((0.12, 0.022, -0.55), (0.18, 0.024, 1.0), (0.25, 0.028, -0.80), (0.33, 0.032, 0.40))


def reference_beat_m_s(rate_hz: float) -> Array:
    """Return the velocity that one reference beat gives a body far above its modes, m/s ``(n,)``.

    Force over mass, once integrated: `REFERENCE_N` on `REFERENCE_T` is some 2 µm/s.
    """
    t_s = np.arange(round(0.8 * rate_hz)) / rate_hz
    waves = [h * np.exp(-0.5 * ((t_s - at) / w) ** 2) for at, w, h in _WAVES]
    force_n = REFERENCE_N * np.sum(waves, axis=0)
    velocity = np.cumsum(force_n - force_n.mean()) / rate_hz / (1000.0 * REFERENCE_T)
    return np.asarray(velocity * signal.windows.tukey(t_s.size, 0.2))


def beat_index(state: HeartState, beat_counts: Array) -> float | None:
    """Return the signal-to-noise ratio (amplitude) of one reference beat after whitening.

    Parameters
    ----------
    beat_counts : the beat as each chassis channel would send it at the board's response, at
        ``state.rate_hz``, ``(n_chassis, n)``, each heard on its own.

    Returns
    -------
    The median over the channels, against the level of the newest seconds; None before there is a model.

    References
    ----------
    Kay, Fundamentals of Statistical Signal Processing II (1998), 4.4: the deflection of a known signal in
    coloured noise is the energy that is left of it behind the whitening filter.
    """
    fit = state.whitener.fits[0]
    if fit.solution is None or fit.whitener is None:
        return None
    reach = state.whitener.reach
    past, around = reach.past, reach.around
    n_chassis, n_rows = state.whitener.n_chassis, state.whitener.x.shape[0]
    sos = highpass_sos(4, HIGHPASS_HZ, state.rate_hz)
    found = []
    for channel in range(n_chassis):
        x = np.zeros((n_rows, beat_counts.shape[1] + 2 * past + around))
        x[channel, past : past + beat_counts.shape[1]] = beat_counts[channel]
        x = signal.sosfilt(sos, x, axis=1)
        z = regressors_of(x, n_chassis, reach)
        y = x[:n_chassis, past : x.shape[1] - around]
        found.append(float(np.sum((fit.whitener @ (y - fit.solution.T @ z)) ** 2)))
    newest = state.innovations.joint[:, state.innovations.usable]
    level = float(np.median((newest**2).mean(axis=0))) if newest.shape[1] else 1.0
    return math.sqrt(float(np.median(found)) / max(level, 1e-12))
