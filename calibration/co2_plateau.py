"""CO2 plateau: what a probe reads in one gas, how surely, and whether it has settled there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

MIN_READINGS = 10
"""Fewer say nothing of noise that follows itself (assumption)."""
SETTLED_PPM, SETTLED_SHARE = 2.0, 0.005
"""What may be missing to the end of the step: ppm, or share of the reading (assumption)."""
UNSTEADY_PPM, UNSTEADY_SHARE = 10.0, 0.03
"""Standard deviation about a line above which gas or air is not steady (assumption)."""
CLIPPED_SHARE = 0.5
"""Share of readings that are 0 or below from which a probe is taken to hide what is below (assumption)."""


class PlateauFault(StrEnum):
    """Why a plateau cannot be used, in a word that the command line explains."""

    TOO_FEW = "too_few"
    UNSETTLED = "unsettled"
    UNSTEADY = "unsteady"
    SATURATED = "saturated"
    CLIPPED = "clipped"  # at zero: what lies below is hidden, and the mean is too high


@dataclass(frozen=True, slots=True)
class Plateau:
    """A probe's reading in one gas.

    Parameters
    ----------
    mean_ppm : mean of the window.
    noise_ppm : standard uncertainty of that mean from noise that follows itself.
    resolution_ppm : standard uncertainty from the step of the digits, uniform.
    settling_ppm : standard uncertainty from what the lag may still hide, uniform.
    missing_ppm : what a first-order lag would still add, signed.
    spread_ppm : standard deviation of readings about a parabola through them.
    wait_s : estimate of how long until settled; 0 when it is, inf when it cannot be told.
    n : readings in the window.
    faults : why it cannot be used; empty when it can.
    """

    mean_ppm: float
    noise_ppm: float
    resolution_ppm: float
    settling_ppm: float
    missing_ppm: float
    spread_ppm: float
    wait_s: float
    n: int
    faults: tuple[PlateauFault, ...] = ()

    @property
    def sigma_ppm(self) -> float:
        """Standard uncertainty of the reading alone, ppm."""
        return math.hypot(self.noise_ppm, self.resolution_ppm, self.settling_ppm)


def lag_s(response_t90_s: float) -> float:
    """Return the time constant of a first-order lag from its T90, s.

    Examples
    --------
    >>> round(lag_s(60.0), 2)
    26.06
    """
    return response_t90_s / math.log(10.0)


def mean_and_sigma(values: npt.ArrayLike) -> tuple[float, float]:
    """Return the mean of a stationary series and its standard uncertainty, for noise that follows itself.

    The series is taken as first-order autoregressive; its correlation is corrected
    for the bias of short series, and the uncertainty widened for the few
    independent values it leaves, as the standard deviation of Student's t.

    Parameters
    ----------
    values : ``(n,)``.

    References
    ----------
    Marriott, Pope: Bias in the estimation of autocorrelations, Biometrika 41 (1954) 390;
    JCGM 101:2008, 6.4.9.2 (t distribution).

    Examples
    --------
    >>> mean, sigma = mean_and_sigma([1.0, 2.0, 1.0, 2.0, 1.0, 2.0])
    >>> mean, sigma > 0
    (1.5, True)
    """
    x = np.asarray(values, dtype=float)
    if x.size < 2:
        return (float(x.mean()) if x.size else math.nan), math.inf
    mean = float(x.mean())
    variance = float(x.var(ddof=1))
    if variance == 0.0:
        return mean, 0.0
    centred = x - mean
    follows = float(np.dot(centred[1:], centred[:-1]) / np.dot(centred, centred))
    follows = min(max(follows + (1.0 + 3.0 * follows) / x.size, 0.0), 0.98)
    independent = max(x.size * (1.0 - follows) / (1.0 + follows), 1.5)
    # the scatter about an estimated mean of few independent values is too small by this factor
    variance *= (1.0 - 1.0 / x.size) / (1.0 - 1.0 / independent)
    degrees = max(independent - 1.0, 2.5)
    return mean, math.sqrt(variance / independent * degrees / (degrees - 2.0))


def plateau(
    t_s: npt.ArrayLike,
    ppm: npt.ArrayLike,
    response_t90_s: float,
    window_s: float = 60.0,
    highest_ppm: float = math.inf,
) -> Plateau:
    """Look at the newest window of readings: level, uncertainty, and whether it has settled.

    Parameters
    ----------
    t_s : ``(n,)``, time of arrival, s, rising.
    ppm : ``(n,)``, readings; those that are no number are left out.
    response_t90_s : T90 of the probe; what a first-order lag of that length still
        hides is slope × T90 / ln 10.
    window_s : how far back to look.
    highest_ppm : end of the probe's range.

    References
    ----------
    JCGM 100:2008, 4.3.7 (uniform distributions: half-width / √3).

    Examples
    --------
    >>> found = plateau(np.arange(60.0), np.full(60, 452.0), response_t90_s=60.0)
    >>> found.mean_ppm, round(found.sigma_ppm, 2), found.faults
    (452.0, 0.29, ())
    >>> late = plateau(np.arange(60.0), 450 + 300 * np.exp(-np.arange(60.0) / 26.06), 60.0)
    >>> late.faults[0].value, round(late.wait_s) > 20
    ('unsettled', True)
    """
    t, x = np.asarray(t_s, dtype=float), np.asarray(ppm, dtype=float)
    keep = np.isfinite(t) & np.isfinite(x)
    t, x = t[keep], x[keep]
    if t.size:
        recent = t >= t[-1] - window_s
        t, x = t[recent], x[recent]
    # a window that has not filled yet may hold the end of another gas's step alone
    if t.size < MIN_READINGS or t[-1] - t[0] < 0.8 * window_s:
        mean = float(x.mean()) if x.size else math.nan
        left_s = window_s - (float(t[-1] - t[0]) if t.size else 0.0)
        inf = math.inf
        return Plateau(mean, inf, inf, inf, math.nan, inf, left_s, int(t.size), (PlateauFault.TOO_FEW,))
    centred = t - t.mean()
    slope = float(np.dot(centred, x) / np.dot(centred, centred))
    # about a parabola: the bend of an unfinished step is no noise
    scaled = centred / (t[-1] - t[0])
    about = x - np.polyval(np.polyfit(scaled, x, 2), scaled)
    spread = math.sqrt(float(np.dot(about, about)) / max(t.size - 3, 1))
    mean, _ = mean_and_sigma(x)
    noise = mean_and_sigma(about)[1]
    slope_sigma = noise / float(np.sqrt(np.mean(centred**2)))
    tau = lag_s(response_t90_s)
    # readings fall behind the air by the lag; at the window's end the rest is slope(end) × tau,
    # and the mean of the window lies half a window further back
    missing = slope * tau
    hidden = max(abs(slope), slope_sigma) * (tau + 0.5 * float(t[-1] - t[0]))
    allowed = max(SETTLED_PPM, SETTLED_SHARE * abs(mean))
    settled = abs(missing) <= max(allowed, min(2.0 * slope_sigma * tau, 3.0 * allowed))
    faults = []
    if not settled:
        faults.append(PlateauFault.UNSETTLED)
    if spread > max(UNSTEADY_PPM, UNSTEADY_SHARE * abs(mean)):
        faults.append(PlateauFault.UNSTEADY)
    if float(x.max()) >= 0.98 * highest_ppm:
        faults.append(PlateauFault.SATURATED)
    if float(np.mean(x <= 0.0)) >= CLIPPED_SHARE and float(x.min()) == 0.0:
        faults.append(PlateauFault.CLIPPED)
    wait_s = tau * math.log(abs(missing) / allowed) if not settled and tau > 0 else 0.0
    return Plateau(
        mean_ppm=mean,
        noise_ppm=noise,
        resolution_ppm=_digit_ppm(x) / math.sqrt(12.0),
        settling_ppm=hidden / math.sqrt(3.0),
        missing_ppm=missing,
        spread_ppm=spread,
        wait_s=max(wait_s, 0.0),
        n=int(t.size),
        faults=tuple(faults),
    )


def _digit_ppm(x: Array) -> float:
    """Return the step in which the probe counts: the smallest difference, at least 0.01, at most 10 ppm."""
    steps = np.diff(np.unique(x))
    whole = bool(np.all(x == np.round(x)))
    smallest = float(steps.min()) if steps.size else 0.0
    return min(max(smallest, 1.0 if whole else 0.01), 10.0) if whole else max(min(smallest, 10.0), 0.01)
