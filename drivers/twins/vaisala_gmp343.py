"""Far end of a GMP343's wire: a probe that answers typed commands, streams, echoes and reports errors."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from drivers.codecs import vaisala_ascii as wire
from drivers.twins.ports import WirePort
from drivers.twins.twin import Twin

_UNITS_S = {"s": 1.0, "min": 60.0, "h": 3600.0}


class Gmp343Twin(Twin):
    """A probe after power-on.

    Parameters
    ----------
    port : the wire's far end.
    co2_ppm : what it measures now, ppm; asked for each value.
    running : whether it streams after power-on (start mode RUN).
    interval_s : time between streamed values, s.
    echo : whether it repeats what is typed, and prompts.
    errors : lines of its answer to errs; empty for none.
    answer_delay_s : time that it takes to give a value, s.

    ``write_value`` turns a value into its line, as `wire.encode_value` does; a
    format set by the host replaces it. ``about`` are the lines of its answer to
    ``??``; ``restart`` powers it anew.

    Attributes
    ----------
    commands : commands received, in order.
    """

    def __init__(
        self,
        port: WirePort,
        co2_ppm: Callable[[], float],
        *,
        running: bool = False,
        interval_s: float = 2.0,
        echo: bool = False,
        errors: tuple[str, ...] = (),
        answer_delay_s: float = 0.0,
    ) -> None:
        super().__init__(port)
        self.co2_ppm = co2_ppm
        self.running = running
        self.interval_s = interval_s
        self.echo = echo
        self.errors = errors
        self.answer_delay_s = answer_delay_s
        self.average_s = 30
        self.about = ("GMP343 / STD 2.00", "SNUM           : D1240008", "ADDR           : 0")
        self.write_value: Callable[[float], bytes] = wire.encode_value
        self.commands: list[str] = []
        self._typed = b""
        self._due = time.monotonic()
        self._value_due: float | None = None

    def restart(self) -> None:
        """Cut the power and restore it: the banner comes, settings that were not saved are lost."""
        self._typed = b""
        self._value_due = None
        self.write_value = wire.encode_value
        self.send(b"GMP343 - Version STD 2.00\r\nCopyright: Vaisala Oyj 2002 - 2008\r\n\r\n")

    def step(self, received: bytes) -> None:
        """Take keys, obey commands; send the value that is due."""
        for code in received:
            self._take(bytes((code,)))
        now = time.monotonic()
        if self._value_due is not None and now >= self._value_due:
            self._value_due = None
            self._send_value()
        if self.running and now >= self._due:
            self._due = max(self._due + self.interval_s, now)
            self._send_value()

    def _take(self, key: bytes) -> None:
        if key == wire.ESC:
            self._typed = b""
            self.running = False
        elif key in (b"\r", b"\n"):
            typed, self._typed = self._typed.decode("ascii", "replace").strip(), b""
            if self.echo:
                self.send(b"\r\n")
            if typed:
                self._obey(typed)
            if self.echo:
                self.send(b">")
        else:
            self._typed = (self._typed + key)[-160:]
            if self.echo:
                self.send(key)

    def _obey(self, typed: str) -> None:
        self.commands.append(typed)
        name, _, text = typed.lower().partition(" ")
        if self.running and name != "s":
            return  # a streaming probe takes nothing else
        if name == "s":
            self.running = False
        elif name == "r":
            self.running, self._due = True, time.monotonic()
        elif name == "send":
            self._value_due = time.monotonic() + self.answer_delay_s
        elif name == "intv":
            self._set_interval(text)
        elif name == "form" and text:
            self._set_format(typed.partition(" ")[2])
        elif name in ("?", "??"):
            self._say(*self.about)
        elif name == "errs":
            self._say(*(self.errors or ("OK: No errors detected.",)))
        elif name == "average" and text.isdecimal():
            self.average_s = int(text)
            self._say(f"AVERAGE (s)    : {self.average_s}")
        elif name == "echo" and text in ("on", "off"):
            self.echo = text == "on"
            self._say(f"ECHO           : {text.upper()}")
        else:
            self._say("Unknown command")

    def _set_interval(self, text: str) -> None:
        number, _, unit = text.partition(" ")
        if number.isdecimal() and unit in _UNITS_S:
            self.interval_s = int(number) * _UNITS_S[unit]
        shown = round(self.interval_s)
        self._say(f"Output interval: {shown} S")

    def _set_format(self, text: str) -> None:
        if '"CO2="' in text and " U" in text:
            self.write_value = lambda value: wire.encode_line(f"CO2={value:6.1f} ppm")
        else:
            self.write_value = lambda value: wire.encode_line(f"{value:6.1f}")
        self._say("OK")

    def _send_value(self) -> None:
        value = self.co2_ppm()
        self.send(wire.encode_value(math.nan) if math.isnan(value) else self.write_value(value))

    def _say(self, *lines: str) -> None:
        for line in lines:
            self.send(wire.encode_line(line))
