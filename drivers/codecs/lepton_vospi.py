"""FLIR Lepton video (VoSPI, Raw14): 164-byte packets to images; the packet grid is found again when it slips.

A packet is ID u16, CRC u16 and 160 bytes, big endian. The ID's lower 12 bits are
the packet's number in its segment; ``xFxx`` is a discard packet, sent while there
is nothing to send. Lepton 2 sends 60 packets an image, one line each. Lepton 3
sends four segments of 60 packets, half a line each; packet 20 carries the
segment's number in the ID's bits 14 to 12, and 0 there says that the whole
segment is to be thrown away. With telemetry on, an image has 3 (Lepton 2) or 4
(Lepton 3, one per segment) packets more, before or after the image.

The CRC-16 (polynomial 1021, initial value 0) is taken over the packet with the
ID's upper four bits and the CRC itself as 0. A packet of zeros alone has the
right CRC of 0: it is no packet, but a silent line.

References
----------
FLIR Lepton engineering datasheet 500-0659-00-09 rev. 203: "VoSPI protocol",
"Telemetry modes" (tables 2 and 3).
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from drivers.codecs.counters import DecodeCounters

PACKET_BYTES = 164
PAYLOAD_BYTES = 160
PACKET_PIXELS = 80
SEGMENT_PACKETS = 60
NUMBERED_PACKET = 20
"""The packet of a Lepton 3 segment that carries the segment's number."""
SEGMENTS = 4
_MOST_NUMBERS = 63  # 60 lines and 3 of telemetry

DISCARD: Final = b"\x0f\xff" + bytes(PACKET_BYTES - 2)

_CRC_OF_ID: Final = tuple(crc_hqx(bytes([0, number, 0, 0]), 0) for number in range(_MOST_NUMBERS))
_ID: Final = re.compile(rb"[\x00\x10\x20\x30\x40\x50\x60\x70\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0][\x00-\x3e]")
_SIGN: Final = re.compile(rb"[^\x00]")
_ZEROS = bytes(PAYLOAD_BYTES)


