"""Winsen MH-Z19's frames: nine bytes, FF first, a checksum last, on request.

A request is ``FF 01 command ...``, an answer ``FF command ...``: the second byte
tells an answer from an echo. The checksum is the negative sum of the seven bytes
between. The frames have no length and the checksum 8 bits, so one damaged frame
in 256 passes: what a device does with an answer must not rest on it alone.

References
----------
Winsen MH-Z19B user's manual v1.0, MH-Z19C terminal manual: 9600 8N1; commands 86
(read), 79 (self-calibration), 99 (range). Commands 7D (is self-calibration on),
9B (range) and A0 (firmware) are in no manual; their answers are as published
programs for this sensor read them, and were not tried on a sensor here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from drivers.codecs.counters import DecodeCounters

FRAME_BYTES = 9
TO_SENSOR = 0x01  # second byte of every request

READ_CO2, SELF_CALIBRATION, SELF_CALIBRATION_STATE = 0x86, 0x79, 0x7D
SET_RANGE, RANGE, FIRMWARE = 0x99, 0x9B, 0xA0
ON: Final = 0xA0  # of SELF_CALIBRATION; 0 is off

_LOOK_ALIKE = b"\x42\x4d"  # head of the dust sensors' and other Winsen modules' frames
_HEAD = b"\xff"
_FEW = 64  # positions that are looked at one by one: an array is not worth its making


class WinsenFrame(NamedTuple):
    """One frame: ``kind`` is the command answered, or `TO_SENSOR`; ``body`` the six bytes after it."""

    kind: int
    body: bytes


def encode(frame: WinsenFrame) -> bytes:
    """Return the wire bytes of a frame.

    Examples
    --------
    >>> encode(WinsenFrame(READ_CO2, bytes.fromhex("02 20 00 00 00 00"))).hex(" ")
    'ff 86 02 20 00 00 00 00 58'
    """
    middle = bytes([frame.kind]) + frame.body
    return _HEAD + middle + bytes([-sum(middle) & 0xFF])


def request(command: int, value: bytes = b"") -> bytes:
    """Return a request; ``value`` are the bytes after the command, the rest is zero.

    Examples
    --------
    >>> request(READ_CO2).hex(" ")
    'ff 01 86 00 00 00 00 00 79'
    >>> request(SELF_CALIBRATION).hex(" ")
    'ff 01 79 00 00 00 00 00 86'
    """
    return encode(WinsenFrame(TO_SENSOR, (bytes([command]) + value).ljust(6, b"\0")))


def range_request(range_ppm: int) -> bytes:
    """Return the request that sets the measuring range; it is in the last two bytes.

    Examples
    --------
    >>> range_request(5000).hex(" ")
    'ff 01 99 00 00 00 13 88 cb'
    """
    return request(SET_RANGE, b"\0\0\0" + range_ppm.to_bytes(2, "big"))


class WinsenDecoder:
    """Finds frames in a byte stream.

    Attributes
    ----------
    counters : drop reasons are "garbage" (a run of bytes outside frames, damaged
        frames among them) and "look-alike" (such a run with the head of
        another device's frames in it, 42 4D).
    """

    def __init__(self) -> None:
        self._buffer = b""
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[WinsenFrame]:
        """Take bytes as they arrive; return the frames that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        buffer = self._buffer + data
        frames: list[WinsenFrame] = []
        at = 0
        for start in _valid_starts(buffer):
            if start < at:
                continue  # inside the frame before
            if start > at:
                self._drop(buffer[at:start])
            at = start + FRAME_BYTES
            frames.append(WinsenFrame(buffer[start + 1], buffer[start + 2 : at - 1]))
        rest = buffer.find(_HEAD, max(at, len(buffer) - FRAME_BYTES + 1))
        if rest < 0:
            # half of a look-alike's head waits for the other half
            rest = max(at, len(buffer) - buffer.endswith(_LOOK_ALIKE[:1]))
        if rest > at:
            self._drop(buffer[at:rest])
        self._buffer = buffer[rest:]
        self.counters.frames += len(frames)
        return frames

    def clear(self) -> None:
        """Forget the beginning of a frame: what follows on the wire does not continue it."""
        self._buffer = b""

    def _drop(self, garbage: bytes) -> None:
        self.counters.drop("look-alike" if _LOOK_ALIKE in garbage else "garbage", len(garbage))


def _valid_starts(buffer: bytes) -> list[int]:
    """Return where a head stands whose checksum is right; they may overlap."""
    last = len(buffer) - FRAME_BYTES
    if last < _FEW:
        return [
            start
            for start in range(last + 1)
            if buffer[start] == _HEAD[0] and sum(buffer[start + 1 : start + FRAME_BYTES]) & 0xFF == 0
        ]
    values = np.frombuffer(buffer, np.uint8)
    sums = np.cumsum(values, dtype=np.uint8)  # modulo 256, as the checksum is
    valid = (values[: last + 1] == _HEAD[0]) & (sums[FRAME_BYTES - 1 :] == sums[: last + 1])
    starts: list[int] = np.flatnonzero(valid).tolist()
    return starts
