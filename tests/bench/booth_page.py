"""What the booth's page costs the machine at the booth: how soon it paints, its size, processor and memory.

    python -m tests.bench.booth_page [--seconds 60] [--minutes 30] [--lanes 8] [--rate 10] [--loads 5]

A real service, lanes that are made up (`made_lanes`), the system's Chromium without a window. Figures are
those of this machine and of what else it does meanwhile; run it on an idle one. Exits with 1 where a figure
asked for is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, CDPSession
from rich.console import Console
from rich.table import Table

from service.resources import Role
from tests.bench.made_lanes import MadeLane
from tests.e2e.booth import Booth, launched
from tests.e2e.built import FIRST_LIMIT_BYTES, STATIC, packed_bytes, whole_build
from tests.e2e.line import ServiceProcess

PAINT_LIMIT_MS = 1_000.0
CPU_LIMIT = 0.25
CAME_LIMIT = 0.95
"""Less of the views than this reached the page: the other figures say too little."""

GROWTH_LIMIT_MB, GROWTH_AFTER_S = 5.0, 600.0
"""Growth is judged over at least this time: before, the two minutes of curves still fill."""

WARM_UP_S = 20.0
FILLED_S = 150.0
PAINTED_WITHIN_MS = 1_500
LOOK_S = 60.0
PAINTS = """
window.paints = {};
new PerformanceObserver((list) => {
  for (const { name, startTime } of list.getEntries())
    if (name === 'first-contentful-paint') window.paints.first = startTime;
}).observe({ type: 'paint', buffered: true });
new PerformanceObserver((list) => {
  for (const { startTime } of list.getEntries()) window.paints.largest = startTime;
}).observe({ type: 'largest-contentful-paint', buffered: true });
"""
DRAWN = "[data-recommendation]"
FETCHED = """
() => performance.getEntriesByType('resource')
  .filter((one) => one.startTime <= window.drawn_ms)
  .map((one) => new URL(one.name).pathname)
