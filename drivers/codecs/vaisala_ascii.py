"""Vaisala's ASCII protocol as the GMP343 speaks it: typed commands, answers as lines of text.

A value comes as ``CO2=  452 ppm``; the format can be changed in the probe, so the
label, the unit or both may be missing. There is no check: what makes a line a
value is its form alone. A prompt ``>`` and an echo of what was typed may stand
before an answer.

References
----------
Vaisala GMP343 User's Guide M210514EN: commands R, S, SEND, INTV, FORM (table of
quantities and modifiers), ERRS, ECHO, AVERAGE, ``?`` and ``??``; ESC ends a half-typed
command. The words "OK: No errors detected." and the banner "GMP343 - Version STD 2.00"
are as published programs for this probe expect them.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple, TypeAlias

from drivers.codecs.ascii_lines import LineCutter
from drivers.codecs.counters import DecodeCounters

ESC = b"\x1b"
LABELLED_FORMAT = 'form 6.1 "CO2=" CO2 " " U3 #r#n'
"""Sets the format that says what it is; kept until the power goes, as it is not saved."""
NO_ERRORS = "no errors"  # in the answer to errs, lower case

_PPM_PER_UNIT = {b"ppm": 1.0, b"%": 10_000.0, b"%co2": 10_000.0, b"": 1.0}
_VALUE = re.compile(
    rb"[>\x1b ]*(?:send *)?(CO2 *= *)?(?:(-?\d{1,7}(?:\.\d{0,4})?)|[*]{2,}|-{2,}|nan) *(ppm|%CO2|%|) *",
    re.IGNORECASE,
)


class Co2Value(NamedTuple):
    """A value line.

    Parameters
    ----------
    ppm : the value, converted from percent where the line says so; NaN where
        stars or dashes stand for no value.
    named : whether label or unit say that it is carbon dioxide: a bare number
        may be anything.
    """

    ppm: float
    named: bool


class TextLine(NamedTuple):
    """Any other line: an answer, an echo, a banner."""

    text: str


VaisalaMessage: TypeAlias = Co2Value | TextLine


def encode_command(text: str) -> bytes:
    """Return a command as typed, after the ESC that clears what was half typed before it.

    Examples
    --------
    >>> encode_command("send")
    b'\\x1bsend\\r'
    """
    return ESC + text.encode("ascii") + b"\r"


def encode_value(co2_ppm: float) -> bytes:
    """Return a value line in the probe's own format.

    Examples
    --------
    >>> encode_value(452)
    b'CO2=   452 ppm\\r\\n'
    """
    return encode_line(f"CO2={co2_ppm:6.0f} ppm" if math.isfinite(co2_ppm) else "CO2=****** ppm")


def encode_line(text: str) -> bytes:
    """Return one line of an answer."""
    return text.encode("ascii") + b"\r\n"


class VaisalaAsciiDecoder:
    """Turns what the probe sends into values and other lines.

    Attributes
    ----------
    counters : drop reasons are "garbage" (a line with bytes that are no text) and "too long".
    """

    def __init__(self) -> None:
        self.counters = DecodeCounters()
        self._lines = LineCutter(self.counters)

    def feed(self, data: bytes) -> list[VaisalaMessage]:
        """Take bytes as they arrive; return the messages that they complete. Never raises."""
        messages: list[VaisalaMessage] = []
        for line in self._lines.feed(data):
            found = _VALUE.fullmatch(line)
            if found is not None:
                label, number, unit = found.groups()
                named = label is not None or unit != b""
                if number is not None:
                    messages.append(Co2Value(float(number) * _PPM_PER_UNIT[unit.lower()], named))
                    continue
                if named:
                    messages.append(Co2Value(math.nan, True))
                    continue
            self._take_text(line, messages)
        self.counters.frames += len(messages)
        return messages

    def clear(self) -> None:
        """Forget the beginning of a line: what follows on the wire does not continue it."""
        self._lines.clear()

    def _take_text(self, line: bytes, messages: list[VaisalaMessage]) -> None:
        text = line.replace(b"\t", b" ").lstrip(b">\x1b ").rstrip()
        if not text:
            return  # a prompt
        if text.isascii() and (decoded := text.decode("ascii")).isprintable():
            messages.append(TextLine(decoded))
        else:
            self.counters.drop("garbage", len(line))
