"""Puts numbered thermal lines together to frames of equal height, and says where lines were lost."""

from __future__ import annotations

from typing import NamedTuple

from drivers.codecs.raytek_mp150 import Line, Order, counter_order, line_counter

SURE_AFTER = 3  # pairs of lines that agree on the byte order of the counter
MOST_HELD = 16  # lines within which the counter has to count
MOST_REPEATED = 128  # lines in a row that came before: with more the counter began anew
_WRAP = 0x10000


class RasterFrame(NamedTuple):
    """Lines without a gap, and whether some were lost before them."""

    lines: list[Line]
    gap_before: bool


class LineRaster:
    """Makes a frame of every ``n_lines`` lines.

    The raster stays: each frame begins a whole number of frames behind the first line.
    A frame that misses a line is given up, lines that come twice are taken once. In
    which byte order the counter comes is found out from the first lines, which are
    held until then.

    Parameters
    ----------
    n_lines : lines of a frame.

    Attributes
    ----------
    order : byte order of the counter, None while no two lines have told it.
    counts : False when the first `MOST_HELD` lines told none: then losses are not seen.
    """

    def __init__(self, n_lines: int) -> None:
        self.order: Order | None = None
        self.counts = True
        self._n_lines = n_lines
        self._held: list[Line] = []
        self._agreed = 0
        self._before: Line | None = None
        self._position = -1
        self._repeated = 0
        self._frame: list[Line] = []
        self._gap = False

    def take(self, line: Line, damage: bool = False) -> list[RasterFrame]:
        """Take the next line; return the frames that it completes.

        Parameters
        ----------
        line : of line mode 13h.
        damage : the decoder dropped something since the last line. It matters only for
            lines that are not counted.
        """
        if self.order is not None or not self.counts:
            return self._placed(line, damage)
        self._held.append(line)
        if len(self._held) > 1:
            self.order = counter_order(*self._held[-2:])
        self.counts = self.order is not None or len(self._held) < MOST_HELD
        if self.order is None and self.counts:
            return []
        held, self._held = self._held, []
        return [frame for one in held for frame in self._placed(one, False)]

    def _placed(self, line: Line, damage: bool) -> list[RasterFrame]:
        step = self._step_to(line, damage)
        if step is not None and step < 1 and self._position + step >= 0 and self._repeated < MOST_REPEATED:
            self._repeated += 1
            return []
        self._before, self._repeated = line, 0
        self._position = self._position + step if step is not None and step > 0 else 0
        if step != 1:
            self._frame.clear()
            self._gap = True
        if not self._frame and self._position % self._n_lines:
            return []
        self._frame.append(line)
        if len(self._frame) < self._n_lines:
            return []
        whole = RasterFrame(self._frame, self._gap)
        self._frame, self._gap = [], False
        return [whole]

    def _step_to(self, line: Line, damage: bool) -> int | None:
        """Return by how many lines this one follows the last taken; None when that cannot be told."""
        before = self._before
        if before is None:
            return 1
        if self.order is None:
            return None if damage else 1
        step = line_counter(line, self.order) - line_counter(before, self.order) & _WRAP - 1
        if step == 1:
            self._agreed += 1
        elif self._agreed < SURE_AFTER and (other := counter_order(before, line)) is not None:
            self.order, self._agreed, step = other, 1, 1
        return step if step < _WRAP // 2 else step - _WRAP
