"""Gives the heart's listener each sample of a window once; starts again when the channels change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivers.api import Role
from scanner.modalities.seismic_window import CannotTell, RowSource
from scanner.signals.heart import HeartState, heart_state, listen


@dataclass(slots=True)
class HeartListener:
    """What was heard of one choice of channels.

    ``usable_s`` counts what could be used since it began.
    """

    state: HeartState | None = None
    usable_s: float = 0.0
    _key: object = None
    _taken: int = 0

    def hear(self, source: RowSource, fs_hz: float) -> HeartState:
        """Take what is new; all that is held where the channels are others than before.

        Raises
        ------
        CannotTell : the board's rate does not suit.
        """
        held = source.counts.shape[1]
        n_new = source.taken - self._taken
        if self.state is None or source.key != self._key or n_new > held:
            n_chassis = sum(channel.role is Role.CHASSIS for channel in source.channels)
            try:
                self.state = heart_state(n_chassis, len(source.channels) - n_chassis, fs_hz)
            except ValueError as no:
                raise CannotTell("heartbeat_rate", sensor=source.key[0], rate_hz=fs_hz) from no
            self._key, self.usable_s, n_new = source.key, 0.0, held
        new = slice(held - n_new, held)
        usable = source.usable[:, new]
        self.state = listen(source.counts[:, new], usable, self.state)
        self.usable_s += float(np.logical_and.reduce(usable, axis=0).sum()) / fs_hz
        self._taken = source.taken
        return self.state
