"""How long from a lane's post to its alert on a booth's stream: one and two hundred streams, in one run.

A real service without TLS, on SQLite, on PostgreSQL, and as two copies on one PostgreSQL. One lane posts
assessments that raise an alert, at a steady rate over a kept-alive connection; seven others post
assessments and live views with curves beside it, as lanes do. One asyncio process reads all streams
from bare sockets; a time is from the moment before the post's first byte is sent to the moment the
event's bytes are read. With two copies all lanes speak to the first, and half of the streams are
at the second. The idle baseline is one stream with no other lane. Beside it: what a commit and an fsync
cost on the same disk.
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
from tests.postgres_server import PostgresServer, text_of

LANES = 8
STREAMS = 200
ALERTS_PER_S, ALERTS = 2.0, 60
LIVE_PER_S = 2.0
LAST_EVENTS_S = 5.0  # waited for after the last post
LIMIT_MS = 250.0
COMMITS = 200
CURVES, POINTS = 8, 25  # of each live view
SCAN = re.compile(rb'"scan_id": ?"([0-9A-Z]+)"')


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


async def read_events(port: int, cookie: str, seen: dict[str, float], ready: asyncio.Event) -> None:
    """Read one booth's stream: note for each alert (by its scan) when its event was there."""
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
            elif line.startswith(b"data:") and kind == b"alert":
                found = SCAN.search(line)
                if found:
                    seen.setdefault(found[1].decode(), now)
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def open_streams(
    ports: list[int], cookies: dict[int, str], count: int
) -> AsyncIterator[list[dict[str, float]]]:
    """Open streams, by turns at each copy, and give what each has seen."""
    seen: list[dict[str, float]] = [{} for _ in range(count)]
    ready = [asyncio.Event() for _ in range(count)]
    readers = []
    for n in range(count):
        port = ports[n % len(ports)]
        readers.append(asyncio.create_task(read_events(port, cookies[port], seen[n], ready[n])))
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


