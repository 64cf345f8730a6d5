"""FLIR Boson control (FSLP): framed questions and answers, the same layout both ways.

``8E``, channel u8, sequence u32, function u32, status u32, data, CRC, ``AE``, big
endian. Inside, ``8E 9E AE`` are sent as ``9E 81``, ``9E 91``, ``9E A1``. The CRC-16
(polynomial 1021, initial value 1D0F) covers channel to data before that escaping,
and is escaped itself. A question has status FFFFFFFF, an answer 0 or an error.

Layout, CRC and two function codes agree with frames recorded from a camera (see
the tests). That the CRC is taken before escaping, and the other function codes,
are from public programs for the Boson and were not seen on a camera.

References
----------
FLIR, Boson Software Interface Description Document 102-2013-42; function and
result codes of the Boson SDK; flirpy (``camera/boson.py``).
"""

from __future__ import annotations

import re
import struct
from binascii import crc_hqx
from typing import Final, NamedTuple

from drivers.codecs.counters import DecodeCounters

ASKING: Final = 0xFFFFFFFF
"""Status of a question; what comes back with it is an echo."""

CAMERA_SERIAL, CAMERA_PART, SOFTWARE_REVISION = 0x00050002, 0x00050004, 0x00050022
FPA_TEMPERATURE, FFC_STATUS, OVER_TEMPERATURE = 0x00050030, 0x00050054, 0x00050063

SUCCESS, BAD_COMMAND, UNDEFINED, NOT_READY, READ_FAILED, BUSY = 0, 353, 519, 514, 622, 643
RESULTS: Final = {
    BAD_COMMAND: "unknown function",
    354: "bad payload",
    385: "invalid input",
    432: "feature not enabled",
    513: "error",
    NOT_READY: "not ready",
    UNDEFINED: "undefined function",
    READ_FAILED: "reading failed",
    BUSY: "busy",
    644: "heater error",
    645: "window error",
    646: "supply voltage error",
    801: "not implemented",
}

FFC_NEVER, FFC_IMMINENT, FFC_RUNNING, FFC_COMPLETE = range(4)

LONGEST_FRAME = 2048
_START, _END, _ESCAPE = b"\x8e", b"\xae", b"\x9e"
_HEAD = struct.Struct(">BIII")
_unpack_head = _HEAD.unpack_from
_DATA = 1 + _HEAD.size
_CRC_START = 0x1D0F
_SHORTEST_BODY = _HEAD.size + 2
_BAD_ESCAPE: Final = re.compile(rb"\x9e(?![\x81\x91\xa1])")


class FslpFrame(NamedTuple):
    """A question (status `ASKING`) or an answer."""

    function: int
    sequence: int
    status: int = ASKING
    data: bytes = b""
    channel: int = 0


def encode(frame: FslpFrame) -> bytes:
    """Return the wire bytes of a frame.

    Examples
    --------
    >>> encode(FslpFrame(CAMERA_SERIAL, 1)).hex(" ")
    '8e 00 00 00 00 01 00 05 00 02 ff ff ff ff 01 0b ae'
    """
    body = _HEAD.pack(frame.channel, frame.sequence, frame.function, frame.status) + frame.data
    body += crc_hqx(body, _CRC_START).to_bytes(2, "big")
    body = body.replace(_ESCAPE, b"\x9e\x91").replace(_START, b"\x9e\x81").replace(_END, b"\x9e\xa1")
    return _START + body + _END


class FslpDecoder:
    """Turns what either side sends into frames.

    Attributes
    ----------
    counters : drop reasons are "garbage" (bytes outside frames, frames without
        end), "escape" (an escape that there is not), "short" and "crc".
    """

    def __init__(self) -> None:
        self._tail = b""  # of a frame whose end has not come, or nothing
        self._skipped = 0
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[FslpFrame]:
        """Take bytes as they arrive; return the frames that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        *parts, tail = (self._tail + data).split(_END)
        frames: list[FslpFrame] = []
        for part in parts:
            # The usual case, in as few steps as can be: a whole frame without escapes.
            if (
                part.rfind(_START) == 0
                and _SHORTEST_BODY < len(part) <= LONGEST_FRAME
                and _ESCAPE not in part
                and not crc_hqx(part[1:], _CRC_START)
                and not self._skipped
            ):
                channel, sequence, function, status = _unpack_head(part, 1)
                frames.append(FslpFrame(function, sequence, status, part[_DATA:-2], channel))
            elif (frame := self._take(part)) is not None:
                frames.append(frame)
        self.counters.frames += len(frames)
        start = tail.rfind(_START)
        if start < 0 or len(tail) - start > LONGEST_FRAME:
            self._skipped += len(tail)
            self._tail = b""
        else:
            self._skipped += start
            self._tail = tail[start:]
        return frames

    def _take(self, part: bytes) -> FslpFrame | None:
        start = part.rfind(_START)
        if start < 0 or len(part) - start > LONGEST_FRAME:
            self.counters.drop("garbage", self._skipped + len(part) + 1)
            self._skipped = 0
            return None
        if self._skipped or start:
            self.counters.drop("garbage", self._skipped + start)
            self._skipped = 0
        body = part[start + 1 :]
        if _ESCAPE in body:
            if _BAD_ESCAPE.search(body):
                self.counters.drop("escape", len(body) + 2)
                return None
            body = body.replace(b"\x9e\x81", _START).replace(b"\x9e\xa1", _END).replace(b"\x9e\x91", _ESCAPE)
        if len(body) < _SHORTEST_BODY:
            self.counters.drop("short", len(part) - start + 1)
            return None
        if crc_hqx(body, _CRC_START):  # with its CRC behind it a body comes to 0
            self.counters.drop("crc", len(part) - start + 1)
            return None
        channel, sequence, function, status = _unpack_head(body)
        return FslpFrame(function, sequence, status, body[_HEAD.size : -2], channel)
