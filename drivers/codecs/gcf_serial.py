"""GCF on a serial line: frames from the digitiser, ACK and NACK back to it.

A frame is ``47`` ('G'), sequence u8, size u16, a GCF block cut to that size, and
a sum u16, big-endian. The digitiser then waits (150 ms as delivered) for an
answer before it goes on:

====  ==  =====================  ============================================
ACK   01  stream ID, low byte    00, then the stream ID's bytes 2, 3 and 4
NACK  02  stream ID, low byte    sequence wanted, then bytes 2, 3 and 4
====  ==  =====================  ============================================

The short answer is the first two bytes; with all six the link runs the Block
Recovery Protocol, in which a NACK may name any block that the digitiser still
holds, and it goes back there.

What the sum covers is told in two ways: the manual counts the block's bytes, the
maker's library the four bytes before it too. Both are accepted: the samples are
proved by the block's own last value besides. Framing is checked against twins
alone; no digitiser was at hand.

References
----------
Güralp Systems, CMG-DM24 operator's guide (October 2009), section 7.3;
SWA-RFC-BRPR (Block Recovery Protocol), issue B, 2008.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from drivers.codecs import gcf_block
from drivers.codecs.counters import DecodeCounters
from drivers.codecs.gcf_block import GcfData, GcfRefused, GcfStatus

MARK = b"G"
HEAD_BYTES, SUM_BYTES = 4, 2
MAX_FRAME = HEAD_BYTES + gcf_block.BLOCK_BYTES + SUM_BYTES

MOST_NACKS = 4
"""A frame that came damaged this often is given up, or the line would stand still for it."""

MOST_REWINDS = 2
"""How often missing blocks are asked for in vain: a digitiser without recovery sends the newest again."""

MOST_AHEAD = 128
"""A sequence further ahead than this lies behind: a block sent again, or a digitiser that restarted."""

_LOOK_BYTES = HEAD_BYTES + gcf_block.HEADER_BYTES
_HEAD = re.compile(rb"G.[\x00-\x04]", re.DOTALL)  # no block is longer than 400h bytes


class AnswerKind(IntEnum):
    """First byte of an answer."""

    ACK = 1
    NACK = 2


class Answer(NamedTuple):
    """What the digitiser is to be told.

    Parameters
    ----------
    kind : ACK or NACK.
    stream : stream ID as a number, as it stood in the block that is answered.
    wanted : with a NACK, the sequence of the block to begin again with.
    """

    kind: AnswerKind
    stream: int
    wanted: int = 0


@dataclass(frozen=True, slots=True)
class SerialFrame:
    """One frame whose head was whole.

    Parameters
    ----------
    sequence : the digitiser's count, modulo 256.
    answer : what the digitiser is to be told, at once: it waits 150 ms.
    content : what the block says; None when its sum is wrong, it cannot be used or came before.
    duplicate : the same block came before: the digitiser did not hear the answer.
    """

    sequence: int
    answer: Answer
    content: GcfData | GcfStatus | None = None
    duplicate: bool = False


def encode(block: bytes, sequence: int, *, sum_of_head: bool = False) -> bytes:
    """Return the frame of a block that is already cut (`gcf_block.cut`).

    Parameters
    ----------
    block : at most 1024 bytes.
    sequence : counts frames, modulo 256.
    sum_of_head : let the sum cover the frame's first four bytes too.

    Examples
    --------
    >>> encode(bytes.fromhex("0102"), 7).hex(" ")
    '47 07 00 02 01 02 00 03'
    """
    head = MARK + bytes([sequence & 0xFF]) + len(block).to_bytes(2, "big")
    total = sum(block) + (sum(head) if sum_of_head else 0)
    return head + block + (total & 0xFFFF).to_bytes(2, "big")


def encode_answer(answer: Answer, *, short: bool = False) -> bytes:
    """Return the bytes of an answer: six, or the first two of them.

    Examples
    --------
    >>> encode_answer(Answer(AnswerKind.ACK, 0x4BBF1814)).hex(" ")
    '01 14 00 18 bf 4b'
    >>> encode_answer(Answer(AnswerKind.NACK, 0x4BBF1814, wanted=7), short=True).hex(" ")
    '02 14'
    """
    low, *rest = answer.stream.to_bytes(4, "little")
    third = answer.wanted & 0xFF if answer.kind is AnswerKind.NACK else 0
    whole = bytes([answer.kind, low, third, *rest])
    return whole[:2] if short else whole


class GcfSerialDecoder:
    """Turns what a digitiser sends into frames and into what it is to be told.

    Parameters
    ----------
    recover : ask for blocks that the sequence shows as missing.

    Attributes
    ----------
    counters : drop reasons are "garbage" (bytes that open no frame), "checksum"
        (what follows the frame's first byte is searched again, so a whole frame
        behind a cut one is kept), "duplicate", and those of `gcf_block.GcfRefused`.
    missing : blocks that the sequence shows as missing and that did not come later.
    """

    def __init__(self, recover: bool = True) -> None:
        self._recover = recover
        self._buffer = bytearray()
        self._skipped = 0
        self._reason = "garbage"
        self._seen: dict[int, bytes] = {}  # what tells the newest block of each sequence from another
        self._newest: int | None = None
        self._wanted: list[int] = []  # sequences that are missing, the oldest first
        self._rewinds = 0  # asked for since the last of them came
        self._damaged = (-1, 0)  # sequence of the last damaged frame, and how often in a row
        self.missing = 0
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[SerialFrame]:
        """Take bytes as they arrive; return the frames that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        self._buffer += data
        buffer, size = self._buffer, len(self._buffer)
        frames: list[SerialFrame] = []
        at = 0
        while True:
            found = _HEAD.search(buffer, at)
            start = found.start() if found else max(at, size - 2)  # a head may be half here
            self._skipped += start - at
            at = start
            if size - at < _LOOK_BYTES:
                break
            length = _frame_bytes(bytes(buffer[at : at + _LOOK_BYTES]))
            if not length:
                self._skipped += 1
                at += 1
                continue
            if size - at < length:
                break
            frame = bytes(buffer[at : at + length])
            self._drop_skipped()
            if _sum_holds(frame):
                frames.append(self._whole(frame))
                at += length
            else:
                frames.append(self._broken(frame))
                self._reason = "checksum"
                self._skipped += 1
                at += 1
        del buffer[:at]
        return frames

    def _drop_skipped(self) -> None:
        if self._skipped:
            self.counters.drop(self._reason, self._skipped)
        self._skipped, self._reason = 0, "garbage"

    def _whole(self, frame: bytes) -> SerialFrame:
        sequence, block = frame[1], frame[HEAD_BYTES:-SUM_BYTES]
        stream = int.from_bytes(block[4:8], "big")
        mark = block[: gcf_block.HEADER_BYTES] + frame[-SUM_BYTES:]
        if self._seen.get(sequence) == mark:
            self.counters.drop("duplicate", len(frame))
            return SerialFrame(sequence, self._answer(stream), duplicate=True)
        self._seen[sequence] = mark
        self._follow(sequence)
        content = gcf_block.decode(block)
        if isinstance(content, GcfRefused):
            # The sum holds: it is what the digitiser has, and sending it again would not mend it.
            self.counters.drop(content.reason, len(frame))
            return SerialFrame(sequence, self._answer(stream))
        self.counters.frames += 1
        return SerialFrame(sequence, self._answer(stream), content)

    def _follow(self, sequence: int) -> None:
        """Keep the list of missing sequences."""
        if self._damaged[0] == sequence:
            self._damaged = (-1, 0)
        if sequence in self._wanted:
            self._wanted.remove(sequence)
            self._rewinds = 0
            return
        ahead = (sequence - self._newest) & 0xFF if self._newest is not None else 1
        if 0 < ahead < MOST_AHEAD:
            self._wanted += [(sequence - k) & 0xFF for k in range(ahead - 1, 0, -1)]
        else:  # the digitiser restarted
            self._give_up()
        self._newest = sequence

    def _give_up(self) -> None:
        self.missing += len(self._wanted)
        self._wanted.clear()
        self._rewinds = 0

    def _answer(self, stream: int) -> Answer:
        """Acknowledge a whole frame, or go back to what is missing."""
        if self._wanted and self._recover and self._rewinds < MOST_REWINDS:
            self._rewinds += 1
            return Answer(AnswerKind.NACK, stream, self._wanted[0])
        self._give_up()
        return Answer(AnswerKind.ACK, stream)

    def _broken(self, frame: bytes) -> SerialFrame:
        sequence, stream = frame[1], int.from_bytes(frame[8:12], "big")
        if self._newest is not None and sequence not in self._wanted:
            due = (self._newest + 1) & 0xFF
            # The sequence may be what is damaged: ask for no block that was never sent, or long ago.
            if sequence != self._newest:
                sequence = due
        before, times = self._damaged
        times = times + 1 if before == sequence else 1
        self._damaged = (sequence, times)
        kind = AnswerKind.NACK if times <= MOST_NACKS else AnswerKind.ACK
        return SerialFrame(frame[1], Answer(kind, stream, sequence if kind is AnswerKind.NACK else 0))


