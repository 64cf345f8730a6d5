"""Time to danger on simulated lorries: how often the 90 % band of minutes to 40 000 ppm holds the truth.

    python -m tests.bench.co2_life --occupied 300

People inside (1 to 10, few more often), closed for any time; the band is the one that
the CO2 evidence publishes at the end of the last dip, the truth is the simulated mass
balance of the room the people are in.
"""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.progress import track

from scanner.life_features import life_features
from scanner.simulation.co2_batch import minutes_to
from scanner.simulation.worlds import draw_world
from tests.bench.co2_mix import BREATHING, QUIET, head, line, mixed_rows, options, people, procedures, tell
from tests.bench.co2_posteriors import weighed
from tests.bench.co2_rows import trials
from tests.bench.co2_scoring import interval

LIMIT_PPM = 40_000


def main(arguments: list[str] | None = None) -> None:
    chosen = options(__doc__, 300, 0).parse_args(arguments)
    world = draw_world(chosen.world)
    lines = [f"World {chosen.world}, {chosen.occupied} trials a row; minutes to {LIMIT_PPM} ppm.", ""]
    lines += head(
        "lorry",
        "probing",
        "covered",
        "truth earlier",
        "truth later",
        "no band told",
        "never, in truth",
        "covered where it comes",
    )
    together: dict[str, list[bool]] = {"quiet": [], "breathing": []}
    rows = [
        (name, each)
        for name, hold_s in procedures().items()
        for each in mixed_rows(QUIET + BREATHING, hold_s)
    ]
    for name, each in track(rows, console=Console(stderr=True)):
        inside = people(chosen.occupied, each.key)
        lorries, series, _ = trials(world, each, "occupied", chosen.occupied, persons=inside)
        elapsed = (series.insertion_s[-1] + each.hold_s[-1]) / 60.0
        # 0 where the limit was passed before the first dip or between the dips
        truth = np.maximum(minutes_to(lorries, LIMIT_PPM) - elapsed, 0.0)
        ends = np.full((2, chosen.occupied), np.nan)
        for number, (found, declaration) in enumerate(weighed(series, lorries, each.condition)):
            told = life_features(found.posterior(), declaration, float(lorries.inside_c[number]))
            ends[0, number] = told.get(f"minutes_{LIMIT_PPM}_low", np.nan)
            ends[1, number] = told.get(f"minutes_{LIMIT_PPM}_high", np.nan)
        given = np.isfinite(ends[0]) | np.isinf(ends[0])
        early, late = truth < ends[0], truth > ends[1]
        covered = (given & ~early & ~late)[given]
        together["breathing" if each.load in BREATHING else "quiet"] += covered.tolist()
        lines.append(
            line(
                each.load,
                name,
                _share(covered),
                f"{early[given].mean():.2f}" if given.any() else "–",
                f"{late[given].mean():.2f}" if given.any() else "–",
                f"{np.mean(~given):.2f}",
                f"{np.isinf(truth).mean():.2f}",
                _share((given & ~early & ~late)[given & np.isfinite(truth)]),
            )
        )
    lines += [""] + [f"All {kind}: {_share(np.array(hits, bool))}." for kind, hits in together.items()]
    tell(lines, chosen.markdown)


def _share(hits: np.ndarray) -> str:
    if not hits.size:
        return "–"
    low, high = interval(int(hits.sum()), hits.size)
    return f"{hits.mean():.2f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    main()
