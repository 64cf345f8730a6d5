"""Raytek / Fluke MP150 infrared line scanner: commands, answers and the stream of temperature lines.

A command is ``SOH text EOT BCC``; the scanner answers ACK, NAK or ETB, to a
question (a command with "G" before it) also a frame of the same form. After STX
it says SYN and sends lines: ``16 FF 10 FF``, pixels, the temperature of its
housing, sector infos, the trigger, and the sum of all bytes behind the start
mark, low byte first. ESC stops it.

Not verified on a device: that the sum counts bytes and reaches from the pixels
to the trigger; the order of the bytes of line counter and error bits in line
mode 13h (`counter_order` finds it out); that the error bits of a line are the
lower 16 of the error status; that the housing's temperature is signed.

References
----------
Fluke Process Instruments, "MP150 Linescanner Protocol Manual", rev. B4, August
2019 (51101): 3.1 to 3.4 commands, answers and errors, 4.1 to 4.4.6 lines, 7.1
list of commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from drivers.codecs.counters import DecodeCounters

STX, ESC, SYN = b"\x02", b"\x1b", b"\x16"
FRAME_START = b"\x16\xff\x10\xff"

LONGEST_TEXT = 200  # of a command or an answer, without its frame

PIXELS_BY_MODE: Final = {1: 64, 2: 128, 3: 256, 4: 512, 5: 1024}
"""Pixels of a line by the number that the command PM takes."""

ERRORS: Final = {
    0: ("its user parameters are damaged", "store them again (PS)"),
    1: ("its calibration parameters are damaged", "send it to service"),
    2: ("its temperature table is damaged", "send it to service"),
    3: ("it is warming up", "wait some minutes"),
    4: ("its bias voltage is out of range", "send it to service"),
    5: ("its service parameters are damaged", "send it to service when it is convenient"),
    6: ("its detector cooler is out of range", "cool it, and send it to service if that does not help"),
    7: ("its housing is too hot", "cool it"),
    30: ("its encoder sends no zero pulse, its motor may stand still", "send it to service"),
    31: ("its motor turns but no data come from the converters", "send it to service"),
}
"""Bits of the error status: what is wrong, what to do."""


class DataMode(Enum):
    """What a pixel is; the value is what the command DM takes."""

    BYTE = "B"  # u8, scaled between the ends of the range
    CELSIUS = "W"  # u16, low byte first, whole °C
    WORD = "WT2"  # u16, high byte first, scaled between the ends of the range


class LineMode(Enum):
    """What goes with the pixels; the value is the hexadecimal text that the command LM takes."""

    SECTORS = "9"  # three current outputs
    COUNTED = "13"  # line counter, background, error bits, ten results


SECTOR_BYTES: Final = {LineMode.SECTORS: 6, LineMode.COUNTED: 26}
_PIXEL_TYPES: Final = {DataMode.BYTE: "u1", DataMode.CELSIUS: "<u2", DataMode.WORD: ">u2"}


@dataclass(frozen=True, slots=True)
class LineLayout:
    """How a line is built.

    Examples
    --------
    >>> LineLayout(64, DataMode.BYTE, LineMode.COUNTED).n_bytes
    98
    """

    n_pixels: int
    data: DataMode = DataMode.WORD
    line: LineMode = LineMode.COUNTED

    @property
    def n_pixel_bytes(self) -> int:
        """Bytes that the pixels take."""
        return self.n_pixels * (1 if self.data is DataMode.BYTE else 2)

    @property
    def n_bytes(self) -> int:
        """Bytes of a whole line, from the start mark to the sum."""
        return len(FRAME_START) + self.n_pixel_bytes + 1 + SECTOR_BYTES[self.line] + 1 + 2


class Line(NamedTuple):
    """One line; ``pixels`` uint8 or uint16 ``(n_pixels,)`` as sent, ``sectors`` the sector infos' bytes."""

    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    housing_c: int
    sectors: bytes
    trigger: int


class Order(Enum):
    """In which order the bytes of line counter and error bits come."""

    LOW_FIRST = "little"
    HIGH_FIRST = "big"


def line_counter(line: Line, order: Order) -> int:
    """Return the line counter of a line of mode 13h, modulo 65536."""
    return int.from_bytes(line.sectors[0:2], order.value)


