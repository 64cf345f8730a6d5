"""GY-MCU90640 thermal module (MLX90640, 32 x 24 pixels) on a serial line.

The module is put into automatic mode at a rate and streams frames. Not yet
tried on a module: the frame layout and its sum come from the maker's manual and
public drivers, the emissivity commands from the manual alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

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
from drivers.codecs import gy_mcu90640 as wire
from drivers.codecs.counters import DecodeCounters

SCALE_C = 0.01
LOWEST_C, HIGHEST_C = -40.0, 300.0  # range of the MLX90640's pixels
RATES_HZ = (2.0, 4.0, 8.0)
BITS_PER_BYTE = 10  # 8N1


@dataclass(frozen=True, slots=True)
class GyMcu90640Config:
    """Where the module is and how it measures.

    Parameters
    ----------
    url : serial port.
    baudrate : 9600, 115200 or 460800 Bd, as stored in the module; 8 Hz needs 460800.
    rate_hz : frames per second: 2, 4 or 8. The module's 0.5 and 1 are refused:
        a lost imager has to be seen within 2 s.
    emissivity : of what is looked at, 0.01 to 1; None leaves the module's own.
    """

    url: str
    baudrate: int = 115200
    rate_hz: float = 4.0
    emissivity: float | None = None

    def __post_init__(self) -> None:
        if self.rate_hz not in RATES_HZ:
            raise ConfigError(f"rate_hz = {self.rate_hz:g}: choose 2, 4 or 8")
        if self.baudrate not in wire.BAUD_RATES.values():
            raise ConfigError(f"baudrate = {self.baudrate}: the module knows 9600, 115200 and 460800 only")
        if self.rate_hz * wire.FRAME_BYTES * BITS_PER_BYTE > self.baudrate:
            raise ConfigError(
                f"{self.rate_hz:g} frames/s do not pass at {self.baudrate} Bd: lower rate_hz or raise it"
            )
        if self.emissivity is not None and not 0.01 <= self.emissivity <= 1:
            raise ConfigError(f"emissivity = {self.emissivity:g} is not between 0.01 and 1")


class GyMcu90640(Device[GyMcu90640Config]):
    """Turns frames into `Frame`: int16 ``(24, 32)`` in 0.01 °C, left to right as the module looks.

    A pixel outside −40..300 °C sets `Flag.SATURATED` on the frame: it is no
    temperature. Whatever the decoder had to drop sets `Flag.GAP_BEFORE` on the next.
    """

    Config: ClassVar[type] = GyMcu90640Config
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads=("frame",),
        period_s=0.5,
        frozen_after_s=10.0,
        valid_range=(LOWEST_C, HIGHEST_C),
    )

    def __init__(self, config: GyMcu90640Config, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._decoder = wire.GyMcu90640Decoder()
        self._link: Link | None = None
        self._pending: deque[wire.ThermalMessage] = deque()
        self._dropped = 0
        self._reopened = False

    @property
    def counters(self) -> DecodeCounters:
        """What the decoder saw and dropped since the last `open`."""
        return self._decoder.counters

    def open(self) -> None:
        """Open the port, set rate, emissivity and automatic mode, wait for a frame.

        Raises
        ------
        DeviceOpenError : no such port, busy.
        DeviceTimeout : no byte comes.
        ProtocolError : something else comes.
        """
        self.close()
        self._reopened = self._reopened or self.counters.frames > 0
        self._decoder = wire.GyMcu90640Decoder()
        self._pending.clear()
        self._link = self.links.open(self.config.url, baudrate=self.config.baudrate)
        try:
            self._command(wire.SET_RATE, wire.RATES_HZ.index(self.config.rate_hz))
            if self.config.emissivity is not None:
                self._command(wire.SET_EMISSIVITY, round(self.config.emissivity * 100))
            self._command(wire.SET_MODE, wire.AUTO)
            self._dropped = self._wait_for_frame().drops  # opened in the middle of a frame: no loss
        except Exception:
            self.close()
            raise

    def identify(self) -> Identity:
        """Return the model; the module has no number of its own to ask for."""
        return Identity("GY", "MCU90640")

    def read(self) -> Sequence[Reading]:
        """Return frames that have arrived.

        Raises
        ------
        DeviceLost : the wire is gone.
        """
        if not self._pending:
            self._receive()
        frames = []
        while self._pending:
            message = self._pending.popleft()
            if isinstance(message, wire.ThermalFrame):
                frames.append(self._frame(message))
        return frames

    def close(self) -> None:
        """Close the port; the module streams on into the void."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _command(self, code: int, value: int) -> None:
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        self._link.write(wire.encode_command(wire.ThermalCommand(code, value)))

    def _receive(self) -> None:
        if self._link is None:
            raise DeviceLost(f"{self.config.url} is not open")
        self._pending += self._decoder.feed(self._link.read())

    def _wait_for_frame(self) -> wire.ThermalFrame:
        wait_s = 1.0 + 2 / self.config.rate_hz
        end = time.monotonic() + wait_s
        while True:
            for message in self._pending:
                if isinstance(message, wire.ThermalFrame):
                    return message
            if time.monotonic() >= end:
                if self.counters.bytes_in:
                    raise ProtocolError(
                        f"{self.config.url} sends something that is no thermal frame: check the port and "
                        f"the module's line speed ({self.config.baudrate} Bd expected)"
                    )
                raise DeviceTimeout(
                    f"{self.config.url} sent no frame for {wait_s:g} s: check the module's power and cable"
                )
            self._receive()

    def _frame(self, frame: wire.ThermalFrame) -> Frame:
        flags = Flag.NONE
        if frame.drops != self._dropped or self._reopened:
            flags |= Flag.GAP_BEFORE
        self._dropped, self._reopened = frame.drops, False
        lowest, highest = int(frame.centi_c.min()), int(frame.centi_c.max())
        if lowest < LOWEST_C / SCALE_C or highest > HIGHEST_C / SCALE_C:
            flags |= Flag.SATURATED
        return Frame(
            frame.centi_c,
            unit="°C",
            scale=SCALE_C,
            ambient_c=frame.ambient_centi_c * SCALE_C,
            flags=flags,
        )
