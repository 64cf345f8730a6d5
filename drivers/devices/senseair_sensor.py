"""What Senseair's sensors have in common: status, self-calibration off, and the course of a poll.

Their self-calibration (ABC) takes the lowest value of a week for fresh air, which
in a closed load space rebases it silently: it is switched off, read back, and
checked again every minute; a sensor that keeps it on is not used.
"""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from drivers.api import (
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
from drivers.devices.pace import Pace, SamplePace

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
class SenseairConfig:
    """Where the sensor is.

    Parameters
    ----------
    url : its port, as for `LinkOpener.open`.
    address : Modbus address; 254 is answered by any Senseair sensor, so sensors
        that share a line need their own (delivered with 104).
    poll_s : time between polls, s; a lost sensor is noticed within this + 0.8 s.
    warm_up_s : time after opening until readings are trusted, s; 0 only for a
        sensor that is never switched off.
    """

    url: str
    address: Annotated[int, Field(ge=1, le=254)] = 254
    poll_s: Annotated[float, Field(ge=0.1, le=0.5)] = 0.25
    warm_up_s: Annotated[float, Field(ge=0)] = 120.0


ConfigT = TypeVar("ConfigT", bound=SenseairConfig)


class SenseairSensor(Device[ConfigT], Generic[ConfigT]):
    """Base of the Senseair drivers; a subclass says what it is and reads it.

    Returns samples about every ``capabilities.period_s``, a bad value at once.
    """

    model: str

    def __init__(self, config: ConfigT, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._complaint = ""
        self._link: Link | None = None
        self._line: ModbusLine | None = None
        self._pace = Pace(config.poll_s)
        self._samples = SamplePace(self.capabilities.period_s, config.poll_s)
        self._abc_due = 0.0
        self._glitch_at = -math.inf

    def open(self) -> None:
        # It sends two stop bits; to a receiver that expects one, the second is a pause.
        self._link = self.links.open(self.config.url, shared=True, baudrate=9600, parity="N", stopbits=1)
        self._line = ModbusLine(self._link, self.config.address)
        try:
            if self._abc_hours() != 0:
                self._asker.ask(write_request(self.config.address, ABC_HOURS, 0))
            self._check_abc()
        except BaseException:
            self.close()
            raise
        self._pace = Pace(self.config.poll_s)
        self._samples = SamplePace(self.capabilities.period_s, self.config.poll_s)

    def identify(self) -> Identity:
        try:
            return self._identity()
        except ProtocolError:
            return Identity("Senseair", self.model)  # firmware without these registers

    def read(self) -> Sequence[Reading]:
        if not self._pace.due():
            return ()
        if time.monotonic() >= self._abc_due:
            self._check_abc()
        status, word = self._measure()
        value = signed(word)
        quality = self._quality(value, status)
        due = self._samples.due()
        sample = Sample(Quantity.CO2_PPM, float(value), quality)
        if due:
            return (sample, *self._more_samples())
        return () if quality is Quality.GOOD else (sample,)

    def complaint(self) -> str:
        return self._complaint

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = self._line = None

    @abstractmethod
    def _measure(self) -> tuple[int, int]:
        """Ask for meter status and CO2 as they stand in the sensor."""

    def _more_samples(self) -> Sequence[Sample]:
        """Ask for what the sensor measures besides CO2."""
        return ()

    def _identity(self) -> Identity:
        """Ask who it is; a `ProtocolError` when it cannot say."""
        high, low, _, firmware, serial_high, serial_low = self._input(TYPE_TO_SERIAL, 6)
        kind = (high & 0xFF) << 16 | low
        return Identity(
            "Senseair",
            f"{self.model} (type {kind:06X})",
            f"{serial_high << 16 | serial_low:08X}",
            f"{firmware >> 8}.{firmware & 0xFF}",
        )

    def _status_and_co2(self) -> tuple[int, int]:
        """Read both from the input registers, in one answer."""
        status, _, _, word = self._input(STATUS_AND_CO2, 4)
        return status, word

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
