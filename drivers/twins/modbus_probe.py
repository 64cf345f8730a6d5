"""Twins of the Modbus CO2 probes of Vaisala and Senseair."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from drivers.codecs.modbus_rtu import float_to_words
from drivers.codecs.senseair_ram import (
    CO2_PPM,
    ERROR_STATUS,
    FIRMWARE,
    SERIAL_NUMBER,
    TEMPERATURE_AND_HUMIDITY,
)
from drivers.twins.modbus_slave import ModbusSlave, ProbeLine
from drivers.twins.ports import WirePort

__all__ = ["Gmp251Twin", "Gmp252Twin", "K30Twin", "K33Twin", "ProbeLine", "S8Twin"]


class Gmp252Twin(ModbusSlave):
    """A Vaisala GMP252; a GMP251 differs in its name alone.

    Parameters
    ----------
    port : its wire.
    co2_ppm : what it measures now, ppm; asked at each poll.
    address : Modbus address.
    start_up_s : time after `start` in which it says that it is not ready, s.

    ``device_status``, ``co2_status`` and ``error_code`` can be set;
    ``eeprom_writes`` counts writes to the registers that wear out.
    """

    model = b"GMP252"

    def __init__(
        self,
        port: WirePort,
        co2_ppm: Callable[[], float],
        address: int = 240,
        start_up_s: float = 0.0,
    ) -> None:
        super().__init__(port, (address,))
        self.co2_ppm = co2_ppm
        self.start_up_s = start_up_s
        self.device_status = 0
        self.co2_status = 0
        self.error_code = 0
        self.eeprom_writes = 0
        self.objects = {0: b"Vaisala", 1: self.model, 2: b"1.2.3", 0x80: b"K0710040"}
        self._settings = dict.fromkeys((*range(0x0200, 0x0207), *range(0x0208, 0x020F)), 0)
        self._powered = time.monotonic()

    def holding(self) -> dict[int, int]:
        starting = time.monotonic() - self._powered < self.start_up_s
        value = math.nan if starting else self.co2_ppm()
        low, high = float_to_words(value)
        registers = {**self._settings, 0x0000: low, 0x0001: high}
        for register, scale in ((0x0100, 1.0), (0x0101, 0.1)):
            scaled = value * scale
            fits = math.isfinite(scaled) and abs(scaled) < 0x8000
            registers[register] = round(scaled) & 0xFFFF if fits else 0x8000
        registers |= {0x0800: self.device_status, 0x0801: 258 if starting else self.co2_status}
        registers |= {0x0803: self.error_code & 0xFFFF, 0x0804: self.error_code >> 16}
        return registers

    def input(self) -> dict[int, int]:
        return self.holding()

    def write(self, register: int, value: int) -> bool:
        if register not in self._settings:
            return False
        self.eeprom_writes += register < 0x0208
        self._settings[register] = value
        return True

    def identity(self) -> dict[int, bytes]:
        return self.objects


class Gmp251Twin(Gmp252Twin):
    """A Vaisala GMP251: the same registers, in ppm, up to 20 %."""

    model = b"GMP251"


class S8Twin(ModbusSlave):
    """A Senseair S8, which answers to 254 as well as to its own address.

    Parameters
    ----------
    port : its wire.
    co2_ppm : what it measures now, ppm; asked at each poll.
    address : own Modbus address.
    abc_hours : period of its self-calibration, h; delivered with 180.

    ``meter_status`` and ``abc_hours`` can be set; ``abc_stuck`` makes it
    acknowledge that ABC is off and keep it on; ``minus_one_by_turns`` shows the
    known fault.
    """

    def __init__(
        self,
        port: WirePort,
        co2_ppm: Callable[[], float],
        address: int = 0x68,
        abc_hours: int = 180,
    ) -> None:
        super().__init__(port, (address, 0xFE))
        self.co2_ppm = co2_ppm
        self.abc_hours = abc_hours
        self.abc_stuck = False
        self.meter_status = 0
        self.minus_one_by_turns = False
        self.serial_number = 0x0123ABCD
        self._turn = False

    def holding(self) -> dict[int, int]:
        return {0x001F: self.abc_hours}

    def input(self) -> dict[int, int]:
        value = self.co2_ppm()
        word = round(min(max(value, -0x8000), 0x7FFF)) if math.isfinite(value) else -1
        if self.minus_one_by_turns:
            self._turn = not self._turn
            word = -1 if self._turn else word
        registers = {0x0000: self.meter_status, 0x0001: 0, 0x0002: 0, 0x0003: word & 0xFFFF}
        registers |= {0x0019: 0x0001, 0x001A: 0x0E01, 0x001B: 0x0040, 0x001C: 0x0163}
        registers |= {0x001D: self.serial_number >> 16, 0x001E: self.serial_number & 0xFFFF}
        return registers

    def write(self, register: int, value: int) -> bool:
        if register != 0x001F:
            return False
        if not self.abc_stuck:
            self.abc_hours = value
        return True


class K30Twin(S8Twin):
    """A Senseair K30: the S8's registers, and its RAM over function 0x44.

    ``registers_known`` False makes it firmware without input registers.
    """

    registers_known = True

    def input(self) -> dict[int, int]:
        return super().input() if self.registers_known else {}

    def ram(self) -> dict[int, int]:
        word = super().input()[0x0003]
        found = _bytes_at(CO2_PPM, word.to_bytes(2, "big"))
        found |= _bytes_at(ERROR_STATUS, bytes((self.meter_status & 0xFF,)))
        found |= _bytes_at(SERIAL_NUMBER, self.serial_number.to_bytes(4, "big"))
        return found | _bytes_at(FIRMWARE, b"\x01\x02\x0d")


class K33Twin(K30Twin):
    """A Senseair K33; ``temperature_c`` and ``humidity_pct`` are sources too and can be set."""

    def __init__(
        self,
        port: WirePort,
        co2_ppm: Callable[[], float],
        address: int = 0x68,
        abc_hours: int = 180,
    ) -> None:
        super().__init__(port, co2_ppm, address, abc_hours)
        self.temperature_c: Callable[[], float] = lambda: 21.5
        self.humidity_pct: Callable[[], float] = lambda: 43.25

    def ram(self) -> dict[int, int]:
        pair = (self.temperature_c(), self.humidity_pct())
        data = b"".join(round(value * 100).to_bytes(2, "big", signed=True) for value in pair)
        return super().ram() | _bytes_at(TEMPERATURE_AND_HUMIDITY, data)


def _bytes_at(ram: int, data: bytes) -> dict[int, int]:
    return {ram + offset: byte for offset, byte in enumerate(data)}
