"""Modbus RTU as a pure codec: requests, and a parser that finds answers among echo, noise and strangers.

Framing by length and CRC instead of by silence: a USB adapter or a TCP gateway
keeps no gaps between characters.

References
----------
MODBUS over Serial Line V1.02; MODBUS Application Protocol V1.1b3
(modbus.org), functions 3, 4, 6, 16 and 43/14. Senseair's function 0x44 has the
same frame; what it reads is in `drivers.codecs.senseair_ram`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

from drivers.codecs.counters import DecodeCounters


class Function(IntEnum):
    """Function codes that the probes here need."""

    READ_HOLDING = 0x03
    READ_INPUT = 0x04
    WRITE_ONE = 0x06
    WRITE_MANY = 0x10
    READ_IDENTITY = 0x2B  # with MEI type 14
    READ_RAM = 0x44  # Senseair's own


EXCEPTION = 0x80
MEI_IDENTITY = 0x0E

EXCEPTIONS = {
    1: "it does not know the function",
    2: "it has no such register",
    3: "it refuses the value",
    4: "it failed while answering",
    5: "it needs more time",
    6: "it is busy",
}
"""Exception codes in words, after "the probe answers that"."""


def crc16(data: bytes) -> bytes:
    """Return the CRC of ``data`` as sent, low byte first (polynomial A001, initial FFFF).

    Examples
    --------
    >>> crc16(bytes.fromhex("FE 04 00 03 00 01")).hex()
    'd5c5'
    """
    return _crc(data).to_bytes(2, "little")


def _crc(data: bytes) -> int:
    """CRC as a number; 0 for a frame that ends in its own CRC."""
    crc = 0xFFFF
    odd = len(data) & 1
    if odd:
        crc = 0xFF ^ _BYTE_CRCS[0xFF ^ data[0]]
    for word in struct.unpack_from(f"<{len(data) // 2}H", data, odd):
        crc = _WORD_CRCS[crc ^ word]
    return crc


def _crc_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value


_BYTE_CRCS = tuple(_crc_entry(value) for value in range(256))
# Two bytes a step: a CRC is linear, so the entry of a word is the sum of its bytes' entries.
_LOW_CRCS = tuple((entry >> 8) ^ _BYTE_CRCS[entry & 0xFF] for entry in _BYTE_CRCS)
_WORD_CRCS = [low ^ high for high in _BYTE_CRCS for low in _LOW_CRCS]


def frame(address: int, function: int, body: bytes) -> bytes:
    """Return a whole frame, request or answer."""
    head = bytes((address, function)) + body
    return head + crc16(head)


def read_request(address: int, function: Function, register: int, count: int) -> bytes:
    """Return a request for ``count`` registers from ``register`` on.

    Examples
    --------
    >>> read_request(240, Function.READ_HOLDING, 0, 2).hex(" ")
    'f0 03 00 00 00 02 d1 2a'
    """
    return frame(address, function, struct.pack(">HH", register, count))


def write_request(address: int, register: int, value: int) -> bytes:
    """Return a request to write one holding register.

    Examples
    --------
    >>> write_request(0xFE, 0x1F, 0).hex(" ")
    'fe 06 00 1f 00 00 ac 03'
    """
    return frame(address, Function.WRITE_ONE, struct.pack(">HH", register, value & 0xFFFF))


def identity_request(address: int, level: int = 1, first: int = 0) -> bytes:
    """Return a request for identification objects (function 43, MEI type 14).

    ``level`` 1 streams the basic objects from ``first`` on, 4 asks for ``first`` alone.
    """
    return frame(address, Function.READ_IDENTITY, bytes((MEI_IDENTITY, level, first)))


def registers_answer(address: int, function: int, values: tuple[int, ...]) -> bytes:
    """Return an answer that carries registers."""
    body = struct.pack(f">B{len(values)}H", 2 * len(values), *(value & 0xFFFF for value in values))
    return frame(address, function, body)


def exception_answer(address: int, function: int, code: int) -> bytes:
    """Return an exception answer."""
    return frame(address, function | EXCEPTION, bytes((code,)))


def identity_answer(address: int, level: int, objects: dict[int, bytes]) -> bytes:
    """Return an identification answer with all ``objects``; the caller keeps it under 256 bytes."""
    body = bytes((MEI_IDENTITY, level, 0x83, 0, 0, len(objects)))
    for number, text in objects.items():
        body += bytes((number, len(text))) + text
    return frame(address, Function.READ_IDENTITY, body)


def words_to_float(low: int, high: int) -> float:
    """Return the float32 of two registers, low word first, as Vaisala sends it.

    Examples
    --------
    >>> round(words_to_float(0xD47A, 0x43E8), 2)
    465.66
    """
    return float(struct.unpack(">f", struct.pack(">HH", high, low))[0])


def float_to_words(value: float) -> tuple[int, int]:
    """Return the two registers of a float32, low word first."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return low, high


