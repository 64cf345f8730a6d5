"""Twins of the two Modbus CO2 probes: slaves that answer from their registers, and only to their address."""

from __future__ import annotations

import math
import struct
import time
from abc import abstractmethod
from collections.abc import Callable

from drivers.codecs.modbus_rtu import (
    Function,
    crc16,
    exception_answer,
    float_to_words,
    frame,
    identity_answer,
    registers_answer,
)
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


class ModbusSlave(Twin):
    """A Modbus RTU slave: finds requests on the wire and answers those to its addresses.

    ``echo`` makes the wire an RS-485 adapter that hears what it sends.
    ``requests`` counts the requests that were answered.
    """

    def __init__(self, port: WirePort, addresses: tuple[int, ...]) -> None:
        super().__init__(port)
        self.addresses = addresses
        self.echo = False
        self.requests = 0
        self._buffer = b""

    def step(self, received: bytes) -> None:
        if self.echo and received:
            self.send(received)
        self._buffer = (self._buffer + received)[-512:]
        while (found := self._request()) is not None:
            self._buffer = self._buffer[found[1] :]
            request = found[0]
            if request[0] in self.addresses:
                self.requests += 1
                self.send(self.answer(request[0], request[1], request[2:-2]))

    def answer(self, address: int, function: int, body: bytes) -> bytes:
        """Return the whole answer to one request."""
        if function in (Function.READ_HOLDING, Function.READ_INPUT):
            first, count = struct.unpack(">HH", body)
            if not 1 <= count <= 125:
                return exception_answer(address, function, ILLEGAL_VALUE)
            known = self.holding() if function == Function.READ_HOLDING else self.input()
            values = [known.get(register) for register in range(first, first + count)]
            if None in values:
                return exception_answer(address, function, ILLEGAL_ADDRESS)
            return registers_answer(address, function, tuple(value for value in values if value is not None))
        if function == Function.WRITE_ONE:
            register, value = struct.unpack(">HH", body)
            if not self.write(register, value):
                return exception_answer(address, function, ILLEGAL_ADDRESS)
            return frame(address, function, body)
        if function == Function.READ_IDENTITY and self.identity():
            level, first = body[1], body[2]
            objects = self.identity()
            if level == 4:
                objects = {first: objects[first]} if first in objects else {}
            else:
                objects = {number: text for number, text in objects.items() if first <= number <= 2}
            if not objects:
                return exception_answer(address, function, ILLEGAL_ADDRESS)
            return identity_answer(address, level, objects)
        return exception_answer(address, function, ILLEGAL_FUNCTION)

    @abstractmethod
    def holding(self) -> dict[int, int]:
        """Return the holding registers as they are now."""

    @abstractmethod
    def input(self) -> dict[int, int]:
        """Return the input registers as they are now."""

    @abstractmethod
    def write(self, register: int, value: int) -> bool:
        """Take a register's new value; tell whether there is such a register."""

    def identity(self) -> dict[int, bytes]:
        """Return the identification objects; empty when the function is unknown."""
        return {}

    def _request(self) -> tuple[bytes, int] | None:
        """Return the first whole request in the buffer and where it ends."""
        for start in range(len(self._buffer) - 3):
            function = self._buffer[start + 1]
            length = 7 if function == Function.READ_IDENTITY else 8
            candidate = self._buffer[start : start + length]
            if len(candidate) == length and crc16(candidate[:-2]) == candidate[-2:]:
                return candidate, start + length
        return None


class Gmp252Twin(ModbusSlave):
    """A Vaisala GMP252.

    Parameters
    ----------
    port : its wire.
    co2_ppm : what it measures now, ppm; asked at each poll.
    address : Modbus address.
    start_up_s : time after `start` in which it says that it is not ready, s.

    ``device_status``, ``co2_status`` and ``error_code`` can be set;
    ``eeprom_writes`` counts writes to the registers that wear out.
    """

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
        self.objects = {0: b"Vaisala", 1: b"GMP252", 2: b"1.2.3", 0x80: b"K0710040"}
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
