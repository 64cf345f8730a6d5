"""What X-ray evidence costs: chain, network and memory, other number formats and another engine.

``python -m tests.bench.xray_speed [--model FILE] [--repeats 7]``: 1024 pixels by 4096 lines of 16 bits, from
blocks of lines to evidence as the product does it; medians of repeats that take turns. The 8-bit network
needs `onnx` (the training extra) and is left out without it.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from rich.console import Console
from rich.progress import track
from rich.table import Table

from calibration.store import load_calibrations
from drivers.api import LineBlock, LineKind
from models.runtime import shipped_model
from models.training.xray_pictures import spec_of
from scanner.modalities.xray import XrayModality
from scanner.signals.xray_chain import chain_state, feed, finish
from scanner.signals.xray_scan import Setup
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.lines import line_blocks
from scanner.simulation.xray.passage import ENCODER_UM_PER_COUNT, Passage, drive_through
from scanner.simulation.xray.ranges import read_ranges
from scanner.simulation.xray.scene import SceneSpec, draw_scene
from tests.bench.xray_people_judge import NOMINAL_KV, OneBeam, product_evidence
from tests.bench.xray_people_trials import declaration_of

PIXELS, LINES = 1024, 4096
SEED = 29_000_000
CALIBRATION_SCENES = 6
REPEATS = 7
THREADS = (1, 2)
APART = 0.5
"""Logits further apart than that are another network's; 8 bits are nearer."""

Planes = npt.NDArray[np.float32]


class _TimedSession:
    """A session that keeps how long its runs took and what they were given."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self.took_s = self.worked_s = 0.0
        self.given: Planes | None = None

    def run(self, names: list[str] | None, planes: Mapping[str, Planes]) -> list[Planes]:
        began, worked = time.perf_counter(), time.process_time()
        out: list[Planes] = self._session.run(names, planes)
        self.took_s += time.perf_counter() - began
        self.worked_s += time.process_time() - worked
        (self.given,) = planes.values()
        return out


class _Timed(OneBeam):
    """A model whose session is timed."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, NOMINAL_KV[Beam.LINAC])
        self._session = self.timed = _TimedSession(self._session)


def scene(seed: int, pixels: int, lines: int) -> tuple[SceneSpec, Passage]:
    """Return a lorry at 6 MV with people in it, in a portal of 4.5 m."""
    low = read_ranges().but(geometry={"top_m": [4.45, 4.45], "bottom_m": [-0.05, -0.05]})
    spec = replace(spec_of(seed, Beam.LINAC, "validation", low), n_pixels=pixels, n_lines=lines)
    return spec, drive_through(draw_scene(spec))


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds from lines to evidence and those of them in the session: by the clock, and of processors."""

    total_s: float
    run_s: float
    total_worked_s: float
    run_worked_s: float


def evidence_cost(model: _Timed, spec: SceneSpec, passage: Passage) -> Cost:
    """Make evidence of a passage and return what it cost."""
    model.timed.took_s = model.timed.worked_s = 0.0
    method = XrayModality(load_calibrations(), model)
    began, worked = time.perf_counter(), time.process_time()
    evidence = product_evidence(method, passage, NOMINAL_KV[Beam.LINAC], declaration_of(spec))
    took, worked = time.perf_counter() - began, time.process_time() - worked
    if evidence.score is None:
        code = "nothing" if evidence.reason is None else evidence.reason.code
        raise SystemExit(f"no score of the bench's scene ({code}): choose another SEED")
    return Cost(took, model.timed.took_s, worked, model.timed.worked_s)


def live_s(blocks: list[LineBlock], mm_per_px: float) -> tuple[float, float]:
    """Return seconds of the chain while lines come, and at the end."""
    state = chain_state(Setup(mm_per_px, encoder_um_per_count=float(ENCODER_UM_PER_COUNT)))
    began = time.perf_counter()
    for block in blocks:
        _, state = feed(block, state)
    passed = time.perf_counter()
    finish(state)
    return passed - began, time.perf_counter() - passed


def peak_bytes(act: Callable[[], object]) -> int | None:
    """Return by how much a call raises the most memory this process holds; None where nobody tells."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what earlier work gave back is not free for this one
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        reset.write_text("5")
        before = _held(status, "VmRSS")
        act()
        return _held(status, "VmHWM") - before
    except OSError:
        return None


def _held(status: Path, name: str) -> int:
    line = next(n for n in status.read_text().splitlines() if n.startswith(f"{name}:"))
    return 1024 * int(line.split()[1])


def ort_engine(file: Path, threads: int) -> Callable[[Planes], Planes]:
    """Return ONNX Runtime on a file."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    session = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda planes: np.asarray(session.run(None, {name: planes})[0])


def cv_engine(file: Path, threads: int, engine: int) -> Callable[[Planes], Planes]:
    """Return one of OpenCV's engines on a file."""
    net = cv2.dnn.readNetFromONNX(str(file), engine)

    def run(planes: Planes) -> Planes:
        cv2.setNumThreads(threads)
        net.setInput(planes)
        return np.asarray(net.forward())

    return run


