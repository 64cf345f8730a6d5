"""A driver that leaves descriptors open is named, and shut out before the lane runs out of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from drivers.api import Capabilities, ConnectionState, Device, Identity, Quantity, Reading, Role, Sample
from drivers.leak_watch import NAMED_AFTER, SHUT_OUT_AFTER, LeakWatch
from drivers.runner import DeviceSpec


@dataclass(frozen=True)
class LeakConfig:
    """What a leaky driver left open, for the test to close."""

    left: list[int] = field(default_factory=list)
    each: int = 8
    until: int = 10**6


class Leaky(Device[LeakConfig]):
    Config = LeakConfig
    capabilities = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,), period_s=0.1)

    def open(self) -> None:
        pass

    def identify(self) -> Identity:
        return Identity("Test", "Leaky")

    def read(self) -> Sequence[Reading]:
        if len(self.config.left) < self.config.until:
            self.config.left.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(self.config.each))
        return (Sample(Quantity.CO2_PPM, 400.0 + len(self.config.left)),)

    def close(self) -> None:
        pass


@pytest.fixture
def config() -> Iterator[LeakConfig]:
    leaky = LeakConfig()
    yield leaky
    for descriptor in leaky.left:
        os.close(descriptor)


def test_a_leaky_driver_is_named_while_it_works(lane, until, config):
    spec = DeviceSpec("probe", Role.LANE, Leaky, LeakConfig(config.left, each=4, until=NAMED_AFTER + 8))
    running = lane(spec)
    until(lambda: running.is_in("probe", ConnectionState.DEGRADED), "being named")
    assert "files or ports open: restart the lane" in running.group.states()["probe"].reason


def test_it_is_shut_out_before_others_suffer(lane, until, config):
    running = lane(DeviceSpec("probe", Role.LANE, Leaky, config))
    until(lambda: running.is_in("probe", ConnectionState.LOST), "being shut out")
    assert len(config.left) <= SHUT_OUT_AFTER + 2 * config.each
    assert "was stopped before the lane runs out of them" in running.group.states()["probe"].reason
    assert running.group.metrics()["probe"].given_up


def test_a_sound_driver_beside_it_is_not_blamed():
    watch, others = LeakWatch(), []
    try:
        for _ in range(NAMED_AFTER):
            with watch.call():  # another thread opens while this driver waits for its device
                other = threading.Thread(target=lambda: others.append(os.open(os.devnull, os.O_RDONLY)))
                other.start()
                other.join()
        assert watch.left_open == 0
        for _ in range(NAMED_AFTER):
            with watch.call():  # and this one opens and closes for itself
                os.close(os.open(os.devnull, os.O_RDONLY))
        assert watch.left_open == 0
    finally:
        for descriptor in others:
            os.close(descriptor)