def message(kind: str, scan_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return what a lane posts."""
    made = {"key": str(ULID()), "kind": kind, "scan_id": scan_id, "body": body}
    return {**made, "created_utc_ns": time.time_ns()}


async def live_views(poster: Poster, run: str) -> None:
    """Post a live view twice a second until cancelled."""
    for sequence in range(1, 10**9):
        now_ms = time.time_ns() // 1_000_000
        devices = [
            {"name": name, "role": sensor.role.value, "state": "ready", "text": {"en": "", "fr": ""}}
            for name, sensor in SENSORS.items()
        ]
        points = {
            "t_utc_ms": [now_ms - round(1000 / LIVE_PER_S / POINTS) * n for n in reversed(range(POINTS))],
            "low": [400.0] * POINTS,
            "high": [401.5] * POINTS,
        }
        curves = [{"sensor": f"s{n}", "channel": "z", "unit": "", **points} for n in range(CURVES)]
        body = {"run": run, "sequence": sequence, "utc_ms": now_ms, "devices": devices, "traces": curves}
        if await poster.post("/api/v1/lane/live", body) != 200:
            raise RuntimeError("the service did not take a live view")
        await asyncio.sleep(1.0 / LIVE_PER_S)


async def other_lane(port: int, token: str, declaration: dict[str, Any], assessment: dict[str, Any]) -> None:
    """Be a lane in the middle of a scan until cancelled: an assessment a second, live views beside it."""
    poster, liver = Poster(port, token), Poster(port, token)
    await poster.open()
    await liver.open()
    background = asyncio.create_task(live_views(liver, str(ULID())))
    scan_id = str(ULID())
    try:
        opened = message("scan_opened", scan_id, {"declaration": declaration, "by": "bench"})
        await poster.post("/api/v1/lane/messages", opened)
        for n in range(10**9):
            own = {"scan_id": scan_id, "mono_ns": n, "final": False, "recommendation": "inconclusive"}
            assessed = message("assessment", scan_id, {**assessment, **own})
            if await poster.post("/api/v1/lane/messages", assessed) != 201:
                raise RuntimeError("the service did not take an assessment")
            await asyncio.sleep(1.0)
    finally:
        background.cancel()
        await asyncio.gather(background, return_exceptions=True)
        await poster.close()
        await liver.close()


async def measure(
    services: list[ServiceProcess], tokens: list[str], count: int
) -> tuple[list[float], list[float], int]:
    """Return latencies over all streams and of the posts' answers, ms, and how many alerts never came."""
    declaration, assessment = real_assessment()
    ports = [service.port for service in services]
    cookies = {service.port: session_cookie(service.url, "booth") for service in services}
    first, *others = tokens
    beside = [asyncio.create_task(other_lane(ports[0], token, declaration, assessment)) for token in others]
    poster = Poster(ports[0], first)
    await poster.open()
    began: dict[str, float] = {}
    answered: list[float] = []
    try:
        async with open_streams(ports, cookies, count) as seen:
            base = time.perf_counter() + 0.5
            for n in range(ALERTS):
                await asyncio.sleep(max(0.0, base + n / ALERTS_PER_S - time.perf_counter()))
                scan_id = str(ULID())
                opened = message("scan_opened", scan_id, {"declaration": declaration, "by": "bench"})
                own = {"scan_id": scan_id, "mono_ns": 1, "final": False, "recommendation": "search"}
                raises = message("assessment", scan_id, {**assessment, **own})
                if await poster.post("/api/v1/lane/messages", opened) != 201:
                    raise RuntimeError("the service did not take the scan")
                began[scan_id] = time.perf_counter()
                if await poster.post("/api/v1/lane/messages", raises) != 201:
                    raise RuntimeError("the service did not take an assessment")
                answered.append(1e3 * (time.perf_counter() - began[scan_id]))
            deadline = time.perf_counter() + LAST_EVENTS_S
            while any(len(s) < ALERTS for s in seen) and time.perf_counter() < deadline:
                await asyncio.sleep(0.05)
            latencies = [1e3 * (s[scan] - at) for s in seen for scan, at in began.items() if scan in s]
            return latencies, answered, count * ALERTS - len(latencies)
    finally:
        for each in beside:
            each.cancel()
        for ended in await asyncio.gather(*beside, return_exceptions=True):
            if isinstance(ended, Exception):
                print("a lane beside broke:", repr(ended))
        await poster.close()


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
    table = Table(
        title=f"from a lane's post to the alert on the page, {ALERTS} alerts at {ALERTS_PER_S:g} /s"
    )
    for heading in ("what", "count", "missing", "p50", "p99", "max"):
        table.add_column(heading)
    verdicts = []

    def row(what: str, values: list[float], missing: str = "") -> None:
        table.add_row(what, str(len(values)), missing, at(values, 0.5), at(values, 0.99), at(values, 1.0))

    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as ending:
        folder = Path(name)
        commits, syncs = disk(folder)
        row("idle: fsync of 4 KiB", syncs)
        row("idle: a commit of one row, SQLite", commits)
        server = PostgresServer(folder / "postgres")
        ending.callback(server.stop)
        for store, copies in (("SQLite", 1), ("PostgreSQL", 1), ("two copies", 2)):
            url = "" if store == "SQLite" else text_of(server.new_database(migrated=False))
            places = [folder / f"{store} {n}" for n in range(copies)]
            for place in places:
                place.mkdir()
            services = [ServiceProcess(place, url) for place in places]
            known = services[0].know({"booth": Role.OFFICER}, tuple(f"lane-{n}" for n in range(LANES)))
            tokens = list(known.values())
            with contextlib.ExitStack() as running:
                for service in services:
                    running.enter_context(service)
                for count, lanes in ((copies, 1), (STREAMS, LANES)):
                    latencies, answered, missing = asyncio.run(measure(services, tokens[:lanes], count))
                    load = "idle" if lanes == 1 else f"{STREAMS} streams, {LANES} lanes"
                    row(f"{store}, {load}: the post's answer", answered)
                    row(f"{store}, {load}: post to alert", latencies, str(missing))
            kept = float(at(latencies, 0.99).split()[0]) < LIMIT_MS and missing == 0
            verdicts.append(f"{store} {'kept' if kept else 'NOT kept'}")
    console = Console(width=120)
    console.print(table)
    said = f"{STREAMS} streams, {LANES} lanes, p99 under {LIMIT_MS:g} ms, none missing: {', '.join(verdicts)}"
    console.print(said, highlight=False)


if __name__ == "__main__":
    main()
