"""CO2 straight line: gain and offset of a probe from reference gases, both sides uncertain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from drivers.api import LorryscanError

Array = npt.NDArray[np.float64]


class CalibrationRefused(LorryscanError, ValueError):
    """Readings do not make a calibration; the words say why and what to do.

    Examples: two gases of one content; a probe at the end of its range; three
    gases that lie on no straight line.
    """


@dataclass(frozen=True, slots=True)
class Line:
    """reading = ``gain`` × reference + ``offset_ppm``, and how surely.

    Parameters
    ----------
    gain, offset_ppm : the line.
    covariance : ``(2, 2)`` of offset (ppm) and gain, in this order.
    pull : ``(2, n)``, by how much offset and gain follow each point's reading.
    chi_square : weighted sum of squares about the line.
    n : points.
    """

    gain: float
    offset_ppm: float
    covariance: Array
    pull: Array
    chi_square: float
    n: int

    @property
    def misfit_p(self) -> float:
        """Probability of points that lie no better on the line by chance; 1 with fewer than three."""
        return float(stats.chi2.sf(self.chi_square, self.n - 2)) if self.n > 2 else 1.0

    def sigma_at_ppm(self, true_ppm: npt.ArrayLike) -> Array:
        """Return the standard uncertainty of a corrected reading from the line alone, ppm, shape as given."""
        x = np.asarray(true_ppm, dtype=float)
        v = self.covariance
        variance = np.maximum(v[0, 0] + 2.0 * x * v[0, 1] + x * x * v[1, 1], 0.0)
        return np.asarray(np.sqrt(variance) / self.gain)


def fit_line(
    reference_ppm: npt.ArrayLike,
    reference_sigma_ppm: npt.ArrayLike,
    reading_ppm: npt.ArrayLike,
    reading_sigma_ppm: npt.ArrayLike,
) -> Line:
    """Fit a straight line whose both coordinates are uncertain.

    Maximum likelihood for independent normal errors, by York's iteration. Gases
    that were diluted from one cylinder share an error; that is not modelled.

    Parameters
    ----------
    reference_ppm, reference_sigma_ppm : ``(n,)``, gas contents and standard
        uncertainties, ppm, n at least 2.
    reading_ppm, reading_sigma_ppm : ``(n,)``, what the probe read.

    Raises
    ------
    CalibrationRefused : fewer than two different gases, or a line that falls.

    References
    ----------
    York, Evensen, Martínez, De Basabe Delgado: Unified equations for the slope,
    intercept, and standard errors of the best straight line, Am. J. Phys. 72 (2004)
    367; the same problem as in ISO 6143:2001 (comparison methods for calibration gas).

    Examples
    --------
    >>> line = fit_line([0, 5000], [2, 25], [12, 4912], [1, 3])
    >>> round(line.gain, 6), round(line.offset_ppm, 6), round(float(line.sigma_at_ppm(0.0)), 2)
    (0.98, 12.0, 2.25)
    """
    x, sx, y, sy = (
        np.asarray(a, dtype=float)
        for a in (reference_ppm, reference_sigma_ppm, reading_ppm, reading_sigma_ppm)
    )
    if x.size < 2 or float(np.ptp(x)) <= 3.0 * float(np.max(sx)):
        raise CalibrationRefused(
            "the gases are too alike for a gain: take one near 0 and one near the highest level wanted"
        )
    sx, sy = np.maximum(sx, 1e-9), np.maximum(sy, 1e-9)
    gain = float(np.polyfit(x, y, 1)[0])
    for _ in range(200):
        w, bar_x, bar_y, beta = _york(x, sx, y, sy, gain)
        before = gain
        gain = float(np.sum(w * beta * (y - bar_y)) / np.sum(w * beta * (x - bar_x)))
        if abs(gain - before) <= 1e-12 * abs(gain):
            break
    w, bar_x, bar_y, beta = _york(x, sx, y, sy, gain)
    if not (math.isfinite(gain) and gain > 0):
        raise CalibrationRefused(
            "the probe reads less in the richer gas: check which cylinder was open in which step"
        )
    offset = bar_y - gain * bar_x
    adjusted = bar_x + beta
    centre = float(np.sum(w * adjusted) / np.sum(w))
    spread = float(np.sum(w * (adjusted - centre) ** 2))
    gain_variance = 1.0 / spread
    offset_variance = 1.0 / float(np.sum(w)) + centre**2 * gain_variance
    covariance = np.array(
        [[offset_variance, -centre * gain_variance], [-centre * gain_variance, gain_variance]]
    )
    pull_gain = w * (adjusted - centre) / spread
    pull = np.stack([w / np.sum(w) - centre * pull_gain, pull_gain])
    chi_square = float(np.sum(w * (y - gain * x - offset) ** 2))
    return Line(gain, float(offset), covariance, pull, chi_square, int(x.size))


def zero_line(
    reference_ppm: float,
    reference_sigma_ppm: float,
    reading_ppm: float,
    reading_sigma_ppm: float,
    gain: float = 1.0,
    gain_sigma: float = 0.015,
) -> Line:
    """Find the offset alone from one gas, with a gain from elsewhere.

    Parameters
    ----------
    reference_ppm, reference_sigma_ppm, reading_ppm, reading_sigma_ppm : the one point.
    gain, gain_sigma : from the last full calibration, or the maker's promise: ±3 %
        as an expanded uncertainty (Sensirion SCD30: ±(30 ppm + 3 %)).

    Examples
    --------
    >>> line = zero_line(450.0, 17.3, 462.0, 1.0)
    >>> line.offset_ppm, round(float(line.sigma_at_ppm(450.0)), 1), round(float(line.sigma_at_ppm(2000.0)), 1)
    (12.0, 17.3, 29.0)
    """
    offset = reading_ppm - gain * reference_ppm
    v_gain = gain_sigma**2
    v_offset = reading_sigma_ppm**2 + (gain * reference_sigma_ppm) ** 2 + reference_ppm**2 * v_gain
    covariance = np.array([[v_offset, -reference_ppm * v_gain], [-reference_ppm * v_gain, v_gain]])
    return Line(gain, offset, covariance, np.array([[1.0], [0.0]]), 0.0, 1)


def _york(x: Array, sx: Array, y: Array, sy: Array, gain: float) -> tuple[Array, float, float, Array]:
    """Return York's weights, weighted means and adjustments for a trial gain."""
    w = 1.0 / (sy**2 + gain**2 * sx**2)
    bar_x, bar_y = float(np.sum(w * x) / np.sum(w)), float(np.sum(w * y) / np.sum(w))
    beta = w * ((x - bar_x) * sy**2 + gain * (y - bar_y) * sx**2)
    return w, bar_x, bar_y, beta
