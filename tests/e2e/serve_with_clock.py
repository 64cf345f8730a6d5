"""``lorryscan`` with a clock that is set while it runs: ``python -m tests.e2e.serve_with_clock FILE serve``.

The file holds by how many seconds the clock is ahead. Only what programs read as the time of day moves; the
monotonic clock runs on, as when an administrator sets a machine's clock.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

LOOK_S = 0.05


def main() -> None:
    """Follow the file from now on, and be ``lorryscan``."""
    file = Path(sys.argv.pop(1))
    true_time, true_time_ns = time.time, time.time_ns
    ahead_s = 0.0

    def follow() -> None:
        nonlocal ahead_s
        while True:
            ahead_s = float(file.read_text() or 0)
            time.sleep(LOOK_S)

    threading.Thread(target=follow, daemon=True).start()
    time.time = lambda: true_time() + ahead_s
    time.time_ns = lambda: true_time_ns() + round(ahead_s * 1e9)
    from service.cli import main as lorryscan

    lorryscan()


if __name__ == "__main__":
    main()
