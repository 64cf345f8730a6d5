"""What dark and air lines say about each channel of a line detector: offset, gain, noise, faults, drift."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntFlag

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing

Counts = npt.NDArray[np.uint16]
Channels = npt.NDArray[np.float32]

NOMINAL_DOSE = 32768
MIN_REFERENCE_LINES = 8
LEAST_DOSE = 0.05
"""Share of the nominal dose under which a line counts as taken without beam."""

DEAD_GAIN, WEAK_GAIN, HOT_GAIN = 0.1, 0.5, 3.0
"""Times the typical gain: dead below the first, weak but used below the second, unusable above the third."""

NOISY = 2.5
"""Times the noise that dark and quanta explain."""

SIGNAL_SIGMA = 4.0
"""A signal of fewer deviations of its own noise tells nothing."""


class ChannelFault(IntFlag):
    """What is wrong with a channel."""

    NONE = 0
    DEAD = 1  # does not answer the beam, or only far too strongly
    STUCK = 2  # the same count whatever happens, plausible or not
    WEAK = 4  # answers too little, is used all the same
    NOISY = 8  # more noise than dark and quanta explain, telegraph noise, or no steady gain


UNUSABLE = int(ChannelFault.DEAD | ChannelFault.STUCK | ChannelFault.NOISY)


@dataclass(frozen=True, slots=True)
class LineReference:
    """The channels of one energy.

    Parameters
    ----------
    dark, gain : float32 ``(n_pixels,)``, counts without beam; counts that the open beam at
        nominal dose adds, from the air lines before the vehicle.
    noise : float32 ``(n_pixels,)``, standard deviation of the dark lines, counts.
    quantum : counts that one detected quantum adds, from the noise of the air lines.
    faults : uint8 ``(n_pixels,)``, `ChannelFault`.
    gain_after : the same as ``gain`` from air lines after the vehicle, None without them.
    line_before, line_after : line numbers that both gains belong to.
    """

    dark: Channels
    gain: Channels
    noise: Channels
    quantum: float
    faults: npt.NDArray[np.uint8]
    gain_after: Channels | None = None
    line_before: float = 0.0
    line_after: float = 1.0

    @property
    def unusable(self) -> npt.NDArray[np.bool_]:
        """Channels whose counts are not used, bool ``(n_pixels,)``."""
        return np.asarray(self.faults & UNUSABLE != 0)

    @property
    def drift(self) -> float | None:
        """Median relative change of the gain between both air series; None without the second."""
        if self.gain_after is None:
            return None
        kept = ~self.unusable
        return float(np.median(self.gain_after[kept] / self.gain[kept])) - 1.0 if kept.any() else None

    @property
    def lowest(self) -> Channels:
        """Net counts under which a signal tells nothing, float32 ``(n_pixels,)``.

        The signal s that is `SIGNAL_SIGMA` deviations of its noise, s = k sqrt(noise² + quantum s).
        """
        k = SIGNAL_SIGMA
        s = (
            0.5
            * k
            * (k * self.quantum + np.sqrt((k * self.quantum) ** 2 + 4 * self.noise.astype(float) ** 2))
        )
        return np.maximum(s, 1.0).astype(np.float32)

    def gain_share(self, line_numbers: npt.NDArray[np.int64]) -> Channels | None:
        """Return how many times ``gain`` the gain is at some lines, linear between both air series.

        float32 ``(n_lines, n_pixels)``; None without air lines after the vehicle.
        """
        if self.gain_after is None:
            return None
        span = max(self.line_after - self.line_before, 1.0)
        share = np.clip((line_numbers - self.line_before) / span, 0.0, 1.0).astype(np.float32)
        return np.asarray(1.0 + share[:, None] * (self.gain_after / self.gain - 1.0), np.float32)


def check_counts(lines: npt.NDArray[np.generic], bits: int, n_pixels: int | None = None) -> None:
    """Refuse lines that are no counts of this detector.

    Raises
    ------
    CalibrationMissing : not two-dimensional, 8-bit, or of another width than ``n_pixels``.
        Example: a detector that was set to send a picture made for the eye.
    """
    if lines.ndim != 2:
        raise CalibrationMissing(f"lines must be (n_lines, n_pixels), not {lines.shape}: check the driver")
    if lines.dtype == np.uint8 or bits <= 8:
        raise CalibrationMissing(
            "the line detector sends 8-bit lines, a picture made for the eye: set it to raw counts"
        )
    if n_pixels is not None and lines.shape[1] != n_pixels:
        raise CalibrationMissing(
            f"the lines are {lines.shape[1]} pixels wide, dark and air lines {n_pixels}: "
            "let the detector measure dark and air again"
        )


def line_reference(
    dark_lines: Counts, air_lines: Counts, air_dose: npt.NDArray[np.uint16], bits: int = 16
) -> LineReference:
    """Learn each channel's offset, gain and noise, and which channels have a fault.

    Parameters
    ----------
    dark_lines, air_lines : uint16 ``(n, n_pixels)``, without beam and in open beam.
    air_dose : uint16 ``(n,)``, dose monitor of the air lines, 32768 = nominal.
    bits : valid bits of a count.

    Raises
    ------
    CalibrationMissing : fewer than eight lines of a kind, lines that are no counts, or an
        open beam that is not seen, not measured or saturates. Example: a detector started
        in the middle of a passage.

    References
    ----------
    Janesick, Photon Transfer (SPIE 2007): counts per quantum from variance over mean.
    """
    _check_reference(dark_lines, air_lines, air_dose, bits)
    dark = _trimmed(dark_lines.astype(np.float32))
    noise = dark_lines.std(axis=0, dtype=np.float64).astype(np.float32)
    gain, net = _gain(air_lines, air_dose, dark)
    lively = np.ptp(air_lines, axis=0) > 0
    typical = float(np.median(gain))
    if typical <= SIGNAL_SIGMA * float(np.median(noise)):
        raise CalibrationMissing("the air lines are no brighter than the dark lines: check the beam")
    top = (1 << bits) - 1
    if float((air_lines >= top).mean()) > 0.5:
        raise CalibrationMissing("the open beam saturates the detector: lower its gain or the dose")
    if int(air_lines.max()) <= 255:
        raise CalibrationMissing("the open beam is no more than 255 counts: set the detector to raw counts")
    spread = np.abs(dark - np.median(dark))
    usual_noise = float(np.median(noise))
    faults = np.zeros(dark.size, np.uint8)
    weak = gain < WEAK_GAIN * typical
    dead = (gain < DEAD_GAIN * typical) | (gain > HOT_GAIN * typical)
    dead |= spread > 20.0 * max(float(np.median(spread)), 1.0)
    faults[dead] |= np.uint8(ChannelFault.DEAD)
    faults[~lively | ((air_lines >= top).mean(axis=0) > 0.5)] |= np.uint8(ChannelFault.STUCK)
    faults[weak & ~dead] |= np.uint8(ChannelFault.WEAK)
    # what is common to a line is dose that the monitor missed, not noise of a channel
    kept = faults & UNUSABLE == 0
    if not kept.any():
        raise CalibrationMissing("no channel of the detector answers the beam: have it repaired")
    relative = net / np.where(gain > 0, gain, typical)
    relative = relative / np.median(relative[:, kept], axis=1)[:, None]
    variance = relative.var(axis=0, ddof=1) * gain.astype(float) ** 2
    quanta = (variance - noise.astype(float) ** 2)[kept] / np.maximum(gain[kept], 1.0)
    quantum = max(float(np.median(quanta)), 0.0)
    explained = np.sqrt(np.maximum(usual_noise, 0.5) ** 2 + quantum * np.maximum(gain, 0.0))
    noisy = (np.sqrt(variance) > NOISY * explained) | (noise > NOISY * max(2.0 * usual_noise, 1.0))
    faults[noisy] |= np.uint8(ChannelFault.NOISY)
    unusable = faults & UNUSABLE != 0
    return LineReference(dark, np.where(unusable, typical, gain).astype(np.float32), noise, quantum, faults)


def with_air_after(
    reference: LineReference,
    air_lines: Counts,
    air_dose: npt.NDArray[np.uint16],
    line_before: float,
    line_after: float,
) -> LineReference:
    """Add air lines that were taken after the vehicle: the gain is linear in between.

    Channels whose change differs from the others' by more than a fifth become noisy. Fewer
    than eight usable lines change nothing.

    Parameters
    ----------
    line_before, line_after : line numbers in the middle of both air series.
    """
    lit = air_dose >= LEAST_DOSE * NOMINAL_DOSE
    if int(lit.sum()) < MIN_REFERENCE_LINES or air_lines.shape[1] != reference.dark.size:
        return reference
    gain, _ = _gain(air_lines, air_dose, reference.dark)
    kept = ~reference.unusable
    change = gain / reference.gain
    usual = float(np.median(change[kept])) if kept.any() else 0.0
    if not 0.3 < usual < 3.0:  # a vehicle still in the beam, or no beam: not an air series
        return reference
    faults = reference.faults.copy()
    faults[kept & (np.ptp(air_lines, axis=0) == 0)] |= np.uint8(ChannelFault.STUCK)
    faults[kept & (np.abs(change / usual - 1.0) > 0.2)] |= np.uint8(ChannelFault.NOISY)
    unusable = faults & UNUSABLE != 0
    gain = np.where(unusable, reference.gain * usual, gain).astype(np.float32)
    return replace(reference, faults=faults, gain_after=gain, line_before=line_before, line_after=line_after)


def _check_reference(dark: Counts, air: Counts, dose: npt.NDArray[np.uint16], bits: int) -> None:
    for kind, lines in (("dark", dark), ("air", air)):
        if lines.ndim == 2 and lines.shape[0] < MIN_REFERENCE_LINES:
            raise CalibrationMissing(
                f"the line detector sent {lines.shape[0]} {kind} lines, at least {MIN_REFERENCE_LINES} are "
                "needed: let it measure dark and air before the lorry comes"
            )
        check_counts(lines, bits, dark.shape[1])
    if int((dose >= LEAST_DOSE * NOMINAL_DOSE).sum()) < MIN_REFERENCE_LINES:
        raise CalibrationMissing("no dose was measured during the air lines: check the beam and its monitor")


def _trimmed(values: Channels) -> Channels:
    """Mean over lines without the highest and the lowest: a median would be a step of counts off."""
    total = values.sum(axis=0, dtype=np.float64) - values.max(axis=0) - values.min(axis=0)
    return np.asarray(total / (values.shape[0] - 2), np.float32)


def _gain(lines: Counts, dose: npt.NDArray[np.uint16], dark: Channels) -> tuple[Channels, Channels]:
    """Counts of the open beam at nominal dose, and each line's, ``(n_pixels,)`` and ``(n, n_pixels)``."""
    lit = dose >= LEAST_DOSE * NOMINAL_DOSE
    share = (dose[lit] / NOMINAL_DOSE).astype(np.float32)
    net = (lines[lit].astype(np.float32) - dark) / share[:, None]
    return _trimmed(net), net
