"""SeedLink v3: the lines of the handshake, then packets of 8 bytes header and 512 bytes miniSEED.

A header is ``SL`` and the packet's number as six hexadecimal digits, or
``SLINFO`` and " *" (more packets of this answer follow) or two blanks (the last).
Between packets a server may say ``END`` (nothing more is asked for) or ``ERROR``.
The wire carries no check: a packet is taken as one when its header and the first
bytes of its record are what they must be and no other packet begins inside it.

References
----------
SeisComP, SeedLink protocol (SeedLink 3.1); libslink; IRIS ringserver manual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from drivers.codecs.counters import DecodeCounters

RECORD_BYTES = 512
HEADER_BYTES = 8
PACKET_BYTES = HEADER_BYTES + RECORD_BYTES
SEQUENCES = 1 << 24
"""Packets are numbered modulo this."""
LONGEST_LINE = 1024

OK, ERROR, END = "OK", "ERROR", "END"

# Header, then of the record: its number in digits, its quality, a reserved byte.
_OPENING: Final = re.compile(rb"SL(?:[0-9A-Fa-f]{6}|INFO [ *])[0-9 ]{6}[DRQM][ \0]")
_OPENING_BYTES = HEADER_BYTES + 8
_PRINTABLE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


class Packet(NamedTuple):
    """One packet of data: its number and its miniSEED record, 512 bytes."""

    sequence: int
    record: bytes


class InfoPacket(NamedTuple):
    """A part of the answer to INFO: a miniSEED record that holds text."""

    last: bool
    record: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text from the server: an answer of the handshake, `ERROR` or `END`."""

    text: str


SeedLinkMessage: TypeAlias = Packet | InfoPacket | Line


def encode(message: SeedLinkMessage) -> bytes:
    """Return the wire bytes of what a server sends.

    Examples
    --------
    >>> encode(Packet(0x1A2B, bytes(512)))[:8]
    b'SL001A2B'
    >>> encode(Line("OK"))
    b'OK\\r\\n'
    """
    if isinstance(message, Line):
        return b"END" if message.text == END else message.text.encode("latin-1", "replace") + b"\r\n"
    if isinstance(message, Packet):
        return b"SL%06X" % (message.sequence % SEQUENCES) + message.record
    return (b"SLINFO  " if message.last else b"SLINFO *") + message.record


def command(*words: str) -> bytes:
    """Return the wire bytes of a client's command.

    Examples
    --------
    >>> command("STATION", "R24FA", "AM")
    b'STATION R24FA AM\\r\\n'
    """
    return " ".join(words).encode("ascii", "replace") + b"\r\n"


class SeedLinkDecoder:
    """Turns what a server sends into lines and packets.

    Lines are looked for until the first packet has come; from then on only
    ``OK``, ``ERROR`` and ``END`` between packets are lines.

    Attributes
    ----------
    counters : drop reasons are "garbage" (a run of bytes that opens nothing),
        "cut" (a packet begins inside another) and "line" (no text, or endless).
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._streaming = False
        self._aligned = True
        self._skipped = 0
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[SeedLinkMessage]:
        """Take bytes as they arrive; return the messages that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        self._buffer += data
        whole = bytes(self._buffer)
        messages: list[SeedLinkMessage] = []
        at = 0
        while at < len(whole):
            step = self._packets(whole, at, messages) if self._streaming else self._line(whole, at, messages)
            if step < 0:
                break
            at += step
        del self._buffer[:at]
        return messages

    def _line(self, whole: bytes, at: int, messages: list[SeedLinkMessage]) -> int:
        """Take the next line; return how many bytes are done with, -1 when more are needed."""
        window = at + LONGEST_LINE
        opening = _OPENING.search(whole, at, window)
        end = whole.find(b"\n", at, opening.start() if opening else window)
        if end >= 0:
            text = whole[at:end].rstrip(b"\r")
            if _PRINTABLE.fullmatch(text):
                if text:
                    self.counters.frames += 1
                    messages.append(Line(text.decode("latin-1")))
            else:
                self.counters.drop("line", end + 1 - at)
            return end + 1 - at
        if opening:
            self._streaming = True
            self._aligned = opening.start() == at
            self._skipped = opening.start() - at
            return opening.start() - at or self._packets(whole, at, messages)
        if len(whole) - at < LONGEST_LINE:
            return -1
        self.counters.drop("line", LONGEST_LINE - _OPENING_BYTES + 1)
        return LONGEST_LINE - _OPENING_BYTES + 1

    def _packets(self, whole: bytes, at: int, messages: list[SeedLinkMessage]) -> int:
        """Take the next packet or word; return how many bytes are done with, -1 when more are needed."""
        if self._aligned and whole[at] in b"\r\n":
            return 1
        opening = _OPENING.search(whole, at)
        if opening is not None and opening.start() == at:
            if len(whole) - at < PACKET_BYTES:
                return -1
            self._drop_skipped()
            inner = _OPENING.search(whole, at + 1, at + PACKET_BYTES)
            if inner is not None:
                self._aligned = True
                self.counters.drop("cut", inner.start() - at)
                return inner.start() - at
            self._aligned = True
            self.counters.frames += 1
            record = whole[at + HEADER_BYTES : at + PACKET_BYTES]
            if whole.startswith(b"SLINFO", at):
                messages.append(InfoPacket(whole[at + 7] != 0x2A, record))
            else:
                messages.append(Packet(int(whole[at + 2 : at + 8], 16), record))
            return PACKET_BYTES
        if self._aligned:
            for word in (OK, ERROR, END):
                if whole.startswith(word.encode(), at):
                    self.counters.frames += 1
                    messages.append(Line(word))
                    return len(word)
            if len(whole) - at < _OPENING_BYTES:
                return -1
        self._aligned = False
        skip = opening.start() - at if opening else len(whole) - at - _OPENING_BYTES + 1
        if skip <= 0:
            return -1
        self._skipped += skip
        return skip

    def _drop_skipped(self) -> None:
        if self._skipped:
            self.counters.drop("garbage", self._skipped)
        self._skipped = 0


class SeedLinkCommandDecoder:
    """The server's side: turns a client's lines into words; used by the twin.

    Attributes
    ----------
    counters : the drop reason is "line".
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[list[str]]:
        """Take bytes as they arrive; return the commands, split at blanks. Never raises."""
        self.counters.bytes_in += len(data)
        # A line ends with CR, LF or both; an empty one is nothing.
        *lines, rest = (bytes(self._buffer) + data).replace(b"\n", b"\r").split(b"\r")
        self._buffer = bytearray(rest)
        if len(rest) > LONGEST_LINE:
            self.counters.drop("line", len(rest))
            self._buffer.clear()
        commands = [line.decode("ascii", "replace").split() for line in lines]
        self.counters.frames += sum(map(bool, commands))
        return [words for words in commands if words]
