"""What the product's refusals cost in the X-ray judgement: the network's score alone beside its evidence.

Run by hand, after `tests.bench.xray_people` with the same --out:

    python -m tests.bench.xray_people_refused --out DIR [--occupied 1000 --empty 2000] [--first 0]

reads the answers kept in DIR and prints, by load, what the score alone detects at the frozen thresholds, and
why passages have no evidence or were in doubt. Nothing is drawn or scored again.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scanner.modalities.xray import DOUBTS
from tests.bench.xray_people import trials_of
from tests.bench.xray_people_answers import Answer, Answers, beams
from tests.bench.xray_people_frozen import Frozen, NotFrozen, read
from tests.bench.xray_people_report import head, row, told
from tests.bench.xray_people_scoring import ALL, LEAST_VISIBLE_M2, LOADS, alarms, pick, share
from tests.bench.xray_people_trials import EMPTY, OCCUPIED


def above(answers: Sequence[Answer], frozen: Frozen) -> npt.NDArray[np.bool_]:
    """Return which scores stand above their frozen threshold, whatever the product says."""
    return np.array([a.score > frozen.threshold(a.beam, a.load) for a in answers], bool)


def by_load(answers: Sequence[Answer], frozen: Frozen, beam: str) -> list[str]:
    """Return a table of detection by the score alone and by the product, of scenes with somebody visible."""
    lines = [f"{beam}: scenes with {LEAST_VISIBLE_M2:g} m2 or more of people visible.", ""]
    lines += head("load", "occupied", "by the score alone", "by the product", "empty", "above the threshold")
    for load in (*LOADS, ALL):
        seen = pick(answers, beam, OCCUPIED, load, LEAST_VISIBLE_M2)
        empty = pick(answers, beam, EMPTY, load)
        lines.append(
            row(
                load,
                f"{len(seen)}",
                told(share(above(seen, frozen)), 3),
                told(share(alarms(seen, frozen)), 3),
                f"{len(empty)}",
                told(share(above(empty, frozen)), 3),
            )
        )
    return [*lines, ""]


def by_reason(answers: Sequence[Answer], frozen: Frozen, beam: str) -> list[str]:
    """Return a table of what was wrong with passages, and how many of them score above the threshold.

    ``xray_seen_`` before a reason: the picture spoke for people all the same.
    """
    lines = [f"{beam}: passages without evidence or of doubt, of them with a score above the threshold.", ""]
    lines += head("reason", "occupied", "above", "empty", "above")
    counts: list[Counter[str]] = []
    for side in (OCCUPIED, EMPTY):
        doubted = [a for a in pick(answers, beam, side) if a.unavailable or a.reason in DOUBTS.values()]
        high = above(doubted, frozen)
        counts.append(Counter(a.reason for a in doubted))
        counts.append(Counter(a.reason for a, over in zip(doubted, high, strict=True) if over))
    for reason in sorted({*counts[0], *counts[2]}):
        lines.append(row(reason or "no score", *(f"{count[reason]}" for count in counts)))
    lines.append(row(ALL, *(f"{count.total()}" for count in counts)))
    return [*lines, ""]


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--occupied", type=int, default=1000)
    parser.add_argument("--empty", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    chosen = parser.parse_args(arguments)
    try:
        frozen = read()
    except NotFrozen as error:
        print(error, file=sys.stderr)
        return 2
    trials = trials_of(chosen.occupied, chosen.empty, chosen.first)
    kept = Answers(chosen.out, frozen.version)
    missing = sum(not kept.of(trial) for trial in trials)
    if missing:
        print(
            f"{missing} of {len(trials)} trials have no answer in {kept.path}: run "
            "python -m tests.bench.xray_people first, with the same --out",
            file=sys.stderr,
        )
        return 2
    answers = kept.all_of(trials)
    for beam in beams():
        print("\n".join([*by_load(answers, frozen, beam), *by_reason(answers, frozen, beam)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
