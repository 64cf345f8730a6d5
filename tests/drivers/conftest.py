"""Fixtures: waiting on conditions, a group of devices with everything it said, crossed ptys."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from drivers.api import ConnectionState, DeviceState, Item, Sample
from drivers.runner import DeviceGroup, DeviceSpec
from drivers.twins.ports import PtyPort


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition; fail with what was awaited when it does not come in time."""

    def wait(condition: Callable[[], Any], what: str, limit_s: float = 8.0) -> None:
        end = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"{what} did not happen within {limit_s} s")
            time.sleep(0.002)

    return wait


class Lane:
    """A running group whose items are taken as they come."""

    def __init__(self, group: DeviceGroup) -> None:
        self.group = group
        self.items: list[Item] = []
        self._taker = threading.Thread(target=self._take, name="test taker")
        self._taker.start()
        group.start()

    def _take(self) -> None:
        while (item := self.group.items.get()) is not None:
            self.items.append(item)

    def stop(self) -> list[str]:
        left = self.group.stop()
        self.group.items.put(None)  # type: ignore[arg-type]
        self._taker.join()
        return left

    def of(self, name: str, kind: type) -> list[Any]:
        return [item for item in list(self.items) if isinstance(item, kind) and item.stamp.sensor == name]

    def samples(self, name: str) -> list[Sample]:
        return self.of(name, Sample)

    def states(self, name: str) -> list[DeviceState]:
        return self.of(name, DeviceState)

    def is_in(self, name: str, state: ConnectionState) -> bool:
        return self.group.states()[name].state is state

    def first_after(self, name: str, state: ConnectionState, mono_ns: int) -> DeviceState | None:
        """Return the first state of this kind that was published after a time."""
        for seen in self.states(name):
            if seen.state is state and seen.stamp.mono_ns >= mono_ns:
                return seen
        return None


@pytest.fixture
def lane() -> Iterator[Callable[..., Lane]]:
    """Start lanes; they are stopped at the end of the test."""
    started: list[Lane] = []

    def start(*specs: DeviceSpec, **settings: Any) -> Lane:
        started.append(Lane(DeviceGroup(specs, **settings)))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def crossed() -> Iterator[tuple[PtyPort, PtyPort]]:
    """Two ptys joined back to back: what goes into one comes out of the other."""
    one, other = PtyPort(), PtyPort()
    ending = threading.Event()

    def pump() -> None:
        while not ending.is_set():
            for source, drain in ((one, other), (other, one)):
                data = source.read(0.002)
                if data:
                    drain.write(data)

    thread = threading.Thread(target=pump, name="pump")
    thread.start()
    yield one, other
    ending.set()
    thread.join()
    one.close()
    other.close()
