"""How well the CO2 method counts people: error of the posterior mean and coverage of its 90 % interval.

    python -m tests.bench.co2_counts --occupied 100

Simulated lorries of quiet loads, closed for any time, 1 to 10 people, so many
trials of each number; probed by one dip of 120 s and by two of 60 s.
"""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.progress import track

from scanner.signals.co2_posterior import weighted_quantiles
from scanner.signals.co2_prior import COUNTS
from scanner.signals.co2_ratio import count_posterior, summed
from scanner.simulation.worlds import draw_world
from tests.bench.co2_mix import MOST_PEOPLE, QUIET, head, line, mixed_rows, options, procedures, tell
from tests.bench.co2_posteriors import weighed
from tests.bench.co2_rows import trials
from tests.bench.co2_scoring import interval


def main(arguments: list[str] | None = None) -> None:
    chosen = options(__doc__, 100, 0).parse_args(arguments)
    world = draw_world(chosen.world)
    lines = [
        f"World {chosen.world}, {MOST_PEOPLE * chosen.occupied} trials a row, given somebody inside.",
        "",
    ]
    lines += head("lorry", "probing", "mean error", "mean size of error", "of truth", "90 % interval covers")
    by_number: dict[int, list[tuple[float, bool]]] = {}
    rows = [(name, each) for name, hold_s in procedures().items() for each in mixed_rows(QUIET, hold_s)]
    for name, each in track(rows, console=Console(stderr=True)):
        truth = 1 + np.arange(MOST_PEOPLE * chosen.occupied) % MOST_PEOPLE
        lorries, series, _ = trials(world, each, "occupied", truth.size, persons=truth)
        means, covered = np.zeros(truth.size), np.zeros(truth.size, bool)
        for number, (found, _) in enumerate(weighed(series, lorries, each.condition)):
            by_count = count_posterior(found.so_far.prior, summed(found.so_far.nodes))[0]
            low, high = weighted_quantiles(COUNTS, by_count, [0.05, 0.95])
            means[number] = float(by_count @ COUNTS)
            covered[number] = low <= truth[number] <= high
        error = means - truth
        for many in range(1, MOST_PEOPLE + 1):
            mine = truth == many
            by_number.setdefault(many, []).extend(zip(error[mine], covered[mine], strict=True))
        ends = interval(int(covered.sum()), covered.size)
        lines.append(
            line(
                each.load,
                name,
                f"{error.mean():+.1f}",
                f"{np.abs(error).mean():.1f}",
                f"{np.mean(np.abs(error) / truth):.0%}",
                f"{covered.mean():.2f} [{ends[0]:.2f}, {ends[1]:.2f}]",
            )
        )
    lines += ["", *head("people", "mean error", "mean size of error", "90 % interval covers")]
    for many, found_of in by_number.items():
        errors, hits = (np.array(x) for x in zip(*found_of, strict=True))
        ends = interval(int(hits.sum()), hits.size)
        lines.append(
            line(
                many,
                f"{errors.mean():+.1f}",
                f"{np.abs(errors).mean():.1f}",
                f"{hits.mean():.2f} [{ends[0]:.2f}, {ends[1]:.2f}]",
            )
        )
    tell(lines, chosen.markdown)


if __name__ == "__main__":
    main()
