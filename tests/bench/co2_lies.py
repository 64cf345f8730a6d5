"""The CO2 method where one declaration in ten is false, about the cargo or about the closing time.

    python -m tests.bench.co2_lies --occupied 1000 --empty 5000

Thresholds are set on honest empties. Detection and false alarms are counted with
every declaration true, with one in ten false, and on the false ones alone.
"""

from __future__ import annotations

from rich.console import Console
from rich.progress import track

from scanner.simulation.worlds import draw_world
from tests.bench.co2_mix import head, line, options, tell
from tests.bench.co2_ours import answers
from tests.bench.co2_rows import ONE, TWO, row, trials
from tests.bench.co2_scoring import interval, threshold, usable

LIES = {"true": 0.0, "one in ten false": 0.1, "all false": 1.0}

ROWS = tuple(
    row(load, minutes, hold_s, 1)
    for hold_s in (ONE, TWO)
    for load, minutes in (
        ("reefer, frozen", 10.0),
        ("reefer, frozen", 60.0),
        ("reefer, empty", 60.0),
        ("tanker, empty", 60.0),
        ("tanker, liquid", 60.0),
    )
)


def main(arguments: list[str] | None = None) -> None:
    chosen = options(__doc__, 1000, 5000).parse_args(arguments)
    world = draw_world(chosen.world)
    lines = [f"World {chosen.world}, {chosen.occupied} occupied, {chosen.empty} empty trials a cell.", ""]
    lines += head(
        "lorry",
        "closed",
        "probing",
        *(f"{what}, {name}" for name in LIES for what in ("detected", "false alarms")),
    )
    for each in track(ROWS, console=Console(stderr=True)):
        lorries, series, _ = trials(world, each, "threshold", chosen.empty)
        limit = threshold(answers(series, lorries, each.condition).llr, 0.01)
        cells = []
        for share in LIES.values():
            for kind, n in (("occupied", chosen.occupied), ("empty", chosen.empty)):
                lorries, series, _ = trials(world, each, kind, n, lie_share=share)
                alarms = usable(answers(series, lorries, each.condition).llr) > limit
                low, high = interval(int(alarms.sum()), n)
                digits = 2 if kind == "occupied" else 3
                cells.append(f"{alarms.mean():.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]")
        lines.append(line(each.load, each.closed, each.probing, *cells))
    tell(lines, chosen.markdown)


if __name__ == "__main__":
    main()
