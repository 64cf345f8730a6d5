"""Drivers of the example probe that each break one thing; the sound one is `acme_air.driver.AcmeAir`."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from acme_air.codec import LineDecoder
from acme_air.driver import AcmeAir
from acme_air.suite import AcmeAirSuite
from evil_drivers import Hangs, Leaks, Percent, Raises

__all__ = ["AcmeAir", "Hangs", "Leaks", "Percent", "Raises"]

from drivers.api import (
    DeviceLost,
    DeviceTimeout,
    Identity,
    Link,
    ProtocolError,
    Quantity,
    Reading,
    Sample,
)


def suite_for(driver: type[AcmeAir], **settings: Any) -> AcmeAirSuite:
    """Return the example's suite for another driver of the same probe."""

    class Suite(AcmeAirSuite):
        def config(self, url: str) -> Mapping[str, Any]:
            return {**super().config(url), **settings}

    Suite.driver = driver
    return Suite()


def _co2(readings: Sequence[Reading], change: Any) -> list[Reading]:
    """Return readings whose CO2 samples were changed."""
    return [
        change(one) if isinstance(one, Sample) and one.quantity is Quantity.CO2_PPM else one
        for one in readings
    ]


class Stale(AcmeAir):
    """Returns the first value again and again."""

    first: Sample | None = None

    def read(self) -> Sequence[Reading]:
        got = super().read()
        if got and self.first is None:
            assert isinstance(got[0], Sample)
            self.first = got[0]
            return got
        return [got[0], self.first] if got and self.first is not None else got


class OffByOffset(AcmeAir):
    """Adds what was never measured."""

    def read(self) -> Sequence[Reading]:
        return _co2(super().read(), lambda s: dataclasses.replace(s, value=s.value + 1.5))


class NumpyFloats(AcmeAir):
    """Returns float32."""

    def read(self) -> Sequence[Reading]:
        return _co2(super().read(), lambda s: dataclasses.replace(s, value=np.float32(s.value)))


class Undeclared(AcmeAir):
    """Returns a quantity that it does not declare."""

    def read(self) -> Sequence[Reading]:
        return [*super().read(), Sample(Quantity.OXYGEN_PCT, 20.9)]


class OutOfRange(AcmeAir):
    """Calls a value good that lies outside the range which it declares."""

    capabilities = dataclasses.replace(AcmeAir.capabilities, valid_range=(0.005, 2.0))


class Slower(AcmeAir):
    """Declares ten readings a second and gives one in two."""

    capabilities = dataclasses.replace(AcmeAir.capabilities, period_s=0.1)
    last = 0.0

    def read(self) -> Sequence[Reading]:
        got = super().read()
        if not got or time.monotonic() - self.last < 2.0:
            return ()
        self.last = time.monotonic()
        return got


class Slow(AcmeAir):
    """Sleeps in read."""

    def read(self) -> Sequence[Reading]:
        time.sleep(1.4)
        return super().read()


class Spins(AcmeAir):
    """Returns at once while nothing is due."""

    def read(self) -> Sequence[Reading]:
        return () if time.monotonic() < self._due else super().read()


class Backwards(AcmeAir):
    """Its times run back."""

    tick = 0

    def read(self) -> Sequence[Reading]:
        self.tick -= 1_000_000
        return _co2(super().read(), lambda s: dataclasses.replace(s, device_ns=self.tick))


class DependsOnClock(AcmeAir):
    """Puts something of its own into a value."""

    def read(self) -> Sequence[Reading]:
        return _co2(super().read(), lambda s: dataclasses.replace(s, value=s.value + time.time() % 1e-7))


class AsksAnything(AcmeAir):
    """Writes what does not follow from what it read."""

    def _ask(self, command: bytes, head: bytes) -> bytes:
        if command.startswith(b"V"):
            number = random.randrange(100)
            command, head = b"V %d" % number, b"V %d," % number
            return b"V %d," % self._number + super()._ask(command, head).removeprefix(head)
        return super()._ask(command, head)


class ForgetsPieces(AcmeAir):
    """Takes each read for a whole message."""

    def _ask(self, command: bytes, head: bytes) -> bytes:
        assert self._link is not None
        self._link.discard_input()
        self._link.write(command + b"\r")
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            for line in LineDecoder().feed(self._link.read()):
                if line.startswith(head):
                    return line
        raise DeviceTimeout("no answer: check the probe's cable")


class GivesUp(AcmeAir):
    """Takes any stray byte for the end of the world."""

    def _ask(self, command: bytes, head: bytes) -> bytes:
        assert self._link is not None
        self._link.discard_input()
        self._link.write(command + b"\r")
        end, buffer = time.monotonic() + 0.3, b""
        while time.monotonic() < end and not buffer.endswith(b"\n"):
            buffer += self._link.read()
            if not head.startswith(buffer[: len(head)]):
                raise ProtocolError("something else came: check the cable")
        return LineDecoder().feed(buffer)[0]


