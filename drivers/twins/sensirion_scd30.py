"""Twin of the Sensirion SCD30 on its Modbus side."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

from drivers.twins.modbus_slave import ModbusSlave
from drivers.twins.ports import WirePort

FIRMWARE, INTERVAL_S, DATA_READY, DATA = 0x0020, 0x0025, 0x0027, 0x0028
START, STOP, ASC = 0x0036, 0x0037, 0x003A


class Scd30Twin(ModbusSlave):
    """A module that measures every ``interval_s`` once it was started.

    Parameters
    ----------
    port : its wire.
    co2_ppm : what it measures now, ppm; asked at each measurement.
    address : Modbus address.

    ``temperature_c`` and ``humidity_pct`` are sources too and can be set, as can ``asc``
    (self-calibration, delivered on). ``asc_stuck`` makes it acknowledge that ASC is off and keep it on;
    ``pace`` shortens its interval for tests (0.1 = ten times as fast); ``raw``
    replaces the twelve data bytes. ``writes`` counts writes by register.
    """

    def __init__(self, port: WirePort, co2_ppm: Callable[[], float], address: int = 0x61) -> None:
        super().__init__(port, (address,))
        self.co2_ppm = co2_ppm
        self.temperature_c: Callable[[], float] = lambda: 27.2
        self.humidity_pct: Callable[[], float] = lambda: 48.8
        self.asc = 1
        self.asc_stuck = False
        self.interval_s = 5
        self.interval_stuck = False
        self.pace = 1.0
        self.raw: bytes | None = None
        self.started_with: int | None = None
        self.writes: dict[int, int] = {}
        self._measured_at = 0.0
        self._ready = False
        self._words = (0,) * 6

    def step(self, received: bytes) -> None:
        now = time.monotonic()
        if self.started_with is not None and now - self._measured_at >= self.interval_s * self.pace:
            values = (self.co2_ppm(), self.temperature_c(), self.humidity_pct())
            data = self.raw if self.raw is not None else struct.pack(">3f", *values)
            self._words = struct.unpack(">6H", data)
            self._measured_at, self._ready = now, True
        super().step(received)

    def answer(self, address: int, function: int, body: bytes) -> bytes:
        answer = super().answer(address, function, body)
        if body[:2] == DATA.to_bytes(2, "big"):
            self._ready = False  # data is ready until it was read
        return answer

    def holding(self) -> dict[int, int]:
        registers = {FIRMWARE: 0x0342, INTERVAL_S: self.interval_s, DATA_READY: int(self._ready)}
        registers |= {DATA + offset: word for offset, word in enumerate(self._words)}
        return registers | {ASC: self.asc}

    def input(self) -> dict[int, int]:
        return {}

    def write(self, register: int, value: int) -> bool:
        self.writes[register] = self.writes.get(register, 0) + 1
        if register == START:
            self.started_with = value
        elif register == STOP:
            self.started_with = None
        elif register == INTERVAL_S:
            self.interval_s = self.interval_s if self.interval_stuck else value
        elif register == ASC:
            self.asc = self.asc if self.asc_stuck else value
        else:
            return False
        return True