def signed(word: int) -> int:
    """Return a register as int16: 65519 is -17.

    Examples
    --------
    >>> signed(65519)
    -17
    """
    return word - 0x10000 if word & 0x8000 else word


class Answer(NamedTuple):
    """A whole frame that answers the request asked last; ``body`` lies between function and CRC."""

    address: int
    function: int
    body: bytes

    @property
    def exception(self) -> int | None:
        """Exception code, or None for an ordinary answer."""
        return self.body[0] if self.function & EXCEPTION else None

    @property
    def data(self) -> bytes:
        """Bytes of an answer to a read, without their count."""
        return self.body[1:]

    @property
    def registers(self) -> tuple[int, ...]:
        """Registers of an answer to a read."""
        return struct.unpack(f">{self.body[0] // 2}H", self.body[1:])

    @property
    def objects(self) -> dict[int, bytes]:
        """Identification objects by number."""
        found, at = {}, 6
        while at + 2 <= len(self.body):
            number, length = self.body[at], self.body[at + 1]
            found[number] = self.body[at + 2 : at + 2 + length]
            at += 2 + length
        return found


class _Expected(NamedTuple):
    """What answers one request: how it opens, how long it is (0: it says so itself) and its CRC so far."""

    opening: bytes
    length: int
    crc: int
    words: Callable[[bytes, int], tuple[Any, ...]]  # what follows the opening
    refusal: bytes


NO_ANSWER = _Expected(b"", 0, 0, struct.Struct("").unpack_from, b"")


@lru_cache(maxsize=64)  # a probe is asked the same few questions over and over
def _expected(request: bytes) -> _Expected:
    if len(request) < 6:
        return NO_ANSWER
    address, function = request[:2]
    if function in (Function.READ_HOLDING, Function.READ_INPUT, Function.READ_RAM):
        count = request[4] if function == Function.READ_RAM else 2 * int.from_bytes(request[4:6], "big")
        if count > 0xFF:
            return NO_ANSWER
        opening, length = bytes((address, function, count)), 5 + count
    elif function in (Function.WRITE_ONE, Function.WRITE_MANY):
        opening, length = request[:6], 8
    elif function == Function.READ_IDENTITY:
        opening, length = bytes((address, function, MEI_IDENTITY)), 0
    else:
        return NO_ANSWER
    rest = length - len(opening)
    # an odd rest (an odd count of RAM bytes) is summed from the start instead, see `_whole`
    words = struct.Struct(f"<{rest // 2}H" if length and rest % 2 == 0 else "").unpack_from
    return _Expected(opening, length, _crc(opening), words, bytes((address, function | EXCEPTION)))