def error_bits(line: Line, order: Order) -> int:
    """Return the error bits of a line of mode 13h, a key of `ERRORS` for each bit."""
    return int.from_bytes(line.sectors[4:6], order.value)


def counter_order(before: Line, line: Line) -> Order | None:
    """Return the byte order in which the second line's counter follows the first's; None when in neither.

    Examples
    --------
    >>> first, second = (Line(np.zeros(64, np.uint8), 30, bytes([0, n, 0, 0, 0, 0]), 0) for n in (7, 8))
    >>> counter_order(first, second)
    <Order.HIGH_FIRST: 'big'>
    """
    for order in Order:
        if (line_counter(line, order) - line_counter(before, order)) & 0xFFFF == 1:
            return order
    return None


def encode_line(line: Line, layout: LineLayout) -> bytes:
    """Return the wire bytes of a line.

    Examples
    --------
    >>> layout = LineLayout(64, DataMode.CELSIUS, LineMode.SECTORS)
    >>> wire = encode_line(Line(np.full(64, 531, np.uint16), 30, bytes(6), 0), layout)
    >>> wire[:6].hex(" "), wire[-2:].hex(" "), len(wire)
    ('16 ff 10 ff 13 02', '5e 05', 142)
    """
    pixels = line.pixels.astype(_PIXEL_TYPES[layout.data]).tobytes()
    body = pixels + (line.housing_c & 0xFF).to_bytes(1, "little") + line.sectors + bytes([line.trigger])
    whole = FRAME_START + body + (sum(body) & 0xFFFF).to_bytes(2, "little")
    if len(whole) != layout.n_bytes:
        raise ValueError(f"a line of {layout} has {layout.n_bytes} bytes, not {len(whole)}")
    return whole


