"""Gas Sensing Solutions' ASCII protocol: fields of a letter and five digits, in lines.

A line of values is `` Z 00500 z 00500``: Z the filtered, z the unfiltered carbon
dioxide in counts, which the answer to ``.`` turns into ppm; H is humidity in 0.1 %,
T temperature in 0.1 °C above -100 °C. Answers look the same (`` K 00002``) and
begin with a blank, which tells them from an echo of the command.

References
----------
GSS Sensor User's Manual (CozIR, SprintIR, MISIR, MinIR), Rev. I: reading format,
commands K, M, A, a, @, Y and ``.``; the output mask's bits.

The answer to ``@`` (`` @ 0`` or `` @ 1.0 8.0``) and the two lines of the answer to ``Y``
are from the manual and from published programs, not from a sensor here.
"""

from __future__ import annotations

import re
from enum import IntEnum, IntFlag
from typing import NamedTuple, TypeAlias

from drivers.codecs.ascii_lines import LineCutter
from drivers.codecs.counters import DecodeCounters

HIGHEST_COUNT = 65_535
"""The sensor computes in 16 bits; what is written as more is no measurement."""


class Mode(IntEnum):
    """Operating modes, set by ``K``."""

    COMMAND = 0  # it measures nothing
    STREAM = 1
    POLL = 2


class Output(IntFlag):
    """Bits of the output mask, set by ``M``."""

    HUMIDITY = 4096
    TEMPERATURE = 64
    FILTERED = 4
    RAW = 2


class GssValues(NamedTuple):
    """A line of values; None where the line does not hold the field. ``co2`` and ``co2_raw`` are counts."""

    co2: int | None
    co2_raw: int | None = None
    temperature_c: float | None = None
    humidity_pct: float | None = None


class GssAnswer(NamedTuple):
    """Answer to a command: its letter and what follows ("00002", "1.0 8.0", "")."""

    letter: str
    text: str


GssMessage: TypeAlias = GssValues | GssAnswer

_USUAL = re.compile(rb" ?(?:H (\d{5}) )?(?:T (\d{5}) )?Z (\d{5})(?: z (\d{5}))? ?")
_FIELDS = re.compile(rb"(?: ?[A-Za-z] \d{5}){2,} ?| ?[ZzHT] \d{5} ?")
_FIELD = re.compile(rb"([A-Za-z]) (\d{5})")
# a damaged line of values is no answer: not H, T, Z, z
_ANSWER = re.compile(rb" (?:([A-GI-SU-Ya-y.@*?])(?:[ ,](.*))?)|([YB])[ ,](.*)")


def encode_command(text: str) -> bytes:
    """Return the wire bytes of a command.

    Examples
    --------
    >>> encode_command("K 2")
    b'K 2\\r\\n'
    """
    return text.encode("ascii") + b"\r\n"


def encode(message: GssMessage) -> bytes:
    """Return the line that a sensor sends.

    Examples
    --------
    >>> encode(GssValues(500, 500))
    b' Z 00500 z 00500\\r\\n'
    >>> encode(GssAnswer("K", "00002"))
    b' K 00002\\r\\n'
    """
    if isinstance(message, GssAnswer):
        text = f"{message.letter} {message.text}" if message.text else message.letter
        return f" {text}\r\n".encode("ascii")
    humidity, temperature = message.humidity_pct, message.temperature_c
    fields = (
        ("H", None if humidity is None else round(humidity * 10)),
        ("T", None if temperature is None else round(temperature * 10) + 1000),
        ("Z", message.co2),
        ("z", message.co2_raw),
    )
    line = "".join(f" {letter} {value:05d}" for letter, value in fields if value is not None)
    return line.encode("ascii") + b"\r\n"


class GssDecoder:
    """Turns what the sensor sends into values and answers.

    Attributes
    ----------
    counters : drop reasons are "garbage" (a line of no known form, the echo of
        a command among them) and "too long".
    """

    def __init__(self) -> None:
        self.counters = DecodeCounters()
        self._lines = LineCutter(self.counters)

    def feed(self, data: bytes) -> list[GssMessage]:
        """Take bytes as they arrive; return the messages that they complete. Never raises."""
        messages: list[GssMessage] = []
        for line in self._lines.feed(data):
            usual = _USUAL.fullmatch(line)
            if usual is not None:
                humidity, temperature, co2, raw = usual.groups()
                if humidity is temperature is None:
                    messages.append(GssValues(int(co2), None if raw is None else int(raw)))
                else:
                    messages.append(_values({b"H": humidity, b"T": temperature, b"Z": co2, b"z": raw}))
            elif _FIELDS.fullmatch(line) is not None:
                messages.append(_values(dict(_FIELD.findall(line))))
            elif (answer := _ANSWER.fullmatch(line)) is not None and line.isascii():
                letter, text, letter_alone, text_alone = answer.groups()
                messages.append(
                    GssAnswer((letter or letter_alone).decode(), (text or text_alone or b"").decode().strip())
                )
            else:
                self.counters.drop("garbage", len(line))
        self.counters.frames += len(messages)
        return messages

    def clear(self) -> None:
        """Forget the beginning of a line: what follows on the wire does not continue it."""
        self._lines.clear()


def _values(fields: dict[bytes, bytes | None]) -> GssValues:
    co2, raw = fields.get(b"Z"), fields.get(b"z")
    temperature, humidity = fields.get(b"T"), fields.get(b"H")
    return GssValues(
        None if co2 is None else int(co2),
        None if raw is None else int(raw),
        None if temperature is None else (int(temperature) - 1000) / 10,
        None if humidity is None else int(humidity) / 10,
    )
