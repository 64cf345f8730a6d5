"""How often bursts as many and as loud come without a heart, whatever their rhythm.

No null can be had in place: shuffled moments keep their bursts. So this is what empty
vehicles show, and less sure than the rhythm's p-value: anything that hits a vehicle
irregularly raises it.
"""

from __future__ import annotations

import numpy as np

NULL = (
    (-0.63, 1.0),
    (-0.27, 0.5),
    (-0.17, 0.1),
    (-0.14, 0.05),
    (-0.09, 0.02),
    (-0.05, 0.01),
    (-0.01, 0.005),
    (0.12, 0.001),
)
"""`HeartFinding.burstiness` and how often it is reached: 3 600 empty simulated vehicles, 400 in each of nine
conditions, tuning seeds of tests/bench/heart_trials.py; means of 15, 30 and 60 s."""


def burst_p_value(burstiness: float) -> float:
    """Return how often empty vehicles are as bursty, no less than the table's last.

    >>> [round(burst_p_value(b), 3) for b in (-0.09, 5.0, -2.0)]
    [0.02, 0.001, 1.0]
    """
    found, chances = np.array(NULL).T
    return float(np.exp(np.interp(burstiness, found, np.log(chances))))
