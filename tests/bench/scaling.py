"""What validating very many recordings takes, worked out from what a few take here.

Run by hand, some two minutes:

    python -m tests.bench.scaling [--lorries 12] [--core-hour 0.04] [--gb-month 0.02]

Records simulated lorries, replays each once on one core, and counts the same rows many times over for the
report. Prices are the reader's: they are multiplied, not known.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scanner.campaign.run import Campaign, run_campaign
from scanner.limits import settled
from scanner.methods import load_kit
from scanner.policy import make_policy
from scanner.recording.reader import read_recording
from scanner.validation.combinations import fusing
from scanner.validation.labels import read_labels
from scanner.validation.outcome import Outcome, from_json, lean, to_json
from scanner.validation.report import write_report
from scanner.validation.results import results_of
from scanner.validation.source import find, header_of
from scanner.validation.work import KitFiles, Task, kit_of, work

SIZES = (100_000, 10_000_000)
COUNTED = (2_000, 8_000)
"""Rows that a report is made of here, to see how it grows."""


@dataclass(frozen=True, slots=True)
class PerScan:
    """What one recording takes: bytes kept, seconds of one core."""

    recording_bytes: float
    row_bytes: float
    header_s: float
    read_s: float
    replay_s: float
    row_s: float
    count_s: float
    count_bytes: float


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that one call took."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def measure(lorries: int, folder: Path) -> PerScan:
    """Record, replay and count."""
    run_campaign(Campaign("tuning", 40_961, record=True), lorries, folder)
    found = find([str(folder)])
    truths = read_labels(folder / "labels.csv")
    files = KitFiles()
    kit_of(files)  # models are loaded now
    tasks = [
        Task(header_of(one.url).scan_id, (one.url,), truths[header_of(one.url).scan_id]) for one in found
    ]
    rows: list[Outcome] = []
    replay_s = timed(lambda: rows.extend(_judged(tasks, files)))
    lines = [to_json(row) for row in rows]
    row_s = timed(lambda: [from_json(line) for line in lines * 20]) / 20
    header_s = timed(lambda: [header_of(one.url) for one in found])
    read_s = timed(lambda: [sum(1 for _ in read_recording(Path(one.url))) for one in found])
    n = len(rows)
    count_s, count_bytes = _counting(rows, folder)
    return PerScan(
        sum(Path(one.url).stat().st_size for one in found) / n,
        sum(map(len, lines)) / n,
        header_s / n,
        read_s / n,
        replay_s / n,
        row_s / n,
        count_s,
        count_bytes,
    )


def _judged(tasks: Sequence[Task], files: KitFiles) -> list[Outcome]:
    done = [work(task, files) for task in tasks]
    if wrong := [one.failure for one in done if one.outcome is None]:
        raise SystemExit(f"not judged: {wrong}")
    return [one.outcome for one in done if one.outcome is not None]


def _counting(rows: Sequence[Outcome], folder: Path) -> tuple[float, float]:
    """Return seconds and bytes of memory that each further row costs a report."""
    kit = load_kit()
    policy = settled(make_policy({}), kit.calibrations)
    took, held = [], []
    for size in COUNTED:
        many = [lean(from_json(to_json(replace(rows[k % len(rows)], scan=f"{k:07}")))) for k in range(size)]

        def report(many: Sequence[Outcome] = many) -> None:
            write_report(results_of(many, fusing(kit.calibrations.weights, policy), policy, {}), folder)

        took.append(timed(report))
        held.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        print(f"report of {size} rows: {took[-1]:.1f} s, {held[-1] / 1e6:.0f} MB at most", flush=True)
    further = COUNTED[1] - COUNTED[0]
    return (took[1] - took[0]) / further, (held[1] - held[0]) / further


def table(one: PerScan, core_hour: float, gb_month: float) -> Table:
    """Work out what many recordings take."""
    out = Table("recordings", *(f"{size:,}".replace(",", " ") for size in SIZES), title="worked out")

    def row(what: str, told: Callable[[int], str]) -> None:
        out.add_row(what, *(told(size) for size in SIZES))

    row("stored", lambda n: f"{n * one.recording_bytes / 1e12:.2f} TB")
    row("core-hours", lambda n: f"{n * one.replay_s / 3600:,.0f}")
    for cores in (2, 64, 1024):
        row(f"hours on {cores} cores", lambda n, c=cores: f"{n * one.replay_s / 3600 / c:,.1f}")  # type: ignore[misc]
    row("read by 64 cores", lambda _n: f"{64 * one.recording_bytes / one.replay_s / 1e6:.0f} MB/s")
    row("headers looked at, 8 at once", lambda n: f"{n * one.header_s / 8 / 60:,.0f} min")
    row("rows kept", lambda n: f"{n * one.row_bytes / 1e9:.1f} GB")
    row("rows read back", lambda n: f"{n * one.row_s / 60:,.1f} min")
    row("report", lambda n: f"{n * one.count_s / 60:,.1f} min")
    row("memory of the report", lambda n: f"{n * one.count_bytes / 1e9:,.1f} GB")
    row(f"cores at {core_hour:g} an hour", lambda n: f"{n * one.replay_s / 3600 * core_hour:,.0f}")
    row(f"store at {gb_month:g} a GB and month", lambda n: f"{n * one.recording_bytes / 1e9 * gb_month:,.0f}")
    return out


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--lorries", type=int, default=12)
    asked.add_argument("--core-hour", type=float, default=0.04)
    asked.add_argument("--gb-month", type=float, default=0.02)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        one = measure(options.lorries, Path(folder))
    console = Console()
    console.print(
        f"a recording: {one.recording_bytes / 1e6:.2f} MB, header {1e3 * one.header_s:.1f} ms, "
        f"read {one.read_s:.3f} s, replay {one.replay_s:.2f} s; its row: {one.row_bytes / 1e3:.1f} kB, "
        f"read {1e3 * one.row_s:.2f} ms, "
        f"counted {1e3 * one.count_s:.2f} ms and {one.count_bytes / 1e3:.0f} kB",
        highlight=False,
    )
    console.print(table(one, options.core_hour, options.gb_month))


if __name__ == "__main__":
    main()
