"""``make animation``: docs/booth-scan.webp, a real scan from the empty lane to the recommendation in 10 s.

Pictures are taken while the demonstration's lorry with people in it is scanned, and shown faster than they
were taken; nothing is left out and nothing is drawn that the page did not show.

    python -m tests.e2e.animation [--out docs/booth-scan.webp] [--language en] [--theme dark]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from playwright.sync_api import Locator

from tests.e2e.booth import Booth, launched
from tests.e2e.line import Line

OUT = Path(__file__).resolve().parents[2] / "docs" / "booth-scan.webp"
SEEN = {"width": 1440, "height": 900}
SHOWN = (1280, 800)
EVERY_S = 0.7
LASTS_S, END_S = 10.0, 2.0
"""How long it plays, and for how long of that the end stands still."""

PER_S = 8
LIMIT_BYTES = 2_500_000
QUALITIES = (85, 75, 60, 50, 40, 30)
SCAN_LIMIT_S = 200.0
# the visit goes on until the method that takes longest, CO2, has said something
LONGER = {"minimum_dwell_s": 80.0}
ALERT_PICTURES = 5  # before it is acknowledged

Frames = list[tuple[float, bytes]]
Picture = npt.NDArray[np.uint8]


class Camera:
    """Keeps pictures of a page with the times at which they were taken."""

    def __init__(self, booth: Booth) -> None:
        self.frames: Frames = []
        self._page = booth.page

    def take(self) -> None:
        """Take one."""
        self.frames.append((time.monotonic(), self._page.screenshot()))

    def roll_until(self, awaited: Locator) -> None:
        """Take them at a steady pace until something stands on the page.

        Raises
        ------
        TimeoutError : it does not come.
        """
        began_s = time.monotonic()
        while awaited.count() == 0:
            if time.monotonic() - began_s > SCAN_LIMIT_S:
                raise TimeoutError(f"no {awaited} within {SCAN_LIMIT_S:g} s")
            due_s = time.monotonic() + EVERY_S
            self.take()
            self._page.wait_for_timeout(max(0.0, 1e3 * (due_s - time.monotonic())))
        self.take()


def main() -> int:
    """Scan, choose the pictures, write them."""
    parser = argparse.ArgumentParser(description="make the README's animation of a scan")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--language", choices=("en", "fr"), default="en")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("animation: no chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory() as name,
        Line(Path(name), policy=LONGER) as line,
        launched(chromium) as browser,
    ):
        booth = Booth(browser, line.service.url, chosen.language, Path(name), "animation")
        booth.page.set_viewport_size(SEEN)
        booth.page.emulate_media(color_scheme=chosen.theme)
        booth.log_in("officer")
        frames = scan(booth, line)
        booth.close()
    took_s = frames[-1][0] - frames[0][0]
    data = packed(even(frames))
    chosen.out.write_bytes(data)
    told = f"{took_s:.0f} s of a scan in {LASTS_S:g} s, {len(frames)} pictures, {len(data) / 1e6:.2f} MB"
    print(f"{chosen.out}: {told}")
    return 0


def scan(booth: Booth, line: Line) -> Frames:
    """Scan the lorry with people in it as an officer does; return what the page showed."""
    camera = Camera(booth)
    plan = line.arrive(2)
    camera.take()
    booth.fill_in_lorry(plan)
    camera.take()
    booth.button("start").click()
    camera.roll_until(booth.button("probe_go_in"))
    booth.button("probe_go_in").click()
    line.twins.pass_portal(1)
    camera.roll_until(booth.button("acknowledge_of", plate=plan.spec.declaration.plate))
    for _ in range(ALERT_PICTURES):
        camera.take()
    booth.page.keyboard.press("F8")
    booth.page.keyboard.press("Enter")
    camera.roll_until(booth.page.get_by_text(booth.word("past_visit_over")).first)
    return camera.frames


def even(frames: Frames) -> list[Picture]:
    """Return pictures at an even pace: of each moment the newest that had been taken."""
    times = np.array([at for at, _ in frames]) - frames[0][0]
    moments = np.linspace(0.0, times[-1], round((LASTS_S - END_S) * PER_S))
    shown = np.searchsorted(times, moments, side="right") - 1
    small: dict[int, Picture] = {int(n): _small(frames[n][1]) for n in sorted(set(shown.tolist()))}
    return [small[int(n)] for n in shown]


def _small(png: bytes) -> Picture:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(cv2.resize(pixels, SHOWN, interpolation=cv2.INTER_AREA), np.uint8)


def packed(pictures: list[Picture]) -> bytes:
    """Return an animated WebP, as good as fits into the limit.

    Raises
    ------
    ValueError : it fits at no quality.
    """
    animation = cv2.Animation()
    animation.loop_count = 0
    animation.frames = pictures
    per_ms = round(1e3 / PER_S)
    animation.durations = np.array([per_ms] * (len(pictures) - 1) + [per_ms + round(1e3 * END_S)])
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "scan.webp"
        for quality in QUALITIES:
            cv2.imwriteanimation(str(path), animation, [cv2.IMWRITE_WEBP_QUALITY, quality])
            data = path.read_bytes()
            print(f"  quality {quality}: {len(data) / 1e6:.2f} MB", flush=True)
            if len(data) <= LIMIT_BYTES:
                return data
    raise ValueError(f"the animation does not fit into {LIMIT_BYTES} B")


if __name__ == "__main__":
    sys.exit(main())
