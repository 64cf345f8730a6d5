"""Detection table of the CO2 method on simulated lorries, beside two plain alarms and two ceilings.

Run by hand:

    python -m tests.bench.co2_detection --occupied 1000 --empty 5000 [--quick] [--world N]
        [--plots DIR] [--markdown FILE] [--workers 2] [--keep DIR]

Detectors:

a        excess over outside air, last 15 s, raw
b        rate of rise behind 1.3 T90
ours     the product's log-likelihood ratio
ours told  the same, of lorries that declare the true closing time; only where asked for
c1       Bayes: knows the generator's priors, the row's people, and what is declared
c1 told  the same, and the true closing time: the ceiling of the row
c2       genie: c1 told, without the transients

Thresholds come from empty trials of their own (seed "threshold"); detection and actual
false alarms are counted on others, in which nobody or the row's people are inside.
At 0.1 % the threshold is pooled over the rows of a group. ``--keep`` stores what the ceilings say, so
that a changed method is compared again in minutes; changed trials or ceilings are noticed.
"""

from __future__ import annotations

import argparse
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import Progress

from scanner.simulation.co2_batch import DipSeries
from scanner.simulation.co2_world import LorryBatch
from scanner.simulation.worlds import World, draw_world
from tests.bench import co2_ceiling, co2_ceiling_air, co2_ours
from tests.bench.co2_ceiling import Ratios, ceiling
from tests.bench.co2_plain import excess_ppm, slope_ppm_per_min
from tests.bench.co2_rows import FEW_ROWS, ROWS, TEST_WORLD, Row, joined, joined_series, trials
from tests.bench.co2_scoring import cllr, cllr_min, holm, interval, loss_interval, mcnemar, threshold, usable

Array = npt.NDArray[np.float64]

KINDS = ("threshold", "empty", "occupied")
DETECTORS = ("a", "b", "ours", "ours told", "c1", "c1 told", "c2")
USUAL = tuple(name for name in DETECTORS if name != "ours told")
CEILINGS = ("c1 told", "c2")
DRAWS = 40_000
NEAR_NATS, LEAST_ESS = 2.0, 30.0


@dataclass(frozen=True)
class Result:
    """Scores of one row by detector and kind of trial; effective draws near the threshold by ceiling."""

    row: Row
    scores: dict[str, dict[str, Array]]
    ess: dict[str, float]

    def detected(self, name: str, rate: float = 0.01, limit: float | None = None) -> npt.NDArray[np.bool_]:
        kinds = self.scores[name]
        return usable(kinds["occupied"]) > (threshold(kinds["threshold"], rate) if limit is None else limit)

    def alarmed(self, name: str, rate: float = 0.01, limit: float | None = None) -> npt.NDArray[np.bool_]:
        kinds = self.scores[name]
        return usable(kinds["empty"]) > (threshold(kinds["threshold"], rate) if limit is None else limit)


def evaluate(
    world_seed: int,
    row: Row,
    occupied: int,
    empty: int,
    draws: int,
    names: tuple[str, ...],
    keep: Path | None = None,
) -> Result:
    """Score every trial of a row by every detector."""
    world = draw_world(world_seed)
    parts = [trials(world, row, kind, occupied if kind == "occupied" else empty) for kind in KINDS]
    lorries = joined([part[0] for part in parts])
    series, calm = (joined_series([part[which] for part in parts]) for which in (1, 2))
    cuts = (empty, 2 * empty)
    found: dict[str, Array] = {
        "a": excess_ppm(series),
        "b": slope_ppm_per_min(series, lorries.t90_s),
    }
    if "ours" in names:
        found["ours"] = co2_ours.answers(series, lorries, row.condition).llr
    if "ours told" in names:
        honest = replace(lorries, declared_minutes=lorries.closed_minutes)
        found["ours told"] = co2_ours.answers(series, honest, row.condition).llr
    ess = {}
    for name, data, transients, told in (
        ("c1", series, True, False),
        ("c1 told", series, True, True),
        ("c2", calm, False, True),
    ):
        if name in names:
            ratios = _kept_ceiling(
                keep,
                world,
                row,
                lorries,
                data,
                transients=transients,
                told_closing=told,
                draws=draws,
            )
            found[name] = ratios.llr
            near = np.abs(ratios.llr - threshold(ratios.llr[:empty], 0.01)) < NEAR_NATS
            ess[name] = float(np.quantile(ratios.ess[near], 0.25)) if near.any() else float("nan")
    scores = {name: dict(zip(KINDS, np.split(values, cuts), strict=True)) for name, values in found.items()}
    return Result(row, scores, ess)


