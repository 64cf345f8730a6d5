"""The queue between devices and their reader: who waits, what gives way, what never does."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from typing import Any

from drivers.api import (
    Capabilities,
    ConnectionState,
    Device,
    DeviceState,
    Direction,
    Identity,
    Quantity,
    RawBytes,
    Reading,
    Role,
    Sample,
    Stamp,
)
from drivers.backlog import Backlog, QueuePolicy
from drivers.runner import DeviceGroup, DeviceSpec


def sample(number: int, sensor: str = "nose") -> Sample:
    return Sample(Quantity.CO2_PPM, 400.0, stamp=Stamp(sensor, Role.INSIDE, number, number))


def raw(number: int, sensor: str = "nose") -> RawBytes:
    return RawBytes(Direction.RX, b"x", Stamp(sensor, Role.INSIDE, number, number))


def state(number: int, sensor: str = "nose") -> DeviceState:
    return DeviceState(ConnectionState.LOST, str(number), stamp=Stamp(sensor, Role.INSIDE, number, number))


def taken(backlog: Backlog) -> list[Any]:
    items = []
    while not backlog.empty():
        items.append(backlog.get_nowait())
    return items


def test_waiting_keeps_everything_in_order() -> None:
    backlog = Backlog(2)
    putter = threading.Thread(target=lambda: [backlog.put(sample(n)) for n in range(20)])
    putter.start()
    numbers = [backlog.get(timeout=5).stamp.sequence for _ in range(20)]  # type: ignore[union-attr]
    putter.join()
    assert numbers == list(range(20))
    assert backlog.dropped("nose") == 0


def test_a_waiting_queue_takes_no_offer_when_full() -> None:
    backlog = Backlog(1)
    assert backlog.offer(sample(0))
    assert not backlog.offer(sample(1))


def test_release_lets_waiting_threads_end() -> None:
    backlog = Backlog(1)
    backlog.put(sample(0))
    putter = threading.Thread(target=backlog.put, args=(sample(1),))
    putter.start()
    backlog.release()
    putter.join(5)
    assert not putter.is_alive()
    assert len(taken(backlog)) == 2


def test_the_newest_stay_and_drops_are_counted_by_device() -> None:
    backlog = Backlog(3, QueuePolicy.DROP_OLDEST)
    for n in range(5):
        backlog.put(sample(n))
    backlog.put(raw(0, "ear"))
    backlog.put(raw(1, "ear"))
    backlog.put(raw(2, "ear"))
    backlog.put(raw(3, "ear"))
    assert [item.stamp.sequence for item in taken(backlog)] == [1, 2, 3]
    assert (backlog.dropped("nose"), backlog.dropped("ear"), backlog.dropped("eye")) == (5, 1, 0)


def test_states_never_give_way() -> None:
    backlog = Backlog(3, QueuePolicy.DROP_OLDEST)
    for item in (state(0), sample(0), state(1), sample(1), sample(2), state(2)):
        backlog.put(item)
    left = taken(backlog)
    assert left == [state(0), state(1), state(2)]
    assert backlog.dropped("nose") == 3


def test_among_states_alone_a_reading_gives_way_itself() -> None:
    backlog = Backlog(2, QueuePolicy.DROP_OLDEST)
    for item in (state(0), state(1), sample(0)):
        backlog.put(item)
    assert taken(backlog) == [state(0), state(1)]
    assert backlog.dropped("nose") == 1


def test_a_state_waits_behind_states_alone_and_is_not_lost() -> None:
    backlog = Backlog(2, QueuePolicy.DROP_OLDEST)
    backlog.put(state(0))
    backlog.put(state(1))
    assert not backlog.offer(state(2))
    putter = threading.Thread(target=backlog.put, args=(state(2),))
    putter.start()
    assert [backlog.get(timeout=5) for _ in range(3)] == [state(0), state(1), state(2)]
    putter.join(5)


def test_dropping_under_many_threads_counts_every_item() -> None:
    backlog = Backlog(10, QueuePolicy.DROP_OLDEST)
    names = [f"device-{n}" for n in range(4)]
    putters = [
        threading.Thread(target=lambda name=name: [backlog.put(sample(n, name)) for n in range(2000)])
        for name in names
    ]
    got = []
    for putter in putters:
        putter.start()
    while any(putter.is_alive() for putter in putters):
        got += taken(backlog)
    got += taken(backlog)
    for name in names:
        mine = [item.stamp.sequence for item in got if item.stamp.sensor == name]
        assert mine == sorted(mine)
        assert len(mine) + backlog.dropped(name) == 2000


class Chatterbox(Device[None]):
    """Speaks a thousand times a second."""

    Config = type(None)
    capabilities = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,), period_s=0.1)

    def open(self) -> None:
        self._numbers = itertools.count()

    def identify(self) -> Identity:
        return Identity("Test", "Chatterbox")

    def read(self) -> Sequence[Reading]:
        time.sleep(0.001)
        return (Sample(Quantity.CO2_PPM, float(next(self._numbers))),)

    def close(self) -> None:
        pass


def test_no_device_waits_for_a_monitor_that_does_not_look(until: Any) -> None:
    fast = DeviceSpec("fast", Role.INSIDE, Chatterbox, None)
    with DeviceGroup([fast], queue_size=5, policy=QueuePolicy.DROP_OLDEST) as group:
        until(lambda: group.metrics()["fast"].readings > 200, "two hundred readings")
        until(lambda: group.states()["fast"].state is ConnectionState.READY, "ready")
        metrics = group.metrics()["fast"]
        assert metrics.lags == 0
        assert metrics.drops > 150
    left = taken(group.items)
    states = [item.state for item in left if isinstance(item, DeviceState)]
    assert states == [ConnectionState.OPENING, ConnectionState.READY, ConnectionState.CLOSED]
    numbers = [item.stamp.sequence for item in left if isinstance(item, Sample)]
    metrics = group.metrics()["fast"]
    assert numbers == list(range(metrics.readings - len(numbers), metrics.readings))
    assert metrics.drops == metrics.readings - len(numbers)
