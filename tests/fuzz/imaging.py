"""Codecs of the thermal imagers, the line scan and the X-ray supply."""

from __future__ import annotations

import numpy as np

from drivers.codecs import (
    boson_fslp,
    cobs_frames,
    gy_mcu90640,
    lepton_vospi,
    line_scan,
    raytek_mp150,
    spellman_uxman,
)
from drivers.codecs.lepton_vospi import Model, TelemetryPlace
from drivers.codecs.raytek_mp150 import DataMode, LineLayout, LineMode
from drivers.codecs.spellman_uxman import Framing
from tests.fuzz.check import Side, Target
from tests.fuzz.seismic import message_of

HEX_LINES = (
    "04110107010101010101020101010906ffffffffffffff01072a36fe9c9717010102800102040101020109e803ffff5b20bb4400",
    "0410010405100188130103941101010101010101010101010101010101010903584431c5d8e17e00",
    "04120107010101010101020101010101010125efb69950b36629419c7d27ad9538158e75432e5be4fc8f49d568fdcdc902e0434fe6c80900",
)
IMAGE = np.arange(768, dtype=np.int16).reshape(24, 32)
LAYOUTS = tuple(LineLayout(64, data, line) for data in DataMode for line in LineMode)
FRAMINGS = tuple(Framing)
RUNS = {0xF0: 10, 0xF1: 21, 0xF2: 40, 0xF3: 61}
MODELS, PLACES = tuple(Model), tuple(TelemetryPlace)


def _thermal(body: bytes) -> bytes:
    words = gy_mcu90640.FRAME_HEAD + body[:1538].ljust(1538, b"\0")
    total = int(np.frombuffer(words, "<u2").sum(dtype=np.uint32)) & 0xFFFF
    return words + total.to_bytes(2, "little")


def _summed(body: bytes) -> bytes:
    return body + bytes([sum(body) & 0xFF])


def _line(body: bytes) -> bytes:
    size = LAYOUTS[0].n_bytes - 6
    body = body[:size].ljust(size, b"\0")
    return raytek_mp150.FRAME_START + body + (sum(body) & 0xFFFF).to_bytes(2, "little")


def _text(body: bytes) -> bytes:
    body = b"\x01" + body[:200] + b"\x04"
    return body + bytes([sum(body) & 0xFF | 0x80])


def _supply(body: bytes) -> bytes:
    body = body[:110].replace(b"\0", b",") + b","
    return b"\x02" + body + bytes([spellman_uxman.checksum(body)]) + b"\x03"


def _escaped(body: bytes) -> bytes:
    """A Boson frame whose head and data are ``body``."""
    head = body[:13].ljust(13, b"\0")
    channel, sequence, function, status = (
        head[0],
        *(int.from_bytes(head[at : at + 4], "big") for at in (1, 5, 9)),
    )
    return boson_fslp.encode(boson_fslp.FslpFrame(function, sequence, status, body[13:], channel))


def _packets(body: bytes) -> bytes:
    """Lepton packets, one step a byte: a numbered, damaged or cut one, a discard, or a run of them."""
    wire, number = bytearray(), 0
    for at, step in enumerate(body[:12]):
        kind, value = step >> 6, step & 63
        if step == 63 or (kind == 3 and step not in RUNS):
            wire += lepton_vospi.DISCARD
            continue
        # long runs are rare, or most of the time would go into whole images
        first, count = (number, RUNS[step]) if kind == 3 else (value, 1)
        for number in range(first, min(first + count, 63)):
            segment = at % 5 if number == lepton_vospi.NUMBERED_PACKET else 0
            packet = lepton_vospi.encode_packet(number, bytes([0x1F, 0x41 + at]) * 80, segment)
            if kind == 1:
                packet = packet[:-1] + b"\xff"
            if kind == 2:
                packet = packet[2 * value :] if value & 1 else packet[: 2 * value]
            wire += packet
        number = (number + 1) % 63
    return bytes(wire)


def _image_of(model: Model, place: TelemetryPlace) -> bytes:
    rows, columns = model.shape
    # their high byte is 1F, and xF is how a packet to be thrown away begins
    counts = (8000 + np.arange(rows * columns) % 50).astype(np.uint16).reshape(rows, columns)
    telemetry = np.ones((model.telemetry_packets, 80), np.uint16)
    segments = lepton_vospi.encode(lepton_vospi.LeptonFrame(counts, telemetry), model, place)
    return b"".join(packet for segment in segments for packet in segment)


def _line_of(layout: LineLayout) -> bytes:
    pixels = np.arange(layout.n_pixels, dtype=np.uint8 if layout.data is DataMode.BYTE else np.uint16)
    sectors = bytes(raytek_mp150.SECTOR_BYTES[layout.line])
    return raytek_mp150.encode_line(raytek_mp150.Line(pixels, 31, sectors, 0), layout)


