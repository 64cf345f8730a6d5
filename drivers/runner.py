"""Runs all devices of a lane into one queue, with a watchdog outside their threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import Self

from drivers.api import ConfigError, DeviceState
from drivers.backlog import Backlog, QueuePolicy
from drivers.device_metrics import DeviceMetrics
from drivers.device_thread import Clock, DeviceRunner, DeviceSpec, Links
from drivers.retries import RetryPlan
from drivers.transport import PortLinks

__all__ = [
    "Backlog",
    "DeviceGroup",
    "DeviceMetrics",
    "DeviceRunner",
    "DeviceSpec",
    "QueuePolicy",
    "RetryPlan",
]

WATCH_EVERY_S = 0.1
STOP_LIMIT_S = 3.0

log = logging.getLogger("lorryscan.drivers")


class DeviceGroup:
    """All devices of a lane, the watchdog over them, and one queue of what they say.

    Parameters
    ----------
    specs : the devices; names must differ.
    queue_size : items that wait for the reader of ``items`` before ``policy`` acts.
    links, clock, plan : as for `DeviceRunner`.
    policy : what happens when nobody takes: devices wait, or the oldest readings give way.

    Attributes
    ----------
    items : `Backlog` of stamped raw bytes, readings and states.

    Raises
    ------
    ConfigError : two devices have one name.
    """

    def __init__(
        self,
        specs: Iterable[DeviceSpec],
        queue_size: int = 10_000,
        links: Links = PortLinks,
        clock: Clock = time.monotonic_ns,
        policy: QueuePolicy = QueuePolicy.WAIT,
        plan: RetryPlan | None = None,
    ) -> None:
        self.items = Backlog(queue_size, policy)
        self.runners: dict[str, DeviceRunner] = {}
        for spec in specs:
            if spec.name in self.runners:
                raise ConfigError(f'two devices are called "{spec.name}": give each its own name')
            self.runners[spec.name] = DeviceRunner(spec, self.items.put, links, clock, plan)
        self._stopping = threading.Event()
        self._watchdog: threading.Thread | None = None

    def start(self) -> Self:
        """Start every device and the watchdog."""
        for runner in self.runners.values():
            runner.start()
        self._watchdog = threading.Thread(target=self._watch, name="device watchdog", daemon=True)
        self._watchdog.start()
        return self

    def stop(self) -> list[str]:
        """End all threads and close all wires; what was read stays in ``items``.

        Returns
        -------
        list of names of devices whose driver hangs and whose thread was left behind.
        """
        self._stopping.set()
        for runner in self.runners.values():
            runner.ask_to_stop()
        self.items.release()
        if self._watchdog is not None:
            self._watchdog.join()
            self._watchdog = None
        end = time.monotonic() + STOP_LIMIT_S
        left = [n for n, r in self.runners.items() if not r.join(max(0.0, end - time.monotonic()))]
        for name in left:
            log.error("the driver of %s hangs and could not be stopped", name)
        return left

    def states(self) -> dict[str, DeviceState]:
        """Return the newest state of every device by name."""
        return {name: runner.state for name, runner in self.runners.items()}

    def metrics(self) -> dict[str, DeviceMetrics]:
        """Return the counts of every device by name."""
        return {
            name: replace(runner.metrics(), drops=self.items.dropped(name))
            for name, runner in self.runners.items()
        }

    def reopen(self, name: str) -> bool:
        """Have a device closed and opened anew now, also one that was given up.

        Returns
        -------
        False when its driver hangs, which only a new start of the lane ends.

        Raises
        ------
        KeyError : no device has the name.
        """
        return self.runners[name].reopen()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_EVERY_S):
            for runner in self.runners.values():
                runner.watch(self.items.offer)