def _kept_ceiling(
    keep: Path | None, world: World, row: Row, lorries: LorryBatch, data: DipSeries, **how: Any
) -> Ratios:
    """Return what a ceiling says, from a file where it said so before of the same trials."""
    path = None
    if keep is not None:
        code = "".join(
            Path(module.__file__ or "").read_text("utf-8") for module in (co2_ceiling, co2_ceiling_air)
        )
        told = np.nan_to_num(np.concatenate([data.inside_ppm.ravel(), lorries.declared_minutes]))
        number = zlib.crc32(told.tobytes() + f"{world.values}{row}{how}{code}".encode())
        path = keep / f"{number:08x}.npz"
        if path.exists():
            with np.load(path) as stored:
                return Ratios(stored["llr"], stored["ess"])
    ratios = ceiling(world, row.condition, row.procedure, row.persons, lorries, data, **how)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, llr=ratios.llr, ess=ratios.ess)
    return ratios


def run(
    world_seed: int,
    rows: tuple[Row, ...],
    occupied: int,
    empty: int,
    *,
    draws: int = DRAWS,
    names: tuple[str, ...] = USUAL,
    workers: int = 1,
    keep: Path | None = None,
) -> list[Result]:
    """Evaluate rows, with a bar on stderr."""
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(f"world {world_seed}", total=len(rows))
        if workers == 1:
            results = []
            for row in rows:
                results.append(evaluate(world_seed, row, occupied, empty, draws, names, keep))
                bar.advance(task)
            return results
        with ProcessPoolExecutor(workers) as pool:
            pending = [
                pool.submit(evaluate, world_seed, row, occupied, empty, draws, names, keep) for row in rows
            ]
            for job in pending:
                job.add_done_callback(lambda _: bar.advance(task))
            return [job.result() for job in pending]


