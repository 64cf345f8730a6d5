"""A whole lane agent over a few seconds of a simulated lorry, with a link to a service if wanted."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from drivers.api import DeviceState, Event, Item
from scanner.lane.agent import LaneAgent
from scanner.lane.commands import Command, Quit
from scanner.lane.config import LaneConfig
from scanner.lane.link import Link
from scanner.lane.service_address import ServiceLink
from scanner.methods import MethodKit
from scanner.policy import make_policy
from scanner.simulation.items import VisitTimes, lorry_items
from scanner.simulation.layout import SENSORS
from scanner.simulation.stream import demo_stream

UTC_NS = 1_793_606_400_000_000_000
LORRY = demo_stream()[1]


class PlayedItems:
    """Stands where the devices are; plays items, then waits until it is told to go on."""

    def __init__(self, items: Iterable[Item], pace_s: float = 0.0) -> None:
        self.items = self
        self.now_ns = 0
        self.pace_s = pace_s
        self.ended = threading.Event()
        self._source: Iterator[Item] = iter(items)

    def start(self) -> None:
        """Nothing to open."""

    def stop(self) -> None:
        """Nothing to close."""

    def get(self, timeout: float) -> Item:
        for item in self._source:
            if isinstance(item, Event):
                continue
            self.now_ns = max(self.now_ns, item.stamp.mono_ns)
            if self.pace_s:
                time.sleep(self.pace_s)
            return item
        self.ended.set()
        time.sleep(0.002)
        raise queue.Empty


class ShortLane:
    """A lane whose devices play ``duration_s`` of a lorry; afterwards its clock stands still."""

    def __init__(
        self,
        folder: Path,
        kit: MethodKit,
        duration_s: float = 6.0,
        url: str = "",
        token: str = "a-lane-token",
        xray_s: float | None = 0.5,
        lost: dict[str, float] | None = None,
        policy: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        times = VisitTimes(xray_s=xray_s, lost=lost)
        items = list(lorry_items(LORRY.lorry(), duration_s=duration_s, times=times))
        self.group = PlayedItems(items)
        self.group.now_ns = next(i.stamp.mono_ns for i in items if isinstance(i, DeviceState))
        offset_ns = UTC_NS - self.group.now_ns
        self.agent = LaneAgent(
            LaneConfig("short", folder, (), dict(SENSORS), make_policy(policy or {}), {}),
            kit,
            clock=lambda: self.group.now_ns,
            wall=lambda: self.group.now_ns + offset_ns,
            group=self.group,  # type: ignore[arg-type]
        )
        self.link = Link(self.agent, ServiceLink(url, token)) if url else None
        self._thread = threading.Thread(target=self.agent.run, daemon=True)

    def start(self, *commands: Command) -> list[str]:
        """Start the lane and its link, commands first; return what they answered."""
        given = [self.agent.submit(command) for command in commands]
        if self.link is not None:
            self.link.start()
        self._thread.start()
        return [one.result(60) for one in given]

    def played(self) -> None:
        """Wait until everything was played."""
        assert self.group.ended.wait(120)

    def stop(self) -> None:
        """End the lane, as ``quit`` does."""
        if self._thread.ident is None:
            self.agent.outbox.close()
            self.agent._hold.close()
            return
        self.agent.submit(Quit())
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.link is not None:
            self.link.stop()
