"""``make screenshot``: docs/booth.png, taken from the real page on the real line with a lorry in it.

python -m tests.e2e.screenshot [--out docs/booth.png] [--language en]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.e2e.booth import Booth, launched
from tests.e2e.line import Line

OUT = Path(__file__).resolve().parents[2] / "docs" / "booth.png"
SIZE = {"width": 1920, "height": 1540}
HEART_WITHIN_MS = 60_000
# the visit goes on until the methods that take longest have said something
LONGER = {"minimum_dwell_s": 45.0}


def main() -> int:
    """Scan the demonstration's second lorry and keep the page as it is with its alert open."""
    parser = argparse.ArgumentParser(description="take the picture of the booth")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--language", choices=("en", "fr"), default="en")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("screenshot: no chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory() as name,
        Line(Path(name), policy=LONGER) as line,
        launched(chromium) as browser,
    ):
        booth = Booth(browser, line.service.url, chosen.language, Path(name), "booth")
        booth.page.set_viewport_size(SIZE)
        booth.log_in("officer")
        plan = line.arrive(2)
        booth.start_scan(plan)
        booth.put_probe_in()
        line.twins.pass_portal(1)
        booth.wait_for_advice("search", "rescue")
        booth.alert.wait_for()
        booth.page.locator("[data-modality=heartbeat][data-state=ready]").wait_for(timeout=HEART_WITHIN_MS)
        booth.wait_for_advice("search", "rescue")
        booth.page.screenshot(path=chosen.out)
        booth.close()
    print(f"{chosen.out}: {chosen.out.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
