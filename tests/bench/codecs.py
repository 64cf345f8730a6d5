"""Decoding speed of every codec: ``python -m tests.bench.codecs``.

Serial formats are given as multiples of a full line of 921600 Bd (92160 bytes/s),
the line scan as multiples of 2000 lines/s of 1024 pixels: the codec alone, the
driver reading ready-made bytes from a TCP connection, and twin and driver together
in one process, where both share one interpreter.
"""

from __future__ import annotations

import hashlib
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from drivers.api import LineScanEnd
from drivers.codecs import line_scan as line
from drivers.codecs import modbus_rtu as modbus
from drivers.devices.line_scan import LineScan, LineScanConfig
from drivers.transport import PortLinks
from drivers.twins.line_scan import LineScanTwin
from drivers.twins.ports import TcpPort
from tests.bench.wires import all_wires

SERIAL_BYTES_PER_S, SERIAL_TIMES = 92160, 50
LINES_PER_S, TCP_TIMES = 2000, 10
RNG = np.random.default_rng(0)
HELLO = line.LineHello(1024, 16, 1, 5000, 4500)


def seconds_to_decode(make: Callable[[], Any], stream: bytes, n_messages: int, chunk: int) -> float:
    """Best of three passes over the stream, in chunks as they come from a wire, s."""
    best = float("inf")
    for _ in range(3):
        decoder = make()
        began = time.perf_counter()
        found = sum(len(decoder.feed(stream[at : at + chunk])) for at in range(0, len(stream), chunk))
        best = min(best, time.perf_counter() - began)
        assert found == n_messages
    return best


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


def one_by_one_answers_per_s(n_registers: int = 1, n: int = 20_000) -> tuple[float, int]:
    """Answers/s of a polled probe, each with the question that it answers; and bytes of an answer."""
    request = modbus.read_request(0xFE, modbus.Function.READ_INPUT, 3, n_registers)
    answer = modbus.registers_answer(0xFE, 4, (904,) * n_registers)
    parser = modbus.AnswerParser()
    began = time.perf_counter()
    for _ in range(n):
        parser.expect(request)
        assert len(parser.feed(answer)) == 1
    return n / (time.perf_counter() - began), len(answer)


def main() -> int:
    """Print the table; 1 when a serial codec falls short of 50 lines or a TCP stream of its promise."""
    table = Table("codec", title="Decoding, one core")
    for head in ("MB/s", "messages/s", "× 921600 Bd", "× 2000 lines/s"):
        table.add_column(head, justify="right")
    short = []
    for wire in track(all_wires(), "decoding", console=Console(stderr=True), transient=True):
        took_s = seconds_to_decode(wire.decoder, wire.stream, wire.n_messages, wire.chunk)
        rate, messages = len(wire.stream) / took_s, wire.n_messages / took_s
        times = rate / SERIAL_BYTES_PER_S
        lines = f"{messages / LINES_PER_S:.0f}" if wire.name.startswith("line scan") else ""
        table.add_row(wire.name, f"{rate / 1e6:.1f}", f"{messages:.0f}", f"{times:.0f}", lines)
        if wire.serial and times < SERIAL_TIMES:
            short.append(f"{wire.name}: {times:.0f} × 921600 Bd")
    for n_registers in (1, 4):
        per_s, n_bytes = one_by_one_answers_per_s(n_registers)
        rate = per_s * n_bytes
        times = f"{rate / SERIAL_BYTES_PER_S:.0f}"
        name = f"Modbus RTU, {n_bytes} B, question and answer by turns"
        table.add_row(name, f"{rate / 1e6:.1f}", f"{per_s:.0f}", times, "")
    for name, measure in (
        ("line-scan driver on TCP", driver_lines_per_s),
        ("line-scan twin and driver", twin_and_driver_lines_per_s),
    ):
        rate = measure()
        table.add_row(name, "", f"{rate:.0f}", "", f"{rate / LINES_PER_S:.1f}")
        if measure is driver_lines_per_s and rate / LINES_PER_S < TCP_TIMES:
            short.append(f"{name}: {rate / LINES_PER_S:.1f} × 2000 lines/s")
    Console(width=110).print(table)
    for one in short:
        print(f"short of its promise: {one}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
