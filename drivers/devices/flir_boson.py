"""FLIR Boson thermal camera core: its control line alone. The picture is USB video (UVC), not read here.

The control line (a serial port, or the USB port that looks like one) tells who
the camera is, how warm its sensor is, and whether its image is corrected: a
camera that has not closed its shutter since power-on, or that has overheated, is
complained of. Nothing is set, nothing is stored in the camera.

References
----------
FLIR, Boson Software Interface Description Document 102-2013-42; Boson datasheet
(−40 to 80 °C).

Not verified on a device: the codes of part number, software revision, state of
the correction and over-temperature (the SDK's own), and what they answer; that
an answer comes within 0.3 s while the shutter moves; which errors a busy camera
gives (not ready, reading failed and busy are waited out).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from drivers.api import (
    Capabilities,
    ConfigError,
    Device,
    DeviceLost,
    DeviceTimeout,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Quantity,
    Reading,
    Sample,
)
from drivers.codecs import boson_fslp as wire
from drivers.codecs.counters import DecodeCounters
from drivers.devices.pace import Pace

BAUD_RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
ANSWER_LIMIT_S = 0.3
TRIES = 2
POLL_S = 0.5  # temperature and states by turns: one question each
PART_BYTES = 20
MOST_SEQUENCE = 0x7F  # none of them has to be escaped
LOWEST_C, HIGHEST_C = -45.0, 100.0
WAITED_OUT = (wire.NOT_READY, wire.READ_FAILED, wire.BUSY)
"""Results of a camera that is at something else, as while its shutter moves."""
MOST_WAITED_OUT = 4


@dataclass(frozen=True, slots=True)
class FlirBosonConfig:
    """Where the camera's control line is.

    Parameters
    ----------
    url : serial port, ``socket://`` or ``rfc2217://``.
    baudrate : line speed, Bd; without meaning on the camera's USB port.
    """

    url: str
    baudrate: int = 921600

    def __post_init__(self) -> None:
        if self.baudrate not in BAUD_RATES:
            raise ConfigError(f"baudrate = {self.baudrate}: a Boson's line runs at 9600 to 921600 Bd")


class FlirBoson(Device[FlirBosonConfig]):
    """Reads the sensor's temperature each second, and the states of correction and overheating."""

    Config: ClassVar[type] = FlirBosonConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads=("sample",),
        quantities=(Quantity.TEMPERATURE_C,),
        period_s=1.0,
        valid_range=(LOWEST_C, HIGHEST_C),
    )

    def __init__(self, config: FlirBosonConfig, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._decoder = wire.FslpDecoder()
        self._link: Link | None = None
        self._sequence = 0
        self._part = self._serial = ""
        self._pace = Pace(POLL_S)
        self._turn = 0
        self._refusals = 0
        self._unknown: set[int] = set()
        self._complaints: dict[int, str] = {}

    @property
    def counters(self) -> DecodeCounters:
        """What the decoder saw and dropped since the last `open`."""
        return self._decoder.counters

    def open(self) -> None:
        """Open the line and ask for part and serial number, and how the camera is.

        Raises
        ------
        DeviceOpenError : no such port, busy.
        DeviceTimeout : nobody answers.
        ProtocolError : somebody else answers.
        """
        self.close()
        self._decoder = wire.FslpDecoder()
        self._link = self.links.open(self.config.url, baudrate=self.config.baudrate)
        self._turn = self._refusals = 0
        self._unknown.clear()
        self._complaints.clear()
        try:
            part = self._value(wire.CAMERA_PART, PART_BYTES).rstrip(b"\0 ")
            if not part.isascii() or not part.decode("ascii").isprintable():
                raise ProtocolError(
                    f"{self.config.url} answers {part[:8].hex(' ')} for its part number, it is no Boson: "
                    "check which device is on this port"
                )
            self._part = part.decode("ascii")
            self._serial = str(int.from_bytes(self._value(wire.CAMERA_SERIAL, 4), "big"))
            self._state(wire.FFC_STATUS)
            self._state(wire.OVER_TEMPERATURE)
        except Exception:
            self.close()
            raise
        self._pace = Pace(POLL_S)

    def identify(self) -> Identity:
        """Return part number, serial number and software revision."""
        revision = self._value(wire.SOFTWARE_REVISION, 12)
        numbers = (str(int.from_bytes(revision[at : at + 4], "big")) for at in (0, 4, 8))
        return Identity("Teledyne FLIR", f"Boson {self._part}".strip(), self._serial, ".".join(numbers))

    def read(self) -> Sequence[Reading]:
        """Ask the next question when it is due; return the temperature when it was that.

        Raises
        ------
        DeviceLost : the wire is gone.
        DeviceTimeout : no answer.
        ProtocolError : the camera refuses for longer than a shutter moves.
        """
        if not self._pace.due():
            return ()
        self._turn = (self._turn + 1) % 4
        if self._turn % 2:
            return self._temperature()
        self._state(wire.FFC_STATUS if self._turn else wire.OVER_TEMPERATURE)
        return ()

    def complaint(self) -> str:
        """What the camera says of its correction and its heat, and what to do; else empty."""
        return next((words for words in self._complaints.values() if words), "")

    def close(self) -> None:
        """Close the line."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _temperature(self) -> Sequence[Reading]:
        answer = self._ask(wire.FPA_TEMPERATURE)
        if answer.status in WAITED_OUT and self._refusals < MOST_WAITED_OUT:
            self._refusals += 1
            return ()
        value = int.from_bytes(self._checked(answer, 2), "big", signed=True)
        self._refusals = 0
        return (Sample(Quantity.TEMPERATURE_C, value / 10),)

    def _state(self, function: int) -> None:
        if function in self._unknown:
            return
        answer = self._ask(function)
        if answer.status in (wire.BAD_COMMAND, wire.UNDEFINED):
            self._unknown.add(function)  # software that has no such state
        elif answer.status == wire.SUCCESS:
            value = int.from_bytes(answer.data, "big")
            self._complaints[function] = _complaint(function, value)
        elif answer.status not in WAITED_OUT:
            self._complaints[function] = f"reports {_result(answer.status)}: cut its power and restore it"

    def _value(self, function: int, n_bytes: int) -> bytes:
        return self._checked(self._ask(function), n_bytes)

    def _checked(self, answer: wire.FslpFrame, n_bytes: int) -> bytes:
        if answer.status != wire.SUCCESS:
            raise ProtocolError(
                f"the camera answers function {answer.function:08X} with {_result(answer.status)}: "
                "cut its power and restore it, update its software if that does not help"
            )
        if len(answer.data) != n_bytes:
            raise ProtocolError(
                f"the camera answers function {answer.function:08X} with {len(answer.data)} bytes where "
                f"{n_bytes} belong: check that it is a Boson, and its software"
            )
        return answer.data

    def _ask(self, function: int) -> wire.FslpFrame:
        """Send a question and return its answer; once more when none comes."""
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        before = self.counters.bytes_in
        for _ in range(TRIES):
            self._sequence = self._sequence % MOST_SEQUENCE + 1
            self._link.discard_input()
            self._link.write(wire.encode(wire.FslpFrame(function, self._sequence)))
            end = time.monotonic() + ANSWER_LIMIT_S
            while True:
                for frame in self._decoder.feed(self._link.read()):
                    # An echo has the status of a question; a late answer another sequence number.
                    mine = (frame.function, frame.sequence) == (function, self._sequence)
                    if mine and frame.status != wire.ASKING:
                        return frame
                if time.monotonic() >= end:
                    break
        if self.counters.bytes_in > before:
            raise DeviceTimeout(
                f"{self.config.url} sends something that is no answer of a Boson: check the port and the "
                f"line speed ({self.config.baudrate} Bd)"
            )
        raise DeviceTimeout(f"the camera on {self.config.url} does not answer: check its power and cable")


def _result(status: int) -> str:
    return f"result {status} ({wire.RESULTS.get(status, 'not a known one')})"


def _complaint(function: int, value: int) -> str:
    if function == wire.OVER_TEMPERATURE:
        return "reports that it was too hot: give it shade and air, then restart it" if value else ""
    if value == wire.FFC_NEVER:
        return "reports that its image was never corrected since power-on: have it close its shutter (FFC)"
    if value > wire.FFC_COMPLETE:
        return f"reports state {value} of its correction, which there is not: restart it"
    return ""
