"""How large the reference beat must stand above the noise, for how long, to be found: tuning trials.

Each vehicle is recorded empty, and with one simulated heart of the reference's
force or of a share of it (people's motion, too): such a heart stands where the
reference beat would in so much more noise, and its index counts by that share.
Threshold: the score that 1 % of the empty records exceed, over all conditions, by
duration. The limits in ``scanner/signals/heart_limits.py`` are read off what this
prints.

    python -m tests.bench.heart_power [--numbers 60] [--workers 2]
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt
from rich.progress import track

from scanner.signals.heart import find_heart, heart_state, listen
from scanner.signals.heart_limits import EMPTY_T, LADEN_T, reference_counts
from scanner.signals.heart_power import REFERENCE_N, beat_index
from scanner.simulation.priors import stream
from scanner.simulation.vibration import record_vibration
from scanner.simulation.vibration_spec import Condition, Confounder, draw_vibration
from tests.bench.heart_ours import LADEN_FROM_T, RESPONSE
from tests.bench.heart_trials import FS_HZ, Trial

SECONDS = (15, 20, 30, 45, 60)
FIRST_NUMBER = 700_000
"""Numbers that the heart bench does not reach."""

LEVELS = (-1.5, 0.0)
"""Powers of ten between which a heart's share of the reference's force is drawn."""

INDEX_EDGES = (0.0, *np.geomspace(0.125, 8, 13).round(2), np.inf)
FALSE_ALARM = 0.01

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Heard:
    """One record, by `SECONDS`: score and index of the reference beat, NaN before there are any."""

    condition: Condition
    occupied: bool
    score: Array
    index: Array


def hear(job: tuple[Condition, int, bool]) -> Heard:
    condition, number, occupied = job
    trial = Trial("tune", condition, Confounder.NONE, FIRST_NUMBER + number, occupied)
    spec = draw_vibration(trial.seed, condition, int(occupied))
    spec = replace(spec, persons=tuple(replace(p, force_n=REFERENCE_N) for p in spec.persons))
    record = record_vibration(spec, float(SECONDS[-1]), FS_HZ)
    level = 10 ** stream(trial.seed, "level").uniform(*LEVELS) if occupied else 1.0
    counts = np.rint(record.noise + level * (record.heart + record.people))
    state = heart_state(4, 2, FS_HZ)
    mass_t = LADEN_T if spec.mass_t > LADEN_FROM_T else EMPTY_T
    beat = reference_counts([RESPONSE] * 4, state.rate_hz, mass_t)
    score, index, at = np.full(len(SECONDS), np.nan), np.full(len(SECONDS), np.nan), 0
    for k, seconds in enumerate(SECONDS):
        piece = counts[:, at : round(seconds * FS_HZ)]
        state, at = listen(piece, np.ones(piece.shape, bool), state), round(seconds * FS_HZ)
        finding, found = find_heart(state), beat_index(state, beat)
        if finding is not None and found is not None:
            score[k], index[k] = finding.score, level * found
    return Heard(condition, occupied, score, index)


def shares(all_heard: list[Heard], threshold: Array) -> str:
    """Return detections by index and seconds, ``found/trials``, as a Markdown table."""
    found = [h for h in all_heard if h.occupied]
    score, index = np.array([h.score for h in found]), np.array([h.index for h in found])
    lines = _head("index")
    for low, high in pairwise(INDEX_EDGES):
        here = (index >= low) & (index < high)
        hits = (here & (score > threshold)).sum(axis=0)
        cells = [f"{h / n:.2f} of {n}" if n else "" for h, n in zip(hits, here.sum(axis=0), strict=True)]
        lines.append(f"| {low:g} to {high:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def crossings(all_heard: list[Heard], threshold: Array, share: float) -> Array:
    """Return the index at which the share of the found crosses ``share``, by seconds: a logistic fit."""
    found = [h for h in all_heard if h.occupied]
    out = []
    for k in range(len(SECONDS)):
        pairs = [(np.log(h.index[k]), h.score[k] > threshold[k]) for h in found if h.index[k] > 0]
        x, hit = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs], float)
        design = np.stack([np.ones_like(x), x])
        weights = np.zeros(2)
        for _ in range(50):
            chance = 1 / (1 + np.exp(-np.clip(weights @ design, -30, 30)))
            curvature = (design * (chance * (1 - chance))) @ design.T + 1e-3 * np.eye(2)
            weights = weights + np.linalg.solve(curvature, design @ (hit - chance) - 1e-3 * weights)
        out.append(np.exp((np.log(share / (1 - share)) - weights[0]) / weights[1]))
    # longer listening is never worse
    return np.minimum.accumulate(out)


def below(all_heard: list[Heard], limit: Array) -> str:
    """Return how many empty vehicles are refused, by condition, in percent."""
    lines = [
        "| condition | " + " | ".join(f"{s} s" for s in SECONDS) + " |",
        "|---" * (len(SECONDS) + 1) + "|",
    ]
    for condition in Condition:
        here = [h.index < limit for h in all_heard if h.condition is condition and not h.occupied]
        lines.append(
            f"| {condition.value} | " + " | ".join(f"{100 * x:.0f}" for x in np.mean(here, 0)) + " |"
        )
    return "\n".join(lines)


def _head(first: str) -> list[str]:
    return [f"| {first} | " + " | ".join(f"{s} s" for s in SECONDS) + " |", "|---" * (len(SECONDS) + 1) + "|"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--numbers", type=int, default=60, help="vehicles a condition and side")
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args()
    jobs = list(product(Condition, range(chosen.numbers), (False, True)))
    with ProcessPoolExecutor(chosen.workers) as pool:
        heard = list(track(pool.map(hear, jobs, chunksize=8), "listening", total=len(jobs)))
    empty = np.array([h.score for h in heard if not h.occupied])
    threshold = np.nanquantile(empty, 1 - FALSE_ALARM, axis=0)
    print("threshold at 1 %:", threshold.round(2))
    print("\nFound at 1 % false alarms, by index of the reference beat and seconds:\n")
    print(shares(heard, threshold))
    for share in (0.1, 0.5):
        print(f"\nindex at which {share:g} are found:", crossings(heard, threshold, share).round(2))
    print("\nbelow the index at which 0.1 are found, percent of the empty vehicles:\n")
    print(below(heard, crossings(heard, threshold, 0.1)))


if __name__ == "__main__":
    main()
