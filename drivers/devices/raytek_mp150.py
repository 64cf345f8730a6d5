"""Raytek / Fluke MP150 infrared line scanner on RS-485 or TCP (2727): lines put together to frames.

The scanner is asked who it is, told how to send (line mode 13h: each line has a
counter and error bits), its settings are read back, and it streams lines in burst
mode until it is told to stop. Settings stay in its RAM, nothing is stored in its flash.

References
----------
Fluke Process Instruments, "MP150 Linescanner Protocol Manual", rev. B4, August 2019.

Not verified on a device: everything. Above all what `drivers.codecs.raytek_mp150`
lists; that the answer to a question begins with its code (the manual's text says so, its
own example, which is not asked here, answers GLC with another); whether the counter counts
every line sent; the sign of whole-degree pixels below 0 °C (taken as int16). Most models
begin at 20 °C: what is colder reads as the bottom of the range, the frame is then flagged
saturated, and after 10 s without any change the runner calls it frozen.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from drivers.api import (
    Capabilities,
    ConfigError,
    Device,
    DeviceLost,
    DeviceTimeout,
    Flag,
    Frame,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Reading,
)
from drivers.codecs import raytek_mp150 as wire
from drivers.codecs.counters import DecodeCounters
from drivers.devices.line_raster import LineRaster, RasterFrame

ANSWER_LIMIT_S = 0.3
STOP_LIMIT_S = 0.9  # after ESC data may come for half a second
FIRST_LINE_S = 1.2
LONGEST_FRAME_S = 0.5
SAMPLES_PER_S = 512 * 80  # pixels times lines per second that the scanner can make at 90 degrees
MAKER = "Fluke Process Instruments"
LINE_MODE = wire.LineMode.COUNTED


@dataclass(frozen=True, slots=True)
class Mp150Config:
    """Where the scanner is and how it measures.

    Parameters
    ----------
    url : ``socket://host:2727`` or a serial port.
    baudrate : line speed stored in the scanner, Bd: 57600, 115200 or 230400 (its default
        of 9600 carries no lines); no matter for TCP.
    pixels : of a line: 64, 128, 256, 512 or 1024.
    lines_per_s : lines per second, 20 to 150.
    lines_per_frame : lines of a frame; they may take 0.5 s at most.
    data : "word" (16 bits between the ends of the range), "byte" (8 bits) or "celsius"
        (whole degrees).
    low_c, high_c : range to set, °C; None leaves the scanner's own.
    """

    url: str
    baudrate: Literal[57600, 115200, 230400] = 230400
    pixels: Literal[64, 128, 256, 512, 1024] = 256
    lines_per_s: Annotated[int, Field(ge=20, le=150)] = 40
    lines_per_frame: Annotated[int, Field(ge=2)] = 16
    data: Literal["word", "byte", "celsius"] = "word"
    low_c: int | None = None
    high_c: int | None = None

    def __post_init__(self) -> None:
        if self.lines_per_frame > self.lines_per_s * LONGEST_FRAME_S:
            raise ConfigError(
                f"lines_per_frame = {self.lines_per_frame} at {self.lines_per_s} lines/s takes longer than "
                f"{LONGEST_FRAME_S:g} s: a lost scanner would be seen too late, choose fewer"
            )
        if self.pixels * self.lines_per_s > SAMPLES_PER_S:
            raise ConfigError(
                f"{self.pixels} pixels at {self.lines_per_s} lines/s are more than the scanner samples: "
                f"at most {SAMPLES_PER_S // self.pixels} lines/s"
            )
        bits_per_s = self.layout.n_bytes * 10 * self.lines_per_s  # 8N1
        if not self.url.startswith("socket://") and bits_per_s > self.baudrate:
            raise ConfigError(
                f"{self.lines_per_s} lines/s of {self.layout.n_bytes} B do not pass at {self.baudrate} Bd: "
                "lower pixels or lines_per_s, raise baudrate, or use the scanner's TCP port"
            )
        if self.low_c is not None and self.high_c is not None and self.low_c >= self.high_c:
            raise ConfigError(f"low_c = {self.low_c} is not below high_c = {self.high_c}")

    @property
    def layout(self) -> wire.LineLayout:
        """How the scanner's lines are built with these settings."""
        modes = {
            "word": wire.DataMode.WORD,
            "byte": wire.DataMode.BYTE,
            "celsius": wire.DataMode.CELSIUS,
        }
        return wire.LineLayout(self.pixels, modes[self.data], LINE_MODE)


