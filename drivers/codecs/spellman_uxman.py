"""Spellman uX X-ray supplies: read requests and replies. Nothing else can be encoded.

A message is ``STX number, value, ... checksum ETX``; over the supply's own TCP
port (50001) it has no checksum. Numbers and values are ASCII, each ends with a
comma. The checksum is made of all bytes between STX and itself:
``((256 - sum) & 7F) | 40``.

The same numbers mean different things in different families of this maker: 32
asks a uX for its expanded status and programs the filament of an XRV. So a
request may be sent only if it is in `READ_COMMANDS`, where a number stands only
if it asks and does nothing else in every family whose list was found; there is
no way to give a request an argument.

Not verified on a supply: everything; the numbers and the order of the values
are from the manual's list and three public programs for the uX series.

References
----------
Spellman, "uX Series Instruction Manual" (file name uXMAN), communication
118153-001 rev. B: 5.4 and 5.5 lists of commands and replies, 6 their details;
the lists of the XRV, SLM, ST, PMX, XRB and ESL manuals for what a number means
elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from drivers.api import ProtocolError
from drivers.codecs.counters import DecodeCounters

KV_SET_POINT, MA_SET_POINT, READBACKS, STATUS, SOFTWARE, HARDWARE, MODEL = 14, 15, 20, 22, 23, 24, 26

READ_COMMANDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        KV_SET_POINT: "kV set point",
        MA_SET_POINT: "mA set point",
        READBACKS: "analog monitor read-backs",
        STATUS: "status",
        SOFTWARE: "software version",
        HARDWARE: "hardware version",
        MODEL: "model number",
    }
)
"""All that may be sent to a supply: number, what it asks for."""

FULL_SCALE = 4095
LONGEST_BODY = 120


class Framing(StrEnum):
    """Whether a message carries a checksum; the bytes alone do not settle it, so it is chosen."""

    CHECKSUM = "checksum"  # serial
    PLAIN = "plain"  # the supply's own TCP port


class Message(NamedTuple):
    """A request (no values) or a reply."""

    command: int
    values: tuple[str, ...]


class Status(NamedTuple):
    """What the supply says about itself."""

    high_voltage: bool
    interlock_open: bool
    fault: bool


class Readbacks(NamedTuple):
    """Monitor of high voltage and tube current, 0 to `FULL_SCALE`."""

    kv_counts: int
    ma_counts: int


def checksum(body: bytes) -> int:
    """Return the checksum of what stands between STX and the checksum itself.

    Examples
    --------
    >>> chr(checksum(b"22,"))
    'p'
    """
    return (256 - sum(body)) & 0x7F | 0x40


def _framed(body: bytes, framing: Framing) -> bytes:
    check = bytes([checksum(body)]) if framing is Framing.CHECKSUM else b""
    return b"\x02" + body + check + b"\x03"


_REQUESTS: Final = {
    (command, framing): _framed(b"%d," % command, framing) for command in READ_COMMANDS for framing in Framing
}


def encode_request(command: int, framing: Framing) -> bytes:
    """Return the wire bytes of a read request, out of a table made of `READ_COMMANDS`.

    Raises
    ------
    ProtocolError : the command is not one of `READ_COMMANDS`.

    Examples
    --------
    >>> encode_request(STATUS, Framing.CHECKSUM).hex(" ")
    '02 32 32 2c 70 03'
    """
    wire = _REQUESTS.get((command, framing)) if type(command) is int and type(framing) is Framing else None
    if wire is None:
        raise ProtocolError(
            f"an X-ray supply is only read, {command!r} is no read request: "
            f"only {', '.join(map(str, READ_COMMANDS))} may be sent"
        )
    return wire


def encode_reply(command: int, values: Sequence[str], framing: Framing) -> bytes:
    """Return the wire bytes of a supply's reply to a read request.

    Raises
    ------
    ProtocolError : the command is not one of `READ_COMMANDS`, or a value could be taken for framing.

    Examples
    --------
    >>> encode_reply(STATUS, ("0", "1", "0"), Framing.PLAIN)
    b'\\x0222,0,1,0,\\x03'
    """
    if type(command) is not int or command not in READ_COMMANDS:
        raise ProtocolError(f"{command!r} is no read request, so it has no reply")
    if not values or not all(_VALUE.fullmatch(value) for value in values):
        raise ProtocolError(f"{values!r} are no values of a reply: printable ASCII without commas is wanted")
    return _framed(",".join([str(command), *values, ""]).encode("ascii"), framing)


def parse_status(message: Message) -> Status | None:
    """Return the status that a reply carries; None when it is not a uX supply's.

    Other families reply with more flags or fewer, and some say 1 for a closed interlock.

    Examples
    --------
    >>> parse_status(Message(STATUS, ("1", "0", "0")))
    Status(high_voltage=True, interlock_open=False, fault=False)
    """
    values = message.values
    if message.command != STATUS or len(values) != 3 or not set(values) <= {"0", "1"}:
        return None
    return Status(*(value == "1" for value in values))


def parse_readbacks(message: Message) -> Readbacks | None:
    """Return the monitors of a reply; None when they cannot be told.

    Its seven values are temperature of the control board, low-voltage supply, kV, mA,
    filament current, filament voltage, temperature of the high-voltage board. After
    high voltage was enabled anew one of them was seen missing: then none is believed.

    Examples
    --------
    >>> parse_readbacks(Message(READBACKS, ("433", "2276", "3150", "690", "228", "88", "334")))
    Readbacks(kv_counts=3150, ma_counts=690)
    """
    if message.command != READBACKS or len(message.values) != 7:
        return None
    counts = [parse_count(value) for value in message.values]
    kv, ma = counts[2:4]
    return None if kv is None or ma is None else Readbacks(kv, ma)


def parse_count(value: str) -> int | None:
    """Return a value of 0 to `FULL_SCALE`, None for anything else.

    Examples
    --------
    >>> parse_count("0042"), parse_count("4096"), parse_count("!")
    (42, None, None)
    """
    count = int(value) if value.isascii() and value.isdigit() else FULL_SCALE + 1
    return count if count <= FULL_SCALE else None


class UxmanDecoder:
    """Turns either side's bytes into messages.

    Parameters
    ----------
    framing : whether messages carry a checksum.

    Attributes
    ----------
    counters : drop reasons are "garbage", "checksum", "framing" (a message of the
        other form) and "malformed".
    """

    def __init__(self, framing: Framing) -> None:
        self.framing = framing
        self.counters = DecodeCounters()
        self._buffer = b""
        self._skipped = 0

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes as they arrive; return the messages that they complete. Never raises."""
        checked = self.framing is Framing.CHECKSUM
        self.counters.bytes_in += len(data)
        buffer = self._buffer + data
        messages: list[Message] = []
        at = 0
        for found in _FRAME.finditer(buffer):
            start, end = found.span()
            if start > at:
                self._skipped += start - at
            if self._skipped:
                self._drop_skipped()
            at = end
            body, check = found.groups()
            if body is None:
                self.counters.drop("malformed", end - start)
            elif bool(check) is not checked:
                self.counters.drop("framing", end - start)
            elif checked and checksum(body) != check[0]:
                self.counters.drop("checksum", end - start)
            else:
                number, *values, _ = body.decode("ascii").split(",")
                messages.append(Message(int(number), tuple(values)))
        self.counters.frames += len(messages)
        # A start whose end is still to come.
        start = buffer.rfind(b"\x02", at)
        if start < 0 or len(buffer) - start > LONGEST_BODY + 1:
            start = len(buffer)
        self._skipped += start - at
        self._buffer = buffer[start:]
        return messages

    def _drop_skipped(self) -> None:
        self.counters.drop("garbage", self._skipped)
        self._skipped = 0


_FRAME = re.compile(
    rb"\x02([0-9]{1,3},(?:[\x20-\x7e]{0,%d},)?)([\x40-\xff]?)\x03|\x02[^\x02\x03]{1,%d}\x03"
    % (LONGEST_BODY - 6, LONGEST_BODY)
)
"""A message and its checksum if it has one; or anything else between STX and ETX."""
_VALUE = re.compile(r"[\x20-\x2b\x2d-\x7e]+")
