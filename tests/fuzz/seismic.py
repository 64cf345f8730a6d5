"""Codecs of the seismic digitisers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from cobs import cobs

from drivers.codecs import (
    cobs_frames,
    gcf_block,
    gcf_serial,
    miniseed,
    raspberry_shake,
    scream,
    seedlink,
    wave_stream,
)
from drivers.codecs.counters import DecodeCounters
from tests.fuzz.check import Side, Target

HEX_WAVE = (
    "0720010220a1070518cdcc0c0115400bc201bc0201400bc201bc020247376dd171b400",
    "0421012a01010101082a36fe9c9717010101010102020101010108ffffffffffff7f01010780ffe337c3c200",
    "052201100e0107c6f8082f020101010105603bbc9b00",
    "0730019a1498e900",
    "073101db2583f000",
    "0732011876aedb00",
)
START_NS = 1_464_981_000_000_000_000
STEPS = np.array([5, 3, -200, 100_000, -8_388_608, 2**31 - 1, -(2**31), 7], np.int32)
GCF_HEAD = gcf_block.GcfHeader("6018", "6018N2", START_NS, 100.0)
BLOCKS = (
    gcf_block.encode(gcf_block.GcfData(GCF_HEAD, np.arange(400, dtype=np.int32))),
    gcf_block.encode(gcf_block.GcfData(GCF_HEAD, np.cumsum(np.arange(-99, 101, dtype=np.int32)))),
    gcf_block.encode(gcf_block.GcfData(GCF_HEAD, STEPS)),
    gcf_block.encode(gcf_block.GcfStatus(GCF_HEAD._replace(stream_id="601800", fs_hz=0.0), "GPS: locked")),
)
CUT_BLOCKS = tuple(map(gcf_block.cut, BLOCKS))
RECORD = miniseed.MiniSeedRecord("AM", "R24FA", "00", "EHZ", START_NS, 100.0, np.arange(80, dtype=np.int32))
RECORDS = (
    miniseed.encode(RECORD),
    miniseed.encode(RECORD._replace(counts=STEPS)),
    miniseed.encode_text("<seedlink/>"),
)


class Blocks:
    """Cuts a stream into blocks for a function that takes whole ones.

    Each stands behind its length in two bytes, or all are ``size`` bytes long.
    """

    def __init__(self, decode: Callable[[bytes], Any], size: int = 0) -> None:
        self.counters = DecodeCounters()
        self._decode = decode
        self._size = size
        self._buffer = b""

    def feed(self, data: bytes) -> list[Any]:
        self.counters.bytes_in += len(data)
        self._buffer += data
        results = []
        while len(self._buffer) > 2:
            begin = 0 if self._size else 2
            end = self._size or 2 + max(12, int.from_bytes(self._buffer[:2], "big") % 1025)
            if len(self._buffer) < end:
                break
            results.append(self._decode(self._buffer[begin:end]))
            self._buffer = self._buffer[end:]
        self.counters.frames += len(results)
        return results


def message_of(frame: bytes) -> bytes:
    """The message in a frame of our own two streams."""
    return cobs.decode(frame[:-1])[:-4]


def with_length(block: bytes) -> bytes:
    return len(block).to_bytes(2, "big") + block


def _decode_record(record: bytes) -> tuple[Any, ...]:
    """The record, its text and what was counted."""
    counters = DecodeCounters()
    read = miniseed.decode(record, counters)
    if counters.bytes_in != len(record) or (read is None) != bool(counters.dropped):
        raise AssertionError(f"{counters} for {read}")
    return read, miniseed.text_of(record)


def _gcf_block(body: bytes) -> bytes:
    """A data block of 8-, 16- or 32-bit differences whose last sample is right."""
    compression = (4, 2, 1)[body[0] % 3 if body else 0]
    steps = body[1 : 1 + 4 * min(len(body) // 4, gcf_block.MAX_RECORDS)]
    steps = steps[: len(steps) // 4 * 4] or bytes(4)
    steps = bytes(4 // compression) + steps[4 // compression :]
    sums = np.cumsum(np.frombuffer(steps, f">i{4 // compression}"), dtype=np.int32)
    head = BLOCKS[0][:14] + bytes([compression, len(steps) // 4])
    return head + bytes(4) + steps + int(sums[-1]).to_bytes(4, "big", signed=True)


def _steim(body: bytes) -> bytes:
    """A real record in which ``body`` changes the header and then the packed part."""
    changes = int.from_bytes(body[:512].ljust(512, b"\0"), "big")
    return (int.from_bytes(RECORDS[0], "big") ^ changes).to_bytes(512, "big")


def _shake(body: bytes) -> bytes:
    counts = np.frombuffer(body[: len(body) // 4 * 4], np.int32)
    packet = raspberry_shake.ShakePacket(
        "EHZ", 10**18 + len(body), counts if counts.size else np.zeros(1, np.int32)
    )
    return raspberry_shake.encode(packet)


def _packet(body: bytes) -> bytes:
    return scream.encode(
        body[:1024].ljust(1024, b"\0"), len(body), "6018N2/COM1", (31, 40, 45)[len(body) % 3]
    )


def _seed_packet(body: bytes) -> bytes:
    return seedlink.encode(seedlink.Packet(len(body), RECORDS[0][:16] + body[:496].ljust(496, b"\0")))


TARGETS = (
    Target(
        "cobs_frames",
        (
            Side(
                "either",
                lambda kind: cobs_frames.CobsFrames((20, 300, 4096)[kind % 3]),
                tuple(cobs_frames.encode_frame(bytes(n)) for n in (1, 12, 254, 300)),
                (bytes,),
                4200,
                cobs_frames.encode_frame,
            ),
        ),
    ),
    Target(
        "wave_stream",
        (
            Side(
                "either",
                lambda _: wave_stream.WaveStreamDecoder(),
                tuple(map(bytes.fromhex, HEX_WAVE)),
                (
                    wave_stream.WaveHello,
                    wave_stream.WaveBlock,
                    wave_stream.WaveState,
                    wave_stream.WaveCommand,
                ),
                wave_stream.MAX_MESSAGE + 4096,
                cobs_frames.encode_frame,
                bodies=tuple(map(message_of, map(bytes.fromhex, HEX_WAVE))),
            ),
        ),
    ),
    Target(
        "raspberry_shake",
        (
            Side(
                "device",
                lambda _: raspberry_shake.RaspberryShakeDecoder(),
                (
                    b"{'EHZ', 1580372810.003, 16235, 16274, -7}",
                    b"{'EHZ', 1580372810.003, 16235",
                    b"{'ENN', 1580372810, 2147483648}",
                ),
                (raspberry_shake.ShakePacket,),
                raspberry_shake.MAX_PACKET + 512,
                _shake,
            ),
        ),
    ),
    Target(
        "gcf_block",
        (
            Side(
                "device",
                lambda _: Blocks(gcf_block.decode),
                tuple(map(with_length, BLOCKS + CUT_BLOCKS)),
                (gcf_block.GcfData, gcf_block.GcfStatus, gcf_block.GcfRefused),
                1200,
                lambda body: with_length(_gcf_block(body)),
            ),
        ),
    ),
    Target(
        "gcf_serial",
        (
            Side(
                "device",
                lambda kind: gcf_serial.GcfSerialDecoder(recover=bool(kind & 1)),
                tuple(gcf_serial.encode(block, n) for n, block in enumerate(CUT_BLOCKS)),
                (gcf_serial.SerialFrame,),
                64 * 1024,
                lambda body: gcf_serial.encode(_gcf_block(body), body[-1] if body else 0),
                counts_messages=False,
            ),
            Side(
                "host",
                lambda kind: gcf_serial.GcfAnswerDecoder(short=bool(kind & 1)),
                (bytes.fromhex("01 14 00 18 bf 4b"), bytes.fromhex("02 14 07 18 bf 4b"), b"\x02\x14"),
                (gcf_serial.Answer,),
                256,
                repeats=6,
            ),
        ),
    ),
    Target(
        "scream",
        (
            Side(
                "device",
                lambda _: scream.ScreamDecoder(),
                (
                    *(scream.encode(BLOCKS[0], 258, "6018N2/COM1/HOST", version) for version in (40, 31, 45)),
                    scream.encode(BLOCKS[3], 259, "601800"),
                    b"GCFACKN\0",
                    b"GCFNOSV\0",
                    scream.REFUSAL,
                ),
                (scream.ScreamPacket, scream.ScreamNotice, scream.ScreamRefusal),
                4096,
                _packet,
                counts_messages=False,
            ),
            Side(
                "host",
                lambda _: scream.ScreamRequestDecoder(),
                (scream.SEND, scream.START_STREAM, scream.resend_request(0x1234)),
                (str, int),
                256,
            ),
        ),
    ),
    Target(
        "miniseed",
        (
            Side(
                "device",
                lambda _: Blocks(_decode_record, 512),
                RECORDS,
                (tuple,),
                700,
                _steim,
            ),
        ),
    ),
    Target(
        "seedlink",
        (
            Side(
                "device",
                lambda _: seedlink.SeedLinkDecoder(),
                (
                    seedlink.encode(seedlink.Packet(0x1A2B, RECORDS[0])),
                    seedlink.encode(seedlink.InfoPacket(True, RECORDS[2])),
                    seedlink.encode(seedlink.Line("OK")),
                    seedlink.encode(seedlink.Line("SeedLink v3.1 (2020.075)")),
                    b"ERROR\r\n",
                    b"END",
                ),
                (seedlink.Packet, seedlink.InfoPacket, seedlink.Line),
                4096,
                _seed_packet,
            ),
            Side(
                "host",
                lambda _: seedlink.SeedLinkCommandDecoder(),
                (b"HELLO\r\n", b"STATION R24FA AM\r\n", b"DATA 1A2B\r", b"FETCH\n"),
                (list,),
                2048,
            ),
        ),
    ),
)
