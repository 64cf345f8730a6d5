"""How long from a lane's post to its event on a booth's stream: one stream and a hundred, in one run.

A real service without TLS. A lane posts assessments at a steady rate over a kept-alive connection
and its live view twice a second beside them, as a lane does. One asyncio process reads all streams
from bare sockets; a time is from the moment before the post's first byte is sent to the moment the
event's bytes are read. Beside it: what a commit and an fsync cost on the same disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from ulid import ULID

from drivers.api import Event
from scanner.canonical import assessment_json
from scanner.methods import load_kit
from scanner.pipeline import Scan, declaration_data
from scanner.policy import make_policy
from scanner.simulation.items import lorry_items
from scanner.simulation.layout import SENSORS
from scanner.simulation.stream import demo_stream
from service.resources import Role
from tests.e2e.line import HOST, ServiceProcess, session_cookie

LANE = "bench"
STREAMS = 100
POSTS_PER_S, POSTS = 10.0, 300
LIVE_PER_S = 2.0
LAST_EVENTS_S = 3.0  # waited for after the last post
LIMIT_MS = 150.0
COMMITS = 200
TICK = re.compile(rb'"mono_ns": ?(\d+)')


def real_assessment() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a declaration and the assessment of twenty simulated seconds of a lorry with every sensor."""
    kit, plan = load_kit(), demo_stream()[1]
    scan = Scan("x", plan.spec.declaration, SENSORS, kit.make(), kit.calibrations, make_policy({}), {})
    now_ns = 0
    for item in lorry_items(plan.lorry(), duration_s=20.0):
        now_ns = item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns
        scan.feed(item)
    return declaration_data(plan.spec.declaration), json.loads(json.dumps(assessment_json(scan.tick(now_ns))))


class Poster:
    """A lane's end: posts over one kept-alive connection."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(HOST, self._port)

    async def post(self, path: str, body: dict[str, Any]) -> int:
        """Post JSON, wait for the answer and return its status."""
        data = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        self._writer.write(head.encode() + data)
        await self._writer.drain()
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", answer)
        await self._reader.readexactly(int(length[1]) if length else 0)
        return int(answer.split(b" ", 2)[1])

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def read_events(port: int, cookie: str, seen: dict[int, float], ready: asyncio.Event) -> None:
    """Read one booth's stream: note for each assessment (by its ``mono_ns``) when its event was there."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=1 << 20)
    try:
        writer.write(
            f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}:{port}\r\nCookie: {cookie}\r\n"
            "Accept: text/event-stream\r\n\r\n".encode()
        )
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in answer.split(b"\r\n")[0]:
            raise RuntimeError(f"the stream was refused: {answer!r}")
        kind = b""
        while line := await reader.readline():
            now = time.perf_counter()
            if line.startswith(b"event:"):
                kind = line[6:].strip()
                if kind == b"hello":
                    ready.set()
            elif line.startswith(b"data:") and kind == b"scan":
                found = TICK.search(line)
                if found:
                    seen.setdefault(int(found[1]), now)
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def open_streams(port: int, cookie: str, count: int) -> AsyncIterator[list[dict[int, float]]]:
    """Open streams and give what each has seen."""
    seen: list[dict[int, float]] = [{} for _ in range(count)]
    ready = [asyncio.Event() for _ in range(count)]
    readers = [asyncio.create_task(read_events(port, cookie, s, r)) for s, r in zip(seen, ready, strict=True)]
    try:
        async with asyncio.timeout(30.0):
            await asyncio.gather(*(r.wait() for r in ready))
        yield seen
    finally:
        for reader in readers:
            reader.cancel()
        for ended in await asyncio.gather(*readers, return_exceptions=True):
            if isinstance(ended, Exception):
                print("a stream broke:", repr(ended))


async def live_views(poster: Poster) -> None:
    """Post a live view twice a second until cancelled."""
    run = str(ULID())
    for sequence in range(1, 10**9):
        now_ms = time.time_ns() // 1_000_000
        devices = [
            {"name": name, "role": sensor.role.value, "state": "ready", "text": {"en": "", "fr": ""}}
            for name, sensor in SENSORS.items()
        ]
        body = {"run": run, "sequence": sequence, "utc_ms": now_ms, "devices": devices}
        await poster.post("/api/v1/lane/live", body)
        await asyncio.sleep(1.0 / LIVE_PER_S)


