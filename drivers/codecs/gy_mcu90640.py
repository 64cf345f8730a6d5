"""GY-MCU90640 thermal module (MLX90640, 32 x 24 pixels): frames, answers and commands.

A frame is 1544 bytes: ``5A 5A 02 06``, 768 pixels int16 LE in 0.01 °C, ambient
int16 LE, and the sum of the 771 little-endian words before it, modulo 65536.
The first pixel is the top right one. A command is ``A5 code value sum``.

Checked here by the layout and the sum alone; baud codes 1 and 3 (9600 and
460800 Bd) and the answer to the emissivity query are from the maker's sheet and
were not tried on a module.

References
----------
GY-MCU90640 user manual v1; Melexis, MLX90640 datasheet 3901090640.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from drivers.codecs.counters import DecodeCounters

ROWS, COLUMNS = 24, 32
FRAME_BYTES = 1544
COMMAND_BYTES = 4
FRAME_HEAD = b"\x5a\x5a\x02\x06"
_SYNC = b"\x5a\x5a"
_COMMAND_SYNC = b"\xa5"

SET_BAUD, SET_RATE, SET_MODE, SET_EMISSIVITY, GET_EMISSIVITY, SAVE = 0x15, 0x25, 0x35, 0x45, 0x55, 0x65
QUERY_ONCE, AUTO = 1, 2
RATES_HZ: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Frame rate by the value of `SET_RATE`."""
BAUD_RATES: Final = {1: 9600, 2: 115200, 3: 460800}
"""Line speed by the value of `SET_BAUD`; it takes effect after power-on."""


@dataclass(frozen=True, slots=True, eq=False)
class ThermalFrame:
    """``centi_c`` int16 ``(24, 32)`` in 0.01 °C, left to right as the module looks out; ambient too.

    ``drops`` is how often its decoder had dropped something when the frame was whole.
    """

    centi_c: npt.NDArray[np.int16]
    ambient_centi_c: int
    drops: int = 0


@dataclass(frozen=True, slots=True)
class Emissivity:
    """The module's answer to `GET_EMISSIVITY`, 0.01 to 1."""

    emissivity: float


@dataclass(frozen=True, slots=True)
class ThermalCommand:
    """Host to module."""

    code: int
    value: int


ThermalMessage: TypeAlias = ThermalFrame | Emissivity


def encode_command(command: ThermalCommand) -> bytes:
    """Return the wire bytes of a command.

    Examples
    --------
    >>> encode_command(ThermalCommand(SET_MODE, AUTO)).hex(" ")
    'a5 35 02 dc'
    """
    body = bytes([0xA5, command.code, command.value])
    return body + bytes([sum(body) & 0xFF])


def encode(message: ThermalMessage) -> bytes:
    """Return the wire bytes of what the module sends.

    Examples
    --------
    >>> encode(Emissivity(0.95)).hex(" ")
    '5a 5a 5f 13'
    """
    if isinstance(message, Emissivity):
        body = _SYNC + bytes([round(message.emissivity * 100)])
        return body + bytes([sum(body) & 0xFF])
    pixels = message.centi_c[:, ::-1].astype("<i2").tobytes()
    body = FRAME_HEAD + pixels + message.ambient_centi_c.to_bytes(2, "little", signed=True)
    return body + _word_sum(body).to_bytes(2, "little")


def _word_sum(body: bytes) -> int:
    return int(np.frombuffer(body, "<u2").sum(dtype=np.uint32)) & 0xFFFF


class GyMcu90640Decoder:
    """Turns what the module sends into frames and answers.

    Attributes
    ----------
    counters : drop reasons are "garbage" (a run of bytes that opens nothing)
        and "checksum" (a frame whose sum is wrong; what follows its first byte
        is searched again, so a whole frame behind a cut one is kept).
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipped = 0
        self._reason = "garbage"
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[ThermalMessage]:
        """Take bytes as they arrive; return the messages that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        self._buffer += data
        messages: list[ThermalMessage] = []
        at = 0
        while True:
            start = self._buffer.find(_SYNC, at)
            if start < 0:
                # A last 5A may be half of a header.
                start = len(self._buffer) - self._buffer.endswith(_SYNC[:1])
                start = max(start, at)
                self._skipped += start - at
                at = start
                break
            self._skipped += start - at
            at = start
            length = self._expected_length(at)
            if length == 0:
                self._skipped += 1
                at += 1
                continue
            if len(self._buffer) - at < length:
                break
            message = self._parse(bytes(self._buffer[at : at + length]))
            if message is None:
                self._drop_skipped()
                self._reason = "checksum"
                self._skipped += 1
                at += 1
                continue
            self._drop_skipped()
            self.counters.frames += 1
            messages.append(message)
            at += length
        del self._buffer[:at]
        return messages

    def _expected_length(self, at: int) -> int:
        """Length of what the header opens; 0 when it opens nothing, a guess while it is too short."""
        head = self._buffer[at : at + COMMAND_BYTES]
        if len(head) < COMMAND_BYTES:
            return COMMAND_BYTES
        if head == FRAME_HEAD:
            return FRAME_BYTES
        value, check = head[2:]
        return COMMAND_BYTES if sum(head[:3]) & 0xFF == check and 1 <= value <= 100 else 0

    def _drop_skipped(self) -> None:
        if self._skipped:
            self.counters.drop(self._reason, self._skipped)
        self._skipped, self._reason = 0, "garbage"

    def _parse(self, frame: bytes) -> ThermalMessage | None:
        if len(frame) == COMMAND_BYTES:
            return Emissivity(frame[2] / 100)
        words = np.frombuffer(frame, "<i2")
        if _word_sum(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
            return None
        pixels = np.ascontiguousarray(words[2:-2].reshape(ROWS, COLUMNS)[:, ::-1], dtype=np.int16)
        # what was skipped before it is counted once it is known to be whole
        return ThermalFrame(pixels, int(words[-2]), self.counters.frames_dropped + bool(self._skipped))


class GyMcu90640CommandDecoder:
    """The module's side: turns host bytes into commands; used by the twin.

    Attributes
    ----------
    counters : the drop reason is "garbage".
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.counters = DecodeCounters()

    def feed(self, data: bytes) -> list[ThermalCommand]:
        """Take bytes as they arrive; return the commands that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        self._buffer += data
        commands: list[ThermalCommand] = []
        while True:
            start = self._buffer.find(_COMMAND_SYNC)
            skipped = start if start >= 0 else len(self._buffer)
            if skipped:
                self.counters.drop("garbage", skipped)
                del self._buffer[:skipped]
            if len(self._buffer) < COMMAND_BYTES:
                return commands
            head = bytes(self._buffer[:COMMAND_BYTES])
            if sum(head[:3]) & 0xFF == head[3]:
                commands.append(ThermalCommand(head[1], head[2]))
                self.counters.frames += 1
                del self._buffer[:COMMAND_BYTES]
            else:
                self.counters.drop("garbage", 1)
                del self._buffer[:1]
