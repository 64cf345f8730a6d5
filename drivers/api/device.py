"""The contract of a device driver, and of the link that carries its bytes.

A driver is a plain blocking class: open, identify, read, close. The runner owns
the thread, the retries, the freshness, the times and the recording of raw
bytes, which is why a driver opens its wire through the opener that it is given.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from drivers.api.readings import Quantity, Reading


class Link(Protocol):
    """An open byte wire: a serial line, a TCP connection or a bound UDP socket."""

    def read(self, size: int = 65536) -> bytes:
        """Return what has arrived, waiting at most 0.2 s for the first byte.

        Returns
        -------
        bytes : at most ``size``; empty when nothing came. For UDP: one datagram.

        Raises
        ------
        DeviceLost : the port was unplugged, the peer closed.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send all of ``data``.

        Raises
        ------
        DeviceLost : the port was unplugged, the peer closed.
        """
        ...

    def discard_input(self) -> None:
        """Drop what has arrived and was not read (stale bytes before a poll)."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Hold the line for one question and its answer.

        On a shared line the other devices wait until it ends, each is served in
        the order in which it asked, and what came before the turn is dropped. On
        a wire of one's own it costs nothing. Keep it short: one question, one
        answer, never a pause between polls. A turn within a turn is the same turn.

        Raises
        ------
        DeviceLost : the port was unplugged, the peer closed.

        Examples
        --------
        ::

            with link.turn():
                link.write(request)
                answer = link.read()
        """
        ...

    def close(self) -> None:
        """Close; a second call does nothing."""
        ...


class LinkOpener(Protocol):
    """Opens links by URL; given to every driver by whoever runs it."""

    def open(self, url: str, *, shared: bool = False, **settings: Any) -> Link:
        """Open a link.

        Parameters
        ----------
        url : a local port (``/dev/ttyUSB0``), ``socket://host:port``,
            ``rfc2217://host:port``, or ``udp://host:port`` (bind and receive).
        shared : several devices of this process may open this URL and use one
            port in turns, as probes on one RS-485 pair do. Then every read and
            write belongs into `Link.turn`, and all devices on the line must ask
            for the same settings. A port that dies is lost to all of them.
        settings : serial line settings: ``baudrate``, ``bytesize``, ``parity``
            ("N", "E", "O"), ``stopbits``; ignored by TCP and UDP.

        Raises
        ------
        DeviceOpenError : the port is missing or busy, the connection refused.
        ConfigError : the URL names no kind of wire that is known, or another
            device has the shared line open with other settings.
        """
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered at the far end; an empty text where the device cannot say."""

    maker: str
    model: str
    serial: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a driver promises; the runner and the conformance kit hold it to that.

    Parameters
    ----------
    reads : reading types that ``read`` may return, as recorded names
        ("sample", "waveform", "frame", "lines", ...).
    quantities : for samples, which.
    period_s : the longest time between two readings of a healthy device, s;
        0 for a device that speaks only when something passes (line scan).
    warm_up_s : time after power-on until readings can be trusted, s.
    response_t90_s : time to 90 % of a step, s; 0 = instant.
    frozen_after_s : a value that stays bit-identical for longer is frozen, s;
        0 = never judged.
    valid_range : lowest and highest value that the device may report; None = any.
    """

    reads: tuple[str, ...]
    quantities: tuple[Quantity, ...] = ()
    period_s: float = 1.0
    warm_up_s: float = 0.0
    response_t90_s: float = 0.0
    frozen_after_s: float = 0.0
    valid_range: tuple[float, float] | None = None


ConfigT = TypeVar("ConfigT")


class Device(ABC, Generic[ConfigT]):
    """Base class of every driver.

    Parameters
    ----------
    config : instance of the class's ``Config``, a frozen annotated dataclass
        that the registry has validated.
    links : opens the wire; raw bytes are recorded behind it.

    Attributes
    ----------
    Config : class of ``config``.
    capabilities : what the driver promises.
    api_version : version of ``drivers.api`` that it was written for, as "0.2"; empty = any.
        A lorryscan whose API is older refuses it in words, before anything is opened.
    """

    Config: ClassVar[type]
    capabilities: ClassVar[Capabilities]
    api_version: ClassVar[str] = ""

    def __init__(self, config: ConfigT, links: LinkOpener) -> None:
        self.config = config
        self.links = links

    @abstractmethod
    def open(self) -> None:
        """Open the wire and put the device into the state in which it measures.

        Called again after a loss, on a new or on the same object.

        Raises
        ------
        DeviceOpenError : no such port, busy, refused.
        DeviceTimeout : the wire is open, nobody answers.
        ProtocolError : somebody else answers.
        """

    @abstractmethod
    def identify(self) -> Identity:
        """Ask the device who it is; called once after each ``open``."""

    @abstractmethod
    def read(self) -> Sequence[Reading]:
        """Return new readings, possibly none, within about 0.2 s.

        A polled device waits for its own answer here, up to its time limit.

        Raises
        ------
        DeviceLost : the wire is gone.
        DeviceTimeout : the device did not answer.
        ProtocolError : the device answers with an error.
        """

    def complaint(self) -> str:
        """Return what is wrong with a device that still speaks, and what to do; empty when nothing is.

        Asked after each `read` that returned something; shown as the reason of a degraded device,
        after its name: "reports: lamp weak: send it to service".
        """
        return ""

    @abstractmethod
    def close(self) -> None:
        """Close the wire; a second call does nothing, and none raises."""
