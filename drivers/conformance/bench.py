"""What a law works with: one suite on one rig, and the ways to drive the driver there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drivers.api import Capabilities, Device, Reading
from drivers.conformance.law import LawBroken
from drivers.conformance.rigs import DeviceRig, Rig, TranscriptRig, TwinRig
from drivers.conformance.session import Running, Session
from drivers.conformance.transcript import Transcript
from drivers.freshness import silence_limit_s
from drivers.registry import make_config

if TYPE_CHECKING:
    from drivers.conformance.suite import DriverSuite


@dataclass
class Bench:
    """One suite and one kind of far end.

    Parameters
    ----------
    suite : says how the far end is made.
    wire : "pty", "tcp" or "udp" for a twin; else "".
    device_url : a real device instead of a twin.
    transcript : a recorded exchange instead of a twin.
    settings : keys of the driver's configuration that replace the suite's.
    """

    suite: DriverSuite
    wire: str = ""
    device_url: str = ""
    transcript: Transcript | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The rig in words."""
        if self.device_url:
            return f"device {self.device_url}"
        return "transcript" if self.transcript is not None else f"twin on {self.wire}"

    @property
    def abilities(self) -> frozenset[str]:
        """What the rig can do."""
        if self.device_url:
            return DeviceRig.abilities
        return TranscriptRig.abilities if self.transcript is not None else TwinRig.abilities

    @cached_property
    def device_class(self) -> type[Device[Any]]:
        """The driver's class."""
        return self.suite.device_class()

    @property
    def capabilities(self) -> Capabilities:
        """What the driver declares."""
        return self.device_class.capabilities

    @property
    def silence_s(self) -> float:
        """How long the device may be silent before its runner must say so, s."""
        return silence_limit_s(self.capabilities.period_s)

    @property
    def wait_s(self) -> float:
        """How long a law waits for its readings, s."""
        return 6.0 + 2.5 * max(self.capabilities.period_s, 0.2) * self.suite.readings

    def rig(self, seed: int = 1) -> Rig:
        """Return a new rig, to be entered with ``with``."""
        if self.device_url:
            return DeviceRig(self.device_url)
        if self.transcript is not None:
            return TranscriptRig(self.transcript)
        return TwinRig(self.suite, self.wire, seed)

    def config(self, url: str) -> Any:
        """Return the driver's checked configuration for a URL."""
        if self.transcript is not None:
            plain = {**self.transcript.config, **self.settings}
        else:
            plain = {**self.suite.config(url), **self.settings}
        return make_config(self.device_class, plain)

    def session(self, rig: Rig) -> Session:
        """Return the driver on the rig's wire, not yet opened."""
        return Session(self.device_class, self.config(rig.url), rig.links(), rig.provoke)

    def running(self, rig: Rig, queue_size: int = 1000) -> Running:
        """Return the driver under the lane's runner on the rig's wire, to be entered with ``with``."""
        return Running(self.device_class, self.config(rig.url), rig, queue_size)

    def enough(self) -> Callable[[list[Reading]], bool]:
        """Return the test that there are as many readings as the suite asks for."""
        return lambda readings: len(readings) >= self.suite.readings

    def first_readings(self, rig: Rig) -> list[Reading]:
        """Open, read as many as the suite asks for, close.

        Raises
        ------
        LawBroken : they did not come.
        """
        with self.session(rig) as session:
            session.open()
            return session.read_until(self.enough(), self.wait_s)

    def must_be_twin(self, rig: Rig) -> TwinRig:
        """Return the rig as one that a law can act on."""
        if not isinstance(rig, TwinRig):
            raise LawBroken("this law acts on the far end and needs a twin")
        return rig
