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
    """Says which polls become samples: the first, then one in so many.

    They are counted, so that the same answers give the same samples when they are
    played again, on a busy machine too. Where polls wait for others, as on a shared
    line, one becomes a sample when the next would come after `LATEST` periods.

    Parameters
    ----------
    period_s : time between samples, s.
    poll_s : time between polls, s.
    """

    LATEST = 1.5  # a device is taken for silent after 2 (`drivers.freshness`)

    def __init__(self, period_s: float, poll_s: float) -> None:
        self._polls = max(1, round(period_s / poll_s))
        self._latest_s = self.LATEST * period_s
        self._left = 1
        self._sampled = self._polled = time.monotonic()

    def due(self) -> bool:
        """Tell whether this poll is to be passed on."""
        now = time.monotonic()
        next_s = now + (now - self._polled) - self._sampled
        self._polled = now
        self._left -= 1
        if self._left > 0 and next_s < self._latest_s:
            return False
        self._left, self._sampled = self._polls, now
        return True
