"""``make screenshots``: every page of the booth from the real line with a lorry in it, and docs/booth.png.

Each page is taken dark and light at two sizes into docs/booth, as small as all of them have to be together,
and docs/booth-pages.md shows them. What is there of pages that are gone is taken away.

    python -m tests.e2e.screenshots [--language en] [--only PAGE]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from itertools import groupby
from pathlib import Path

import cv2
import httpx
import numpy as np
from playwright.sync_api import Browser

from tests.e2e.booth import Booth, launched
from tests.e2e.line import ANSWER_WITHIN_S, Line, session_cookie
from tests.e2e.pages import NOBODY, BoothPage, booth_pages
from tests.e2e.scene import Scene, alerted_scan, begin_scan, ended_scan, scanned_lorry

DOCS = Path(__file__).resolve().parents[2] / "docs"
FRONT = DOCS / "booth.png"
FOLDER, SHOWN = DOCS / "booth", DOCS / "booth-pages.md"
FRONT_SIZE = {"width": 1920, "height": 1540}
THEMES = ("dark", "light")
SIZES = ((1280, 800), (3840, 2160))
WHOLE_LIMIT_BYTES = 4_000_000
QUALITIES = (85, 70, 55, 40, 30, 20, 12)
LOSSLESS = 101  # what OpenCV takes for it
HEART_WITHIN_MS = 60_000
SETTLE_MS = 700  # curves and pictures are drawn
TANKER, OTHERS, OTHERS_S = 4, (1, 3), 12.0
# the visit goes on while pages are looked at
LONGER = {"minimum_dwell_s": 900.0, "time_limit_s": 1200.0}


def main() -> int:
    """Scan the demonstration's lorries, keep every page as it is while the one with people stands there."""
    parser = argparse.ArgumentParser(description="take the pictures of the booth")
    parser.add_argument("--language", choices=("en", "fr"), default="en")
    parser.add_argument(
        "--only", action="append", metavar="PAGE", help="pages by their ids; docs/booth.png is left"
    )
    chosen = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("screenshots: no chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 2
    wanted = [page for page in booth_pages() if not chosen.only or page.id in chosen.only]
    with (
        tempfile.TemporaryDirectory() as name,
        launched(chromium) as browser,
        scanned_lorry(Path(name), LONGER, before=earlier) as scene,
    ):
        taken = take(browser, scene, wanted, chosen.language, Path(name), front=not chosen.only)
    keep(taken, whole=not chosen.only)
    if not chosen.only:
        SHOWN.write_text(page_of_pages(wanted, chosen.language), encoding="utf-8")
    size = sum(path.stat().st_size for path in FOLDER.glob("*.webp"))
    print(f"{FOLDER}: {len(taken)} pictures, {size / 1e6:.2f} MB of {WHOLE_LIMIT_BYTES / 1e6:g} MB")
    return int(size > WHOLE_LIMIT_BYTES)


def earlier(line: Line) -> str:
    """Fill the shift: a tanker whose alert is dealt with to the end, and lorries that went on early.

    Return the tanker's scan.
    """
    tanker = begin_scan(line, TANKER)
    alerted_scan(line, tanker.spec.declaration.plate)
    (alert,) = line.api("second", "/api/v1/alerts")
    found = {"kind": "people_found", "people": 1, "medical_help": True, "note": "In the rear hatch, awake."}
    for step, said in (
        ("acknowledge", None),
        ("assign", {"to": "Rex 2"}),
        ("outcome", found),
        ("close", None),
    ):
        httpx.post(
            f"{line.service.url}/api/v1/alerts/{alert['id']}/{step}",
            json=said,
            headers={"Cookie": session_cookie(line.service.url, "second"), "Origin": line.service.url},
            trust_env=False,
            timeout=ANSWER_WITHIN_S,
        ).raise_for_status()
    past = ended_scan(line, tanker.spec.declaration.plate)
    assert line.lane is not None
    for number in OTHERS:
        begin_scan(line, number)
        time.sleep(OTHERS_S)
        line.lane.tell("end")
    return past


def take(
    browser: Browser, scene: Scene, pages: list[BoothPage], language: str, folder: Path, front: bool
) -> dict[tuple[str, str, tuple[int, int]], bytes]:
    """Return a PNG of each page by id, theme and size; with ``front`` write docs/booth.png, too."""
    taken = {}
    url = scene.line.service.url
    for account, own in groupby(sorted(pages, key=lambda p: p.account), lambda p: p.account):
        booth = Booth(browser, url, language, folder, "screenshots")
        if account == NOBODY:
            booth.open()
        else:
            booth.log_in(account)
        for page in own:
            page.open(booth, scene.past)
            if page.id == "scan":
                _play(booth)
            if page.id == "lane":
                ready = "[data-modality=heartbeat][data-state=ready]"
                booth.page.locator(ready).wait_for(timeout=HEART_WITHIN_MS)
                if front:
                    _paint(booth, "light", (FRONT_SIZE["width"], FRONT_SIZE["height"]))
                    booth.page.screenshot(path=FRONT)
            for theme in THEMES:
                for size in SIZES:
                    _paint(booth, theme, size)
                    taken[page.id, theme, size] = booth.page.screenshot()
            print(f"  {page.id}", flush=True)
        booth.close()
    return taken


def _play(booth: Booth) -> None:
    """Play the recording from its middle, so slowly that all pictures show nearly the same moment."""
    line = booth.page.get_by_role("slider", name=booth.word("replay_at"), exact=True)
    line.fill(f"{float(line.get_attribute('max') or 0) / 2:.1f}")
    booth.page.locator(".transport select").select_option("0.5")
    booth.button("replay_play").click()


def _paint(booth: Booth, theme: str, size: tuple[int, int]) -> None:
    booth.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    booth.page.set_viewport_size({"width": size[0], "height": size[1]})
    booth.page.wait_for_timeout(SETTLE_MS)


def keep(taken: dict[tuple[str, str, tuple[int, int]], bytes], whole: bool) -> None:
    """Write the pictures as WebP, all as good as all of them fit into the limit.

    Raises
    ------
    ValueError : they fit at no quality.
    """
    FOLDER.mkdir(exist_ok=True)
    if whole:
        for old in FOLDER.glob("*.webp"):
            old.unlink()
    again = {name_of(*key) for key in taken}
    limit = WHOLE_LIMIT_BYTES - sum(f.stat().st_size for f in FOLDER.glob("*.webp") if f.name not in again)
    exact = {key: as_webp(png, LOSSLESS) for key, png in taken.items()}
    for quality in QUALITIES:
        packed = {key: min(as_webp(png, quality), exact[key], key=len) for key, png in taken.items()}
        size = sum(map(len, packed.values()))
        print(f"  quality {quality}: {size / 1e6:.2f} MB", flush=True)
        if size <= limit:
            for key, data in packed.items():
                (FOLDER / name_of(*key)).write_bytes(data)
            return
    raise ValueError(f"the pictures do not fit into {limit / 1e6:.2f} MB")


def as_webp(png: bytes, quality: int) -> bytes:
    """Return a picture as WebP."""
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()


def name_of(page: str, theme: str, size: tuple[int, int]) -> str:
    """Return a picture's file name."""
    return f"{page}-{theme}-{size[0]}x{size[1]}.webp"


def page_of_pages(pages: list[BoothPage], language: str) -> str:
    """Return docs/booth-pages.md."""
    from tests.e2e.words import page_words

    words = page_words(language)
    small, large = SIZES
    lines = [
        "# The booth's pages",
        "",
        "Taken from the running product by `make screenshots`, with simulated lorries: a reefer with three",
        "people in it stands in the lane, its alert is open. A picture leads to the same page at "
        f"{large[0]}×{large[1]}.",
        "What each page is for stands in [booth.md](booth.md).",
    ]
    for page in pages:
        title = words["login_title"] if page.account == NOBODY else words[f"page_{page.id}"]
        lines += ["", f"## {title}", "", "| dark | light |", "|---|---|"]
        shown = [
            f"[![{title}, {theme}](booth/{name_of(page.id, theme, small)})]"
            f"(booth/{name_of(page.id, theme, large)})"
            for theme in THEMES
        ]
        lines.append("| " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
