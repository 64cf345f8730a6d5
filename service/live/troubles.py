"""What is wrong with the service itself, looked for once a second and told with every heartbeat."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

LEAST_FREE_BYTES = 64 << 20
TELLING_LATE_S = 5.0
STEP_S = 2.0
"""A clock that is set by less than this harms nothing."""

STEP_TOLD_S = 600.0


class Trouble(StrEnum):
    """One thing that is wrong."""

    STORE_UNAVAILABLE = "store_unavailable"
    DISK_LOW = "disk_low"
    EVENTS_LATE = "events_late"
    CLOCK_STEPPED = "clock_stepped"


@dataclass
class ClockWatch:
    """Tells when the clock of this machine was set, by comparing it with one that only runs on.

    Parameters
    ----------
    wall, mono : clocks, s.

    Examples
    --------
    >>> wall, mono = iter([1000.0, 1001.0, -2598.0]), iter([0.0, 1.0, 2.0])
    >>> watch = ClockWatch(wall.__next__, mono.__next__)
    >>> watch.step_s(), watch.step_s()
    (0.0, -3600.0)
    """

    wall: Callable[[], float] = time.time
    mono: Callable[[], float] = time.monotonic
    _ahead_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._ahead_s = self.wall() - self.mono()

    def step_s(self) -> float:
        """Return by how much the clock was set since the last call; 0 for what is no step."""
        ahead_s = self.wall() - self.mono()
        step_s, self._ahead_s = ahead_s - self._ahead_s, ahead_s
        return step_s if abs(step_s) >= STEP_S else 0.0


@dataclass
class Troubles:
    """What is wrong now, in the order of its weight.

    Attributes
    ----------
    store : why the store takes no writes; "" while it does.
    tail_s : when the event table was last looked at, by the monotonic clock.
    """

    path: Path
    clock: ClockWatch = field(default_factory=ClockWatch)
    store: str = ""
    tail_s: float = field(default_factory=time.monotonic)
    _free_bytes: int = LEAST_FREE_BYTES
    _stepped_s: float = -STEP_TOLD_S

    def look(self) -> float:
        """Look at disk and clock; return by how much the clock was set since the last look, s."""
        try:
            self._free_bytes = shutil.disk_usage(self.path).free
        except OSError:
            self._free_bytes = 0
        step_s = self.clock.step_s()
        if step_s:
            self._stepped_s = time.monotonic()
        return step_s

    def now(self) -> list[Trouble]:
        """Return what is wrong."""
        now_s = time.monotonic()
        found = {
            Trouble.STORE_UNAVAILABLE: bool(self.store),
            Trouble.DISK_LOW: self._free_bytes < LEAST_FREE_BYTES,
            Trouble.EVENTS_LATE: now_s - self.tail_s > TELLING_LATE_S,
            Trouble.CLOCK_STEPPED: now_s - self._stepped_s < STEP_TOLD_S,
        }
        return [trouble for trouble, there in found.items() if there]

    def reasons(self) -> list[str]:
        """Return the same in words for who runs the service; a clock that was set is no reason to stop."""
        words = {
            Trouble.STORE_UNAVAILABLE: self.store,
            Trouble.DISK_LOW: f"only {self._free_bytes >> 20} MiB are free on the disk of the data folder: "
            "make room",
            Trouble.EVENTS_LATE: "events do not go out: look into the service's log",
        }
        return [words[trouble] for trouble in self.now() if trouble in words]
