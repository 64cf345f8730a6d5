"""The formats' test bytes, decoded and encoded."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from drivers.codecs import gy_mcu90640 as thermal
from drivers.codecs import line_scan as line
from drivers.codecs import wave_stream as wave

EPOCH_NS = 1_700_000_000 * 10**9
PIXELS = np.array([0, 1, 1000, 65535], np.uint16)

WAVE = [
    (
        "0720010220a1070518cdcc0c0115400bc201bc0201400bc201bc020247376dd171b400",
        wave.WaveHello(
            500.0,
            24,
            838861,
            (wave.WaveChannel(0, 28.8, 4.5, 0.7), wave.WaveChannel(1, 28.8, 4.5, 0.7)),
            "G7",
        ),
    ),
    (
        "0421012a01010101082a36fe9c9717010101010102020101010108ffffffffffff7f01010780ffe337c3c200",
        wave.WaveBlock(42, EPOCH_NS, True, False, 0, np.array([[0, 8388607], [-1, -8388608]], np.int32)),
    ),
    (
        "052201100e0107c6f8082f020101010105603bbc9b00",
        wave.WaveState(3600, -18.5, 12040, lock=2, self_test=1, blocks_lost=0),
    ),
    ("0730019a1498e900", wave.WaveCommand(wave.START)),
    ("073101db2583f000", wave.WaveCommand(wave.STOP)),
    ("0732011876aedb00", wave.WaveCommand(wave.TEST)),
]

LINES = [
    (
        "0410010405100188130103941101010101010101010101010101010101010903584431c5d8e17e00",
        line.LineHello(4, 16, 1, 5000, 4500, line.NO_HASH, "XD1"),
    ),
    (
        "04110107010101010101020101010906ffffffffffffff01072a36fe9c9717010102800102040101020109e803"
        "ffff5b20bb4400",
        line.Line(7, 1, -250, EPOCH_NS, line.DATA, 0, line.NOMINAL_DOSE, 0, PIXELS),
    ),
    (
        "04120107010101010101020101010101010125efb69950b36629419c7d27ad9538158e75432e5be4fc8f49d568"
        "fdcdc902e0434fe6c80900",
        line.LineEnd(7, 1, 0, hashlib.sha256(bytes.fromhex("00000100e803ffff")).digest()),
    ),
]


def fields(message: object) -> list[object]:
    """Every field, arrays as nested lists with their type."""
    values = [getattr(message, name) for name in type(message).__slots__]
    return [(v.tolist(), v.dtype) if isinstance(v, np.ndarray) else v for v in values]


@pytest.mark.parametrize(("wire", "message"), WAVE)
def test_wave_bytes_decode(wire: str, message: wave.WaveMessage) -> None:
    (decoded,) = wave.WaveStreamDecoder().feed(bytes.fromhex(wire))
    assert type(decoded) is type(message)
    assert fields(decoded) == fields(message)


@pytest.mark.parametrize(("wire", "message"), WAVE)
def test_wave_messages_encode(wire: str, message: wave.WaveMessage) -> None:
    assert wave.encode(message).hex() == wire


@pytest.mark.parametrize(("wire", "message"), LINES)
def test_line_bytes_decode(wire: str, message: line.LineMessage) -> None:
    (decoded,) = line.LineScanDecoder().feed(bytes.fromhex(wire))
    assert type(decoded) is type(message)
    assert fields(decoded) == fields(message)


@pytest.mark.parametrize(("wire", "message"), LINES)
def test_line_messages_encode(wire: str, message: line.LineMessage) -> None:
    assert line.encode(message).hex() == wire


def thermal_frame_by_hand() -> bytes:
    """A frame built byte by byte from the manual's layout: pixel k is (k - 100) / 100 °C."""
    body = bytearray.fromhex("5a5a0206")
    for k in range(768):
        body += (k - 100).to_bytes(2, "little", signed=True)
    body += (-1850).to_bytes(2, "little", signed=True)
    total = sum(body[k] | body[k + 1] << 8 for k in range(0, len(body), 2))
    assert len(body) == 2 * 771
    return bytes(body) + (total % 65536).to_bytes(2, "little")


def test_a_thermal_frame_decodes_with_its_first_pixel_at_the_top_right() -> None:
    (frame,) = thermal.GyMcu90640Decoder().feed(thermal_frame_by_hand())
    assert isinstance(frame, thermal.ThermalFrame)
    assert frame.centi_c.shape == (24, 32)
    assert frame.centi_c.dtype == np.int16
    assert frame.centi_c[0, 31] == -100
    assert frame.centi_c[0, 0] == -69
    assert frame.centi_c[23, 0] == 667
    assert frame.ambient_centi_c == -1850


def test_a_thermal_frame_encodes_to_the_layout() -> None:
    centi_c = np.arange(-100, 668, dtype=np.int16).reshape(24, 32)[:, ::-1]
    assert thermal.encode(thermal.ThermalFrame(centi_c, -1850)) == thermal_frame_by_hand()


@pytest.mark.parametrize(
    ("code", "value", "wire"),
    [
        (thermal.SET_BAUD, 1, "a51501bb"),
        (thermal.SET_BAUD, 3, "a51503bd"),
        (thermal.SET_RATE, 0, "a52500ca"),
        (thermal.SET_RATE, 4, "a52504ce"),
        (thermal.SET_MODE, thermal.QUERY_ONCE, "a53501db"),
        (thermal.SET_MODE, thermal.AUTO, "a53502dc"),
        (thermal.SET_EMISSIVITY, 95, "a5455f49"),
        (thermal.GET_EMISSIVITY, 1, "a55501fb"),
        (thermal.SAVE, 1, "a565010b"),
    ],
)
def test_thermal_commands_both_ways(code: int, value: int, wire: str) -> None:
    command = thermal.ThermalCommand(code, value)
    assert thermal.encode_command(command).hex() == wire
    assert thermal.GyMcu90640CommandDecoder().feed(bytes.fromhex(wire)) == [command]


def test_the_emissivity_answer() -> None:
    answer = bytes.fromhex("5a5a5f13")
    assert thermal.GyMcu90640Decoder().feed(answer) == [thermal.Emissivity(0.95)]
    assert thermal.encode(thermal.Emissivity(0.95)) == answer
