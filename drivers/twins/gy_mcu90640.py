"""Far end of the GY-MCU90640's wire: a thermal module fed from any source of images."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from drivers.codecs import gy_mcu90640 as wire
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

FrameSource: TypeAlias = Callable[[], npt.NDArray[Any] | None]
"""Returns the next image, °C ``(24, 32)``, left to right; None when there is none left."""

_LATE_FRAMES = 2  # a module that fell further behind goes on from now


class GyMcu90640Twin(Twin):
    """A module that streams at the rate and in the mode it was told.

    Parameters
    ----------
    port : the wire's far end.
    next_frame : source of images.
    ambient_c : temperature of the module itself, °C.
    auto : whether it streams after power-on without being told.
    rate_hz : rate after power-on, one of `wire.RATES_HZ`.
    pace : device seconds per second of host time.

    Attributes
    ----------
    finished : set when the source has ended.
    commands : commands received, in order.
    baudrate : line speed it was told to use after the next power-on.
    emissivity : as it was told; images are sent as the source gives them.
    """

    def __init__(
        self,
        port: WirePort,
        next_frame: FrameSource,
        *,
        ambient_c: float = 25.0,
        auto: bool = False,
        rate_hz: float = 4.0,
        pace: float = 1.0,
    ) -> None:
        super().__init__(port, pace_s=min(0.02, 0.02 / pace))
        self.finished = threading.Event()
        self.commands: list[wire.ThermalCommand] = []
        self.ambient_c = ambient_c
        self.rate_hz = rate_hz
        self.baudrate = 115200
        self.emissivity = 0.95
        self._next_frame = next_frame
        self._auto = auto
        self._pace = pace
        self._decoder = wire.GyMcu90640CommandDecoder()
        self._due = time.monotonic()

    def step(self, received: bytes) -> None:
        """Obey commands; send the frame that is due."""
        for command in self._decoder.feed(received):
            self._obey(command)
        now = time.monotonic()
        if self._auto and now >= self._due:
            period_s = 1 / (self.rate_hz * self._pace)
            self._due = max(self._due + period_s, now - _LATE_FRAMES * period_s)
            self._send_frame()

    def _obey(self, command: wire.ThermalCommand) -> None:
        self.commands.append(command)
        code, value = command.code, command.value
        if code == wire.SET_RATE and value < len(wire.RATES_HZ):
            self.rate_hz = wire.RATES_HZ[value]
        elif code == wire.SET_MODE and value == wire.AUTO:
            self._auto, self._due = True, time.monotonic()
        elif code == wire.SET_MODE and value == wire.QUERY_ONCE:
            self._auto = False
            self._send_frame()
        elif code == wire.SET_EMISSIVITY and 1 <= value <= 100:
            self.emissivity = value / 100
        elif code == wire.GET_EMISSIVITY:
            self.send(wire.encode(wire.Emissivity(self.emissivity)))
        elif code == wire.SET_BAUD and value in wire.BAUD_RATES:
            self.baudrate = wire.BAUD_RATES[value]

    def _send_frame(self) -> None:
        image = self._next_frame()
        if image is None:
            self._auto = False
            self.finished.set()
            return
        if image.shape != (wire.ROWS, wire.COLUMNS) or not np.isfinite(image).all():
            raise ValueError(f"a thermal image must be finite and 24 x 32, not {image.shape}")
        limits = np.iinfo(np.int16)
        centi_c = np.clip(np.rint(np.asarray(image, np.float64) * 100), limits.min, limits.max)
        self.send(wire.encode(wire.ThermalFrame(centi_c.astype(np.int16), round(self.ambient_c * 100))))
