"""The X-ray picture of a lorry that is still passing: only lines that are new are corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from calibration.certificates import CalibrationMissing
from calibration.line_correction import correct_lines
from calibration.line_pixels import Mask, PixelClass
from calibration.line_reference import LineReference, line_reference
from drivers.api import LineBlock
from scanner.modalities.xray_passage import Passage

FloatImage = npt.NDArray[np.float32]


@dataclass(slots=True)
class PassingPicture:
    """Log-attenuation of the lines of one passage so far.

    Parameters
    ----------
    reference : what dark and air lines say of the channels; None = there are no usable ones.
    """

    reference: LineReference | None
    _taken: int = 0
    _parts: list[FloatImage] = field(default_factory=list)
    _classes: list[Mask] = field(default_factory=list)

    @property
    def classes(self) -> Mask:
        """`PixelClass` of each value that `grow` gave last."""
        return np.ascontiguousarray(np.concatenate(self._classes).T)

    def grow(self, data: Sequence[LineBlock]) -> FloatImage:
        """Return the picture ``(n_pixels, n_lines)`` of all data blocks, of which the first are known.

        Without references it is counts.
        """
        width = data[0].pixels.shape[1]
        for block in data[self._taken :]:
            if block.pixels.shape[1] != width:
                continue
            if self.reference is None:
                self._parts.append(block.pixels.astype(np.float32))
                self._classes.append(count_classes(block.pixels, block.bits))
                continue
            corrected = correct_lines(block.pixels, block.dose, self.reference, block.bits)
            lines = corrected.log_attenuation
            lines[block.dose == 0] = 0  # no beam tells nothing
            self._parts.append(lines)
            self._classes.append(corrected.mask)
        self._taken = len(data)
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return np.ascontiguousarray(self._parts[0].T)


def count_classes(lines: npt.NDArray[np.uint16], bits: int) -> Mask:
    """Return the class of counts that nothing is known of but where the counter ends."""
    return (lines >= (1 << bits) - 1) * np.uint8(PixelClass.SATURATED)


def passing_picture(passage: Passage) -> PassingPicture:
    """Return the picture of a passage before its first line."""
    width = passage.data[0].pixels.shape[1]
    dark = [b.pixels for b in passage.dark if b.pixels.shape[1] == width]
    air = [b for b in passage.air if b.pixels.shape[1] == width]
    try:
        if not dark or not air:
            return PassingPicture(None)
        doses = np.concatenate([b.dose for b in air])
        pixels = np.concatenate([b.pixels for b in air])
        return PassingPicture(line_reference(np.concatenate(dark), pixels, doses, passage.data[0].bits))
    except CalibrationMissing:
        return PassingPicture(None)
