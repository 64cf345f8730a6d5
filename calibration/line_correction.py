"""Counts of a line detector to log-attenuation, each pixel with its class."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from calibration.line_pixels import FloatLines, Mask, PixelClass, bridge_channels
from calibration.line_reference import NOMINAL_DOSE, Counts, LineReference, check_counts

AROUND = 5
"""Lines and channels around a pixel, itself among them, whose mean tells whether anything came through."""

LEAST_OWN, LARGEST_OWN = 0.25, 2.0
"""Times the limit: a pixel below the first is black whatever is around it, above the second it is not."""

WIDEST_BRIDGE = 8
"""So many bad channels side by side are interpolated; more, a half-module, are missing."""


@dataclass(frozen=True, slots=True)
class CorrectedLines:
    """Log-attenuation of lines and what can be trusted in it.

    Parameters
    ----------
    log_attenuation : float32 ``(n_lines, n_pixels)``, -ln(transmission); where nothing came
        through it is the lowest value that this would mean.
    mask : uint8 of that shape, `PixelClass`.
    interpolated : bool ``(n_pixels,)``: bad channels, taken from their neighbours.
    """

    log_attenuation: FloatLines
    mask: Mask
    interpolated: npt.NDArray[np.bool_]

    @property
    def blind(self) -> npt.NDArray[np.bool_]:
        """Where nothing is known: not penetrated, or missing."""
        return np.asarray(self.mask >= PixelClass.NOT_PENETRATED)

    @property
    def saturated(self) -> npt.NDArray[np.bool_]:
        """At the top of the counter."""
        return np.asarray(self.mask == PixelClass.SATURATED)


def correct_lines(
    lines: Counts,
    dose: npt.NDArray[np.uint16],
    reference: LineReference,
    bits: int = 16,
    line_numbers: npt.NDArray[np.int64] | None = None,
    level: FloatLines | None = None,
) -> CorrectedLines:
    """Turn counts into log-attenuation: dark and gain by channel, drift and dose by line.

    Parameters
    ----------
    lines : uint16 ``(n_lines, n_pixels)``.
    dose : uint16 ``(n_lines,)``; a line without dose is missing.
    bits : valid bits of a count.
    line_numbers : int64 ``(n_lines,)``; with them the gain drifts between both air series.
    level : float32 ``(n_lines,)``, what the open beam was of what the monitor told; 1 by default.

    Raises
    ------
    CalibrationMissing : the lines are 8-bit or of another width than the reference.

    Examples
    --------
    >>> from calibration.line_reference import line_reference
    >>> dark, air = np.full((8, 4), 100, np.uint16), np.full((8, 4), 10100, np.uint16)
    >>> air[::2] += 1  # a living pixel flickers
    >>> nominal = np.full(8, 32768, np.uint16)
    >>> half = np.full((8, 4), 5100, np.uint16)
    >>> result = correct_lines(half, nominal, line_reference(dark, air, nominal))
    >>> round(float(result.log_attenuation[0, 0]), 3)  # ln 2
    0.693
    """
    check_counts(lines, bits, reference.dark.size)
    share = dose.astype(np.float32) / np.float32(NOMINAL_DOSE)
    if level is not None:
        share = share * level
    lowest = reference.lowest
    net = lines.astype(np.float32)
    net -= reference.dark
    black = _not_penetrated(net, lowest, reference.unusable)
    mask = black.view(np.uint8) * np.uint8(PixelClass.NOT_PENETRATED)
    mask[lines >= (1 << bits) - 1] = PixelClass.SATURATED
    np.maximum(net, np.where(black, lowest, LEAST_OWN * lowest), out=net)
    net /= reference.gain
    drift = None if line_numbers is None else reference.gain_share(line_numbers)
    if drift is not None:
        net /= drift
    attenuation = np.log(net, out=net)
    np.negative(attenuation, out=attenuation)
    attenuation += np.log(np.maximum(share, np.float32(1e-6)))[:, None]
    attenuation, mask = bridge_channels(attenuation, mask, reference.unusable, WIDEST_BRIDGE)
    mask[dose == 0] = PixelClass.MISSING
    return CorrectedLines(attenuation, mask, reference.unusable)


def _not_penetrated(
    net: FloatLines, lowest: npt.NDArray[np.float32], unusable: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Tell where a signal says nothing by the mean around a pixel.

    By the pixel alone, of those near the limit the lucky ones would be kept: too bright as a whole.
    """
    if net.size == 0:
        return np.zeros(net.shape, bool)
    weight = np.where(unusable, np.float32(0), np.float32(1))[None]
    total = cv2.boxFilter(
        net * weight, -1, (AROUND, AROUND), normalize=False, borderType=cv2.BORDER_REPLICATE
    )
    count = cv2.boxFilter(
        np.repeat(weight, 3, axis=0), -1, (AROUND, AROUND), normalize=False, borderType=cv2.BORDER_REPLICATE
    )[1]
    black = total < lowest * np.maximum(count, 1)
    black &= net < LARGEST_OWN * lowest
    black |= net < LEAST_OWN * lowest
    return np.asarray(black)
