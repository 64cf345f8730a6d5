"""Codecs of the carbon dioxide probes."""

from __future__ import annotations

from drivers.codecs import ascii_lines, gss_ascii, modbus_rtu, senseair_ram, vaisala_ascii, winsen_mhz19
from drivers.codecs.counters import DecodeCounters
from drivers.codecs.modbus_rtu import Function
from tests.fuzz.check import Side, Target

# the makers' bytes: Senseair S8, K30, Vaisala GMP252, Sensirion SCD30
REQUESTS = (
    *(
        bytes.fromhex(text)
        for text in (
            "FE 04 00 03 00 01 D5 C5",
            "FE 04 00 00 00 04 E5 C6",
            "FE 06 00 1F 00 00 AC 03",
            "FE 44 00 08 02 9F 25",
            "F0 03 00 00 00 02 D1 2A",
            "61 03 00 28 00 06 4C 60",
        )
    ),
    modbus_rtu.identity_request(240),
    modbus_rtu.frame(240, Function.WRITE_MANY, bytes.fromhex("0209000102 0001")),
)
ANSWERS = (
    *(
        bytes.fromhex(text)
        for text in (
            "FE 04 02 03 88 AD B2",
            "FE 04 08 00 00 00 00 00 00 03 88 17 8C",
            "FE 06 00 1F 00 00 AC 03",
            "FE 44 02 03 88 B8 72",
            "F0 03 04 D4 7A 43 E8 33 AB",
            "61 03 0C 43 DB 8B 85 41 D9 EB 85 42 43 33 33 B5 A2",
        )
    ),
    modbus_rtu.identity_answer(240, 1, {0: b"Vaisala", 1: b"GMP252", 2: b"1.2.3"}),
    modbus_rtu.exception_answer(240, Function.READ_HOLDING, 2),
    senseair_ram.ram_answer(0xFE, bytes(5)),
)


class Asked(modbus_rtu.AnswerParser):
    """A parser that waits for the answer to one of the requests, or was asked nothing."""

    def __init__(self, kind: int) -> None:
        super().__init__()
        if kind % (len(REQUESTS) + 1):
            self.expect(REQUESTS[kind % (len(REQUESTS) + 1) - 1])


class Lines(ascii_lines.LineCutter):
    """A line cutter with counters of its own."""

    def __init__(self) -> None:
        self.counters = DecodeCounters()
        super().__init__(self.counters)


def _crc(body: bytes) -> bytes:
    return body + modbus_rtu.crc16(body)


def _lines(text: bytes) -> bytes:
    return text.replace(b"\0", b"\r\n") + b"\r\n"


def _nine(body: bytes) -> bytes:
    """Frames of nine bytes out of what there is."""
    parts = [body[at : at + 7].ljust(7, b"\0") for at in range(0, len(body), 7)]
    return b"".join(winsen_mhz19.encode(winsen_mhz19.WinsenFrame(part[0], part[1:])) for part in parts)


TARGETS = (
    Target(
        "modbus_rtu",
        (
            # what answers one request answers no other, so no frame must come out whatever was asked
            Side("device", Asked, ANSWERS + REQUESTS, (modbus_rtu.Answer,), 2048, _crc, repeats=0),
            Side(
                "device, asked", lambda _: Asked(1), ANSWERS + REQUESTS, (modbus_rtu.Answer,), 2048, _crc, 40
            ),
        ),
    ),
    Target(
        "ascii_lines",
        (
            Side(
                "device",
                lambda _: Lines(),
                (b"CO2=  452 ppm\r\n", b"\r", b"\n"),
                (bytes,),
                512,
                counts_messages=False,
            ),
        ),
    ),
    Target(
        "vaisala_ascii",
        (
            Side(
                "device",
                lambda _: vaisala_ascii.VaisalaAsciiDecoder(),
                (
                    b"CO2=  452 ppm\r\n",
                    b">send\r\nOK: No errors detected.\r\n",
                    b"CO2=****** ppm\r\n",
                    b"0.04 %CO2\r",
                ),
                (vaisala_ascii.Co2Value, vaisala_ascii.TextLine),
                1024,
                _lines,
            ),
        ),
    ),
    Target(
        "gss_ascii",
        (
            Side(
                "device",
                lambda _: gss_ascii.GssDecoder(),
                (
                    b" Z 00500 z 00500\r\n",
                    b" K 00002\r\n",
                    b" H 00345 T 01195 Z 00651\r\n",
                    b" @ 1.0 8.0\r\n",
                ),
                (gss_ascii.GssValues, gss_ascii.GssAnswer),
                1024,
                _lines,
            ),
        ),
    ),
    Target(
        "winsen_mhz19",
        (
            Side(
                "device",
                lambda _: winsen_mhz19.WinsenDecoder(),
                (
                    bytes.fromhex("FF 86 02 20 00 00 00 00 58"),
                    bytes.fromhex("FF 01 86 00 00 00 00 00 79"),
                    b"BM\x00\x1c",
                ),
                (winsen_mhz19.WinsenFrame,),
                256,
                _nine,
            ),
        ),
    ),
)