class RaytekMp150(Device[Mp150Config]):
    """Turns every ``lines_per_frame`` lines into a `Frame` ``(lines_per_frame, pixels)`` in °C.

    Frames keep their raster: each begins a whole number of frames behind the first line
    of the stream. One that misses a line is given up, and the next has `Flag.GAP_BEFORE`.
    A pixel at an end of the range sets `Flag.SATURATED`.
    """

    Config: ClassVar[type] = Mp150Config
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads=("frame",), period_s=LONGEST_FRAME_S, frozen_after_s=10.0
    )

    def __init__(self, config: Mp150Config, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._link: Link | None = None
        self._identity = Identity(MAKER, "MP150")
        self._range_c = (0.0, 0.0)
        self._reopened = False
        self._decoder = wire.Mp150Decoder(config.layout)
        self._control = wire.Mp150ControlDecoder()
        self._raster = LineRaster(config.lines_per_frame)
        self._lines: deque[wire.Line] = deque()
        self._damage = False  # the decoder dropped something since the last line was taken
        self._errors = 0

    @property
    def counters(self) -> DecodeCounters:
        """What the decoder of lines saw and dropped since the last `open`."""
        return self._decoder.counters

    def open(self) -> None:
        """Stop the scanner, ask who it is, set and read back how it sends, wait for a line.

        Raises
        ------
        DeviceOpenError : no such port, busy, refused.
        DeviceTimeout : no answer, no line.
        ProtocolError : somebody else answers, or the scanner refuses a setting or is broken.
        """
        self.close()
        self._reopened = self._reopened or self.counters.frames > 0
        self._begin()
        self._link = self.links.open(self.config.url, baudrate=self.config.baudrate, parity="N", stopbits=1)
        try:
            self._stop()
            self._errors = self._error_status()
            self._identity = Identity(MAKER, "MP150", self._asked("ID").strip("- "), self._asked("VM"))
            self._configure()
            self._start()
        except Exception:
            self.close()
            raise

    def identify(self) -> Identity:
        """Return what the scanner said of itself before it was started."""
        return self._identity

    def read(self) -> Sequence[Reading]:
        """Return frames that have become whole.

        Raises
        ------
        DeviceLost : the wire is gone.
        """
        if not self._lines:
            self._receive()
        frames: list[Frame] = []
        while self._lines:
            frames += map(self._frame, self._raster.take(self._lines.popleft(), self._damage))
            self._damage = False
        return frames

    def complaint(self) -> str:
        """Return the errors that the scanner reports, or that its lines cannot be counted."""
        if self._errors:
            return f"reports that {self._trouble()}"
        if not self._raster.counts:
            return "sends lines that it does not count, so lost ones cannot be seen: update its firmware"
        return ""

    def close(self) -> None:
        """Close the wire; the scanner streams on into the void."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _begin(self) -> None:
        """Forget the stream before this one."""
        self._decoder = wire.Mp150Decoder(self.config.layout)
        self._raster = LineRaster(self.config.lines_per_frame)
        self._lines.clear()
        self._damage = False
        self._errors = 0

    def _receive(self) -> None:
        dropped = self.counters.frames_dropped
        self._lines += self._decoder.feed(self._wire.read())
        self._damage = self._damage or self.counters.frames_dropped != dropped

    def _frame(self, whole: RasterFrame) -> Frame:
        pixels: Any = np.stack([line.pixels for line in whole.lines])
        if self._raster.order is not None:
            self._errors = wire.error_bits(whole.lines[-1], self._raster.order)
        low_c, high_c = self._range_c
        if self.config.data == "celsius":
            pixels = pixels.astype(np.int16)
            scale, offset, ends = 1.0, 0.0, (low_c, high_c)
        else:
            top = int(np.iinfo(pixels.dtype).max)
            scale, offset, ends = (high_c - low_c) / top, low_c, (0.0, float(top))
        flags = Flag.NONE
        if whole.gap_before or self._reopened:
            flags |= Flag.GAP_BEFORE
        self._reopened = False
        if pixels.min() <= ends[0] or pixels.max() >= ends[1]:
            flags |= Flag.SATURATED
        ambient_c = float(whole.lines[-1].housing_c)
        return Frame(pixels, unit="°C", scale=scale, offset=offset, ambient_c=ambient_c, flags=flags)

    # what is said before the stream

    def _stop(self) -> None:
        self._wire.write(wire.ESC)
        end = time.monotonic() + STOP_LIMIT_S
        while self._wire.read():
            if time.monotonic() > end:
                raise ProtocolError(
                    f"what is at {self.config.url} does not stop sending when told to: "
                    "check that it is an MP150, and the line speed"
                )

    def _configure(self) -> None:
        config, layout = self.config, self.config.layout
        for command in ("AV0", "ZM00", "LC001", "RMB"):  # no averaging; lines without a trigger, in a burst
            self._tell(command)
        point_mode = next(mode for mode, n in wire.PIXELS_BY_MODE.items() if n == config.pixels)
        settings = {"DM": layout.data.value, "LM": LINE_MODE.value}
        settings |= {"PM": str(point_mode), "FQ": str(config.lines_per_s)}
        ends = {"SB0": config.low_c, "ST0": config.high_c}
        settings |= {code: str(end) for code, end in ends.items() if end is not None}
        for code, value in settings.items():
            self._tell(code + value)
            if (told := self._asked(code)) != value and _number(told) != _number(value, math.inf):
                raise ProtocolError(
                    f"it was told {code}{value} and says {code}{told}: "
                    "check its firmware and that no other program sets it"
                )
        low_c, high_c = (_number(self._asked(code)) for code in ends)
        if not low_c < high_c:
            raise ProtocolError(
                f"its range goes from {low_c:g} to {high_c:g} °C: set low_c and high_c to what its plate says"
            )
        self._range_c = low_c, high_c

    def _start(self) -> None:
        self._wire.write(wire.STX)
        end = time.monotonic() + FIRST_LINE_S
        while not self._lines:
            if time.monotonic() >= end:
                if self.counters.bytes_in > 1:
                    raise ProtocolError("it sends something that is no line: check its firmware")
                raise DeviceTimeout("it sends no lines though it was told to: restart it")
            self._receive()
        self._damage = False

    def _tell(self, command: str) -> None:
        sign, _ = self._exchange(command)
        if sign is wire.Sign.NAK:
            raise ProtocolError(
                f"it refuses the command {command}: check that it is an MP150 and its firmware new enough"
            )

    def _asked(self, code: str) -> str:
        """Return what the scanner answers to a question, without the code before it."""
        sign, text = self._exchange("G" + code)
        if sign is wire.Sign.ETB:
            self._errors = self._error_status()
            raise ProtocolError(self._trouble() or "it reports an error that it does not name: restart it")
        if sign is wire.Sign.NAK:
            raise ProtocolError(f"it refuses the question G{code}: check that it is an MP150")
        return text.removeprefix(code)

    def _error_status(self) -> int:
        _, text = self._exchange("GES")
        try:
            return int(text.removeprefix("ES"), 16)
        except ValueError:
            raise ProtocolError(
                f'its error status is "{text[:20]}", no hexadecimal number: check that it is an MP150'
            ) from None

    def _exchange(self, text: str) -> tuple[wire.Sign | None, str]:
        """Send a command and return its sign; of a question also the text, "" when it was refused."""
        question, sign = text.startswith("G"), None
        self._wire.discard_input()
        self._control = wire.Mp150ControlDecoder()
        self._wire.write(wire.encode_text(text))
        end = time.monotonic() + ANSWER_LIMIT_S
        while time.monotonic() < end:
            for message in self._control.feed(self._wire.read()):
                if isinstance(message, wire.Sign):
                    sign = message
                    if sign is wire.Sign.NAK or not question or (sign is wire.Sign.ETB and text != "GES"):
                        return sign, ""
                elif question and message.startswith(text[1:]):
                    return sign, message  # others are our own, echoed by the line, or the last, doubled
        if self._control.counters.bytes_in:
            raise ProtocolError(
                f"what comes after {text} is no answer of an MP150: check the port and the line speed"
            )
        raise DeviceTimeout(f"it does not answer {text}: check its power, cable and line speed")

    def _trouble(self) -> str:
        wrong, mend = wire.error_words(self._errors)
        return f"{wrong}: {mend}" if wrong else ""

    @property
    def _wire(self) -> Link:
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        return self._link


def _number(text: str, otherwise: float = math.nan) -> float:
    try:
        return float(text)
    except ValueError:
        return otherwise
