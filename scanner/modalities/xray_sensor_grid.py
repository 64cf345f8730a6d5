"""From square millimetres back to what a detector sent: boxes and maps over its lines and pixels."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from scanner.evidence import Box
from scanner.signals.xray_scan import Scan

ROWS, COLUMNS = 128, 256
"""Of a map over the whole picture, if the detector has as many."""


class SensorGrid:
    """Brings what was found in square millimetres back to lines (x) and pixels (y).

    Parameters
    ----------
    picture : where it was found.
    pixel_mm : pitch of the detector at the lorry.
    shape : pixels and lines of the passage.
    """

    def __init__(self, picture: Scan, pixel_mm: float, shape: tuple[int, int]) -> None:
        self._line = picture.line_of_column
        self._step = picture.mm_per_px / pixel_mm
        self._shape = shape

    def box(self, box: Box) -> Box:
        """Return a box of the picture as lines and pixels."""
        last = min(box.x + box.width, self._line.size) - 1
        x0, x1 = sorted((float(self._line[box.x]), float(self._line[last])))
        y0, y1 = box.y * self._step, (box.y + box.height) * self._step
        return Box(round(x0), round(y0), max(round(x1 - x0), 1), max(round(y1 - y0), 1), box.score, box.marks)

    def image(self, heat: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a map that covers the whole sensor picture, coarser than it."""
        n_pixels, n_lines = self._shape
        rows = min(ROWS, n_pixels)
        columns = min(COLUMNS, n_lines)
        lines = (np.arange(columns) + 0.5) * n_lines / columns
        rising = self._line if self._line[-1] >= self._line[0] else self._line[::-1]
        at_column = np.interp(lines, rising, np.arange(rising.size))
        at_row = (np.arange(rows) + 0.5) * n_pixels / rows / self._step - 0.5
        x, y = np.meshgrid(at_column.astype(np.float32), at_row.astype(np.float32))
        return np.asarray(cv2.remap(heat, x, y, cv2.INTER_LINEAR), np.float32)
