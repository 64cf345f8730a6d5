"""What CO2 probes do in the field that none should: applied to reports after everything else.

The list is from users' reports on cheap and dear probes; a driver catches most of them,
a detector must survive the rest.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

QUIRKS = ("", "stuck", "dropped", "minus_one", "rebased", "unsigned")
"""Names by number: none; holds a value for long; loses reports; -1 by turns; takes the air it
calibrated itself in for 400 ppm; negative values as unsigned 16-bit numbers."""

STUCK_S = (20.0, 120.0)
LOST_SHARE = (0.1, 0.5)
REBASED_PPM = (-400.0, -20.0)
NEAR_ZERO_PPM = (-520.0, -400.0)
"""Assumptions: how long, how many and how far; an offset that brings free air below zero."""


def quirked(
    t_s: npt.ArrayLike, reports_ppm: npt.ArrayLike, quirk: npt.ArrayLike, rng: np.random.Generator
) -> Array:
    """Return reports as probes with these quirks would give them.

    Parameters
    ----------
    t_s : float ``(n_t,)``, ascending, s.
    reports_ppm : float ``(n, n_t)``, before clipping to the range; NaN stays.
    quirk : whole numbers ``(n,)``, indices into `QUIRKS`.
    rng : for when and how much; the same state gives the same quirks.

    Returns
    -------
    float ``(n, n_t)``; lost reports are NaN.

    Examples
    --------
    >>> quirked([0, 2, 4, 6], [[500.0, 501, 502, 503]], [3], np.random.default_rng(1)).tolist()
    [[500.0, -1.0, 502.0, -1.0]]
    """
    t, out = np.asarray(t_s, dtype=float), np.array(reports_ppm, dtype=float)
    kinds = np.asarray(quirk)
    first, second, share = rng.random((3, len(out)))
    lost = rng.random(out.shape)
    index = np.arange(t.size)
    for row in np.flatnonzero(kinds):
        kind = QUIRKS[int(kinds[row])]
        if kind == "stuck":
            begin = t[0] + first[row] * (t[-1] - t[0])
            held = (t >= begin) & (t < begin + _between(STUCK_S, second[row]))
            out[row, held] = out[row, np.argmax(held)] if held.any() else np.nan
        elif kind == "dropped":
            out[row, lost[row] < _between(LOST_SHARE, share[row])] = np.nan
        elif kind == "minus_one":
            out[row, index % 2 == 1] = -1.0
        elif kind == "rebased":
            out[row] += _between(REBASED_PPM, share[row])
        elif kind == "unsigned":
            low = np.round(out[row] + _between(NEAR_ZERO_PPM, share[row]))
            out[row] = np.where(low < 0, 65_536.0 + low, low)
    return out


def _between(ends: tuple[float, float], u: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * u
