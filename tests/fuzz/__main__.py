"""``make fuzz``: every engine on every codec, a line of progress each, and a table at the end.

``python -m tests.fuzz --codec NAME --input FILE`` repeats one saved input.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.check import Checker
from tests.fuzz.targets import TARGETS

ENGINES = ("hypothesis", "atheris", "kept")
STRUCTURED, KEPT = 3_000, 30_000
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Row:
    """What all engines did to one codec."""

    codec: str
    tried: dict[str, int] = field(default_factory=dict)
    per_s: float = 0.0
    edges: int = 0
    longest_s: float = 0.0
    slowest_bytes_per_s: float = 0.0
    rss_growth: int = 0
    heap_growth: int = 0
    failures: list[str] = field(default_factory=list)


def inputs_of(engine: str, total: int) -> int:
    """Return the engine's share of the inputs: atheris has what the others leave."""
    structured, kept = min(STRUCTURED, total // 10), min(KEPT, total // 10)
    return {"hypothesis": structured, "kept": kept}.get(engine, total - structured - kept)


def run_codec(codec: str, total: int, seed: int, crashes: Path) -> Row:
    """Run the engines one after the other, each in a process of its own."""
    row = Row(codec)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for engine in ENGINES:
            run_engine(row, engine, inputs_of(engine, total), seed, corpus, crashes / codec)
    return row


def run_engine(row: Row, engine: str, inputs: int, seed: int, corpus: Path, crashes: Path) -> None:
    crashes.mkdir(parents=True, exist_ok=True)
    report_file = corpus.parent / f"{engine}.json"
    began = time.monotonic()
    run = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.engines", engine, row.codec),
            *("--inputs", str(inputs), "--seed", str(seed), "--corpus", str(corpus)),
            *("--crashes", str(crashes), "--report", str(report_file)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
    )
    took_s = time.monotonic() - began
    report: dict[str, Any] = json.loads(report_file.read_text("utf-8")) if report_file.exists() else {}
    tried = max(
        report.get("tried", 0), *map(int, re.findall(r"number_of_executed_units: (\d+)", run.stdout)), 0
    )
    row.tried[engine] = tried
    row.longest_s = max(row.longest_s, report.get("longest_s", 0.0))
    row.heap_growth = max(row.heap_growth, report.get("heap_growth", 0))
    if engine == "atheris":
        row.per_s = tried / took_s
        row.edges = max(map(int, re.findall(r"cov: (\d+)", run.stdout)), default=0)
    if engine == "kept":
        # not of the atheris run: what traces comparisons there keeps the arrays that it saw
        row.rss_growth = report.get("rss_end", 0) - report.get("rss_start", 0)
        row.slowest_bytes_per_s = report.get("slowest_bytes_per_s", 0.0)
    why = report.get("failure", "")
    if run.returncode or why:
        saved = report.get("saved") or ", ".join(re.findall(r"Test unit written to (\S+)", run.stdout))
        log = crashes / f"{engine}.log"
        log.write_text(run.stdout, encoding="utf-8")
        row.failures.append(f"{engine}: {why or f'ended with {run.returncode}'} | see {log}")
        if saved:
            row.failures.append(f"  repeat: python -m tests.fuzz --codec {row.codec} --input {saved}")
    elif tried < inputs * 0.99:
        row.failures.append(f"{engine}: only {tried} of {inputs} inputs were tried")
        why = why or "stopped"
    state = f"FAILED: {why or run.returncode}" if run.returncode or why else "ok"
    print(f"{row.codec:16} {engine:10} {tried:>9,} inputs in {took_s:6.1f} s  {state}", flush=True)


def repeat(codec: str, file: Path) -> None:
    """Check one saved input with every check; a failure ends with its trace."""
    Checker(TARGETS[codec], thorough=True).one(file.read_bytes())
    Checker(TARGETS[codec]).one(file.read_bytes())
    print(f"{codec}: nothing wrong with {file}")


def print_table(rows: list[Row]) -> None:
    heads = (
        "atheris",
        "hypothesis",
        "kept",
        "inputs/s",
        "edges",
        "longest ms",
        "slowest MB/s",
        "RSS +MB",
        "heap +kB",
    )
    print(f"\n{'codec':16} " + " ".join(f"{head:>12}" for head in heads))
    for row in rows:
        cells = (
            f"{row.tried.get('atheris', 0):,}",
            f"{row.tried.get('hypothesis', 0):,}",
            f"{row.tried.get('kept', 0):,}",
            f"{row.per_s:,.0f}",
            str(row.edges),
            f"{1e3 * row.longest_s:.1f}",
            f"{row.slowest_bytes_per_s / 1e6:.1f}",
            f"{row.rss_growth / 1e6:.1f}",
            f"{row.heap_growth / 1e3:.1f}",
        )
        print(f"{row.codec:16} " + " ".join(f"{cell:>12}" for cell in cells))
    total = sum(sum(row.tried.values()) for row in rows)
    print(f"{len(rows)} codecs, {total:,} inputs, {sum(bool(row.failures) for row in rows)} codecs failed")
    for row in rows:
        for failure in row.failures:
            print(f"{row.codec}: {failure}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the codecs.")
    parser.add_argument(
        "--codec", action="append", choices=sorted(TARGETS), help="this one alone; may be repeated"
    )
    parser.add_argument("--inputs", type=int, default=1_000_000, help="inputs for each codec, by all engines")
    parser.add_argument("--jobs", type=int, default=1, help="codecs at the same time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--crashes", type=Path, default=ROOT / "build" / "fuzz", help="where failing inputs go"
    )
    parser.add_argument("--input", type=Path, help="repeat this saved input")
    args = parser.parse_args()
    if args.input:
        if not args.codec:
            parser.error("--input needs the --codec it was saved for")
        repeat(args.codec[0], args.input)
        return 0
    began = time.monotonic()
    with ThreadPoolExecutor(args.jobs) as pool:
        codecs = args.codec or list(TARGETS)
        rows = list(pool.map(lambda codec: run_codec(codec, args.inputs, args.seed, args.crashes), codecs))
    print_table(rows)
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if any(row.failures for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
