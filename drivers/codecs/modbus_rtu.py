"""Modbus RTU as a pure codec: requests, and a parser that finds answers among echo, noise and strangers.

Framing by length and CRC instead of by silence: a USB adapter or a TCP gateway
keeps no gaps between characters.

References
----------
MODBUS over Serial Line V1.02; MODBUS Application Protocol V1.1b3
(modbus.org), functions 3, 4, 6, 16 and 43/14.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum


class Function(IntEnum):
    """Function codes that the probes here need."""

    READ_HOLDING = 0x03
    READ_INPUT = 0x04
    WRITE_ONE = 0x06
    WRITE_MANY = 0x10
    READ_IDENTITY = 0x2B  # with MEI type 14


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
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return struct.pack("<H", crc)


def _crc_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value


_CRC_TABLE = tuple(_crc_entry(value) for value in range(256))


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


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole frame that answers the request asked last; ``body`` lies between function and CRC."""

    address: int
    function: int
    body: bytes

    @property
    def exception(self) -> int | None:
        """Exception code, or None for an ordinary answer."""
        return self.body[0] if self.function & EXCEPTION else None

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


class AnswerParser:
    """Finds the answer to the request asked last in whatever the wire delivers.

    ``expect`` names the request, ``feed`` takes bytes in any pieces and returns
    the answers found. It never raises on input: what is no answer to the request
    is skipped and counted in ``dropped_bytes`` and, by reason, in ``dropped``:
    ``echo`` (an RS-485 adapter that hears itself), ``crc`` (looked like the
    answer and is damaged) and ``garbage`` (runs of bytes that begin no answer,
    other devices' frames among them). What is found does not depend on the
    pieces in which the bytes came.
    """

    def __init__(self) -> None:
        self.dropped_bytes = 0
        self.dropped: Counter[str] = Counter()
        self._buffer = bytearray()
        self._request = b""
        self._echo_possible = False
        self._in_garbage = False

    def expect(self, request: bytes) -> None:
        """Forget what came before and look for the answer to ``request``."""
        if self._buffer:
            self._drop(len(self._buffer), "garbage")
        self._request = request
        self._echo_possible = True
        self._in_garbage = False

    def feed(self, data: bytes) -> list[Answer]:
        """Take bytes, return the answers that they complete, in order."""
        self._buffer += data
        answers: list[Answer] = []
        while self._buffer:
            step = self._step()
            if step is None:
                break
            if isinstance(step, Answer):
                answers.append(step)
        return answers

    def _step(self) -> Answer | bool | None:
        """Take one thing from the buffer: an answer, something dropped (True), or nothing yet (None)."""
        buffer = self._buffer
        # A write is answered with its own bytes: the first copy is taken for the answer.
        if self._echo_possible and not self._is_write():
            if buffer.startswith(self._request):
                self._echo_possible = False
                self._drop(len(self._request), "echo")
                return True
            if self._request.startswith(buffer):
                return None
        length = self._answer_length()
        if length is None:
            return None
        if length > 0:
            if len(buffer) < length:
                return None
            whole = bytes(buffer[:length])
            if crc16(whole[:-2]) == whole[-2:]:
                del buffer[:length]
                self._in_garbage = self._echo_possible = False
                return Answer(whole[0], whole[1], whole[2:-2])
            self.dropped["crc"] += 1
        self._drop(1, "garbage")
        return True

    def _is_write(self) -> bool:
        return len(self._request) > 1 and self._request[1] in (Function.WRITE_ONE, Function.WRITE_MANY)

    def _answer_length(self) -> int | None:
        """Return the length of the answer that may begin here: None too early to tell, 0 none can."""
        buffer, request = self._buffer, self._request
        if len(request) < 6 or buffer[0] != request[0]:
            return 0
        if len(buffer) < 2:
            return None
        function = request[1]
        if buffer[1] == function | EXCEPTION:
            return 5
        if buffer[1] != function:
            return 0
        if function in (Function.READ_HOLDING, Function.READ_INPUT):
            count = 2 * struct.unpack(">H", request[4:6])[0]
            if len(buffer) < 3:
                return None
            return 5 + count if buffer[2] == count else 0
        if function in (Function.WRITE_ONE, Function.WRITE_MANY):
            head = request[:6]
            return 8 if head.startswith(buffer[:6]) or buffer.startswith(head) else 0
        if function == Function.READ_IDENTITY:
            return self._identity_length()
        return 0

    def _identity_length(self) -> int | None:
        buffer = self._buffer
        if len(buffer) > 2 and buffer[2] != MEI_IDENTITY:
            return 0
        if len(buffer) < 8:
            return None
        at = 8
        for _ in range(buffer[7]):
            if len(buffer) < at + 2:
                return None
            at += 2 + buffer[at + 1]
            if at + 2 > 256:
                return 0
        return at + 2

    def _drop(self, count: int, why: str) -> None:
        del self._buffer[:count]
        self.dropped_bytes += count
        if why != "garbage" or not self._in_garbage:
            self.dropped[why] += 1  # a run of garbage is one event
        self._in_garbage = why == "garbage"