def table(results: list[Result]) -> str:
    """Return the table in Markdown: detection at 1 % with intervals, actual false alarms, loss, 0.1 %."""
    names = [name for name in DETECTORS if name in results[0].scores]
    has_loss = "ours" in names and "c1" in names
    head = ["lorry", "closed", "probing", "people", *names]
    if "ours" in names:
        head += ["ours: false alarms, %", "ours at 0.1 %"]
    if has_loss:
        head += ["loss against c1", "against c1 told"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for result in results:
        row = result.row
        cells = [row.load, row.closed, row.probing, str(row.persons)]
        cells += [_proportion(result.detected(name)) for name in names]
        if "ours" in names:
            cells.append(_percent(result.alarmed("ours")))
            limit = pooled(results, row.group, "ours", 0.001)
            cells.append(_proportion(result.detected("ours", limit=limit)))
        if has_loss:
            cells += [_loss(result, other) for other in ("c1", "c1 told")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def pooled(results: list[Result], group: str, name: str, rate: float) -> float:
    """Return the threshold that the empties of a group's rows exceed at this rate; alike rows count once."""
    alike = {r.row.key: r.scores[name]["threshold"] for r in results if r.row.group == group}
    return threshold(np.concatenate(list(alike.values())), rate)


def ceilings_below(results: list[Result]) -> list[str]:
    """Return where a ceiling detects less than a plain alarm: then the ceiling is wrong.

    One-sided McNemar on the occupied trials, each detector at its own 1 % threshold, corrected by Holm
    over all rows and pairs. c1 is left out: not told the closing time, it may lose to what is.
    """
    pairs = [
        (result, high, low)
        for result in results
        for high in CEILINGS
        for low in ("a", "b")
        if high in result.scores
    ]
    if not pairs:
        return []
    p = holm([mcnemar(r.detected(low), r.detected(high)) for r, high, low in pairs])
    return [
        f"CEILING WRONG: {high} detects less than {low} in {r.row.name} (p {value:.2g} after Holm)"
        for (r, high, low), value in zip(pairs, p, strict=True)
        if value < 0.05
    ]


def remarks(results: list[Result]) -> list[str]:
    """Return what a reader must know: ceilings that are wrong, thin or untrue, losses above 0.05."""
    out = ceilings_below(results)
    for result in results:
        out += [
            f"few effective draws: {name} {ess:.0f} (lower quartile near the threshold) in {result.row.name}"
            for name, ess in result.ess.items()
            if ess < LEAST_ESS
        ]
        for name in (c for c in CEILINGS if c in result.scores):
            kinds = [np.clip(np.nan_to_num(result.scores[name][k]), -30, 30) for k in ("occupied", "empty")]
            excess = cllr(*kinds) - cllr_min(*kinds)
            if excess > 0.05:
                out.append(f"ratios of {name} are not true: {excess:.2f} bit too dear in {result.row.name}")
        if "ours" in result.scores and "c1" in result.scores:
            lost = result.detected("c1").mean() - result.detected("ours").mean()
            if lost > 0.05:
                out.append(f"ours loses {lost:.3f} against c1 in {result.row.name}")
    return out


def plot(results: list[Result], folder: Path, world_seed: int) -> Path:
    """Draw detection at 1 % by row and detector."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    marks = {"a": "x", "b": "+", "ours": "o", "ours told": "*", "c1": "|", "c1 told": "4", "c2": "3"}
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.26 * len(results)), layout="constrained")
    place = -np.arange(len(results))
    for name in results[0].scores:
        found = [r.detected(name).mean() for r in results]
        axes.plot(found, place, marks[name], label=name, markersize=6)
    axes.set(xlim=(-0.02, 1.02), xlabel="detected at 1 % false alarms", title=f"simulated world {world_seed}")
    axes.set_yticks(place, [r.row.name for r in results], fontsize=7)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"co2-detection-{world_seed}.png"
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
    return path


def _proportion(hits: npt.NDArray[np.bool_]) -> str:
    low, high = interval(int(hits.sum()), hits.size)
    return f"{hits.mean():.2f} [{low:.2f}, {high:.2f}]"


def _percent(hits: npt.NDArray[np.bool_]) -> str:
    low, high = interval(int(hits.sum()), hits.size)
    return f"{100 * hits.mean():.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _loss(result: Result, other: str) -> str:
    ours, best = result.scores["ours"], result.scores[other]
    rng = np.random.default_rng((85_001, result.row.key))
    lost, low, high = loss_interval(
        ours["occupied"], ours["threshold"], best["occupied"], best["threshold"], 0.01, rng
    )
    return f"{lost:.2f} [{low:.2f}, {high:.2f}]"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--occupied", type=int, default=1000, help="occupied trials a row")
    parser.add_argument(
        "--empty", type=int, default=5000, help="empty trials a row, and as many for thresholds"
    )
    parser.add_argument("--world", type=int, nargs="+", default=[TEST_WORLD])
    parser.add_argument("--draws", type=int, default=DRAWS, help="of the ceilings, for each hypothesis")
    parser.add_argument("--detectors", nargs="+", choices=DETECTORS, default=list(USUAL))
    parser.add_argument("--rows", type=int, nargs="+", help="only these lines of the table, from 0")
    parser.add_argument("--quick", action="store_true", help="few rows")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1)
    parser.add_argument("--keep", type=Path, help="folder for what the ceilings say")
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--markdown", type=Path)
    chosen = parser.parse_args(arguments)
    rows = FEW_ROWS if chosen.quick else ROWS
    if chosen.rows:
        rows = tuple(rows[number] for number in chosen.rows)
    text = []
    for world_seed in chosen.world:
        results = run(
            world_seed,
            rows,
            chosen.occupied,
            chosen.empty,
            draws=chosen.draws,
            names=tuple(chosen.detectors),
            workers=chosen.workers,
            keep=chosen.keep,
        )
        text += [f"World {world_seed}: {chosen.occupied} occupied, {chosen.empty} empty trials a row.", ""]
        text += [table(results), "", *remarks(results), ""]
        if chosen.plots:
            text += [f"Plot: {plot(results, chosen.plots, world_seed).name}", ""]
    print("\n".join(text))
    if chosen.markdown:
        chosen.markdown.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
