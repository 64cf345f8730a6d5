"""What the heart detector costs beside a transform of the same array and a usual pipeline.

``python -m tests.bench.heart_speed``: 60 s of six channels at 500 Hz, from counts to a finding, one core;
then a lane's second, and an hour's memory.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from obspy import Stream, Trace
from rich.console import Console
from rich.table import Table
from scipy import fft

from scanner.signals.heart import find_heart, heart_state, listen
from scanner.simulation.chassis import Geophone
from scanner.simulation.vibration import record_vibration
from scanner.simulation.vibration_spec import Condition, draw_vibration
from tests.bench import heart_baselines

FS_HZ, DURATION_S = 500.0, 60.0
REPEATS = 9
GEOPHONE = Geophone()


def median_ms(run: Callable[[], object]) -> float:
    """Median time of a call, ms."""
    run()
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return 1e3 * statistics.median(took)


def ours(counts: npt.NDArray[np.int32], shuffles: int) -> None:
    """Counts to a finding."""
    state = heart_state(4, 2, FS_HZ, shuffles)
    find_heart(listen(counts, np.ones(counts.shape, bool), state))


def usual(counts: npt.NDArray[np.int32]) -> None:
    """Detrend, response removal, filter (obspy) and beat finding (neurokit2, else obspy's triggers)."""
    stream = Stream([Trace(row.astype(float), {"sampling_rate": FS_HZ}) for row in counts])
    w = 2 * np.pi * GEOPHONE.natural_frequency_hz
    root = -w * GEOPHONE.damping + 1j * w * np.sqrt(1 - GEOPHONE.damping**2)
    response = {"poles": [root, root.conjugate()], "zeros": [0j, 0j], "gain": 1.0, "sensitivity": 1.0}
    stream.detrend("linear")
    stream.simulate(paz_remove=response, water_level=60.0)
    stream.filter("bandpass", freqmin=1.0, freqmax=20.0, corners=4)
    x = np.stack([trace.data for trace in stream])
    heart_baselines.baselines()[beat_finder()](x, FS_HZ)


def beat_finder() -> str:
    """Return neurokit2's method where it is installed, else obspy's."""
    return "c1" if "c1" in heart_baselines.baselines() else "c2"


def second_ms(counts: npt.NDArray[np.int32]) -> tuple[float, float]:
    """Median and longest time of a lane's second: 500 new samples and a finding, ms."""
    state, took = heart_state(4, 2, FS_HZ), []
    for at in range(0, counts.shape[1], round(FS_HZ)):
        piece = counts[:, at : at + round(FS_HZ)]
        began = time.perf_counter()
        state = listen(piece, np.ones(piece.shape, bool), state)
        find_heart(state)
        took.append(1e3 * (time.perf_counter() - began))
    return statistics.median(took[15:]), max(took)


def hour_kb(counts: npt.NDArray[np.int32]) -> tuple[float, float]:
    """Traced memory after the first minutes and after an hour, kB."""
    state = heart_state(4, 2, FS_HZ)
    tracemalloc.start()
    held = []
    for minute in range(60):
        for at in range(0, counts.shape[1], 10 * round(FS_HZ)):
            piece = counts[:, at : at + 10 * round(FS_HZ)]
            state = listen(piece, np.ones(piece.shape, bool), state)
        if minute in (4, 59):
            held.append(tracemalloc.get_traced_memory()[0] / 1e3)
    tracemalloc.stop()
    return held[0], held[1]


def main() -> None:
    """Measure and print."""
    spec = draw_vibration(7, Condition.WIND_3_5, 1)
    counts = record_vibration(spec, DURATION_S, FS_HZ).counts
    transform = median_ms(lambda: fft.rfft(counts.astype(float), axis=1))
    table = Table("60 s x 6 channels x 500 Hz", "ms", "x rfft", "promised")
    rows = (
        ("scipy.fft.rfft of the array", transform, ""),
        ("detector alone", median_ms(lambda: ours(counts, 0)), "100"),
        ("with its null", median_ms(lambda: ours(counts, 32)), "400"),
        (f"obspy and beat finding ({beat_finder()})", median_ms(lambda: usual(counts)), "10 x ours"),
    )
    for name, took, promised in rows:
        table.add_row(name, f"{took:.1f}", f"{took / transform:.0f}", promised)
    median, longest = second_ms(counts)
    table.add_row("a lane's second, median", f"{median:.1f}", "", "50 ms")
    table.add_row("a lane's second, longest", f"{longest:.1f}", "", "50 ms")
    early, late = hour_kb(counts)
    table.add_row("memory after 5 / 60 min, kB", f"{early:.0f} / {late:.0f}", "", "flat")
    Console().print(table)


if __name__ == "__main__":
    main()
