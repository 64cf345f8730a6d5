"""Far end of a GSS sensor's wire: a CozIR or SprintIR that streams, is polled, and keeps its settings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from drivers.codecs import gss_ascii as wire
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

_LATE_VALUES = 2  # a sensor that fell further behind goes on from now


class GssTwin(Twin):
    """A sensor as it is after power-on: streaming, self-calibration as it was left.

    Parameters
    ----------
    port : the wire's far end.
    co2_ppm : what it measures now, ppm; asked for each value.
    rate_hz : values per second; CozIR 2, SprintIR 20.
    multiplier : what its counts must be multiplied by.
    auto_zero : intervals of its self-calibration, or "0".
    climate : temperature in °C and humidity in %; None for a sensor without.
    pace : device seconds per second of host time.

    ``auto_zero_stuck`` makes it acknowledge that it is off and keep it on;
    ``auto_zero_in_mode_0`` take a change in mode 0 alone; ``echo`` makes the wire
    one that hears what it sends; ``identity`` are the lines of its answer to Y.

    Attributes
    ----------
    commands : commands received, in order.
    settings_written : count of changes to the filter, which is kept in a memory that wears.
    """

    def __init__(
        self,
        port: WirePort,
        co2_ppm: Callable[[], float],
        *,
        rate_hz: float = 2.0,
        multiplier: int = 1,
        auto_zero: str = "1.0 8.0",
        climate: tuple[float, float] | None = None,
        pace: float = 1.0,
    ) -> None:
        super().__init__(port, pace_s=min(0.02, 0.2 / (rate_hz * pace)))
        self.co2_ppm = co2_ppm
        self.multiplier = multiplier
        self.auto_zero = auto_zero
        self.auto_zero_stuck = False
        self.auto_zero_in_mode_0 = False
        self.climate = climate
        self.echo = False
        self.mode = wire.Mode.STREAM
        self.filter = 16
        self.identity = ("Y,Jan 30 2013,10:45:03,AL17", "B 00233 00000")
        self.commands: list[str] = []
        self.settings_written = 0
        self._outputs = wire.Output.FILTERED | wire.Output.RAW
        self._period_s = 1 / (rate_hz * pace)
        self._typed = b""
        self._due = time.monotonic()

    def step(self, received: bytes) -> None:
        """Obey commands; send the value that is due."""
        if self.echo and received:
            self.send(received)
        self._typed = (self._typed + received)[-256:]
        *lines, self._typed = self._typed.replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            if line:
                self._obey(line.decode("ascii", "replace").strip())
        now = time.monotonic()
        if self.mode is wire.Mode.STREAM and now >= self._due:
            self._due = max(self._due + self._period_s, now - _LATE_VALUES * self._period_s)
            self.send(self.values())

    def values(self) -> bytes:
        """Return the line of values as they are now, in the fields of the output mask."""
        co2_ppm = self.co2_ppm()
        count = round(co2_ppm / self.multiplier) if math.isfinite(co2_ppm) else 0
        count = min(max(count, 0), 99_999)
        climate = self.climate or (0.0, 0.0)
        shown = self._outputs
        return wire.encode(
            wire.GssValues(
                count if wire.Output.FILTERED in shown else None,
                count if wire.Output.RAW in shown else None,
                climate[0] if wire.Output.TEMPERATURE in shown else None,
                climate[1] if wire.Output.HUMIDITY in shown else None,
            )
        )

    def _obey(self, command: str) -> None:
        self.commands.append(command)
        letter, _, text = command.partition(" ")
        if letter == "K" and text in ("0", "1", "2"):
            self.mode, self._due = wire.Mode(int(text)), time.monotonic() + self._period_s
            self._answer(letter, int(text))
        elif letter == "M" and text.isdecimal():
            self._outputs = wire.Output(int(text))
            self._answer(letter, int(text))
        elif letter == "A" and text.isdecimal():
            self.filter = int(text)
            self.settings_written += 1
            self._answer(letter, self.filter)
        elif letter == "a" and not text:
            self._answer(letter, self.filter)
        elif letter == "." and not text:
            self._answer(letter, self.multiplier)
        elif letter == "@":
            self._obey_auto_zero(text)
        elif letter in ("Z", "Q") and not text and self.mode is not wire.Mode.COMMAND:
            self.send(self.values())
        elif letter == "Y":
            for line in self.identity:
                self.send(f" {line}\r\n".encode("ascii"))
        else:
            self.send(b" ?\r\n")

    def _obey_auto_zero(self, text: str) -> None:
        allowed = self.mode is wire.Mode.COMMAND or not self.auto_zero_in_mode_0
        if text and allowed and not self.auto_zero_stuck:
            self.auto_zero = text
        self.send(wire.encode(wire.GssAnswer("@", text or self.auto_zero)))

    def _answer(self, letter: str, value: int) -> None:
        self.send(wire.encode(wire.GssAnswer(letter, f"{value:05d}")))