class NoChecksum(AcmeAir):
    """Believes every line."""

    def _ask(self, command: bytes, head: bytes) -> bytes:
        assert self._link is not None
        self._link.discard_input()
        self._link.write(command + b"\r")
        end, buffer = time.monotonic() + 0.5, b""
        while time.monotonic() < end:
            buffer += self._link.read()
            for line in buffer.split(b"\n")[:-1]:
                if line.startswith(head) and b"*" in line:
                    return line.rpartition(b"*")[0]
        raise DeviceTimeout("no answer: check the probe's cable")


class TakesAnything(AcmeAir):
    """Makes numbers of whatever arrives."""

    def open(self) -> None:
        self._link = self.links.open(self.config.url, baudrate=9600)

    def identify(self) -> Identity:
        return Identity("Acme", "Air-2")

    def read(self) -> Sequence[Reading]:
        assert self._link is not None
        data = self._link.read()
        return [Sample(Quantity.CO2_PPM, float(data[0] + 400))] if data else ()


class InventsValues(AcmeAir):
    """Repeats its last value when the probe says nothing."""

    last: Sequence[Reading] = ()

    def read(self) -> Sequence[Reading]:
        try:
            got = super().read()
        except DeviceTimeout:
            return self.last
        self.last = got or self.last
        return got


class SwallowsLoss(AcmeAir):
    """Says nothing when its wire is gone, and something else for ever."""

    last: Sequence[Reading] = ()

    def read(self) -> Sequence[Reading]:
        try:
            got = super().read()
        except (DeviceLost, DeviceTimeout):
            time.sleep(0.1)
            return self.last
        self.last = got or self.last
        return got


class Bare(AcmeAir):
    """Is lost without a word on what to do."""

    def read(self) -> Sequence[Reading]:
        try:
            return super().read()
        except (DeviceLost, DeviceTimeout) as error:
            raise DeviceLost("gone") from error


class OpensNothing(AcmeAir):
    """Opens its wire when it first reads."""

    def open(self) -> None:
        self._who = b"ACME AIR-2,SN00417,1.08"

    def read(self) -> Sequence[Reading]:
        if self._link is None:
            super().open()
        return super().read()


class ClosesOnce(AcmeAir):
    """Complains when it is closed again."""

    closed = False

    def close(self) -> None:
        if self.closed:
            raise ProtocolError("it is closed already")
        self.closed = self._link is not None
        super().close()


class Nameless(AcmeAir):
    """Does not say who it is."""

    def identify(self) -> Identity:
        return Identity("", "")


class KeepsLink(AcmeAir):
    """Forgets to close its link."""

    kept: ClassVar[list[Link | None]] = []

    def close(self) -> None:
        self.kept.append(self._link)
        self._link = None


class KeepsThread(AcmeAir):
    """Starts a thread at every opening and ends none."""

    def open(self) -> None:
        super().open()
        threading.Thread(target=threading.Event().wait, args=(30.0,), name="helper", daemon=True).start()


class KeepsReading(AcmeAir):
    """Reads on its own into a list without an end."""

    def open(self) -> None:
        super().open()
        self.ending = threading.Event()
        self.hoard: list[bytes] = []
        threading.Thread(target=self._hoard, name="hoarder", daemon=True).start()

    def _hoard(self) -> None:
        while not self.ending.wait(0.01):
            self.hoard.append(bytes(100_000))

    def close(self) -> None:
        with contextlib.suppress(AttributeError):
            self.ending.set()
        super().close()


class NoBound(AcmeAir):
    """Waits for the end of a line however long it becomes, and keeps all that came before."""

    kept: ClassVar[list[bytes]] = []

    def _ask(self, command: bytes, head: bytes) -> bytes:
        assert self._link is not None
        inner = self._link

        class Keeping:
            def read(self, size: int = 65536) -> bytes:
                data = inner.read(size)
                NoBound.kept.append(bytes(bytearray(data)))
                return data

            def __getattr__(self, name: str) -> Any:
                return getattr(inner, name)

        self._link = Keeping()  # type: ignore[assignment]
        try:
            return super()._ask(command, head)
        finally:
            self._link = inner


class Hoards(AcmeAir):
    """Keeps a picture of everything."""

    kept: ClassVar[list[bytearray]] = []

    def read(self) -> Sequence[Reading]:
        got = super().read()
        if got:
            self.kept.append(bytearray(200_000))
        return got


class Shares(AcmeAir):
    """Keeps its newest value in the class."""

    newest: ClassVar[list[Sequence[Reading]]] = []

    def read(self) -> Sequence[Reading]:
        got = super().read()
        if got:
            self.newest.append(got)
            return self.newest[max(0, len(self.newest) - 2)]
        return got


@dataclasses.dataclass
class LooseConfig:
    """A configuration that is not frozen."""

    url: str
    poll_s: float = 0.2


class Loose(AcmeAir):
    """Its configuration can be changed behind everybody's back."""

    Config = LooseConfig
