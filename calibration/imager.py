"""Imagers: X-ray counts to log-attenuation, thermal counts to degrees Celsius."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing, Certificate
from drivers.api import Frame

NOMINAL_DOSE = 32768
MIN_REFERENCE_LINES = 8
DARKEST_SIGMA = 6.0  # a signal under this many deviations of the dark lines tells nothing


@dataclass(frozen=True, slots=True)
class LineReference:
    """What dark and air lines say about each pixel of a line detector.

    Parameters
    ----------
    dark, gain : float32 ``(n_pixels,)``, counts without beam; counts that the open
        beam at nominal dose adds.
    noise : float32 ``(n_pixels,)``, standard deviation of the dark lines, counts.
    dead : bool ``(n_pixels,)``, pixels that do not measure.
    """

    dark: npt.NDArray[np.float32]
    gain: npt.NDArray[np.float32]
    noise: npt.NDArray[np.float32]
    dead: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CorrectedLines:
    """Log-attenuation of lines and what cannot be trusted in it.

    Parameters
    ----------
    log_attenuation : float32 ``(n_lines, n_pixels)``, -ln(transmission); where
        nothing came through it is the lowest value that this would mean.
    blind : bool of that shape: not penetrated, the truth may be any higher value.
    saturated : bool of that shape: at the top of the counter.
    interpolated : bool ``(n_pixels,)``: dead pixels, taken from their neighbours.
    """

    log_attenuation: npt.NDArray[np.float32]
    blind: npt.NDArray[np.bool_]
    saturated: npt.NDArray[np.bool_]
    interpolated: npt.NDArray[np.bool_]


def line_reference(
    dark_lines: npt.NDArray[np.uint16],
    air_lines: npt.NDArray[np.uint16],
    air_dose: npt.NDArray[np.uint16],
) -> LineReference:
    """Learn each pixel's offset and gain, and which pixels are dead.

    Parameters
    ----------
    dark_lines, air_lines : uint16 ``(n, n_pixels)``, without beam and in open beam.
    air_dose : uint16 ``(n,)``, dose monitor of the air lines, 32768 = nominal.

    Raises
    ------
    CalibrationMissing : fewer than eight lines of a kind, or an open beam that no
        pixel sees. Example: a detector started in the middle of a passage.
    """
    for kind, lines in (("dark", dark_lines), ("air", air_lines)):
        if lines.shape[0] < MIN_REFERENCE_LINES:
            raise CalibrationMissing(
                f"the line detector sent {lines.shape[0]} {kind} lines, at least {MIN_REFERENCE_LINES} are "
                "needed: let it measure dark and air before the lorry comes"
            )
    dark = np.median(dark_lines, axis=0).astype(np.float32)
    noise = dark_lines.std(axis=0, dtype=np.float64).astype(np.float32)
    lit = air_dose > 0
    if not lit.any():
        raise CalibrationMissing("no dose was measured during the air lines: check the beam and its monitor")
    share = (air_dose[lit] / NOMINAL_DOSE).astype(np.float32)
    net = air_lines[lit].astype(np.float32) - dark
    gain = np.median(net / share[:, None], axis=0).astype(np.float32)
    flicker = net.std(axis=0)
    typical = float(np.median(gain))
    if typical <= 0:
        raise CalibrationMissing("the air lines are no brighter than the dark lines: check the beam")
    spread = np.abs(dark - np.median(dark))
    dead = (
        (gain < 0.3 * typical)
        | (gain > 3.0 * typical)
        | (spread > 20.0 * max(float(np.median(spread)), 1.0))
        | (flicker == 0)
        | (noise > 8.0 * max(float(np.median(noise)), 1.0))
    )
    return LineReference(dark, np.where(dead, typical, gain).astype(np.float32), noise, dead)


def correct_lines(
    lines: npt.NDArray[np.uint16],
    dose: npt.NDArray[np.uint16],
    reference: LineReference,
    bits: int = 16,
) -> CorrectedLines:
    """Turn counts into log-attenuation: dark and gain by pixel, dose by line.

    Parameters
    ----------
    lines : uint16 ``(n_lines, n_pixels)``.
    dose : uint16 ``(n_lines,)``; a line without dose becomes blind.
    bits : valid bits of a count.

    Examples
    --------
    >>> dark, air = np.full((8, 4), 100, np.uint16), np.full((8, 4), 10100, np.uint16)
    >>> air[::2] += 1  # a living pixel flickers
    >>> nominal = np.full(8, 32768, np.uint16)
    >>> half = np.full((8, 4), 5100, np.uint16)
    >>> result = correct_lines(half, nominal, line_reference(dark, air, nominal))
    >>> round(float(result.log_attenuation[0, 0]), 3)  # ln 2
    0.693
    """
    share = np.maximum(dose.astype(np.float32) / NOMINAL_DOSE, 1e-6)[:, None]
    net = lines.astype(np.float32) - reference.dark
    lowest = np.maximum(DARKEST_SIGMA * reference.noise, 1.0)
    blind = (net < lowest) | (dose == 0)[:, None]
    attenuation = -np.log(np.maximum(net, lowest) / (reference.gain * share))
    saturated = lines >= (1 << bits) - 1
    saturated[:, reference.dead] = False
    blind[:, reference.dead] = False
    good = np.flatnonzero(~reference.dead)
    bad = np.flatnonzero(reference.dead)
    if good.size and bad.size:
        after = np.clip(np.searchsorted(good, bad), 0, good.size - 1)
        before = np.clip(after - 1, 0, good.size - 1)
        left, right = good[before], good[after]
        weight = np.clip((bad - left) / np.maximum(right - left, 1), 0.0, 1.0).astype(np.float32)
        attenuation[:, bad] = (1 - weight) * attenuation[:, left] + weight * attenuation[:, right]
        blind[:, bad] = blind[:, left] | blind[:, right]
    return CorrectedLines(attenuation.astype(np.float32), blind, saturated, reference.dead.copy())


def temperature_c(frame: Frame, certificate: Certificate) -> npt.NDArray[np.float32]:
    """Return a thermal frame in °C, corrected by its certificate; no value = NaN.

    Parameters
    ----------
    frame : thermal frame with unit "°C", "C" or "K".
    certificate : parameter ``offset_c`` is added (0 when it is not there).

    Raises
    ------
    CalibrationMissing : the frame's unit is not a temperature.
    """
    kelvin = {"°C": 0.0, "C": 0.0, "degC": 0.0, "K": -273.15}
    if frame.unit not in kelvin:
        raise CalibrationMissing(
            f"the thermal imager sends {frame.unit or 'no unit'}, not °C or K: set its output to temperature"
        )
    value = frame.pixels.astype(np.float32) * np.float32(frame.scale) + np.float32(frame.offset)
    value += np.float32(kelvin[frame.unit] + certificate.parameters.get("offset_c", 0.0))
    if np.issubdtype(frame.pixels.dtype, np.integer) and frame.pixels.dtype != np.uint8:
        limits = np.iinfo(frame.pixels.dtype)
        value[(frame.pixels == limits.min) | (frame.pixels == limits.max)] = np.nan
    return value
