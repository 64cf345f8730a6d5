"""Gives a listener each sample of a window once; starts it again when the channels change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from drivers.api import Role
from scanner.modalities.seismic_window import RowSource

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
State = TypeVar("State")


class RowListener(Generic[State]):
    """What was heard of one choice of channels.

    Parameters
    ----------
    begin : ``(n_chassis, n_references, fs_hz)`` → the state that has heard nothing; may raise what
        `hear` then raises.
    follow : ``(counts, usable, state)``, both ``(n_rows, n_samples)`` → the state after these samples.

    ``usable_s`` counts what could be used since it began.
    """

    def __init__(
        self, begin: Callable[[int, int, float], State], follow: Callable[[Array, Mask, State], State]
    ) -> None:
        self._begin, self._follow = begin, follow
        self._state: State | None = None
        self._key: object = None
        self._taken = 0
        self.usable_s = 0.0

    def hear(self, source: RowSource, fs_hz: float) -> State:
        """Take what is new; all that is held where the channels are others than before."""
        state, held = self._state, source.counts.shape[1]
        n_new = source.taken - self._taken
        if state is None or source.key != self._key or n_new > held:
            n_chassis = sum(channel.role is Role.CHASSIS for channel in source.channels)
            state = self._begin(n_chassis, len(source.channels) - n_chassis, fs_hz)
            self._key, self.usable_s, n_new = source.key, 0.0, held
        new = slice(held - n_new, held)
        usable = source.usable[:, new]
        self._state = state = self._follow(source.counts[:, new], usable, state)
        self.usable_s += float(np.logical_and.reduce(usable, axis=0).sum()) / fs_hz
        self._taken = source.taken
        return state
