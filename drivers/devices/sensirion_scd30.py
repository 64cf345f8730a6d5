"""Sensirion SCD30 carbon dioxide, temperature and humidity module, Modbus RTU on its UART (SEL high).

Opening sets the measuring interval to 2 s where it differs (it is kept in the
module's memory), switches automatic self-calibration (ASC) off, reads both back
and starts continuous measurement. ASC takes the lowest value of a week for fresh
air and rebases silently in a closed load space: it is checked again every minute,
and a module that keeps it on is not used.

References
----------
Sensirion, SCD30 Interface Description, version 1.0: functions 3 and 6 at address
0x61, 19200 8N1, boot within 2 s, bytes of start, data-ready, data and ASC; data
sheet: 400 to 10 000 ppm, ±(30 ppm + 3 %), T63 20 s.

Not verified on a device: reading ASC and interval back over Modbus (the guide
lists both registers for reading and writing); ``warm_up_s`` and ``response_t90_s``
(2.3 x T63, doubled for the warm-up); ``frozen_after_s`` (an assumption: three
float32 that stand still for a minute are no measurement). The serial number is
not offered over Modbus.
"""

from __future__ import annotations

import math
import struct
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
from drivers.codecs.modbus_rtu import Function, read_request, write_request
from drivers.devices.modbus_line import ModbusLine
from drivers.devices.pace import LOWEST_AIR_PPM, Pace

FIRMWARE = 0x0020
INTERVAL_S = 0x0025
DATA_READY = 0x0027
DATA = 0x0028  # CO2 ppm, °C, %RH: float32, high word first
START = 0x0036  # value: ambient pressure in hPa, 0 = not compensated
ASC = 0x003A

SHORTEST_INTERVAL_S = 2
HIGHEST_PPM = 10_000.0
ASC_CHECK_S = 60.0


@dataclass(frozen=True, slots=True)
class Scd30Config:
    """Where the module is.

    Parameters
    ----------
    url : its port, as for `LinkOpener.open`.
    address : Modbus address; the module's own is fixed.
    pressure_hpa : air pressure at the site for the module's compensation; 0 = none.
    poll_s : time between questions whether data is ready, s; a lost module is
        noticed within this + 0.8 s.
    warm_up_s : time after opening until readings are trusted, s; 0 only for a
        module that is never switched off.
    """

    url: str
    address: Annotated[int, Field(ge=1, le=247)] = 0x61
    pressure_hpa: Annotated[int, Field(ge=0, le=1400)] = 0
    poll_s: Annotated[float, Field(ge=0.1, le=0.5)] = 0.25
    warm_up_s: Annotated[float, Field(ge=0)] = 90.0

    def __post_init__(self) -> None:
        if 0 < self.pressure_hpa < 700:
            raise ValueError("pressure_hpa is 0 (not compensated) or 700 to 1400")


class SensirionScd30(Device[Scd30Config]):
    """Asks every ``poll_s`` whether data is ready; returns three samples every 2 s."""

    Config = Scd30Config
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM, Quantity.TEMPERATURE_C, Quantity.HUMIDITY_PCT),
        period_s=2.5,  # the interval, and the poll that finds the data
        warm_up_s=90.0,
        response_t90_s=46.0,
        frozen_after_s=60.0,
        valid_range=(LOWEST_AIR_PPM, HIGHEST_PPM),
    )

    def __init__(self, config: Scd30Config, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._link: Link | None = None
        self._line: ModbusLine | None = None
        self._pace = Pace(config.poll_s)
        self._asc_due = 0.0

    def open(self) -> None:
        self._link = self.links.open(self.config.url, shared=True, baudrate=19200, parity="N", stopbits=1)
        self._line = ModbusLine(self._link, self.config.address)
        try:
            self._set(INTERVAL_S, SHORTEST_INTERVAL_S)
            if self._register(INTERVAL_S) != SHORTEST_INTERVAL_S:
                raise ProtocolError(
                    f"its measuring interval stays at {self._register(INTERVAL_S)} s though "
                    f"{SHORTEST_INTERVAL_S} s was set: check that it is an SCD30, replace it if it is"
                )
            self._set(ASC, 0)
            self._check_asc()
            self._asker.ask(write_request(self.config.address, START, self.config.pressure_hpa))
        except BaseException:
            self.close()
            raise
        self._pace = Pace(self.config.poll_s)

    def identify(self) -> Identity:
        version = self._register(FIRMWARE)
        return Identity("Sensirion", "SCD30", "", f"{version >> 8}.{version & 0xFF}")

    def read(self) -> Sequence[Reading]:
        if not self._pace.due():
            return ()
        if time.monotonic() >= self._asc_due:
            self._check_asc()
        if self._register(DATA_READY) != 1:
            return ()
        request = read_request(self.config.address, Function.READ_HOLDING, DATA, 6)
        co2_ppm, celsius, percent = struct.unpack(">3f", self._asker.ask(request).data)
        return (
            Sample(Quantity.CO2_PPM, co2_ppm, _co2_quality(co2_ppm)),
            Sample(Quantity.TEMPERATURE_C, celsius, _within(celsius, -40.0, 70.0)),
            Sample(Quantity.HUMIDITY_PCT, percent, _within(percent, 0.0, 100.0)),
        )

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = self._line = None

    def _set(self, register: int, value: int) -> None:
        """Write a register that is kept in memory, only where it differs."""
        if self._register(register) != value:
            self._asker.ask(write_request(self.config.address, register, value))

    def _check_asc(self) -> None:
        if self._register(ASC) != 0:
            raise ProtocolError(
                "its self-calibration stays on though it was switched off, so its values cannot be trusted "
                "in a closed space: cut its power and restore it, replace it if that fails"
            )
        self._asc_due = time.monotonic() + ASC_CHECK_S

    def _register(self, register: int) -> int:
        request = read_request(self.config.address, Function.READ_HOLDING, register, 1)
        return self._asker.ask(request).registers[0]

    @property
    def _asker(self) -> ModbusLine:
        if self._line is None:
            raise ProtocolError("the module is asked before it was opened")
        return self._line


def _co2_quality(co2_ppm: float) -> Quality:
    if not math.isfinite(co2_ppm) or co2_ppm <= 0:  # it sends 0 until it has measured
        return Quality.INVALID
    return Quality.OVER_RANGE if co2_ppm > HIGHEST_PPM else Quality.GOOD


def _within(value: float, lowest: float, highest: float) -> Quality:
    # a broken chip reads as one of the ends; NaN is within nothing
    return Quality.GOOD if lowest < value <= highest else Quality.INVALID
