"""What each codec is timed on: the bytes of its wire as its device sends them, and how many messages."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from drivers.codecs import boson_fslp as boson
from drivers.codecs import gcf_block, gcf_serial, miniseed, scream, seedlink
from drivers.codecs import gss_ascii as gss
from drivers.codecs import gy_mcu90640 as thermal
from drivers.codecs import lepton_vospi as lepton
from drivers.codecs import line_scan as line
from drivers.codecs import modbus_rtu as modbus
from drivers.codecs import raspberry_shake as shake
from drivers.codecs import raytek_mp150 as mp150
from drivers.codecs import senseair_ram as ram
from drivers.codecs import spellman_uxman as uxman
from drivers.codecs import vaisala_ascii as vaisala
from drivers.codecs import wave_stream as wave
from drivers.codecs import winsen_mhz19 as winsen

RNG = np.random.default_rng(0)
PLENTY = 100_000
SERIAL_CHUNK, TCP_CHUNK = 4096, 65536


class Wire(NamedTuple):
    """A codec on its wire.

    Parameters
    ----------
    name : in the table.
    stream : all bytes.
    n_messages : that they hold.
    decoder : makes a new decoder; its ``feed`` returns messages.
    chunk : bytes a feed.
    serial : whether the promise of 50 lines of 921600 Bd holds for it.
    """

    name: str
    stream: bytes
    n_messages: int
    decoder: Callable[[], Any]
    chunk: int = SERIAL_CHUNK
    serial: bool = True


def modbus_answers() -> list[Wire]:
    """Answers of one, four (S8: status and value), six (SCD30) and 125 registers, and of function 0x44."""
    wires = []
    for n_registers in (1, 2, 4, 6, 125):
        request = modbus.read_request(0xFE, modbus.Function.READ_INPUT, 0, n_registers)
        n = PLENTY if n_registers < 100 else 5_000
        values = RNG.integers(0, 65536, (n, n_registers)).tolist()
        stream = b"".join(modbus.registers_answer(0xFE, 4, tuple(one)) for one in values)
        name = f"Modbus RTU, answers of {5 + 2 * n_registers} B"
        wires.append(Wire(name, stream, n, lambda request=request: _expecting(request)))
    answers = (ram.ram_answer(0xFE, struct.pack(">h", value % 5000)) for value in range(PLENTY))
    request = ram.ram_request(0xFE, ram.CO2_PPM, 2)
    wires.append(
        Wire("Senseair 0x44, answers of 7 B", b"".join(answers), PLENTY, lambda: _expecting(request))
    )
    return wires


def _expecting(request: bytes) -> modbus.AnswerParser:
    parser = modbus.AnswerParser()
    parser.expect(request)
    return parser


def texts_and_frames_of_probes() -> list[Wire]:
    """CO2 probes that speak no Modbus."""
    values = RNG.integers(0, 5000, PLENTY).tolist()
    return [
        Wire(
            "Vaisala ASCII",
            b"".join(vaisala.encode_value(float(value)) for value in values),
            PLENTY,
            vaisala.VaisalaAsciiDecoder,
        ),
        Wire(
            "GSS ASCII",
            b"".join(gss.encode(gss.GssValues(value, value)) for value in values),
            PLENTY,
            gss.GssDecoder,
        ),
        Wire(
            "Winsen MH-Z19",
            b"".join(
                winsen.encode(winsen.WinsenFrame(0x86, struct.pack(">H", value) + bytes(4)))
                for value in values
            ),
            PLENTY,
            winsen.WinsenDecoder,
        ),
    ]


def digitisers() -> list[Wire]:
    """Waveforms: our stream, a Shake, GCF over serial and Scream, SeedLink with its records."""
    six = RNG.integers(-(2**20), 2**20, (2000, 6, 50)).astype(np.int32)
    packets = RNG.integers(-400_000, 400_000, (8000, 25)).astype(np.int32)
    steps = RNG.integers(-100, 100, (2000, 1000)).astype(np.int32)
    blocks = [
        gcf_block.encode(_gcf(k, row)) for k, row in enumerate(np.cumsum(steps, axis=1, dtype=np.int32))
    ]
    records = [_record(k, row[:100]) for k, row in enumerate(np.cumsum(steps, axis=1, dtype=np.int32))]
    return [
        Wire(
            "waveform stream",
            b"".join(wave.encode(wave.WaveBlock(k, k, True, False, 0, c)) for k, c in enumerate(six)),
            2000,
            wave.WaveStreamDecoder,
        ),
        Wire(
            "Raspberry Shake",
            b"".join(shake.encode(shake.ShakePacket("EHZ", k * 10**9, c)) for k, c in enumerate(packets)),
            8000,
            shake.RaspberryShakeDecoder,
            serial=False,
        ),
        Wire(
            "GCF over serial, blocks decoded",
            b"".join(gcf_serial.encode(gcf_block.cut(block), k % 256) for k, block in enumerate(blocks)),
            len(blocks),
            gcf_serial.GcfSerialDecoder,
        ),
        Wire(
            "Scream, blocks decoded",
            b"".join(scream.encode(block, k % 65536) for k, block in enumerate(blocks)),
            len(blocks),
            scream.ScreamDecoder,
            TCP_CHUNK,
            serial=False,
        ),
        Wire(
            "SeedLink, records decoded",
            b"".join(seedlink.encode(seedlink.Packet(k, record)) for k, record in enumerate(records)),
            len(records),
            _SeedLink,
            TCP_CHUNK,
            serial=False,
        ),
    ]


def _gcf(second: int, counts: np.ndarray[Any, np.dtype[np.int32]]) -> gcf_block.GcfData:
    return gcf_block.GcfData(
        gcf_block.GcfHeader("GURALP", "6018Z2", (1_700_000_000 + 10 * second) * 10**9, 100.0), counts
    )


def _record(second: int, counts: np.ndarray[Any, np.dtype[np.int32]]) -> bytes:
    start_ns = (1_700_000_000 + 4 * second) * 10**9
    return miniseed.encode(miniseed.MiniSeedRecord("AM", "R1234", "00", "EHZ", start_ns, 100.0, counts))


class _SeedLink(seedlink.SeedLinkDecoder):
    """Packets and the samples in them."""

    def feed(self, data: bytes) -> list[Any]:
        return [miniseed.decode(packet.record, self.counters) for packet in super().feed(data)]  # type: ignore[union-attr]


def imagers() -> list[Wire]:
    """Pictures: a thermal module, a thermal line scanner, a Lepton 3, an X-ray detector; and two controls."""
    rooms = RNG.normal(2500, 300, (800, 24, 32)).astype(np.int16)
    layout = mp150.LineLayout(256)
    sweeps = RNG.integers(0, 4096, (10_000, 256)).astype(np.uint16)
    scenes = RNG.integers(7000, 9000, (150, 120, 160)).astype(np.uint16)
    pixels = RNG.integers(0, 65536, (4000, 1024)).astype(np.uint16)
    lines = b"".join(
        line.encode(line.Line(1, k, k, k, line.DATA, 0, 32768, 0, p)) for k, p in enumerate(pixels)
    )
    readback = uxman.encode_reply(20, ["1234", "2345"], uxman.Framing.CHECKSUM)
    question = boson.encode(boson.FslpFrame(boson.CAMERA_SERIAL, 1, 0, struct.pack(">I", 24680)))
    return [
        Wire(
            "GY-MCU90640",
            b"".join(thermal.encode(thermal.ThermalFrame(room, 2500)) for room in rooms),
            800,
            thermal.GyMcu90640Decoder,
        ),
        Wire(
            "Raytek MP150, 256 pixels",
            b"".join(
                mp150.encode_line(mp150.Line(row, 30, struct.pack("<H", k % 65536) + bytes(24), 0), layout)
                for k, row in enumerate(sweeps)
            ),
            10_000,
            lambda: mp150.Mp150Decoder(layout),
        ),
        Wire(
            "FLIR Lepton 3",
            b"".join(_lepton(scene) for scene in scenes),
            150,
            lambda: lepton.LeptonVospiDecoder(lepton.Model.LEPTON3),
        ),
        Wire("FLIR Boson", question * PLENTY, PLENTY, boson.FslpDecoder),
        Wire("Spellman uX", readback * PLENTY, PLENTY, lambda: uxman.UxmanDecoder(uxman.Framing.CHECKSUM)),
        Wire("line scan, serial chunks", lines, 4000, line.LineScanDecoder),
        Wire("line scan, TCP chunks", lines, 4000, line.LineScanDecoder, TCP_CHUNK, serial=False),
    ]


def _lepton(counts: np.ndarray[Any, np.dtype[np.uint16]]) -> bytes:
    segments = lepton.encode(lepton.LeptonFrame(counts), lepton.Model.LEPTON3)
    return b"".join(packet for segment in segments for packet in segment)


def all_wires() -> list[Wire]:
    """Return every codec on its wire."""
    return [*modbus_answers(), *texts_and_frames_of_probes(), *digitisers(), *imagers()]
