"""CO2 pair: two probes hung side by side, by how much they differ, and for how long that holds."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.certificates import Certificate
from calibration.co2 import COVERAGE_FACTOR
from calibration.co2_budget import DRIFT_PPM_PER_YEAR, Influences
from calibration.co2_line import CalibrationRefused, Line, fit_line
from calibration.co2_plateau import UNSTEADY_PPM, lag_s, mean_and_sigma

Array = npt.NDArray[np.float64]

MIN_BLOCKS = 6
MIN_BLOCK_S = 1.0
GAIN_SPAN_PPM = 100.0
"""The air must have varied by so much, richest to poorest block, before gains are compared (assumption)."""
EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class PairMatch:
    """How a probe differs from the one it hangs beside, both already corrected.

    this − other = ``offset_ppm`` + (``gain`` − 1) × (other − ``level_ppm``)

    Parameters
    ----------
    parts : standard uncertainty of the offset by source, ppm, on the day of the match.
    gain, gain_sigma : None when the air did not vary enough to tell.
    level_ppm : level at which they were compared.
    n_blocks : blocks of readings compared.
    """

    offset_ppm: float
    parts: dict[str, float]
    level_ppm: float
    n_blocks: int
    gain: float | None = None
    gain_sigma: float | None = None

    @property
    def sigma_ppm(self) -> float:
        """Standard uncertainty of the offset on the day of the match, ppm."""
        return math.sqrt(sum(part**2 for part in self.parts.values()))


@dataclass(frozen=True, slots=True)
class PairDifference:
    """What a certificate says today of the difference of two probes.

    Parameters
    ----------
    offset_ppm, sigma_ppm : this − other in the same air, both corrected, and its standard uncertainty.
    gain, gain_sigma, level_ppm : as in `PairMatch`; gain 1 with its sigma NaN where it was not compared.
    """

    offset_ppm: float
    sigma_ppm: float
    gain: float = 1.0
    gain_sigma: float = math.nan
    level_ppm: float = math.nan


def match_pair(
    t_s: npt.ArrayLike,
    ppm: npt.ArrayLike,
    other_t_s: npt.ArrayLike,
    other_ppm: npt.ArrayLike,
    response_t90_s: float,
    other_t90_s: float,
    influences: Influences = Influences(),  # noqa: B008  (frozen)
) -> PairMatch:
    """Compare two probes that hung side by side in free air.

    Readings are averaged over blocks as long as the slower T90, so that what the
    air does within one is common to both; the rest of a slope that two different
    lags see differently is a part of the uncertainty.

    Parameters
    ----------
    t_s, ppm : ``(n,)``, this probe's corrected readings.
    other_t_s, other_ppm : ``(m,)``, the other's, on the same clock.
    response_t90_s, other_t90_s : T90 of either.

    Raises
    ------
    CalibrationRefused : they were not together for long enough, or the air moved too
        much for either to follow.

    Examples
    --------
    >>> t = np.arange(0.0, 300.0)
    >>> found = match_pair(t, 452.0 + np.sin(t), t + 0.5, 447.0 + np.cos(t), 20.0, 20.0)
    >>> round(found.offset_ppm, 1), found.gain
    (5.0, None)
    """
    a_t, a = _finite(t_s, ppm)
    b_t, b = _finite(other_t_s, other_ppm)
    block_s = max(MIN_BLOCK_S, response_t90_s, other_t90_s)
    start = max(a_t[0], b_t[0]) if a_t.size and b_t.size else 0.0
    end = min(a_t[-1], b_t[-1]) if a_t.size and b_t.size else 0.0
    # the last reading of a block stands for the time up to it: a whole last block needs no reading beyond
    n = int((end - start) / block_s + 0.02)
    if n < MIN_BLOCKS:
        raise CalibrationRefused(
            f"the probes were together for {max(end - start, 0.0):.0f} s, {MIN_BLOCKS * block_s:.0f} s are "
            "needed: let them hang side by side for longer"
        )
    mean_a, noise_a = _blocks(a_t, a, start, block_s, n)
    mean_b, noise_b = _blocks(b_t, b, start, block_s, n)
    both = np.isfinite(mean_a) & np.isfinite(mean_b)
    if int(both.sum()) < MIN_BLOCKS:
        raise CalibrationRefused("one of the probes was silent for most of the time: check its cable")
    mean_a, mean_b, noise_a, noise_b = mean_a[both], mean_b[both], noise_a[both], noise_b[both]
    line = _gain(mean_a, noise_a, mean_b, noise_b)
    level = float(mean_b.mean())
    gain = line.gain if line is not None else 1.0
    difference = mean_a - mean_b - (gain - 1.0) * (mean_b - level)
    offset, noise = mean_and_sigma(difference)
    slope = abs(float(mean_b[-1] - mean_b[0])) / ((mean_b.size - 1) * block_s)
    unequal = slope * abs(lag_s(response_t90_s) - lag_s(other_t90_s))
    spread = float(difference.std(ddof=1))
    if spread > UNSTEADY_PPM:
        raise CalibrationRefused(
            f"the probes' difference moves by {spread:.0f} ppm: hang them closer together, "
            "away from exhausts and people"
        )
    parts = {
        "noise": max(noise, 0.01),
        "unequal lags": unequal / math.sqrt(3.0),
        # both feel the same air side by side; apart, each has its own temperature
        "temperature": math.sqrt(2.0) * influences.temperature_sigma_ppm,
    }
    return PairMatch(
        offset,
        {name: part for name, part in parts.items() if part > 0.0},
        level,
        int(mean_b.size),
        line.gain if line is not None else None,
        math.sqrt(line.covariance[1, 1]) if line is not None else None,
    )


def fingerprint(certificate: Certificate) -> float:
    """Return a whole number below 2**52 that stands for a certificate's number and correction.

    A match of two probes says nothing once the other one is corrected differently;
    what else its certificate holds, a match of its own for instance, does not matter.

    Examples
    --------
    >>> day = dt.date(2026, 1, 1)
    >>> held = Certificate("N-1", day, day, {"offset_ppm": 4.0})
    >>> fingerprint(held) == fingerprint(Certificate("N-1", day, day, {"offset_ppm": 4, "gain": 1}))
    True
    """
    gain = float(certificate.parameters.get("gain", 1.0))
    offset_ppm = float(certificate.parameters.get("offset_ppm", 0.0))
    content = json.dumps([certificate.id, gain, offset_ppm])
    return float(int(hashlib.sha256(content.encode()).hexdigest()[:13], 16))


def pair_parameters(
    match: PairMatch, other: Certificate, day: dt.date, drift_ppm_per_year: float = DRIFT_PPM_PER_YEAR
) -> dict[str, float]:
    """Return what a certificate holds of a match; `pair_difference` reads it back.

    ``pair_uncertainty_ppm`` is expanded (k = 2) on ``pair_day``, days since 1970;
    each probe then drifts by at most ``pair_drift_ppm_per_year`` on its own.
    """
    found = {
        "pair_with": fingerprint(other),
        "pair_day": float((day - EPOCH).days),
        "pair_offset_ppm": round(match.offset_ppm, 2),
        "pair_uncertainty_ppm": math.ceil(10.0 * COVERAGE_FACTOR * match.sigma_ppm) / 10.0,
        "pair_drift_ppm_per_year": drift_ppm_per_year,
        "pair_level_ppm": round(match.level_ppm, 1),
    }
    if match.gain is not None and match.gain_sigma is not None:
        found["pair_gain"] = round(match.gain, 5)
        found["pair_gain_uncertainty"] = round(COVERAGE_FACTOR * match.gain_sigma, 5)
    return found


def pair_difference(this: Certificate, other: Certificate, day: dt.date) -> PairDifference | None:
    """Return what ``this`` certificate says of the pair on a day; None when it says nothing that holds.

    Parameters
    ----------
    this : certificate of the probe that was matched.
    other : certificate under which the probe beside it is corrected now.

    Examples
    --------
    >>> issued, expires = dt.date(2026, 1, 1), dt.date(2026, 7, 1)
    >>> outside = Certificate("OUT", issued, expires, {"offset_ppm": 4.0})
    >>> match = PairMatch(5.0, {"noise": 3.0}, 450.0, 20)
    >>> inside = Certificate("IN", issued, expires, pair_parameters(match, outside, issued))
    >>> today = pair_difference(inside, outside, issued)
    >>> today.offset_ppm, today.sigma_ppm
    (5.0, 3.0)
    >>> round(pair_difference(inside, outside, dt.date(2026, 4, 1)).sigma_ppm, 1)  # each has drifted
    10.5
    >>> pair_difference(inside, Certificate("OUT", issued, expires, {"offset_ppm": 9.0}), issued) is None
    True
    """
    held = this.parameters
    if held.get("pair_with") != fingerprint(other):
        return None
    try:
        days = (day - EPOCH).days - float(held["pair_day"])
        at_match = float(held["pair_uncertainty_ppm"]) / COVERAGE_FACTOR
        offset = float(held["pair_offset_ppm"])
    except KeyError:
        return None
    drift = float(held.get("pair_drift_ppm_per_year", DRIFT_PPM_PER_YEAR))
    each = Influences(drift_ppm_per_year=drift).drift_sigma_ppm(abs(days))
    return PairDifference(
        offset,
        math.sqrt(at_match**2 + 2.0 * each**2),
        float(held.get("pair_gain", 1.0)),
        float(held.get("pair_gain_uncertainty", math.nan)) / COVERAGE_FACTOR,
        float(held.get("pair_level_ppm", math.nan)),
    )


def _finite(t_s: npt.ArrayLike, ppm: npt.ArrayLike) -> tuple[Array, Array]:
    t, x = np.asarray(t_s, dtype=float), np.asarray(ppm, dtype=float)
    keep = np.isfinite(t) & np.isfinite(x)
    return t[keep], x[keep]


def _blocks(t_s: Array, x: Array, start_s: float, block_s: float, n: int) -> tuple[Array, Array]:
    """Return mean and its plain standard error of each block, ``(n,)``; NaN where nothing was read."""
    place = np.floor((t_s - start_s) / block_s).astype(int)
    inside = (place >= 0) & (place < n)
    place, x = place[inside], x[inside]
    count = np.bincount(place, minlength=n).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(place, x, minlength=n) / count
        variance = np.bincount(place, (x - mean[place]) ** 2, minlength=n) / (count - 1.0)
        error = np.sqrt(variance / count)
    return mean, np.where(np.isfinite(error), np.maximum(error, 0.1), np.nan)


def _gain(a: Array, noise_a: Array, b: Array, noise_b: Array) -> Line | None:
    if float(np.ptp(b)) < GAIN_SPAN_PPM or not (np.isfinite(noise_a).all() and np.isfinite(noise_b).all()):
        return None
    try:
        line = fit_line(b, noise_b, a, noise_a)
    except CalibrationRefused:
        return None
    # block means of moving air scatter more than their readings' noise says
    stretch = max(1.0, line.chi_square / max(line.n - 2, 1))
    return Line(line.gain, line.offset_ppm, line.covariance * stretch, line.pull, line.chi_square, line.n)
