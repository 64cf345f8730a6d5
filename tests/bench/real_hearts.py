"""Detection of recorded hearts: chests, a ballistocardiogram, beds and chairs.

Run by hand:

    python -m tests.bench.real_hearts --data FOLDER [--out DIR] [--subjects tune|test] [--workers 2]
        [--plots docs]

FOLDER holds `mscardio`, `muse_padova` and `rwth_bcg`. Statistics: `real_hearts_statistics.py`;
trials and their nulls: `real_hearts_trials.py`. Answers are kept in DIR and taken up again; DIR then
holds real-hearts-SUBJECTS.json and .md.
"""

from __future__ import annotations

import argparse
import json
import math
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.real_hearts_answers import complete
from tests.bench.real_hearts_beds import bed_p_values
from tests.bench.real_hearts_plots import plot
from tests.bench.real_hearts_rates import rates
from tests.bench.real_hearts_report import tables
from tests.bench.real_hearts_scoring import all_detections
from tests.bench.real_hearts_statistics import METHODS, methods
from tests.bench.real_hearts_trials import BLOCK, windows

ABSENT = "neurokit2 is not here: `make .venv/.bench` installs it."


def plain(value: Any) -> Any:
    """Return what JSON can hold: infinities and NaN as words."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the recordings of hearts")
    parser.add_argument("--out", type=Path, default=Path("runs/real-hearts"))
    parser.add_argument("--subjects", choices=("tune", "test"), default="test")
    parser.add_argument(
        "--methods", nargs="+", choices=list(METHODS), help="instead of all that can run here"
    )
    parser.add_argument("--blocks", type=int, default=6, help=f"of {BLOCK} empty trials a null and window")
    parser.add_argument("--draws", type=int, default=199, help="of each null for each window of a bed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--first", type=int, help="only so many windows, to try it out")
    parser.add_argument("--plots", type=Path, help="folder for the plots")
    chosen = parser.parse_args(arguments)

    here = methods()
    names = chosen.methods or list(here)
    every = list(islice(windows(chosen.data, chosen.subjects), chosen.first))
    scores = complete(chosen.out, every, names, chosen.blocks, chosen.workers)
    found: dict[str, Any] = {
        "run": {
            "subjects": chosen.subjects,
            "windows": len(every),
            "people": len({window.subject for window in every}),
            "empties": len(every) * chosen.blocks * BLOCK,
            "absent": "" if "pulses" in here else ABSENT,
        },
        "detection": all_detections(scores),
        "rates": rates(chosen.data, {name: here[name] for name in names}),
        "beds": bed_p_values(chosen.data, chosen.out, names, chosen.draws, chosen.workers),
    }
    stem = chosen.out / f"real-hearts-{chosen.subjects}"
    stem.with_suffix(".json").write_text(json.dumps(plain(found), indent=1) + "\n", encoding="utf-8")
    text = tables(found)
    stem.with_suffix(".md").write_text(text, encoding="utf-8")
    Console(highlight=False, soft_wrap=True, markup=False).print(text)
    if chosen.plots:
        plot(found, scores, chosen.plots)


if __name__ == "__main__":
    main()
