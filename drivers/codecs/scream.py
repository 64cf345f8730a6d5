"""GCF over a network (Scream): packets, notices and requests, as datagrams or on a TCP stream.

A packet is a GCF block of 1024 bytes and a trailer, big-endian:

==  ==========================================================================
31  31, length of name u8, name 32, sequence u16, byte order u8 (1061 in all)
40  40, byte order u8, sequence u16, length of name u8, name 48 (1077 in all)
45  as 40, with a name of 60 (1089 in all)
==  ==========================================================================

A client asks by datagram with ``GCFSEND:B`` and a zero, again and again; on TCP
it sends the byte ``F9`` once. The server acknowledges a datagram with
``GCFACKN`` and takes leave with ``GCFNOSV``. A lost packet is asked for on TCP
with ``FF`` and its sequence u16; the answer is the packet, or ``FF FF FF FF``.

Not verified on a server: everything beyond the manuals' tables. Of version 45 the
length alone is known, from the maker's client. The same client reads 1063 bytes
of version 31, two more than its fields need: on a stream they are skipped as
garbage. Packets in "Intel" byte order are never asked for, and refused.

References
----------
Güralp Systems, MAN-D24-0004 (DM24 Mk3), section 8.2; CMG-DM24 operator's guide
(October 2009), pages 108 to 110; message lengths: scream.h of the maker's client.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from drivers.codecs import gcf_block
from drivers.codecs.counters import DecodeCounters
from drivers.codecs.gcf_block import BLOCK_BYTES, GcfData, GcfRefused, GcfStatus

PORT = 1567
SEND = b"GCFSEND:B\0"
START_STREAM = b"\xf9"
REFUSAL = b"\xff\xff\xff\xff"
BIG_ENDIAN, LITTLE_ENDIAN = 1, 2

_NAME_BYTES: Final = {31: 32, 40: 48, 45: 60}
_TRAILER_BYTES: Final = {version: 5 + length for version, length in _NAME_BYTES.items()}
PACKET_BYTES: Final = {version: BLOCK_BYTES + length for version, length in _TRAILER_BYTES.items()}
"""Length of a whole packet by version."""

_LONGEST = max(PACKET_BYTES.values())
_NOTICES = (b"GCFACKN\0", b"GCFNOSV\0")
_TEXT = rb"[\x00\x20-\x7e]"
_TRAILER = re.compile(
    rb"\x1f[\x00-\x20]" + _TEXT + rb"{32}..[\x01\x02]"
    rb"|\x28[\x01\x02]..[\x00-\x30]" + _TEXT + rb"{48}"
    rb"|\x2d[\x01\x02]..[\x00-\x3c]" + _TEXT + rb"{60}",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ScreamPacket:
    """One block with the server's count of it and its origin ("6018N2/COM1/HOST")."""

    sequence: int
    content: GcfData | GcfStatus
    source: str = ""


@dataclass(frozen=True, slots=True)
class ScreamNotice:
    """What a server says besides blocks: "GCFACKN" (heard) or "GCFNOSV" (it ends)."""

    text: str


@dataclass(frozen=True, slots=True)
class ScreamRefusal:
    """The packet that was asked for is no longer held."""


ScreamMessage: TypeAlias = ScreamPacket | ScreamNotice | ScreamRefusal


def resend_request(sequence: int) -> bytes:
    """Return the request for one packet, to be sent on TCP.

    Examples
    --------
    >>> resend_request(0x1234).hex(" ")
    'ff 12 34'
    """
    return b"\xff" + (sequence & 0xFFFF).to_bytes(2, "big")


def encode(block: bytes, sequence: int, source: str = "", version: int = 40) -> bytes:
    """Return the packet of a block of 1024 bytes.

    Raises
    ------
    ValueError : the block is not whole, or there is no such version.

    Examples
    --------
    >>> encode(bytes(1024), 258, "DEMOZ2/COM1/PC")[1024:1043]
    b'(\\x01\\x01\\x02\\x0eDEMOZ2/COM1/PC'
    """
    if len(block) != BLOCK_BYTES or version not in _NAME_BYTES:
        raise ValueError("a packet carries 1024 bytes and is of version 31, 40 or 45")
    name = source.encode("ascii", "replace")[: _NAME_BYTES[version]]
    padded = name.ljust(_NAME_BYTES[version], b"\0")
    count = (sequence & 0xFFFF).to_bytes(2, "big")
    if version == 31:
        return block + bytes([version, len(name)]) + padded + count + bytes([BIG_ENDIAN])
    return block + bytes([version, BIG_ENDIAN]) + count + bytes([len(name)]) + padded


