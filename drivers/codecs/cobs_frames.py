"""Framing of our own two streams: COBS of (message, CRC-32), closed by a zero byte.

A zero byte occurs nowhere else on the wire, so a reader that lost its place
finds it again at the next one: damage costs the frame it hits and no other.

References
----------
S. Cheshire and M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM
Transactions on Networking 7(2), 1999. The CRC is IEEE 802.3's, as in zlib.
"""

from __future__ import annotations

from zlib import crc32

from cobs import cobs

from drivers.codecs.counters import DecodeCounters

DELIMITER = b"\x00"
CRC_BYTES = 4


def encode_frame(message: bytes) -> bytes:
    """Return the wire bytes of one message.

    Examples
    --------
    >>> encode_frame(bytes([0x30, 1])).hex()
    '0730019a1498e900'
    """
    body: bytes = cobs.encode(message + crc32(message).to_bytes(CRC_BYTES, "little"))
    return body + DELIMITER


class CobsFrames:
    """Splits a byte stream into checked messages.

    Parameters
    ----------
    max_message : longest message accepted, bytes; no more than about this is
        ever held back, however long the line stays without a delimiter.

    Attributes
    ----------
    counters : drop reasons are "cobs" (not decodable), "crc", "short" (no room
        for a message) and "long".
    """

    def __init__(self, max_message: int) -> None:
        body = max_message + CRC_BYTES
        self._max_frame = body + body // 254 + 1
        self._tail = bytearray()
        self._skipped = 0  # bytes of an over-long frame already thrown away
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they arrive and return the messages that they complete."""
        self.counters.bytes_in += len(data)
        *frames, rest = data.split(DELIMITER)
        messages = []
        for frame in frames:
            whole = bytes(self._tail) + frame if self._tail else frame
            self._tail.clear()
            if (message := self._open(whole)) is not None:
                messages.append(message)
        self._tail += rest
        if len(self._tail) + self._skipped > self._max_frame:
            self._skipped += len(self._tail)
            self._tail.clear()
        return messages

    def _open(self, frame: bytes) -> bytes | None:
        n_bytes = len(frame) + self._skipped
        self._skipped = 0
        if n_bytes == 0:
            return None  # repeated delimiters keep an idle line in step
        if n_bytes > self._max_frame:
            self.counters.drop("long", n_bytes)
            return None
        try:
            body: bytes = cobs.decode(frame)
        except cobs.DecodeError:
            self.counters.drop("cobs", n_bytes)
            return None
        if len(body) <= CRC_BYTES:
            self.counters.drop("short", n_bytes)
            return None
        message = body[:-CRC_BYTES]
        if crc32(message).to_bytes(CRC_BYTES, "little") != body[-CRC_BYTES:]:
            self.counters.drop("crc", n_bytes)
            return None
        self.counters.frames += 1
        return message
