"""Hearts of several people at once: how often any is heard, by how many there are.

    python -m tests.bench.heart_people [--numbers 200] [--workers 2]

Simulated hearts, each at its own rate, strength and place; everybody breathes and moves.
Found = the p-value says 1 % or less, and the evidence is not refused. The same vehicle
and noise carry one, two, four and eight people.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import numpy as np
from rich.progress import track

from scanner.simulation.vibration import ROLES, record_vibration
from scanner.simulation.vibration_spec import Condition, Confounder, draw_vibration
from tests.bench.heart_ours import find
from tests.bench.heart_scoring import RATE, share
from tests.bench.heart_trials import DURATIONS_S, FS_HZ, LONGEST_S, Trial

PEOPLE = (1, 2, 4, 8)
CONDITIONS = (Condition.CALM, Condition.WIND_3_5, Condition.WIND_5_7, Condition.UNIT)
FIRST_NUMBER = 800_000
"""Numbers that the heart bench does not reach."""


def hear(job: tuple[Condition, int, int]) -> list[bool]:
    """Tell for each of `DURATIONS_S` whether a heart is found."""
    condition, people, number = job
    trial = Trial("test", condition, Confounder.NONE, FIRST_NUMBER + number, occupied=True)
    spec = draw_vibration(trial.seed, condition, people)
    counts = record_vibration(spec, LONGEST_S, FS_HZ).counts
    answers = find(counts, ROLES, FS_HZ, DURATIONS_S, spec.mass_t)
    return [answer["p_value"] <= RATE and not answer["unavailable"] for answer in answers]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--numbers", type=int, default=200, help="vehicles a condition")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    jobs = list(product(CONDITIONS, PEOPLE, range(chosen.numbers)))
    with ProcessPoolExecutor(chosen.workers) as pool:
        heard = list(track(pool.map(hear, jobs, chunksize=8), "listening", total=len(jobs)))
    found = np.array(heard).reshape(len(CONDITIONS), len(PEOPLE), chosen.numbers, len(DURATIONS_S))
    print("| condition | people | " + " | ".join(f"{s:g} s" for s in DURATIONS_S) + " |")
    print("|---" * (2 + len(DURATIONS_S)) + "|")
    for condition, by_people in zip(CONDITIONS, found, strict=True):
        for people, hits in zip(PEOPLE, by_people, strict=True):
            shares = [share(hits[:, k]) for k in range(len(DURATIONS_S))]
            cells = [f"{s['share']:.2f} [{s['low']:.2f}, {s['high']:.2f}]" for s in shares]
            print(f"| {condition.value} | {people} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