class Model(StrEnum):
    """Which Lepton: the size of its image and how it is cut into packets."""

    LEPTON2 = "lepton2"  # 80 x 60
    LEPTON3 = "lepton3"  # 160 x 120

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the image."""
        return (60, 80) if self is Model.LEPTON2 else (120, 160)

    @property
    def telemetry_packets(self) -> int:
        """Packets of telemetry with an image, when there are any."""
        return 3 if self is Model.LEPTON2 else 4


class TelemetryPlace(StrEnum):
    """Where the telemetry lines stand."""

    NONE = "none"
    HEADER = "header"
    FOOTER = "footer"


@dataclass(frozen=True, slots=True, eq=False)
class LeptonFrame:
    """``counts`` uint16 ``(60, 80)`` or ``(120, 160)``; telemetry uint16 ``(3 or 4, 80)``, or None.

    ``drops`` is how often its decoder had dropped something when the image was whole.
    """

    counts: npt.NDArray[np.uint16]
    telemetry: npt.NDArray[np.uint16] | None = None
    drops: int = 0


@dataclass(frozen=True, slots=True)
class LeptonTelemetry:
    """What telemetry says, as far as it is used here.

    Parameters
    ----------
    frame_counter : counts images.
    ffc_state : 0 never corrected, 1 imminent, 2 running, 3 complete.
    overheating : it will shut itself off within 10 s.
    fpa_kelvin : temperature of the sensor, K.
    tlinear : pixels are temperatures.
    tlinear_kelvin : their step, K.
    """

    frame_counter: int
    ffc_state: int
    overheating: bool
    fpa_kelvin: float
    tlinear: bool
    tlinear_kelvin: float


def telemetry_of(lines: npt.NDArray[np.uint16]) -> LeptonTelemetry | None:
    """Return what telemetry lines say; None when they are none, but lines of an image.

    Parameters
    ----------
    lines : as in `LeptonFrame`. Telemetry carries no mark: its two switches must
        be 0 or 1, and the sensor's temperature 200 to 400 K.
    """
    row_a, row_c = lines[0], lines[2]
    if row_c[48] > 1 or row_c[49] > 1 or not 20_000 <= row_a[24] <= 40_000:
        return None
    status = int(row_a[3]) << 16 | int(row_a[4])
    return LeptonTelemetry(
        int(row_a[20]) << 16 | int(row_a[21]),
        status >> 4 & 3,
        bool(status >> 20 & 1),
        int(row_a[24]) / 100,
        bool(row_c[48]),
        0.01 if row_c[49] else 0.1,
    )


def encode_packet(number: int, payload: bytes, segment: int = 0) -> bytes:
    """Return the wire bytes of a packet.

    Examples
    --------
    >>> encode_packet(20, bytes(160), segment=3)[:4].hex(" ")
    '30 14 b1 17'
    """
    crc = crc_hqx(payload, _CRC_OF_ID[number])
    return bytes([segment << 4, number]) + crc.to_bytes(2, "big") + payload


def encode(
    frame: LeptonFrame, model: Model, place: TelemetryPlace = TelemetryPlace.NONE
) -> list[list[bytes]]:
    """Return the packets of an image, by segment (a Lepton 2 has one)."""
    payloads = _payloads(frame.counts)
    if place is not TelemetryPlace.NONE and frame.telemetry is not None:
        lines = _payloads(frame.telemetry)
        payloads = lines + payloads if place is TelemetryPlace.HEADER else payloads + lines
    n_segments = 1 if model is Model.LEPTON2 else SEGMENTS
    size = len(payloads) // n_segments
    return [
        [
            encode_packet(k, payload, (segment + 1) if n_segments > 1 and k == NUMBERED_PACKET else 0)
            for k, payload in enumerate(payloads[segment * size : (segment + 1) * size])
        ]
        for segment in range(n_segments)
    ]


def _payloads(words: npt.NDArray[np.uint16]) -> list[bytes]:
    data = words.astype(">u2").tobytes()
    return [data[at : at + PAYLOAD_BYTES] for at in range(0, len(data), PAYLOAD_BYTES)]


class LeptonVospiDecoder:
    """Turns packets, in any pieces, into images.

    Parameters
    ----------
    model : which Lepton.
    place : where its telemetry lines stand, as it was set.

    Attributes
    ----------
    counters : ``frames`` counts images. Drop reasons are "garbage" (bytes off the
        packet grid), "crc", "segment" (packets of an image that others are missing
        of), "telemetry" (packets beyond the image: telemetry is on) and "model" (a
        numbered segment where a Lepton 2 is expected). Discard packets and segments
        without number are what the camera fills time with, and no drops.
    segments_void : segments that said of themselves to be thrown away.
    """

    def __init__(self, model: Model, place: TelemetryPlace = TelemetryPlace.NONE) -> None:
        self.counters = DecodeCounters()
        self.segments_void = 0
        self._model = model
        self._place = place
        extra = model.telemetry_packets if place is not TelemetryPlace.NONE else 0
        self._size = SEGMENT_PACKETS + (extra if model is Model.LEPTON2 else extra // SEGMENTS)
        self._tail = b""
        self._locked = False
        self._skipped = 0
        self._number = 0  # of the segment that is being received
        self._segment: list[bytes] = []
        self._image: list[bytes] = []

    def feed(self, data: bytes) -> list[LeptonFrame]:
        """Take bytes as they arrive; return the images that they complete. Never raises."""
        self.counters.bytes_in += len(data)
        whole = self._tail + data
        frames: list[LeptonFrame] = []
        at, end = 0, len(whole) - PACKET_BYTES
        while at <= end:
            if not self._locked:
                found = _next_packet(whole, at, end)
                self._locked = found <= end
                self._skipped += found - at
                at = found
                if not self._locked:
                    break
                if self._skipped:
                    self.counters.drop("garbage", self._skipped)
                    self._skipped = 0
            first, number = whole[at], whole[at + 1]
            if not first & 0x0F and number < _MOST_NUMBERS and _is_packet(whole, at, number):
                self._take(number, first >> 4, whole[at + 4 : at + PACKET_BYTES], frames)
            elif (following := at + PACKET_BYTES) > end:
                break  # the next packet tells what this one is
            elif first & 0x0F == 0x0F:
                # A discard packet has no check, and the pixels of a grid that slipped may look like one.
                found = _next_packet(whole, at + 1, following - 1)
                if found < following:
                    self.counters.drop("garbage", found - at)
                    at = found
                    continue
            else:
                # One damaged packet, or a grid that slipped?
                if not _is_packet(whole, following, whole[following + 1]):
                    self._locked = False
                    self._skipped = 1
                    at += 1
                    continue
                self.counters.drop("crc", PACKET_BYTES)
            at += PACKET_BYTES
        self._tail = whole[at:]
        return frames

    def _take(self, number: int, segment: int, payload: bytes, frames: list[LeptonFrame]) -> None:
        packets = self._segment
        if number >= self._size:
            self.counters.drop("telemetry", PACKET_BYTES)
            self._give_up()
            return
        if number != len(packets):
            self._give_up()
            if number:
                self.counters.drop("segment", PACKET_BYTES)
                return
        packets.append(payload)
        if number == NUMBERED_PACKET:
            self._number = segment & 7
        if len(packets) == self._size:
            self._close_segment(frames)

    def _give_up(self) -> None:
        """Drop what was received of an image that cannot be completed."""
        n_packets = len(self._segment) + len(self._image)
        if n_packets:
            self.counters.drop("segment", n_packets * PACKET_BYTES)
        self._segment.clear()
        self._image.clear()

    def _close_segment(self, frames: list[LeptonFrame]) -> None:
        received, n_segments = len(self._image) // self._size, SEGMENTS
        if self._model is Model.LEPTON2:
            n_segments = 1
            if self._number:
                self.counters.drop("model", self._size * PACKET_BYTES)
                self._segment.clear()
                return
        elif not self._number:
            self.segments_void += 1
            self._segment.clear()
            return
        elif self._number != received + 1:
            kept = list(self._segment)
            if self._number != 1:
                self._give_up()
                return
            self._segment.clear()
            self._give_up()
            self._segment += kept
        self._image += self._segment
        self._segment.clear()
        if len(self._image) == n_segments * self._size:
            frames.append(self._frame(self._image))
            self.counters.frames += 1
            self._image.clear()

    def _frame(self, packets: Sequence[bytes]) -> LeptonFrame:
        words = np.frombuffer(b"".join(packets), ">u2").astype(np.uint16).reshape(-1, PACKET_PIXELS)
        n_lines = self._model.telemetry_packets
        telemetry = None
        if self._place is TelemetryPlace.HEADER:
            telemetry, words = words[:n_lines], words[n_lines:]
        elif self._place is TelemetryPlace.FOOTER:
            words, telemetry = words[:-n_lines], words[-n_lines:]
        return LeptonFrame(words.reshape(self._model.shape), telemetry, self.counters.frames_dropped)


def _is_packet(whole: bytes, at: int, number: int) -> bool:
    if whole[at] & 0x0F or number >= _MOST_NUMBERS:
        return False
    payload = whole[at + 4 : at + PACKET_BYTES]
    crc = whole[at + 2] << 8 | whole[at + 3]
    return crc_hqx(payload, _CRC_OF_ID[number]) == crc and (crc != 0 or number != 0 or payload != _ZEROS)


def _next_packet(whole: bytes, at: int, last: int) -> int:
    """Return where in ``at`` to ``last`` a packet with a right CRC begins, or ``last + 1``."""
    while (found := _ID.search(whole, at, last + 2)) is not None:
        at = found.start()
        if _is_packet(whole, at, whole[at + 1]):
            return at
        at += 1
        if whole[at - 1] == 0 and (sign := _SIGN.search(whole, at)) is not None:
            # a packet that begins in zeros ends behind them
            at = max(at, sign.start() - PACKET_BYTES + 1)
        elif whole[at - 1] == 0:
            break
    return last + 1
