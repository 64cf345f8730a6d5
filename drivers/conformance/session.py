"""Drives a driver for a law: directly, with its bytes kept, or through the lane's runner."""

from __future__ import annotations

import contextlib
import queue
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from drivers.api import (
    ConnectionState,
    Device,
    DeviceState,
    DriverError,
    Identity,
    Item,
    LinkOpener,
    RawBytes,
    Reading,
    Role,
)
from drivers.conformance.exchange import Act, Exchange
from drivers.conformance.law import LawBroken
from drivers.conformance.rigs import Rig
from drivers.conformance.scripted_links import RecordingLinks
from drivers.reading_check import checked_readings
from drivers.runner import DeviceGroup, DeviceSpec

PROVOKE_EVERY_S = 1.0
DRAIN_S = 0.6
NAP_S = 0.001
NAME = "device under test"


class Session:
    """One driver object on one wire.

    Parameters
    ----------
    device_class, config : the driver.
    links : opens the rig's wires.
    provoke : makes the device speak where it does so only on occasion.

    Attributes
    ----------
    exchanges : every byte that crossed the wire, in order.
    longest_read_s : of all calls of ``read``.
    empty_reads : calls of ``read`` that returned nothing, and ``idle_reads`` those in which nothing came.
    overslept_s : what the naps between reads took too long; a busy machine is not the driver's fault.
    """

    def __init__(
        self,
        device_class: type[Device[Any]],
        config: Any,
        links: LinkOpener,
        provoke: Callable[[], None] = lambda: None,
    ) -> None:
        self.exchanges: list[Exchange] = []
        self.longest_read_s = 0.0
        self.empty_reads = self.idle_reads = 0
        self.overslept_s = 0.0
        self._provoke = provoke
        self._class = device_class
        self._recording = RecordingLinks(links, self.exchanges.append)
        with blamed("__init__"):
            self.device = device_class(config, self._recording)

    def open(self) -> Identity:
        """Open and identify, as the runner does."""
        with blamed("open()"):
            self.device.open()
        with blamed("identify()"):
            identity = self.device.identify()
        self._provoke()
        return identity

    def read(self) -> list[Reading]:
        """Read once; what is returned is checked as the runner checks it."""
        began, crossed = time.monotonic(), len(self.exchanges)
        with blamed("read()"):
            got = self.device.read()
        took = time.monotonic() - began
        self.longest_read_s = max(self.longest_read_s, took)
        with blamed("read()"):
            checked = list(checked_readings(got, self._class.capabilities))
        if not checked:
            self.empty_reads += 1
            self.idle_reads += all(one.act is not Act.RX for one in self.exchanges[crossed:])
        return checked

    def nap(self) -> None:
        """Sleep for a moment, so that a driver that never waits does not eat the processor."""
        began = time.monotonic()
        time.sleep(NAP_S)
        self.overslept_s += time.monotonic() - began - NAP_S

    def read_until(
        self, enough: Callable[[list[Reading]], bool], limit_s: float, what: str = "readings"
    ) -> list[Reading]:
        """Read until there is enough.

        Raises
        ------
        LawBroken : it did not come in time, or the driver raised.
        """
        readings: list[Reading] = []
        end = time.monotonic() + limit_s
        provoked = time.monotonic()
        while not enough(readings):
            now = time.monotonic()
            if now > end:
                raise LawBroken(
                    f"only {len(readings)} {what} came within {limit_s:g} s from a device that speaks: "
                    "check that bytes become readings as soon as a message is whole"
                )
            if now - provoked > PROVOKE_EVERY_S:
                self._provoke()
                provoked = now
            got = self.read()
            readings += got
            if not got:
                self.nap()
        return readings

    def forget(self) -> None:
        """Keep no longer what crossed the wire so far."""
        self.exchanges.clear()

    def end_recording(self) -> list[Reading]:
        """Cut the wire off and return what the driver still makes of the bytes that it has."""
        self._recording.end()
        return self.drain()

    def drain(self) -> list[Reading]:
        """Read until nothing comes any more for `DRAIN_S`, or the driver gives up on a silent wire."""
        readings: list[Reading] = []
        last = time.monotonic()
        while time.monotonic() - last < DRAIN_S:
            try:
                got = self.read()
            except DriverError:
                break
            if got:
                readings += got
                last = time.monotonic()
            else:
                self.nap()
        return readings

    def close(self) -> None:
        """Close the driver."""
        with blamed("close()"):
            self.device.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self.device.close()


class Running:
    """A driver under the lane's own runner.

    Attributes
    ----------
    states : every state that was published, with the time at which it was seen.
    readings : what came, in order.
    """

    def __init__(
        self, device_class: type[Device[Any]], config: Any, rig: Rig, queue_size: int = 1000
    ) -> None:
        self.states: list[tuple[float, DeviceState]] = []
        self.readings: list[Reading] = []
        spec = DeviceSpec(NAME, Role.LANE, device_class, config)
        self.group = DeviceGroup([spec], queue_size=queue_size, links=rig.links)
        self._rig = rig
        self._provoked = 0.0

    def __enter__(self) -> Running:
        self.group.start()
        return self

    def __exit__(self, *_: object) -> None:
        left = self.group.stop()
        if left:
            raise LawBroken("its thread could not be stopped: read() must return within about 0.2 s")

    @property
    def state(self) -> ConnectionState:
        """State that was taken last; what was read before it has been taken too."""
        return self.states[-1][1].state if self.states else ConnectionState.CLOSED

    @property
    def reason(self) -> str:
        """Reason of the state that was taken last."""
        return self.states[-1][1].reason if self.states else ""

    def take(self, wait_s: float = 0.02) -> None:
        """Take what the queue holds."""
        now = time.monotonic()
        if now - self._provoked > PROVOKE_EVERY_S:
            self._rig.provoke()
            self._provoked = now
        with contextlib.suppress(queue.Empty):
            self._keep(self.group.items.get(timeout=wait_s))
            while True:
                self._keep(self.group.items.get_nowait())

    def until(self, condition: Callable[[], bool], limit_s: float, broken: str) -> float:
        """Wait for a condition; return how long it took, s.

        Raises
        ------
        LawBroken : it did not come; says ``broken``.
        """
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > limit_s:
                raise LawBroken(f"{broken} (its state is {self.state.value}: {self.reason or 'no reason'})")
            self.take()
        return time.monotonic() - began

    def _keep(self, item: Item) -> None:
        if isinstance(item, DeviceState):
            self.states.append((time.monotonic(), item))
        elif not isinstance(item, RawBytes):
            self.readings.append(item)  # type: ignore[arg-type]


@contextlib.contextmanager
def blamed(call: str) -> Iterator[None]:
    """Turn what a driver raises by mistake into a broken law that names the line.

    `DriverError` passes: the contract allows it, and the law decides.
    """
    try:
        yield
    except (DriverError, LawBroken):
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise LawBroken(
            f"its {call} raised {type(error).__name__}: {error} ({Path(last.filename).name}, line "
            f"{last.lineno}): raise DeviceLost, DeviceTimeout or ProtocolError with words for an officer, "
            "and let nothing else out"
        ) from error