class AnswerParser:
    """Finds the answer to the request asked last in whatever the wire delivers.

    ``expect`` names the request, ``feed`` takes bytes in any pieces and returns
    the answers found. It never raises on input. What is found does not depend on
    the pieces in which the bytes came; at most 260 bytes are kept.

    Attributes
    ----------
    counters : drop reasons are "echo" (an RS-485 adapter that hears itself),
        "crc" (looked like the answer and is damaged), "cut" (began like it and
        was not finished before the next question) and "garbage" (a run of bytes
        that begin no answer, other devices' frames among them).
    """

    def __init__(self) -> None:
        self.counters = DecodeCounters()
        self._rest = b""
        self._request = b""
        self._expected = NO_ANSWER
        self._echo_possible = False
        self._in_run = False

    def expect(self, request: bytes) -> None:
        """Forget what came before and look for the answer to ``request``."""
        self.forget()
        self._request = bytes(request)
        self._expected = _expected(self._request)
        # A write is answered with its own bytes: the first copy is taken for the answer.
        is_write = self._request[1:2] in (b"\x06", b"\x10")
        self._echo_possible = bool(request) and not is_write

    def forget(self) -> None:
        """Drop the beginning of an answer that did not go on."""
        if self._rest:
            self.counters.drop("cut", len(self._rest))
            self._rest = b""
        self._in_run = False

    def feed(self, data: bytes) -> list[Answer]:
        """Take bytes, return the answers that they complete, in order."""
        counters = self.counters
        counters.bytes_in += len(data)
        buffer = self._rest + data
        answers: list[Answer] = []
        at, end = 0, len(buffer)
        while at < end:
            if self._echo_possible and self._request.startswith(buffer[at : at + len(self._request)]):
                if end - at < len(self._request):
                    break
                at += self._drop_echo()
                continue
            at = self._whole(buffer, at, answers)
            if at == end:
                break
            step = self._step(buffer, at, answers)
            if step == 0:
                break
            at += step
        self._rest = buffer[at:]
        counters.frames += len(answers)
        return answers

    def _whole(self, buffer: bytes, at: int, answers: list[Answer]) -> int:
        """Take the whole answers that lie in a row from ``at`` on; return where they end."""
        opening, length, start, words, _ = self._expected
        head = len(opening)
        if not length or (length - head) % 2:
            return at
        address, function = opening[:2]
        table, last = _WORD_CRCS, len(buffer) - length
        make = tuple.__new__  # the loop is what decoding costs: half of it would be `Answer(...)`
        while at <= last and buffer.startswith(opening, at):
            crc = start
            for word in words(buffer, at + head):
                crc = table[crc ^ word]
            if crc:
                break
            answers.append(make(Answer, (address, function, buffer[at + 2 : at + length - 2])))
            at += length
            self._in_run = self._echo_possible = False
        return at

    def _step(self, buffer: bytes, at: int, answers: list[Answer]) -> int:
        """Take one thing at ``at``, an answer or something to drop; return its length, 0 to wait for more."""
        length = self._length(buffer, at)
        if length is None or length > len(buffer) - at:
            return 0
        if length:
            whole = buffer[at : at + length]
            if _crc(whole) == 0:
                self._in_run = self._echo_possible = False
                answers.append(Answer(whole[0], whole[1], whole[2:-2]))
                return length
            self.counters.drop("crc", 0)
            self._in_run = True
        # An echo and every answer begin with the address.
        following = buffer.find(self._request[:1], at + 1) if self._request else -1
        skipped = (following if following >= 0 else len(buffer)) - at
        # One run of garbage is one event, in however many pieces it comes.
        if self._in_run:
            self.counters.bytes_dropped += skipped
        else:
            self.counters.drop("garbage", skipped)
        self._in_run = True
        return skipped

    def _drop_echo(self) -> int:
        self._echo_possible = self._in_run = False
        self.counters.drop("echo", len(self._request))
        return len(self._request)

    def _length(self, buffer: bytes, at: int) -> int | None:
        """Return the length of the answer that may begin here: None too early to tell, 0 none can."""
        opening, length, _, _, refusal = self._expected
        if not opening:
            return 0
        if buffer.startswith(opening, at):
            return length or _identity_length(buffer, at)
        if buffer.startswith(refusal, at):
            return 5
        head = buffer[at : at + len(opening)]
        early = opening.startswith(head) or refusal.startswith(head)
        return None if early else 0


def _identity_length(buffer: bytes, at: int) -> int | None:
    if len(buffer) < at + 8:
        return None
    end = at + 8
    for _ in range(buffer[at + 7]):
        if len(buffer) < end + 2:
            return None
        end += 2 + buffer[end + 1]
        if end + 2 - at > 256:
            return 0
    return end + 2 - at
