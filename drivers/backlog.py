"""The queue between devices and whoever takes what they say, with a named policy for when it is full."""

from __future__ import annotations

import queue
import sys
from collections import Counter
from enum import StrEnum

from drivers.api import DeviceState, Event, Item


class QueuePolicy(StrEnum):
    """What happens when more comes than is taken.

    ``WAIT``: who puts waits and nothing is lost; the wait is counted and shown as lag. For a recorder.
    ``DROP_OLDEST``: the newest stay and no device waits; what gave way is counted by device. For live
    views and monitors.
    """

    WAIT = "wait"
    DROP_OLDEST = "drop_oldest"


class Backlog(queue.Queue[Item]):
    """A bounded queue of what devices say; `release` opens it for good.

    Parameters
    ----------
    size : items it holds.
    policy : what happens when it is full. A `DeviceState` or `Event` never gives way: raw bytes and
        readings do. A queue that holds states alone lets the next state wait.

    Examples
    --------
    >>> from drivers.api import Quantity, Role, Sample, Stamp
    >>> newest = Backlog(2, QueuePolicy.DROP_OLDEST)
    >>> for n in range(3):
    ...     newest.put(Sample(Quantity.CO2_PPM, 400.0 + n, stamp=Stamp("nose", Role.INSIDE, n, n)))
    >>> newest.get().value, newest.dropped("nose")
    (401.0, 1)
    """

    def __init__(self, size: int, policy: QueuePolicy = QueuePolicy.WAIT) -> None:
        super().__init__(size)
        self.policy = policy
        self._dropped: Counter[str] = Counter()

    def dropped(self, name: str) -> int:
        """Return how many raw bytes items and readings of a device were dropped."""
        return self._dropped[name]

    def put(self, item: Item, block: bool = True, timeout: float | None = None) -> None:
        """Put as the policy says; see `queue.Queue.put` where it waits."""
        if self.policy is QueuePolicy.DROP_OLDEST:
            with self.mutex:
                if self._has_room() or self._drop_one():
                    self._put(item)
                    self.unfinished_tasks += 1
                    self.not_empty.notify()
                    return
                if not _stays(item):  # nothing but states: they matter more
                    self._count(item)
                    return
        super().put(item, block, timeout)

    def offer(self, item: Item) -> bool:
        """Put without waiting; tell whether there was room."""
        try:
            self.put_nowait(item)
        except queue.Full:
            return False
        return True

    def release(self) -> None:
        """Take the bound away, so that threads waiting in ``put`` can end."""
        with self.mutex:
            self.maxsize = sys.maxsize
            self.not_full.notify_all()

    def _has_room(self) -> bool:
        return self.maxsize <= 0 or self._qsize() < self.maxsize

    def _drop_one(self) -> bool:
        """Drop the oldest that may go; False when nothing may."""
        for at, item in enumerate(self.queue):
            if not _stays(item):
                del self.queue[at]
                self._count(item)
                return True
        return False

    def _count(self, item: Item) -> None:
        if not isinstance(item, Event):
            self._dropped[item.stamp.sensor] += 1


def _stays(item: Item) -> bool:
    return isinstance(item, DeviceState | Event)
