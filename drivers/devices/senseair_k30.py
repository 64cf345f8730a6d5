"""Senseair K30 and K33 carbon dioxide sensors on their UART, by Modbus and its private function 0x44.

Value and error status are read from the sensor's RAM; a K30 can also be asked
through the standard registers that it shares with the S8 (``ask = "registers"``,
one question instead of two). Self-calibration is forced off in holding register
32 and checked as in `senseair_sensor`; nothing else is written.

References
----------
CO2Meter AN-123 (input register 4 of a K30, with bytes) and K-series examples
(function 0x44); Senseair TDE4700, I2C guide (RAM map); product specifications PSP110 (K30: T1/e 20 s, a new
value every 2 s, 0 to 5000 ppm, extended to 10 000) and PSP0120 (K33).

Not verified on a device: error status (0x1E), serial number (0x28) and firmware
(0x62) over function 0x44 - the places are those of the I2C guide to the same
RAM; holding register 32 of a K33, which public drivers use as on the K30 (a
sensor that refuses it is refused); ``warm_up_s`` (the K30's minute of start-up
doubled), ``response_t90_s`` (2.3 x T1/e) and ``frozen_after_s``. A K33 must
measure continuously: one set to sleep between measurements (ELG, BLG as
delivered) does not answer, and the 30 % BLG counts in other units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from drivers.api import Capabilities, Identity, Quality, Quantity, Sample
from drivers.codecs.modbus_rtu import signed
from drivers.codecs.senseair_ram import (
    CO2_PPM,
    ERROR_STATUS,
    FIRMWARE,
    SERIAL_NUMBER,
    TEMPERATURE_AND_HUMIDITY,
    ram_request,
)
from drivers.devices.pace import LOWEST_AIR_PPM
from drivers.devices.senseair_sensor import HIGHEST_PPM, ConfigT, SenseairConfig, SenseairSensor

LOWEST_C, HIGHEST_C = -40.0, 85.0  # no K33 works beyond; a broken sensor chip reads as one of the ends


@dataclass(frozen=True, slots=True)
class K30Config(SenseairConfig):
    """Where the sensor is; as `SenseairConfig`.

    Parameters
    ----------
    ask : "ram" (function 0x44) or "registers" (function 4), for firmware that
        knows one of them alone.
    """

    ask: Literal["ram", "registers"] = "ram"


@dataclass(frozen=True, slots=True)
class K33Config(SenseairConfig):
    """Where the sensor is; as `SenseairConfig`."""


class _KSensor(SenseairSensor[ConfigT]):
    """What both read from RAM."""

    def _measure(self) -> tuple[int, int]:
        (status,) = self._ram(ERROR_STATUS, 1)
        return status, int.from_bytes(self._ram(CO2_PPM, 2), "big")

    def _identity(self) -> Identity:
        kind, main, sub = self._ram(FIRMWARE, 3)
        serial = self._ram(SERIAL_NUMBER, 4).hex().upper()
        return Identity("Senseair", f"{self.model} (type {kind:02X})", serial, f"{main}.{sub}")

    def _ram(self, ram: int, count: int) -> bytes:
        return self._asker.ask(ram_request(self.config.address, ram, count)).data


class SenseairK30(_KSensor[K30Config]):
    """Polls status and value every ``poll_s``; returns a sample every 2 s, a bad one at once."""

    Config = K30Config
    model = "K30"
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM,),
        period_s=2.0,
        warm_up_s=120.0,
        response_t90_s=46.0,
        frozen_after_s=300.0,
        valid_range=(LOWEST_AIR_PPM, float(HIGHEST_PPM)),
    )

    def _measure(self) -> tuple[int, int]:
        return self._status_and_co2() if self.config.ask == "registers" else super()._measure()

    def _identity(self) -> Identity:
        if self.config.ask == "registers":
            return SenseairSensor._identity(self)
        return super()._identity()


class SenseairK33(_KSensor[K33Config]):
    """As the K30, with temperature and humidity beside each regular sample."""

    Config = K33Config
    model = "K33"
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM, Quantity.TEMPERATURE_C, Quantity.HUMIDITY_PCT),
        period_s=2.0,
        warm_up_s=120.0,
        response_t90_s=46.0,
        frozen_after_s=300.0,
        valid_range=(LOWEST_AIR_PPM, float(HIGHEST_PPM)),
    )

    def _more_samples(self) -> Sequence[Sample]:
        data = self._ram(TEMPERATURE_AND_HUMIDITY, 4)
        celsius = signed(int.from_bytes(data[:2], "big")) / 100
        percent = signed(int.from_bytes(data[2:], "big")) / 100
        return (
            Sample(Quantity.TEMPERATURE_C, celsius, _within(celsius, LOWEST_C, HIGHEST_C)),
            Sample(Quantity.HUMIDITY_PCT, percent, _within(percent, 0.0, 100.0)),
        )


def _within(value: float, lowest: float, highest: float) -> Quality:
    return Quality.GOOD if lowest < value <= highest else Quality.INVALID
