"""Vaisala CARBOCAP GMP251 and GMP252 carbon dioxide probes, Modbus RTU over RS-485.

Both have one register map and report ppm: the GMP252 serves up to 10 000 ppm (with
less accuracy 30 000), the GMP251 up to 20 %. Which one answers is asked before a
value is believed.

References
----------
GMP252 User Guide M211897EN-E: measurement, status (0x0800, 0x0801) and error
(0x0803) registers, exception answers, quiet NaN for a missing value,
identification objects; start-up within 12 s, full accuracy after 2 min.
GMP251 User Guide M211799EN-E and -K: the same measurement, status and
configuration registers, 0 to 20 % CO2.

Not verified on a device: word order of the 32-bit error code (taken as low word
first, like the floats) and whether a GMP251 has it (tried, not needed); the model
as the identification object says it (it must hold "GMP251" or "GMP252"); T90 of
1 min with the standard filter and the reduced accuracy of a GMP252 between 10 000
and 30 000 ppm (data sheet); warm-up of a GMP251 (4 min, an assumption: twice that
of a GMP252); ``frozen_after_s`` (an assumption: a float32 reading of a live probe
changes within a minute).

Registers 513 to 519 (compensation values kept in EEPROM, 30 000 writes) are
never written; these drivers write nothing at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

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
from drivers.codecs.modbus_rtu import Function, identity_request, read_request, words_to_float
from drivers.devices.modbus_line import ModbusLine
from drivers.devices.pace import LOWEST_AIR_PPM, Pace, SamplePace

CO2_PPM = 0x0000  # float32, low word first
STATUS = 0x0800  # device status, CO2 status
ERROR_CODE = 0x0803  # 32 bits; not in probes before revision E of the manual
SERIAL_NUMBER = 0x80

CRITICAL_OR_ERROR = 1 | 2
NOT_RELIABLE = 2
NOT_READY = 256

OUT_OF_RANGE = 0x1000
ERRORS = {
    0x0001: "program memory damaged",
    0x0002: "parameter memory damaged",
    0x0010: "supply voltage low",
    0x0020: "internal 30 V fault",
    0x0040: "infrared signal low",
    0x0080: "internal 8 V fault",
    0x0100: "infrared signal cut",
    OUT_OF_RANGE: "out of measuring range",
    0x2000: "sensor heater fault",
    0x4000: "infrared source temperature fault",
    0x8000: "interferometer slope fault",
    0x10000: "internal 2.5 V fault",
    0x20000: "internal 1.7 V fault",
    0x40000: "infrared source current low",
}
DRIVERS = {"GMP251": "vaisala-gmp251", "GMP252": "vaisala-gmp252"}


@dataclass(frozen=True, slots=True)
class Gmp252Config:
    """Where the probe is.

    Parameters
    ----------
    url : its port, as for `LinkOpener.open`.
    address : Modbus address; probes on one line need different ones.
    baudrate, parity, stopbits : line settings; the maker's defaults are 19200 N 2.
    poll_s : time between polls, s; a lost probe is noticed within this + 0.8 s.
    warm_up_s : time after opening until readings are trusted, s. 0 only for a
        probe that is never switched off: the driver cannot know for how long the
        power was away.
    check_identity : refuse a device that does not say that it is this model.
    """

    url: str
    address: Annotated[int, Field(ge=1, le=247)] = 240
    baudrate: Annotated[int, Field(ge=4800, le=115200)] = 19200
    parity: Annotated[str, Field(pattern="^[NEO]$")] = "N"
    stopbits: Annotated[int, Field(ge=1, le=2)] = 2
    poll_s: Annotated[float, Field(ge=0.1, le=0.5)] = 0.25
    warm_up_s: Annotated[float, Field(ge=0)] = 120.0
    check_identity: bool = True


@dataclass(frozen=True, slots=True)
class Gmp251Config(Gmp252Config):
    """Where the probe is; as `Gmp252Config`, with a longer warm-up."""

    warm_up_s: Annotated[float, Field(ge=0)] = 240.0


ConfigT = TypeVar("ConfigT", bound=Gmp252Config)


class _Gmp25x(Device[ConfigT], Generic[ConfigT]):
    """Polls value and status every ``poll_s``; returns a sample every second, a bad one at once."""

    model: str

    def __init__(self, config: ConfigT, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._complaint = ""
        self._link: Link | None = None
        self._line: ModbusLine | None = None
        self._pace = Pace(config.poll_s)
        self._samples = SamplePace(self.capabilities.period_s, config.poll_s)

    def open(self) -> None:
        config = self.config
        self._link = self.links.open(
            config.url,
            shared=True,
            baudrate=config.baudrate,
            parity=config.parity,
            stopbits=config.stopbits,
        )
        self._line = ModbusLine(self._link, config.address)
        try:
            self._registers(STATUS, 2)
        except BaseException:
            self.close()
            raise
        self._pace = Pace(config.poll_s)
        self._samples = SamplePace(self.capabilities.period_s, config.poll_s)

    def identify(self) -> Identity:
        address = self.config.address
        try:
            basic = self._asker.ask(identity_request(address)).objects
        except ProtocolError as error:
            if self.config.check_identity:
                raise ProtocolError(
                    f"{error}; it does not say who it is. If it is a Vaisala probe behind a gateway, "
                    "set check_identity = false"
                ) from error
            basic = {}
        maker, model, firmware = (basic.get(n, b"").decode("ascii", "replace").strip() for n in (0, 1, 2))
        if self.config.check_identity:
            self._must_be(maker, model)
        try:
            single = self._asker.ask(identity_request(address, level=4, first=SERIAL_NUMBER)).objects
        except ProtocolError:
            single = {}  # an optional object of the maker's own
        serial = single.get(SERIAL_NUMBER, b"").decode("ascii", "replace").strip()
        return Identity(maker, model, serial, firmware)

    def read(self) -> Sequence[Reading]:
        if not self._pace.due():
            return ()
        value = words_to_float(*self._registers(CO2_PPM, 2))
        device_status, co2_status = self._registers(STATUS, 2)
        quality = self._quality(value, device_status, co2_status)
        if not self._samples.due() and quality is Quality.GOOD:
            return ()
        return (Sample(Quantity.CO2_PPM, value, quality),)

    def complaint(self) -> str:
        return self._complaint

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = self._line = None

    def _must_be(self, maker: str, model: str) -> None:
        where = f"the device at address {self.config.address}"
        if "vaisala" not in maker.lower():
            raise ProtocolError(
                f"{where} says that it is {maker or 'nobody'} {model}, "
                "no Vaisala probe: check the port, or choose its own driver"
            )
        if self.model not in model.upper():
            other = next((driver for name, driver in DRIVERS.items() if name in model.upper()), "")
            mend = (
                f'set driver = "{other}"' if other else "choose its own driver, or set check_identity = false"
            )
            raise ProtocolError(f"{where} says that it is a {model or 'probe without a name'}: {mend}")

    def _quality(self, value: float, device_status: int, co2_status: int) -> Quality:
        self._complaint = ""
        if device_status & CRITICAL_OR_ERROR:
            errors = self._errors()
            if errors == OUT_OF_RANGE:
                return Quality.OVER_RANGE
            named = [text for bit, text in ERRORS.items() if errors & bit] or [
                "a fault that it does not name"
            ]
            self._complaint = f"reports: {', '.join(named)}: check its power, restart it, send it to service"
            return Quality.UNRELIABLE
        if co2_status & NOT_READY:
            return Quality.WARMING_UP
        if co2_status:  # 2 = not reliable, and what the manual does not name is no better
            return Quality.UNRELIABLE
        return Quality.GOOD if math.isfinite(value) else Quality.INVALID

    def _errors(self) -> int:
        try:
            low, high = self._registers(ERROR_CODE, 2)
        except ProtocolError:
            return 0  # an older probe has no such register
        return high << 16 | low

    def _registers(self, register: int, count: int) -> tuple[int, ...]:
        request = read_request(self.config.address, Function.READ_HOLDING, register, count)
        return self._asker.ask(request).registers

    @property
    def _asker(self) -> ModbusLine:
        if self._line is None:
            raise ProtocolError("the probe is asked before it was opened")
        return self._line


class VaisalaGmp252(_Gmp25x[Gmp252Config]):
    """The ppm probe; polls every ``poll_s``, returns a sample every second, a bad one at once."""

    Config = Gmp252Config
    model = "GMP252"
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM,),
        period_s=1.0,
        warm_up_s=120.0,
        response_t90_s=60.0,
        frozen_after_s=60.0,
        valid_range=(LOWEST_AIR_PPM, 30_000.0),
    )


class VaisalaGmp251(_Gmp25x[Gmp251Config]):
    """The percent probe, in ppm as it reports: for cargo that breathes or is cooled by dry ice."""

    Config = Gmp251Config
    model = "GMP251"
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM,),
        period_s=1.0,
        warm_up_s=240.0,
        response_t90_s=60.0,
        frozen_after_s=60.0,
        valid_range=(LOWEST_AIR_PPM, 200_000.0),
    )
