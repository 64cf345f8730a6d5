"""Movement and breathing on simulated vehicles: detection and false alarms by condition.

Run by hand:

    python -m tests.bench.motion_detection --out DIR [--seeds tune|test] [--occupied 1000 --empty 5000]
        [--confounded 1000] [--conditions calm ...] [--workers 2]
    python -m tests.bench.motion_detection --null

The trials are the heart bench's, with a simulated heart; breaths do not come like a
clock: time is warped so that the rate wanders by a tenth (1 s.d.). "both" is what the
movement evidence scores. A record counts as moved where people's own part of it, above
1 Hz, rises a thousandfold for a half second: most people keep still for 15 or 30 s.
Liquid tanks are told apart by the declaration, as in the product: slosh is a line, too.

Answers are kept in DIR and taken up again; DIR then holds results.json and tables.md.
``--null`` prints `NULL` of `scanner.signals.breathing`.
"""

from __future__ import annotations

import argparse
import json
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from scipy import signal

from scanner.signals import breathing, motion, motion_score, movement, whitening
from scanner.signals.breathing import NULL_S, weigh_line
from scanner.signals.motion import find_motion, follow_motion, motion_state
from scanner.signals.motion_score import at_breath_rates, combined_score, drowned
from scanner.simulation.chassis import Geophone
from scanner.simulation.priors import stream
from scanner.simulation.vibration import record_vibration
from scanner.simulation.vibration_spec import Condition, Confounder, draw_vibration
from tests.bench.co2_scoring import threshold, usable
from tests.bench.heart_answers import SIMULATOR
from tests.bench.heart_ours import RESPONSE
from tests.bench.heart_scoring import RATE, share
from tests.bench.heart_trials import DURATIONS_S, FS_HZ, LONGEST_S, Trial, samples

Array = npt.NDArray[np.float64]

METHODS = ("movement", "breathing", "both")
SOURCES = (breathing, motion, motion_score, movement, whitening, *SIMULATOR)
WANDER, WANDER_S = 0.1, 6.0
CHUNK = 8

_GEOPHONE = Geophone()
GAIN = at_breath_rates(RESPONSE)


def counts_of(trial: Trial) -> tuple[npt.NDArray[np.int32], Array, float]:
    """Return a trial's counts ``(6, n)``, people's part by half seconds ``(n_halves,)``, the breath, Hz."""
    spec = draw_vibration(trial.seed, trial.condition, int(trial.occupied), trial.confounder)
    record = record_vibration(spec, LONGEST_S, FS_HZ)
    total, people, breath_hz = record.noise, np.zeros_like(record.noise), float("nan")
    if trial.occupied:
        people, breath_hz = wandering(record.people, trial.seed), spec.persons[0].breathing_hz
        total = total + record.heart + people
    sos = signal.butter(4, (1.0, 8.0), "bandpass", fs=FS_HZ, output="sos")
    own = signal.sosfiltfilt(sos, people[:4], axis=1)
    halves = (own.reshape(4, -1, round(FS_HZ / 2)) ** 2).mean(axis=(0, 2))
    top = _GEOPHONE.full_scale
    return np.clip(np.rint(total), -top - 1, top).astype(np.int32), halves, breath_hz


