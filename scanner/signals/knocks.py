"""Do the beats of a train look like knocks: drops that fall on a roof, an exhaust that ticks as it cools?

They come at a heart's rates and as regularly, so no rhythm tells them apart; how
each of them looks does, once a whole train is weighed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

MOST_BEATS = 0.85
"""A heart's beats never all look like knocks: the share of a train that is asked."""


def knock_llr(posterior: Array, knocks: Array) -> float:
    """Return what `MOST_BEATS` of a train stay below: ln p(features | knock) / p(features | beat).

    Parameters
    ----------
    posterior : probability of a beat at each moment, ``(n,)``, from `beat_track.beat_track`.
    knocks : the moments' log ratios ``(n,)``, from `beat_network.moments_of`.

    Examples
    --------
    >>> knock_llr(np.array([1.0, 0.0, 1.0, 1.0]), np.array([2.0, 9.0, -3.0, -1.0]))
    2.0
    """
    order = np.argsort(knocks)
    reached = np.cumsum(posterior[order])
    return float(knocks[order[min(np.searchsorted(reached, MOST_BEATS * reached[-1]), order.size - 1)]])
