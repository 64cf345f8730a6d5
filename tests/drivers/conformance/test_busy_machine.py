"""What the kit measures and concludes does not change with the load of the machine that it runs on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.api import (
    Capabilities,
    ConnectionState,
    Device,
    DeviceLost,
    Identity,
    Quantity,
    Reading,
    Sample,
)
from drivers.conformance import LAWS, Outcome
from drivers.conformance.bench import Bench
from drivers.conformance.rigs import DeviceRig
from drivers.conformance.run import try_law
from drivers.conformance.session import NAME, Running
from tests.drivers.conformance import evil


@dataclass(frozen=True)
class PulledConfig:
    """A device that says one thing before its plug is pulled."""

    says: list[Reading] = field(default_factory=lambda: [Sample(Quantity.CO2_PPM, 640.0)])


class Pulled(Device[PulledConfig]):
    Config = PulledConfig
    capabilities = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,), period_s=1.0)

    def open(self) -> None:
        pass

    def identify(self) -> Identity:
        return Identity("Test", "Pulled")

    def read(self) -> Sequence[Reading]:
        if not self.config.says:
            raise DeviceLost("its plug is out: put it in")
        return [self.config.says.pop()]

    def close(self) -> None:
        pass


def test_when_a_loss_is_seen_all_that_was_read_before_it_has_been_taken(until: Callable[..., None]):
    """Else a reading from before a pulled plug would pass for the first one after it."""
    with Running(Pulled, PulledConfig(), DeviceRig("nowhere")) as running:
        until(lambda: running.group.states()[NAME].state is ConnectionState.LOST, "loss")
        running.until(lambda: running.state is ConnectionState.LOST, 5.0, "no loss came")
        assert [type(reading) for reading in running.readings] == [Sample]


def test_a_driver_that_spins_is_found_where_every_nap_lasts_long(monkeypatch: pytest.MonkeyPatch):
    slow: Any = SimpleNamespace(monotonic=time.monotonic, sleep=lambda nap_s: time.sleep(nap_s + 0.004))
    for module in ("drivers.conformance.session", "drivers.conformance.laws.truth"):
        monkeypatch.setattr(f"{module}.time", slow)
    verdict = try_law(LAWS["reads-in-time"], Bench(evil.suite_for(evil.Spins), "tcp"))
    assert verdict.outcome is Outcome.BROKEN
    assert "times a second: wait in the link's read" in verdict.words
