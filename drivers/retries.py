"""How often a device is tried again, and when the runner gives up on it, visibly."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """Pauses between openings, and how many may bring nothing.

    Parameters
    ----------
    first_s, longest_s : the pause after the first opening that failed, s; each next one is twice as long,
        up to the longest.
    tries : openings in a row without a reading until it is given up: about five minutes.
    crashes : the same for a driver that fails with an error of its own, which time does not mend.
    slow_s : the pause between openings once it is given up, s: nobody has to be there when its plug goes
        in again.
    """

    first_s: float = 0.25
    longest_s: float = 5.0
    tries: int = 60
    crashes: int = 10
    slow_s: float = 60.0


class Retries:
    """Counts the openings of one device that brought no reading; for the device's thread.

    Parameters
    ----------
    name : of the device.
    now_ns : host monotonic time, ns.
    wall : seconds since 1970, for words that people read.

    Attributes
    ----------
    tries : openings since the last reading that ended without one.
    given_up : whether it is only tried slowly.
    """

    def __init__(
        self, name: str, plan: RetryPlan, now_ns: int, wall: Callable[[], float] = time.time
    ) -> None:
        self._name, self._plan, self._wall = name, plan, wall
        self.start_over(now_ns)

    def start_over(self, now_ns: int) -> None:
        """Forget what failed: the device gave a reading, or somebody asks for it to be tried anew."""
        self.tries = self._crashes = 0
        self.given_up = False
        self._since_ns = now_ns
        self._opening_brought = False

    def begin(self) -> None:
        """Note that an opening begins."""
        self._opening_brought = False

    def brought(self, now_ns: int) -> None:
        """Note that this opening brought a reading."""
        self.start_over(now_ns)
        self._opening_brought = True

    def failed(self, crashed: bool) -> None:
        """Note that this opening ended.

        Parameters
        ----------
        crashed : with an error that no driver should raise.
        """
        if self._opening_brought:
            return
        self.tries += 1
        self._crashes += crashed
        self.given_up = self.tries >= self._plan.tries or self._crashes >= self._plan.crashes

    @property
    def pause_s(self) -> float:
        """How long to wait before the next opening, s."""
        if self.given_up:
            return self._plan.slow_s
        doublings = min(max(self.tries - 1, 0), 30)
        return min(self._plan.first_s * 2.0**doublings, self._plan.longest_s)

    def words(self, now_ns: int, last_error: str) -> str:
        """Return what to tell people once it is given up.

        Parameters
        ----------
        last_error : what ended the last opening, without the device's name.
        """
        since = time.localtime(self._wall() - (now_ns - self._since_ns) / 1e9)
        return (
            f"{self._name} has given no reading since {time.strftime('%Y-%m-%d %H:%M:%S', since)}, "
            f"{self.tries} tries failed, the last with: {last_error.rstrip('.')}. It is now tried only every "
            f"{self._plan.slow_s:g} s: mend it, then order its reopening (reopen {self._name}), "
            "or restart the lane"
        )
