"""Far end of an MH-Z19's wire: a sensor that answers frames, preheats, and keeps its self-calibration."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from drivers.codecs import winsen_mhz19 as wire
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin


class Mhz19Twin(Twin):
    """A sensor as it is delivered: self-calibration on, range 5000 ppm.

    Parameters
    ----------
    port : the wire's far end.
    co2_ppm : what it measures now, ppm; asked at each poll.
    preheat_s : time after `start` in which it says ``preheat_ppm`` whatever there is, s.
    preheat_ppm : 400 or 410, by firmware.
    firmware : four characters.

    ``unknown`` are commands that its firmware does not know and leaves unanswered;
    ``self_calibration_stuck`` makes it keep self-calibration on; ``acknowledges``
    makes it answer commands that set something, as some firmwares do; ``echo``
    makes the wire one that hears what it sends.

    Attributes
    ----------
    commands : commands received, in order.
    """

    def __init__(
        self,
        port: WirePort,
        co2_ppm: Callable[[], float],
        *,
        preheat_s: float = 0.0,
        preheat_ppm: int = 410,
        firmware: str = "0502",
    ) -> None:
        super().__init__(port)
        self.co2_ppm = co2_ppm
        self.preheat_s = preheat_s
        self.preheat_ppm = preheat_ppm
        self.firmware = firmware
        self.range_ppm = 5000
        self.self_calibration = True
        self.self_calibration_stuck = False
        self.acknowledges = False
        self.echo = False
        self.unknown: frozenset[int] = frozenset()
        self.temperature_c = 24
        self.commands: list[int] = []
        self._decoder = wire.WinsenDecoder()
        self._powered = time.monotonic()

    def restart(self) -> None:
        """Cut the power and restore it: it preheats, and self-calibration is as delivered."""
        self._powered = time.monotonic()
        self.self_calibration = True

    def step(self, received: bytes) -> None:
        """Answer requests."""
        if self.echo and received:
            self.send(received)
        for frame in self._decoder.feed(received):
            if frame.kind != wire.TO_SENSOR:
                continue
            self.commands.append(frame.body[0])  # before the answer: who has it may look here at once
            if frame.body[0] not in self.unknown:
                self._obey(frame.body[0], frame.body[1:])

    def _obey(self, command: int, value: bytes) -> None:
        if command == wire.READ_CO2:
            body = self._ppm().to_bytes(2, "big") + bytes([self.temperature_c + 40])
            self._answer(command, body)
        elif command == wire.SELF_CALIBRATION:
            if not self.self_calibration_stuck:
                self.self_calibration = value[0] == wire.ON
            if self.acknowledges:
                self._answer(command, b"\x01")
        elif command == wire.SELF_CALIBRATION_STATE:
            self._answer(command, bytes([0, 0, 0, 0, 0, self.self_calibration]))
        elif command == wire.SET_RANGE:
            self.range_ppm = int.from_bytes(value[3:5], "big")
            if self.acknowledges:
                self._answer(command, b"\x01")
        elif command == wire.RANGE:
            self._answer(command, b"\0\0" + self.range_ppm.to_bytes(2, "big"))
        elif command == wire.FIRMWARE:
            self._answer(command, self.firmware.encode("ascii"))

    def _ppm(self) -> int:
        if time.monotonic() - self._powered < self.preheat_s:
            return self.preheat_ppm
        value = self.co2_ppm()
        return round(min(max(value, 0), self.range_ppm)) if math.isfinite(value) else 0

    def _answer(self, command: int, body: bytes) -> None:
        self.send(wire.encode(wire.WinsenFrame(command, body.ljust(6, b"\0"))))
