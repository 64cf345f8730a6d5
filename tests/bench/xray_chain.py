"""How far the X-ray chain's log-attenuation is off over patches, how fast it is and what memory it takes.

``python -m tests.bench.xray_chain [--scans 4]``: seeds 5000 and on of tests/images/xray_forward.py, 0.1, 1
and 5 % dead channels, 0 and 10 % drift of all gains, 0 and 5 % change of speed, with lost and repeated
lines; then one scan of 1024 pixels by 4096 lines. Processor time of this process, one core.
"""

from __future__ import annotations

import argparse
import itertools
import time
import tracemalloc
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from calibration.line_pixels import PixelClass
from drivers.api import LineBlock
from scanner.signals.xray_chain import chain_state, feed, finish, gather
from scanner.signals.xray_scan import Scan, Setup
from tests.images.xray_forward import ENCODER_UM, PITCH_MM, Faults, Judgement, blocks, judge_patches, record

FIRST_SEED = 5000
MM = 10.0
SETUP = Setup(MM, encoder_um_per_count=ENCODER_UM)
USUAL = Faults(dropped=0.005, repeated=0.003)
CASES: dict[str, Faults] = {
    f"{100 * dead:g} % dead, {100 * drift:g} % drift, {100 * stretch:g} % speed": replace(
        USUAL, dead_share=dead, drift=drift, stretch=stretch
    )
    for dead, drift, stretch in itertools.product((0.001, 0.01, 0.05), (0.0, 0.1), (0.0, 0.05))
} | {
    "1 %, 10 %, 5 %, no air lines after": replace(
        USUAL, dead_share=0.01, drift=0.1, stretch=0.05, air_after=False
    ),
    "the same, no open rows": replace(
        USUAL, dead_share=0.01, drift=0.1, stretch=0.05, air_after=False, open_rows=False
    ),
    "1 %, 0 %, 5 %, 15 % dose step missed": replace(USUAL, dead_share=0.01, stretch=0.05, dose_step=0.15),
}


def judged(seed: int, faults: Faults) -> list[Judgement]:
    """Return the patches of one scan with 100 penetrated pixels or more."""
    scan = record(seed, faults)
    state = chain_state(SETUP)
    for block in blocks(scan):
        state = gather(block, state)
    result = finish(state)[0]
    return judge_patches(result.image, result.mask <= PixelClass.INTERPOLATED, MM, scan, -PITCH_MM / 2)


def patches(scans: int, console: Console) -> None:
    """Print the share of patches whose bias is within max(0.01, 2 % of L)."""
    table = Table("scan", "patches", "within", "share", "worst, of the limit", "median |bias|")
    rows = []
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("scans", total=scans * len(CASES))
        for number, (name, faults) in enumerate(CASES.items()):
            found: list[Judgement] = []
            for index in range(scans):
                found += judged(FIRST_SEED + number * scans + index, faults)
                progress.advance(task)
            rows.append((name, found))
    for name, found in [*rows, ("all", [j for _, some in rows for j in some])]:
        within = sum(j.within for j in found)
        worst = max(abs(j.bias) / max(0.01, 0.02 * j.attenuation) for j in found)
        middle = float(np.median([abs(j.bias) for j in found]))
        table.add_row(
            name, f"{len(found)}", f"{within}", f"{within / len(found):.4f}", f"{worst:.2f}", f"{middle:.4f}"
        )
    console.print(table)


def _streamed(items: list[LineBlock], setup: Setup) -> tuple[float, float, Scan]:
    """Return processor time while lines came and at the end, s, and the picture."""
    state = chain_state(setup)
    began = time.process_time()
    for block in items:
        _, state = feed(block, state)
    passed = time.process_time()
    scan = finish(state)[0]
    return passed - began, time.process_time() - passed, scan


def _plain(lines: np.ndarray) -> float:
    """Return processor time of a float32 copy and its logarithm, s; the middle of five."""
    took = []
    for _ in range(5):
        began = time.process_time()
        np.log(lines.astype(np.float32) + np.float32(1))
        took.append(time.process_time() - began)
    return float(np.median(took))


def costs(console: Console) -> None:
    """Print speed and memory of a scan of 1024 pixels and 4096 lines, blocks of 64 lines."""
    scan = record(FIRST_SEED - 1, replace(USUAL, dead_share=0.01, drift=0.1, stretch=0.05), 1024, 4096)
    n = scan.data.shape[0]
    items = blocks(scan, list(range(64, n, 64)))
    table = Table(
        "mm a pixel", "picture", "lines/s live", "lines/s with end", "time, copies + logs", "peak, raws"
    )
    for mm in (32.0, 10.0, 5.0):
        setup = replace(SETUP, mm_per_px=mm)
        runs = sorted((_streamed(items, setup) for _ in range(3)), key=lambda run: run[0] + run[1])
        live, end, picture = runs[1]
        del runs
        shape = " × ".join(map(str, picture.image.shape))
        del picture
        tracemalloc.start()
        copied = [replace(b, pixels=b.pixels.copy()) for b in items]
        _streamed(copied, setup)
        peak = tracemalloc.get_traced_memory()[1] / scan.data.nbytes
        tracemalloc.stop()
        del copied
        ratio = (live + end) / _plain(scan.data)
        table.add_row(
            f"{mm:g}", shape, f"{n / live:.0f}", f"{n / (live + end):.0f}", f"{ratio:.0f}", f"{peak:.2f}"
        )
    console.print(table)


def main() -> None:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=4, help="of each kind")
    asked = parser.parse_args()
    console = Console()
    patches(asked.scans, console)
    costs(console)


if __name__ == "__main__":
    main()
