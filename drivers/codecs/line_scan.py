"""Line-scan stream: the messages of an X-ray detector array.

Message: type u8, version u8 = 1, little-endian packed fields, framed as in
`drivers.codecs.cobs_frames`. The same bytes run on a serial line and on TCP.
At 921600 Bd a line of 1024 pixels passes 44 times a second: real scanners use TCP.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from drivers.codecs.cobs_frames import CobsFrames, encode_frame
from drivers.codecs.counters import DecodeCounters

VERSION = 1
HELLO, LINE, END = 0x10, 0x11, 0x12
DATA, DARK, AIR = 0, 1, 2
NOMINAL_DOSE = 32768
HASH_BYTES = 16
NO_HASH = bytes(HASH_BYTES)

_HEAD = struct.Struct("<BB")
_HELLO = struct.Struct("<HBBII16sB")
_LINE = struct.Struct("<QIqQBBHHH")
_END = struct.Struct("<QII32s")
_LINE_START = _HEAD.size + _LINE.size

MAX_MESSAGE = _LINE_START + 2 * 0xFFFF


@dataclass(frozen=True, slots=True)
class LineHello:
    """What the detector is: sent on connecting and before each passage.

    ``bits`` is the valid bits of a count; a pitch of 0 is unknown;
    ``calibration_hash`` the first 16 bytes of a SHA-256, zeros = none.
    """

    pixels: int
    bits: int
    energies: int
    pixel_pitch_um: int
    line_pitch_um: int
    calibration_hash: bytes = NO_HASH
    device_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line: ``pixels`` uint16 ``(n_pixels,)``.

    ``kind`` 0 data, 1 dark, 2 air; ``dose`` 32768 = nominal; ``flags`` 1 beam
    off, 2 saturated, 4 overrun, 8 emergency stop; ``number`` counts lines of
    the scan.
    """

    scan: int
    number: int
    encoder: int
    device_ns: int
    kind: int
    energy: int
    dose: int
    flags: int
    pixels: npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class LineEnd:
    """End of a passage; ``pixel_sha256`` covers all pixel bytes in the order sent."""

    scan: int
    lines_sent: int
    lines_lost: int
    pixel_sha256: bytes


LineMessage: TypeAlias = LineHello | Line | LineEnd


def pixel_bytes(pixels: npt.NDArray[np.uint16]) -> bytes:
    """Return pixels as they stand on the wire, which is what END's hash covers."""
    return pixels.astype("<u2", copy=False).tobytes()


def encode(message: LineMessage) -> bytes:
    """Return the wire bytes of a message.

    Raises
    ------
    struct.error : a value does not fit its field.

    Examples
    --------
    >>> line = Line(7, 1, -250, 1_700_000_000 * 10**9, DATA, 0, NOMINAL_DOSE, 0,
    ...             np.array([0, 1, 1000, 65535], np.uint16))
    >>> encode(line).hex()[-22:]
    '0109e803ffff5b20bb4400'
    """
    if isinstance(message, Line):
        fields = _LINE.pack(
            message.scan,
            message.number,
            message.encoder,
            message.device_ns,
            message.kind,
            message.energy,
            message.dose,
            message.flags,
            message.pixels.size,
        )
        return encode_frame(_HEAD.pack(LINE, VERSION) + fields + pixel_bytes(message.pixels))
    if isinstance(message, LineHello):
        name = message.device_id.encode()
        fields = _HELLO.pack(
            message.pixels,
            message.bits,
            message.energies,
            message.pixel_pitch_um,
            message.line_pitch_um,
            message.calibration_hash,
            len(name),
        )
        return encode_frame(_HEAD.pack(HELLO, VERSION) + fields + name)
    fields = _END.pack(message.scan, message.lines_sent, message.lines_lost, message.pixel_sha256)
    return encode_frame(_HEAD.pack(END, VERSION) + fields)


def _decode_line(message: bytes) -> Line:
    scan, number, encoder, device_ns, kind, energy, dose, flags, n = _LINE.unpack_from(message, _HEAD.size)
    pixels = np.frombuffer(message, "<u2", offset=_LINE_START)
    if pixels.size != n or kind > AIR:
        raise ValueError
    return Line(
        scan, number, encoder, device_ns, kind, energy, dose, flags, pixels.astype(np.uint16, copy=False)
    )


def _decode_hello(message: bytes) -> LineHello:
    pixels, bits, energies, pitch, line_pitch, calibration, length = _HELLO.unpack_from(message, _HEAD.size)
    name = message[_HEAD.size + _HELLO.size :]
    if len(name) != length:
        raise ValueError
    device_id = name.decode("utf-8", "replace")
    return LineHello(pixels, bits, energies, pitch, line_pitch, calibration, device_id)


class LineScanDecoder:
    """Turns wire bytes into messages.

    Attributes
    ----------
    counters : drop reasons are those of `CobsFrames` and "version", "type"
        (unknown to this side) and "fields" (checked, yet not laid out as declared).
    """

    def __init__(self) -> None:
        self._frames = CobsFrames(MAX_MESSAGE)

    @property
    def counters(self) -> DecodeCounters:
        """What was seen and dropped."""
        return self._frames.counters

    def feed(self, data: bytes) -> list[LineMessage]:
        """Take bytes as they arrive; return the messages that they complete. Never raises."""
        decoded = (self._decode(message) for message in self._frames.feed(data))
        return [message for message in decoded if message is not None]

    def _decode(self, message: bytes) -> LineMessage | None:
        reason = "fields"
        try:
            kind, version = _HEAD.unpack_from(message)
            if version != VERSION:
                reason = "version"
            elif kind == LINE:
                return _decode_line(message)
            elif kind == HELLO:
                return _decode_hello(message)
            elif kind == END:
                return LineEnd(*_END.unpack(message[_HEAD.size :]))
            else:
                reason = "type"
        except (struct.error, ValueError):
            pass  # checked by its CRC, so the sender is at fault; counted below
        self.counters.frames -= 1
        self.counters.drop(reason, len(message))
        return None