class Mp150Decoder:
    """Turns the stream of lines into `Line`.

    Parameters
    ----------
    layout : how a line is built: the stream itself does not tell.

    Attributes
    ----------
    counters : drop reasons are "garbage" (bytes that open no line; the SYN that
        begins a stream is none) and "checksum" (what follows the start mark of
        such a line is searched again, so a whole line behind a cut one is kept).
    """

    def __init__(self, layout: LineLayout) -> None:
        self.layout = layout
        self.counters = DecodeCounters()
        self._buffer = b""
        self._skipped = 0
        self._skipped_tail = b""
        self._reason = "garbage"

    def feed(self, data: bytes) -> list[Line]:
        """Take bytes as they arrive; return the lines that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        self._buffer += data
        buffer, length = self._buffer, self.layout.n_bytes
        if len(buffer) < length:
            return []
        # A running sum, modulo 65536 as the lines' own, gives that of any stretch at once.
        octets = np.frombuffer(buffer, np.uint8)
        running = np.cumsum(octets, dtype=np.uint16)
        starts: list[int] = []
        at = 0
        while True:
            start = buffer.find(FRAME_START, at)
            if start < 0:
                # The last bytes may be the beginning of a start mark.
                keep = next((n for n in (3, 2, 1) if buffer.endswith(FRAME_START[:n])), 0)
                start = max(at, len(buffer) - keep)
                self._skip(buffer[at:start])
                at = start
                break
            self._skip(buffer[at:start])
            at = start
            last = start + length - 3  # of what the sum covers
            if last + 2 >= len(buffer):
                break
            total = int(running[last]) - int(running[start + 3])
            if total & 0xFFFF == buffer[last + 1] | buffer[last + 2] << 8:
                self._drop_skipped()
                starts.append(start)
                at = start + length
            else:
                self._drop_skipped()
                self._reason = "checksum"
                self._skip(FRAME_START[:1])
                at = start + 1
        self._buffer = buffer[at:]
        self.counters.frames += len(starts)
        return self._lines(octets, starts) if starts else []

    def _lines(self, octets: npt.NDArray[np.uint8], starts: list[int]) -> list[Line]:
        layout, length = self.layout, self.layout.n_bytes
        if starts[-1] - starts[0] == (len(starts) - 1) * length:
            rows = octets[starts[0] : starts[-1] + length].reshape(-1, length)
        else:
            rows = np.lib.stride_tricks.sliding_window_view(octets, length)[starts]
        end = 4 + layout.n_pixel_bytes
        typed = rows[:, 4:end].view(_PIXEL_TYPES[layout.data])
        pixels = typed.astype(np.uint8 if layout.data is DataMode.BYTE else np.uint16)
        housing = rows[:, end].view(np.int8).tolist()
        infos = np.ascontiguousarray(rows[:, end + 1 : -3]).tobytes()
        n = SECTOR_BYTES[layout.line]
        sectors = [infos[k : k + n] for k in range(0, len(infos), n)]
        return list(map(Line, pixels, housing, sectors, rows[:, -3].tolist()))

    def _skip(self, skipped: bytes) -> None:
        if skipped:
            self._skipped += len(skipped)
            self._skipped_tail = skipped[-1:]

    def _drop_skipped(self) -> None:
        if self._skipped == 1 and self._skipped_tail == SYN and self._reason == "garbage":
            self._skipped = 0
        if self._skipped:
            self.counters.drop(self._reason, self._skipped)
        self._skipped, self._reason = 0, "garbage"


def encode_text(text: str) -> bytes:
    """Return a command, or the answer to a question, in its frame.

    Examples
    --------
    >>> encode_text("AR").hex(" ")
    '01 41 52 04 98'
    """
    content = text.encode("ascii")
    if not 1 <= len(content) <= LONGEST_TEXT or not text.isprintable():
        raise ValueError(f"{text!r} is no command: 1 to {LONGEST_TEXT} printable characters")
    body = b"\x01" + content + b"\x04"
    return body + bytes([sum(body) & 0xFF | 0x80])


class Sign(Enum):
    """One byte that is a message of its own."""

    ACK = b"\x06"
    NAK = b"\x15"
    ETB = b"\x17"  # done, but the scanner has an error: only GES is answered
    SYN = b"\x16"
    STX = b"\x02"
    ESC = b"\x1b"


Message: TypeAlias = Sign | str
"""A sign, or the text of a frame."""


class Mp150ControlDecoder:
    """Turns either direction's control bytes into signs and the texts of frames.

    Attributes
    ----------
    counters : drop reasons are "garbage" and "checksum".
    """

    def __init__(self) -> None:
        self.counters = DecodeCounters()
        self._buffer = b""
        self._skipped = 0

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes as they arrive; return the messages that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        self._buffer += data
        messages: list[Message] = []
        at = 0
        for found in _MESSAGE.finditer(self._buffer):
            self._skip(found.start() - at)
            at = found.start()
            text, check, sign = found.groups()
            if sign is None and text is None:
                break  # a frame that is not whole yet
            at = found.end()
            if sign is not None:
                messages.append(Sign(sign))
            elif (sum(text) + 5) & 0xFF | 0x80 != check[0]:
                self._drop_skipped()
                self.counters.drop("checksum", len(text) + 3)
                continue
            else:
                messages.append(text.decode("ascii"))
            self._drop_skipped()
            self.counters.frames += 1
        else:
            self._skip(len(self._buffer) - at)
            at = len(self._buffer)
        self._buffer = self._buffer[at:]
        return messages

    def _skip(self, n_bytes: int) -> None:
        self._skipped += n_bytes

    def _drop_skipped(self) -> None:
        if self._skipped:
            self.counters.drop("garbage", self._skipped)
        self._skipped = 0


_MESSAGE = re.compile(
    rb"\x01(?:([\x20-\x7e]{1,%d})\x04([\x80-\xff])|[\x20-\x7e]{0,%d}\x04?\Z)|([\x02\x06\x15\x16\x17\x1b])"
    % (LONGEST_TEXT, LONGEST_TEXT)
)
"""A whole frame, the beginning of one at the very end, or a sign."""


def errors_in(status: int) -> list[int]:
    """Return the numbers of the bits that are set in an error status.

    Examples
    --------
    >>> errors_in(0x40000003)
    [0, 1, 30]
    """
    return [bit for bit in range(32) if status >> bit & 1]


def error_words(status: int) -> tuple[str, str]:
    """Return what is wrong and what to do about the worst of it; empty texts when nothing is.

    Examples
    --------
    >>> error_words(0x8)
    ('it is warming up', 'wait some minutes')
    """
    bits = errors_in(status)
    if not bits:
        return "", ""
    wrong = ", ".join(ERRORS[bit][0] if bit in ERRORS else f"it has an error {bit}" for bit in bits)
    worst = next((bit for bit in reversed(bits) if bit in ERRORS), None)
    return wrong, ERRORS[worst][1] if worst is not None else "send it to service"
