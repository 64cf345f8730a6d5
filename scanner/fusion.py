"""Evidence of several methods becomes one posterior.

First version: a weighted sum of log-likelihood ratios. The weights are fitted
on the same simulated lorries as the calibrations and lie in 0..1, so that
methods which share a disturbance (both seismic ones share the ground and the
wind) do not count it twice. Only evidence that is ready takes part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import expit

from scanner.evidence import Evidence, EvidenceState


def fused_llr(evidences: Iterable[Evidence], weights: Mapping[str, float]) -> float:
    """Return the natural-log likelihood ratio of all ready evidence.

    A method without a weight was never part of the fit and adds nothing.

    Examples
    --------
    >>> ready = Evidence("co2", EvidenceState.READY, llr=2.0)
    >>> waiting = Evidence("xray", EvidenceState.PENDING)
    >>> fused_llr([ready, waiting], {"co2": 0.5, "xray": 1.0})
    1.0
    """
    return float(
        sum(weights.get(e.modality, 0.0) * e.llr for e in evidences if e.state is EvidenceState.READY)
    )


def posterior(llr: float, prior_log_odds: float) -> float:
    """Return the probability that somebody is inside."""
    return float(expit(llr + prior_log_odds))


def fit_weights(
    llrs: npt.NDArray[np.float64], occupied: npt.NDArray[np.bool_], modalities: tuple[str, ...]
) -> dict[str, float]:
    """Fit one weight in 0..1 per method by logistic regression.

    Parameters
    ----------
    llrs : float ``(n_trials, n_modalities)``, calibrated; 0 where a method did not answer.
    occupied : bool ``(n_trials,)``.

    References
    ----------
    Brümmer et al., Fusion of heterogeneous speaker recognition systems, IEEE
    Trans. Audio Speech Lang. Proc. 15 (2007) 2072-2084.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> occupied = np.arange(4000) < 2000
    >>> llr = np.where(occupied, 2.0, -2.0) + rng.normal(0, 2, 4000)
    >>> weights = fit_weights(np.c_[llr, llr], occupied, ("a", "a-again"))
    >>> 0.9 < sum(weights.values()) < 1.1  # feeding the same method twice adds nothing
    True
    """
    sign = np.where(occupied, 1.0, -1.0)
    weight = np.where(occupied, 0.5 / max(occupied.sum(), 1), 0.5 / max((~occupied).sum(), 1))

    def loss(w: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        margin = sign * (llrs @ w)
        value = float(np.sum(weight * np.logaddexp(0.0, -margin)))
        return value, -(llrs.T @ (weight * sign * expit(-margin)))

    start = np.full(llrs.shape[1], 0.5)
    fit = optimize.minimize(loss, start, jac=True, bounds=[(0.0, 1.0)] * llrs.shape[1])
    return {name: round(float(w), 4) for name, w in zip(modalities, fit.x, strict=True)}
