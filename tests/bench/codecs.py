"""Decoding speed of the stream codecs, by hand: ``python tests/bench/codecs.py``.

Serial formats are given as multiples of a full line of 921600 Bd (92160 bytes/s),
the line scan as multiples of 2000 lines/s of 1024 pixels: the codec alone, the
driver reading ready-made bytes from a TCP connection, and twin and driver together
in one process, where both share one interpreter.
"""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from drivers.api import LineScanEnd
from drivers.codecs import gy_mcu90640 as thermal
from drivers.codecs import line_scan as line
from drivers.codecs import raspberry_shake as shake
from drivers.codecs import wave_stream as wave
from drivers.devices.line_scan import LineScan, LineScanConfig
from drivers.transport import PortLinks
from drivers.twins.line_scan import LineScanTwin
from drivers.twins.ports import TcpPort

SERIAL_BYTES_PER_S = 92160
LINES_PER_S = 2000
CHUNK = 4096
TCP_CHUNK = 65536
RNG = np.random.default_rng(0)
HELLO = line.LineHello(1024, 16, 1, 5000, 4500)


def seconds_to_decode(decoder: Any, stream: bytes, n_messages: int, chunk: int) -> float:
    """Best of three passes over the stream, in chunks as they come from a wire, s."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        found = sum(len(decoder.feed(stream[at : at + chunk])) for at in range(0, len(stream), chunk))
        best = min(best, time.perf_counter() - began)
        assert found == n_messages
    return best


def wave_stream() -> tuple[bytes, int]:
    """6 channels at 500 Hz in blocks of 50 samples."""
    counts = RNG.integers(-(2**20), 2**20, (2000, 6, 50)).astype(np.int32)
    return b"".join(wave.encode(wave.WaveBlock(k, k, True, False, 0, c)) for k, c in enumerate(counts)), 2000


def line_stream() -> tuple[bytes, int]:
    """Lines of 1024 pixels."""
    pixels = RNG.integers(0, 65536, (4000, 1024)).astype(np.uint16)
    lines = (line.Line(1, k, k, k, line.DATA, 0, 32768, 0, p) for k, p in enumerate(pixels))
    return b"".join(map(line.encode, lines)), 4000


def thermal_stream() -> tuple[bytes, int]:
    """Frames of a room."""
    frames = RNG.normal(2500, 300, (800, 24, 32)).astype(np.int16)
    return b"".join(thermal.encode(thermal.ThermalFrame(frame, 2500)) for frame in frames), 800


def shake_stream() -> tuple[bytes, int]:
    """Packets of 25 samples."""
    counts = RNG.integers(-400_000, 400_000, (8000, 25)).astype(np.int32)
    return b"".join(shake.encode(shake.ShakePacket("EHZ", k * 10**9, c)) for k, c in enumerate(counts)), 8000


def lines_per_s_read(driver: LineScan, n_lines: int) -> float:
    """Lines/s until END, with every line in a block and the hash checked."""
    began = time.perf_counter()
    while True:
        readings = driver.read()
        if readings and isinstance(readings[-1], LineScanEnd):
            break
    took_s = time.perf_counter() - began
    driver.close()
    assert readings[-1].hash_matches
    assert readings[-1].lines_received == n_lines
    return n_lines / took_s


def driver_lines_per_s(n_lines: int = 20_000) -> float:
    """Lines/s of the driver on TCP from a far end that costs next to nothing."""
    data = RNG.integers(0, 65536, (n_lines, 1024)).astype(np.uint16)
    lines = (line.Line(1, k + 1, k, k, line.DATA, 0, 32768, 0, p) for k, p in enumerate(data))
    end = line.LineEnd(1, n_lines, 0, hashlib.sha256(data.tobytes()).digest())
    stream = b"".join([line.encode(HELLO), *map(line.encode, lines), line.encode(end)])
    with socket.create_server(("127.0.0.1", 0)) as server:

        def send() -> None:
            client, _ = server.accept()
            with client:
                client.sendall(stream)
                client.recv(1)  # until the driver closes

        sender = threading.Thread(target=send)
        sender.start()
        driver = LineScan(LineScanConfig(f"socket://127.0.0.1:{server.getsockname()[1]}"), PortLinks())
        driver.open()
        rate = lines_per_s_read(driver, n_lines)
        sender.join()
    return rate


def twin_and_driver_lines_per_s(n_lines: int = 20_000) -> float:
    """Lines/s from twin to driver through a TCP connection."""
    data = RNG.integers(0, 65536, (n_lines, 1024)).astype(np.uint16)
    with LineScanTwin(TcpPort(), HELLO, line_rate_hz=float("inf")) as twin:
        driver = LineScan(LineScanConfig(twin.url), PortLinks())
        driver.open()
        twin.send_scan(1, data)
        return lines_per_s_read(driver, n_lines)


def main() -> None:
    """Print the table."""
    cases: list[tuple[str, Callable[[], tuple[bytes, int]], Callable[[], Any], int]] = [
        ("wave stream", wave_stream, wave.WaveStreamDecoder, CHUNK),
        ("line scan, serial chunks", line_stream, line.LineScanDecoder, CHUNK),
        ("line scan, TCP chunks", line_stream, line.LineScanDecoder, TCP_CHUNK),
        ("GY-MCU90640", thermal_stream, thermal.GyMcu90640Decoder, CHUNK),
        ("Raspberry Shake", shake_stream, shake.RaspberryShakeDecoder, CHUNK),
    ]
    print(f"{'codec':26}{'MB/s':>8}{'messages/s':>12}{'x 921600 Bd':>13}{'x 2000 lines/s':>16}")
    for name, make, decoder, chunk in cases:
        stream, n = make()
        took_s = seconds_to_decode(decoder(), stream, n, chunk)
        rate = len(stream) / took_s
        lines = f"{n / took_s / LINES_PER_S:16.1f}" if make is line_stream else ""
        print(f"{name:26}{rate / 1e6:8.1f}{n / took_s:12.0f}{rate / SERIAL_BYTES_PER_S:13.0f}{lines}")
    for name, measure in (
        ("line-scan driver on TCP", driver_lines_per_s),
        ("line-scan twin and driver", twin_and_driver_lines_per_s),
    ):
        rate = measure()
        print(f"{name:26}{'':8}{rate:12.0f}{'':13}{rate / LINES_PER_S:16.1f}")


if __name__ == "__main__":
    main()
