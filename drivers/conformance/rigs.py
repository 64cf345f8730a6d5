"""Rigs: what is at the far end of the wire while a driver is tried."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.api import ConfigError, LinkOpener
from drivers.conformance.told import Told
from drivers.conformance.transcript import ScriptedLinks, Transcript
from drivers.transport import PortLinks, Tap
from drivers.twins.fault_box import FaultBox
from drivers.twins.ports import PtyPort, TcpPort, UdpPort, WirePort
from drivers.twins.twin import Twin

if TYPE_CHECKING:
    from drivers.conformance.suite import DriverSuite

TRUTH, UNPLUG, INJECT, SILENCE, REPEAT = "truth", "unplug", "inject", "silence", "repeat"
"""What a rig may be able to do; a law names what it needs."""

LACKS = {
    TRUTH: "nobody knows what it measures",
    UNPLUG: "no hand pulls its plug",
    INJECT: "nothing can be put on its wire",
    SILENCE: "it cannot be told to be silent",
    REPEAT: "there is only one of it",
}
"""Why a rig cannot do it, in words."""


class Rig(ABC):
    """One far end; used in a ``with`` statement by one law."""

    abilities: frozenset[str] = frozenset()

    def __init__(self, name: str, seed: int = 1) -> None:
        self.name = name
        self.told = Told(seed)

    @property
    @abstractmethod
    def url(self) -> str:
        """What the driver opens."""

    def links(self, tap: Tap | None = None) -> LinkOpener:
        """Return the opener that the driver is given."""
        return PortLinks(tap)

    def provoke(self) -> None:
        """Make a device speak that speaks only when something passes; the others speak anyway."""
        return

    def forget(self) -> None:
        """Keep no longer what the far end said so far."""
        self.told.forget()

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class TwinRig(Rig):
    """A twin behind a fault box on a pseudo-terminal, a TCP connection or datagrams."""

    abilities = frozenset({TRUTH, UNPLUG, INJECT, SILENCE, REPEAT})

    def __init__(self, suite: DriverSuite, wire: str, seed: int = 1) -> None:
        super().__init__(f"twin on {wire}", seed)
        self.wire = wire
        self._suite = suite
        self._folder = tempfile.TemporaryDirectory(prefix="rig-")
        self.box = FaultBox(self._port(), seed=seed)
        self.twin: Twin = suite.twin(self.box, self.told)

    @property
    def url(self) -> str:
        return self.box.url

    def provoke(self) -> None:
        self._suite.provoke(self.twin, self.told)

    def forget(self) -> None:
        super().forget()
        self.box.forget()

    def __enter__(self) -> TwinRig:
        self.twin.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.twin.stop()
        finally:
            self.discard()

    def discard(self) -> None:
        """Close the wire; alone for a rig whose twin was never started."""
        self.box.close()
        self._folder.cleanup()

    def _port(self) -> WirePort:
        if self.wire == "pty":
            return PtyPort(Path(self._folder.name) / "port")  # the name stays over a replug
        if self.wire == "tcp":
            return TcpPort()
        if self.wire == "udp":
            return UdpPort()
        raise ConfigError(f'a suite names the wire "{self.wire}": use pty, tcp or udp')


class TranscriptRig(Rig):
    """A recorded exchange; truth only where a person has written what it was checked against."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__("transcript")
        self.transcript = transcript

    @property
    def url(self) -> str:
        return str(self.transcript.config.get("url", "transcript://"))

    def links(self, tap: Tap | None = None) -> LinkOpener:
        del tap  # what crosses this wire was recorded already
        return ScriptedLinks(self.transcript)


class DeviceRig(Rig):
    """A real device: nothing is known of what it measures, and no hand pulls its plug."""

    def __init__(self, url: str) -> None:
        super().__init__(f"device {url}")
        self._url = url

    @property
    def url(self) -> str:
        return self._url