def wandering(people: Array, seed: int) -> Array:
    """Warp time so that a steady rate wanders by `WANDER` over some `WANDER_S`."""
    n = people.shape[1]
    keep = float(np.exp(-1 / (FS_HZ * WANDER_S)))
    white = stream(seed, "breath wanders").standard_normal(n)
    rate = WANDER * signal.lfilter([np.sqrt(1 - keep**2)], [1, -keep], white)
    at = np.arange(n) + np.cumsum(rate)
    at = np.clip(at - at[n // 2] + n // 2, 0, n - 1)
    return np.stack([np.interp(at, np.arange(n), row) for row in people])


def answer(trial: Trial) -> dict[str, Any]:
    """Return what is said of a trial after each duration: scores (None = unavailable) and p-values."""
    counts, halves, breath_hz = counts_of(trial)
    x = counts.astype(float)
    liquid = trial.condition is Condition.TANKER or trial.confounder is Confounder.SLOSH
    state, done = motion_state(4, 2, FS_HZ), 0
    out: dict[str, Any] = {}
    for duration_s in DURATIONS_S:
        stop = samples(duration_s)
        state = follow_motion(x[:, done:stop], np.ones(stop - done, bool), state)
        done = stop
        moved, breath = find_motion(state)
        if breath is not None and (liquid or drowned(breath, GAIN)):
            breath = None
        both = combined_score(moved, breath)
        seen = halves[: 2 * int(duration_s)]
        out[f"{duration_s:g}"] = {
            "movement": [None, None] if moved is None else [moved.excess, moved.p_value],
            "breathing": [None, None] if breath is None else [-np.log(breath.p_value), breath.p_value],
            "both": [None if moved is None else both, None],
            "moved": bool(seen.max() > 1e6 * np.median(halves)),
            "rate": bool(breath is not None and abs(breath.per_min / 60 - breath_hz) < 0.035),
        }
    return out


class Store:
    """Answers kept in one file of JSON lines per state of the sources."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        number = 0
        for path in (*sorted(str(m.__file__) for m in SOURCES), __file__):
            number = zlib.crc32(Path(path).read_bytes(), number)
        self._path = folder / f"motion-{number:08x}.jsonl"
        self.found: dict[str, dict[str, Any]] = {}
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        for line in text.splitlines():
            try:
                stored = json.loads(line)
            except ValueError:  # cut off by a kill: computed again
                continue
            self.found[stored["trial"]] = stored["answer"]
        if text and not text.endswith("\n"):
            self._path.write_text(text + "\n", encoding="utf-8")

    def complete(self, trials: list[Trial], workers: int) -> None:
        """Compute what is missing, with a bar on stderr."""
        todo = [trial for trial in trials if trial.key not in self.found]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("trials", total=len(todo))
            if workers == 1:
                for trial in todo:
                    self._keep(trial, answer(trial))
                    bar.advance(task)
                return
            with ProcessPoolExecutor(workers) as pool:
                for trial, said in zip(todo, pool.map(answer, todo, chunksize=CHUNK), strict=True):
                    self._keep(trial, said)
                    bar.advance(task)

    def _keep(self, trial: Trial, said: dict[str, Any]) -> None:
        self.found[trial.key] = said
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"trial": trial.key, "answer": said}) + "\n")


def results(store: Store, trials: list[Trial]) -> dict[str, Any]:
    """Return shares with exact 95 % intervals by duration, method and cell."""
    cells: dict[tuple[str, bool], list[dict[str, Any]]] = {}
    for trial in trials:
        name = trial.condition.value if trial.confounder is Confounder.NONE else trial.confounder.value
        cells.setdefault((name, trial.occupied), []).append(store.found[trial.key])
    out: dict[str, Any] = {}
    for duration in (f"{s:g}" for s in DURATIONS_S):
        for method in METHODS:
            value = {
                cell: np.array(
                    [np.nan if a[duration][method][0] is None else a[duration][method][0] for a in said]
                )
                for cell, said in cells.items()
            }
            calm = value.get((Condition.CALM.value, False))
            limit = float("nan") if calm is None else threshold(calm, RATE)
            rows: dict[str, Any] = {}
            for (name, occupied), scores in value.items():
                said = [a[duration] for a in cells[name, occupied]]
                row = rows.setdefault(name, {})
                side = "occupied" if occupied else "empty"
                row[f"unavailable {side}"] = share(np.isnan(scores))
                if not occupied:
                    row["false alarms, calm's threshold"] = share(usable(scores) > limit)
                    row["false alarms by p"] = share(_by_p(said, method))
                    continue
                own = value.get((name, False))
                hits = usable(scores) > (limit if own is None else threshold(own, RATE))
                moved = np.array([a["moved"] for a in said])
                row["pd"] = share(hits)
                row["pd where moved"] = share(hits[moved])
                row["pd by p"] = share(_by_p(said, method))
                row["rate right where found"] = share(np.array([a["rate"] for a in said])[hits])
            out.setdefault(duration, {})[method] = rows
    return out


def _by_p(said: list[dict[str, Any]], method: str) -> list[bool]:
    return [a[method][1] is not None and a[method][1] <= RATE for a in said]


def tables(found: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    lines = [
        "Shares with exact 95 % intervals. Pd: the cell's own threshold of 1 %; unavailable is a miss.",
        "False alarms: the threshold of 1 % on calm alone. By p: p <= 0.01.",
        "",
    ]
    columns = (
        "pd",
        "pd where moved",
        "pd by p",
        "rate right where found",
        "false alarms, calm's threshold",
        "false alarms by p",
        "unavailable occupied",
        "unavailable empty",
    )
    for duration, methods in found.items():
        for method, rows in methods.items():
            lines += [f"{method}, {duration} s", "", "| vehicles | " + " | ".join(columns) + " |"]
            lines.append("|" + "---|" * (len(columns) + 1))
            for name, row in rows.items():
                lines.append(f"| {name} | " + " | ".join(_text(row.get(c)) for c in columns) + " |")
            lines.append("")
    return "\n".join(lines)


def _text(found: dict[str, float] | None) -> str:
    if not found or not found["n"]:
        return ""
    return f"{found['share']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def null_table(draws: int = 200) -> str:
    """Return `NULL` of `scanner.signals.breathing` as source text: white noise with two references."""
    lines = []
    for n in range(1, 7):
        row = []
        for seconds in NULL_S:
            rng = np.random.default_rng(int(100 * n + seconds))
            found = [
                weigh_line(rng.standard_normal((n + 2, round(5 * seconds))), n, 5.0, force=False)
                for _ in range(draws)
            ]
            llr = [f.llr for f in found if f is not None]
            row.append((round(float(np.mean(llr)), 2), round(float(np.std(llr)), 2)))
        lines.append(f"    {n}: {tuple(row)},")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seeds", choices=("tune", "test"), default="tune")
    names = [condition.value for condition in Condition]
    parser.add_argument("--conditions", nargs="+", choices=names, default=names)
    parser.add_argument("--occupied", type=int, default=1000)
    parser.add_argument("--empty", type=int, default=5000)
    parser.add_argument("--confounded", type=int, default=1000, help="empty calm trials a confounder")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1)
    parser.add_argument("--null", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.null:
        print(null_table())
        return
    if chosen.out is None:
        parser.error("--out is needed")
    trials = []
    for number in range(max(chosen.occupied, chosen.empty, chosen.confounded)):
        for name in chosen.conditions:
            for occupied, many in ((True, chosen.occupied), (False, chosen.empty)):
                if number < many:
                    trials.append(Trial(chosen.seeds, Condition(name), Confounder.NONE, number, occupied))
        if number < chosen.confounded:
            trials += [
                Trial(chosen.seeds, Condition.CALM, confounder, number, False)
                for confounder in Confounder
                if confounder is not Confounder.NONE
            ]
    store = Store(chosen.out)
    store.complete(trials, chosen.workers)
    found = results(store, trials)
    (chosen.out / "results.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    text = tables(found)
    (chosen.out / "tables.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