TARGETS = (
    Target(
        "gy_mcu90640",
        (
            Side(
                "device",
                lambda _: gy_mcu90640.GyMcu90640Decoder(),
                (
                    gy_mcu90640.encode(gy_mcu90640.ThermalFrame(IMAGE, 2500)),
                    bytes.fromhex("5A 5A 5F 13"),
                    b"\x5a\x5a\x02\x06" + bytes(40),
                ),
                (gy_mcu90640.ThermalFrame, gy_mcu90640.Emissivity),
                2048,
                _thermal,
            ),
            Side(
                "host",
                lambda _: gy_mcu90640.GyMcu90640CommandDecoder(),
                (bytes.fromhex("A5 35 02 DC"), bytes.fromhex("A5 25 03 CD")),
                (gy_mcu90640.ThermalCommand,),
                128,
                _summed,
            ),
        ),
    ),
    Target(
        "line_scan",
        (
            Side(
                "device",
                lambda _: line_scan.LineScanDecoder(),
                tuple(map(bytes.fromhex, HEX_LINES)),
                (line_scan.LineHello, line_scan.Line, line_scan.LineEnd),
                line_scan.MAX_MESSAGE + 1024,
                cobs_frames.encode_frame,
                bodies=tuple(map(message_of, map(bytes.fromhex, HEX_LINES))),
            ),
        ),
    ),
    Target(
        "raytek_mp150",
        (
            Side(
                "device",
                lambda kind: raytek_mp150.Mp150Decoder(LAYOUTS[0]),
                (_line_of(LAYOUTS[0]), *map(_line_of, LAYOUTS), raytek_mp150.SYN),
                (raytek_mp150.Line,),
                512,
                _line,
            ),
            Side(
                "device, any layout",
                lambda kind: raytek_mp150.Mp150Decoder(LAYOUTS[kind % len(LAYOUTS)]),
                tuple(map(_line_of, LAYOUTS)),
                (raytek_mp150.Line,),
                512,
                _line,
                repeats=0,  # lines of another layout are no lines
            ),
            Side(
                "either, control",
                lambda _: raytek_mp150.Mp150ControlDecoder(),
                (
                    bytes.fromhex("01 41 52 04 98"),
                    raytek_mp150.encode_text("GES"),
                    b"\x06",
                    b"\x15\x17",
                    b"\x1b\x02",
                ),
                (raytek_mp150.Sign, str),
                512,
                _text,
            ),
        ),
    ),
    Target(
        "boson_fslp",
        (
            Side(
                "either",
                lambda _: boson_fslp.FslpDecoder(),
                (
                    bytes.fromhex("8E 00 00 00 00 01 00 05 00 02 FF FF FF FF 01 0B AE"),
                    boson_fslp.encode(boson_fslp.FslpFrame(boson_fslp.CAMERA_PART, 2, 0, b"\x8e\x9e\xae")),
                    b"\x8e\x9e\x81\x9e\xae",
                ),
                (boson_fslp.FslpFrame,),
                4096,
                _escaped,
                bodies=(bytes.fromhex("00 00 00 00 01 00 05 00 02 FF FF FF FF"), bytes(20)),
            ),
        ),
    ),
    Target(
        "lepton_vospi",
        (
            Side(
                "device",
                lambda _: lepton_vospi.LeptonVospiDecoder(Model.LEPTON2),
                (_image_of(Model.LEPTON2, TelemetryPlace.NONE), lepton_vospi.DISCARD),
                (lepton_vospi.LeptonFrame,),
                65_536,
                _packets,
                bodies=(
                    bytes([0, 0xF3]),
                    bytes([0, 0xF0, 63, 0x80 + 9, 0, 0xF3]),
                    bytes([0, 0x80 + 3, 5]),
                ),
            ),
            Side(
                "device, any model",
                lambda kind: lepton_vospi.LeptonVospiDecoder(MODELS[kind % 2], PLACES[kind // 2 % 3]),
                (
                    _image_of(Model.LEPTON3, TelemetryPlace.FOOTER)[: 61 * 164],
                    _image_of(Model.LEPTON2, TelemetryPlace.HEADER),
                ),
                (lepton_vospi.LeptonFrame,),
                131_072,
                _packets,
                repeats=0,  # a model takes no other's images
                bodies=(bytes([0, 0xF3, 0, 0xF3, 0, 0xF3]),),
            ),
        ),
        max_len=10,
    ),
    Target(
        "spellman_uxman",
        (
            Side(
                "either",
                lambda _: spellman_uxman.UxmanDecoder(Framing.CHECKSUM),
                (
                    spellman_uxman.encode_reply(22, ("0", "1", "0"), Framing.CHECKSUM),
                    spellman_uxman.encode_request(20, Framing.CHECKSUM),
                    spellman_uxman.encode_reply(20, ("433", "2276", "3150"), Framing.PLAIN),
                ),
                (spellman_uxman.Message,),
                512,
                _supply,
            ),
            Side(
                "either, any framing",
                lambda kind: spellman_uxman.UxmanDecoder(FRAMINGS[kind % 2]),
                (
                    spellman_uxman.encode_reply(22, ("0", "1", "0"), Framing.PLAIN),
                    spellman_uxman.encode_request(22, Framing.PLAIN),
                ),
                (spellman_uxman.Message,),
                512,
                _supply,
                repeats=0,  # messages of the other framing are dropped
            ),
        ),
    ),
)
