"""Held-out judgement of the X-ray network on simulated lorries, at both beams.

Run by hand:

    python -m tests.bench.xray_people --freeze [--model FILE]
    python -m tests.bench.xray_people --out DIR [--model FILE] [--empty 2000 --occupied 1000] [--first 0]
        [--workers 2] [--plots DIR]

The first writes tests/bench/xray_people_frozen.json from the model's card (thresholds of validation scenes)
and the files as they are; commit it. The second refuses to start when anything differs from that file.
Scenes are drawn from tests/bench/xray_people.toml, seeds 30 000 000 and on, both beams of each lorry, and the
twin of each occupied one. Who changes the product after he saw figures takes other seeds: ``--first`` is the
number of the first lorry of each kind. Answers are kept in DIR and taken up again; DIR then holds
results.json and tables.md.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from functools import partial
from pathlib import Path
from typing import Any

from models.runtime import ImageModel, shipped_model
from tests.bench.xray_people_answers import Answers, MakeJudge, beams
from tests.bench.xray_people_frozen import FROZEN, Frozen, NotFrozen, check, read, settle, write
from tests.bench.xray_people_judge import ModelJudge
from tests.bench.xray_people_report import tables
from tests.bench.xray_people_scoring import results
from tests.bench.xray_people_trials import Trial


def trials_of(occupied: int, empty: int, first: int = 0) -> list[Trial]:
    """Return everything that is asked, both kinds spread evenly over the run, each from number ``first``.

    >>> [(t.number, t.occupied) for t in trials_of(1, 2)]
    [(0, False), (0, True), (1, False)]
    """
    each = [((k + 0.5) / occupied, Trial(first + k, True)) for k in range(occupied)]
    each += [((k + 0.5) / empty, Trial(first + k, False)) for k in range(empty)]
    each.sort(key=lambda pair: (pair[0], pair[1].seed))
    return [trial for _, trial in each]


def plain(value: Any) -> Any:
    """Return what JSON can hold: infinities and NaN as words."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def judge_all(
    folder: Path, frozen: Frozen, trials: list[Trial], make: MakeJudge, workers: int
) -> dict[str, Any]:
    """Answer what is missing and write the folder's results.json and tables.md; return the figures."""
    answers = Answers(folder, frozen.version)
    answers.complete(trials, make, workers)
    found = results(answers.all_of(trials), frozen, beams())
    (folder / "results.json").write_text(json.dumps(plain(found), indent=1) + "\n", encoding="utf-8")
    (folder / "tables.md").write_text(tables(found, frozen) + "\n", encoding="utf-8")
    return found


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, freeze or judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--freeze", action="store_true", help="settle model, thresholds, ranges and code")
    parser.add_argument("--model", type=Path, default=shipped_model("xray-people"))
    parser.add_argument("--frozen", type=Path, default=FROZEN, help="file of what was settled")
    parser.add_argument("--out", type=Path, help="folder of answers and tables")
    parser.add_argument("--plots", type=Path, help="folder for plots, as docs")
    parser.add_argument("--occupied", type=int, default=1000)
    parser.add_argument("--empty", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first lorry of each kind")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=2)
    chosen = parser.parse_args(arguments)
    try:
        now = settle(chosen.model, ImageModel(chosen.model, "log_attenuation").card)
        if chosen.freeze:
            write(now, chosen.frozen)
            print(f"Frozen as {now.version}: commit {chosen.frozen.name}")
            return
        if chosen.out is None:
            parser.error("--out is needed: a folder for answers and tables")
        check(read(chosen.frozen), now)
    except NotFrozen as refused:
        sys.exit(str(refused))
    trials = trials_of(chosen.occupied, chosen.empty, chosen.first)
    make = partial(ModelJudge, chosen.model)
    found = judge_all(chosen.out, now, trials, make, chosen.workers)
    print(tables(found, now))
    if chosen.plots:
        from tests.bench.xray_people_plots import plot

        for path in plot(Answers(chosen.out, now.version).all_of(trials), now, make(), chosen.plots):
            print(f"Plot: {path.name}")


if __name__ == "__main__":
    main()
