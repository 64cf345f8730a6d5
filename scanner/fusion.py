"""Evidence of several methods becomes one log-likelihood ratio and a posterior.

Three rules keep the sum honest. A method counts once, however often it is fed. Methods that one
disturbance moves together (the same ground and wind shake all geophones) are one source: their
weights are fitted together, and no agreement among them counts for more than the source can be trusted.
And each source is distrusted a little: in a share of all scans what it says has nothing to do with
people (a stuck sensor, a trick, a load that nobody simulated), which bounds what it may add.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import expit

from scanner.evidence import Evidence, EvidenceState, Fused

SOURCES: Mapping[str, str] = {
    "co2": "air",
    "heartbeat": "chassis",
    "movement": "chassis",
    "thermal": "surface",
    "xray": "beam",
}
"""What each method listens to. Methods of one source are disturbed together; others are their own source."""


def fuse(evidences: Iterable[Evidence], weights: Mapping[str, float], distrust: float) -> Fused:
    """Weigh all ready evidence together.

    Parameters
    ----------
    weights : of each method, 0..1, from the fit; a method without one was never part of it and adds nothing.
    distrust : of each source, within 0 and 1; 0 = believe every ratio as it is.

    Examples
    --------
    >>> ready = Evidence("co2", EvidenceState.READY, llr=2.0)
    >>> waiting = Evidence("xray", EvidenceState.PENDING)
    >>> fuse([ready, waiting, ready], {"co2": 0.5, "xray": 1.0}, distrust=0.0)
    Fused(llr=1.0, shares={'co2': 1.0}, bound=inf)
    """
    said: dict[str, list[float]] = {}
    for e in evidences:
        if e.state is EvidenceState.READY:
            said.setdefault(e.modality, []).append(e.llr)
    heard = {name: weights.get(name, 0.0) * sum(llrs) / len(llrs) for name, llrs in said.items()}
    of_source: dict[str, float] = {}
    for name, llr in heard.items():
        source = SOURCES.get(name, name)
        of_source[source] = of_source.get(source, 0.0) + llr
    kept = {source: believed(llr, distrust) for source, llr in of_source.items()}
    shares = {}
    for name, llr in heard.items():
        source = SOURCES.get(name, name)
        whole = of_source[source]
        # what distrust took off is taken off the methods of the source in proportion
        shares[name] = llr * kept[source] / whole if whole else llr
    return Fused(sum(kept.values()), shares, bound(distrust))


def fuse_ratios(ratios: Mapping[str, float], weights: Mapping[str, float], distrust: float) -> Fused:
    """Weigh kept ratios of methods that were ready, as `fuse` weighs their evidence."""
    said = [Evidence(name, EvidenceState.READY, llr=llr) for name, llr in ratios.items()]
    return fuse(said, weights, distrust)


def believed(llr: float, distrust: float) -> float:
    """Return what a ratio is worth when its source may say anything in a share of all scans.

    The source is a mixture: with ``distrust`` it draws from one and the same distribution whoever is inside,
    taken halfway between those of occupied and empty scans.

    References
    ----------
    Huber, Annals of Mathematical Statistics 36 (1965) 1753-1758: a robust version of the probability
    ratio test censors the ratio; here the mixture does it smoothly.

    Examples
    --------
    >>> believed(1.5, 0.0)
    1.5
    >>> round(believed(50.0, 0.01), 3), round(bound(0.01), 3)
    (5.293, 5.293)
    """
    if distrust == 0.0:
        return llr
    some = distrust / 2
    # ln(((1 - some) ratio + some) / ((1 - some) + some ratio)), without overflow
    honest, any_ = math.log1p(-some), math.log(some)
    return float(np.logaddexp(honest + llr, any_) - np.logaddexp(honest, any_ + llr))


def bound(distrust: float) -> float:
    """Return the most that one source can add to the fused ratio, or take from it.

    >>> bound(0.0)
    inf
    """
    return math.inf if distrust == 0.0 else math.log((2 - distrust) / distrust)


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
