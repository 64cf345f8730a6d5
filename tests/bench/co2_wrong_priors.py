"""False alarms of the CO2 method in worlds that differ by a factor of three from the one it was set in.

    python -m tests.bench.co2_wrong_priors --empty 5000

The 1 % threshold is set on empties of the test world; then volume, leakage and the
cargo's respiration are three times as large or as small, one at a time and all the
bad way (small, tight, strong), everything else of every lorry equal. At most 3 % may alarm.
"""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.progress import track

from scanner.simulation.worlds import draw_world
from tests.bench.co2_mix import head, line, options, tell
from tests.bench.co2_ours import answers
from tests.bench.co2_rows import ONE, TWO, row, trials
from tests.bench.co2_scoring import interval, threshold, usable

FACTORS: dict[str, dict[str, float]] = {
    "as set": {},
    "volume × 3": {"volume": 3.0},
    "volume / 3": {"volume": 1 / 3},
    "leakage × 3": {"leakage": 3.0},
    "leakage / 3": {"leakage": 1 / 3},
    "respiration × 3": {"respiration": 3.0},
    "respiration / 3": {"respiration": 1 / 3},
    "all the bad way": {"volume": 1 / 3, "leakage": 1 / 3, "respiration": 3.0},
}
MOST = 0.03

ROWS = (
    row("reefer, frozen", 10.0, ONE, 1),
    row("reefer, frozen", 60.0, ONE, 1),
    row("reefer, frozen", 10.0, TWO, 1),
    row("reefer, empty", 60.0, ONE, 1),
    row("reefer, produce", 60.0, ONE, 1),
    row("reefer, low-respiring produce", 10.0, ONE, 1),
    row("reefer, meat", 60.0, ONE, 1),
    row("reefer, dry ice", 60.0, ONE, 1),
    row("tanker, empty", 60.0, ONE, 1),
    row("tanker, liquid", 60.0, ONE, 1),
    row("tanker, liquid under CO2", 60.0, ONE, 1),
)


def main(arguments: list[str] | None = None) -> None:
    chosen = options(__doc__, 0, 5000).parse_args(arguments)
    world = draw_world(chosen.world)
    lines = [f"World {chosen.world}, {chosen.empty} empty trials a cell; false alarms, %.", ""]
    lines += head("lorry", "closed", "probing", *FACTORS)
    bad = []
    for each in track(ROWS, console=Console(stderr=True)):
        lorries, series, _ = trials(world, each, "threshold", chosen.empty)
        limit = threshold(answers(series, lorries, each.condition).llr, 0.01)
        cells = []
        for name, factors in FACTORS.items():
            lorries, series, _ = trials(world.scaled(**factors), each, "empty", chosen.empty)
            alarms = usable(answers(series, lorries, each.condition).llr) > limit
            low, high = interval(int(alarms.sum()), alarms.size)
            cells.append(f"{100 * alarms.mean():.1f} [{100 * low:.1f}, {100 * high:.1f}]")
            if np.mean(alarms) >= MOST:
                bad.append(f"{each.load}, {each.closed}, {each.probing}, {name}: {100 * alarms.mean():.1f} %")
        lines.append(line(each.load, each.closed, each.probing, *cells))
    tell([*lines, "", *(f"not below {MOST:.0%}: {text}" for text in bad)], chosen.markdown)


if __name__ == "__main__":
    main()