def int8_file(file: Path, pictures: list[Planes], folder: Path) -> Path:
    """Write the network in 8 bits, ranges from pictures.

    Raises
    ------
    ImportError : `onnx` is not installed.
    """
    from onnxruntime import quantization

    name = ort.InferenceSession(file, providers=["CPUExecutionProvider"]).get_inputs()[0].name

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(pictures)

        def get_next(self) -> dict[str, Planes] | None:
            planes = next(self.left, None)
            return None if planes is None else {name: planes}

    out = folder / "int8.onnx"
    quantization.quantize_static(file, out, Reader(), per_channel=True)
    return out


def engines(file: Path, pictures: list[Planes], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Return all ways to run the network, by name, and what could not be had and why."""
    found: dict[str, Any] = {f"ONNX Runtime, {n} threads": ort_engine(file, n) for n in THREADS}
    lacking = []
    try:
        small = int8_file(file, pictures, folder)
        found |= {f"ONNX Runtime, int8, {n} threads": ort_engine(small, n) for n in THREADS}
    except ImportError as missing:
        lacking.append(f"int8: {missing.name} is not installed: pip install 'lorryscan[training]'")
    for what, engine in (("new", cv2.dnn.ENGINE_NEW), ("classic", cv2.dnn.ENGINE_CLASSIC)):
        for threads in THREADS:
            name = f"OpenCV, {what} engine, {threads} threads"
            try:
                run = cv_engine(file, threads, engine)
                run(pictures[0])
                found[name] = run
            except cv2.error as error:
                lacking.append(f"{name}: {str(error).strip().splitlines()[0][:160]}")
    return found, lacking


def compare(found: Mapping[str, Callable[[Planes], Planes]], pictures: list[Planes], repeats: int) -> Table:
    """Time all engines in turn on the same pictures, and how far their maps are from the first one's."""
    first = next(iter(found.values()))
    truth = [first(p) for p in pictures]
    apart = {
        name: max(float(np.abs(run(p) - t).max()) for p, t in zip(pictures, truth, strict=True))
        for name, run in found.items()
    }
    took: dict[str, list[float]] = {name: [] for name in found}
    for _ in track(range(repeats), "engines", console=Console(stderr=True), transient=True):
        for name, run in found.items():
            began = time.perf_counter()
            run(pictures[0])
            took[name].append(time.perf_counter() - began)
    table = Table("network alone", "ms", "of the first", "logits apart, most")
    base = statistics.median(next(iter(took.values())))
    for name, times in took.items():
        middle = statistics.median(times)
        wrong = "" if apart[name] <= APART else ": WRONG"
        table.add_row(name, f"{1e3 * middle:.1f}", f"{middle / base:.2f}", f"{apart[name]:.2g}{wrong}")
    return table


def costs(model: _Timed, repeats: int, console: Console) -> None:
    """Print what evidence of the large scan costs."""
    spec, passage = scene(SEED, PIXELS, LINES)
    raw = passage.counted.data.nbytes
    cold = peak_bytes(lambda: evidence_cost(model, spec, passage))
    warm = peak_bytes(lambda: evidence_cost(model, spec, passage))
    mm = model.card.mm_per_px
    assert mm is not None
    blocks = list(line_blocks(passage))
    lines = sum(b.line_numbers.size for b in blocks if b.kind is LineKind.DATA)
    whole: list[Cost] = []
    live, end = [], []
    for _ in track(range(repeats), "evidence", console=Console(stderr=True), transient=True):
        whole.append(evidence_cost(model, spec, passage))
        coming, last = live_s(blocks, mm)
        live.append(coming)
        end.append(last)
    around = statistics.median([(c.total_s - c.run_s) / c.run_s for c in whole])
    worked = statistics.median([(c.total_worked_s - c.run_worked_s) / c.run_worked_s for c in whole])
    coming = statistics.median(live)
    table = Table(f"{PIXELS} pixels × {LINES} lines, {mm:g} mm a pixel of the picture", "")
    table.add_row("lines to evidence, ms", f"{1e3 * statistics.median([c.total_s for c in whole]):.0f}")
    table.add_row("of it the network's run, ms", f"{1e3 * statistics.median([c.run_s for c in whole]):.1f}")
    table.add_row("(total − run) / run", f"{around:.1f}")
    table.add_row("the same of processor time", f"{worked:.1f}")
    for name, peak in (("first evidence", cold), ("later ones", warm)):
        text = "not told by this system" if peak is None else f"{peak / raw:.2f}"
        table.add_row(f"peak memory over what was held, {name}, raw scans", text)
    table.add_row("chain, lines a second while they come", f"{lines / coming:.0f}")
    table.add_row("chain, lines a second with the end", f"{lines / (coming + statistics.median(end)):.0f}")
    console.print(table)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, default=shipped_model("xray-people"))
    parser.add_argument("--repeats", type=int, default=REPEATS)
    chosen = parser.parse_args([] if arguments is None else arguments)
    console = Console()
    model = _Timed(chosen.model)
    costs(model, chosen.repeats, console)
    pictures = []
    for number in range(CALIBRATION_SCENES):
        evidence_cost(model, *scene(SEED + 1 + number, 256, 1024))
        assert model.timed.given is not None
        pictures.append(model.timed.given)
    with tempfile.TemporaryDirectory() as folder:
        found, lacking = engines(chosen.model, pictures, Path(folder))
        console.print(compare(found, pictures, chosen.repeats))
    for line in lacking:
        console.print(line, highlight=False, markup=False)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
