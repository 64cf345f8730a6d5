"""What polled CO2 probes share: the pace of their polls and samples, and the lowest value of air."""

from __future__ import annotations

import time

LOWEST_AIR_PPM = 50.0
"""No air that is breathed holds less. Other registers' contents read as a value come out near 0."""


class Pace:
    """Says when the next poll is due; waits in slices so that a driver's read returns in time."""

    def __init__(self, period_s: float, slice_s: float = 0.1) -> None:
        self._period_s = period_s
        self._slice_s = slice_s
        self._due = time.monotonic()

    def due(self) -> bool:
        """Wait a little; tell whether it is time to poll."""
        left = self._due - time.monotonic()
        if left > self._slice_s:
            time.sleep(self._slice_s)
            return False
        if left > 0:
            time.sleep(left)
        # After a delay polls do not catch up in a burst.
        self._due = max(self._due + self._period_s, time.monotonic())
        return True


class SamplePace:
    """Says which polls become samples: one about every ``period_s``, by the clock.

    Not by counting polls: on a shared line a poll may wait for others.

    Parameters
    ----------
    period_s : time between samples, s.
    poll_s : time between polls, s; half of it is tolerated early.
    """

    def __init__(self, period_s: float, poll_s: float) -> None:
        self._period_s = period_s
        self._early_s = poll_s / 2
        self._due = time.monotonic()

    def due(self) -> bool:
        """Tell whether this poll is to be passed on."""
        now = time.monotonic()
        if now < self._due - self._early_s:
            return False
        self._due = max(self._due + self._period_s, now + self._early_s)
        return True
