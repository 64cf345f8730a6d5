"""Puts numbered thermal lines together to frames of equal height, and says where lines were lost."""

from __future__ import annotations

from typing import NamedTuple

from drivers.codecs.raytek_mp150 import Line, Order, counter_order, line_counter

SURE_AFTER = 3  # pairs of lines that agree on the byte order of the counter
_HALF = 0x8000  # a counter that jumps further began anew


class RasterFrame(NamedTuple):
    """Lines without a gap, and whether some were lost before them."""

    lines: list[Line]
    gap_before: bool


class LineRaster:
    """Makes a frame of every ``n_lines`` lines.

    The raster stays: each frame begins a whole number of frames behind the first line.
    A frame that misses a line is given up, a line that comes twice is taken once. In
    which byte order the counter comes is found out from the lines themselves.

    Parameters
    ----------
    n_lines : lines of a frame.

    Attributes
    ----------
    order : byte order of the counter, None while no two lines have told it.
    uncounted : pairs of lines that told none.
    """

    def __init__(self, n_lines: int) -> None:
        self.order: Order | None = None
        self.uncounted = 0
        self._n_lines = n_lines
        self._agreed = 0
        self._before: Line | None = None
        self._position = -1
        self._frame: list[Line] = []
        self._gap = False

    def take(self, line: Line, damage: bool = False) -> RasterFrame | None:
        """Take the next line; return the frame that it completes.

        Parameters
        ----------
        line : of line mode 13h.
        damage : the decoder dropped something since the last line. It matters only as
            long as lines cannot be counted.
        """
        step = self._step_to(line, damage)
        self._before = line
        if step == 0:
            return None
        if step == 1:
            self._position += 1
        else:
            self._frame.clear()
            self._gap = True
            self._position = self._position + step if 1 < step < _HALF else 0
        if not self._frame and self._position % self._n_lines:
            return None
        self._frame.append(line)
        if len(self._frame) < self._n_lines:
            return None
        whole = RasterFrame(self._frame, self._gap)
        self._frame, self._gap = [], False
        return whole

    def _step_to(self, line: Line, damage: bool) -> int:
        """Return by how many lines this one follows the last; -1 when that cannot be told."""
        before = self._before
        if before is None:
            return 1
        if self.order is not None:
            step = line_counter(line, self.order) - line_counter(before, self.order) & 0xFFFF
            if step == 1:
                self._agreed += 1
            if step == 1 or self._agreed >= SURE_AFTER:
                return step
        found = counter_order(before, line)
        if found is not None:
            self.order, self._agreed = found, 1
            return 1
        if self.order is not None:
            return line_counter(line, self.order) - line_counter(before, self.order) & 0xFFFF
        self.uncounted += 1
        return -1 if damage else 1
