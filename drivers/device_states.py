"""The states of one device: set from its thread and from its watchdog, told in order, none lost."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from drivers.api import ConnectionState, DeviceState, Item, Role, Stamp


class DeviceStates:
    """Keeps a device's newest state and those that were not told yet.

    Parameters
    ----------
    name, role : of the device.
    clock : host monotonic time, ns.
    """

    def __init__(self, name: str, role: Role, clock: Callable[[], int]) -> None:
        self._name, self._role, self._clock = name, role, clock
        self._set_lock = threading.Lock()
        self._tell_lock = threading.Lock()
        self._newest = DeviceState(ConnectionState.CLOSED)
        self._untold: deque[DeviceState] = deque()
        self._count = 0

    @property
    def newest(self) -> DeviceState:
        """State of the device now."""
        return self._newest

    def set(self, state: ConnectionState, reason: str) -> None:
        """Set state and reason; nothing happens when both are what they were."""
        before = self._newest
        if before.state is state and before.reason == reason:
            return
        now_ns = self._clock()
        with self._set_lock:
            before = self._newest
            if before.state is state and before.reason == reason:
                return
            since_ns = before.since_mono_ns if before.state is state else now_ns
            stamp = Stamp(self._name, self._role, now_ns, self._count)
            self._count += 1
            self._newest = DeviceState(state, reason, since_ns, stamp)
            self._untold.append(self._newest)

    def tell(self, give: Callable[[Item], bool], wait: bool) -> None:
        """Give the states that were not told yet, in order.

        Parameters
        ----------
        give : takes a state; False when there is no room now.
        wait : for another thread that is telling; the watchdog does not, since the device's thread may
            be kept by a full queue.
        """
        if not self._untold or not self._tell_lock.acquire(blocking=wait):
            return
        try:
            while self._untold and give(self._untold[0]):
                self._untold.popleft()
        finally:
            self._tell_lock.release()
