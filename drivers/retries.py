"""How often a device is tried again, and when the runner gives up on it, visibly."""

from __future__ import annotations

import time
from collections import deque
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
    crashes : the same for a driver that fails with an error of its own, which time does not mend; and so many
        within ``crash_window_s`` are enough even when readings came between them.
    slow_s : the pause between openings once it is given up, s: nobody has to be there when its plug goes
        in again.
    """

    first_s: float = 0.25
    longest_s: float = 5.0
    tries: int = 60
    crashes: int = 10
    crash_window_s: float = 300.0
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
        self._crashed_ns: deque[int] = deque(maxlen=plan.crashes)
        self.start_over(now_ns)

    def start_over(self, now_ns: int) -> None:
        """Begin to count anew: the device gave a reading."""
        self.tries = self._crashes = 0
        self.given_up = False
        self._since_ns = now_ns
        self._opening_brought = False

    def ordered(self, now_ns: int) -> None:
        """Forget all failures: somebody asks for it to be tried anew."""
        self._crashed_ns.clear()
        self.start_over(now_ns)

    def begin(self) -> None:
        """Note that an opening begins."""
        self._opening_brought = False

    def brought(self, now_ns: int) -> None:
        """Note that this opening brought a reading."""
        self.start_over(now_ns)
        self._opening_brought = True

    def failed(self, now_ns: int, crashed: bool) -> None:
        """Note that this opening ended.

        Parameters
        ----------
        crashed : with an error that no driver should raise.
        """
        if crashed:
            self._crashed_ns.append(now_ns)
        if not self._opening_brought:
            self.tries += 1
            self._crashes += crashed
        often = len(self._crashed_ns) == self._plan.crashes
        recent = often and now_ns - self._crashed_ns[0] < self._plan.crash_window_s * 1e9
        self.given_up = self.tries >= self._plan.tries or self._crashes >= self._plan.crashes or recent

    def give_up(self) -> None:
        """Give up at once."""
        self.given_up = True

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
        clock = time.strftime("%Y-%m-%d %H:%M:%S", since)
        if self.tries:
            what = f"has given no reading since {clock}, {self.tries} tries failed, the last with: "
        else:
            what = f"fails again and again, {len(self._crashed_ns)} times by now, the last with: "
        return (
            f"{self._name} {what}{last_error.rstrip('.')}. It is now tried only every "
            f"{self._plan.slow_s:g} s: mend it, then order its reopening (reopen {self._name}), "
            "or restart the lane"
        )
