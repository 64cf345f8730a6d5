"""Whether the CO2 method's likelihood ratios are true: Cllr, Cllr_min and a reliability diagram.

    python -m tests.bench.co2_reliability --occupied 500 --empty 500 [--fit 2000] [--plots DIR]

All loads, closed for any time, one dip or two, 1 to 10 people. Raw ratios, and ratios
behind the shipped mapping (one fit a cargo), or with ``--fit`` one fitted here as the product
fits it, on worlds of its own. Cargo that breathes is never cleared: at least 0 behind the mapping.
Trials that the method would not answer yet are left out and counted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import Progress
from scipy import special

from calibration.evidence import ScoreCalibration, fit_score_calibration
from calibration.store import load_calibrations
from scanner.co2_trials import answers, fit_scores
from scanner.simulation.worlds import draw_world
from scanner.vehicle import BREATHING, CargoClass
from tests.bench.co2_mix import head, line, mixed_rows, options, people, procedures, tell
from tests.bench.co2_rows import LOADS, trials
from tests.bench.co2_scoring import cllr, cllr_min, interval

Array = npt.NDArray[np.float64]
Pair = tuple[Array, Array]
Found = dict[tuple[str, str], Pair]

LEAST_IN_BIN = 20


def scores(world_seed: int, occupied: int, empty: int) -> tuple[Found, int]:
    """Return raw ratios of occupied and empty trials by load and probing, and how many got no answer."""
    world, out, unanswered = draw_world(world_seed), {}, 0
    with Progress(console=Console(stderr=True)) as bar:
        rows = [(name, each) for name, hold_s in procedures().items() for each in mixed_rows(hold_s=hold_s)]
        for name, each in bar.track(rows, description=f"world {world_seed}"):
            pair = []
            for kind, n in (("occupied", occupied), ("empty", empty)):
                lorries, series, _ = trials(world, each, kind, n, persons=people(n, each.key))
                said = answers(series, lorries, each.condition)
                pair.append(said.llr[said.known])
                unanswered += int((~said.known).sum())
            out[each.load, name] = (pair[0], pair[1])
    return out, unanswered


def mappings(fit_a_batch: int) -> dict[CargoClass, ScoreCalibration]:
    """Return the mapping of each cargo: shipped (0), or fitted on so many lorries a batch."""
    cargoes = dict.fromkeys(condition.cargo for _, condition in LOADS.values())
    if not fit_a_batch:
        return {cargo: load_calibrations().lookup("co2", cargo.value) for cargo in cargoes}
    drawn: dict[CargoClass, list[Pair]] = {cargo: [] for cargo in cargoes}
    for cargo, llr, occupied in fit_scores(fit_a_batch):
        drawn[cargo].append((llr, occupied.astype(float)))
    return {
        cargo: fit_score_calibration(
            "co2",
            cargo.value,
            np.concatenate([llr for llr, _ in parts]),
            np.concatenate([truth for _, truth in parts]) > 0,
            "bench",
        )
        for cargo, parts in drawn.items()
    }


def mapped(raw: Found, fits: dict[CargoClass, ScoreCalibration]) -> Found:
    """Return ratios as the evidence states them."""
    out: Found = {}
    for (load, probing), pair in raw.items():
        cargo = LOADS[load][1].cargo
        fit = fits[cargo]
        least = 0.0 if cargo in BREATHING else fit.llr_min
        stated = [np.clip(fit.slope * x + fit.intercept, least, fit.llr_max) for x in pair]
        out[load, probing] = (stated[0], stated[1])
    return out


def pooled(found: Found) -> Pair:
    """Return all occupied and all empty trials together."""
    occupied = np.concatenate([pair[0] for pair in found.values()])
    return occupied, np.concatenate([pair[1] for pair in found.values()])


def reliability(pair: Pair, edges: Array) -> list[tuple[float, float, float, float, int]]:
    """Return mean stated probability, share occupied, its 95 % ends and number for each bin, even prior."""
    stated = special.expit(np.concatenate(pair))
    truth = np.arange(stated.size) < pair[0].size
    place = np.digitize(stated, edges)
    out = []
    for number in np.unique(place):
        here = place == number
        if here.sum() >= LEAST_IN_BIN:
            hits = int(truth[here].sum())
            low, high = interval(hits, int(here.sum()))
            out.append((float(stated[here].mean()), hits / float(here.sum()), low, high, int(here.sum())))
    return out


def plot(shown: dict[str, Pair], folder: Path) -> Path:
    """Draw the reliability diagram."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5.5, 5), layout="constrained")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    for name, pair in shown.items():
        stated, share, low, high, _ = np.array(reliability(pair, np.linspace(0, 1, 11)[1:-1])).T
        axes.errorbar(stated, share, [share - low, high - share], marker="o", label=name, capsize=2)
    axes.set(xlabel="stated probability of somebody inside (even prior)", ylabel="share occupied")
    axes.legend()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "co2-reliability.png"
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
    return path


def main(arguments: list[str] | None = None) -> None:
    parser = options(__doc__, 500, 500)
    parser.add_argument("--fit", type=int, default=0, help="fit a mapping here on so many lorries a batch")
    parser.add_argument("--plots", type=Path)
    chosen = parser.parse_args(arguments)
    raw, unanswered = scores(chosen.world, chosen.occupied, chosen.empty)
    stated = mapped(raw, mappings(chosen.fit))
    lines = [
        f"World {chosen.world}, {chosen.occupied} occupied, {chosen.empty} empty trials a row; bits.",
        "",
    ]
    lines += head("lorry", "probing", "Cllr raw", "Cllr stated", "Cllr_min", "lost to the mapping")
    for name, pair in stated.items():
        cost, least = cllr(*pair), cllr_min(*pair)
        cells = (f"{x:.3f}" for x in (cllr(*raw[name]), cost, least, cost - least))
        lines.append(line(*name, *cells))
    for name, found in (("raw", raw), ("stated", stated)):
        cost, least = cllr(*pooled(found)), cllr_min(*pooled(found))
        lines += [
            "",
            f"All together, {name}: Cllr {cost:.3f}, Cllr_min {least:.3f}, difference {cost - least:.3f}.",
        ]
    lines += [
        "",
        f"Not answered: {unanswered} trials.",
        "",
        *head("stated", "share occupied", "95 %", "trials"),
    ]
    for probability, share, low, high, n in reliability(pooled(stated), np.linspace(0, 1, 11)[1:-1]):
        lines.append(line(f"{probability:.2f}", f"{share:.2f}", f"{low:.2f} to {high:.2f}", n))
    if chosen.plots:
        lines += ["", f"Plot: {plot({'raw': pooled(raw), 'stated': pooled(stated)}, chosen.plots).name}"]
    tell(lines, chosen.markdown)


if __name__ == "__main__":
    main()
