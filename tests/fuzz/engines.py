"""One engine on one codec, in a process of its own: ``python -m tests.fuzz.engines atheris wave_stream ...``.

atheris
    Coverage-guided mutations of frames, for the bulk of the inputs.
hypothesis
    Structured inputs: real frames, mutated, cut, joined and mixed with garbage; made small when one fails.
kept
    One decoder that lives on while inputs pass through it: what it holds, what the
    heap grows by, and how slow the slowest input makes it.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import random
import resource
import signal
import sys
import time
import traceback
import tracemalloc
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fuzz.check import Side, Target

TIME_LIMIT_S = 10
LINE_BYTES_PER_S = 92_160  # 921600 Bd: what a decoder must keep up with, whatever comes
KINDS = 3  # of decoders that live on, for each side
RATE_BYTES, RATE_CHUNK, RATE_INPUTS = 65_536, 4096, 200
HEAP_MARGIN = 65_536  # caches of bounded size that are not full at the first measurement
RSS_MARGIN = 4_000_000
REPORT_EVERY = 8192


@dataclass
class Report:
    """What one engine did; written to a file as it goes, for atheris ends the process itself."""

    engine: str
    tried: int = 0
    longest_s: float = 0.0
    rss_start: int = 0
    rss_end: int = 0
    heap_growth: int = 0
    slowest_bytes_per_s: float = 0.0
    failure: str = ""
    saved: str = ""

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")


def rss_bytes() -> int:
    """Memory of this process that is resident now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def save(data: bytes, folder: Path, engine: str) -> str:
    """Write a failing input and return where."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{engine}-{hashlib.sha256(data).hexdigest()[:12]}"
    file.write_bytes(data)
    return str(file)


def seed_inputs(target: Target) -> list[bytes]:
    """Return the inputs that mutation starts from."""
    from tests.fuzz.check import make_input

    seeds = []
    for side in target.sides:
        for number, frame in enumerate(side.frames):
            seeds.append(make_input(target, side, number + 1, frame))
        for number, body in enumerate(side.bodies or side.frames):
            seeds.append(make_input(target, side, number + 1, body, sealed=True))
        seeds.append(make_input(target, side, 0, b"".join(side.frames)))
    return seeds


def run_atheris(args: argparse.Namespace) -> None:
    """Hand over to libFuzzer, which does not return."""
    import atheris

    with atheris.instrument_imports(include=["drivers.codecs"]):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.check import Checker

    target = TARGETS[args.codec]
    checker, report = Checker(target), Report("atheris")
    for number, seed in enumerate(seed_inputs(target)):
        (args.corpus / f"seed-{number:03d}").write_bytes(seed)

    def one(data: bytes) -> None:
        try:
            checker.one(data)
        except BaseException as error:
            report.failure = f"{type(error).__name__}: {error}"
            report.tried = checker.tried
            report.saved = save(data, args.crashes, "atheris")
            report.write(args.report)
            raise
        if checker.tried % REPORT_EVERY == 0 or checker.tried == args.inputs:
            report.tried, report.longest_s = checker.tried, checker.longest_s
            report.write(args.report)

    flags = [
        f"-runs={args.inputs}",
        f"-max_len={target.max_len}",
        f"-seed={args.seed}",
        f"-timeout={TIME_LIMIT_S}",
        f"-artifact_prefix={args.crashes}/atheris-",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
        # edges alone: how often a loop turns says little about a decoder and costs half the speed
        "-use_counters=0",
    ]
    atheris.Setup([sys.argv[0], *flags, str(args.corpus)], one)
    atheris.Fuzz()


def run_hypothesis(args: argparse.Namespace) -> Report:
    """Try structured inputs, and make a failing one small."""
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis import strategies as st

    from tests.fuzz.check import Checker, make_input
    from tests.fuzz.targets import TARGETS

    target = TARGETS[args.codec]
    checker, report = Checker(target, thorough=True), Report("hypothesis")
    failing: list[bytes] = []
    byte = st.integers(0, 255)

    @st.composite
    def part(draw: Any, side: Side) -> bytes:
        kind = draw(st.integers(0, 5))
        if kind == 0:
            return draw(st.binary(max_size=40))
        frame = draw(st.sampled_from(side.frames))
        if kind == 1 and side.seal is not None:
            return side.seal(draw(st.binary(max_size=64)))
        place = draw(st.integers(0, len(frame)))
        if kind == 2:
            return frame[:place]
        if kind == 3:
            return frame[place:]
        if kind == 4:
            changed = bytearray(frame)
            for at, value in draw(st.lists(st.tuples(st.integers(0, len(frame) - 1), byte), max_size=4)):
                changed[at] = value
            return bytes(changed)
        return frame

    @st.composite
    def inputs(draw: Any) -> bytes:
        side = draw(st.sampled_from(target.sides))
        parts = draw(st.lists(part(side), max_size=6))
        return make_input(target, side, draw(byte), b"".join(parts))

    @seed(args.seed)
    @settings(
        max_examples=args.inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs())
    def one(data: bytes) -> None:
        signal.alarm(TIME_LIMIT_S)
        try:
            checker.one(data)
        except BaseException:
            failing.append(data)
            raise
        finally:
            signal.alarm(0)

    try:
        one()
    except Exception as error:
        report.failure = f"{type(error).__name__}: {error}"
        traceback.print_exc()
    if failing:
        report.saved = save(failing[-1], args.crashes, "hypothesis")
    report.tried, report.longest_s = checker.tried, checker.longest_s
    return report


def run_kept(args: argparse.Namespace) -> Report:
    """Let decoders live on, and time what the other engine found."""
    from tests.fuzz.check import Broken, feed_all, held_bytes, make_input, pieces, read_input
    from tests.fuzz.targets import TARGETS

    target = TARGETS[args.codec]
    report = Report("kept")
    inputs = [file.read_bytes() for file in sorted(args.corpus.iterdir())] or seed_inputs(target)
    dice = random.Random(args.seed)
    kept = {(side.name, kind): side.make(kind) for side in target.sides for kind in range(KINDS)}
    history: dict[tuple[str, int], deque[bytes]] = {key: deque(maxlen=400) for key in kept}
    data, settled = b"", 0
    tracemalloc.start()
    try:
        for number in range(args.inputs):
            data = dice.choice(inputs)
            side, kind, wire = read_input(target, data)
            key = (side.name, kind % KINDS)
            history[key].append(data)
            report.tried += 1
            signal.alarm(TIME_LIMIT_S)
            feed_all(kept[key], pieces(wire, dice.randrange(256)))
            signal.alarm(0)
            if number % 32 == 0 and held_bytes(kept[key]) > side.holds:
                raise Broken(f"{held_bytes(kept[key])} bytes are held, {side.holds} are enough")
            if number == args.inputs // 4:
                settled = _codec_heap_bytes()
            if number == args.inputs // 2:
                report.heap_growth = _codec_heap_bytes() - settled
                tracemalloc.stop()
                report.rss_start = rss_bytes()
        report.rss_end = rss_bytes()
        if report.heap_growth > HEAP_MARGIN:
            raise Broken(f"the heap has grown by {report.heap_growth} bytes")
        if report.rss_end - report.rss_start > RSS_MARGIN:
            raise Broken(f"the process has grown by {report.rss_end - report.rss_start} bytes")
        report.slowest_bytes_per_s = float("inf")
        for data in dice.sample(inputs, min(RATE_INPUTS, len(inputs))):
            side, kind, wire = read_input(target, data)
            history[side.name, kind % KINDS] = deque([data])
            rate = bytes_per_s(side, kind, wire)
            report.slowest_bytes_per_s = min(report.slowest_bytes_per_s, rate)
            if rate < LINE_BYTES_PER_S:
                raise Broken(f"decodes {rate:.0f} bytes/s, a line brings {LINE_BYTES_PER_S}")
    except BaseException as error:
        report.failure = f"{type(error).__name__}: {error}"
        traceback.print_exc()
        side, kind, _ = read_input(target, data)
        past = b"".join(read_input(target, each)[2] for each in history[side.name, kind % KINDS])
        report.saved = save(make_input(target, side, kind, past), args.crashes, "kept")
    return report


def _codec_heap_bytes() -> int:
    """Memory that codecs have asked for and still hold; numpy's arrays count."""
    gc.collect()
    codecs = tracemalloc.Filter(True, "*/drivers/codecs/*")
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([codecs]).traces)


def bytes_per_s(side: Side, kind: int, wire: bytes) -> float:
    """Return how fast a decoder takes an input that is repeated, bytes per second of processor time."""
    if not wire:
        return float("inf")
    stream = (wire * (RATE_BYTES // len(wire) + 1))[:RATE_BYTES]
    decoder = side.make(kind)
    began = time.thread_time()
    for at in range(0, RATE_BYTES, RATE_CHUNK):
        decoder.feed(stream[at : at + RATE_CHUNK])
    return RATE_BYTES / max(time.thread_time() - began, 1e-9)


def _too_long(*_: object) -> None:
    raise TimeoutError(f"one input took longer than {TIME_LIMIT_S} s")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["atheris", "hypothesis", "kept"])
    parser.add_argument("codec")
    parser.add_argument("--inputs", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    for folder in ("corpus", "crashes", "report"):
        parser.add_argument(f"--{folder}", type=Path, required=True)
    args = parser.parse_args()
    if args.engine == "atheris":
        run_atheris(args)  # it has an alarm of its own
    else:
        signal.signal(signal.SIGALRM, _too_long)
        (run_hypothesis if args.engine == "hypothesis" else run_kept)(args).write(args.report)


if __name__ == "__main__":
    main()
