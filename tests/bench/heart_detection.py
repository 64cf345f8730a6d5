"""Detection of hearts on simulated vehicles, beside usual methods and what no detector can beat.

Run by hand:

    python -m tests.bench.heart_detection --data FOLDER --out DIR [--seeds tune|test] [--conditions calm ...]
        [--occupied 1000 --empty 5000] [--workers 2] [--kept docs/heart-answers]

Detectors: ours (`heart_ours.py`); a, a best, b, c1, c2 (`heart_baselines.py`); d, e, e1
(`heart_ceiling.py`). Ours answers all trials, the others the first of them (``--few-occupied``,
``--few-empty``). The first ``--sweep`` occupied trials are also played with the heart at every level
from -40 to 20 dB. Calm trials with something that may look like a heart (footsteps, drips, ...) are
added for false alarms.

Answers are kept in DIR and taken up again; DIR then holds results.json, tables.md and plots. With --kept,
answers of an earlier run are taken up from there, and all answers packed there in the end.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from scanner.simulation.vibration_spec import Condition, Confounder
from tests.bench.heart_answers import GROUPS, Answers, Job
from tests.bench.heart_plots import plot
from tests.bench.heart_report import results, tables
from tests.bench.heart_scoring import Table
from tests.bench.heart_trials import Trial


def jobs_of(chosen: argparse.Namespace, conditions: list[Condition]) -> list[Job]:
    """Return everything that is asked, in an order that gives all conditions some trials early."""

    def groups(number: int, few: int) -> tuple[str, ...]:
        return tuple(g for g in chosen.groups if g == "ours" or number < few)

    out = []
    for number in range(max(chosen.occupied, chosen.empty, chosen.confounded)):
        for condition in conditions:
            for occupied, many, few in (
                (True, chosen.occupied, chosen.few_occupied),
                (False, chosen.empty, chosen.few_empty),
            ):
                if number < many:
                    trial = Trial(chosen.seeds, condition, Confounder.NONE, number, occupied)
                    out.append(Job(trial, groups(number, few), occupied and number < chosen.sweep))
        if number < chosen.confounded:
            for confounder in Confounder:
                if confounder is not Confounder.NONE:
                    trial = Trial(chosen.seeds, Condition.CALM, confounder, number, False)
                    simple = tuple(g for g in groups(number, chosen.few_empty) if g != "ceiling")
                    out.append(Job(trial, simple, False))
    return [job for job in out if job.groups]


def plain(value: Any) -> Any:
    """Return what JSON can hold: infinities and NaN as words."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with mscardio and rr_intervals")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kept", type=Path, help="folder of packed answers, read and written")
    parser.add_argument("--seeds", choices=("tune", "test"), default="tune")
    names = [condition.value for condition in Condition]
    parser.add_argument("--conditions", nargs="+", choices=names, default=names)
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--occupied", type=int, default=1000)
    parser.add_argument("--empty", type=int, default=5000)
    parser.add_argument("--few-occupied", type=int, default=300, help="for baselines and ceilings")
    parser.add_argument("--few-empty", type=int, default=1000, help="for baselines and ceilings")
    parser.add_argument("--confounded", type=int, default=1000, help="empty trials a confounder")
    parser.add_argument("--sweep", type=int, default=150, help="occupied trials at every level")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1)
    chosen = parser.parse_args(arguments)
    conditions = [Condition(name) for name in chosen.conditions]
    jobs = jobs_of(chosen, conditions)
    answers = Answers(chosen.out, chosen.groups, chosen.kept)
    answers.complete(jobs, chosen.data, chosen.workers)
    if chosen.kept:
        answers.keep(chosen.kept)
    found = results(Table(answers, [job.trial for job in jobs]), conditions)
    (chosen.out / "results.json").write_text(json.dumps(plain(found), indent=1), encoding="utf-8")
    text = tables(found, conditions)
    (chosen.out / "tables.md").write_text(text, encoding="utf-8")
    print(text)
    for path in plot(found, conditions, chosen.out):
        print(f"Plot: {path.name}")


if __name__ == "__main__":
    main()
