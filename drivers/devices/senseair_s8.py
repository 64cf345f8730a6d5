"""Senseair S8 carbon dioxide sensor, Modbus RTU on its UART.

Its self-calibration (ABC) takes the lowest value of a week for fresh air, which
in a closed load space rebases it silently: it is switched off, read back, and
checked again every minute; a sensor that keeps it on is not used.

References
----------
Senseair "Modbus on Senseair S8" (TDE2067): input registers, meter status, ABC
period in holding register 32; product specification PSP103: T90 2 min, a new
value every 2 s (LP: 4 s), 400 to 2000 ppm, extended to 10 000 ppm.

Not verified on a device: the meaning of the type number (read, not judged);
``warm_up_s`` (taken as T90) and ``frozen_after_s`` (whole ppm stand still for
long in still air: five minutes is an assumption); whether the ABC period
survives a power cut (hence the check every minute).
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from drivers.api import (
    Capabilities,
    Device,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Quality,
    Quantity,
    Reading,
    Sample,
)
from drivers.codecs.modbus_rtu import Function, read_request, signed, write_request
from drivers.devices.modbus_line import ModbusLine
from drivers.devices.pace import LOWEST_AIR_PPM, Pace

STATUS_AND_CO2 = 0x0000  # IR1 meter status ... IR4 CO2
TYPE_TO_SERIAL = 0x0019  # IR26..IR31: type (2), memory map, firmware, serial number (2)
ABC_HOURS = 0x001F  # HR32

OUT_OF_RANGE = 32
OUTPUT_ERROR = 8  # of the PWM and alarm outputs, which nobody uses here
FAULTS = {
    1: "fatal error",
    2: "offset regulation error",
    4: "algorithm error",
    16: "self-diagnostics error",
    64: "memory error",
}
HIGHEST_PPM = 10_000

ABC_CHECK_S = 60.0
GLITCH_MEMORY_S = 10.0


@dataclass(frozen=True, slots=True)
class S8Config:
    """Where the sensor is.

    Parameters
    ----------
    url : its port, as for `LinkOpener.open`.
    address : Modbus address; 254 is answered by any sensor.
    poll_s : time between polls, s; a lost sensor is noticed within this + 0.8 s.
    warm_up_s : time after opening until readings are trusted, s; 0 only for a
        sensor that is never switched off.
    """

    url: str
    address: Annotated[int, Field(ge=1, le=254)] = 254
    poll_s: Annotated[float, Field(ge=0.1, le=0.5)] = 0.25
    warm_up_s: Annotated[float, Field(ge=0)] = 120.0


class SenseairS8(Device[S8Config]):
    """Polls status and value every ``poll_s``; returns a sample every 2 s, a bad one at once."""

    Config = S8Config
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM,),
        period_s=2.0,
        warm_up_s=120.0,
        response_t90_s=120.0,
        frozen_after_s=300.0,
        valid_range=(LOWEST_AIR_PPM, float(HIGHEST_PPM)),
    )

    def __init__(self, config: S8Config, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._complaint = ""
        self._link: Link | None = None
        self._line: ModbusLine | None = None
        self._pace = Pace(config.poll_s)
        self._polls = 0
        self._polls_per_sample = max(1, math.floor(self.capabilities.period_s / config.poll_s))
        self._abc_due = 0.0
        self._glitch_at = -math.inf

    def open(self) -> None:
        # It sends two stop bits; to a receiver that expects one, the second is a pause.
        self._link = self.links.open(self.config.url, baudrate=9600, parity="N", stopbits=1)
        self._line = ModbusLine(self._link, self.config.address)
        if self._abc_hours() != 0:
            self._asker.ask(write_request(self.config.address, ABC_HOURS, 0))
        self._check_abc()
        self._pace = Pace(self.config.poll_s)
        self._polls = 0

    def identify(self) -> Identity:
        try:
            high, low, _, firmware, serial_high, serial_low = self._input(TYPE_TO_SERIAL, 6)
        except ProtocolError:
            return Identity("Senseair", "S8")  # firmware without these registers
        kind = (high & 0xFF) << 16 | low
        return Identity(
            "Senseair",
            f"S8 (type {kind:06X})",
            f"{serial_high << 16 | serial_low:08X}",
            f"{firmware >> 8}.{firmware & 0xFF}",
        )

    def read(self) -> Sequence[Reading]:
        if not self._pace.due():
            return ()
        if time.monotonic() >= self._abc_due:
            self._check_abc()
        status, _, _, word = self._input(STATUS_AND_CO2, 4)
        value = signed(word)
        quality = self._quality(value, status)
        self._polls += 1
        if quality is Quality.GOOD and (self._polls - 1) % self._polls_per_sample:
            return ()
        return (Sample(Quantity.CO2_PPM, float(value), quality),)

    def complaint(self) -> str:
        return self._complaint

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = self._line = None

    def _quality(self, value: int, status: int) -> Quality:
        now = time.monotonic()
        faults = [text for bit, text in FAULTS.items() if status & bit]
        self._complaint = f"reports: {', '.join(faults)}: cut its power and restore it" if faults else ""
        if value < 0:
            self._glitch_at = now
        if now - self._glitch_at < GLITCH_MEMORY_S:
            # Known of the S8: good values and -1 by turns until its power is cut.
            self._complaint = self._complaint or "sends -1 among its values: cut its power and restore it"
        if value <= 0:
            return Quality.INVALID
        if self._complaint:
            return Quality.UNRELIABLE
        if status & OUT_OF_RANGE or value >= HIGHEST_PPM:
            return Quality.OVER_RANGE
        return Quality.GOOD if not status & ~OUTPUT_ERROR else Quality.UNRELIABLE

    def _check_abc(self) -> None:
        hours = self._abc_hours()
        if hours != 0:
            raise ProtocolError(
                f"its self-calibration stays on (every {hours} h) though it was switched off, so its values "
                "cannot be trusted in a closed space: cut its power and restore it, replace it if that fails"
            )
        self._abc_due = time.monotonic() + ABC_CHECK_S

    def _abc_hours(self) -> int:
        request = read_request(self.config.address, Function.READ_HOLDING, ABC_HOURS, 1)
        return self._asker.ask(request).registers[0]

    def _input(self, register: int, count: int) -> tuple[int, ...]:
        request = read_request(self.config.address, Function.READ_INPUT, register, count)
        return self._asker.ask(request).registers

    @property
    def _asker(self) -> ModbusLine:
        if self._line is None:
            raise ProtocolError("the sensor is asked before it was opened")
        return self._line
