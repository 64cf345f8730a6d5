"""How fast the pipeline, the recorder and replay are, as multiples of real time and of a bare read."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from drivers.api import Event
from scanner.methods import load_kit
from scanner.pipeline import Scan
from scanner.policy import make_policy
from scanner.recording.header import RecordingHeader
from scanner.recording.reader import read_header, read_recording
from scanner.recording.writer import RecordingWriter
from scanner.replay import replay_scan
from scanner.simulation.items import lorry_items
from scanner.simulation.layout import SENSORS
from scanner.simulation.stream import demo_stream
from tests.bench.outside import spent

DURATION_S = 90.0


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that one call took."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def main() -> None:
    """Measure one simulated visit with every sensor, a tick each second."""
    kit, policy = load_kit(), make_policy({})
    plan = demo_stream()[1]
    items = list(lorry_items(plan.lorry(), duration_s=DURATION_S))
    header = RecordingHeader("BENCH", 1, "bench", plan.spec.declaration, tuple(SENSORS.values()))
    ticks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "visit-01.mcap"
        scan = Scan("BENCH", plan.spec.declaration, SENSORS, kit.make(), kit.calibrations, policy, {})

        def live() -> None:
            with RecordingWriter(path, header) as writer:
                next_ns = 0
                for item in items:
                    now_ns = item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns
                    writer.write(item)
                    scan.feed(item)
                    if now_ns >= next_ns:
                        next_ns = now_ns + 1_000_000_000
                        writer.tick(now_ns)
                        ticks.append(timed(lambda at=now_ns: scan.tick(at)))

        live_s = timed(live)
        read_s = timed(lambda: sum(1 for _ in read_recording(path)))
        replay_s = timed(lambda: replay_scan([(read_header(path), path)], kit))
        took = spent(lambda: replay_scan([(read_header(path), path)], kit))
        size = path.stat().st_size
    table = Table(
        title=f"one visit of {DURATION_S:g} s, {len(items)} items, {size / 1e6:.1f} MB, {len(ticks)} ticks"
    )
    for heading in ("what", "time", "× real time"):
        table.add_column(heading)
    for what, seconds in (("record and assess", live_s), ("read back", read_s), ("replay", replay_s)):
        table.add_row(what, f"{seconds:.2f} s", f"{DURATION_S / seconds:.0f}")
    ticks.sort()
    table.add_row("a tick, median", f"{1e3 * ticks[len(ticks) // 2]:.0f} ms", "")
    table.add_row("a tick, longest", f"{1e3 * ticks[-1]:.0f} ms", "")
    console = Console()
    console.print(table)
    console.print(f"replay takes {replay_s / read_s:.1f} × the time of reading the file", highlight=False)
    left_s = took.whole_s * took.outside
    console.print(
        f"of its {took.whole_s:.2f} s of processor {100 * took.outside:.0f} % are outside signal functions "
        f"and networks ({took.looks} looks): {left_s / read_s:.1f} × reading",
        highlight=False,
    )


if __name__ == "__main__":
    main()
