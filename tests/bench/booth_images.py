"""Frames a second while a large X-ray picture is panned at the booth: ``python -m tests.bench.booth_images``.

A real service, a lane that shows one 16-bit picture of 1024 x 6000 pixels with a heat map and parts that were
not penetrated, and the page that is built into ``service/static`` in Chromium. The picture is opened over the
whole page, zoomed to about its own size, and dragged with the mouse for some seconds. A frame counts when
something was drawn on the picture's canvas in it; beside it, how long the page stood still at most.
Exits with 1 below 30 frames a second, and where the page stood still for longer than its limit.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
from playwright.sync_api import Page
from ulid import ULID

from scanner.lane.deep_picture import WHITE, deep_png
from scanner.lane.picture_values import grey_png
from service.resources import Role
from tests.e2e.booth import Booth, launched
from tests.e2e.line import ServiceProcess

LANE = "north-quay-2"
SHAPE = 1024, 6000
HIGHEST = 9.0
LEAST_FPS = 30.0
LONGEST_TASK_MS = 100.0
SECONDS = 6.0
MOVES_PER_S = 80
SIZE = {"width": 1920, "height": 1080}
SHOWN_WITHIN_MS = 60_000
_COUNT = """
() => {
  window.drawn = []; window.tasks = [];
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  let frame = 0, last = -1;
  CanvasRenderingContext2D.prototype.drawImage = function (...rest) {
    if (frame !== last) { last = frame; window.drawn.push(performance.now()); }
    return draw.apply(this, rest);
  };
  const tick = () => { frame += 1; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.tasks.push([task.startTime, task.duration]);
  }).observe({ type: 'longtask' });
}
"""


def picture() -> tuple[bytes, bytes]:
    """Return a lorry's X-ray picture, noisy as counts are, with dense parts, and a heat map over it."""
    rng = np.random.default_rng(5)
    height, width = SHAPE
    cargo = cv2.resize(rng.random((32, 190), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    attenuation = 6 * np.clip(cargo, 0, 1) ** 2
    attenuation[:90] = 0
    attenuation[700:900, 1000:5000:700] = 12
    for at in range(400, width, 1400):
        attenuation[420:780, at : at + 320] = 12
    counts = rng.poisson(40_000 * np.exp(-attenuation)).astype(np.float32)
    classes = np.where(cv2.blur(counts, (5, 5)) < 5, np.uint8(3), np.uint8(0))
    values = -np.log(np.maximum(counts, 1) / 40_000)
    drawn = cv2.resize(rng.random((8, 32), np.float32), (256, 128), interpolation=cv2.INTER_CUBIC)
    heat = np.asarray(drawn, np.float32)
    return deep_png(values, 0.0, HIGHEST, classes), grey_png(heat, 0.0, 1.0)


class ShownLane:
    """A lane that shows one picture, twice a second as lanes do."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=20)
        self._run, self._sequence = str(ULID()), 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self.bytes = 0

    def _beat(self) -> None:
        while not self._stop.wait(0.5):
            self._show()

    def _show(self) -> None:
        self._sequence += 1
        height, width = SHAPE
        told: dict[str, Any] = {
            "sensor": "xray",
            "kind": "xray",
            "version": 1,
            "width": width,
            "height": height,
        }
        told |= {"unit": "", "low": 0.0, "high": HIGHEST, "white": WHITE, "heat": True, "pixel_mm": 4.0}
        told |= {"places_mm": [0.0, 4.0 * (width - 1)]}
        now_ms = time.time_ns() // 1_000_000
        view = {
            "run": self._run,
            "sequence": self._sequence,
            "utc_ms": now_ms,
            "devices": [],
            "pictures": [told],
        }
        self._client.post("/api/v1/lane/live", json=view).raise_for_status()

    def __enter__(self) -> ShownLane:
        png, heat = picture()
        self.bytes = len(png)
        path, image = "/api/v1/lane/pictures/xray?version=1", {"Content-Type": "image/png"}
        self._client.put(f"{path}&heat=true", content=heat, headers=image).raise_for_status()
        self._client.put(path, content=png, headers=image).raise_for_status()
        self._show()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._client.close()


class Work:
    """Time that the page's main thread took of its processor: others on the machine do not count."""

    def __init__(self, page: Page) -> None:
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def ms(self) -> float:
        """Return how long it worked so far."""
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        return float(next(1e3 * one["value"] for one in metrics if one["name"] == "TaskDuration"))


def pan(page: Page, seconds: float) -> tuple[float, float, float, float]:
    """Drag the picture round and round.

    Returns frames a second, the longest gap between two, the longest task and the work of a frame, ms.
    """
    box = page.locator("dialog [role=application]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    work = Work(page)
    before_ms = work.ms()
    began_ms = float(page.evaluate("performance.now()"))
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        turn = 2 * math.pi * left_s / 3
        page.mouse.move(x + box["width"] / 3 * math.sin(turn), y + box["height"] / 3 * math.cos(2 * turn))
        time.sleep(1 / MOVES_PER_S)
    ended_ms = float(page.evaluate("performance.now()"))
    worked_ms = work.ms() - before_ms
    page.mouse.up()
    within = [at for at in page.evaluate("window.drawn") if began_ms <= at <= ended_ms]
    tasks = [took for at, took in page.evaluate("window.tasks") if began_ms <= at <= ended_ms]
    gaps = np.diff([began_ms, *within, ended_ms])
    fps = len(within) / (ended_ms - began_ms) * 1e3
    return fps, float(gaps.max()), max(tasks, default=0.0), worked_ms / max(len(within), 1)


def main() -> int:
    """Measure, print, and say by the exit status whether it is smooth."""
    parser = argparse.ArgumentParser(description="frames a second while a large picture is panned")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--picture", type=Path, help="keep what the page looked like here")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("booth_images: no chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        service = ServiceProcess(Path(name))
        token = service.know({"officer": Role.OFFICER}, (LANE,))[LANE]
        with service, ShownLane(service.url, token) as lane, launched(chromium) as browser:
            booth = Booth(browser, service.url, "en", Path(name), "images")
            page = booth.page
            booth.context.set_default_timeout(SHOWN_WITHIN_MS)
            page.set_viewport_size(SIZE)  # type: ignore[arg-type]
            booth.log_in("officer")
            page.evaluate(_COUNT)
            page.locator("figure[data-shown=true]").wait_for()
            page.locator("[role=application]").focus()
            page.keyboard.press("f")
            page.locator("dialog figure[data-shown=true]").wait_for()
            for _ in range(3):
                page.keyboard.press("+")
            page.wait_for_timeout(500)
            loading_ms = max((took for _, took in page.evaluate("window.tasks")), default=0.0)
            fps, gap_ms, task_ms, frame_ms = pan(page, chosen.seconds)
            if chosen.picture is not None:
                page.screenshot(path=chosen.picture)
            booth.close()
    height, width = SHAPE
    print(
        f"{height} x {width} pixels of 16 bits, {lane.bytes / 1e6:.1f} MB, panned for {chosen.seconds:g} s:"
    )
    print(f"{fps:.1f} frames/s; longest gap {gap_ms:.0f} ms; longest task {task_ms:.0f} ms")
    print(f"a frame takes the page's main thread {frame_ms:.1f} ms of its processor")
    print(f"longest task while it was fetched, decoded and opened: {loading_ms:.0f} ms")
    print(f"{os.cpu_count()} cores; {os.getloadavg()[0]:.1f} processes wanted one in the last minute")
    return 0 if fps >= LEAST_FPS and task_ms <= LONGEST_TASK_MS else 1


if __name__ == "__main__":
    sys.exit(main())