"""
WHEN_DRAWN = """
new MutationObserver((_, watcher) => {
  if (!document.querySelector('%s')) return;
  window.drawn_ms = performance.now();
  watcher.disconnect();
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
COUNT_VIEWS = """
window.views = 0;
globalThis.EventSource = class extends EventSource {
  constructor(...given) {
    super(...given);
    this.addEventListener('live', () => (window.views += 1));
  }
};
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table; ``missed`` is None where nothing is asked."""

    what: str
    measured: str
    asked: str = ""
    missed: bool | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the page and its processes have used up to now."""

    at_s: float
    renderer_s: float
    gpu_s: float
    parts_s: dict[str, float]
    views: int
    heap_mb: float
    nodes: int
    listeners: int


class Meter:
    """Reads a page's costs from the browser."""

    def __init__(self, browser: Browser, booth: Booth) -> None:
        self._page = booth.page
        self._whole = browser.new_browser_cdp_session()
        self._own: CDPSession = booth.context.new_cdp_session(booth.page)
        self._own.send("Performance.enable")
        self._own.send("HeapProfiler.enable")

    def read(self) -> Cost:
        """Collect the garbage and read; the reading itself takes some processor."""
        self._own.send("HeapProfiler.collectGarbage")
        told = self._own.send("Performance.getMetrics")["metrics"]
        metrics = {metric["name"]: metric["value"] for metric in told}
        used = {"renderer": 0.0, "GPU": 0.0}
        for process in self._whole.send("SystemInfo.getProcessInfo")["processInfo"]:
            used[process["type"]] = used.get(process["type"], 0.0) + process["cpuTime"]
        parts = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
        return Cost(
            at_s=time.monotonic(),
            renderer_s=used["renderer"],
            gpu_s=used["GPU"],
            parts_s={part: metrics[part] for part in parts},
            views=int(self._page.evaluate("window.views")),
            heap_mb=metrics["JSHeapUsedSize"] / 1e6,
            nodes=int(metrics["Nodes"]),
            listeners=int(metrics["JSEventListeners"]),
        )


def size_figures(browser: Browser, url: str, folder: Path) -> Iterator[Figure]:
    """Give how large the files are that a browser asks for until the lane is drawn, and all that is built.

    The first are what it really asks for, with an empty cache; each is counted as gzip packs it.
    """
    booth = Booth(browser, url, "en", folder, "bench")
    booth.log_in("officer")
    booth.context.new_cdp_session(booth.page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    booth.context.add_init_script(WHEN_DRAWN % DRAWN)
    booth.open()
    booth.page.wait_for_function("() => window.drawn_ms")
    asked = {STATIC / "index.html", *(STATIC / path.lstrip("/") for path in booth.page.evaluate(FETCHED))}
    first = [file for file in asked if file.is_file()]
    size = packed_bytes(first)
    yield Figure(
        f"fetched until the lane is drawn, {len(first)} files, gzip",
        f"{size / 1e3:.1f} kB",
        f"< {FIRST_LIMIT_BYTES / 1e3:g} kB",
        size >= FIRST_LIMIT_BYTES,
    )
    every = whole_build()
    yield Figure(
        f"all that is built, every page and both languages, {len(every)} files, gzip",
        f"{packed_bytes(every) / 1e3:.1f} kB",
    )
    booth.close()


def paint_figures(browser: Browser, url: str, folder: Path, loads: int) -> Iterator[Figure]:
    """Load login and lane anew several times, with an empty cache; give the middle one and the slowest."""
    booth = Booth(browser, url, "en", folder, "bench")
    booth.context.add_init_script(PAINTS)
    booth.context.new_cdp_session(booth.page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    for name in ("login", "lane"):
        if name == "lane":
            booth.log_in("officer")
        took: dict[str, list[float]] = {"first": [], "largest": []}
        for _ in range(loads):
            booth.open()
            booth.page.wait_for_timeout(PAINTED_WITHIN_MS)
            paints = booth.page.evaluate("window.paints")
            for which, values in took.items():
                values.append(float(paints.get(which, float("inf"))))
        for which, values in took.items():
            middle = statistics.median(values)
            yield Figure(
                f"{which} paint of the {name}, middle and slowest of {loads}",
                f"{middle:.0f} ms, {max(values):.0f} ms",
                f"< {PAINT_LIMIT_MS / 1e3:g} s",
                middle >= PAINT_LIMIT_MS,
            )
    booth.close()


def running_figures(before: Cost, after: Cost, lanes: int, rate_hz: float) -> Iterator[Figure]:
    """Give processor and views between two readings."""
    lasted_s = after.at_s - before.at_s
    came = (after.views - before.views) / lasted_s
    due = lanes * rate_hz
    yield Figure("measured for", f"{lasted_s:.0f} s")
    yield Figure(
        f"live views that came, of {lanes} lanes × {rate_hz:g}/s",
        f"{came:.1f} a second",
        f"≥ {CAME_LIMIT * due:.0f}",
        came < CAME_LIMIT * due,
    )
    share = (after.renderer_s - before.renderer_s) / lasted_s
    yield Figure(
        "renderer, share of a core", f"{100 * share:.1f} %", f"< {100 * CPU_LIMIT:g} %", share >= CPU_LIMIT
    )
    for part, name in (
        ("TaskDuration", "all tasks"),
        ("ScriptDuration", "  of them scripts"),
        ("RecalcStyleDuration", "  of them styles"),
        ("LayoutDuration", "  of them layout"),
    ):
        spent_s = after.parts_s[part] - before.parts_s[part]
        yield Figure(f"the page's thread by the clock, {name}", f"{100 * spent_s / lasted_s:.1f} %")
    yield Figure(
        "painting process (GPU), share of a core", f"{100 * (after.gpu_s - before.gpu_s) / lasted_s:.1f} %"
    )


def memory_figures(before: Cost, after: Cost) -> Iterator[Figure]:
    """Give how memory grew; judged only where that was long enough to say something."""
    lasted_s = after.at_s - before.at_s
    grown = after.heap_mb - before.heap_mb
    judged = lasted_s >= GROWTH_AFTER_S
    yield Figure(
        f"heap after garbage collection, over {lasted_s / 60:.1f} min",
        f"{before.heap_mb:.1f} → {after.heap_mb:.1f} MB",
        f"+{GROWTH_LIMIT_MB:g} MB at most" if judged else f"judged from {GROWTH_AFTER_S / 60:g} min on",
        grown > GROWTH_LIMIT_MB if judged else None,
    )
    yield Figure("nodes of the document", f"{before.nodes} → {after.nodes}")
    yield Figure("event listeners", f"{before.listeners} → {after.listeners}")


@contextlib.contextmanager
def running_lanes(url: str, tokens: dict[str, str]) -> Iterator[list[MadeLane]]:
    """Let made-up lanes post for as long as this lasts."""
    lanes = [MadeLane(url, token, number) for number, token in enumerate(tokens.values())]
    for lane in lanes:
        lane.start()
    try:
        yield lanes
    finally:
        for lane in lanes:
            lane.end()


def measure(browser: Browser, folder: Path, chosen: argparse.Namespace) -> list[Figure]:
    """Return all figures."""
    service = ServiceProcess(folder)
    names = tuple(f"lane-{n}" for n in range(1, chosen.lanes + 1))
    tokens = service.know({"officer": Role.OFFICER}, names)
    figures: list[Figure] = []
    with service, running_lanes(service.url, tokens) as lanes:
        figures += size_figures(browser, service.url, folder)
        figures += paint_figures(browser, service.url, folder, chosen.loads)
        for lane in lanes:
            lane.rate_hz = chosen.rate
        booth = Booth(browser, service.url, "en", folder, "bench")
        booth.context.add_init_script(COUNT_VIEWS)
        booth.log_in("officer")
        booth.page.locator(DRAWN).first.wait_for()
        meter = Meter(browser, booth)
        booth.page.wait_for_timeout(1e3 * WARM_UP_S)
        first = meter.read()
        booth.page.wait_for_timeout(1e3 * chosen.seconds)
        second = meter.read()
        figures += running_figures(first, second, chosen.lanes, chosen.rate)
        if chosen.minutes:
            booth.page.wait_for_timeout(max(0.0, 1e3 * (FILLED_S - WARM_UP_S - chosen.seconds)))
            first = meter.read()
            ends_s = first.at_s + 60 * chosen.minutes
            while time.monotonic() < ends_s:
                booth.page.wait_for_timeout(1e3 * min(LOOK_S, max(0.1, ends_s - time.monotonic())))
                second = meter.read()
                print(f"  {(second.at_s - first.at_s) / 60:.1f} min: {second.heap_mb:.2f} MB", flush=True)
        figures += memory_figures(first, second)
        silent = booth.page.get_by_text(booth.word("lane_silent"), exact=True).count()
        figures.append(Figure("lanes that the page calls silent", str(silent), "0", silent > 0))
        refused = [words for lane in lanes for words in lane.refused]
        figures.append(Figure("posts of lanes that were refused", str(len(refused)), "0", bool(refused)))
        for words in refused[:3]:
            print(words, file=sys.stderr)
        booth.close()
    return figures


def main() -> int:
    """Measure, print the table, and return 1 where a figure asked for is missed."""
    parser = argparse.ArgumentParser(description="paint, size, processor and memory of the booth's page")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long processor is measured")
    parser.add_argument(
        "--minutes", type=float, default=0.0, help="for how long memory is watched after that"
    )
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--rate", type=float, default=10.0, help="live views of each lane a second")
    parser.add_argument("--loads", type=int, default=5, help="how often each page is loaded")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("booth_page: no chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 2
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name, launched(chromium) as browser:
        figures = measure(browser, Path(name), chosen)
    load = f"load {load_before:.1f} before, {os.getloadavg()[0]:.1f} after, {os.cpu_count()} cores"
    table = Table(title=f"the booth's page, {chosen.lanes} lanes live; {load}")
    for heading in ("what", "measured", "asked", ""):
        table.add_column(heading)
    for one in figures:
        said = "" if one.missed is None else "missed" if one.missed else "kept"
        table.add_row(one.what, one.measured, one.asked, said)
    Console(width=120).print(table)
    return int(any(one.missed for one in figures))


if __name__ == "__main__":
    sys.exit(main())
