"""What each method says of each trial on recorded chests, and the scores of one kind of trial together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.bench import (
    real_hearts_bursts,
    real_hearts_noise,
    real_hearts_read,
    real_hearts_statistics,
    real_hearts_trials,
)
from tests.bench.real_hearts_read import FS_HZ
from tests.bench.real_hearts_statistics import METHODS
from tests.bench.real_hearts_store import Store
from tests.bench.real_hearts_trials import Window, trials

SOURCES = (
    real_hearts_bursts,
    real_hearts_noise,
    real_hearts_read,
    real_hearts_statistics,
    real_hearts_trials,
)
Row = tuple[str, str, str, int, str, float]
"""Axes, condition, kind, number, statistic, score."""

Key = tuple[str, str, str, str]
"""Statistic, axes, condition, kind."""


@dataclass(frozen=True)
class Scores:
    """One statistic's scores of one kind of trial: whose ``(n,)``, and what ``(n,)``, NaN = unavailable."""

    subject: npt.NDArray[np.str_]
    value: npt.NDArray[np.float64]


def judge(job: tuple[Window, int], methods: tuple[str, ...]) -> dict[str, list[Row]]:
    """Return each method's rows of one block of a window."""
    out: dict[str, list[Row]] = {name: [] for name in methods}
    for trial in trials(*job):
        usable = np.ones(trial.x.shape[1], bool)
        for name in methods:
            for statistic, found in METHODS[name][0](trial.x, FS_HZ, usable).items():
                score = float(f"{found.score:.7g}")
                out[name].append((trial.axes, trial.condition, trial.kind, trial.number, statistic, score))
    return out


def complete(
    folder: Path, windows: Sequence[Window], methods: Sequence[str], blocks: int, workers: int
) -> dict[Key, Scores]:
    """Compute what is missing, first blocks first, and return all scores.

    All statistics meet the trials of a kind in the same order.
    """
    store = Store(folder, "chests", methods, SOURCES)
    asked = [(f"{window.name}/{block}", (window, block)) for block in range(blocks) for window in windows]
    store.complete(asked, judge, workers, "chests")
    picked: dict[Key, list[tuple[str, float]]] = {}
    for method in methods:
        for key, (window, _) in asked:
            for axes, condition, kind, _, statistic, score in store.of(method, key):
                picked.setdefault((statistic, axes, condition, kind), []).append((window.subject, score))
    return {
        key: Scores(np.array([s for s, _ in rows]), np.array([v for _, v in rows], float))
        for key, rows in picked.items()
    }
