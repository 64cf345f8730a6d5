"""Vaisala GMP343 carbon dioxide probe, ASCII on RS-232 or RS-485.

The probe is stopped, asked who it is and for its errors, and then asked for one
value at a time: between values it takes commands, which a streaming probe does
not. Its answer may take seconds where it averages, so nothing waits for it. It
measures against a reference wavelength and has no automatic calibration that could
rebase it.

References
----------
Vaisala GMP343 User's Guide M210514EN: commands, output format, averaging, ranges
0 to 1000 ppm and 0 to 2 %, 19200 8N1, warm-up 10 min to ±0.5 % and 30 min to full
accuracy, a new value every 2 s, T90 75 s with the filter and 30 s averaging.

Not verified on a device: line settings and mode at power-on; the layout of the
answer to ``??`` (searched for the model, a version and a serial number) and to
``average`` (searched for the number); the words of errors (any answer to ``errs``
without "no errors" is taken as one); that a format set with ``form`` is lost with
the power; how a value above the range looks (compared here); ``frozen_after_s`` (an
assumption). A probe in POLL mode (several on one line) is not supported.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from drivers.api import (
    Capabilities,
    Device,
    DeviceLost,
    DeviceTimeout,
    Identity,
    Link,
    LinkOpener,
    ProtocolError,
    Quality,
    Quantity,
    Reading,
    Sample,
)
from drivers.codecs import vaisala_ascii as wire
from drivers.devices.pace import LOWEST_AIR_PPM, SamplePace

ANSWER_LIMIT_S = 0.4
"""Time for an answer that needs no measurement, s."""
VALUE_LIMIT_S = 1.5
"""Time for a value, s; asked twice, so a silent probe is noticed within 3.5 s."""
TRIES = 2
ERRORS_CHECK_S = 60.0

_BANNER = re.compile(r"GMP\d+\s*-\s*Version")  # sent at power-on
_MODEL = re.compile(r"GMP343", re.IGNORECASE)
_VERSION = re.compile(
    r"(?:GMP343\s*[-/]\s*(?:Version)?|(?:software|version)[^:\n]*:)\s*((?:STD\s*)?\d[\w.]*)", re.I
)
_SERIAL = re.compile(r"(?:SNUM|serial\s*(?:number|no\.?))\s*:\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gmp343Config:
    """Where the probe is, and how it is set.

    Parameters
    ----------
    url : its port, as for `LinkOpener.open`.
    baudrate, parity, stopbits : line settings; delivered with 19200 N 1.
    poll_s : time between questions, s.
    range_ppm : the end of its measuring range, ppm: 1000 or 20 000.
    average_s : averaging time to set, s; None leaves it as it is in the probe.
    warm_up_s : time after opening until readings are trusted, s. 0 only for a
        probe that is never switched off.
    check_identity : refuse a device that does not say that it is a GMP343.
    """

    url: str
    baudrate: Annotated[int, Field(ge=300, le=115200)] = 19200
    parity: Annotated[str, Field(pattern="^[NEO]$")] = "N"
    stopbits: Annotated[int, Field(ge=1, le=2)] = 1
    poll_s: Annotated[float, Field(ge=0.1, le=1.0)] = 0.5
    range_ppm: Annotated[float, Field(gt=0, le=50_000)] = 20_000.0
    average_s: Annotated[int, Field(ge=0, le=60)] | None = None
    warm_up_s: Annotated[float, Field(ge=0)] = 600.0
    check_identity: bool = True


class VaisalaGmp343(Device[Gmp343Config]):
    """Asks for a value every ``poll_s``; returns a sample every 2 s, a bad one at once."""

    Config = Gmp343Config
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM,),
        period_s=2.0,
        warm_up_s=600.0,
        response_t90_s=75.0,
        frozen_after_s=300.0,
        valid_range=(LOWEST_AIR_PPM, 20_000.0),
    )

    def __init__(self, config: Gmp343Config, links: LinkOpener) -> None:
        super().__init__(config, links)
        self._link: Link | None = None
        self._decoder = wire.VaisalaAsciiDecoder()
        self._identity = Identity("Vaisala", "")
        self._errors = ""
        self._errors_due = 0.0
        self._poll_due = 0.0
        self._samples = SamplePace(self.capabilities.period_s, config.poll_s)
        self._asked = 0  # how often the present value was asked for; 0 when none is awaited
        self._value_due = 0.0
        self._strange = ""  # what came instead of a value
        self._format_set = False

    def open(self) -> None:
        config = self.config
        self._link = self.links.open(
            config.url, baudrate=config.baudrate, parity=config.parity, stopbits=config.stopbits
        )
        try:
            self._decoder = wire.VaisalaAsciiDecoder()
            self._send("s")
            self._identity = self._ask_identity()
            if config.average_s is not None:
                self._set_average(config.average_s)
            self._ask_errors()
        except BaseException:
            self.close()
            raise
        self._poll_due = time.monotonic()
        self._samples = SamplePace(self.capabilities.period_s, config.poll_s)
        self._asked = 0
        self._strange = ""
        self._format_set = False

    def identify(self) -> Identity:
        return self._identity

    def read(self) -> Sequence[Reading]:
        self._ask_what_is_due()
        samples: list[Reading] = []
        # heard between questions too: the banner of a probe that starts anew comes unasked
        for message in self._decoder.feed(self._wire.read()):
            if isinstance(message, wire.Co2Value) and message.named:
                self._asked = 0
                self._strange = ""
                samples += self._sample(message.ppm)
            elif isinstance(message, wire.Co2Value):
                self._strange = f"{message.ppm:g} without label and unit"
            elif _BANNER.search(message.text):
                raise DeviceLost(
                    "the probe has started anew, so its power was away and it warms up again: "
                    "check its supply if this comes back"
                )
            elif message.text != "send":
                self._strange = message.text
        return samples

    def complaint(self) -> str:
        return f"reports: {self._errors}: clean its optics, restart it" if self._errors else ""

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _sample(self, co2_ppm: float) -> list[Reading]:
        quality = self._quality(co2_ppm)
        if not self._samples.due() and quality is Quality.GOOD:
            return []
        return [Sample(Quantity.CO2_PPM, co2_ppm, quality)]

    def _quality(self, co2_ppm: float) -> Quality:
        if not co2_ppm > 0:
            return Quality.INVALID
        if co2_ppm > self.config.range_ppm:
            return Quality.OVER_RANGE
        return Quality.UNRELIABLE if self._errors else Quality.GOOD

    def _ask_what_is_due(self) -> None:
        now = time.monotonic()
        if self._asked:
            if now >= self._value_due:
                self._ask_again()
        elif now >= self._errors_due:
            self._ask_errors()
        elif now >= self._poll_due:
            self._poll_due = max(self._poll_due + self.config.poll_s, now)
            self._ask_value()

    def _ask_value(self) -> None:
        # nothing is discarded: a late value is a value too
        self._wire.write(wire.encode_command("send"))
        self._asked += 1
        self._value_due = time.monotonic() + VALUE_LIMIT_S

    def _ask_again(self) -> None:
        if self._asked < TRIES:
            if self._strange and not self._format_set:
                self._wire.write(wire.encode_command(wire.LABELLED_FORMAT))
                self._format_set = True
            self._ask_value()
        elif self._strange:
            raise ProtocolError(
                f"it answers {self._strange[:40]!r} where a value was asked for: "
                "check its output format (form) and that it is a GMP343"
            )
        else:
            raise DeviceTimeout("the probe gives no value: check its cable and power")

    def _ask_identity(self) -> Identity:
        text = "\n".join(self._ask("??"))
        if not _MODEL.search(text):
            text += "\n" + "\n".join(self._ask("?"))
        version, serial = _VERSION.search(text), _SERIAL.search(text)
        if not _MODEL.search(text) and self.config.check_identity:
            raise ProtocolError(
                f"it does not say that it is a GMP343 but {text.strip()[:40]!r}: check which device is on "
                "this port; if it is a GMP343 all the same, set check_identity = false"
            )
        return Identity(
            "Vaisala",
            "GMP343" if _MODEL.search(text) else "",
            serial[1] if serial else "",
            version[1].strip() if version else "",
        )

    def _set_average(self, average_s: int) -> None:
        answer = " ".join(self._ask(f"average {average_s}"))
        if str(average_s) not in re.findall(r"\d+", answer):
            raise ProtocolError(
                f"it does not confirm an averaging time of {average_s} s but answers {answer[:40]!r}: "
                "leave average_s out and set it in the probe"
            )

    def _ask_errors(self) -> None:
        lines = self._ask("errs", wire.NO_ERRORS)
        text = "; ".join(lines)
        self._errors = "" if wire.NO_ERRORS in text.lower() else text[:120]
        self._errors_due = time.monotonic() + ERRORS_CHECK_S

    def _ask(self, command: str, last: str = "") -> list[str]:
        """Return the lines of an answer, up to the line that holds ``last`` or to a pause."""
        heard = False
        for _ in range(TRIES):
            self._send(command)
            lines: list[str] = []
            end = time.monotonic() + ANSWER_LIMIT_S
            while time.monotonic() < end:
                data = self._wire.read()
                if lines and not data:
                    return lines
                heard = heard or bool(data)
                for message in self._decoder.feed(data):
                    # a line that ends in the command is its echo, with what stood in the line before it
                    if isinstance(message, wire.TextLine) and not message.text.endswith(command):
                        lines.append(message.text)
                if last and lines and last in lines[-1].lower():
                    return lines
            if lines:
                return lines
        if heard:
            raise DeviceTimeout(
                f"what arrives is no answer to {command!r}: check that a GMP343 is on this port and the "
                "line speed"
            )
        raise DeviceTimeout("the probe does not answer: check its cable, power and line speed")

    def _send(self, command: str) -> None:
        self._wire.discard_input()
        self._decoder.clear()
        self._wire.write(wire.encode_command(command))

    @property
    def _wire(self) -> Link:
        if self._link is None:
            raise ProtocolError("the probe is asked before it was opened")
        return self._link