class ScreamDecoder:
    """Turns datagrams, or a TCP stream, into messages.

    Attributes
    ----------
    counters : drop reasons are "garbage" (bytes that make no packet), "order"
        (Intel byte order), and those of `gcf_block.GcfRefused`.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lost = False  # looking for the next trailer
        self._skipped = 0
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[ScreamMessage]:
        """Take bytes as they arrive; return the messages that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        self._buffer += data
        messages: list[ScreamMessage] = []
        at = 0
        while True:
            if self._lost:
                found = self._search(at)
                if found < 0:
                    kept = max(at, len(self._buffer) - _LONGEST + 1)
                    self._skipped += kept - at
                    at = kept
                    break
                self._skipped += found - at
                at, self._lost = found, False
            length = self._take(at, messages)
            if length == 0:
                break
            if length < 0:
                self._lost = True
                self._skipped += 1
                length = 1
            at += length
        del self._buffer[:at]
        return messages

    def end_of_datagram(self) -> None:
        """Drop what is left: the rest of it cannot come any more."""
        left = len(self._buffer) + self._skipped
        if left:
            self.counters.drop("garbage", left)
        self._buffer.clear()
        self._skipped, self._lost = 0, False

    def _take(self, at: int, messages: list[ScreamMessage]) -> int:
        """Return the length of the message at ``at``; 0 when it is not whole, -1 when there is none."""
        buffer = self._buffer
        left = len(buffer) - at
        if left < 4:
            return 0
        if buffer.startswith(REFUSAL, at):
            self._found()
            messages.append(ScreamRefusal())
            return 4
        if buffer.startswith(b"GCF", at):
            if left < 8:
                return 0
            for notice in _NOTICES:
                if buffer.startswith(notice, at):
                    self._found()
                    messages.append(ScreamNotice(notice[:-1].decode()))
                    return 8
        if left <= BLOCK_BYTES:
            return 0
        length = PACKET_BYTES.get(buffer[at + BLOCK_BYTES], -1)
        if length < 0 or left < length:
            return min(length, 0)
        packet = bytes(buffer[at : at + length])
        if _TRAILER.fullmatch(packet, BLOCK_BYTES) is None:
            return -1
        self._found()
        message = self._packet(packet)
        if message is not None:
            messages.append(message)
        return length

    def _found(self) -> None:
        if self._skipped:
            self.counters.drop("garbage", self._skipped)
        self._skipped = 0

    def _search(self, at: int) -> int:
        """Return where the next packet with a usable block begins whose trailer is whole, or -1."""
        begin = at + BLOCK_BYTES
        while (found := _TRAILER.search(self._buffer, begin)) is not None:
            start = found.start() - BLOCK_BYTES
            content = gcf_block.decode(bytes(self._buffer[start : found.start()]))
            # A status block has no check: only text, which has a name of its own, is believed here.
            if isinstance(content, GcfData) or (
                isinstance(content, GcfStatus) and content.header.stream_id.endswith("00")
            ):
                return start
            begin = found.start() + 1
        return -1

    def _packet(self, packet: bytes) -> ScreamPacket | None:
        block, trailer = packet[:BLOCK_BYTES], packet[BLOCK_BYTES:]
        if trailer[0] == 31:
            order, sequence, length, name = trailer[36], trailer[34:36], trailer[1], trailer[2:34]
        else:
            order, sequence, length, name = trailer[1], trailer[2:4], trailer[4], trailer[5:]
        if order != BIG_ENDIAN:
            self.counters.drop("order", len(packet))
            return None
        content = gcf_block.decode(block)
        if isinstance(content, GcfRefused):
            self.counters.drop(content.reason, len(packet))
            return None
        self.counters.frames += 1
        return ScreamPacket(int.from_bytes(sequence, "big"), content, name[:length].decode("ascii"))


class ScreamRequestDecoder:
    """The server's side: turns what a client sends into requests; used by the twin.

    Attributes
    ----------
    counters : the drop reason is "garbage".
    """

    def __init__(self) -> None:
        self._buffer = b""
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[str | int]:
        """Return requests: "send" (by datagram), "stream" (``F9``), or a sequence to send again."""
        self.counters.bytes_in += len(data)
        buffer, at, skipped = self._buffer + data, 0, 0
        requests: list[str | int] = []
        while at < len(buffer):
            rest = buffer[at : at + len(SEND)]
            if rest[:1] == b"\xff":
                if len(rest) < 3:
                    break
                requests.append(int.from_bytes(rest[1:3], "big"))
                at += 3
            elif rest[:1] == START_STREAM:
                requests.append("stream")
                at += 1
            elif rest == SEND:
                requests.append("send")
                at += len(SEND)
            elif SEND.startswith(rest):
                break
            else:
                at, skipped = at + 1, skipped + 1
        if skipped:
            self.counters.drop("garbage", skipped)
        self.counters.frames += len(requests)
        self._buffer = buffer[at:]
        return requests
