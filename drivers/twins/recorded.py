"""Sources of values for twins: recordings, played once or round and round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt


class RecordedSamples:
    """Gives recorded samples block by block; shorter, then empty blocks tell the end.

    Parameters
    ----------
    counts : int32 ``(n_channels, n_samples)``.
    loop : begin again at the end.

    Examples
    --------
    >>> source = RecordedSamples(np.arange(5)[None])
    >>> source(3), source(3), source(3).shape
    (array([[0, 1, 2]], dtype=int32), array([[3, 4]], dtype=int32), (1, 0))
    """

    def __init__(self, counts: npt.ArrayLike, loop: bool = False) -> None:
        self._counts = np.atleast_2d(np.asarray(counts)).astype(np.int32)
        self._loop = loop
        self._at = 0

    def __call__(self, n_samples: int) -> npt.NDArray[np.int32]:
        """Return the next ``n_samples`` samples, int32 ``(n_channels, n_samples)``, fewer at the end."""
        total = self._counts.shape[1]
        if self._loop and total:
            index = (self._at + np.arange(n_samples)) % total
            self._at = (self._at + n_samples) % total
            return self._counts[:, index]
        block = self._counts[:, self._at : self._at + n_samples]
        self._at += block.shape[1]
        return block


class RecordedFrames:
    """Gives recorded images one by one; None tells the end.

    Parameters
    ----------
    frames : images ``(h, w)``, one after the other.
    loop : begin again at the end; the frames are then kept in memory.
    """

    def __init__(self, frames: Iterable[npt.NDArray[np.float64]], loop: bool = False) -> None:
        self._frames = list(frames) if loop else frames
        self._loop = loop
        self._next: Iterator[npt.NDArray[np.float64]] = iter(self._frames)

    def __call__(self) -> npt.NDArray[np.float64] | None:
        """Return the next image, or None when there is none left."""
        frame = next(self._next, None)
        if frame is None and self._loop:
            self._next = iter(self._frames)
            frame = next(self._next, None)
        return frame
