"""Held-out simulated lorries through the shipped calibrations: what was recommended, and how true that is.

Run by hand: ``python -m tests.bench.lorries --lorries 720 [--sequential]``. The
lorries come from `scanner.fitting.TEST_SEED`, which no fit has seen; nothing is
tuned on them. With ``--sequential`` each is assessed every second until the
decision is final, as in a lane; without, once.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial

from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import binomtest

from scanner.evidence import EvidenceState, Recommendation
from scanner.fitting import TEST_SEED, assess_in_sequence, assess_lorry
from scanner.methods import MethodKit, load_kit
from scanner.policy import MODALITIES
from scanner.simulation.items import START_NS
from scanner.trial_lorries import draw_trial

Row = tuple[str, bool, str, dict[str, float], float]


@cache
def kit() -> MethodKit:
    """Load calibrations and models once a process."""
    return load_kit()


def judge(seed: int, sequential: bool, number: int) -> Row:
    """Return kind, truth, recommendation, ready llrs and the time of the decision of one lorry."""
    spec = draw_trial(seed, number)
    assessment = (assess_in_sequence if sequential else assess_lorry)(spec, kit())
    declared = spec.declaration
    ready = {e.modality: e.llr for e in assessment.evidences if e.state is EvidenceState.READY}
    after_s = (assessment.mono_ns - START_NS) / 1e9
    kind = f"{declared.vehicle_class.value} {declared.cargo.value}"
    return kind, spec.occupied, assessment.recommendation.value, ready, after_s


def share(count: int, total: int) -> str:
    """Return a share with its exact 95 % interval."""
    if not total:
        return "–"
    low, high = binomtest(count, total).proportion_ci(method="exact")
    return f"{count / total:.3f} [{low:.3f}, {high:.3f}]"


def recommendations(rows: list[Row]) -> Table:
    """Tabulate recommendations by kind and truth."""
    table = Table(title="recommendation")
    for heading in ("lorries", "n", *(r.value for r in Recommendation), "median s"):
        table.add_column(heading)
    kinds = ["all", *sorted({row[0] for row in rows})]
    for kind in kinds:
        for occupied in (False, True):
            chosen = [row for row in rows if kind in ("all", row[0]) and row[1] is occupied]
            if not chosen:
                continue
            counts = Counter(row[2] for row in chosen)
            said = [share(counts[r.value], len(chosen)) for r in Recommendation]
            after_s = sorted(row[4] for row in chosen)[len(chosen) // 2]
            truth = "occupied" if occupied else "empty"
            table.add_row(f"{kind}, {truth}", str(len(chosen)), *said, f"{after_s:.0f}")
    return table


def methods(rows: list[Row]) -> Table:
    """Tabulate each method alone: AUC over lorries where it answered, and how often it did not."""
    table = Table(title="each method alone")
    for heading in (
        "method",
        "answered of empty",
        "answered of occupied",
        "AUC",
        "llr > 0 | empty",
        "llr > 0 | occ.",
    ):
        table.add_column(heading)
    for name in MODALITIES:
        empty = [row[3][name] for row in rows if not row[1] and name in row[3]]
        occupied = [row[3][name] for row in rows if row[1] and name in row[3]]
        pairs = [(o > e) + 0.5 * (o == e) for o in occupied for e in empty]
        table.add_row(
            name,
            f"{len(empty)} of {sum(not row[1] for row in rows)}",
            f"{len(occupied)} of {sum(row[1] for row in rows)}",
            f"{sum(pairs) / len(pairs):.3f}" if pairs else "–",
            share(sum(v > 0 for v in empty), len(empty)),
            share(sum(v > 0 for v in occupied), len(occupied)),
        )
    return table


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lorries", type=int, default=720)
    parser.add_argument("--seed", type=int, default=TEST_SEED)
    parser.add_argument("--sequential", action="store_true")
    asked = parser.parse_args()
    console = Console(width=160)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        trials = pool.map(partial(judge, asked.seed, asked.sequential), range(asked.lorries), chunksize=2)
        rows = list(track(trials, total=asked.lorries, console=Console(stderr=True)))
    console.print(f"{asked.lorries} lorries, base seed {asked.seed}, calibrations {kit().calibrations.id}")
    console.print(recommendations(rows))
    console.print(methods(rows))


if __name__ == "__main__":
    main()