async def measure(service: ServiceProcess, token: str, count: int) -> tuple[list[float], list[float], int]:
    """Return latencies over all streams and of the posts' answers, ms, and how many events never came."""
    declaration, assessment = real_assessment()
    cookie = session_cookie(service.url, "booth")
    scan_id = str(ULID())
    poster, liver = Poster(service.port, token), Poster(service.port, token)
    await poster.open()
    await liver.open()
    background = asyncio.create_task(live_views(liver))

    def message(kind: str, body: dict[str, Any]) -> dict[str, Any]:
        made = {"key": str(ULID()), "kind": kind, "scan_id": scan_id, "body": body}
        return {**made, "created_utc_ns": time.time_ns()}

    began: dict[int, float] = {}
    answered: list[float] = []
    try:
        async with open_streams(service.port, cookie, count) as seen:
            opened = message("scan_opened", {"declaration": declaration, "by": "bench"})
            if await poster.post("/api/v1/lane/messages", opened) != 201:
                raise RuntimeError("the service did not take the scan")
            base = time.perf_counter() + 0.5
            for n in range(POSTS):
                await asyncio.sleep(max(0.0, base + n / POSTS_PER_S - time.perf_counter()))
                tick_ns = 1_000_000_000 + n
                body = {**assessment, "scan_id": scan_id, "mono_ns": tick_ns, "final": False}
                prepared = message("assessment", body)
                began[tick_ns] = time.perf_counter()
                if await poster.post("/api/v1/lane/messages", prepared) != 201:
                    raise RuntimeError("the service did not take an assessment")
                answered.append(1e3 * (time.perf_counter() - began[tick_ns]))
            deadline = time.perf_counter() + LAST_EVENTS_S
            while any(len(s) < POSTS for s in seen) and time.perf_counter() < deadline:
                await asyncio.sleep(0.05)
            latencies = [1e3 * (s[tick] - at) for s in seen for tick, at in began.items() if tick in s]
            return latencies, answered, count * POSTS - len(latencies)
    finally:
        background.cancel()
        await asyncio.gather(background, return_exceptions=True)
        await poster.close()
        await liver.close()


def disk(folder: Path) -> tuple[list[float], list[float]]:
    """Return the times of lone commits and of lone fsyncs of 4 KiB in a folder, ms."""
    commits, syncs = [], []
    db = sqlite3.connect(folder / "bench.sqlite", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE t (body TEXT)")
    for _ in range(COMMITS):
        began = time.perf_counter()
        db.execute("INSERT INTO t VALUES (?)", ("x" * 4000,))
        commits.append(1e3 * (time.perf_counter() - began))
    db.close()
    with (folder / "bench.bin").open("wb", buffering=0) as file:
        for _ in range(COMMITS):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            syncs.append(1e3 * (time.perf_counter() - began))
    return commits, syncs


def at(values: list[float], fraction: float) -> str:
    """Return a quantile in words."""
    ordered = sorted(values)
    return f"{ordered[min(int(fraction * len(ordered)), len(ordered) - 1)]:.1f} ms" if ordered else "–"


def main() -> None:
    """Measure and print a table."""
    table = Table(title=f"from a lane's post to the page's event, {POSTS} posts at {POSTS_PER_S:g} /s")
    for heading in ("what", "count", "missing", "p50", "p99", "max"):
        table.add_column(heading)

    def row(what: str, values: list[float], missing: str = "") -> None:
        table.add_row(what, str(len(values)), missing, at(values, 0.5), at(values, 0.99), at(values, 1.0))

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commits, syncs = disk(folder)
        row("idle: fsync of 4 KiB", syncs)
        row("idle: a commit of one row", commits)
        service = ServiceProcess(folder)
        tokens = service.know({"booth": Role.OFFICER}, (LANE,))
        with service:
            for count in (1, STREAMS):
                latencies, answered, missing = asyncio.run(measure(service, tokens[LANE], count))
                streams = "1 stream" if count == 1 else f"{count} streams"
                row(f"{streams}: the post's answer", answered)
                row(f"{streams}: post to event", latencies, str(missing))
    console = Console()
    console.print(table)
    kept = float(at(latencies, 0.99).split()[0]) < LIMIT_MS and missing == 0
    verdict = "kept" if kept else "NOT kept"
    console.print(f"{STREAMS} streams, p99 under {LIMIT_MS:g} ms, none missing: {verdict}", highlight=False)


if __name__ == "__main__":
    main()