def _frame_bytes(look: bytes) -> int:
    """Return how long the frame is that these bytes open; 0 when they open none."""
    size = look[2] << 8 | look[3]
    if not gcf_block.HEADER_BYTES <= size <= gcf_block.BLOCK_BYTES:
        return 0
    head = look[HEAD_BYTES:]
    possible = gcf_block.lengths(head)
    fits = size in possible or size == gcf_block.BLOCK_BYTES if possible else size % 4 == 0
    # A kind of block that is not known here has to be answered all the same.
    return HEAD_BYTES + size + SUM_BYTES if fits and gcf_block.is_dated(head) else 0


def _sum_holds(frame: bytes) -> bool:
    said = frame[-2] << 8 | frame[-1]
    total = sum(frame[HEAD_BYTES:-SUM_BYTES])
    return (total - said) & 0xFFFF == 0 or (total + sum(frame[:HEAD_BYTES]) - said) & 0xFFFF == 0


class GcfAnswerDecoder:
    """The digitiser's side: turns the host's bytes into answers; used by the twin.

    Parameters
    ----------
    short : answers are two bytes, not six; ``stream`` is then the low byte alone
        and ``wanted`` says nothing.

    Attributes
    ----------
    counters : the drop reason is "garbage".
    """

    def __init__(self, short: bool = False) -> None:
        self._short = short
        self._buffer = b""
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[Answer]:
        """Take bytes as they arrive; return the answers that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        buffer = self._buffer + data
        answers, at, skipped = [], 0, 0
        length = 2 if self._short else 6
        while at < len(buffer):
            if buffer[at] not in (AnswerKind.ACK, AnswerKind.NACK):
                at, skipped = at + 1, skipped + 1
                continue
            if len(buffer) - at < length:
                break
            kind = AnswerKind(buffer[at])
            if self._short:
                answers.append(Answer(kind, buffer[at + 1]))
            else:
                low, third, *rest = buffer[at + 1 : at + 6]
                answers.append(Answer(kind, int.from_bytes(bytes([low, *rest]), "little"), third))
            self.counters.frames += 1
            at += length
        if skipped:
            self.counters.drop("garbage", skipped)
        self._buffer = buffer[at:]
        return answers
